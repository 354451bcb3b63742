import asyncio
from datetime import timedelta

import pytest
from tests.adapters.engines.hands import Hands, ids, until

from reflecta.adapters.engines.crew import Work
from reflecta.adapters.engines.local import LocalEngine
from reflecta.application.ports import Engine
from reflecta.domain.errors import ConfigurationError
from reflecta.testing import RecordingTelemetry

NO_GRACE = timedelta()
LONG_GRACE = timedelta(seconds=30)


async def started(work: Work, telemetry: RecordingTelemetry | None = None, *, concurrency: int = 100) -> LocalEngine:
    engine = LocalEngine(work, telemetry or RecordingTelemetry(), concurrency=concurrency)
    await engine.start()
    return engine


async def test_ten_thousand_occasions_are_all_done_in_their_order_and_never_more_at_once_than_allowed() -> None:
    hands = Hands.free()
    engine: Engine = await started(hands, concurrency=7)

    await engine.enqueue(ids(10_000))
    assert isinstance(engine, LocalEngine)
    await engine.drain()

    assert (hands.started, hands.most_at_once) == (ids(10_000), 7)
    assert sorted(hands.done) == ids(10_000)


async def test_an_occasion_that_waits_has_no_task() -> None:
    hands = Hands()
    engine = await started(hands, concurrency=5)
    before = len(asyncio.all_tasks())

    await engine.enqueue(ids(10_000))

    assert len(asyncio.all_tasks()) - before == 5
    await engine.stop(NO_GRACE)


async def test_ids_that_wait_or_are_in_hand_are_left_out() -> None:
    hands = Hands()
    engine = await started(hands, concurrency=1)
    await engine.enqueue(["in-hand", "waits", "waits"])
    await asyncio.sleep(0)
    await engine.enqueue(["waits", "in-hand", "new"])

    hands.gate.set()
    await engine.drain()

    assert hands.done == ["in-hand", "waits", "new"]


async def test_an_occasion_that_is_done_can_be_enqueued_again() -> None:
    hands = Hands.free()
    engine = await started(hands)
    for _ in range(2):
        await engine.enqueue(["again"])
        await engine.drain()

    assert hands.done == ["again", "again"]


async def test_an_exception_is_told_and_stops_nothing() -> None:
    telemetry = RecordingTelemetry()

    async def work(occasion_id: str) -> None:
        if occasion_id == "occasion-00001":
            raise ZeroDivisionError("I cried all night")
        await hands(occasion_id)

    hands = Hands.free()
    engine = await started(work, telemetry, concurrency=1)
    await engine.enqueue(ids(3))
    await engine.drain()

    [(name, told)] = telemetry.events
    assert hands.done == ["occasion-00000", "occasion-00002"]
    assert (name, told["occasion_id"], told["error"]) == ("engine.work_failed", "occasion-00001", "ZeroDivisionError")
    assert str(told["detail"]).startswith("test_local.py:")


async def test_drain_waits_for_what_running_work_enqueues() -> None:
    done: list[str] = []

    async def work(occasion_id: str) -> None:
        await asyncio.sleep(0)
        if len(occasion_id) < 5:
            await engine.enqueue([occasion_id + "x"])
        done.append(occasion_id)

    engine = await started(work)
    await engine.enqueue(["x"])
    await engine.drain()

    assert done == ["x", "xx", "xxx", "xxxx", "xxxxx"]


async def test_drain_of_an_idle_engine_returns_at_once() -> None:
    await (await started(Hands())).drain()


async def test_stop_lets_finish_what_is_in_hand_and_leaves_what_waits() -> None:
    hands, telemetry = Hands(), RecordingTelemetry()
    engine = await started(hands, telemetry, concurrency=2)
    await engine.enqueue(ids(5))

    stopping = asyncio.create_task(engine.stop(LONG_GRACE))
    await until(lambda: len(hands.started) == 2)
    hands.gate.set()
    await stopping

    assert (hands.done, hands.broken_off) == (ids(2), [])
    assert telemetry.events == [("engine.stopped", {"count": 0})]


async def test_stop_breaks_off_what_outlasts_the_grace() -> None:
    hands, telemetry = Hands(), RecordingTelemetry()
    engine = await started(hands, telemetry, concurrency=2)
    await engine.enqueue(ids(5))
    await asyncio.sleep(0)

    await engine.stop(timedelta(seconds=0.05))

    assert (hands.done, sorted(hands.broken_off)) == ([], ids(2))
    assert telemetry.events == [("engine.stopped", {"count": 2})]


async def test_a_stop_that_is_itself_cancelled_leaves_nothing_running() -> None:
    hands = Hands()
    engine = await started(hands)
    await engine.enqueue(["x"])
    stopping = asyncio.create_task(engine.stop(LONG_GRACE))
    await until(lambda: bool(hands.started))

    stopping.cancel()
    await until(stopping.done)

    await until(lambda: hands.broken_off == ["x"])


@pytest.mark.parametrize("stopped_before", [False, True])
async def test_ids_stay_in_the_ledger_while_the_engine_is_not_started(*, stopped_before: bool) -> None:
    hands = Hands.free()
    engine = LocalEngine(hands, RecordingTelemetry())
    if stopped_before:
        await engine.start()
        await engine.stop(NO_GRACE)

    await engine.enqueue(["x"])
    await engine.drain()

    assert hands.started == []


async def test_drain_returns_when_the_engine_is_stopped_meanwhile() -> None:
    engine = await started(Hands(), concurrency=1)
    await engine.enqueue(ids(3))
    draining = asyncio.create_task(engine.drain())

    await engine.stop(NO_GRACE)

    await draining


async def test_an_engine_starts_again_after_a_stop() -> None:
    hands = Hands()
    engine = await started(hands, concurrency=1)
    await engine.enqueue(["broken-off", "forgotten"])
    await engine.stop(NO_GRACE)

    hands.gate.set()
    await engine.start()
    await engine.enqueue(["forgotten"])
    await engine.drain()

    assert hands.done == ["forgotten"]


def test_a_concurrency_of_nothing_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="concurrency is 0"):
        LocalEngine(Hands(), RecordingTelemetry(), concurrency=0)
