"""An event loop and a clock whose time jumps to the next thing that is to happen. Nothing waits for real.

Only what sleeps on the loop takes virtual time: model calls, pushes, pauses. The processor and the database take none.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from datetime import datetime, timedelta
from typing import TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class VirtualClock:
    """Tells *start* plus the time that has passed on the running loop. Implements `Clock`."""

    def __init__(self, start: datetime) -> None:
        self.start = start

    def now(self) -> datetime:
        """Give the virtual instant."""
        return self.start + timedelta(microseconds=self.elapsed())

    def elapsed(self) -> int:
        """Give the virtual microseconds since the start."""
        return round(asyncio.get_running_loop().time() * 1_000_000)

    async def sleep_until(self, elapsed: int) -> None:
        """Sleep until so many microseconds after the start; not at all if that is past."""
        left = elapsed - self.elapsed()
        if left > 0:
            await asyncio.sleep(left / 1_000_000)


class _Leap(selectors.DefaultSelector):
    """Moves the time on instead of waiting for it; there is no input to wait for."""

    elapsed: float = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Let *timeout* pass at once."""
        if timeout is None:
            raise RuntimeError("the simulation waits for something that nothing will bring about; report this")
        self.elapsed += max(0.0, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop that starts at time 0 and runs what is given to threads in place, so every run has one order."""

    def __init__(self) -> None:
        self._leap = _Leap()
        super().__init__(self._leap)
        # What is due within this is due now. After a hundred virtual days the system clock's nanosecond is less than
        # a float of seconds can tell apart, and the loop would wait for ever for what is due at this very instant.
        self._clock_resolution = 1e-7

    def time(self) -> float:
        """Give the virtual seconds since the loop was made."""
        return self._leap.elapsed

    def run_in_executor(  # pyright: ignore[reportIncompatibleMethodOverride] - the same, by another type variable
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Run *func* now."""
        del executor
        done: asyncio.Future[T] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - a future carries any exception to whoever awaits it
            done.set_exception(error)
        return done


def run_virtually(main: Coroutine[object, object, T]) -> T:
    """Run to the end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
