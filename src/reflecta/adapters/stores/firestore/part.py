"""What every part of the store has: the connection, and the way to write what depends on what was read."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final, TypeVar

from reflecta.adapters.stores.firestore.wire import Lost, Snapshot, Wire
from reflecta.domain.errors import StoreUnavailable

T = TypeVar("T")

# Whoever loses a race reads again; so often in a row only a document that is written to without end is lost.
_TRIES: Final = 12
_PAUSE: Final = 0.02  # seconds, times the try


class FirestorePart:
    """One part of the store.

    *claimed* are occasions as this process claimed them: whoever takes one into work here need not read it first, and
    learns at the first write when it is not so any more.
    """

    wire: Wire
    claimed: dict[str, Snapshot]


async def again(work: Callable[[], Awaitable[T]]) -> T:
    """Do work that reads and then commits on what it read, anew as long as somebody else writes in between."""
    for number in range(_TRIES):
        try:
            return await work()
        except Lost:
            await asyncio.sleep(_PAUSE * number * random.random())  # noqa: S311, TID251 - a pause decides nothing
    raise StoreUnavailable("a document is being written to without end; is something updating it in a loop?")


async def all_of(work: Iterable[Awaitable[T]]) -> Sequence[T]:
    """Wait for all, and raise the first error only when nothing is under way any more."""
    done = await asyncio.gather(*work, return_exceptions=True)
    for one in done:
        if isinstance(one, BaseException):
            raise one
    return [one for one in done if not isinstance(one, BaseException)]
