"""The database of a simulation: one that is empty, that takes no virtual time, and that is out when told to be."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import sqlalchemy as sa

from reflecta.adapters.stores import is_firestore
from reflecta.adapters.stores.sql import SqlStore
from reflecta.adapters.stores.sql.database import Afterwards, Database, PostgresDatabase, Transaction, connect
from reflecta.adapters.stores.sql.schema import metadata
from reflecta.domain.errors import InvalidInput, StoreUnavailable
from reflecta.simulation.scenario import Outage, is_down
from reflecta.simulation.virtual import VirtualClock, standing_still

T = TypeVar("T")

MEMORY: Final = "sqlite://"
_QUEUE: Final = "pgqueuer"
_OURS: Final = frozenset({*metadata.tables, "alembic_version"})


@dataclass(slots=True, kw_only=True)
class Door:
    """What every transaction passes; closed during *outages*, from the time that it is *watched*."""

    outages: Sequence[Outage]
    clock: VirtualClock
    is_watched: bool = False

    def check(self) -> None:
        """Raise StoreUnavailable while the database is to be out."""
        if self.is_watched and is_down(self.outages, self.clock.elapsed()):
            raise StoreUnavailable("the simulated database is out")


def require_empty(url: str) -> None:
    """Refuse a database that holds anything, by InvalidInput: nobody's data is to meet made-up people."""
    if is_firestore(url):
        raise InvalidInput("--database-url", "a simulation plays on SQLite or PostgreSQL; give a new database of those")
    if url != MEMORY:
        asyncio.run(_require_empty(url))


async def _require_empty(url: str) -> None:
    database = connect(url, pool_size=1)
    try:
        found = await database.read(_contents)
    finally:
        await database.aclose()
    if found:
        raise InvalidInput(
            "--database-url",
            f"the database is not empty, it has {', '.join(found[:3])}; a simulation only plays on a database made "
            "for it, and leaves what it wrote there: give a new one",
        )


def _contents(connection: sa.Connection) -> Sequence[str]:
    """Name what a database holds that is not the bare schema of this service."""
    tables = sa.inspect(connection).get_table_names()
    foreign = [name for name in tables if name not in _OURS and not name.startswith(_QUEUE)]
    ours = [name for name in (*metadata.tables, _QUEUE) if name in tables]
    filled = [name for name in ours if connection.scalar(sa.select(sa.literal(1)).select_from(sa.table(name)).limit(1))]
    return [f"rows in {name!r}" for name in filled] + [f"a table {name!r}" for name in foreign]


async def put_behind(door: Door, store: SqlStore, *, pool_size: int) -> None:
    """Let all transactions of *store* pass the *door*, and take no virtual time."""
    database = store.database
    if not isinstance(database, PostgresDatabase):
        if door.outages:
            store.database = _InPlace(database=database, door=door)
        return
    with standing_still():
        await database.aclose()
    store.database = _Elsewhere(database.url, pool_size=pool_size, door=door)


@dataclass(frozen=True, slots=True, kw_only=True)
class _InPlace:
    """SQLite: the virtual loop runs its threads' work in place."""

    database: Database
    door: Door

    async def write(self, transaction: Transaction[T]) -> T:
        self.door.check()
        return await self.database.write(transaction)

    async def read(self, transaction: Transaction[T]) -> T:
        self.door.check()
        return await self.database.read(transaction)

    async def rebuild(self, transaction: Transaction[T]) -> T:
        return await self.database.rebuild(transaction)

    async def aclose(self) -> None:
        await self.database.aclose()


class _Elsewhere(PostgresDatabase):
    """PostgreSQL: real sockets are waited for while virtual time stands still."""

    def __init__(self, url: sa.URL, *, pool_size: int, door: Door) -> None:
        super().__init__(url, pool_size)
        self._door = door

    async def write(self, transaction: Transaction[T], afterwards: Afterwards[T] | None = None) -> T:
        self._door.check()
        return await _finished(super().write(transaction, afterwards))

    async def read(self, transaction: Transaction[T]) -> T:
        self._door.check()
        return await _finished(super().read(transaction))


async def _finished(statements: Coroutine[Any, Any, T]) -> T:
    """Run to the end even where the caller is cancelled, as SQLite's threads do."""

    async def run() -> T:
        with standing_still():
            return await statements

    return await asyncio.shield(asyncio.ensure_future(run()))
