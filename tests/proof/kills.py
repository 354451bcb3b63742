"""Kills the service at random moments and audits from outside what it left.

    python -m tests.proof.kills --kills 100

For each of SQLite/local, PostgreSQL/local, PostgreSQL/pgqueuer and Firestore/local: users come due, a process works
on them and is killed (SIGKILL) at a random moment, again and again; for the second half of the kills two processes
tick and work at once, and either is killed. At the end one is left alone. Prints a table and writes out/kills.json.
"""

import argparse
import asyncio
import random
import sys
import tempfile
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from tests.databases import postgres_database
from tests.firestore import emulator_if_any, new_project
from tests.proof.audit import Audit, Readings, Saved, Set, figures, readings, take_stock
from tests.proof.figures import Figure, report
from tests.proof.nursery import Life, born
from tests.proof.victim import live
from tests.proof.world import World, due_lines

from reflecta.adapters.documents import parse_line
from reflecta.application.importing import Import
from reflecta.application.ports import Clock
from reflecta.bootstrap import Service, open_service
from reflecta.config import ChannelName, EngineName, Settings, load
from reflecta.testing import RecordingTelemetry

LEASE = "1.5"
_KILLED_AT_WORK = 0.8  # share of the lives whose last moments are counted from an occasion in hand
_LIVES_AT_MOST = 0.4  # seconds, from there or from the start
_ON, _OFF = b'"enableCoachingMessages": true', b'"enableCoachingMessages": false'
_IDLE = frozenset({"ready", "0"})
_STARTS_WITHIN = 60  # seconds
_STANDS_STILL = 60  # seconds without anything moving: whoever is left alone has stopped working
_STOPS_WITHIN = 30  # seconds
_LOOKS_EVERY = 0.1  # seconds


async def kill_often(setup: Set, *, kills: int, users_each: int, seed: int) -> Audit:
    """Run one set-up through its kills, the second half of them with two processes at work, and audit it."""
    chance = random.Random(seed)
    in_work = of_two = 0
    lives: list[Life] = []
    saved = Saved()
    async with World(seed=seed) as world, hosted(setup) as service, readings(setup) as ledger:
        for number in range(kills):
            await let_come_due(service, due_lines(f"u{number}", users_each, datetime.now(UTC)))
            wanted = 1 if number < kills // 2 else 2
            lives += [await start(setup, world) for _ in range(wanted - len(lives))]
            of_two += len(lives) == 2
            life = lives.pop(chance.randrange(len(lives)))
            if chance.random() < _KILLED_AT_WORK:
                await life.says_soon(lambda said: said not in _IDLE)
            await asyncio.sleep(chance.uniform(0, _LIVES_AT_MOST))
            in_work += await _kill(life)
            await saved.look(ledger)
        users = kills * users_each
        await leave_alone(lives[0] if lives else await start(setup, world), ledger, expected=users)
        return await take_stock(ledger, world, kills=kills, users=users, in_work=in_work, of_two=of_two, saved=saved)


async def _kill(life: Life) -> bool:
    """Kill a process and say whether it had occasions in hand."""
    life.kill()
    await life.wait()
    return life.said[-1] not in _IDLE


@asynccontextmanager
async def hosted(setup: Set, clock: Clock | None = None) -> AsyncGenerator[Service]:
    """Open the service as the app does that its users come from; makes the tables."""
    changes = {"database_url": setup.url, "engine": setup.engine, "channel": ChannelName.LOG}
    settings: Settings = load().model_copy(update=changes)
    async with open_service(settings, clock=clock, telemetry=RecordingTelemetry(), with_models=False) as service:
        yield service


async def make_tables(setups: Sequence[Set]) -> None:
    """Make the tables of databases, one after the other: Alembic keeps its context in a global."""
    for setup in setups:
        async with hosted(setup):
            pass


async def let_come_due(service: Service, lines: Sequence[bytes]) -> None:
    """Import users: switched off at first, since an import stores users before their entries, and who is at work
    meanwhile would find that there is nothing to write about.
    """
    importing = Import(ingest=service.ingest, telemetry=service.telemetry, parse=parse_line)
    for given in ([line.replace(_ON, _OFF) for line in lines], lines):
        done = await importing.run(partial(enumerate, given, start=1))
        assert done.bad_lines == 0, done.bad


async def add_due(setup: Set, prefix: str, number: int) -> None:
    """Let users come due."""
    async with hosted(setup) as service:
        await let_come_due(service, due_lines(prefix, number, datetime.now(UTC)))


def environment(setup: Set, world: World) -> Mapping[str, str]:
    """Give the settings of a process that is to be killed; its tables are there already.

    Without the check of likeness, which writes and asks nothing, and takes each life longer to load than to do its job.
    """
    return {
        "REFLECTA_DATABASE_URL": setup.url,
        "REFLECTA_MIGRATE": "false",
        "REFLECTA_ENGINE": setup.engine.value,
        "REFLECTA_LIKENESS": "false",
        "REFLECTA_LOG_LEVEL": "error",
        "EXPO_BASE_URL": world.url,
    }


async def start(setup: Set, world: World) -> Life:
    """Start a process of the service and wait until it works."""
    short = {"REFLECTA_LEASE": LEASE, "REFLECTA_LEASE_RENEWAL": "0.4", "REFLECTA_PUSH_TIMEOUT": "2"}
    life = born(live, {**environment(setup, world), **short}, world.url)
    await asyncio.wait_for(life.says(lambda _anything: True), _STARTS_WITHIN)
    return life


async def ended(setup: Set) -> int:
    """Count the occasions that have their outcome."""
    async with readings(setup) as ledger:
        return await ledger.count("ended")


async def leave_alone(life: Life, ledger: Readings, *, expected: int) -> None:
    """Leave a process alone until everything has ended or nothing moves any more, then tell it to stop."""
    now = asyncio.get_running_loop().time
    done, moved_at = (-1, -1), now()
    while now() < moved_at + _STANDS_STILL:
        left, ended_ = await ledger.count("leaving"), await ledger.count("ended")
        if not left and ended_ >= expected:
            break
        if (left, ended_) != done:
            done, moved_at = (left, ended_), now()
        await asyncio.sleep(_LOOKS_EVERY)
    life.terminate()
    await asyncio.wait_for(life.wait(), _STOPS_WITHIN)


async def audit(setup: Set, world: World, *, kills: int, users: int, in_work: int) -> Audit:
    """Reckon from the tables and from the world what was lost, doubled or repeated."""
    async with readings(setup) as ledger:
        return await take_stock(ledger, world, kills=kills, users=users, in_work=in_work)


def set_ups(stack: ExitStack, folder: Path) -> list[Set]:
    """Make the databases of the set-ups; that on Firestore is left out, loudly, where there is no emulator."""
    return [
        Set("sqlite/local", EngineName.LOCAL, f"sqlite:///{folder / 'kills.db'}"),
        Set("postgresql/local", EngineName.LOCAL, stack.enter_context(postgres_database())),
        Set("postgresql/pgqueuer", EngineName.PGQUEUER, stack.enter_context(postgres_database())),
        *(Set("firestore/local", EngineName.LOCAL, new_project(at)) for at in stack.enter_context(emulator_if_any())),
    ]


async def main(kills: int, users_each: int, seed: int) -> int:
    """Kill all set-ups, one beside the other."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        setups = set_ups(stack, Path(folder))
        await make_tables(setups)
        audits = await asyncio.gather(
            *(kill_often(setup, kills=kills, users_each=users_each, seed=seed) for setup in setups)
        )
    found: dict[str, Figure] = {}
    for setup, audited in zip(setups, audits, strict=True):
        found |= figures(setup.name, audited)
    return report("kills", found)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100, help="of each set-up")
    parser.add_argument("--users", type=int, default=4, help="users who come due before each kill")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    sys.exit(asyncio.run(main(options.kills, options.users, options.seed)))
