"""A clock that jumps a few dozen times on each database; the command makes it jump hundreds of times."""

from pathlib import Path

import pytest
from tests.faults import clock


@pytest.mark.timeout(300)
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
async def test_a_clock_that_jumps_between_any_two_steps_doubles_and_starves_nobody(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    on_file = database == "sqlite"
    url = f"sqlite:///{tmp_path / 'clock.db'}" if on_file else request.getfixturevalue("blank_postgres")

    audit, jumps = await clock.prove(url, injections=40, seed=2)

    found = clock.figures(database, audit, jumps, 40)
    assert all(figure.met for figure in found.values()), audit
