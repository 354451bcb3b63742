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

    async def upsert_users(
        self, users: Sequence[User], *, reschedule: bool = False, newcomers_wait: bool = False
    ) -> frozenset[str]:
        """Insert or replace users. With *reschedule* due times are set anew even where one is stored.

        With *newcomers_wait* nobody becomes due by it: a new user is stored switched off and one who could not be due
        stays as stored. Their ids are returned; `admit` them when their entries are stored.
        """
        now = self.clock.now()
        waits: dict[str, bool] = {}

        def changed(given: User, stored: User | None) -> UserChange:
            waits[given.id] = newcomers_wait and can_be_due(given) and not (stored and can_be_due(stored))
            if waits[given.id]:
                return UserChange(user=stored or _switched_off(given))
            return self._change(given, stored, now=now, reschedule=reschedule)

        await self.store.upsert_users(users, now=now, change=changed)
        for user in users:
            self.telemetry.event("user.upserted", user_id=user.id)
        return frozenset(user_id for user_id, does in waits.items() if does)

    async def admit(self, users: Sequence[User], *, reschedule: bool = False) -> None:
        """Store users who waited as given. Who was erased meanwhile stays erased."""
        now = self.clock.now()

        def changed(given: User, stored: User | None) -> UserChange:
            if stored is None:
                raise _ErasedMeanwhile(given.id)
            return self._change(given, stored, now=now, reschedule=reschedule)

        left = {user.id: user for user in users}
        while left:
            try:
                await self.store.upsert_users(list(left.values()), now=now, change=changed)
            except _ErasedMeanwhile as erased:
                del left[erased.user_id]
            else:
                return

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

    def _change(self, given: User, stored: User | None, *, now: datetime, reschedule: bool) -> UserChange:
        return change(given, stored, now=now, reschedule=reschedule, tick_interval=self.tick_interval)


class _ErasedMeanwhile(Exception):
    """Rolls a transaction back: one of its users is not there any more."""

    def __init__(self, user_id: str) -> None:
        super().__init__(user_id)
        self.user_id = user_id


def can_be_due(user: User) -> bool:
    """Say whether a tick may ever find the user: switched on, in a known zone."""
    return _schedule(user) is not None


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


def _switched_off(user: User) -> User:
    return replace(user, preferences=replace(user.preferences, enabled=False), next_due_at=None)


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
