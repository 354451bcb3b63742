"""Reads from outside what the service left, and reckons what was lost, doubled or repeated.

Shares no statement and no connection with the service: tables are read by the bare drivers, effects are those that
the world remembers.
"""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from typing import Any, Protocol

import asyncpg  # pyright: ignore[reportMissingTypeStubs] - it has none
from tests.proof.documents import Row, documents_of
from tests.proof.figures import Figure
from tests.proof.world import World

from reflecta.config import EngineName
from reflecta.testing import number_in

# Users whose names begin so are not due: they get no message, and are audited by whoever made them.
APART = "apart-"
_WRITTEN_IN = {"assessment": "rationale", "screening": "screening"}
_BUSY_SECONDS = 30
_READ = {
    "users": "SELECT id FROM users",
    "entries": "SELECT user_id FROM journal_entries WHERE message_id IS NOT NULL",
    "messages": "SELECT user_id FROM messages",
    "ended": "SELECT user_id FROM occasions WHERE state NOT IN ('queued', 'in_work')",
    # What the screening saw is kept with its occasion, its call as that of attempt 0.
    "calls": "SELECT o.user_id, c.occasion_id, c.attempt, c.purpose, a.text, a.rationale, o.screening FROM calls c "
    "JOIN occasions o ON o.id = c.occasion_id "
    "LEFT JOIN attempts a ON a.occasion_id = c.occasion_id AND a.number = c.attempt",
    "unknown": "SELECT user_id FROM deliveries WHERE state = 'unknown'",
    "leaving": "SELECT user_id FROM deliveries WHERE state IN ('pending', 'sending')",
    "unscreened": "SELECT m.user_id FROM messages m WHERE NOT EXISTS (SELECT 1 FROM calls c "
    "JOIN occasions o ON o.id = c.occasion_id "
    "WHERE o.id = m.occasion_id AND c.purpose = 'screening' AND o.screening IS NOT NULL)",
}


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
    unscreened: int
    """Messages before which nobody looked for signs of risk, or it was not kept what was seen."""
    saved_calls_repeated: int
    unsaved_calls: int
    pushed_twice: int
    pushes_unknown: int
    kills_of_two: int = 0


class Readings(Protocol):
    """What an audit asks of a store past the service: readings by their names, see `_READ`."""

    async def read(self, what: str) -> Sequence[Row]:
        """Read."""
        ...

    async def count(self, what: str) -> int:
        """Count the same."""
        ...


class Outside(Readings, Protocol):
    """A SQL database past the service's store."""

    async def rows(self, statement: str) -> Sequence[Row]:
        """Read."""
        ...

    async def run(self, script: str) -> None:
        """Run statements as one transaction."""
        ...


@asynccontextmanager
async def readings(setup: Set) -> AsyncGenerator[Readings]:
    """Reach a set-up's store, whatever it is."""
    if setup.url.startswith("firestore:"):
        async with documents_of(setup.url) as documents:
            yield documents
        return
    async with outside(setup) as ledger:
        yield ledger


@asynccontextmanager
async def outside(setup: Set) -> AsyncGenerator[Outside]:
    """Reach a set-up's SQL database."""
    if setup.url.startswith("sqlite"):
        yield _File(setup.url.removeprefix("sqlite:///"))
        return
    server = _Server(await asyncpg.connect(setup.url))  # pyright: ignore[reportUnknownMemberType]
    try:
        yield server
    finally:
        await server.connection.close()


class _Sql:
    """A SQL database, read by statements."""

    async def rows(self, statement: str) -> Sequence[Row]:
        """Read."""
        raise NotImplementedError

    async def read(self, what: str) -> Sequence[Row]:
        """Read by name."""
        return await self.rows(_READ[what])

    async def count(self, what: str) -> int:
        """Count by name."""
        return (await self.rows(f"SELECT count(*) AS n FROM ({_READ[what]}) AS found"))[0]["n"]  # noqa: S608


@dataclass(frozen=True)
class _File(_Sql):
    """A file of SQLite, opened for each reading: none stays open while it is replaced."""

    path: str

    async def rows(self, statement: str) -> Sequence[Row]:
        with closing(sqlite3.connect(self.path, timeout=_BUSY_SECONDS)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(statement)]

    async def run(self, script: str) -> None:
        with closing(sqlite3.connect(self.path, timeout=_BUSY_SECONDS)) as connection:
            connection.executescript(script)


@dataclass(frozen=True)
class _Server(_Sql):
    """A connection to PostgreSQL."""

    connection: Any

    async def rows(self, statement: str) -> Sequence[Row]:
        return [dict(row) for row in await self.connection.fetch(statement)]

    async def run(self, script: str) -> None:
        await self.connection.execute(script)


async def count(ledger: Outside, table: str, condition: str) -> int:
    """Count the rows of a table."""
    return (await ledger.rows(f"SELECT count(*) AS n FROM {table} WHERE {condition}"))[0]["n"]  # noqa: S608


@dataclass(slots=True)
class Saved:
    """Remembers which answer was saved to which question; look again after each kill, and at the end."""

    numbers: dict[tuple[str, int, str], int] = field(default_factory=dict[tuple[str, int, str], int])
    replaced: int = 0

    async def look(self, ledger: Readings) -> None:
        """Count those whose answer is another one than it was: they were asked for again."""
        for call in await ledger.read("calls"):
            question, number = (call["occasion_id"], call["attempt"], call["purpose"]), _number(call)
            if number is not None:
                self.replaced += self.numbers.get(question, number) != number
                self.numbers[question] = number


async def take_stock(
    ledger: Readings,
    world: World,
    *,
    kills: int,
    users: int,
    in_work: int,
    of_two: int = 0,
    saved: Saved | None = None,
) -> Audit:
    """Reckon what was lost, doubled or repeated: of *users*, as many as came due."""
    saved = saved or Saved()
    await saved.look(ledger)
    read = {name: await ledger.read(name) for name in _READ}
    everybody = [row["id"] for row in read["users"] if not row["id"].startswith(APART)]
    entries, messages, outcomes = (
        Counter(row["user_id"] for row in read[name]) for name in ("entries", "messages", "ended")
    )
    answers = sum(len(numbers) for numbers in world.answered.values())
    return Audit(
        users=users,
        kills=kills,
        kills_in_work=in_work,
        kills_of_two=of_two,
        lost=sum(messages[user] == 0 or entries[user] == 0 for user in everybody) + users - len(everybody),
        doubled=sum(messages[user] > 1 or entries[user] > 1 for user in everybody),
        more_than_one_outcome=sum(outcomes[user] != 1 for user in everybody),
        unscreened=len(read["unscreened"]),
        saved_calls_repeated=_repeated(read["calls"], world) + saved.replaced,
        unsaved_calls=answers - len(read["calls"]),
        pushed_twice=sum(len(sent) > 1 for sent in world.pushes.values()),
        pushes_unknown=len(read["unknown"]),
    )


def _repeated(calls: Sequence[Row], world: World) -> int:
    """Count answers that were asked for although one to the same question had been saved.

    Every answer bears its number. What was answered after the last that is saved was asked for once more; what
    was answered before it, and is not saved, was lost with the process that asked.
    """
    saved: defaultdict[tuple[str, str], int] = defaultdict(int)
    for call in calls:
        question = call["user_id"], call["purpose"]
        saved[question] = max(saved[question], _number(call) or 0)
    return sum(number > last > 0 for question, last in saved.items() for number in world.answered[question])


def _number(call: Row) -> int | None:
    """Give the number of the answer that a saved call brought; None where it was unreadable."""
    written = call[_WRITTEN_IN.get(call["purpose"], "text")]
    return number_in(str(written or ""))


def zeros(audited: Audit) -> dict[str, int]:
    """Name what must be zero."""
    return {
        "lost": audited.lost,
        "doubled": audited.doubled,
        "more_than_one_outcome": audited.more_than_one_outcome,
        "unscreened": audited.unscreened,
        "saved_calls_repeated": audited.saved_calls_repeated,
        "pushed_twice": audited.pushed_twice,
    }


def figures(name: str, audited: Audit) -> dict[str, Figure]:
    """Name the figures of one set-up."""
    shown = {
        "kills": audited.kills,
        "kills_in_work": audited.kills_in_work,
        "kills_of_two_at_work": audited.kills_of_two,
        "unsaved_calls": audited.unsaved_calls,
        "pushes_unknown": audited.pushes_unknown,
    }
    found = {
        f"{name} {key}": Figure(value, "== 0", met=value == 0, n=audited.users) for key, value in zeros(audited).items()
    }
    return found | {f"{name} {key}": Figure(value, "shown", met=True, n=audited.kills) for key, value in shown.items()}
