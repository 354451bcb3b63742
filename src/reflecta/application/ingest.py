"""Takes in what the host app says of its users: what may change of a stored user, and what follows for due times.

A user given again replaces the stored one whole: what a document leaves out goes back to its default, so without
`coachingConfig` messages are off. Only what this service keeps stays as stored: counters, the due time, when a
message and a push were last sent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from reflecta.application.ports.clock import Clock
from reflecta.application.ports.store import HostStore, UserChange
from reflecta.application.ports.telemetry import Telemetry
from reflecta.domain.errors import NotFound
from reflecta.domain.model import Entry, Feedback, Insights, Reason, User
from reflecta.domain.schedule import TICK_INTERVAL, Schedule, edited_due


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingest:
    """The host app's data in and out of the store. Repeating a call changes nothing more."""

    store: HostStore
    clock: Clock
    telemetry: Telemetry
    tick_interval: timedelta = TICK_INTERVAL

    async def upsert_users(self, users: Sequence[User], *, reschedule: bool = False) -> None:
        """Insert or replace users. With *reschedule* due times are set anew even where one is stored."""
        now = self.clock.now()

        def changed(given: User, stored: User | None) -> UserChange:
            return change(given, stored, now=now, reschedule=reschedule, tick_interval=self.tick_interval)

        await self.store.upsert_users(users, now=now, change=changed)
        for user in users:
            self.telemetry.event("user.upserted", user_id=user.id)

    async def upsert_entries(self, entries: Sequence[Entry]) -> Mapping[str, str]:
        """Insert or replace entries; return id -> reason for those refused."""
        return await self.store.upsert_entries(entries)

    async def upsert_insights(self, insights: Sequence[Insights]) -> Mapping[str, str]:
        """Insert or replace insights; return user id -> reason for those refused."""
        return await self.store.upsert_insights(insights)

    async def delete_entry(self, entry_id: str) -> None:
        """Delete an entry and what was derived from it; NotFound when there is none."""
        if not await self.store.delete_entry(entry_id):
            raise NotFound(f"entry {entry_id!r} is not known; it may be deleted already")

    async def erase_user(self, user_id: str) -> None:
        """Delete a user and every text about them; NotFound when there is none."""
        if not await self.store.erase_user(user_id, now=self.clock.now()):
            raise NotFound(f"user {user_id!r} is not known; they may be erased already")
        self.telemetry.event("user.erased", user_id=user_id)

    async def add_feedback(self, feedback: Feedback) -> None:
        """Keep what a user did with a message, as of now where no time is given; NotFound without the message."""
        if not await self.store.add_feedback(replace(feedback, at=feedback.at or self.clock.now())):
            raise NotFound(f"message {feedback.message_id!r} is not known; give the id of a message that was sent")


def change(
    given: User,
    stored: User | None,
    *,
    now: datetime,
    reschedule: bool = False,
    tick_interval: timedelta = TICK_INTERVAL,
) -> UserChange:
    """Decide what is stored of a user, the due time included.

    Switched off or without a known zone: no due time. None stored: the one given, or none, and the next tick finds
    the first. Zone, window or cadence edited: reckoned anew from the last message. Otherwise as stored, however
    old, unless *reschedule* says to take the given one or to reckon anew. An occasion that has not started is
    cancelled where its due time no longer holds.
    """
    user = given if stored is None else _with_own_fields(given, stored)
    before = None if stored is None else _schedule(stored)
    schedule = _schedule(user)
    if schedule is None:
        return UserChange(user=replace(user, next_due_at=None), cancel=_why_none(user) if before else None)
    if stored is None or stored.next_due_at is None:
        return UserChange(user=user)
    if schedule == before and not reschedule:
        return UserChange(user=replace(user, next_due_at=stored.next_due_at))
    due = given.next_due_at if reschedule else None
    due = due or edited_due(schedule, last_sent_at=user.last_sent_at, now=now, tick_interval=tick_interval)
    return UserChange(user=replace(user, next_due_at=due), cancel=Reason.RESCHEDULED)


def _with_own_fields(given: User, stored: User) -> User:
    """Keep what this service knows better than the app; the app's word counts where there is nothing yet."""
    return replace(
        given,
        last_sent_at=stored.last_sent_at or given.last_sent_at,
        push=replace(given.push, last_sent_at=stored.push.last_sent_at or given.push.last_sent_at),
        failures=stored.failures,
        entry_count=stored.entry_count,
    )


def _schedule(user: User) -> Schedule | None:
    if not user.preferences.enabled or user.timezone is None:
        return None
    return Schedule(zone=user.timezone, window=user.preferences.window, cadence=user.preferences.cadence)


def _why_none(user: User) -> Reason:
    return Reason.NEEDS_TIMEZONE if user.preferences.enabled else Reason.SWITCHED_OFF
