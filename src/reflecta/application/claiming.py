"""What a claim makes of one due user."""

from datetime import datetime

from reflecta.application.ports.store import ClaimPlan, Slot
from reflecta.domain import schedule
from reflecta.domain.model import Reason


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
