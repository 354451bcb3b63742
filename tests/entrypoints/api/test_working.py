"""The jobs of a process, in this one."""

import asyncio
from dataclasses import replace
from typing import Any, cast

import pytest
from tests.entrypoints.opening import Api, OpenApi

from reflecta.application.tick import Tick, TickReport
from reflecta.domain.errors import StoreUnavailable
from reflecta.entrypoints.working import Grace, background, delivering, ticking, working


class FlakyTick:
    """Fails once for each of *errors*, then succeeds."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)
        self.succeeded = asyncio.Event()

    async def __call__(self) -> TickReport:
        if self._errors:
            raise self._errors.pop(0)
        self.succeeded.set()
        return TickReport()


async def test_ticks_go_on_after_outages_and_faults(open_api: OpenApi) -> None:
    api = await open_api(tick_every=0.001)
    tick = FlakyTick(StoreUnavailable("gone"), RuntimeError("a fault"), StoreUnavailable("gone"))
    async with ticking(replace(api.service, tick=cast("Tick", tick)), Grace(1)):
        await tick.succeeded.wait()
    told = [(name, values["error"]) for name, values in api.telemetry.events]
    assert told == [("request.failed", e) for e in ("StoreUnavailable", "RuntimeError", "StoreUnavailable")]


async def test_a_tick_runs_at_once(open_api: OpenApi) -> None:
    api = await open_api(tick_every=3600)
    tick = FlakyTick()
    async with ticking(replace(api.service, tick=cast("Tick", tick)), Grace(1)), asyncio.timeout(5):
        await tick.succeeded.wait()


async def test_a_job_that_does_not_stop_is_cancelled_after_the_grace() -> None:
    async def stubborn(_: asyncio.Event) -> None:
        await asyncio.Event().wait()

    async with asyncio.timeout(5), background(stubborn, Grace(0.01)):
        pass


async def test_a_job_that_fails_ends_the_block() -> None:
    async def failing(_: asyncio.Event) -> None:
        raise RuntimeError("a fault")

    with pytest.raises(ExceptionGroup):
        async with background(failing):
            await asyncio.Event().wait()


async def test_pushes_of_the_last_messages_leave_before_the_end(api: Api) -> None:
    await api.with_due_user()
    async with delivering(api.service, Grace(1)), working(api.service, Grace(1)):
        await api.service.tick()
        assert api.service.local is not None
        await api.service.local.drain()
    pushed: list[Any] = [name for name, _ in api.telemetry.events if name == "delivery.logged"]
    assert len(pushed) == 1
