"""Names every I/O boundary that a process of the service passes, and kills the process at a chosen one.

A boundary is the moment before or after a statement, a BEGIN or a COMMIT (at the drivers: sqlite3's cursor,
asyncpg's protocol, so that pgqueuer's own are among them) and before or after a request. Its name begins with what
the service was doing: the store's method, the queue's, or the request.
"""

import os
import re
import signal
import sqlite3
import sys
import threading
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, TypeVar

import asyncpg  # pyright: ignore[reportMissingTypeStubs] - it has none
import sqlalchemy as sa
from sqlalchemy import event

from reflecta.adapters.channels.expo import ExpoChannel
from reflecta.adapters.stores.sql.database import PostgresDatabase, SqliteDatabase, Transaction

T = TypeVar("T")

# A boundary: its name, and the how-many-th of that name in the life of the process.
Place = tuple[str, int]

NOT_COUNTED = "watch_the_ledger"
_TABLE = re.compile(r"\b(?:INTO|UPDATE|FROM)\s+\"?([a-z_]+)")
_act: ContextVar[str | None] = ContextVar("act", default=None)
# What SQLite's writer was asked for and has not begun: a BEGIN is of the first of them.
_begun_next: deque[str] = deque()


@dataclass
class Fate:
    """Tells every boundary, and kills this process at the one that it was told to die at."""

    tell: Callable[[str], object]
    die_at: Place | None = None
    _passed: Counter[str] = field(default_factory=Counter[str])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def passes(self, name: str) -> None:
        """Count one boundary; does not return where it is the last one."""
        if name.startswith(NOT_COUNTED):
            return
        with self._lock:
            self._passed[name] += 1
            self.tell(name)
            if (name, self._passed[name]) == self.die_at:
                os.kill(os.getpid(), signal.SIGKILL)


def watch(fate: Fate) -> None:
    """Watch this process from here on; belongs into one that does nothing else."""
    _name_transactions()
    _watch_sqlite(fate)
    _watch_postgres(fate)
    _watch_channel(fate)


def _name_transactions() -> None:
    """Let each transaction be known by the store's method that it is of."""
    of_a_file: Any = SqliteDatabase
    of_a_file.write = _named_in_its_thread(SqliteDatabase.write, _begun_next)
    of_a_file.read = _named_in_its_thread(SqliteDatabase.read, deque())
    of_a_server: Any = PostgresDatabase
    of_a_server.write = _named_in_its_task(PostgresDatabase.write)
    of_a_server.read = _named_in_its_task(PostgresDatabase.read)


def _named_in_its_thread(run: Callable[..., Any], waiting: deque[str]) -> Callable[..., Any]:
    """Name what a thread does, in the order in which it was asked to."""

    async def run_named(self: SqliteDatabase, transaction: Transaction[Any]) -> Any:
        waiting.append(_method(transaction))

        def transact(connection: sa.Connection) -> Any:
            _act.set(waiting.popleft())
            return transaction(connection)

        return await run(self, transact)

    return run_named


def _named_in_its_task(run: Callable[..., Any]) -> Callable[..., Any]:
    async def run_named(self: PostgresDatabase, transaction: Transaction[Any], *rest: Any) -> Any:
        token = _act.set(_method(transaction))
        try:
            return await run(self, transaction, *rest)
        finally:
            _act.reset(token)

    return run_named


def _method(transaction: Transaction[Any]) -> str:
    """Give the method that a transaction was written in: TickSql.claim.<locals>.transaction is of claim."""
    return getattr(transaction, "__qualname__", "unnamed").split(".<locals>")[0].rsplit(".", 1)[-1]


def _brief(statement: str) -> str:
    """Give a statement's verb and table."""
    verb = "DEQUEUE" if "SKIP LOCKED" in statement and "pgqueuer" in statement else statement.split(None, 1)[0].upper()
    table = _TABLE.search(statement)
    return f"{verb} {table[1]}" if table else verb.rstrip(";")


def _watch_sqlite(fate: Fate) -> None:
    """Have SQLAlchemy make watched connections."""
    watched = type("Watched", (_Connection,), {"fate": fate})

    def connect(dialect: sa.Dialect, _record: object, _arguments: object, options: dict[str, Any]) -> None:
        if dialect.name == "sqlite":
            options["factory"] = watched

    event.listen(sa.Engine, "do_connect", connect)


class _Connection(sqlite3.Connection):
    """A connection that tells its fate of each statement."""

    fate: Fate
    writes = False
    is_of_a_group = False

    def cursor(self, factory: Any = None) -> Any:
        return super().cursor(factory or _Cursor)

    def commit(self) -> None:
        self.around("COMMIT" if self.writes else "END", super().commit)

    def rollback(self) -> None:
        self.around("ROLLBACK", super().rollback)

    def around(self, statement: str, run: Callable[[], T]) -> T:
        """Run a statement between two boundaries."""
        act, brief = self._doing(statement), _brief(statement)
        self.fate.passes(f"{act}: before {brief}")
        result = run()
        self.fate.passes(f"{act}: after {brief}")
        return result

    def _doing(self, statement: str) -> str:
        match statement.split(maxsplit=1)[0]:
            case "PRAGMA":
                return "connect"
            case "BEGIN":
                self.writes, self.is_of_a_group = True, False
                return _begun_next[0]
            case "SAVEPOINT" | "RELEASE":
                self.is_of_a_group = True
                return "group"
            case "COMMIT" if self.is_of_a_group:
                return "group"
            case _:
                return _act.get() or "connect"


class _Cursor(sqlite3.Cursor):
    """A cursor of such a connection."""

    def execute(self, sql: str, *values: Any) -> "_Cursor":
        return self._watched.around(sql, lambda: super(_Cursor, self).execute(sql, *values))

    def executemany(self, sql: str, *values: Any) -> "_Cursor":
        return self._watched.around(sql, lambda: super(_Cursor, self).executemany(sql, *values))

    @property
    def _watched(self) -> _Connection:
        assert isinstance(self.connection, _Connection)
        return self.connection


def _watch_postgres(fate: Fate) -> None:
    """Put a watched protocol under every connection: SQLAlchemy's and pgqueuer's statements all pass through it."""
    connection: Any = asyncpg.Connection
    made = connection.__init__

    def make(self: Any, protocol: Any, *rest: Any) -> None:
        made(self, _Protocol(protocol, fate), *rest)

    connection.__init__ = make


class _Protocol:
    """asyncpg's protocol, each round trip of a statement between two boundaries."""

    def __init__(self, inner: Any, fate: Fate) -> None:
        self._inner = inner
        self._fate = fate

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def query(self, query: str, *rest: Any) -> Any:
        return await self._around(query, self._inner.query(query, *rest))

    async def bind_execute(self, state: Any, *rest: Any, **named: Any) -> Any:
        return await self._around(state.query, self._inner.bind_execute(state, *rest, **named))

    async def bind_execute_many(self, state: Any, *rest: Any, **named: Any) -> Any:
        return await self._around(state.query, self._inner.bind_execute_many(state, *rest, **named))

    async def _around(self, statement: str, answer: Awaitable[Any]) -> Any:
        """Wait for an answer; asyncpg sends nothing before it is waited for."""
        act, brief = _doing(statement), _brief(statement)
        self._fate.passes(f"{act}: before {brief}")
        result = await answer
        found = f" ({'jobs' if result else 'nothing'})" if act == "queue.dequeue" else ""
        self._fate.passes(f"{act}: after {brief}{found}")
        return result


def _doing(statement: str) -> str:
    """Say what a statement on PostgreSQL is for."""
    if "pg_catalog" in statement or "information_schema" in statement:
        return "connect"
    act = _act.get()
    if act is not None:
        return act
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    while frame is not None:
        if frame.f_code.co_filename.endswith("persistence/queries.py"):
            return f"queue.{frame.f_code.co_name}"
        frame = frame.f_back
    return "queue.connection"


def _watch_channel(fate: Fate) -> None:
    """Watch the push service's two requests."""

    def watched(name: str, ask: Callable[..., Any]) -> Callable[..., Any]:
        async def asked(self: ExpoChannel, given: Any) -> Any:
            fate.passes(f"{name}: before the request")
            answer = await ask(self, given)
            fate.passes(f"{name}: after the answer")
            return answer

        return asked

    ExpoChannel.send = watched("push", ExpoChannel.send)
    ExpoChannel.receipts = watched("receipts", ExpoChannel.receipts)
