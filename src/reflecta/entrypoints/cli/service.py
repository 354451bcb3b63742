"""Runs a piece of work with the whole service wired up around it, for as long as one command lasts."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from reflecta.bootstrap import Service, open_service
from reflecta.entrypoints.cli.session import Session

T = TypeVar("T")


def run(session: Session, work: Callable[[Service], Awaitable[T]], *, with_models: bool = False) -> T:
    """Open the service, do the work, close the service."""

    async def opened() -> T:
        async with open_service(session.settings, clock=session.clock, with_models=with_models) as service:
            return await work(service)

    return asyncio.run(opened())
