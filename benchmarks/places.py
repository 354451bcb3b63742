"""Databases to measure on: a SQLite file, and PostgreSQL where one answers, with the tables of this version."""

import os
import sys
import tempfile
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

from sqlalchemy.exc import DBAPIError
from tests.databases import POSTGRES, administer, opened, postgres_url

from benchmarks.drivers import Driver, postgres_driver, sqlite_driver
from benchmarks.job import WARM_UP
from benchmarks.people import add_journals, add_users
from reflecta.adapters.stores.sql import SqlStore

_ENTRIES: Final = 12  # as in the measurement of the original


@dataclass(frozen=True, slots=True)
class Place:
    """A database of its own; *kind* is sqlite or postgresql."""

    kind: str
    url: str

    @asynccontextmanager
    async def driver(self) -> AsyncGenerator[Driver]:
        """Connect without the service."""
        connect = sqlite_driver if self.kind == "sqlite" else postgres_driver
        async with connect(self.url) as driver:
            yield driver

    @asynccontextmanager
    async def store(self) -> AsyncGenerator[SqlStore]:
        """Open the service's store."""
        async with opened(self.url) as store:
            yield store


def kinds() -> Sequence[str]:
    """Say what can be measured on, and say it aloud when that is not everything."""
    try:
        administer("SELECT 1")
    except (OSError, DBAPIError) as error:
        where = POSTGRES.render_as_string()
        print(  # noqa: T201
            f"PostgreSQL does not answer at {where} ({type(error).__name__}): measuring SQLite alone. Start one there, "
            "or set REFLECTA_TEST_POSTGRES_URL",
            file=sys.stderr,
        )
        return ("sqlite",)
    return ("sqlite", "postgresql")


@contextmanager
def place(kind: str) -> Generator[Place]:
    """Make an empty database and drop it at the end; PostgreSQL keeps its own settings."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(prefix="reflecta-bench-") as folder:
            yield Place(kind, f"sqlite:///{Path(folder) / 'bench.db'}")
        return
    name = f"reflecta_bench_{os.getpid()}_{uuid4().hex[:8]}"
    administer(f"CREATE DATABASE {name}")
    try:
        yield Place(kind, postgres_url(name))
    finally:
        administer(f"DROP DATABASE {name} WITH (FORCE)")


@asynccontextmanager
async def town(kind: str, messages: int) -> AsyncGenerator[Place]:
    """Give a database in which so many users, and those of the warm-up, are due and have written."""
    with place(kind) as there:
        async with there.store() as store:
            await add_users(store, messages + WARM_UP, due=messages + WARM_UP)
            await add_journals(store, entries=_ENTRIES)
        yield there
