"""What the move from another system asks of a store that both systems know."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from reflecta.application.ports.store import Slot, Store

# Begins the ids of occasions that are made of another system's messages.
LEGACY: Final = "legacy-"


class DueForm(StrEnum):
    """How a user's due time is written: as epoch milliseconds, not at all, or in a form that no query finds."""

    NUMBER = "number"
    MISSING = "missing"
    NULL = "null"
    DATE = "date"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveyed:
    """A user as another system left them.

    *given_zone* is the zone as it is written; *has_clear_wishes* says whether window and cadence are known ones. The
    slot's zone is '' where one of them is not, its due time the instant that is meant, in whatever form.
    """

    slot: Slot
    is_on: bool
    given_zone: str | None
    has_clear_wishes: bool
    due_form: DueForm


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMessage:
    """That a message went out; without an occasion another system sent it."""

    id: str
    user_id: str
    sent_at: datetime
    occasion_id: str | None


class LegacyStore(Store, Protocol):
    """A store over the collections that another system writes as well."""

    async def survey(self, *, after: str = "", limit: int = 500) -> Sequence[Surveyed]:
        """List all users by id, from the one after *after*, whatever their documents look like."""
        ...

    async def move_dues(self, moves: Sequence[tuple[Slot, datetime]]) -> int:
        """Set due times of users who are switched on and due when their slot says; give how many were set."""
        ...

    async def messages_since(self, since: datetime) -> Sequence[SentMessage]:
        """List what went out since then, this service's and any other's."""
        ...

    async def cut_over_at(self) -> datetime | None:
        """Give when this service took over; None as long as it has not."""
        ...

    async def note_cut_over(self, at: datetime) -> None:
        """Keep that this service takes over at an instant, unless one is kept already."""
        ...
