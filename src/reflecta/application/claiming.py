"""What a claim makes of one due user."""

from collections.abc import Callable
from datetime import datetime

from reflecta.application.ports.store import ClaimPlan, Slot
from reflecta.domain import schedule
from reflecta.domain.model import Cadence, Reason, Window


def timetable(slot: Slot) -> schedule.Schedule:
    """Give what a user's due times are reckoned from."""
    return schedule.Schedule(zone=slot.zone, window=slot.window, cadence=slot.cadence)


def plan_claim(slot: Slot, now: datetime) -> ClaimPlan:
    """Queue an occasion within the window, defer it outside; KeyError where the zone is unknown."""
    reckoned = timetable(slot)
    if not schedule.is_open(reckoned, now):
        return ClaimPlan(next_due_at=schedule.next_target(reckoned, now), reason=Reason.OUTSIDE_WINDOW)
    regular = schedule.next_due(reckoned, due=slot.due_at or now, now=now)
    if slot.has_open_occasion:
        return ClaimPlan(next_due_at=regular, reason=Reason.ALREADY_OPEN)
    return ClaimPlan(next_due_at=regular, window_ends_at=schedule.window_end(reckoned, now))


def planner(now: datetime) -> Callable[[Slot], ClaimPlan]:
    """Give `plan_claim` at one moment, reckoned once for all users of whom it says the same."""
    plans: dict[tuple[str, Window, Cadence, bool, datetime], ClaimPlan] = {}

    def plan(slot: Slot) -> ClaimPlan:
        # A due time that has passed counts from now, whenever it was.
        start = slot.due_at if slot.due_at and slot.due_at > now else now
        alike = (slot.zone, slot.window, slot.cadence, slot.has_open_occasion, start)
        known = plans.get(alike)
        if known is None:
            known = plans[alike] = plan_claim(slot, now)
        return known

    return plan


def closings(now: datetime) -> Callable[[Slot], datetime | None]:
    """Give when a user's window closes that is open at one moment, None where it is not, reckoned once for all alike.

    Where the zone is unknown it closes now: the claim counts the user as an error.
    """
    ends: dict[tuple[str, Window], datetime | None] = {}

    def closing(slot: Slot) -> datetime | None:
        place = (slot.zone, slot.window)
        if place not in ends:
            ends[place] = _window_end(timetable(slot), now)
        return ends[place]

    return closing


def _window_end(reckoned: schedule.Schedule, now: datetime) -> datetime | None:
    try:
        return schedule.window_end(reckoned, now) if schedule.is_open(reckoned, now) else None
    except KeyError:
        return now
