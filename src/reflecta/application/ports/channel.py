"""How messages reach devices."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

from reflecta.domain.model import Delivery


class ResultKind(StrEnum):
    """What a channel can say about one delivery, or one receipt."""

    ACCEPTED = "accepted"  # taken; *ticket* asks for the receipt later, where there is one
    DELIVERED = "delivered"  # confirmed by a receipt
    RETRY = "retry"  # certainly not taken; try again after *retry_after*
    REFUSED = "refused"  # certainly not taken; trying again does not help
    GONE = "gone"  # refused because the address no longer exists: drop it
    UNKNOWN = "unknown"  # may have been taken: never repeated silently
    WAITING = "waiting"  # receipts only: not known yet, ask again


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The verdict on one delivery. *detail* is the provider's word, never the text of the message."""

    kind: ResultKind
    ticket: str | None = None
    detail: str | None = None
    retry_after: timedelta | None = None


class Channel(Protocol):
    """Pushes messages through one provider. *name* stands in deliveries and logs."""

    name: str
    batch_size: int

    async def send(self, deliveries: Sequence[Delivery]) -> Sequence[Result]:
        """Send at most *batch_size* deliveries; one result each, in order.

        Never raises for a provider's failure: RETRY only when the push certainly did not leave (connection
        never opened, 429, an error answer that lists this push), UNKNOWN after a timeout, a reset or a 5xx.
        """
        ...

    async def receipts(self, tickets: Sequence[str]) -> Sequence[Result]:
        """Ask what became of accepted deliveries; one result each, in order, WAITING where not known yet."""
        ...

    async def aclose(self) -> None:
        """Release connections."""
        ...
