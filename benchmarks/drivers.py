"""The floor of every store figure: sqlite3 and asyncpg bare, playing transactions that were taped from the store."""

import sqlite3
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol, cast

import asyncpg  # pyright: ignore[reportMissingTypeStubs] - it has none, and few annotations
import sqlalchemy as sa

from benchmarks.tape import Kind, Step

# As the store opens its own.
_PRAGMAS: Final = ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON", "cache_size=-64000")


class Driver(Protocol):
    """A connection without SQLAlchemy."""

    async def play(self, steps: Sequence[Step]) -> None:
        """Run the steps in their order; every row is fetched."""
        ...

    async def run(self, statement: str) -> None:
        """Run one statement outside any transaction."""
        ...


class _Connection(Protocol):
    """What is used of asyncpg's connection."""

    async def execute(self, query: str) -> str: ...
    async def fetch(self, query: str, *args: object) -> list[object]: ...
    async def executemany(self, command: str, args: Sequence[Sequence[object]]) -> None: ...
    async def close(self) -> None: ...


class _Sqlite:
    def __init__(self, path: str) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None, timeout=30)
        for pragma in _PRAGMAS:
            self.connection.execute(f"PRAGMA {pragma}")
        self._cursor = self.connection.cursor()

    async def play(self, steps: Sequence[Step]) -> None:
        for step in steps:
            if step.kind is Kind.MANY:
                self._cursor.executemany(step.sql, cast("Sequence[Sequence[Any]]", step.values))
            else:
                self._cursor.execute(step.sql, step.values).fetchall()

    async def run(self, statement: str) -> None:
        self.connection.execute(statement)


class _Postgres:
    def __init__(self, connection: _Connection) -> None:
        self._connection = connection

    async def play(self, steps: Sequence[Step]) -> None:
        for step in steps:
            if step.kind is Kind.MANY:
                await self._connection.executemany(step.sql, cast("Sequence[Sequence[object]]", step.values))
            elif step.kind is Kind.ONE:
                await self._connection.fetch(step.sql, *step.values)
            else:
                await self._connection.execute(step.sql)

    async def run(self, statement: str) -> None:
        await self._connection.execute(statement)


@asynccontextmanager
async def sqlite_driver(url: str) -> AsyncGenerator[Driver]:
    """Connect to the file of a URL."""
    driver = _Sqlite(sa.make_url(url).database or "")
    try:
        yield driver
    finally:
        driver.connection.close()


@asynccontextmanager
async def postgres_driver(url: str) -> AsyncGenerator[Driver]:
    """Connect to the database of a URL."""
    opened = await asyncpg.connect(url)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - as above
    connection = cast("_Connection", opened)
    try:
        yield _Postgres(connection)
    finally:
        await connection.close()
