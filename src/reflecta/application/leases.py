"""Keeps the leases of this process alive while their work goes on."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from reflecta.application.ports import Clock, Telemetry
from reflecta.application.ports.store import ProcessStore
from reflecta.domain.errors import StoreUnavailable

LEASE: Final = timedelta(seconds=60)
RENEWAL: Final = timedelta(seconds=10)


@dataclass(slots=True, kw_only=True)
class Leases:
    """Renews every held lease in one statement per *renewal*; a process that dies stops renewing."""

    store: ProcessStore
    clock: Clock
    telemetry: Telemetry
    lease: timedelta = LEASE
    renewal: timedelta = RENEWAL
    _held: set[str] = field(default_factory=set[str])
    _renewing: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def hold(self, token: str) -> AsyncGenerator[None]:
        """Renew one lease for as long as the block runs."""
        self._held.add(token)
        if self._renewing is None or self._renewing.done() or self._renewing.cancelling():
            self._renewing = asyncio.create_task(self._renew())
        try:
            yield
        finally:
            self._held.discard(token)
            if not self._held:
                self._renewing.cancel()

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self.renewal.total_seconds())
            try:
                await self.store.renew(sorted(self._held), until=self.clock.now() + self.lease)
            except StoreUnavailable as error:
                # The leases run out unless the next renewal succeeds; every write asks for the token anyway.
                self.telemetry.event("request.failed", route="lease.renew", error=type(error).__name__)
