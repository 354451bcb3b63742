"""Every engine and store gives the same outcomes for the same seed; a database that holds anything is left alone."""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest
from tests.databases import postgres_database
from tests.simulation.world import ROUGH, START, scenario, settings

from reflecta.config import EngineName
from reflecta.domain.errors import InvalidInput
from reflecta.simulation import Report, Scenario, simulate
from reflecta.simulation.database import MEMORY
from reflecta.simulation.effects import timeless

# Enough for failures, retries, deferrals, edits, an erasure and two outages.
GIVEN = scenario(size=12, days=3, **ROUGH)


def played_on(url: str, engine: EngineName, given: Scenario = GIVEN) -> Report:
    """Simulate on a database, with an engine."""
    return simulate(given, settings(), START, database_url=url, engine=engine)


@pytest.fixture(scope="module")
def usual() -> Report:
    """Play on SQLite in memory with the local engine."""
    return played_on(MEMORY, EngineName.LOCAL)


@contextmanager
def _file(folder: Path) -> Generator[str]:
    yield f"sqlite:///{folder / 'simulated.db'}"


@pytest.mark.parametrize(
    ("store", "engine"),
    [
        ("file", EngineName.LOCAL),
        ("memory", EngineName.HTTP),
        ("postgres", EngineName.LOCAL),
        ("postgres", EngineName.HTTP),
        ("postgres", EngineName.PGQUEUER),
    ],
)
def test_the_same_seed_has_the_same_outcomes(store: str, engine: EngineName, usual: Report, tmp_path: Path) -> None:
    places = {"memory": nullcontext(MEMORY), "file": _file(tmp_path), "postgres": postgres_database()}
    with places[store] as url:
        report = played_on(url, engine)
    assert report.findings.is_clean, report.findings.examples
    assert timeless(report.effects) == timeless(usual.effects)
    assert report.outcomes_digest == usual.outcomes_digest


def test_the_outcomes_that_are_compared_are_many(usual: Report) -> None:
    steps = {effect.step for effect in usual.effects}
    assert usual.findings.messages > 10
    assert {"push.settled", "model.called", "user.erase", "tick.missed", "message.rated"} <= steps
    assert {"sent", "held_back"} <= set(usual.findings.outcomes)


def test_on_sqlite_every_engine_has_the_same_log_byte_for_byte(usual: Report) -> None:
    assert played_on(MEMORY, EngineName.HTTP).digest == usual.digest


@pytest.mark.parametrize("engine", [EngineName.HTTP, EngineName.PGQUEUER])
def test_what_finds_no_place_waits_on_other_engines_too(engine: EngineName) -> None:
    given = scenario(size=8, days=1, people={"zones": {"Etc/UTC": 1}, "cadences": {"daily": 1}})
    places = postgres_database() if engine is EngineName.PGQUEUER else nullcontext(MEMORY)
    with places as url:
        report = simulate(given, settings(concurrency=2), START, database_url=url, engine=engine)
    assert report.findings.is_clean, report.findings.examples
    assert report.load.peak_work == 2


def test_a_database_that_was_played_on_is_refused_the_second_time(tmp_path: Path) -> None:
    with _file(tmp_path) as url:
        played_on(url, EngineName.LOCAL, scenario(size=1, days=1))
        with pytest.raises(InvalidInput, match="not empty, it has rows in 'users'"):
            played_on(url, EngineName.LOCAL)


def test_a_database_of_somebody_else_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "theirs.db"
    with sqlite3.connect(file) as theirs:
        theirs.execute("CREATE TABLE notes (id INTEGER)")
    theirs.close()
    with pytest.raises(InvalidInput, match="a table 'notes'"):
        played_on(f"sqlite:///{file}", EngineName.LOCAL)
    with sqlite3.connect(file) as theirs:
        assert theirs.execute("SELECT name FROM sqlite_master").fetchall() == [("notes",)]
    theirs.close()


def test_a_postgresql_of_somebody_else_is_refused() -> None:
    with postgres_database() as url:
        played_on(url, EngineName.LOCAL, scenario(size=1, days=1))
        with pytest.raises(InvalidInput, match="rows in 'users'"):
            played_on(url, EngineName.PGQUEUER)


def test_the_replay_names_engine_and_database(tmp_path: Path) -> None:
    with _file(tmp_path) as url:
        replay = played_on(url, EngineName.LOCAL, scenario(size=1, days=1)).replay()
    assert f"--engine local --database-url {url} --at" in replay
