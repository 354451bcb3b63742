import asyncio
import signal
from datetime import timedelta

import pytest
from tests.adapters.engines.hands import Hands, ids, until
from tests.adapters.engines.queued import Queued
from tests.databases import apart

from reflecta.adapters.engines.pgqueue import PgQueue
from reflecta.domain.errors import ConfigurationError
from reflecta.testing import RecordingTelemetry

NEVER = timedelta(seconds=600)
PICKED = "SELECT count(*) FROM pgqueuer WHERE status = 'picked'"
DONE = "SELECT count(*) FROM done"
KEPT = """
    SELECT job_id FROM pgqueuer_log WHERE job_id IN (6, 8)
    UNION ALL SELECT count FROM pgqueuer_statistics WHERE count IN (6, 8)
"""


async def test_a_worker_takes_everything_in_its_order_never_more_at_once_than_allowed(queued: Queued) -> None:
    hands = Hands.free()
    await queued.queue.enqueue(ids(300))
    async with queued.working(hands, concurrency=10):
        await queued.becomes_empty()

    assert (hands.started, sorted(hands.done)) == (ids(300), ids(300))
    assert hands.most_at_once <= 10
    assert queued.telemetry.events == [("engine.stopped", {"count": 0})]


async def test_a_worker_fills_its_hands(queued: Queued) -> None:
    hands = Hands()
    await queued.queue.enqueue(ids(30))
    async with queued.working(hands, concurrency=7):
        await until(lambda: len(hands.started) == 7)
        hands.gate.set()


async def test_an_idle_worker_hears_of_new_work(queued: Queued) -> None:
    hands = Hands.free()
    async with queued.working(hands, poll=NEVER):
        await queued.queue.enqueue(["first"])
        await queued.becomes_empty()
        await queued.queue.enqueue(["second"])
        await queued.becomes_empty()

    assert hands.done == ["first", "second"]


async def test_work_that_raises_is_told_and_finished_and_can_be_enqueued_again(queued: Queued) -> None:
    async def work(occasion_id: str) -> None:
        raise ZeroDivisionError(f"I cried all night, {occasion_id}")

    async with queued.working(work):
        for _ in range(2):
            await queued.queue.enqueue(["x"])
            await queued.becomes_empty()

    told = [(name, values["error"]) for name, values in queued.telemetry.events if name == "engine.work_failed"]
    assert told == [("engine.work_failed", "ZeroDivisionError")] * 2
    assert await queued.column("SELECT count(*) FROM pgqueuer_log WHERE traceback IS NOT NULL") == ["0"]


async def test_a_stop_lets_finish_what_is_in_hand_and_leaves_what_waits(queued: Queued) -> None:
    hands = Hands()
    await queued.queue.enqueue(ids(10))
    async with queued.working(hands, concurrency=4) as stop:
        await until(lambda: len(hands.started) == 4)
        stop.set()
        await asyncio.sleep(0.1)
        hands.gate.set()

    assert sorted(hands.done) == ids(4)
    assert await queued.ids() == ids(10)[4:]


async def test_what_outlasts_the_grace_is_queued_again_at_once(queued: Queued) -> None:
    hands = Hands()
    await queued.queue.enqueue(ids(10))
    async with queued.working(hands, concurrency=4, grace=timedelta(seconds=0.1)):
        await until(lambda: len(hands.started) == 4)

    assert (sorted(hands.broken_off), await queued.ids()) == (ids(4), ids(10))
    assert set(await queued.column("SELECT status FROM pgqueuer")) == {"queued"}
    assert queued.telemetry.events == [("engine.stopped", {"count": 4})]


async def test_a_worker_that_is_cancelled_waits_for_nothing_and_queues_again(queued: Queued) -> None:
    hands = Hands()
    await queued.queue.enqueue(ids(3))
    running = asyncio.create_task(queued.queue.run(hands, asyncio.Event()))
    await until(lambda: len(hands.started) == 3)

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert set(await queued.column("SELECT status FROM pgqueuer")) == {"queued"}


async def test_a_worker_told_to_stop_before_it_starts_takes_nothing(queued: Queued) -> None:
    await queued.queue.enqueue(["x"])
    stop = asyncio.Event()
    stop.set()
    await queued.queue.run(Hands.free(), stop)

    assert await queued.ids() == ["x"]


async def test_long_work_is_not_taken_over_while_its_worker_lives(queued: Queued) -> None:
    started: list[str] = []

    async def work(occasion_id: str) -> None:
        started.append(occasion_id)
        await asyncio.sleep(3)  # the heartbeat's time limit is 2

    await queued.queue.enqueue(ids(4))
    async with queued.working(work), queued.working(work):
        await queued.becomes_empty()

    assert sorted(started) == ids(4)


async def test_a_worker_outlives_the_loss_of_its_connections(queued: Queued) -> None:
    hands = Hands.free()
    lose = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'reflecta worker'"
    async with queued.working(hands):
        await queued.queue.enqueue(["before"])
        await queued.becomes_empty()
        await queued.execute(f"{lose} AND datname = current_database()")
        await queued.queue.enqueue(["after"])
        await queued.becomes_empty()

    assert hands.done == ["before", "after"]
    assert "engine.interrupted" in [name for name, _ in queued.telemetry.events]


def test_a_worker_needs_no_main_thread(queue_url: str) -> None:
    hands = Hands.free()

    async def elsewhere() -> None:
        async with Queued.at(queue_url) as queued, queued.working(hands):
            await queued.queue.enqueue(["x"])
            await queued.becomes_empty()

    apart(elsewhere)
    assert hands.done == ["x"]


async def test_a_worker_installs_no_signal_handler(queued: Queued) -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    hands = Hands.free()
    async with queued.working(hands):
        await queued.queue.enqueue(["x"])
        await until(lambda: hands.done == ["x"])

        assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


async def test_the_log_of_finished_work_is_kept_for_a_week(queued: Queued) -> None:
    for table in ("pgqueuer_log (job_id, ", "pgqueuer_statistics (count, "):
        await queued.execute(
            f"INSERT INTO {table} status, priority, entrypoint, created)"  # noqa: S608
            " SELECT days, 'successful', 0, 'occasion', now() - days * interval '1 day' FROM unnest(ARRAY[6, 8]) days"
        )
    async with queued.working(Hands.free()):
        await queued.reaches(2, f"SELECT 4 - count(*) FROM ({KEPT}) kept")  # noqa: S608

    assert await queued.column(KEPT) == ["6", "6"]


async def test_a_worker_without_tables_names_the_remedy(blank_postgres: str) -> None:
    queue = PgQueue(blank_postgres, RecordingTelemetry())
    with pytest.raises(ConfigurationError, match="run `reflecta migrate`"):
        await queue.run(Hands(), asyncio.Event())


async def test_a_concurrency_of_one_is_refused(queued: Queued) -> None:
    with pytest.raises(ConfigurationError, match="concurrency is 1"):
        await queued.queue.run(Hands(), asyncio.Event(), concurrency=1)


async def test_what_a_killed_process_had_in_hand_is_finished_by_another(queued: Queued) -> None:
    await queued.queue.enqueue(ids(100))
    with queued.process("victim", concurrency=20, seconds=60) as victim:
        await queued.reaches(20, PICKED)
        with queued.process("heir", concurrency=50, seconds=0.05):
            await queued.reaches(80, DONE)
            victim.send_signal(signal.SIGKILL)
            await queued.becomes_empty()

    assert await queued.done() == ids(100)
    assert await queued.column("SELECT DISTINCT worker FROM done") == ["heir"]


async def test_a_process_told_to_end_finishes_what_it_has_in_hand(queued: Queued) -> None:
    await queued.queue.enqueue(ids(30))
    with queued.process("polite", concurrency=10, seconds=0.5) as process:
        await queued.reaches(10, PICKED)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 20) == 0

    assert (await queued.done(), await queued.ids()) == (ids(10), ids(30)[10:])
