"""What a command runs in: its settings, its clock, its output, and for those that only read the store alone."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from reflecta.adapters.clock import StandingClock, SystemClock
from reflecta.adapters.stores import store_at
from reflecta.application.explain import Explain
from reflecta.application.ports import Clock
from reflecta.application.ports.store import Store
from reflecta.config import Settings, load
from reflecta.entrypoints.cli.output import Output

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What can be read, as of *now*."""

    store: Store
    explain: Explain
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The settings, the clock (which stands still at the instant of --at), and where results go."""

    settings: Settings
    clock: Clock
    output: Output

    @classmethod
    def begin(cls, at: datetime | None = None) -> "Session":
        """Read the settings; ConfigurationError where they are wrong."""
        settings = load()
        clock = StandingClock(at) if at else SystemClock()
        return cls(settings=settings, clock=clock, output=Output(no_color=bool(settings.no_color)))

    def read(self, work: Callable[[Ledger], Awaitable[T]]) -> T:
        """Open the store, read, close it. The rest of the service would take a second to load."""

        async def opened() -> T:
            settings = self.settings
            store = store_at(
                settings.store_url,
                clock=self.clock,
                migrate=settings.migrate,
                pool_size=1,
                credentials=settings.firestore_key,
            )
            try:
                await store.open()
                explain = Explain(store=store, clock=self.clock)
                return await work(Ledger(store=store, explain=explain, now=self.clock.now()))
            finally:
                await store.aclose()

        return asyncio.run(opened())
