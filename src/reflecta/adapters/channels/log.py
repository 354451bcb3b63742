"""A channel for development that reaches nobody: it only says that a delivery would have left."""

from collections.abc import Sequence
from dataclasses import dataclass

from reflecta.application.ports.channel import Result, ResultKind
from reflecta.application.ports.telemetry import Telemetry
from reflecta.domain.model import Delivery


@dataclass(slots=True, kw_only=True)
class LogChannel:
    """Accepts everything, records ids and keeps nothing."""

    telemetry: Telemetry
    name: str = "log"
    batch_size: int = 100

    async def send(self, deliveries: Sequence[Delivery]) -> Sequence[Result]:
        """Record one event for each delivery."""
        for delivery in deliveries:
            self.telemetry.event("delivery.logged", delivery_id=delivery.id, message_id=delivery.message_id)
        return [Result(kind=ResultKind.ACCEPTED)] * len(deliveries)

    async def receipts(self, tickets: Sequence[str]) -> Sequence[Result]:
        """Know nothing: this channel issues no tickets."""
        return [Result(kind=ResultKind.WAITING)] * len(tickets)

    async def aclose(self) -> None:
        """Hold no connection."""
