"""The serverless shape on Firestore, with a network that drops one call in ten; audited from outside.

    python -m tests.faults.serverless --users 300 --waves 10

Several processes serve `deploy/vercel/api/index.py` with its settings; whoever calls, the cron by GET as well as a tick
that calls `/processor`, comes through a gateway that hands calls out in turn. One call in ten it drops: before a
function hears of it, while the function works, or when it has answered. Users come due in waves; after each two crons
call at once, and in the end they call until everything has ended.
Prints a table and writes out/serverless.json.
"""

import argparse
import asyncio
import json
import random
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from http.client import HTTPException
from pathlib import Path
from time import monotonic
from typing import Self
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import aiohttp
from aiohttp import web
from tests.data import ROOT
from tests.entrypoints.cli.conftest import outside as environment_of
from tests.faults.drain import SlowWorld
from tests.faults.lives import run, within
from tests.firestore import emulator_if_any, new_project
from tests.loopback import answers, free_port
from tests.proof.audit import Audit, Readings, Set, readings, take_stock, zeros
from tests.proof.figures import Figure, report
from tests.proof.kills import hosted, let_come_due
from tests.proof.world import due_lines

from reflecta.config import EngineName

PROJECT = Path(ROOT, "deploy", "vercel")
SECRET = "s" * 32
CRONS = 2
ROUNDS_AT_MOST = 60  # after the last wave
STARTS_WITHIN = 120  # seconds, on a machine that does much else
_DEPLOYED = json.loads((PROJECT / "vercel.json").read_text(encoding="utf-8"))
_SCHEDULER: str = _DEPLOYED["crons"][0]["path"]
_PROCESSOR = _SCHEDULER.replace("/scheduler", "/processor")
_MAX_DURATION: int = _DEPLOYED["functions"]["api/index.py"]["maxDuration"]
_SERVER_ERROR = 500
_DROPPED_AT_LEAST = 0.05


class Drop(StrEnum):
    """When a call is lost."""

    BEFORE = "before"
    DURING = "during"
    AFTER = "after"


@dataclass
class Gateway:
    """Hands calls to functions in turn and drops the share *rate* of them. Use as ``async with``."""

    functions: Sequence[str]
    seed: int
    rate: float = 0.1
    url: str = ""
    calls: int = 0
    dropped: Counter[Drop] = field(default_factory=Counter[Drop])
    slowest: float = 0.0
    answered: Counter[int] = field(default_factory=Counter[int])
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        self._chance = random.Random(self.seed)
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=1))
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._hand_on)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        await self._session.close()

    async def _hand_on(self, request: web.Request) -> web.StreamResponse:
        function = self.functions[self.calls % len(self.functions)]
        self.calls += 1
        drop = self._chance.choice(list(Drop)) if self._chance.random() < self.rate else None
        if drop is Drop.BEFORE:
            return self._lose(request, drop)
        body = await request.read()
        headers = {name: request.headers[name] for name in ("Authorization", "Content-Type") if name in request.headers}
        begun = monotonic()
        calling = self._session.request(request.method, f"{function}{request.path_qs}", data=body, headers=headers)
        if drop is Drop.DURING:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._chance.uniform(0.0, 0.3)), calling as answer:
                    await answer.read()
            return self._lose(request, drop)
        async with calling as answer:
            content = await answer.read()
        self.slowest = max(self.slowest, monotonic() - begun)
        self.answered[answer.status] += 1
        if drop is Drop.AFTER:
            return self._lose(request, drop)
        return web.Response(status=answer.status, body=content, content_type=answer.content_type)

    def _lose(self, request: web.Request, drop: Drop) -> web.StreamResponse:
        """Cut the caller's connection without a word."""
        self.dropped[drop] += 1
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=502)  # which nobody gets


def settings_of(processor: str, store: str, world: SlowWorld) -> Mapping[str, str]:
    """Give the project's own settings, with what differs here."""
    lines = (PROJECT / "env.example").read_text(encoding="utf-8").splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    return {name: value for name, value in given.items() if value} | {
        "CRON_SECRET": SECRET,
        "REFLECTA_DATABASE_URL": store,
        "REFLECTA_PROCESSOR_URL": processor,
        "REFLECTA_CONCURRENCY": "20",
        # An hour lies between two ticks of the cron, here some seconds: what was dropped must be free by then.
        "REFLECTA_LEASE": "3",
        "REFLECTA_LEASE_RENEWAL": "1",
        "REFLECTA_LIKENESS": "false",  # asks and writes nothing, and half of each start is to load it
        "REFLECTA_LOG_LEVEL": "error",
        "REFLECTA_MODEL_BASE_URL": world.models,
        "REFLECTA_GENERATOR_MODEL": "acme/writer",
        "REFLECTA_JUDGE_MODEL": "acme/judge",
        "EXPO_BASE_URL": world.url,
    }


@asynccontextmanager
async def function(settings: Mapping[str, str], port: int) -> AsyncGenerator[None]:
    """Serve the project's function in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "uvicorn", "index:app", "--app-dir", str(PROJECT / "api")),
        *("--host", "127.0.0.1", "--port", str(port), "--log-level", "error"),
        env=environment_of(**settings),
    )
    try:

        async def is_up() -> bool:
            assert process.returncode is None, "a function ended at once"
            return await asyncio.to_thread(answers, f"http://127.0.0.1:{port}/healthz")

        assert await within(STARTS_WITHIN, is_up), f"a function does not answer within {STARTS_WITHIN} s"
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@dataclass(slots=True)
class Crons:
    """Calls the scheduler through the gateway, from two places at once."""

    url: str
    calls: int = 0
    lost: int = 0

    async def call(self) -> None:
        """Call from every place and wait for the answers; one that is cut off is counted and left so."""
        await asyncio.gather(*(asyncio.to_thread(self._call) for _ in range(CRONS)))

    def _call(self) -> None:
        self.calls += 1
        # A platform's cron does not try again; aiohttp would.
        request = Request(f"{self.url}{_SCHEDULER}", headers={"Authorization": f"Bearer {SECRET}"})
        try:
            with urlopen(request, timeout=_MAX_DURATION) as answer:
                assert json.load(answer)["success"]
        except HTTPError as error:
            raise AssertionError(error.read().decode()) from error
        except (OSError, HTTPException):
            self.lost += 1


@dataclass(frozen=True, slots=True)
class Found:
    """What the run was, and what it left."""

    audit: Audit
    gateway: Gateway
    crons: Crons
    seconds: float


async def serve_and_drop(store: str, *, users: int, waves: int, functions: int, seed: int) -> Found:
    """Let users come due and the crons call until everything has ended, and audit."""
    setup = Set("firestore/http", EngineName.HTTP, store)
    ports = [free_port() for _ in range(functions)]
    gateway = Gateway([f"http://127.0.0.1:{port}" for port in ports], seed)
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(SlowWorld(seed=seed, thinks=(0.02, 0.2)))
        await stack.enter_async_context(gateway)
        # The app that its users come from; it makes no occasions.
        app = await stack.enter_async_context(hosted(Set(setup.name, EngineName.LOCAL, store)))
        settings = settings_of(f"{gateway.url}{_PROCESSOR}", store, world)
        await asyncio.gather(*(stack.enter_async_context(function(settings, port)) for port in ports))
        ledger = await stack.enter_async_context(readings(setup))
        crons, begun = Crons(gateway.url), monotonic()
        for wave in range(waves):
            await let_come_due(app, due_lines(f"w{wave}", users // waves, datetime.now(UTC)))
            await crons.call()
        await _call_until_done(crons, ledger, waves * (users // waves))
        seconds = monotonic() - begun
        audit = await take_stock(ledger, world, kills=0, users=waves * (users // waves), in_work=0)
    return Found(audit, gateway, crons, seconds)


async def _call_until_done(crons: Crons, ledger: Readings, users: int) -> None:
    for _ in range(ROUNDS_AT_MOST):
        if await ledger.count("ended") >= users and not await ledger.count("leaving"):
            return
        await asyncio.sleep(1)
        await crons.call()


def figures(found: Found) -> dict[str, Figure]:
    """Name what must be zero, and what was."""
    users, gateway = found.audit.users, found.gateway
    errors = sum(count for status, count in gateway.answered.items() if status >= _SERVER_ERROR)
    dropped = gateway.dropped.total() / gateway.calls
    zero = {**zeros(found.audit), "server_errors": errors}
    shown = {
        "calls": gateway.calls,
        **{f"dropped_{drop}": gateway.dropped[drop] for drop in Drop},
        "cron_calls": found.crons.calls,
        "cron_calls_without_answer": found.crons.lost,
        "unsaved_calls": found.audit.unsaved_calls,
        "pushes_unknown": found.audit.pushes_unknown,
        "seconds": round(found.seconds, 1),
    }
    slowest = round(gateway.slowest, 1)
    return {
        **{name: Figure(value, "== 0", met=value == 0, n=users) for name, value in zero.items()},
        "dropped_share": Figure(round(dropped, 3), ">= 0.05", met=dropped >= _DROPPED_AT_LEAST, n=gateway.calls),
        "slowest_call_seconds": Figure(
            slowest, f"<= {_MAX_DURATION}", met=slowest <= _MAX_DURATION, n=gateway.calls, timed=True
        ),
        **{name: Figure(value, "shown", met=True, n=users) for name, value in shown.items()},
    }


async def main(users: int, waves: int, functions: int, seed: int) -> int:
    """Run it on an emulator; where there is none, the figures say so."""
    with ExitStack() as stack:
        addresses = stack.enter_context(emulator_if_any())
        if not addresses:
            return report("serverless", {"emulator": Figure("none", "-", met=True, n=0)})
        store = new_project(addresses[0])
        found = await serve_and_drop(store, users=users, waves=waves, functions=functions, seed=seed)
    return report("serverless", figures(found))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=300)
    parser.add_argument("--waves", type=int, default=10, help="in which they come due")
    parser.add_argument("--functions", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    sys.exit(run(main(options.users, options.waves, options.functions, options.seed)))
