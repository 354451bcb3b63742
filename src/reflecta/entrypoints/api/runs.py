"""Runs ticks and occasions for a caller who waits, on every engine.

With the http engine the process may be frozen once it has answered, so what it began is finished before that.
"""

from collections.abc import Awaitable

from reflecta.adapters.engines.http import HttpEngine
from reflecta.application.on_demand import NotDue
from reflecta.application.process import Processed
from reflecta.application.tick import TickReport
from reflecta.bootstrap import Service


async def run_tick(service: Service) -> TickReport:
    """Tick. Waits for messages only on the http engine, which calls `/processor` for each.

    On that engine nobody but a tick sends what a processor left behind, and asks what became of earlier pushes.
    """
    report = await service.tick()
    if isinstance(service.engine, HttpEngine):
        await service.engine.drain()
        await service.deliver.drain()
        await service.deliver.collect_receipts()
    return report


async def run_occasion(service: Service, work: Awaitable[Processed | NotDue]) -> Processed | NotDue:
    """Wait for one occasion; on the http engine for its pushes too."""
    done = await work
    if isinstance(service.engine, HttpEngine):
        await service.deliver.drain()
    return done
