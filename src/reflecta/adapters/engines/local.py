"""The embedded engine: bounded tasks in this process. Its queue is memory only; the ledger is what remembers."""

from collections.abc import Sequence
from datetime import timedelta

from reflecta.adapters.engines.crew import Crew, Work
from reflecta.application.ports import Telemetry


class LocalEngine:
    """Works on at most *concurrency* occasions at once, in the order given. Implements `Engine`.

    It takes ids between `start` and `stop` only; others stay in the ledger, where the next tick's sweep finds
    them.
    """

    def __init__(self, work: Work, telemetry: Telemetry, *, concurrency: int = 100) -> None:
        self._crew = Crew(work, telemetry, concurrency=concurrency)
        self._telemetry = telemetry
        self._is_open = False

    async def enqueue(self, occasion_ids: Sequence[str]) -> None:
        """See the port."""
        if self._is_open:
            self._crew.add(occasion_ids)

    async def start(self) -> None:
        """Begin to take ids."""
        self._is_open = True

    async def drain(self) -> None:
        """Wait until everything taken is done, what running work enqueues included."""
        await self._crew.idle()

    async def stop(self, grace: timedelta) -> None:
        """Take nothing more, let what is in hand finish within *grace*, then cancel it.

        What is cancelled keeps its lease until `Process` releases it or it runs out; then a sweep finds it.
        """
        self._is_open = False
        broken_off = await self._crew.stop(grace)
        self._telemetry.event("engine.stopped", count=broken_off)
