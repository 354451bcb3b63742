"""How a database's trouble is told: who must act, never what the user wrote, and what works again afterwards."""

import asyncio
import socket
import sqlite3
import traceback
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.builders import a_user, an_entry
from tests.contracts.steps import add
from tests.databases import Held, Place, held_open, opened, rows, write
from tests.faults.proxy import Fault, Plan, StreamProxy

from reflecta.adapters.stores.sql import SqlStore
from reflecta.adapters.stores.sql.database import PostgresDatabase
from reflecta.application.ports.store import Store
from reflecta.domain.errors import ConfigurationError, InvalidInput, StoreUnavailable

CANARY = "canary-7f3a"
sql = pytest.mark.parametrize("place", ["memory", "file", "postgres"], indirect=True)
only_postgres = pytest.mark.parametrize("place", ["postgres"], indirect=True)


def told(error: BaseException) -> str:
    """Give all that a log would show of an error, its causes included."""
    return "".join(traceback.format_exception(error)) + repr(error)


async def refused(store: SqlStore) -> StoreUnavailable:
    """Open a store in vain."""
    try:
        with pytest.raises(StoreUnavailable) as caught:
            await store.open()
    finally:
        await store.aclose()
    return caught.value


# --- URLs


@pytest.mark.parametrize(
    "url",
    ["", "reflecta.db", "postgresql://user:pa:ss@host:secret/name", "postgresql://user@127.0.0.1:99999/name"],
)
def test_what_is_no_url_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"sqlite:///reflecta\.db") as caught:
        SqlStore.at(url)
    assert "secret" not in told(caught.value)


def test_a_database_of_another_kind_is_refused_by_name() -> None:
    with pytest.raises(ConfigurationError, match=r"'mysql'.*sqlite and postgresql"):
        SqlStore.at("mysql://user:secret@host/name")


def test_an_option_that_the_driver_does_not_know_is_refused_with_the_one_it_knows() -> None:
    with pytest.raises(ConfigurationError, match=r"sslmode.*write ssl=require"):
        SqlStore.at("postgresql://user@host/name?sslmode=require")


@only_postgres
@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg", "postgresql+asyncpg"])
async def test_every_spelling_of_postgresql_is_understood(place: Place, scheme: str) -> None:
    async with opened(place.url.replace("postgresql", scheme)) as store:
        await store.ping()


# --- no answer


@pytest.fixture
def free_port() -> Generator[int]:
    """Give a port of loopback on which nothing listens, reserved meanwhile."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]


async def test_a_server_that_does_not_answer_is_named_without_its_password(free_port: int) -> None:
    error = await refused(SqlStore.at(f"postgresql://user:{CANARY}@127.0.0.1:{free_port}/name"))
    assert "does not answer" in str(error)
    assert CANARY not in told(error)


@only_postgres
async def test_a_database_that_does_not_exist_is_named_without_the_password(place: Place) -> None:
    url = sa.make_url(place.url).set(database="reflecta_no_such_database", password=CANARY)
    error = await refused(SqlStore.at(url.render_as_string(hide_password=False)))
    assert "reflecta_no_such_database" in str(error)
    assert CANARY not in told(error)


async def test_whoever_waits_for_a_connection_hears_that_none_can_be_made(free_port: int) -> None:
    url = sa.URL.create("postgresql+asyncpg", username="user", host="127.0.0.1", port=free_port, database="name")
    database = PostgresDatabase(url, pool_size=2)
    waiting = [asyncio.create_task(database.read(lambda c: c.scalar(sa.text("SELECT 1")))) for _ in range(7)]
    try:
        done, left = await asyncio.wait(waiting, timeout=10)
        assert not left
        assert {type(task.exception()) for task in done} == {StoreUnavailable}
    finally:
        for task in waiting:
            task.cancel()
        await database.aclose()


@only_postgres
async def test_a_network_that_swallows_the_farewell_does_not_keep_a_service_from_ending(place: Place) -> None:
    real = sa.make_url(place.url)
    plan = Plan(seed=1, faults=(Fault.HALF_OPEN,), hold=60)
    async with StreamProxy(real.port or 0, plan) as proxy:
        url = real.set(drivername="postgresql+asyncpg", host="127.0.0.1", port=proxy.port)
        database = PostgresDatabase(url)
        assert await database.read(lambda c: c.scalar(sa.text("SELECT 1"))) == 1
        plan.rate = 1.0
        async with asyncio.timeout(10):
            await database.aclose()
    assert plan.struck[Fault.HALF_OPEN] == 1


async def test_a_file_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    error = await refused(SqlStore.at(f"sqlite:///{tmp_path}/no/such/folder/reflecta.db"))
    assert "unable to open database file" in str(error)


async def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "reflecta.db"
    path.write_bytes(b"Dear diary, " * 1000)
    error = await refused(SqlStore.at(f"sqlite:///{path}"))
    assert "not a database" in str(error)


async def test_a_new_file_that_another_process_is_making_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "reflecta.db"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        store = SqlStore.at(f"sqlite:///{path}")
        opening = asyncio.create_task(store.open())
        await asyncio.sleep(0.1)
        other.execute("COMMIT")
        await opening
        await store.aclose()


@only_postgres
async def test_connections_that_the_server_cut_are_replaced(store: SqlStore) -> None:
    await store.ping()
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    with pytest.raises(StoreUnavailable):
        await rows(store, cut)
    failed = [await _fails(store) for _ in range(5)]
    assert failed[-1] is False  # at most the four that the pool may still hold
    await add(store, a_user())


@only_postgres
async def test_a_statement_that_never_answers_is_given_up_and_a_migration_is_not(place: Place) -> None:
    database = PostgresDatabase(sa.make_url(place.url).set(drivername="postgresql+asyncpg"), at_most=0.2)
    slow = sa.text("SELECT pg_sleep(0.6)")
    try:
        with pytest.raises(StoreUnavailable, match="does not answer"):
            await database.write(lambda c: c.execute(slow).all())
        with pytest.raises(StoreUnavailable, match="does not answer"):
            await database.read(lambda c: c.execute(slow).all())
        assert len(await database.rebuild(lambda c: c.execute(slow).all())) == 1
        assert await database.read(lambda c: c.scalar(sa.text("SELECT 1"))) == 1
    finally:
        await database.aclose()


async def _fails(store: SqlStore) -> bool:
    try:
        await store.ping()
    except StoreUnavailable:
        return True
    return False


# --- errors never quote the user


BREAKING = {
    "a missing value": "INSERT INTO contexts VALUES (:canary, :canary, NULL)",
    "a repeated key": "INSERT INTO contexts VALUES ('k', :canary, 'x'), ('k', :canary, 'x')",
    "a forbidden value": (
        "INSERT INTO occasions (id, user_id, due_at, state, forced, created_at) VALUES ('o', 'u', 1, :canary, true, 1)"
    ),
    "an unknown table": "INSERT INTO no_such_table VALUES (:canary)",
    "a type that does not fit": "UPDATE users SET next_due_at = CAST(:canary AS BIGINT), nothing = 1",
}


@sql
@pytest.mark.parametrize("name", BREAKING)
async def test_errors_never_quote_what_was_to_be_written(store: SqlStore, name: str) -> None:
    with pytest.raises(Exception, match=r".") as caught:
        await write(store, BREAKING[name], canary=CANARY)
    assert CANARY not in told(caught.value)


async def test_a_naive_instant_is_refused_without_quoting_the_rest(store: Store) -> None:
    await add(store, a_user())
    entry = an_entry(text=CANARY)
    naive = an_entry(text=CANARY, written_at=entry.written_at.replace(tzinfo=None))
    with pytest.raises(Exception, match="offset-naive") as caught:
        await store.upsert_entries([naive])
    assert CANARY not in told(caught.value)


async def test_a_text_that_cannot_be_stored_is_the_callers_error_and_not_quoted(store: Store) -> None:
    await refuses_text(store, f"{CANARY} \ud800")


@only_postgres
async def test_a_nul_is_the_callers_error_and_not_quoted(store: Store) -> None:
    await refuses_text(store, f"{CANARY} \x00")


async def refuses_text(store: Store, text: str) -> None:
    await add(store, a_user())
    with pytest.raises(InvalidInput, match="clean it first") as caught:
        await store.upsert_entries([an_entry(text=text)])
    assert CANARY not in told(caught.value)
    assert await store.entry("e1") is None


# --- a full disk


async def fill_the_disk(store: SqlStore) -> None:
    """Forbid SQLite's writing connection to grow its file."""

    def forbid(connection: sa.Connection) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    await store.database.write(forbid)


async def test_on_a_full_disk_a_write_is_refused_whole_and_reads_go_on(tmp_path: Path) -> None:
    async with opened(f"sqlite:///{tmp_path}/reflecta.db") as store:
        await add(store, a_user(first_name="Before"))
        await fill_the_disk(store)
        many = [an_entry(f"e{n}", text=CANARY * 1000) for n in range(20)]
        with pytest.raises(StoreUnavailable, match="full") as caught:
            await store.upsert_entries(many)
        assert CANARY not in told(caught.value)
        user = await store.user("u1")
        assert user is not None
        assert (user.first_name, user.entry_count) == ("Before", 0)


async def test_after_room_is_made_on_a_full_disk_the_store_writes_again(tmp_path: Path) -> None:
    async with opened(f"sqlite:///{tmp_path}/reflecta.db") as store:
        await add(store, a_user())
        big = an_entry(text=CANARY * 10_000)
        for _ in range(3):
            await fill_the_disk(store)
            with pytest.raises(StoreUnavailable):
                await store.upsert_entries([big])
        assert await store.upsert_entries([big]) == {}
        assert await store.entry("e1") == big


# --- cancelled callers


@sql
async def test_a_caller_cancelled_during_a_write_leaves_the_store_usable(store: SqlStore) -> None:
    for _ in range(5):
        writing = asyncio.create_task(add(store, *(a_user(f"u{n}") for n in range(50))))
        await asyncio.sleep(0.002)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
    await add(store, a_user("after"))
    assert len(await store.users()) in {1, 51}


@only_postgres
async def test_callers_cancelled_while_they_wait_for_a_lock_give_their_connections_back(
    store: SqlStore, place: Place
) -> None:
    await add(store, a_user())

    async def cancel_all(held: Held) -> None:
        await held.execute("SELECT * FROM users FOR UPDATE")
        writes = [asyncio.create_task(add(store, a_user(first_name=f"{n}"))) for n in range(4)]
        await held.someone_waits()
        for task in writes:
            task.cancel()
        await asyncio.gather(*writes, return_exceptions=True)

    await held_open(place.url, cancel_all)
    async with asyncio.timeout(10):
        await add(store, a_user(first_name="After"))
    assert [user.first_name for user in await store.users()] == ["After"]


async def test_closing_waits_for_the_write_in_hand(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/reflecta.db"
    store = SqlStore.at(url)
    await store.open()
    writing = asyncio.create_task(add(store, *(a_user(f"u{n}") for n in range(100))))
    await asyncio.sleep(0)
    await store.aclose()
    await writing
    async with opened(url) as reopened:
        assert len(await reopened.users(limit=200)) == 100


@pytest.mark.parametrize("place", ["postgres"], indirect=True)
async def test_of_two_transactions_that_lock_each_other_out_both_are_done(store: SqlStore) -> None:
    """PostgreSQL ends one of them after a second; what it was to do is done all the same."""
    await add(store, a_user("a"), a_user("b"))
    tries: list[str] = []

    def crossing(first: str, second: str) -> Callable[[sa.Connection], None]:
        def transaction(connection: sa.Connection) -> None:
            tries.append(first)
            _touch(connection, first)
            if tries.count(first) == 1:
                connection.exec_driver_sql("SELECT pg_sleep(0.3)")
            _touch(connection, second)

        return transaction

    await asyncio.gather(store.database.write(crossing("a", "b")), store.database.write(crossing("b", "a")))

    assert len(tries) == 3


def _touch(connection: sa.Connection, user_id: str) -> None:
    connection.execute(sa.text("UPDATE users SET failures = failures + 1 WHERE id = :id"), {"id": user_id})
