"""Databases for tests: where a store can be opened, how PostgreSQL is made and emptied, and what a table holds.

PostgreSQL is looked for at REFLECTA_TEST_POSTGRES_URL (default: 127.0.0.1:5432, user postgres, no password); each
test process makes a database of its own there and drops it at the end.
"""

import asyncio
import os
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from reflecta.adapters.stores.sql import SqlStore
from reflecta.adapters.stores.sql.database import Transaction, connect
from reflecta.adapters.stores.sql.schema import metadata
from reflecta.application.ports.store import Store

POSTGRES = sa.make_url(os.environ.get("REFLECTA_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres"))
SERVICES_REQUIRED = os.environ.get("REQUIRE_SERVICES") == "1"


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Place:
    """A database that stores can be opened on; *kind* is memory, file or postgres."""

    kind: str
    url: str


def text(url: sa.URL) -> str:
    return url.render_as_string(hide_password=False)


def postgres_url(name: str) -> str:
    return text(POSTGRES.set(drivername="postgresql", database=name))


@contextmanager
def postgres_database() -> Generator[str]:
    """Make a database without tables; give its URL; drop it at the end."""
    name = f"reflecta_test_{os.getpid()}_{uuid4().hex[:12]}"
    try:
        administer(f"CREATE DATABASE {name}")
    except (OSError, DBAPIError) as error:
        _do_without(error)
    # What a power cut would undo is of no account here, and each commit costs half as much.
    administer(f"ALTER DATABASE {name} SET synchronous_commit = off")
    try:
        yield postgres_url(name)
    finally:
        administer(f"DROP DATABASE {name} WITH (FORCE)")


def _do_without(error: Exception) -> None:
    advice = (
        f"PostgreSQL does not answer at {POSTGRES.render_as_string()} ({type(error).__name__}): start one there, or "
        "set REFLECTA_TEST_POSTGRES_URL=postgresql://USER:PASSWORD@HOST/DATABASE, USER being one who may create others"
    )
    if SERVICES_REQUIRED:
        pytest.fail(advice)
    pytest.skip(f"{advice}. With REQUIRE_SERVICES=1 this fails")


def administer(statement: str) -> None:
    """Run a statement on the PostgreSQL server, outside any transaction."""
    apart(lambda: _execute(POSTGRES.set(drivername="postgresql+asyncpg"), statement))


async def _execute(url: sa.URL, statement: str) -> None:
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    try:
        async with engine.connect() as connection:
            await connection.execute(sa.text(statement))
    finally:
        await engine.dispose()


def apart(work: Callable[[], Any]) -> None:
    """Run a coroutine on an event loop of its own, in a thread of its own: fixtures have no say in the test's."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(work())).result()


class Elsewhere:
    """A database on an event loop of its own: asyncpg's connections then outlive the loop of a single test."""

    def __init__(self, url: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._database = connect(url, pool_size=4)

    async def write(self, transaction: Transaction[T]) -> T:
        return await self._there(self._database.write(transaction))

    async def read(self, transaction: Transaction[T]) -> T:
        return await self._there(self._database.read(transaction))

    async def rebuild(self, transaction: Transaction[T]) -> T:
        return await self._there(self._database.rebuild(transaction))

    async def _there(self, work: Coroutine[Any, Any, T]) -> T:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    async def aclose(self) -> None:
        await self._there(self._database.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@asynccontextmanager
async def opened(url: str) -> AsyncGenerator[SqlStore]:
    """Open a store, its schema brought up to date, and close it."""
    store = SqlStore.at(url)
    try:
        await store.open()
        yield store
    finally:
        await store.aclose()


async def migrated(url: str) -> None:
    """Give a database its tables."""
    async with opened(url):
        pass


def sql(store: Store) -> SqlStore:
    """Give a store that is known to be one of SQL."""
    assert isinstance(store, SqlStore)
    return store


async def empty(store: Store) -> None:
    """Delete all rows; for the few of a test this is faster than TRUNCATE, and in one statement than in many."""

    def delete_all(connection: sa.Connection) -> None:
        tables = [table.name for table in metadata.sorted_tables]
        if connection.dialect.name == "postgresql":
            deletions = ", ".join(f"{table}_gone AS (DELETE FROM {table})" for table in tables)  # noqa: S608
            connection.exec_driver_sql(f"WITH {deletions} SELECT 1")
            return
        for table in tables:
            connection.exec_driver_sql(f"DELETE FROM {table}")  # noqa: S608

    await sql(store).database.write(delete_all)


async def rows(store: Store, statement: str, **values: object) -> Sequence[sa.Row[*tuple[Any, ...]]]:
    """Read by a statement of the test's own."""
    return await sql(store).database.read(lambda c: c.execute(sa.text(statement), values).all())


async def write(store: Store, statement: str, **values: object) -> None:
    """Write by a statement of the test's own, behind the store's back."""
    await sql(store).database.write(lambda c: c.execute(sa.text(statement), values).rowcount)


async def dump(store: Store) -> dict[str, list[str]]:
    """Give every row of every table as text."""
    return {
        table.name: sorted(repr(tuple(row)) for row in await rows(store, f'SELECT * FROM "{table.name}"'))  # noqa: S608
        for table in metadata.sorted_tables
    }


@dataclass(frozen=True, slots=True)
class Held:
    """A transaction of somebody else, held open on PostgreSQL."""

    connection: AsyncConnection

    async def execute(self, statement: str) -> None:
        await self.connection.execute(sa.text(statement))

    async def someone_waits(self) -> None:
        """Return as soon as another transaction waits for a lock."""
        # Rows are waited for by transaction, not by database; who waits also holds a lock on a table of this one.
        here = "SELECT pid FROM pg_locks JOIN pg_database d ON d.oid = database WHERE d.datname = current_database()"
        waiting = sa.text(f"SELECT count(*) FROM pg_locks WHERE NOT granted AND pid IN ({here})")  # noqa: S608
        while not await self.connection.scalar(waiting):  # noqa: ASYNC110 - PostgreSQL tells nobody of it
            await asyncio.sleep(0.005)


async def held_open(url: str, work: Callable[[Held], Awaitable[None]]) -> None:
    """Run *work* in one transaction of a connection of its own and commit."""
    engine = create_async_engine(sa.make_url(url).set(drivername="postgresql+asyncpg"), poolclass=sa.NullPool)
    try:
        async with engine.begin() as connection:
            await work(Held(connection))
    finally:
        await engine.dispose()
