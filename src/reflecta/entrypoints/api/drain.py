"""Keeps new work out of a process that is about to end."""

import asyncio
from dataclasses import dataclass, field
from http import HTTPStatus

from reflecta.entrypoints.api.errors import RETRY_AFTER, Refused


@dataclass(frozen=True, slots=True)
class Drain:
    """Set by the process that serves when it is told to stop."""

    _begun: asyncio.Event = field(default_factory=asyncio.Event)

    def begin(self) -> None:
        """Refuse work from now on."""
        self._begun.set()

    @property
    def has_begun(self) -> bool:
        """Say whether the process is about to end."""
        return self._begun.is_set()

    async def refuse(self) -> None:
        """Send the caller to another process, or to a later time."""
        if self.has_begun:
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, "the service is stopping; try again", RETRY_AFTER)
