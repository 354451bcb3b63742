"""Keeps the leases of this process alive while their work goes on."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from reflecta.application.ports import Clock, Telemetry
from reflecta.application.ports.store import ProcessStore
from reflecta.domain.errors import LeaseLost, StoreUnavailable

LEASE: Final = timedelta(seconds=60)
RENEWAL: Final = timedelta(seconds=10)

# What is asked before each call that costs money: raises LeaseLost where it is another's to make.
Permit = Callable[[], Awaitable[None]]


async def permit_all() -> None:
    """Hold nothing: in a dry run no occasion is leased."""


@dataclass(slots=True, kw_only=True)
class Leases:
    """Renews every held lease in one statement per *renewal*; a process that dies stops renewing."""

    store: ProcessStore
    clock: Clock
    telemetry: Telemetry
    lease: timedelta = LEASE
    renewal: timedelta = RENEWAL
    _held: dict[str, datetime] = field(default_factory=dict[str, datetime])
    """Until when each stands unless it is renewed, as far as is known here."""
    _renewing: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def hold(self, token: str, until: datetime) -> AsyncGenerator[None]:
        """Renew one lease, which was given *until* then, for as long as the block runs."""
        self._held[token] = until
        if self._renewing is None or self._renewing.done() or self._renewing.cancelling():
            self._renewing = asyncio.create_task(self._renew())
        try:
            yield
        finally:
            del self._held[token]
            if not self._held:
                self._renewing.cancel()

    async def require(self, occasion_id: str, token: str) -> None:
        """Raise LeaseLost where a lease ran out unrenewed and another took it: only then is the store asked.

        A process that was frozen or stood still wakes up in the midst of its work, which another may have done since.
        """
        if self.clock.now() < self._held[token]:
            return
        if not await self.store.stands(occasion_id, token=token):
            raise LeaseLost(f"the lease of occasion {occasion_id} ran out, and another has taken it")

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self.renewal.total_seconds())
            now = self.clock.now()
            until, standing = now + self.lease, [token for token, end in self._held.items() if now < end]
            try:
                # Those that ran out are renewed as well, if nobody took them, but no longer relied on.
                await self.store.renew(sorted(self._held), until=until)
            except StoreUnavailable as error:
                # The leases run out unless the next renewal succeeds; every write asks for the token anyway.
                self.telemetry.event("request.failed", route="lease.renew", error=type(error).__name__)
            else:
                self._held.update((token, until) for token in standing if token in self._held)
