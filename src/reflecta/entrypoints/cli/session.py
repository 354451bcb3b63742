"""Runs a piece of work with the service wired up around it, for as long as one command lasts."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from reflecta.adapters.clock import StandingClock
from reflecta.bootstrap import Service, open_service
from reflecta.config import Settings, load
from reflecta.entrypoints.cli.output import Output

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What a command runs in: the settings, the instant of --at if one was given, and where results go."""

    settings: Settings
    at: datetime | None
    output: Output

    @classmethod
    def begin(cls, at: datetime | None = None) -> "Session":
        """Read the settings; ConfigurationError where they are wrong."""
        settings = load()
        return cls(settings=settings, at=at, output=Output(no_color=bool(settings.no_color)))

    def run(self, work: Callable[[Service], Awaitable[T]], *, with_models: bool = False) -> T:
        """Open the service, do the work, close the service."""
        clock = StandingClock(self.at) if self.at else None

        async def opened() -> T:
            async with open_service(self.settings, clock=clock, with_models=with_models) as service:
                return await work(service)

        return asyncio.run(opened())
