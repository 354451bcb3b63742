"""Kills the service at random moments and audits from outside what it left.

    python -m tests.proof.kills --kills 50

For each of SQLite/local, PostgreSQL/local and PostgreSQL/pgqueuer: users come due, a process works on them and
is killed (SIGKILL) at a random moment, again and again; at the end one process is left alone. Prints a table and
writes out/kills.json.
"""

import argparse
import asyncio
import os
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from tests.databases import postgres_database
from tests.proof.figures import Figure, report
from tests.proof.world import World, due_lines

from reflecta.adapters.documents import parse_line
from reflecta.application.importing import Import
from reflecta.bootstrap import open_service
from reflecta.config import ChannelName, EngineName, Settings, load
from reflecta.testing import RecordingTelemetry

LEASE = "1.5"


@dataclass(frozen=True, slots=True)
class Set:
    """One set-up to be killed."""

    name: str
    engine: EngineName
    url: str


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found at the end, reckoned from the tables and from the world's own record."""

    users: int
    kills: int
    kills_in_work: int
    lost: int
    doubled: int
    more_than_one_outcome: int
    saved_calls_repeated: int
    unsaved_calls: int
    pushed_twice: int
    pushes_unknown: int


async def kill_often(setup: Set, *, kills: int, users_each: int, seed: int) -> Audit:
    """Run one set-up through its kills and audit it."""
    chance = random.Random(seed)
    in_work = 0
    async with World(seed=seed) as world:
        for number in range(kills):
            await add_due(setup, f"u{number}", users_each)
            in_work += await _one_life(setup, world, chance.uniform(0.0, 1.4))
        await _last_life(setup, world, expected=kills * users_each)
        return await audit(setup, world, kills=kills, users=kills * users_each, in_work=in_work)


async def add_due(setup: Set, prefix: str, count: int) -> None:
    """Let users come due."""
    lines = due_lines(prefix, count, datetime.now(UTC))
    async with open_service(_settings(setup), telemetry=RecordingTelemetry(), with_models=False) as service:
        importing = Import(ingest=service.ingest, telemetry=service.telemetry, parse=parse_line)
        done = await importing.run(lambda: enumerate(lines, start=1))
        assert done.bad_lines == 0, done.bad


def _settings(setup: Set) -> Settings:
    changes = {"database_url": setup.url, "engine": setup.engine, "channel": ChannelName.LOG}
    return load().model_copy(update=changes)


async def start(setup: Set, world: World) -> asyncio.subprocess.Process:
    """Start a process of the service and wait until it works."""
    environment = os.environ | {
        "REFLECTA_DATABASE_URL": setup.url,
        "REFLECTA_ENGINE": setup.engine.value,
        "REFLECTA_LEASE": LEASE,
        "REFLECTA_LEASE_RENEWAL": "0.4",
        "REFLECTA_PUSH_TIMEOUT": "2",
        "REFLECTA_LOG_LEVEL": "error",
        "EXPO_BASE_URL": world.url,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.proof.victim", world.url, env=environment, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), 60)
    assert line == b"ready\n", line
    return process


async def _one_life(setup: Set, world: World, seconds: float) -> bool:
    """Let a process live for so long, kill it, and say whether it had occasions in work."""
    process = await start(setup, world)
    await asyncio.sleep(seconds)
    process.kill()
    await process.wait()
    return await _scalar(setup, "SELECT count(*) FROM occasions WHERE state = 'in_work'") > 0


async def ended(setup: Set) -> int:
    """Count the occasions that have their outcome."""
    return await _scalar(setup, "SELECT count(*) FROM occasions WHERE state NOT IN ('queued', 'in_work')")


async def _last_life(setup: Set, world: World, *, expected: int) -> None:
    """Leave one process alone until everything has ended, at most two minutes."""
    process = await start(setup, world)
    waiting = "SELECT count(*) FROM deliveries WHERE state IN ('pending', 'sending')"
    for _ in range(240):
        if await ended(setup) >= expected and await _scalar(setup, waiting) == 0:
            break
        await asyncio.sleep(0.5)
    process.terminate()
    await asyncio.wait_for(process.wait(), 30)


async def audit(setup: Set, world: World, *, kills: int, users: int, in_work: int) -> Audit:
    """Reckon from the tables and from the world what was lost, doubled or repeated."""
    entries = Counter(
        row.user_id for row in await _rows(setup, "SELECT user_id FROM journal_entries WHERE message_id IS NOT NULL")
    )
    messages = Counter(row.user_id for row in await _rows(setup, "SELECT user_id FROM messages"))
    outcomes = Counter(
        row.user_id
        for row in await _rows(setup, "SELECT user_id FROM occasions WHERE state NOT IN ('queued', 'in_work')")
    )
    everybody = [row.id for row in await _rows(setup, "SELECT id FROM users")]
    repeated, unsaved = await _calls(setup, world)
    return Audit(
        users=users,
        kills=kills,
        kills_in_work=in_work,
        lost=sum(messages[user] == 0 or entries[user] == 0 for user in everybody) + users - len(everybody),
        doubled=sum(messages[user] > 1 or entries[user] > 1 for user in everybody),
        more_than_one_outcome=sum(outcomes[user] != 1 for user in everybody),
        saved_calls_repeated=repeated,
        unsaved_calls=unsaved,
        pushed_twice=sum(len(sent) > 1 for sent in world.pushes.values()),
        pushes_unknown=await _scalar(setup, "SELECT count(*) FROM deliveries WHERE state = 'unknown'"),
    )


async def _calls(setup: Set, world: World) -> tuple[int, int]:
    """Count saved drafts that were asked for again after they were saved, and answers that were never saved.

    A draft bears its answer's number: if a saved one were asked for again, a later answer would exist for it.
    """
    saved: Counter[tuple[str, str]] = Counter()
    repeated = 0
    rows = await _rows(
        setup,
        "SELECT o.user_id, c.purpose, a.text FROM calls c JOIN occasions o ON o.id = c.occasion_id "
        "JOIN attempts a ON a.occasion_id = c.occasion_id AND a.number = c.attempt",
    )
    for row in rows:
        saved[row.user_id, row.purpose] += 1
        number = int(re.findall(r"Answer number (\d+)", row.text)[0])
        if row.purpose == "draft":
            repeated += max(world.answered[row.user_id, "draft"]) > number
    answers = sum(len(numbers) for numbers in world.answered.values())
    return repeated, answers - sum(saved.values())


async def _rows(setup: Set, statement: str) -> Sequence[sa.Row[tuple[object, ...]]]:
    return await asyncio.to_thread(_read, setup.url, statement)


async def _scalar(setup: Set, statement: str) -> int:
    return (await _rows(setup, statement))[0][0]  # pyright: ignore[reportReturnType]


def _read(url: str, statement: str) -> Sequence[sa.Row[tuple[object, ...]]]:
    """Read with a connection of its own, past the service's store."""
    if url.startswith("sqlite"):
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        try:
            with engine.connect() as connection:
                return connection.execute(sa.text(statement)).all()
        finally:
            engine.dispose()
    return asyncio.run(_read_postgres(url, statement))


async def _read_postgres(url: str, statement: str) -> Sequence[sa.Row[tuple[object, ...]]]:
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415

    engine = create_async_engine(sa.make_url(url).set(drivername="postgresql+asyncpg"), poolclass=sa.NullPool)
    try:
        async with engine.connect() as connection:
            return (await connection.execute(sa.text(statement))).all()
    finally:
        await engine.dispose()


def set_ups(stack: ExitStack, folder: Path) -> list[Set]:
    """Make the databases of the three set-ups."""
    return [
        Set("sqlite/local", EngineName.LOCAL, f"sqlite:///{folder / 'kills.db'}"),
        Set("postgresql/local", EngineName.LOCAL, stack.enter_context(postgres_database())),
        Set("postgresql/pgqueuer", EngineName.PGQUEUER, stack.enter_context(postgres_database())),
    ]


def figures(name: str, audited: Audit) -> dict[str, Figure]:
    """Name the figures of one set-up."""
    zero = {
        "lost": audited.lost,
        "doubled": audited.doubled,
        "more_than_one_outcome": audited.more_than_one_outcome,
        "saved_calls_repeated": audited.saved_calls_repeated,
        "pushed_twice": audited.pushed_twice,
    }
    shown = {
        "kills_in_work": audited.kills_in_work,
        "unsaved_calls": audited.unsaved_calls,
        "pushes_unknown": audited.pushes_unknown,
    }
    found = {f"{name} {key}": Figure(value, "== 0", met=value == 0, n=audited.users) for key, value in zero.items()}
    return found | {f"{name} {key}": Figure(value, "shown", met=True, n=audited.kills) for key, value in shown.items()}


async def main(kills: int, users_each: int, seed: int) -> int:
    found: dict[str, Figure] = {}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        for setup in set_ups(stack, Path(folder)):
            found_now = await kill_often(setup, kills=kills, users_each=users_each, seed=seed)
            found |= figures(setup.name, found_now)
    return report("kills", found)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--users", type=int, default=8, help="users who come due before each kill")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    sys.exit(asyncio.run(main(options.kills, options.users, options.seed)))
