"""SIGTERM to real processes while slow models write: all done, or given back, within 30 seconds.

    python -m tests.faults.drain --drains 10 --grace 25

`reflecta serve` and `reflecta worker`, on SQLite and PostgreSQL, on both engines, with model calls of 1-20 s over
HTTP. Each is told to stop while calls are under way, one of them on behalf of an HTTP request that must still be
answered; the next process goes on with what was given back. Prints a table and writes out/drain.json.
"""

import argparse
import asyncio
import json
import os
import random
import re
import signal
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Self

import aiohttp
from aiohttp import web
from tests.databases import postgres_database
from tests.entrypoints.opening import BASE
from tests.faults.lives import Found, figures, has_ended, not_due, review, rows, run, within
from tests.model_server import completion
from tests.proof import kills
from tests.proof.audit import Set
from tests.proof.figures import Figure, report
from tests.proof.kills import hosted, let_come_due
from tests.proof.world import World, due_lines

from reflecta.config import EngineName
from reflecta.testing import answer_sent

AT_MOST = 30  # seconds from the signal to the end
ENDS_WITHIN = 90  # seconds for the next process to do the rest
STARTS_WITHIN = 180  # seconds, on a machine that does much else
USERS = 8
CONCURRENCY = 5  # the others wait in the queue
_USER = re.compile(r"entry-([\w-]+)")
_ANSWERS_AT = re.compile(r"Reflecta answers at (?P<url>\S+)")
_WORKS = re.compile("Reflecta works(?P<url>)")
_CALLS_IN_HAND = 2  # when the signal comes


@dataclass(frozen=True, slots=True)
class Kind:
    """What is told to stop."""

    command: str
    database: str
    engine: EngineName

    @property
    def name(self) -> str:
        """Name it in the table."""
        return f"{self.command} {self.database}/{self.engine.value}"


KINDS = (
    Kind("serve", "sqlite", EngineName.LOCAL),
    Kind("worker", "postgresql", EngineName.PGQUEUER),
    Kind("serve", "postgresql", EngineName.LOCAL),
    Kind("serve", "postgresql", EngineName.PGQUEUER),
    Kind("worker", "sqlite", EngineName.LOCAL),
)


@dataclass
class SlowWorld(World):
    """The world with an OpenAI-compatible model that takes its time, and less for whom a request was made."""

    thinks: tuple[float, float] = (1.0, 20.0)
    thinks_for_a_request: tuple[float, float] = (0.3, 3.0)
    models: str = ""
    in_hand: set[str] = field(default_factory=set[str])
    _models: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self._chance = random.Random(self.seed)
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._chat)
        self._models = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._models.setup()
        await web.TCPSite(self._models, "127.0.0.1", 0).start()
        self.models = f"http://127.0.0.1:{self._models.addresses[0][1]}/v1"
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._models is not None:
            await self._models.cleanup()
        await super().__aexit__(*error)

    async def _chat(self, request: web.Request) -> web.Response:
        asked = await request.json()
        content, purpose = asked["messages"][-1]["content"], asked["response_format"]["json_schema"]["name"]
        user = _USER.findall(content)[0]
        self.requested += 1
        number = self.requested
        self.in_hand.add(user)
        thinks = self.thinks_for_a_request if user.startswith("asked") else self.thinks
        await asyncio.sleep(self._chance.uniform(*thinks))
        self.in_hand.discard(user)
        # Counted when the answer leaves: what a dead caller never read was paid for all the same.
        self.answered[user, purpose].append(number)
        return web.json_response(completion(answer_sent(purpose, content, number)))


@dataclass
class Life:
    """One process, and where it answers."""

    process: asyncio.subprocess.Process
    url: str = ""
    said: list[str] = field(default_factory=list[str])

    async def ready(self, command: str) -> None:
        """Read until it says that it works."""
        sign = _ANSWERS_AT if command == "serve" else _WORKS
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.said.append(line.decode(errors="replace"))
            if match := sign.search(self.said[-1]):
                self.url = match.group("url")
                return
        raise AssertionError("".join(self.said))

    async def listen(self) -> None:
        """Read on, so that it never waits for a reader."""
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.said.append(line.decode(errors="replace"))


@asynccontextmanager
async def life(kind: Kind, setup: Set, world: SlowWorld, folder: Path, grace: float) -> AsyncGenerator[Life]:
    """Start the command and wait until it works; what is left of it at the end is killed."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("REFLECTA_", "EXPO_"))}
    for name in ("OPENROUTER_API_KEY", "ANTHROPIC_API_KEY", "CRON_SECRET"):
        own.pop(name, None)
    environment = own | {
        "REFLECTA_DATABASE_URL": setup.url,
        "REFLECTA_ENGINE": setup.engine.value,
        "REFLECTA_CONCURRENCY": str(CONCURRENCY),
        "REFLECTA_GRACE": str(grace),
        "REFLECTA_MODEL_BASE_URL": world.models,
        "REFLECTA_GENERATOR_MODEL": "acme/writer",
        "REFLECTA_JUDGE_MODEL": "acme/judge",
        "REFLECTA_LIKENESS": "false",  # asks and writes nothing, and half of each start is to load it
        "REFLECTA_TICK_EVERY": "0.5",
        "REFLECTA_LOG_LEVEL": "warning",
        "EXPO_BASE_URL": world.url,
    }
    arguments = ["serve", "--port", "0"] if kind.command == "serve" else ["worker"]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "reflecta", *arguments), env=environment, cwd=folder, stderr=asyncio.subprocess.PIPE
    )
    started = Life(process)
    listening: asyncio.Task[None] | None = None
    try:
        await asyncio.wait_for(started.ready(kind.command), STARTS_WITHIN)
        listening = asyncio.create_task(started.listen())
        yield started
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        if listening is not None:
            await listening


@dataclass(frozen=True, slots=True)
class Drained:
    """What one process did with the signal, and what came of all in the end."""

    kind: Kind
    seconds: float
    exit_code: int
    leases_kept: int
    ended_before: int
    answers_wanted: int
    answers_given: int
    found: Found


async def drain(kind: Kind, setup: Set, folder: Path, *, seed: int, grace: float) -> Drained:
    """Let a process work, tell it to stop in the midst, let the next one do the rest, and audit."""
    chance = random.Random(seed)
    # Three answers for the request fit into the grace well; the others may take longer than that.
    async with SlowWorld(seed=seed, thinks_for_a_request=(0.3, grace / 9)) as world:
        async with life(kind, setup, world, folder, grace) as first, asyncio.TaskGroup() as tasks:
            asked = tasks.create_task(_ask(first)) if kind.command == "serve" else None
            await _in_hand(world, asked=asked is not None)
            await asyncio.sleep(chance.uniform(0.0, grace / 10))
            begun = monotonic()
            code = await _stop(first.process)
            seconds = monotonic() - begun
        kept = await rows(setup, "SELECT id FROM occasions WHERE state = 'in_work' OR lease_token IS NOT NULL")
        ended_before = await kills.ended(setup)
        found = await _the_rest(kind, setup, world, folder, users=USERS + (asked is not None))
    return Drained(
        kind=kind,
        seconds=round(seconds, 1),
        exit_code=code,
        leases_kept=len(kept),
        ended_before=ended_before,
        answers_wanted=int(asked is not None),
        answers_given=int(asked is not None and asked.result()),
        found=found,
    )


async def _prepare(kind: Kind, setup: Set) -> None:
    """Store the users; a worker makes no occasions, so another process ticks for it."""
    async with hosted(setup) as service:
        await let_come_due(service, due_lines("u", USERS, datetime.now(UTC)))
        if kind.command == "serve":
            await let_come_due(service, not_due("asked", 1))
        else:
            await service.tick()


async def _ask(server: Life) -> bool:
    """Force a run over HTTP; say whether the whole answer came and tells of the message."""
    body = {"action": "test-user", "userId": "asked-0", "bypassChecks": True}
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{server.url}{BASE}/test", json=body) as response,
        ):
            answer = await response.json()
            return response.status == 200 and bool(answer["success"]) and "messageId" in json.dumps(answer)
    except aiohttp.ClientError:
        return False


async def _in_hand(world: SlowWorld, *, asked: bool) -> None:
    """Wait until models are at work, on the request's user too."""
    async with asyncio.timeout(60):
        while len(world.in_hand) < _CALLS_IN_HAND or (asked and "asked-0" not in world.in_hand):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def _stop(process: asyncio.subprocess.Process) -> int:
    """Tell a process to stop and give its exit code; one that is far too late is killed."""
    process.send_signal(signal.SIGTERM)
    try:
        return await asyncio.wait_for(process.wait(), 2 * AT_MOST)
    except TimeoutError:
        process.kill()
        return await process.wait()


async def _the_rest(kind: Kind, setup: Set, world: SlowWorld, folder: Path, *, users: int) -> Found:
    """Let the next process end everything, its models being quick, and audit."""
    world.thinks = (0.02, 0.1)
    begun = monotonic()
    async with life(kind, setup, world, folder, 5.0) as second:
        await within(ENDS_WITHIN, lambda: has_ended(setup, users))
        code = await _stop(second.process)
    return await review(setup, world, users=users, injected={}, seconds=monotonic() - begun, exit_code=code)


async def prove(drains: int, *, grace: float, at_once: int, seed: int) -> list[Drained]:
    """Drain so many processes, each kind in turn."""
    gate, preparing = asyncio.Semaphore(at_once), asyncio.Lock()
    with TemporaryDirectory() as name, ExitStack() as stack:

        async def one(number: int) -> Drained:
            kind, folder = KINDS[number % len(KINDS)], Path(name) / str(number)
            folder.mkdir()
            async with gate:
                on_file = kind.database == "sqlite"
                url = f"sqlite:///{folder / 'drain.db'}" if on_file else stack.enter_context(postgres_database())
                setup = Set(kind.name, kind.engine, url)
                async with preparing:  # Alembic keeps one environment a process
                    await _prepare(kind, setup)
                return await drain(kind, setup, folder, seed=seed + number, grace=grace)

        return await asyncio.gather(*(one(number) for number in range(drains)))


def summary(drained: Sequence[Drained]) -> dict[str, Figure]:
    """Name the figures of all drains together, each summed up but for the slowest."""
    n = len(drained)
    slowest = max(one.seconds for one in drained)
    wanted, given = sum(one.answers_wanted for one in drained), sum(one.answers_given for one in drained)
    zero = {
        "exit_codes_not_0": sum(one.exit_code != 0 for one in drained),
        "leases_kept": sum(one.leases_kept for one in drained),
    }
    for one in drained:
        for key, figure in figures(one.found).items():
            name = key.removeprefix(one.found.name).strip()
            if figure.target == "== 0" and name != "exit_code":
                zero[name] = zero.get(name, 0) + int(figure.value)
    ended = sum(one.ended_before for one in drained)
    return (
        {
            "drains": Figure(n, ">= 1", met=n > 0, n=n),
            "slowest_seconds": Figure(slowest, f"<= {AT_MOST}", met=slowest <= AT_MOST, n=n),
            "answers_under_way_given": Figure(given, f"== {wanted}", met=given == wanted, n=wanted),
        }
        | {name: Figure(value, "== 0", met=value == 0, n=n) for name, value in zero.items()}
        | {
            "ended_before_the_end": Figure(ended, "shown", met=True, n=n),
            "done_by_the_next": Figure(sum(o.found.audit.users for o in drained) - ended, "shown", met=True, n=n),
            "unsaved_calls": Figure(sum(o.found.audit.unsaved_calls for o in drained), "shown", met=True, n=n),
        }
    )


async def main(drains: int, grace: float, at_once: int, seed: int) -> int:
    drained = await prove(drains, grace=grace, at_once=at_once, seed=seed)
    for one in drained:
        sys.stdout.write(f"{one.kind.name:<28} {one.seconds:>5} s, {one.ended_before} ended, exit {one.exit_code}\n")
    return report("drain", summary(drained))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drains", type=int, default=10)
    parser.add_argument("--grace", type=float, default=25.0, help="REFLECTA_GRACE, whose default this is")
    parser.add_argument("--at-once", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    sys.exit(run(main(options.drains, options.grace, options.at_once, options.seed)))
