"""How occasions get from the tick to a worker."""

from collections.abc import Sequence
from typing import Protocol


class Engine(Protocol):
    """Carries occasion ids to `Process`. The ledger, not the engine, guarantees once.

    An engine may lose, repeat or reorder ids: what is lost is found again by the next tick's sweep, what is
    repeated finds an ended or leased occasion.
    """

    async def enqueue(self, occasion_ids: Sequence[str]) -> None:
        """Hand over occasions, earliest window end first; ids that wait already are left out.

        Returns without waiting for messages to be written.
        """
        ...
