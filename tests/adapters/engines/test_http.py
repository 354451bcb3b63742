import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

import pytest
from aiohttp import web
from tests.adapters.engines.hands import ids, until
from tests.adapters.engines.processor_server import ProcessorServer, success

from reflecta.adapters.engines.http import HttpEngine
from reflecta.application.ports import Engine
from reflecta.testing import RecordingTelemetry

Told = Mapping[str, str | float | bool | None]
SECRET = "cron-secret"


def counted(telemetry: RecordingTelemetry) -> Told:
    """Give the count of the one round that ended."""
    [told] = [told for name, told in telemetry.events if name == "engine.called"]
    return told


async def test_every_occasion_is_called_for_once_and_the_drain_waits_for_the_last_answer() -> None:
    telemetry = RecordingTelemetry()
    async with ProcessorServer() as server:
        engine = HttpEngine(server.url, SECRET, telemetry, concurrency=10)
        as_port: Engine = engine
        await as_port.enqueue(ids(200))
        await engine.drain()

        assert sorted(server.answered) == ids(200)
        assert counted(telemetry) == {"count": 200, "left": 0, "unanswered": 0, "errors": 0}


async def test_calls_run_beside_the_tick_at_most_as_many_as_allowed_over_as_many_connections() -> None:
    async def slowly(request: web.Request, occasion_id: str) -> web.StreamResponse:
        await asyncio.sleep(0.01)
        return await success(request, occasion_id)

    async with ProcessorServer(slowly) as server:
        engine = HttpEngine(server.url, SECRET, RecordingTelemetry(), concurrency=4)
        await engine.enqueue(ids(20))
        await engine.enqueue(ids(40))
        assert server.answered == []
        await engine.drain()

        assert Counter(server.called) == Counter(ids(40))
        assert (server.most_at_once, len(server.connections)) == (4, 4)


async def test_an_occasion_that_was_answered_is_not_called_for_again_in_the_same_round() -> None:
    async with ProcessorServer() as server:
        engine = HttpEngine(server.url, SECRET, RecordingTelemetry())
        await engine.enqueue(["x"])
        await until(lambda: server.answered == ["x"])
        await engine.enqueue(["x", "y"])
        await engine.drain()

        assert server.called == ["x", "y"]


async def test_a_call_that_fails_touches_no_other() -> None:
    async def drop_each_tenth(request: web.Request, occasion_id: str) -> web.StreamResponse:
        if occasion_id.endswith("0"):
            assert request.transport is not None
            request.transport.abort()
        return await success(request, occasion_id)

    telemetry = RecordingTelemetry()
    async with ProcessorServer(drop_each_tenth) as server:
        engine = HttpEngine(server.url, SECRET, telemetry, concurrency=5)
        await engine.enqueue(ids(50))
        await engine.drain()

    failed = {told["occasion_id"]: told["error"] for name, told in telemetry.events if name == "engine.call_failed"}
    assert failed == dict.fromkeys(ids(50)[::10], "ServerDisconnectedError")
    assert counted(telemetry) == {"count": 45, "left": 0, "unanswered": 0, "errors": 5}


async def test_an_answer_that_is_an_error_is_told_with_its_status() -> None:
    async def answer(_: web.Request, occasion_id: str) -> web.StreamResponse:
        return web.Response(status={"lost": 404, "broken": 500, "moved": 307}[occasion_id], headers={"Location": "/"})

    telemetry = RecordingTelemetry()
    async with ProcessorServer(answer) as server:
        engine = HttpEngine(server.url, SECRET, telemetry)
        await engine.enqueue(["lost", "broken", "moved"])
        await engine.drain()

    told = {told["occasion_id"]: told["status"] for name, told in telemetry.events if name == "engine.call_failed"}
    assert told == {"lost": 404, "broken": 500, "moved": 307}


async def test_nobody_at_the_address_is_an_error_of_each_call() -> None:
    telemetry = RecordingTelemetry()
    async with ProcessorServer() as server:
        url = server.url
    engine = HttpEngine(url, SECRET, telemetry)
    await engine.enqueue(ids(3))
    await engine.drain()

    assert counted(telemetry) == {"count": 0, "left": 0, "unanswered": 0, "errors": 3}


async def test_calls_start_for_four_fifths_of_the_time_limit_and_those_begun_are_waited_for() -> None:
    async def slowly(request: web.Request, occasion_id: str) -> web.StreamResponse:
        await asyncio.sleep(0.1)
        return await success(request, occasion_id)

    telemetry = RecordingTelemetry()
    async with ProcessorServer(slowly) as server:
        engine = HttpEngine(server.url, SECRET, telemetry, concurrency=2, time_limit=timedelta(seconds=1.5))
        await engine.enqueue(ids(50))
        await engine.drain()

        calls = len(server.called)
        assert 2 <= calls <= 24  # two at once, each 0.1 s, begun within 1.2 s
        assert counted(telemetry) == {"count": calls, "left": 50 - calls, "unanswered": 0, "errors": 0}


async def test_at_the_time_limit_calls_are_abandoned_and_their_receiver_goes_on() -> None:
    gate = asyncio.Event()

    async def wait(request: web.Request, occasion_id: str) -> web.StreamResponse:
        await gate.wait()
        return await success(request, occasion_id)

    telemetry = RecordingTelemetry()
    async with ProcessorServer(wait) as server:
        engine = HttpEngine(server.url, SECRET, telemetry, concurrency=3, time_limit=timedelta(seconds=1))
        await engine.enqueue(ids(5))
        await engine.drain()
        gate.set()
        await until(lambda: len(server.answered) == 3)

    assert counted(telemetry) == {"count": 0, "left": 2, "unanswered": 3, "errors": 0}


async def test_the_time_limit_holds_for_all_batches_of_a_tick_together() -> None:
    telemetry = RecordingTelemetry()
    async with ProcessorServer() as server:
        engine = HttpEngine(server.url, SECRET, telemetry, time_limit=timedelta(seconds=1.5))
        await engine.enqueue(["early"])
        await asyncio.sleep(1.25)
        await engine.enqueue(["too-late"])
        await engine.drain()

        assert server.called == ["early"]
        assert counted(telemetry) == {"count": 1, "left": 1, "unanswered": 0, "errors": 0}


async def test_two_ticks_at_once_share_a_round_and_each_waits_for_its_own_calls() -> None:
    telemetry = RecordingTelemetry()
    async with ProcessorServer() as server:
        engine = HttpEngine(server.url, SECRET, telemetry, concurrency=2)

        async def tick(given: list[str]) -> bool:
            await engine.enqueue(given)
            await engine.drain()
            return set(given) <= set(server.answered)

        assert await asyncio.gather(*(tick(ids(n)) for n in range(1, 20))) == [True] * 19
        assert Counter(server.answered) == Counter(ids(19))
        assert counted(telemetry)["count"] == 19


async def test_who_ticks_while_a_round_ends_begins_another() -> None:
    """One tick's round ends the moment its last call is answered; another's calls may come at that very moment."""
    async with ProcessorServer() as server:
        telemetry = RecordingTelemetry()
        engine = HttpEngine(server.url, SECRET, telemetry, concurrency=2)

        async def ticks(name: str) -> None:
            for number in range(30):
                await engine.enqueue([f"{name}-{number}"])
                await asyncio.sleep(0)
                await engine.drain()
                assert f"{name}-{number}" in server.answered

        await asyncio.gather(*(ticks(name) for name in "abc"))

        assert Counter(server.answered) == Counter(f"{name}-{number}" for name in "abc" for number in range(30))
        assert sum(int(told["left"] or 0) for name, told in telemetry.events if name == "engine.called") == 0


async def test_the_next_tick_begins_anew() -> None:
    async with ProcessorServer() as server:
        engine = HttpEngine(server.url, SECRET, RecordingTelemetry())
        for _ in range(2):
            await engine.enqueue(["again"])
            await engine.drain()

        assert server.called == ["again", "again"]


async def test_without_a_drain_the_next_round_begins_once_the_time_limit_has_passed() -> None:
    async with ProcessorServer() as server:
        engine = HttpEngine(server.url, SECRET, RecordingTelemetry(), time_limit=timedelta(seconds=1))
        await engine.enqueue(["first"])
        await asyncio.sleep(1.01)
        await engine.enqueue(["second"])
        await until(lambda: len(server.answered) == 2)
        await engine.aclose()

        assert server.called == ["first", "second"]


async def test_a_receiver_that_asks_for_patience_gets_it_and_the_same_occasion_again() -> None:
    async def refuse_once(request: web.Request, occasion_id: str) -> web.StreamResponse:
        if len(server.called) == 1:
            return web.Response(status=429, headers={"Retry-After": "1"})
        return await success(request, occasion_id)

    telemetry = RecordingTelemetry()
    async with ProcessorServer(refuse_once) as server:
        engine = HttpEngine(server.url, SECRET, telemetry, concurrency=1, time_limit=timedelta(seconds=10))
        await engine.enqueue(ids(3))
        await engine.drain()

        assert server.called == ["occasion-00000", *ids(3)]
        assert server.at[1] - server.at[0] >= 0.99
        assert counted(telemetry) == {"count": 3, "left": 0, "unanswered": 0, "errors": 0}


async def test_a_pause_until_a_date_is_measured_by_the_receivers_clock() -> None:
    async def until_a_date(_: web.Request, __: str) -> web.StreamResponse:
        dates = {"Date": "Tue, 01 Dec 2026 08:00:00 GMT", "Retry-After": "Tue, 01 Dec 2026 08:01:00 GMT"}
        return web.Response(status=503, headers=dates)

    telemetry = RecordingTelemetry()
    async with ProcessorServer(until_a_date) as server:
        engine = HttpEngine(server.url, SECRET, telemetry, time_limit=timedelta(seconds=1))
        await engine.enqueue(["x"])
        await engine.drain()

        assert server.called == ["x"]
        assert counted(telemetry) == {"count": 0, "left": 1, "unanswered": 0, "errors": 0}


@pytest.mark.parametrize("advice", ["0", "soon", "", "-1", "9" * 400])
async def test_odd_advice_is_no_busy_loop(advice: str) -> None:
    async def refuse(_: web.Request, __: str) -> web.StreamResponse:
        return web.Response(status=429, headers={"Retry-After": advice})

    async with ProcessorServer(refuse) as server:
        engine = HttpEngine(server.url, SECRET, RecordingTelemetry(), time_limit=timedelta(seconds=0.5))
        await engine.enqueue(["x"])
        await engine.drain()

        assert 1 <= len(server.called) <= 5


async def test_a_wrong_secret_stops_the_calls_early_and_is_told_once() -> None:
    telemetry = RecordingTelemetry()
    async with ProcessorServer() as server:
        engine = HttpEngine(server.url, "not-the-secret", telemetry, concurrency=5)
        await engine.enqueue(ids(100))
        await engine.drain()

        assert len(server.called) == 5
    assert telemetry.events == [
        ("engine.refused", {"status": 401}),
        ("engine.called", {"count": 0, "left": 100, "unanswered": 0, "errors": 0}),
    ]


async def test_a_drain_without_calls_says_nothing() -> None:
    telemetry = RecordingTelemetry()
    engine = HttpEngine("http://127.0.0.1:9/", SECRET, telemetry)
    await engine.enqueue([])
    await engine.drain()
    await engine.aclose()

    assert telemetry.events == []


def test_the_secret_is_not_in_the_engines_text() -> None:
    engine = HttpEngine("http://127.0.0.1:9/", "cron-secret", RecordingTelemetry())

    assert "cron-secret" not in f"{engine!r} {engine}"
