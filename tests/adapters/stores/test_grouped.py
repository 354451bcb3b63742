import asyncio
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import exc
from tests.adapters.stores.writing import Held, Writing, add

from reflecta.adapters.stores.sql.database import SqliteDatabase, Transaction
from reflecta.adapters.stores.sql.grouped import MOST
from reflecta.domain.errors import LeaseLost, StoreUnavailable


@pytest.fixture
async def writing(tmp_path: Path) -> AsyncGenerator[Writing]:
    async with Writing(tmp_path / "numbers.db") as writing:
        yield writing


async def behind(writing: Writing, *transactions: Transaction[object]) -> list[asyncio.Task[object]]:
    """Let transactions gather behind one: the first group is that one alone, the second all of them."""
    first = Held()
    ahead = asyncio.create_task(writing.database.write(first))
    await first.reached()
    waiting = [asyncio.create_task(writing.database.write(one)) for one in transactions]
    await asyncio.sleep(0)
    first.let_go()
    await ahead
    return waiting


async def together(writing: Writing, *transactions: Transaction[object]) -> list[object]:
    return await asyncio.gather(*await behind(writing, *transactions), return_exceptions=True)


def refuse(connection: sa.Connection) -> None:
    connection.exec_driver_sql("INSERT INTO n VALUES (99)")
    raise LeaseLost("somebody else has it")


def break_a_rule(connection: sa.Connection) -> None:
    connection.exec_driver_sql("INSERT INTO n VALUES (98)")
    connection.exec_driver_sql("INSERT INTO n VALUES (98)")


def fail(connection: sa.Connection) -> None:
    connection.exec_driver_sql("INSERT INTO n VALUES (97)")
    connection.exec_driver_sql("SELECT * FROM no_such_table")


async def test_what_waits_together_is_committed_together_in_its_order(writing: Writing) -> None:
    assert await together(writing, add(1), add(2), add(3)) == [1, 2, 3]
    assert writing.said.count("BEGIN IMMEDIATE") == 2
    assert [s for s in writing.said if s.startswith("INSERT")] == ["INSERT INTO n VALUES (?)"] * 3
    assert writing.stored() == {1, 2, 3}


async def test_a_transaction_that_finds_nobody_waiting_is_begun_and_committed_alone(writing: Writing) -> None:
    await writing.add(1)
    await writing.add(2)
    assert writing.said == ["BEGIN IMMEDIATE", "INSERT INTO n VALUES (?)"] * 2


async def test_a_group_is_bounded(writing: Writing) -> None:
    await together(writing, *(add(number) for number in range(2 * MOST)))
    assert writing.said.count("BEGIN IMMEDIATE") == 3


async def test_one_that_raises_is_undone_alone(writing: Writing) -> None:
    first, refused, broken, last = await together(writing, add(1), refuse, break_a_rule, add(2))
    assert (first, type(refused), type(broken), last) == (1, LeaseLost, exc.IntegrityError, 2)
    assert writing.stored() == {1, 2}
    assert writing.said.count("BEGIN IMMEDIATE") == 2  # nothing had to be done again


async def test_where_the_database_fails_within_a_group_only_whose_statement_it_was_hears_of_it(
    writing: Writing,
) -> None:
    first, failed, last = await together(writing, add(1), fail, add(2))
    assert (first, type(failed), last) == (1, StoreUnavailable, 2)
    assert writing.stored() == {1, 2}


async def test_nobody_is_answered_before_the_commit(writing: Writing) -> None:
    last = Held()
    waiting = await behind(writing, add(1), last)
    await last.reached()
    assert (writing.stored(), [task.done() for task in waiting]) == (set(), [False, False])
    last.let_go()
    await asyncio.gather(*waiting)
    assert writing.stored() == {1}


async def test_a_commit_that_fails_is_told_to_all_who_were_in_it(writing: Writing) -> None:
    def fail_at_the_commit(connection: sa.Connection) -> None:
        connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        connection.exec_driver_sql("INSERT INTO child VALUES (500)")

    await writing.database.write(lambda c: c.exec_driver_sql("CREATE TABLE child (n INTEGER REFERENCES n)"))
    done = await together(writing, add(1), fail_at_the_commit, add(2))
    assert [type(one) for one in done] == [exc.IntegrityError] * 3
    assert writing.stored() == set()
    assert await writing.add(3) == 3


async def test_where_another_process_keeps_the_lock_all_are_told(writing: Writing) -> None:
    await writing.database.write(lambda c: c.exec_driver_sql("PRAGMA busy_timeout=0").close())
    other = sqlite3.connect(writing.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    done = await asyncio.gather(*(writing.add(number) for number in range(9)), return_exceptions=True)
    other.execute("ROLLBACK")
    other.close()
    assert [type(one) for one in done] == [StoreUnavailable] * 9
    assert await writing.add(9) == 9
    assert writing.stored() == {9}


async def test_who_is_cancelled_while_waiting_leaves_the_others_in_peace(writing: Writing) -> None:
    first = Held()
    ahead = asyncio.create_task(writing.database.write(first))
    await first.reached()
    cancelled, kept = asyncio.create_task(writing.add(1)), asyncio.create_task(writing.add(2))
    await asyncio.sleep(0)
    cancelled.cancel()
    first.let_go()
    await ahead
    assert await kept == 2
    assert cancelled.cancelled()
    assert writing.stored() == {1, 2}  # it had been handed over


async def test_a_read_sees_whatever_was_acknowledged_before_it_was_asked(writing: Writing) -> None:
    async def write_and_look(number: int) -> bool:
        await writing.add(number)
        found = await writing.database.read(
            lambda c: c.exec_driver_sql("SELECT n FROM n WHERE n = ?", (number,)).scalar()
        )
        return found == number

    assert all(await asyncio.gather(*(write_and_look(number) for number in range(300))))


async def test_closing_works_off_what_waits_and_takes_nothing_more(tmp_path: Path) -> None:
    database = SqliteDatabase(sa.make_url(f"sqlite:///{tmp_path / 'other.db'}"))
    waiting = [asyncio.create_task(database.write(lambda _, number=number: number)) for number in range(5)]
    await asyncio.sleep(0)
    await database.aclose()
    assert await asyncio.gather(*waiting) == [0, 1, 2, 3, 4]
    with pytest.raises(RuntimeError):
        await database.write(lambda _: None)


@pytest.mark.parametrize("seed", range(3))
def test_a_kill_loses_nothing_that_was_acknowledged(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "numbers.db"
    with subprocess.Popen(
        [sys.executable, "-m", "tests.adapters.stores.committing", str(path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        acknowledged = [int(process.stdout.readline()) for _ in range(random.Random(seed).randrange(100, 400))]
        process.send_signal(signal.SIGKILL)
        acknowledged += [int(line) for line in process.stdout if line.endswith("\n")]
    with sqlite3.connect(path) as opened:
        stored = {row[0] for row in opened.execute("SELECT n FROM n")}
        assert opened.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    opened.close()
    assert set(acknowledged) <= stored
    assert len(stored) - len(acknowledged) <= 20  # in flight
