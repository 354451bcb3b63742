"""One process of the service that lives through faults; what it left is audited from outside.

The process is never restarted: it must go on by itself. A fault counts as injected when it was felt: the
service's own driver reported a refusal while it lasted.
"""

import asyncio
import json
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Protocol

import whenever
from tests.proof import kills
from tests.proof.audit import Audit, Row, Set, outside
from tests.proof.figures import Figure
from tests.proof.world import World, due_lines

RECOVERS_WITHIN = 60  # seconds after the last fault, everything included
REFUSED = "refused:"
_USERS = 12  # who come due at once
_FEW = 8  # more come due when fewer are left
_FELT_WITHIN = 1.5
_TRIES = 6  # faults that nobody felt, for each that somebody did


class Fault(Protocol):
    """What goes wrong for a while."""

    async def begin(self, chance: random.Random) -> None: ...

    async def end(self) -> None: ...


@dataclass
class Subject:
    """The process, what it said on standard error, and how many users came due for it."""

    setup: Set
    world: World
    process: asyncio.subprocess.Process
    events: Counter[str] = field(default_factory=Counter[str])
    refused: Counter[str] = field(default_factory=Counter[str])
    users: int = 0
    slowest: float = 0.0

    @property
    def refusals(self) -> int:
        """Count what the database refused, as the process told it."""
        return self.refused.total() + self.events["engine.interrupted"]

    def hear(self, line: str) -> None:
        """Take in a line of its standard error: a refusal, an event, or what Python says of a crash."""
        if line.startswith(REFUSED):
            self.refused[line.removeprefix(REFUSED).strip()] += 1
        elif line.startswith("{"):
            self.events[json.loads(line)["event"]] += 1
        else:
            sys.stderr.write(f"{line}\n")

    async def keep_busy(self) -> None:
        """Let more users come due when few are left."""
        if self.users - await kills.ended(self.setup) < _FEW:
            prefix, now = f"u{self.users}", datetime.now(UTC)
            async with kills.hosted(self.setup) as service:
                await kills.let_come_due(service, not_due(prefix, _USERS))
            # All at once, and after their entries: a tick may come between two transactions of an import.
            due = int(now.timestamp() * 1000)
            async with outside(self.setup) as ledger:
                await ledger.run(f"UPDATE users SET next_due_at = {due} WHERE id LIKE '{prefix}-%'")  # noqa: S608
            self.users += _USERS

    async def feels(self, since: int) -> bool:
        """Wait for a refusal, not for long: nothing may have been written meanwhile."""

        async def is_felt() -> bool:
            return self.refusals > since

        return await within(_FELT_WITHIN, is_felt, every=0.01)

    async def goes_on(self) -> None:
        """Wait until an occasion ends, and remember the longest wait."""
        begun, before = monotonic(), await kills.ended(self.setup)

        async def has_gone_on() -> bool:
            return await kills.ended(self.setup) > before

        assert await within(RECOVERS_WITHIN, has_gone_on), f"nothing went on for {RECOVERS_WITHIN} s"
        self.slowest = max(self.slowest, monotonic() - begun)


def not_due(prefix: str, count: int) -> list[bytes]:
    """Give the import lines of users who are due tomorrow, each with an entry."""
    now = datetime.now(UTC)
    tomorrow = int((now + timedelta(hours=24)).timestamp() * 1000)
    lines = [json.loads(line) for line in due_lines(prefix, count, now)]
    return [
        json.dumps(line | {"nextCoachingMessageDue": tomorrow} if line["type"] == "user" else line).encode()
        for line in lines
    ]


async def within(seconds: float, is_so: Callable[[], Awaitable[bool]], *, every: float = 0.1) -> bool:
    """Wait for what another process does, and say whether it did in time."""
    until = monotonic() + seconds
    while not (done := await is_so()) and monotonic() < until:  # noqa: ASYNC110 - it can set no event here
        await asyncio.sleep(every)
    return done


def run(proof: Coroutine[None, None, int]) -> int:
    """Run a proof to its exit code; one that is told to stop takes down its servers, disks and processes first."""

    async def stoppable() -> int:
        task = asyncio.ensure_future(proof)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await task

    return asyncio.run(stoppable())


def tell(found: "Found") -> None:
    """Print what was refused most, and how occasions ended that brought no message."""
    for text, count in [*found.refused.most_common(8), *found.unsent.most_common(8)]:
        sys.stdout.write(f"{count:6} x {text}\n")
    sys.stdout.flush()


@asynccontextmanager
async def alive(setup: Set, world: World, *arguments: str) -> AsyncGenerator[Subject]:
    """Start a watched process and listen to it; at the end it must stop by itself when told to."""
    environment = os.environ | {
        "REFLECTA_DATABASE_URL": setup.url,
        "REFLECTA_ENGINE": setup.engine.value,
        "REFLECTA_LEASE": kills.LEASE,
        "REFLECTA_LEASE_RENEWAL": "0.4",
        "REFLECTA_PUSH_TIMEOUT": "2",
        "REFLECTA_CONCURRENCY": "8",
        "REFLECTA_LIKENESS": "false",  # asks and writes nothing, and half of each start is to load it
        "REFLECTA_LOG_FORMAT": "json",
        "REFLECTA_LOG_LEVEL": "info",
        "EXPO_BASE_URL": world.url,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.faults.watched", world.url, *arguments),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    subject = Subject(setup, world, process)
    listening = asyncio.create_task(_listen(subject))
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), 180)
        assert line == b"ready\n", line
        yield subject
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await listening


async def _listen(subject: Subject) -> None:
    assert subject.process.stderr is not None
    async for line in subject.process.stderr:
        subject.hear(line.decode(errors="replace").rstrip())


@dataclass(frozen=True, slots=True)
class Felt:
    """How often a fault was felt, and how often it was to be."""

    count: int
    wanted: int


async def inject(subject: Subject, fault: Fault, *, injections: int, seed: int, each_recovers: bool = False) -> Felt:
    """Let a fault come and go at random moments until it was felt so often.

    With *each_recovers* the next one waits until the process has gone on after the last.
    """
    chance, felt = random.Random(seed), 0
    for _ in range(injections * _TRIES):
        if felt == injections:
            break
        await subject.keep_busy()
        await asyncio.sleep(chance.uniform(0.0, 0.12))
        before = subject.refusals
        await fault.begin(chance)
        try:
            felt += await subject.feels(before)
            await asyncio.sleep(chance.uniform(0.0, 0.1))
        finally:
            await fault.end()
        if each_recovers:
            await subject.keep_busy()
            await subject.goes_on()
    return Felt(felt, injections)


@dataclass(frozen=True, slots=True)
class Found:
    """What one set-up came to."""

    name: str
    injected: Mapping[str, Felt]
    audit: Audit
    seconds: float
    exit_code: int | None
    outside_window: int
    unaccounted: int
    unsent: Counter[str]
    slowest: float = 0.0
    events: Counter[str] = field(default_factory=Counter[str])
    refused: Counter[str] = field(default_factory=Counter[str])


async def settle(subject: Subject, injected: Mapping[str, Felt]) -> Found:
    """Leave the process alone until everything has ended, tell it to stop, and audit."""
    setup, begun = subject.setup, monotonic()
    lives = subject.process.returncode is None
    await within(RECOVERS_WITHIN, lambda: has_ended(setup, subject.users))
    seconds = monotonic() - begun
    if lives:
        subject.process.terminate()
    code = await asyncio.wait_for(subject.process.wait(), 30)
    found = await review(
        setup,
        subject.world,
        users=subject.users,
        injected=injected,
        seconds=seconds,
        exit_code=code if lives else None,
    )
    return replace(found, slowest=round(subject.slowest, 1), events=subject.events, refused=subject.refused)


async def review(
    setup: Set, world: World, *, users: int, injected: Mapping[str, Felt], seconds: float, exit_code: int | None
) -> Found:
    """Audit what was left, from the tables and from the world's own record."""
    return Found(
        name=setup.name,
        injected=injected,
        audit=await kills.audit(setup, world, kills=0, users=users, in_work=0),
        seconds=round(seconds, 1),
        exit_code=exit_code,
        outside_window=await _outside_window(setup),
        unaccounted=await _unaccounted(setup, world),
        unsent=await _unsent(setup),
    )


async def has_ended(setup: Set, users: int) -> bool:
    """Say whether so many occasions have their outcome and no push waits."""
    waiting = "SELECT count(*) AS n FROM deliveries WHERE state IN ('pending', 'sending')"
    if await kills.ended(setup) < users:
        return False
    return (await rows(setup, waiting))[0]["n"] == 0


async def rows(setup: Set, statement: str) -> Sequence[Row]:
    """Read with a statement of the audit's own, past the service's store."""
    async with outside(setup) as ledger:
        return await ledger.rows(statement)


async def _unsent(setup: Set) -> Counter[str]:
    """Count the occasions without a message by how they stand."""
    found = await rows(setup, "SELECT state, reason, detail FROM occasions WHERE state <> 'sent'")
    return Counter(f"{row['state']} {row['reason']} {row['detail']}" for row in found)


async def _outside_window(setup: Set) -> int:
    """Count messages that were not sent between 12:00 and 18:00 where their user is."""
    sent = await rows(setup, "SELECT m.sent_at, u.timezone FROM messages m JOIN users u ON u.id = m.user_id")
    whenever.reset_tzpath([])
    return sum(not 12 <= _hour(row) < 18 for row in sent)


def _hour(row: Row) -> int:
    at = datetime.fromtimestamp(int(str(row["sent_at"])) / 1000, UTC)
    return whenever.Instant(at).to_tz(str(row["timezone"])).hour  # pyright: ignore[reportUnknownMemberType]


async def _unaccounted(setup: Set, world: World) -> int:
    """Count pushes that the ledger and the provider tell differently, unknown ones apart."""
    deliveries = await rows(setup, "SELECT address, message_id, state FROM deliveries")
    different = sum(
        (row["state"] in {"accepted", "delivered"}) != (world.pushes.get(str(row["address"])) == [row["message_id"]])
        for row in deliveries
        if row["state"] != "unknown"
    )
    return different + len(world.pushes.keys() - {row["address"] for row in deliveries})


def figures(found: Found) -> dict[str, Figure]:
    """Name the figures of one set-up and fault."""
    name, users = found.name, found.audit.users
    n = sum(felt.count for felt in found.injected.values())
    zero = {
        "left_open": found.audit.more_than_one_outcome,
        "lost": found.audit.lost,
        "doubled": found.audit.doubled,
        "unscreened": found.audit.unscreened,
        "saved_calls_repeated": found.audit.saved_calls_repeated,
        "pushed_twice": found.audit.pushed_twice,
        "pushes_unaccounted": found.unaccounted,
        "outside_window": found.outside_window,
    }
    shown = {
        "refusals": found.refused.total(),
        "works_broken_off": found.events["engine.work_failed"],
        "deliveries_broken_off": found.events["delivery.paused"],
        "slowest_recovery_seconds": found.slowest,
        "seconds_to_the_end": found.seconds,
        "unsaved_calls": found.audit.unsaved_calls,
        "pushes_unknown": found.audit.pushes_unknown,
    }
    return (
        {
            f"{name} {kind}": Figure(felt.count, f">= {felt.wanted}", met=felt.count >= felt.wanted, n=users)
            for kind, felt in found.injected.items()
        }
        | {f"{name} {key}": Figure(value, "== 0", met=value == 0, n=users) for key, value in zero.items()}
        | {f"{name} {key}": Figure(value, "shown", met=True, n=n) for key, value in shown.items()}
        | {f"{name} exit_code": Figure(str(found.exit_code), "== 0", met=found.exit_code == 0, n=1)}
    )
