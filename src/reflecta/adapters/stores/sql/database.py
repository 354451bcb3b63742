"""Runs whole transactions on SQLite or PostgreSQL. Knows no table.

Every transaction is a plain function of a synchronous connection, so one body of queries serves both. SQLite
has one writer thread that holds the only writing connection: group work needs no locks, and readers (WAL) never
wait. PostgreSQL runs the same functions over asyncpg.
"""

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeVar
from weakref import WeakSet

import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from reflecta.adapters.stores.sql.grouped import Grouped
from reflecta.domain.errors import ConfigurationError, InvalidInput, StoreUnavailable

T = TypeVar("T")
Transaction = Callable[[sa.Connection], T]
# Runs within a PostgreSQL transaction, after its statements: for a queue that lives in the same database.
Afterwards = Callable[[AsyncConnection, T], Awaitable[None]]

# How long a second process (a `tick` beside `serve`) waits for the write lock before it gives up.
_BUSY_TIMEOUT_MS: Final = 30_000
_WAL_PAUSE: Final = 0.02  # seconds
_CACHE_KB: Final = 64_000
# A statement takes milliseconds; a network that swallows packets must not stop a tick or a lease for ever.
_STATEMENT_AT_MOST: Final = 30.0  # seconds
_CONNECTING_AT_MOST: Final = 10.0
_CLOSING_AT_MOST: Final = 5.0
_MAX_PORT: Final = 65_535
_POSTGRES_OPTIONS: Final = frozenset(
    {"host", "passfile", "port", "prepared_statement_cache_size", "ssl", "target_session_attrs"}
)


class Database(Protocol):
    """Runs functions of a connection as transactions."""

    async def write(self, transaction: Transaction[T]) -> T:
        """Run a transaction that writes; committed when this returns, rolled back when it raises."""
        ...

    async def read(self, transaction: Transaction[T]) -> T:
        """Run a transaction that only reads."""
        ...

    async def rebuild(self, transaction: Transaction[T]) -> T:
        """Run a transaction that writes and may take its time: a migration."""
        ...

    async def aclose(self) -> None:
        """Finish what is in hand and disconnect."""
        ...


class SqlPart:
    """A part of the SQL store: methods over one database."""

    database: Database


def connect(url: str, *, pool_size: int = 10) -> Database:
    """Give the database of a URL: sqlite:///FILE, sqlite:// (in memory) or postgresql://USER@HOST/NAME."""
    parsed = _parse(url)
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return SqliteDatabase(parsed.set(drivername="sqlite"))
    if backend in {"postgresql", "postgres"}:
        return PostgresDatabase(parsed.set(drivername="postgresql+asyncpg"), pool_size=pool_size)
    raise ConfigurationError(
        f"REFLECTA_DATABASE_URL names {backend!r}; Reflecta knows sqlite and postgresql. Choose one of them"
    )


def _parse(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except (exc.ArgumentError, ValueError):  # what it says may hold a part of the password
        parsed = None
    if parsed is None or (parsed.port or 0) > _MAX_PORT:
        raise ConfigurationError(
            "REFLECTA_DATABASE_URL is no database URL; write sqlite:///reflecta.db or postgresql://user@host/name, "
            "with @, : and / in a password as %40, %3A and %2F"
        )
    if parsed.get_backend_name() != "sqlite" and (unknown := parsed.query.keys() - _POSTGRES_OPTIONS):
        raise ConfigurationError(
            f"REFLECTA_DATABASE_URL has the options {sorted(unknown)}, which the driver does not know; "
            f"it knows {sorted(_POSTGRES_OPTIONS)}. For sslmode=require write ssl=require"
        )
    return parsed


@contextmanager
def _named_errors() -> Generator[None]:
    """Turn a driver's trouble into ours, without the statement's parameters: those hold journals."""
    try:
        yield
    except exc.IntegrityError as error:
        # A broken promise of our own, never the database's trouble; PostgreSQL's detail quotes the whole row.
        raise exc.IntegrityError(error.statement, {}, ValueError(_first_line(error)), hide_parameters=True) from None
    except (UnicodeEncodeError, OverflowError):
        raise InvalidInput("value", _UNFIT) from None
    except exc.DBAPIError as error:
        if _is_of_a_value(error):
            raise InvalidInput("value", _UNFIT) from None
        raise StoreUnavailable(f"the database refused: {type(error.orig).__name__}: {_first_line(error)}") from None
    except (OSError, TimeoutError, exc.TimeoutError) as error:
        raise StoreUnavailable(f"the database does not answer: {type(error).__name__}: {error}") from None
    except (BufferError, UnicodeDecodeError) as error:
        raise StoreUnavailable(f"the database's answer cannot be read: {type(error).__name__}") from None


# PostgreSQL's SQLSTATE of the one transaction it ends to free the others, and how often one may be that one.
_DEADLOCK: Final = "40P01"
_DEADLOCKS: Final = 3
_UNFIT: Final = "cannot be stored: it has a NUL or a lone surrogate, or is a number out of range; clean it first"


def _is_of_a_value(error: exc.DBAPIError) -> bool:
    """Say whether PostgreSQL objects to a value (SQLSTATE class 22), which no waiting mends; its text quotes it."""
    state: object = getattr(error.orig, "sqlstate", None)
    return isinstance(state, str) and state.startswith("22")


def _first_line(error: exc.DBAPIError) -> str:
    return str(error.orig).split("\n", 1)[0][:300]


def _prepare_sqlite(dbapi: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    dbapi.isolation_level = None  # transactions begin where `_begin_immediate` says, not where the driver guesses
    cursor = dbapi.cursor()
    _switch_to_wal(cursor)
    for pragma in (
        "synchronous=FULL",  # a power cut must not undo 'sent' after the push has left
        "foreign_keys=ON",
        "secure_delete=ON",  # what is erased is overwritten, not only unlinked
        f"busy_timeout={_BUSY_TIMEOUT_MS}",
        f"cache_size=-{_CACHE_KB}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _switch_to_wal(cursor: DBAPICursor) -> None:
    """Let readers and the writer not wait for each other; kept in the file from its first opening on."""
    give_up_at = time.monotonic() + _BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > give_up_at:
                raise
            # Another process opens the new file at this moment; for this switch SQLite may not wait by itself.
            time.sleep(_WAL_PAUSE)
        else:
            return


class SqliteDatabase:
    """SQLite in this process: one thread writes, another reads; in memory, one does both."""

    def __init__(self, url: sa.URL) -> None:
        in_memory = url.database in {None, "", ":memory:"}
        self._engine = sa.create_engine(
            url,
            poolclass=sa.StaticPool if in_memory else sa.NullPool,
            connect_args={"check_same_thread": False},
            hide_parameters=True,  # they hold journals
        )
        event.listen(self._engine, "connect", _prepare_sqlite)
        self._writer = Grouped(self._engine, "reflecta-writer", _named_errors)
        self._reader = self._writer if in_memory else Grouped(self._engine, "reflecta-reader", _named_errors)

    async def write(self, transaction: Transaction[T]) -> T:
        """Run on the writer thread."""
        return await self._writer.run(transaction, writes=True)

    async def read(self, transaction: Transaction[T]) -> T:
        """Run on the reader thread, statement by statement."""
        return await self._reader.run(transaction, writes=False)

    async def rebuild(self, transaction: Transaction[T]) -> T:
        """Run on the writer thread, which knows no limit."""
        return await self.write(transaction)

    async def aclose(self) -> None:
        """Let both threads end."""
        for worker in {self._reader, self._writer}:
            await worker.aclose()
        self._engine.dispose()


@dataclass(slots=True)
class PostgresDatabase:
    """PostgreSQL over asyncpg, with a pool of connections; a statement has *at_most* seconds."""

    url: sa.URL
    pool_size: int = 10
    at_most: float = _STATEMENT_AT_MOST
    engine: AsyncEngine = field(init=False)
    _reading: AsyncEngine = field(init=False)
    _places: asyncio.Semaphore = field(init=False)
    _connected: WeakSet[Any] = field(init=False, default_factory=WeakSet[Any])

    def __post_init__(self) -> None:
        """Make the pool; nothing is connected yet."""
        # Nobody waits in the pool itself: where a connection cannot be made, it wakes none of those who wait there.
        # Waiting here needs no limit: every statement of those who hold a connection has its own.
        self._places = asyncio.Semaphore(self.pool_size)
        self.engine = create_async_engine(
            self.url,
            pool_size=self.pool_size,
            max_overflow=0,
            connect_args={"timeout": _CONNECTING_AT_MOST, "command_timeout": self.at_most},
            hide_parameters=True,
        )
        # Reads need no transaction: saves two round trips each.
        self._reading = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        event.listen(self.engine.sync_engine, "connect", self._remember)

    def _remember(self, connected: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        self._connected.add(connected.driver_connection)

    async def write(self, transaction: Transaction[T], afterwards: Afterwards[T] | None = None) -> T:
        """Run in one transaction, *afterwards* included; again where it lost a deadlock."""
        with _named_errors():
            for _ in range(_DEADLOCKS - 1):
                try:
                    return await self._transact(transaction, afterwards)
                except exc.DBAPIError as error:
                    if getattr(error.orig, "sqlstate", None) != _DEADLOCK:
                        raise
            return await self._transact(transaction, afterwards)

    async def _transact(self, transaction: Transaction[T], afterwards: Afterwards[T] | None) -> T:
        async with self._places, self.engine.begin() as connection:
            result = await connection.run_sync(transaction)
            if afterwards is not None:
                await afterwards(connection, result)
            return result

    async def read(self, transaction: Transaction[T]) -> T:
        """Run statement by statement."""
        with _named_errors():
            async with self._places, self._reading.connect() as connection:
                return await connection.run_sync(transaction)

    async def rebuild(self, transaction: Transaction[T]) -> T:
        """Run in one transaction over a connection of its own, without a limit on its statements."""
        engine = create_async_engine(self.url, poolclass=sa.NullPool, hide_parameters=True)
        try:
            with _named_errors():
                async with engine.begin() as connection:
                    return await connection.run_sync(transaction)
        finally:
            await engine.dispose()

    async def aclose(self) -> None:
        """Close the pool, by force where the server does not answer the farewell."""
        try:
            async with asyncio.timeout(_CLOSING_AT_MOST):
                await self.engine.dispose()
        except TimeoutError:
            for connection in self._connected:
                connection.terminate()
