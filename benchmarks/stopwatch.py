"""Times what is awaited."""

import time
from collections.abc import Awaitable


async def timed(work: Awaitable[object]) -> float:
    """Give the seconds that it took."""
    started = time.perf_counter()
    await work
    return time.perf_counter() - started
