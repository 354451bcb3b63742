"""Kills the service at every I/O boundary of a job, one run for each, and audits what a second process makes of it.

    python -m tests.proof.boundaries

A boundary is the moment before or after a BEGIN, a statement, a COMMIT, a request, or while a request is held at the
other end (`tests.proof.dying`). Every run begins with the same small ledger: a user who is due, one whose process
died in work, one whose process died after the push had left, one whose window has closed since, one without a due
time. A first process ticks, works, delivers and asks for receipts, and dies at one boundary; an hour later a second
does the same and lives. Boundaries that any run passes and that were not yet died at are added until none is left.
Prints a table and writes out/boundaries.json, and every boundary's name to out/boundaries.txt.
"""

import argparse
import asyncio
import shutil
import signal
import sys
import tempfile
from collections import Counter, deque
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from tests.databases import postgres_database
from tests.proof.audit import APART, Outside, Saved, Set, count, outside, take_stock, zeros
from tests.proof.dying import Place
from tests.proof.figures import OUT, Figure, report
from tests.proof.kills import environment, hosted, let_come_due, make_tables
from tests.proof.nursery import born
from tests.proof.victim import live_once
from tests.proof.world import World, due_lines

from reflecta.adapters.stores.sql.schema import metadata
from reflecta.config import EngineName
from reflecta.testing import FakeClock

# SQLite with many at work at once, whose transactions are committed in groups: killed within those.
IN_GROUPS = "sqlite/local, in groups"
KINDS = ("sqlite/local", "postgresql/local", "postgresql/pgqueuer", IN_GROUPS)

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
BEGUN = NOW + timedelta(minutes=2)  # leases taken at NOW have run out
LATER = NOW + timedelta(minutes=40)  # those taken at BEGUN as well, and tickets; the window is still open
_MORNING = NOW - timedelta(hours=3)
_ZONE = "Etc/GMT-1"
_QUICK = {
    "REFLECTA_LEASE_RENEWAL": "0.02",  # so that each call of the model sees a renewal
    "REFLECTA_DATABASE_POOL": "2",  # each connection costs a second process as much as a job does
}
_ALONE = {"REFLECTA_CONCURRENCY": "1"}  # the order of all but the loops is then the same in every life
_FRESH_IN_GROUPS = 4
_HELD = ": held at the other end"
_TRIES = 5
_LIVES_AT_MOST = 60  # seconds
# What runs in loops of its own, or where two happen to meet, comes as often as time allows: two are killed at.
_LOOPS = ("queue.", "renew:", "connect:", "group:")
_ENOUGH_OF_A_LOOP = 2
_MOST_OF_GROUPS = 8

_SHOWN = ("unsaved calls", "pushes shown as unknown")

Dump = Mapping[str, Sequence[str]]


@dataclass(slots=True)
class Tally:
    """What the runs of one set-up came to."""

    wrong: Counter[str] = field(default_factory=Counter[str])
    counted: Counter[str] = field(default_factory=Counter[str])
    places: set[Place] = field(default_factory=set[Place])  # where a process died
    faults: list[str] = field(default_factory=list[str])

    def check(self, name: str, place: Place | None, found: object) -> None:
        """Count one check of one run; *found* is false where all is well."""
        self.counted[name] += 1
        if found:
            self.wrong[name] += 1
            self.faults.append(f"{name} at {place}: {found}")


@dataclass(frozen=True, slots=True)
class Between:
    """What was there after the first process died and before the second was born."""

    ended: frozenset[str]
    saved: Saved
    asked: Mapping[tuple[str, str], int]
    sending: frozenset[str]


@dataclass(slots=True)
class Lane:
    """One database with the ledger that every run begins with, and the world around it."""

    setup: Set
    world: World
    ledger: Outside
    folder: Path
    begun: World = field(default_factory=lambda: World(seed=0))
    first: Dump = field(default_factory=dict[str, Sequence[str]])

    @property
    def _together(self) -> bool:
        return self.setup.name == IN_GROUPS

    @property
    def fresh(self) -> int:
        """How many are due whom no process has begun."""
        return _FRESH_IN_GROUPS if self._together else 1

    @property
    def _file(self) -> Path | None:
        is_file = self.setup.url.startswith("sqlite")
        return Path(self.setup.url.removeprefix("sqlite:///")) if is_file else None

    async def prepare(self) -> None:
        """Make the ledger by killing three processes, and keep a copy."""
        await self._let_die("lost", NOW, ("model assessment: after the answer", 1))
        await self._let_die("sending", NOW, ("push: after the answer", 1))
        await self._let_die(
            f"{APART}closed", _MORNING, ("journal: before SELECT journal_entries", 1), preference="morning"
        )
        await self._import(due_lines("fresh", self.fresh, NOW), NOW)
        await self._import(due_lines(f"{APART}new", 1, NOW, due=False), NOW)
        await self._age_heartbeats()
        await self._keep()
        self.begun.recall(self.world)
        self.first = await self._dump()

    async def _let_die(self, prefix: str, at: datetime, place: Place, *, preference: str = "afternoon") -> None:
        await self._import(due_lines(prefix, 1, at, preference=preference, zone=_ZONE), at)
        code, _ = await self.live(at, place)
        assert code == -signal.SIGKILL, place

    async def _import(self, lines: Sequence[bytes], at: datetime) -> None:
        async with hosted(self.setup, FakeClock(at)) as service:
            await let_come_due(service, lines)

    async def live(self, at: datetime, place: Place | None) -> tuple[int | None, list[str]]:
        """Let a process live; give how it ended and the boundaries that it passed."""
        alone = {} if self._together else _ALONE
        settings = {**environment(self.setup, self.world), **_QUICK, **alone}
        passed = self.folder / f"{uuid4().hex}.passed"
        held: Counter[str] = Counter()
        life = born(live_once, settings, self.world.url, at, place, passed, together=self._together)

        def arrived(request: str) -> None:
            held[request] += 1
            if (request + _HELD, held[request]) == place:
                life.kill()

        self.world.arrived = arrived
        code = await asyncio.wait_for(life.wait(), _LIVES_AT_MOST)
        await self.settle()
        told = passed.read_text(encoding="utf-8").splitlines()
        passed.unlink()
        return code, told + [request + _HELD for request in held.elements()]

    async def settle(self) -> None:
        """Wait until nothing of a dead process is left: a server may still carry out what it was sent."""
        others = (
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        while self.world.in_flight or (self._file is None and await self.ledger.rows(others)):  # noqa: ASYNC110
            await asyncio.sleep(0.002)

    async def _age_heartbeats(self) -> None:
        """Let an hour pass for the queue, which goes by the server's clock."""
        if self.setup.engine is EngineName.PGQUEUER:
            await self.ledger.run("UPDATE pgqueuer SET heartbeat = heartbeat - interval '1 hour'")

    async def _keep(self) -> None:
        if self._file is not None:
            await self.ledger.run("PRAGMA wal_checkpoint(TRUNCATE)")
            shutil.copy(self._file, self._file.with_suffix(".kept"))
            return
        await self.ledger.run("CREATE SCHEMA kept")
        for table in await self._tables():
            await self.ledger.run(f"CREATE TABLE kept.{table} AS TABLE public.{table}")

    async def restore(self) -> None:
        """Go back to the beginning."""
        self.world.recall(self.begun)
        if self._file is not None:
            for suffix in ("-wal", "-shm"):
                self._file.with_name(self._file.name + suffix).unlink(missing_ok=True)
            shutil.copy(self._file.with_suffix(".kept"), self._file)
            return
        await self.ledger.run(
            "".join(
                f"DELETE FROM public.{table}; INSERT INTO public.{table} SELECT * FROM kept.{table};"  # noqa: S608
                for table in await self._tables()
            )
        )

    async def _tables(self) -> Sequence[str]:
        own = [table.name for table in metadata.sorted_tables]
        return [*own, "pgqueuer"] if self.setup.engine is EngineName.PGQUEUER else own

    async def _dump(self) -> Dump:
        """Give every row of the ledger."""
        return {
            table.name: sorted(str(row) for row in await self.ledger.rows(f"SELECT * FROM {table.name}"))  # noqa: S608
            for table in metadata.sorted_tables
        }

    async def run(self, place: Place | None, tally: Tally) -> Sequence[str]:
        """Let one process die at *place* and a second one finish; check, and give what the first one passed."""
        await self.restore()
        code, passed = await self.live(BEGUN, place)
        if place is not None and code == 0:
            return passed  # it did not come by
        tally.check("ended otherwise than killed", place, code != (0 if place is None else -signal.SIGKILL) and code)
        if not _has_committed(passed):
            tally.check("left something before its first commit", place, await self._dump() != self.first)
        between = await self._look()
        await self._age_heartbeats()
        code, _ = await self.live(LATER, None)
        tally.check("the second process failed", place, code)
        await self._check(place, between, tally)
        if place is not None:
            tally.places.add(place)
        return passed

    async def _look(self) -> Between:
        ended = await self.ledger.rows("SELECT user_id FROM occasions WHERE ended_at IS NOT NULL")
        asked = {question: len(numbers) for question, numbers in self.world.answered.items()}
        saved = Saved()
        await saved.look(self.ledger)
        sending = await self.ledger.rows("SELECT user_id FROM deliveries WHERE state = 'sending'")
        return Between(
            frozenset(row["user_id"] for row in ended), saved, asked, frozenset(row["user_id"] for row in sending)
        )

    async def _check(self, place: Place | None, between: Between, tally: Tally) -> None:
        audited = await take_stock(
            self.ledger, self.world, kills=1, users=2 + self.fresh, in_work=1, saved=between.saved
        )
        for name, found in zeros(audited).items():
            tally.check(name, place, found)
        tally.counted["unsaved calls"] += audited.unsaved_calls
        if between.ended:
            again = {q: n for q, n in self._asked().items() if q[0] in between.ended and n != between.asked.get(q)}
            tally.check("asked a model after the outcome", place, again)
        tally.check("those apart", place, await self._apart())
        await self._check_pushes(place, between, tally)

    def _asked(self) -> Mapping[tuple[str, str], int]:
        return {question: len(numbers) for question, numbers in self.world.answered.items()}

    async def _apart(self) -> str:
        """Say what is wrong with those to whom nothing is sent; empty where nothing is."""
        expired = await count(self.ledger, "occasions", f"user_id = '{APART}closed-0' AND state = 'expired'")
        others = await count(self.ledger, "occasions", f"user_id LIKE '{APART}%' AND state <> 'expired'")
        dues = await count(self.ledger, "users", f"id LIKE '{APART}%' AND next_due_at IS NOT NULL")
        return "" if (expired, others, dues) == (1, 0, 2) else f"{expired=} {others=} {dues=}"

    async def _check_pushes(self, place: Place | None, between: Between, tally: Tally) -> None:
        """Unknown is what was 'sending' when a process died, and nothing else; all other pushes arrived, once."""
        deliveries = await self.ledger.rows("SELECT user_id, address, state FROM deliveries")
        unknown: set[str] = {row["user_id"] for row in deliveries if row["state"] == "unknown"}
        tally.check(
            "other pushes unknown than those that were being sent", place, unknown ^ {"sending-0", *between.sending}
        )
        tally.counted["pushes shown as unknown"] += len(unknown) - 1
        others = [row for row in deliveries if row["state"] != "unknown"]
        unsettled = [
            row for row in others if row["state"] != "delivered" or len(self.world.pushes[row["address"]]) != 1
        ]
        tally.check("pushes neither unknown nor delivered once", place, unsettled)


def _has_committed(passed: Iterable[str]) -> bool:
    return any(name.endswith("after COMMIT") for name in passed)


def _is_of_a_loop(name: str) -> bool:
    return name.startswith(_LOOPS) and not name.startswith("queue.enqueue")


def _places(passed: Iterable[str], of_a_loop: int) -> list[Place]:
    """Give the boundaries of a life, each with its number; of loops no more than the first few."""
    seen: Counter[str] = Counter()
    places: list[Place] = []
    for name in passed:
        seen[name] += 1
        if not _is_of_a_loop(name) or seen[name] <= of_a_loop:
            places.append((name, seen[name]))
    return places


@dataclass(slots=True)
class Search:
    """All boundaries of one set-up, those still to be died at, and how often each chosen one was tried.

    Chosen is one in *every* of those whose names have *only* in them, *of_a_loop* of each name in a loop.
    """

    every: int = 1
    only: str = ""
    of_a_loop: int = 2
    tally: Tally = field(default_factory=Tally)
    known: set[Place] = field(default_factory=set[Place])
    chosen: Counter[Place] = field(default_factory=Counter[Place])
    todo: deque[Place] = field(default_factory=deque[Place])
    seldom: int = 0  # of the loops, those that came by once and not again

    def learn(self, passed: Iterable[str]) -> None:
        """Add what is not known yet."""
        for place in _places(passed, self.of_a_loop):
            if place in self.known:
                continue
            if len(self.known) % self.every == 0 and self.only in place[0]:
                self.chosen[place] = 0
                self.todo.append(place)
            self.known.add(place)

    async def work(self, lane: Lane) -> None:
        """Die at one boundary after another until none is left."""
        while self.todo:
            place = self.todo.popleft()
            self.chosen[place] += 1
            self.learn(await lane.run(place, self.tally))
            if place in self.tally.places:
                continue
            if self.chosen[place] < _TRIES:
                self.todo.append(place)
            elif _is_of_a_loop(place[0]):
                del self.chosen[place]
                self.seldom += 1


async def prove(setups: Sequence[Set], *, every: int = 1, only: str = "") -> Search:
    """Kill at every boundary, or at those chosen, of one set-up whose databases *setups* are."""
    is_grouped = setups[0].name == IN_GROUPS
    search = Search(
        every, only or ("group:" if is_grouped else ""), _MOST_OF_GROUPS if is_grouped else _ENOUGH_OF_A_LOOP
    )
    async with _lanes(setups) as lanes:
        await asyncio.gather(*(lane.prepare() for lane in lanes))
        search.learn(await lanes[0].run(None, search.tally))
        while search.todo:
            await asyncio.gather(*(search.work(lane) for lane in lanes))
    return search


@asynccontextmanager
async def _lanes(setups: Sequence[Set]) -> AsyncGenerator[list[Lane]]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        yield [
            Lane(
                setup,
                await stack.enter_async_context(World(seed=1, latency=(0.03, 0.04), poor_in=1)),
                await stack.enter_async_context(outside(setup)),
                folder,
            )
            for setup in setups
        ]


def lanes_of(kind: str, lanes: int, stack: ExitStack, folder: Path) -> list[Set]:
    """Make the databases that the runs of one set-up are spread over."""
    engine = EngineName.PGQUEUER if kind.endswith("pgqueuer") else EngineName.LOCAL
    if kind.startswith("sqlite"):
        return [Set(kind, engine, f"sqlite:///{folder / f'{len(kind)}-{number}.db'}") for number in range(lanes)]
    return [Set(kind, engine, stack.enter_context(postgres_database())) for _ in range(lanes)]


def figures(kind: str, search: Search) -> dict[str, Figure]:
    """Name the figures of one set-up."""
    tally = search.tally
    places, chosen, killed = len(search.known), len(search.chosen), len(tally.places)
    found = {
        f"{kind} boundaries": Figure(places, "shown", met=True, n=places),
        f"{kind} killed at": Figure(killed, f"== {chosen}", met=killed == chosen, n=places),
        f"{kind} came by once and not again": Figure(search.seldom, "shown", met=True, n=places),
    }
    checks = {name: n for name, n in tally.counted.items() if name not in _SHOWN}
    found |= {
        f"{kind} {name}": Figure(tally.wrong[name], "== 0", met=tally.wrong[name] == 0, n=n)
        for name, n in checks.items()
    }
    return found | {f"{kind} {name}": Figure(tally.counted[name], "shown", met=True, n=killed) for name in _SHOWN}


def _names(searches: Mapping[str, Search]) -> str:
    """List every boundary by name: how many of that name there are, and how many were died at, by set-up."""
    lines: list[str] = []
    for kind, search in searches.items():
        found = Counter(name for name, _ in search.chosen)
        killed = Counter(name for name, _ in search.tally.places)
        lines += [f"{kind}  {name}  {killed[name]} of {number}" for name, number in sorted(found.items())]
    return "\n".join(lines) + "\n"


def _by_act(searches: Mapping[str, Search]) -> dict[str, Figure]:
    """Count the boundaries by what the service was doing, in the order of the set-ups."""
    counts = [Counter(name.partition(":")[0] for name, _ in search.chosen) for search in searches.values()]
    acts = sorted({act for each in counts for act in each})
    return {
        f"boundaries of {act}": Figure(
            " + ".join(str(each[act]) for each in counts), "shown", met=True, n=sum(each[act] for each in counts)
        )
        for act in acts
    }


async def main(kinds: Sequence[str], lanes: int, every: int, only: str) -> int:
    """Prove the set-ups, one beside the other."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        setups = {kind: lanes_of(kind, lanes, stack, Path(folder)) for kind in kinds}
        for databases in setups.values():
            await make_tables(databases)
        found = await asyncio.gather(*(prove(databases, every=every, only=only) for databases in setups.values()))
    searches: dict[str, Search] = dict(zip(kinds, found, strict=True))
    OUT.mkdir(exist_ok=True)
    (OUT / "boundaries.txt").write_text(_names(searches), encoding="utf-8")
    for kind, search in searches.items():
        for fault in search.tally.faults:
            print(f"{kind}: {fault}")
    shown = _by_act(searches)
    for kind, search in searches.items():
        shown |= figures(kind, search)
    return report("boundaries", shown)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lanes", type=int, default=2, help="runs at once of each set-up")
    parser.add_argument("--every", type=int, default=1, help="kill at one boundary in so many")
    parser.add_argument("--only", default="", help="kill only at boundaries that have this in their names")
    parser.add_argument("--set-up", choices=KINDS, help="default: all three")
    options = parser.parse_args()
    kinds = [options.set_up] if options.set_up else KINDS
    sys.exit(asyncio.run(main(kinds, options.lanes, options.every, options.only)))
