"""A SQLite file with one table of numbers, written through `Grouped`, looked at from outside."""

import asyncio
import sqlite3
import threading
from pathlib import Path
from typing import Self

import sqlalchemy as sa
from sqlalchemy import event

from reflecta.adapters.stores.sql.database import SqliteDatabase, Transaction


class Writing:
    """Use as ``async with Writing(path) as writing``; *said* is every statement in its order."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.said: list[str] = []
        self.database = SqliteDatabase(sa.make_url(f"sqlite:///{path}"))
        event.listen(sa.Engine, "before_cursor_execute", self._listen)

    async def __aenter__(self) -> Self:
        await self.database.write(lambda c: c.exec_driver_sql("CREATE TABLE IF NOT EXISTS n (n INTEGER PRIMARY KEY)"))
        self.said.clear()
        return self

    async def __aexit__(self, *_: object) -> None:
        event.remove(sa.Engine, "before_cursor_execute", self._listen)
        await self.database.aclose()

    async def add(self, number: int) -> int:
        """Store a number."""
        return await self.database.write(add(number))

    def stored(self) -> set[int]:
        """Give the numbers that another connection sees."""
        with sqlite3.connect(self.path) as other:
            found = {int(row[0]) for row in other.execute("SELECT n FROM n")}
        other.close()
        return found

    def _listen(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        self.said.append(statement)


def add(number: int) -> Transaction[int]:
    """Make a transaction that stores a number and gives it back."""

    def transaction(connection: sa.Connection) -> int:
        connection.exec_driver_sql("INSERT INTO n VALUES (?)", (number,))
        return number

    return transaction


class Held:
    """A transaction that keeps the thread until it is let go, so that others gather behind it."""

    def __init__(self) -> None:
        self._reached, self._gate = threading.Event(), threading.Event()

    def __call__(self, _: sa.Connection) -> None:
        self._reached.set()
        self._gate.wait(20)

    async def reached(self) -> None:
        """Wait until it runs."""
        await asyncio.to_thread(self._reached.wait, 20)

    def let_go(self) -> None:
        """Let it end."""
        self._gate.set()
