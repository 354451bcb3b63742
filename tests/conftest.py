"""Fixtures for tests that need a database: a `place` of each kind, a `store` opened there, and more of them."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from pathlib import Path

import pytest
from tests.databases import Place, apart, copy_sqlite, empty, execute_all, migrated, postgres_database, schema_of

from reflecta.adapters.stores.sql import SqlStore

OpenStore = Callable[[], Awaitable[SqlStore]]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    apart(lambda: migrated(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def sqlite_schema(sqlite_template: Path) -> Sequence[str]:
    """Give the statements that make the schema in memory."""
    return schema_of(sqlite_template)


@pytest.fixture(scope="session")
def postgres() -> Generator[str]:
    """Give the URL of this process's own migrated PostgreSQL database."""
    with postgres_database() as url:
        apart(lambda: migrated(url))
        yield url


@pytest.fixture
def blank_postgres() -> Generator[str]:
    """Give the URL of a PostgreSQL database without tables, made for one test."""
    with postgres_database() as url:
        yield url


@pytest.fixture(params=["memory", "file", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Give a migrated, empty database of each kind; parametrize it indirectly to have fewer kinds."""
    if request.param == "postgres":
        return Place("postgres", str(request.getfixturevalue("postgres")))
    if request.param == "file":
        template: Path = request.getfixturevalue("sqlite_template")
        return Place("file", copy_sqlite(template, tmp_path / "reflecta.db"))
    return Place("memory", "sqlite://")


@pytest.fixture
async def open_store(place: Place, sqlite_schema: Sequence[str]) -> AsyncGenerator[OpenStore]:
    """Open stores on one place, as several processes would; all are closed at the end."""
    opened: list[SqlStore] = []

    async def another() -> SqlStore:
        store = SqlStore.at(place.url, pool_size=4)
        opened.append(store)
        if place.kind == "memory":
            await execute_all(store, sqlite_schema)
        await store.open()
        return store

    yield another
    if place.kind == "postgres" and opened:
        await empty(opened[0])
    for store in opened:
        await store.aclose()


@pytest.fixture
async def store(open_store: OpenStore) -> SqlStore:
    """Open one store."""
    return await open_store()
