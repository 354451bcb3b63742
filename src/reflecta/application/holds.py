"""What people do about signs of risk: hold a user, release one after a review, list who is held, count for reports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from reflecta.application.ports import Clock, Telemetry
from reflecta.application.ports.store import LedgerStore, Store
from reflecta.domain import safety, schedule
from reflecta.domain.errors import InvalidInput, NotFound
from reflecta.domain.model import Flag, FlagSource, ScreenedSign, User

SIGNS: Final = tuple(sign for sign in ScreenedSign if sign is not ScreenedSign.NONE)
"""What a person may have seen."""

_PAGE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Holds:
    """Holds and releases users. *hold* is how long a hold lasts; None: until a person reviews."""

    store: Store
    clock: Clock
    telemetry: Telemetry
    hold: timedelta | None = safety.DEFAULT_HOLD

    async def place(self, user_id: str, sign: ScreenedSign = ScreenedSign.DISTRESS) -> datetime:
        """Hold a user because a person saw a *sign*; give until when, which is never sooner than it was.

        NotFound without the user, InvalidInput for the sign 'none'.
        """
        if sign not in SIGNS:
            raise InvalidInput("sign", f"give one of {', '.join(SIGNS)}")
        now = self.clock.now()
        flag = Flag(sign=sign, source=FlagSource.PERSON, at=now, held_until=safety.held_until(now, self.hold))
        if not await self.store.hold(user_id, flag):
            raise _unknown(user_id)
        self.telemetry.event("safety.flagged", user_id=user_id, sign=sign, source=flag.source)
        held = await self.store.user(user_id)
        return flag.held_until if held is None or held.held_until is None else held.held_until

    async def release(self, user_id: str) -> bool:
        """End a hold after a person's review; False when none stands. NotFound without the user."""
        now, user = self.clock.now(), await self.store.user(user_id)
        if user is None:
            raise _unknown(user_id)
        if not safety.is_held(user, now):
            return False  # also one that has run out: the schedule has gone on since
        released = await self.store.release_hold(user_id, now=now, next_due=lambda given: first_due_after(given, now))
        if released:
            self.telemetry.event("safety.reviewed", user_id=user_id)
        return released

    async def report(self, *, since: datetime) -> Mapping[tuple[str, str], int]:
        """Count signs of risk since then by (sign, source), for a public report."""
        return await self.store.count_flags(since=since)


async def held_users(store: LedgerStore, now: datetime, *, after: str = "", limit: int = 100) -> Sequence[User]:
    """List users who are held now, by id, from the one after *after*; those whose hold has run out are left out."""
    found: list[User] = []
    while len(found) < limit and (page := await store.held(after=after, limit=_PAGE)):
        after = page[-1].id
        found += [user for user in page if safety.is_held(user, now)]
    return found[:limit]


def new_year(now: datetime) -> datetime:
    """Give the beginning of the current year in UTC, since when reports count by default."""
    return datetime(now.astimezone(UTC).year, 1, 1, tzinfo=UTC)


def first_due_after(user: User, at: datetime) -> datetime | None:
    """Give the first target hour after an instant, for a user who wants messages and whose zone is known."""
    preferences = user.preferences
    if not preferences.enabled or user.timezone is None:
        return None
    timetable = schedule.Schedule(zone=user.timezone, window=preferences.window, cadence=preferences.cadence)
    return schedule.next_target(timetable, at)


def _unknown(user_id: str) -> NotFound:
    return NotFound(f"user {user_id[:64]!r} is not known")
