"""The contract suite runs on every store: SQLite in memory and in a file, PostgreSQL, Firestore."""

from collections.abc import AsyncGenerator

import pytest
from tests.builders import NOW
from tests.conftest import OpenStore
from tests.databases import Elsewhere, Place, empty
from tests.firestore import new_project

from reflecta.adapters.stores.firestore import FirestoreStore
from reflecta.adapters.stores.sql import SqlStore
from reflecta.application.ports.store import Store
from reflecta.testing import FakeClock


@pytest.fixture(params=["memory", "file", "postgres", "firestore"])
def place(request: pytest.FixtureRequest) -> Place:
    """Give an empty database of each kind; parametrize it indirectly to have fewer kinds."""
    match request.param:
        case "memory":
            return Place("memory", "sqlite://")
        case "firestore":
            return Place("firestore", new_project(request.getfixturevalue("firestore")))
        case kind:
            url: str = request.getfixturevalue("postgres" if kind == "postgres" else "sqlite_file")
            return Place(kind, url)


@pytest.fixture
async def open_store(place: Place) -> AsyncGenerator[OpenStore]:
    """Open stores on one place, as several processes would; all are closed at the end."""
    opened: list[SqlStore | FirestoreStore] = []

    async def another() -> SqlStore | FirestoreStore:
        is_sql = place.kind != "firestore"
        store = SqlStore.at(place.url, pool_size=4) if is_sql else FirestoreStore.at(place.url, FakeClock(NOW))
        opened.append(store)
        await store.open()
        return store

    yield another
    if opened and isinstance(opened[0], SqlStore):
        await empty(opened[0])
    for store in opened:
        await store.aclose()


@pytest.fixture
async def store(place: Place, kept: dict[str, SqlStore]) -> AsyncGenerator[Store]:
    """Open one store."""
    if place.kind == "firestore":
        firestore = FirestoreStore.at(place.url, FakeClock(NOW))
        await firestore.open()
        yield firestore
        await firestore.aclose()
        return
    if place.url not in kept:
        kept[place.url] = SqlStore(Elsewhere(place.url)) if place.kind == "postgres" else SqlStore.at(place.url)
        await kept[place.url].open()
    yield kept[place.url]
    await empty(kept[place.url])
