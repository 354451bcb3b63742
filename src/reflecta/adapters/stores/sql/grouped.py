"""A thread with a connection of its own that commits together what waits together. Knows SQLite and no table.

A commit costs a flush to the disk, whatever is in it. While one group is flushed the next one gathers; a
transaction that finds the thread idle is a group of its own and waits for nobody.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy import exc

from reflecta.domain.errors import StoreUnavailable

T = TypeVar("T")
Transaction = Callable[[sa.Connection], T]

# A group holds the write lock that other processes wait for: some 20 ms.
MOST: Final = 64
_MOST_READS: Final = 8
# Deferred transactions that turn to writing fail at once when another process writes. Said here, where SQLAlchemy's
# own begin says nothing to SQLite: a listener for its events would cost every statement.
_BEGIN: Final = "BEGIN IMMEDIATE"


@dataclass(slots=True)
class _Job:
    """A transaction, who waits for it, and how it ended."""

    transaction: Transaction[object]
    writes: bool
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[object]
    result: object = None
    error: BaseException | None = None


class _Undone(Exception):
    """The database itself failed within a group: nothing of it stands, and nobody was told otherwise."""


class Grouped:
    """Runs transactions in the order they came, on one thread, at most `MOST` in one commit.

    Each has a savepoint: one that raises is undone alone. Nobody is answered before the commit. Where the
    database fails within a group, the group is undone and each is done again alone, so they must be repeatable.
    *named* turns the driver's trouble into ours.
    """

    def __init__(self, engine: sa.Engine, name: str, named: Callable[[], AbstractContextManager[None]]) -> None:
        self._engine = engine
        self._named = named
        self._threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._lock = threading.Lock()
        self._waiting: deque[_Job] = deque()
        self._is_busy = False
        self._open: list[sa.Connection] = []

    async def run(self, transaction: Transaction[T], *, writes: bool) -> T:
        """Run a transaction that *writes*, committed when this returns, or statements that only read."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[object] = loop.create_future()
        with self._lock:
            self._waiting.append(_Job(transaction, writes, loop, done))
            is_idle, self._is_busy = not self._is_busy, True
        if is_idle:
            loop.run_in_executor(self._threads, self._work_off)
        # Shielded: a caller that is cancelled must not leave half a belief about what was committed.
        return cast("T", await asyncio.shield(done))

    async def aclose(self) -> None:
        """Work off what waits, and disconnect."""
        await asyncio.get_running_loop().run_in_executor(self._threads, self._close)
        self._threads.shutdown()

    def _work_off(self) -> None:
        while group := self._next():
            try:
                self._transact(group)
            except BaseException as error:  # noqa: BLE001 - it is theirs: begin or commit failed, nothing stands
                for job in group:
                    job.error = error
            _answer(group)

    def _next(self) -> Sequence[_Job]:
        with self._lock:
            # Reads share nothing but the way to this thread: few at once, so that the first need not wait for many.
            group: list[_Job] = []
            while self._waiting and len(group) < (MOST if self._waiting[0].writes else _MOST_READS):
                if group and self._waiting[0].writes is not group[0].writes:
                    break
                group.append(self._waiting.popleft())
            self._is_busy = bool(group)
            return group

    def _transact(self, group: Sequence[_Job]) -> None:
        if len(group) > 1 and group[0].writes:
            try:
                self._together(group)
            except _Undone:
                pass
            else:
                return
        for job in group:
            self._alone(job)

    def _alone(self, job: _Job) -> None:
        try:
            with self._named():
                connection = self._connection()
                try:
                    with connection.begin():
                        if job.writes:
                            connection.exec_driver_sql(_BEGIN)
                        job.result = job.transaction(connection)
                except exc.DBAPIError:
                    self._forget(connection)
                    raise
        except BaseException as error:  # noqa: BLE001 - whose it is hears of it
            job.error = error

    def _together(self, group: Sequence[_Job]) -> None:
        with self._named():
            connection = self._connection()
            try:
                with connection.begin():
                    connection.exec_driver_sql(_BEGIN)
                    for job in group:
                        self._within(connection, job)
            except (exc.DBAPIError, _Undone):
                self._forget(connection)
                raise

    def _within(self, connection: sa.Connection, job: _Job) -> None:
        """Run one of a group; what it raised is its own, unless the database failed."""
        connection.exec_driver_sql("SAVEPOINT job")
        try:
            with self._named():
                job.result = job.transaction(connection)
        except StoreUnavailable as error:
            raise _Undone from error
        except BaseException as error:  # noqa: BLE001 - as above
            job.error = error
            connection.exec_driver_sql("ROLLBACK TO job")
        connection.exec_driver_sql("RELEASE job")

    def _connection(self) -> sa.Connection:
        if not self._open:
            self._open.append(self._engine.connect())
        return self._open[0]

    def _forget(self, connection: sa.Connection) -> None:
        """Drop a connection that failed (disk full, I/O error); the next transaction opens a new one."""
        if not isinstance(self._engine.pool, sa.StaticPool):
            self._open.clear()
            connection.close()

    def _close(self) -> None:
        for connection in self._open:
            connection.close()
        self._open.clear()


def _answer(group: Sequence[_Job]) -> None:
    """Tell all who wait, each loop once."""
    for loop in {job.loop for job in group}:
        try:
            loop.call_soon_threadsafe(_resolve, [job for job in group if job.loop is loop])
        except RuntimeError:  # the loop has ended, and nobody waits
            continue


def _resolve(jobs: Iterable[_Job]) -> None:
    for job in jobs:
        if job.done.cancelled():
            continue
        if job.error is None:
            job.done.set_result(job.result)
        else:
            job.done.set_exception(job.error)
