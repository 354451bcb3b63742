"""A few faults of each kind of disk trouble; the command injects hundreds."""

import pytest
from tests.faults import disk
from tests.faults.lives import figures


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", disk.KINDS)
async def test_a_full_or_failing_disk_loses_and_doubles_nothing(kind: str) -> None:
    found = await disk.prove(kind, injections=3, seed=1)

    assert found.refused.total() >= 3
    assert all(figure.met for figure in figures(found).values()), found
