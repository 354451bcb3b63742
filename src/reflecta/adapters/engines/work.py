"""What every engine does with one occasion: work on it, and survive whatever that raises. Knows no queue."""

import traceback
from collections.abc import Awaitable, Callable
from pathlib import PurePath

from reflecta.application.ports import Telemetry

# Processes one occasion. What becomes of it is the ledger's business; an exception here is a bug or an outage.
Work = Callable[[str], Awaitable[None]]


async def attempt(work: Work, occasion_id: str, telemetry: Telemetry) -> None:
    """Work on one occasion; an exception becomes an event. Cancellation passes."""
    try:
        await work(occasion_id)
    except Exception as error:  # noqa: BLE001 - one occasion's failure must not stop those of all others
        telemetry.event("engine.work_failed", occasion_id=occasion_id, error=type(error).__name__, detail=_place(error))


def _place(error: Exception) -> str | None:
    """Say where it was raised as file:line; an exception's own text may hold a journal."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else None
