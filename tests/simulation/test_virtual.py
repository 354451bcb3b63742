"""Virtual time: it passes only where something sleeps, in order, and never for real."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest

from reflecta.simulation.virtual import VirtualClock, run_virtually

START = datetime(2026, 3, 6, tzinfo=UTC)


def test_a_year_of_sleep_takes_no_time() -> None:
    began = time.monotonic()
    clock = VirtualClock(START)

    async def sleep() -> datetime:
        await asyncio.sleep(timedelta(days=365).total_seconds())
        return clock.now()

    assert run_virtually(sleep()) == START + timedelta(days=365)
    assert time.monotonic() - began < 10


def test_whoever_wakes_earlier_acts_earlier() -> None:
    acted: list[int] = []

    async def act(after: int) -> None:
        await asyncio.sleep(after)
        acted.append(after)

    async def all_of_them() -> None:
        await asyncio.gather(*(act(after) for after in (30, 10, 20)))

    run_virtually(all_of_them())
    assert acted == [10, 20, 30]


def test_work_given_to_threads_is_done_in_place_and_takes_no_virtual_time() -> None:
    clock = VirtualClock(START)

    async def work() -> int:
        assert await asyncio.to_thread(lambda: 7) == 7
        return clock.elapsed()

    assert run_virtually(work()) == 0


def test_an_exception_of_such_work_reaches_whoever_waits_for_it() -> None:
    async def work() -> None:
        await asyncio.to_thread(lambda: 1 // 0)

    with pytest.raises(ZeroDivisionError):
        run_virtually(work())


def test_waiting_for_what_never_comes_is_an_error_and_no_hang() -> None:
    async def wait() -> None:
        await asyncio.Event().wait()

    with pytest.raises(RuntimeError, match="nothing will bring about"):
        run_virtually(wait())


@pytest.mark.parametrize("seconds", [0.000001, 0.1, 86_399.999999, 300 * 86_400 + 0.123457])
def test_the_clock_is_exact_to_the_microsecond_however_late_it_is(seconds: float) -> None:
    clock = VirtualClock(START)
    until = round(seconds * 1_000_000)

    async def sleep() -> int:
        await clock.sleep_until(until)
        return clock.elapsed()

    assert run_virtually(sleep()) == until
