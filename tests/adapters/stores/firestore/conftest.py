"""A store on the emulator, with the documents of an app that knows nothing of it."""

from collections.abc import AsyncGenerator, Awaitable, Callable

import pytest
from tests.builders import NOW
from tests.firestore import new_project

from reflecta.adapters.stores.firestore import FirestoreStore
from reflecta.testing import FakeClock

Another = Callable[[], Awaitable[FirestoreStore]]


@pytest.fixture
def clock() -> FakeClock:
    """Give the clock that all stores of a test go by."""
    return FakeClock(NOW)


@pytest.fixture
def project(firestore: str) -> str:
    """Give the URL of an empty project."""
    return new_project(firestore)


@pytest.fixture
async def another(project: str, clock: FakeClock) -> AsyncGenerator[Another]:
    """Open stores on one project, as several processes would."""
    opened = list[FirestoreStore]()

    async def open_one() -> FirestoreStore:
        store = FirestoreStore.at(project, clock)
        opened.append(store)
        await store.open()
        return store

    yield open_one
    for store in opened:
        await store.aclose()


@pytest.fixture
async def store(another: Another) -> FirestoreStore:
    """Open one store."""
    return await another()
