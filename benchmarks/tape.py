"""Tapes what a store says to its database, so that a bare driver can say exactly the same. Knows no table."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any

import sqlalchemy as sa
from pgqueuer.adapters.persistence.qb import QueryQueueBuilder
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection

from reflecta.adapters.engines.pgconnect import NAMES
from reflecta.adapters.engines.pgworker import ENTRYPOINT
from reflecta.adapters.stores.sql.ticking import Enlist


class Kind(Enum):
    """How a step is run: once, once for each row of values, or as the edge of a transaction."""

    ONE = "one"
    MANY = "many"
    EDGE = "edge"


@dataclass(frozen=True, slots=True)
class Step:
    """One statement with its values as the driver gets them."""

    kind: Kind
    sql: str
    values: Sequence[object] = ()


class Tape:
    """The steps in their order."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def is_begun(self) -> bool:
        """Say whether a transaction is open: reads are none, though SQLAlchemy ends one."""
        edges = (step.sql.split()[0] for step in reversed(self.steps) if step.sql.startswith(("BEGIN", "COMMIT")))
        return next(edges, "COMMIT") == "BEGIN"

    def listen(self, enlist: Enlist) -> Enlist:
        """Tape what is enqueued within a claim too: it does not pass through SQLAlchemy."""

        async def taped(connection: AsyncConnection, occasion_ids: Sequence[str]) -> None:
            self.steps.append(enqueue_step(occasion_ids))
            await enlist(connection, occasion_ids)

        return taped


def enqueue_step(occasion_ids: Sequence[str]) -> Step:
    """Give pgqueuer's own statement for these ids."""
    count = len(occasion_ids)
    values = (
        [0] * count,
        [ENTRYPOINT] * count,
        [occasion_id.encode() for occasion_id in occasion_ids],
        [timedelta(0)] * count,
        list(occasion_ids),
        ["null"] * count,
    )
    return Step(Kind.ONE, QueryQueueBuilder(NAMES).build_enqueue_query("skip"), values)


@contextmanager
def taping() -> Generator[Tape]:
    """Tape every statement of every engine while the block runs."""
    tape = Tape()

    def executed(*arguments: Any) -> None:  # noqa: ANN401 - the event's own types are many
        _connection, _cursor, statement, values, _context, many = arguments
        # An INSERT of many rows that returns some is one statement, though SQLAlchemy counts it as many.
        rows = many and all(isinstance(row, tuple | list) for row in values[:1])
        tape.steps.append(Step(Kind.MANY if rows else Kind.ONE, statement, values))

    def began(connection: sa.Connection) -> None:
        # SQLite's BEGIN is a statement of the store's own; reads on PostgreSQL have none.
        if connection.dialect.name == "postgresql" and "isolation_level" not in connection.get_execution_options():
            tape.steps.append(Step(Kind.EDGE, "BEGIN"))

    def committed(_connection: sa.Connection) -> None:
        if tape.is_begun():
            tape.steps.append(Step(Kind.EDGE, "COMMIT"))

    listeners = {"before_cursor_execute": executed, "begin": began, "commit": committed}
    for name, listener in listeners.items():
        event.listen(sa.Engine, name, listener)
    try:
        yield tape
    finally:
        for name, listener in listeners.items():
            event.remove(sa.Engine, name, listener)
