"""The http engine: what a process that may be frozen after its answer must have done before it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from aiohttp import web
from tests.builders import a_user
from tests.entrypoints.opening import BASE, OpenApi
from tests.expo_server import ExpoServer

from reflecta.domain.model import Push


@asynccontextmanager
async def a_slow_processor(called: list[Any]) -> AsyncGenerator[str]:
    """Stand for /processor elsewhere; keep what it was called with."""

    async def process(request: web.Request) -> web.Response:
        body = await request.json()
        await asyncio.sleep(0.05)
        called.append(body)
        return web.json_response({"success": True})

    app = web.Application()
    app.router.add_post("/processor", process)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/processor"
    finally:
        await runner.cleanup()


async def test_a_tick_answers_when_the_processors_have(open_api: OpenApi) -> None:
    called: list[Any] = []
    async with a_slow_processor(called) as url:
        api = await open_api(engine="http", processor_url=url)
        await api.with_due_user()
        answer = await api.post(f"{BASE}/scheduler")
        called_by_then = list(called)
        (occasion,) = await api.service.store.occasions()
    assert answer.json()["results"]["jobsCreated"] == 1
    assert called_by_then == [{"occasionId": occasion.id}]


async def test_a_processor_answers_when_its_pushes_have_left(open_api: OpenApi) -> None:
    api = await open_api(engine="http", processor_url="http://127.0.0.1:9/processor")
    await api.with_due_user()
    assert (await api.post(f"{BASE}/processor", {"userId": "u1"})).json()["messageGenerated"] is True
    assert "delivery.logged" in [name for name, _ in api.telemetry.events]


async def test_a_tick_sends_what_a_dead_processor_left_and_asks_for_receipts(open_api: OpenApi) -> None:
    async with ExpoServer() as expo:
        nobody = "http://127.0.0.1:9/processor"
        api = await open_api(engine="http", processor_url=nobody, channel="expo", EXPO_BASE_URL=expo.base_url)
        await api.with_people(a_user(push=Push(enabled=True, tokens=("ExponentPushToken[u1]",))))
        await api.service.tick()
        (occasion,) = await api.service.store.occasions()
        await api.service.process(occasion.id)  # and died before its push left
        assert expo.received == []
        await api.post(f"{BASE}/scheduler")
        assert [one.path for one in expo.received] == ["/push/send"]
        api.clock.advance(timedelta(minutes=16))
        await api.post(f"{BASE}/scheduler")
        assert [one.path for one in expo.received] == ["/push/send", "/push/getReceipts"]
