"""Starts processes warm: forked from a server that has everything imported and used once, 10 ms instead of 2 s.

The server has neither threads nor an event loop when it forks; what it forks shares nothing with the proof but a
pipe.
"""

import asyncio
import multiprocessing
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from multiprocessing.process import BaseProcess
from types import ModuleType
from typing import Protocol

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.proof.rehearsal"])

_SOON = 2.0  # seconds


class Pipe(Protocol):
    """One end of a pipe."""

    def fileno(self) -> int: ...
    def poll(self) -> bool: ...
    def recv_bytes(self) -> bytes: ...
    def close(self) -> None: ...


class Life:
    """A process that was started here, with the names that asyncio's own have; *said* is what it said so far."""

    def __init__(self, process: BaseProcess, heard: Pipe) -> None:
        self.said: list[str] = []
        self._process = process
        self._heard = heard
        self._spoke = asyncio.Event()
        self._fell_silent = asyncio.Event()
        asyncio.get_running_loop().add_reader(heard.fileno(), self._listen)

    @property
    def returncode(self) -> int | None:
        """Give how it ended: minus the signal where it was killed, None while it lives."""
        return self._process.exitcode

    def kill(self) -> None:
        """Send SIGKILL."""
        self._process.kill()

    def terminate(self) -> None:
        """Send SIGTERM."""
        self._process.terminate()

    async def says(self, expected: Callable[[str], bool]) -> None:
        """Wait until the last thing it said is *expected*; EOFError where it died first."""
        while not (self.said and expected(self.said[-1])):
            if self._fell_silent.is_set():
                raise EOFError(f"the process ended with {self.returncode!r}")
            self._spoke.clear()
            await self._spoke.wait()

    async def says_soon(self, expected: Callable[[str], bool]) -> None:
        """Wait for that, but not for long: another process may have done what there was."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_SOON):
                await self.says(expected)

    async def wait(self) -> int | None:
        """Wait until it is dead and all that it said was heard."""
        await self._fell_silent.wait()
        while self.returncode is None:  # noqa: ASYNC110 - it is dying, and only its parent is told
            await asyncio.sleep(0.001)
        return self.returncode

    def _listen(self) -> None:
        try:
            while self._heard.poll():
                self.said.append(self._heard.recv_bytes().decode())
        except EOFError:
            asyncio.get_running_loop().remove_reader(self._heard.fileno())
            self._heard.close()
            self._fell_silent.set()
        self._spoke.set()


def born(lived: Callable[..., None], *given: object, **named: object) -> Life:
    """Start a process that runs *lived*, a function of a module, with a pipe to speak into and what is given."""
    heard, said = _FORKS.Pipe(duplex=False)
    process = _FORKS.Process(target=lived, args=(said, *given), kwargs=named, daemon=True)
    with _no_main_module():
        process.start()
    said.close()
    return Life(process, heard)


@contextmanager
def _no_main_module() -> Generator[None]:
    """Keep what is forked from running the proof's own module once more, which it has no use for."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
