import asyncio
import subprocess
import sys
from collections.abc import Sequence

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.adapters.engines.hands import Hands, ids
from tests.adapters.engines.queued import Queued, installed
from tests.builders import NOW, a_user
from tests.contracts.steps import UNTIL, add, queue_it

from reflecta.adapters.engines.pgconnect import NAMES
from reflecta.adapters.engines.pgqueue import PgQueue
from reflecta.adapters.stores.sql import SqlStore
from reflecta.adapters.stores.sql.database import PostgresDatabase
from reflecta.application.ports import Engine
from reflecta.application.ports.store import Claimed
from reflecta.domain.errors import ConfigurationError, StoreUnavailable
from reflecta.testing import RecordingTelemetry

USERS = [f"u{number}" for number in range(20)]


async def claim(store: SqlStore) -> Claimed:
    """Make an occasion for each user, as a tick does."""
    await add(store, *(a_user(user) for user in USERS))
    return await store.claim(USERS, until=UNTIL, now=NOW, plan=queue_it)


# --- enqueue


async def test_ids_are_queued_in_their_order_and_those_that_wait_already_are_left_out(queued: Queued) -> None:
    engine: Engine = queued.queue
    await engine.enqueue(["c", "a", "a", "b"])
    await engine.enqueue(["b", "d", "c"])

    assert await queued.ids() == ["c", "a", "b", "d"]


async def test_ten_thousand_ids_are_queued_once_though_sent_twice(queued: Queued) -> None:
    for _ in range(2):
        await queued.queue.enqueue(ids(10_000))

    assert await queued.ids() == ids(10_000)


async def test_an_id_may_be_any_text_that_the_ledger_may_hold(queued: Queued) -> None:
    await queued.queue.enqueue(["ütf-8 ☂", "'; DROP TABLE pgqueuer; --"])

    assert await queued.ids() == ["ütf-8 ☂", "'; DROP TABLE pgqueuer; --"]


async def test_nothing_to_enqueue_is_nothing(queued: Queued) -> None:
    await queued.queue.enqueue([])

    assert await queued.ids() == []


async def test_two_at_once_queue_each_id_once(queued: Queued) -> None:
    await asyncio.gather(*(queued.queue.enqueue(ids(500)) for _ in range(4)))

    assert sorted(await queued.ids()) == ids(500)


async def test_a_queue_without_tables_names_the_remedy(blank_postgres: str) -> None:
    queue = PgQueue(blank_postgres, RecordingTelemetry())
    with pytest.raises(ConfigurationError, match="run `reflecta migrate`"):
        await queue.enqueue(["x"])
    await queue.aclose()


@pytest.mark.parametrize("act", ["enqueue", "install"])
async def test_a_database_that_does_not_answer_is_named_so(act: str, unused_tcp_port: int) -> None:
    queue = PgQueue(f"postgresql://postgres:hunter2@127.0.0.1:{unused_tcp_port}/none", RecordingTelemetry())
    with pytest.raises(StoreUnavailable) as caught:
        await (queue.install() if act == "install" else queue.enqueue(["x"]))
    await queue.aclose()

    assert "hunter2" not in f"{caught.value} {queue!r}"


# --- enlist


async def test_a_claim_that_commits_leaves_occasions_and_queue_alike(queued: Queued) -> None:
    claimed = await claim(queued.store)

    assert await queued.counts() == ("20", "20")
    assert await queued.ids() == claimed.queued
    assert claimed.to_enqueue == ()


async def test_a_claim_that_is_rolled_back_leaves_neither(queued: Queued) -> None:
    async def enlist_and_fail(connection: AsyncConnection, occasion_ids: Sequence[str]) -> None:
        await queued.queue.enlist(connection, occasion_ids)
        raise ZeroDivisionError

    queued.store.enlist = enlist_and_fail
    with pytest.raises(ZeroDivisionError):
        await claim(queued.store)

    assert await queued.counts() == ("0", "0")


async def test_enlisting_as_the_first_act_of_a_transaction_is_refused(queued: Queued) -> None:
    database = queued.store.database
    assert isinstance(database, PostgresDatabase)
    with pytest.raises(RuntimeError, match="before their transaction has begun"):
        async with database.engine.begin() as connection:
            await queued.queue.enlist(connection, ["x"])

    assert await queued.ids() == []


async def test_a_failed_enlistment_takes_the_occasions_with_it(queued: Queued) -> None:
    await queued.execute("ALTER TABLE pgqueuer RENAME TO elsewhere")
    with pytest.raises(ConfigurationError, match="run `reflecta migrate`"):
        await claim(queued.store)
    await queued.execute("ALTER TABLE elsewhere RENAME TO pgqueuer")

    assert await queued.counts() == ("0", "0")


# --- install


async def test_installing_again_and_from_four_places_at_once_changes_nothing(blank_postgres: str) -> None:
    queues = [PgQueue(blank_postgres, RecordingTelemetry()) for _ in range(4)]
    await asyncio.gather(*(queue.install() for queue in queues))
    await queues[0].enqueue(["x"])
    await queues[1].install()
    await queues[2].enqueue(["x", "y"])

    async with Queued.at(blank_postgres) as queued:
        assert await queued.ids() == ["x", "y"]
    for queue in queues:
        await queue.aclose()


async def test_the_tables_survive_a_crash_of_the_database(queued: Queued) -> None:
    tables = "FROM pg_class WHERE relname LIKE 'pgqueuer%' AND relkind = 'r'"

    assert await queued.column(f"SELECT relpersistence = 'p' {tables}") == ["True"] * 4  # permanent, not unlogged


async def test_installing_brings_the_tables_of_an_older_pgqueuer_up_to_date(blank_postgres: str) -> None:
    await installed(blank_postgres)
    async with Queued.at(blank_postgres) as queued:
        await queued.execute("ALTER TABLE pgqueuer DROP COLUMN slot, DROP COLUMN attempts")
        with pytest.raises(ConfigurationError, match="run `reflecta migrate`"):
            await queued.queue.run(Hands(), asyncio.Event())

        await queued.queue.install()
        await queued.queue.enqueue(["x"])
        async with queued.working(Hands.free()):
            await queued.becomes_empty()


def test_no_environment_variable_changes_the_names(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CHANNEL", "PGQUEUER_PREFIX", "QUEUE_TABLE", "PGQUEUER_SCHEMA"):
        monkeypatch.setenv(name, "elsewhere")
    monkeypatch.setenv("DURABILITY", "volatile")
    code = "from reflecta.adapters.engines.pgconnect import NAMES; print(NAMES.model_dump_json())"
    elsewhere = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout

    assert elsewhere.strip() == NAMES.model_dump_json()
