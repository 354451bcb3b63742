"""Fixtures for tests that need a database: a `place` of each kind, a `store` opened there, and more of them.

Between tests all tables are emptied. The stores of `store` are kept for the session: statements are then compiled
once, connections made once.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator

import pytest
from tests.databases import Elsewhere, Place, apart, empty, migrated, postgres_database
from tests.firestore import emulator

from reflecta.adapters.stores.sql import SqlStore
from reflecta.application.ports.store import Store

OpenStore = Callable[[], Awaitable[Store]]


@pytest.fixture(scope="session")
def postgres(kept: dict[str, SqlStore]) -> Generator[str]:
    """Give the URL of this process's own migrated PostgreSQL database."""
    with postgres_database() as url:
        apart(lambda: migrated(url))
        yield url
        if url in kept:
            apart(kept.pop(url).aclose)


@pytest.fixture
def blank_postgres() -> Generator[str]:
    """Give the URL of a PostgreSQL database without tables, made for one test."""
    with postgres_database() as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give the URL of this process's SQLite file."""
    return f"sqlite:///{tmp_path_factory.mktemp('sqlite') / 'reflecta.db'}"


@pytest.fixture(scope="session")
def kept() -> Generator[dict[str, SqlStore]]:
    """Keep stores by their URL until the session ends."""
    stores: dict[str, SqlStore] = {}
    yield stores
    for store in stores.values():
        apart(store.aclose)


@pytest.fixture(scope="session")
def firestore() -> Generator[str]:
    """Give the HOST:PORT of this process's own emulator."""
    with emulator() as address:
        yield address


@pytest.fixture(params=["memory", "file", "postgres"])
def place(request: pytest.FixtureRequest) -> Place:
    """Give a migrated, empty database of each kind; parametrize it indirectly to have fewer kinds."""
    if request.param == "memory":
        return Place("memory", "sqlite://")
    fixture = "postgres" if request.param == "postgres" else "sqlite_file"
    url: str = request.getfixturevalue(fixture)
    return Place(request.param, url)


@pytest.fixture
async def open_store(place: Place) -> AsyncGenerator[OpenStore]:
    """Open stores on one place, as several processes would; all are closed at the end."""
    opened: list[SqlStore] = []

    async def another() -> SqlStore:
        store = SqlStore.at(place.url, pool_size=4)
        opened.append(store)
        await store.open()
        return store

    yield another
    if opened:
        await empty(opened[0])
    for store in opened:
        await store.aclose()


@pytest.fixture
async def store(place: Place, kept: dict[str, SqlStore]) -> AsyncGenerator[SqlStore]:
    """Open one store."""
    if place.url not in kept:
        kept[place.url] = SqlStore(Elsewhere(place.url)) if place.kind == "postgres" else SqlStore.at(place.url)
        await kept[place.url].open()
    yield kept[place.url]
    await empty(kept[place.url])
