"""An event loop and a clock whose time jumps to the next thing that is to happen.

Only what sleeps on the loop takes virtual time: model calls, pushes, pauses. The processor and the database take none:
while something real is waited for (a PostgreSQL server, an engine's sockets), virtual time stands still.
"""

import asyncio
import selectors
import threading
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import Executor
from contextlib import contextmanager
from contextvars import Context
from datetime import datetime, timedelta
from typing import Final, TypeVar, TypeVarTuple, cast

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class VirtualClock:
    """Tells *start* plus the time that has passed on the running loop. Implements `Clock`."""

    def __init__(self, start: datetime) -> None:
        self.start = start
        # Most readings are of the same instant as the one before.
        self._read_at: float = 0.0
        self._elapsed = 0
        self._now = start

    def now(self) -> datetime:
        """Give the virtual instant."""
        self.elapsed()
        return self._now

    def elapsed(self) -> int:
        """Give the virtual microseconds since the start."""
        read_at: float = asyncio.get_running_loop().time()
        if read_at != self._read_at:
            self._read_at = read_at
            self._elapsed = round(read_at * 1_000_000)
            self._now = self.start + timedelta(microseconds=self._elapsed)
        return self._elapsed

    async def sleep_until(self, elapsed: int) -> None:
        """Sleep until so many microseconds after the start; not at all if that is past."""
        left = elapsed - self.elapsed()
        if left > 0:
            await asyncio.sleep(left / 1_000_000)


# Real seconds in which a database or an engine must show some sign of life.
_PATIENCE: Final = 60.0

_Ready = list[tuple[selectors.SelectorKey, int]]


class _Leap(selectors.DefaultSelector):
    """Moves the time on instead of waiting for it, unless it is held back for what is real."""

    elapsed: float = 0.0
    holds: int = 0
    has_sockets: bool = False

    def select(self, timeout: float | None = None) -> _Ready:
        """Let *timeout* pass at once, or wait for what is real."""
        if self.holds:
            return self._wait(timeout)
        if self.has_sockets and (found := super().select(0)):
            return found
        if timeout is None:
            raise RuntimeError("the simulation waits for something that nothing will bring about; report this")
        self.elapsed += max(0.0, timeout)
        return []

    def _wait(self, timeout: float | None) -> _Ready:
        if timeout is not None and timeout <= 0:  # others are ready on the loop
            return super().select(0)
        found = super().select(_PATIENCE)
        if not found:
            raise RuntimeError(f"the database or the engine gave no sign of life for {_PATIENCE:.0f} seconds")
        return found


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop that starts at time 0 and runs what is given to threads in place, so every run has one order."""

    def __init__(self) -> None:
        self._leap = _Leap()
        self._home = threading.get_ident()
        super().__init__(self._leap)
        # What is due within this is due now. After a hundred virtual days the system clock's nanosecond is less than
        # a float of seconds can tell apart, and the loop would wait for ever for what is due at this very instant.
        self._clock_resolution = 1e-7

    def time(self) -> float:
        """Give the virtual seconds since the loop was made."""
        return self._leap.elapsed

    def watch_sockets(self) -> None:
        """Look at what sockets bring before time moves on."""
        self._leap.has_sockets = True

    def hold(self) -> None:
        """Let virtual time stand still until the `release` that belongs to this."""
        self._leap.holds += 1

    def release(self) -> None:
        """End one `hold`."""
        self._leap.holds -= 1

    def run_in_executor(  # pyright: ignore[reportIncompatibleMethodOverride] - the same, by another type variable
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Run *func* at this instant, after what else is to run now: transactions may gather, as before a thread."""
        del executor
        done: asyncio.Future[T] = self.create_future()

        def run() -> None:
            try:
                done.set_result(func(*args))
            except Exception as error:  # noqa: BLE001 - a future carries any exception to whoever awaits it
                done.set_exception(error)

        self.call_soon(run)
        return done

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """Wake nobody who is awake: most of what is given to threads runs on this one."""
        if threading.get_ident() == self._home:
            return self.call_soon(callback, *args, context=context)
        return super().call_soon_threadsafe(callback, *args, context=context)


def this_loop() -> VirtualLoop:
    """Give the loop that runs this."""
    return cast("VirtualLoop", asyncio.get_running_loop())


@contextmanager
def standing_still() -> Generator[None]:
    """Let no virtual time pass while the block waits for what is real."""
    loop = this_loop()
    loop.hold()
    try:
        yield
    finally:
        loop.release()


def run_virtually(main: Coroutine[object, object, T]) -> T:
    """Run to the end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
