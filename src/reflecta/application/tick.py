"""Finds who is due and makes occasions of them. Never waits for a message to be written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from reflecta.application.claiming import plan_claim, timetable
from reflecta.application.ports import Clock, Engine, Telemetry
from reflecta.application.ports.store import Slot, TickRecord, TickStore
from reflecta.domain import schedule
from reflecta.domain.model import Reason, occasion_id

_PAGE: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TickReport:
    """What one tick did, in the guide's words: due = jobs created + rescheduled + errors."""

    users_due: int = 0
    users_bootstrapped: int = 0
    jobs_created: int = 0
    users_rescheduled: int = 0
    errors: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """Sweeps, gives first due times, claims who is due and hands the occasions to the engine.

    Two ticks at once do each user once. *draw* gives numbers in [0, 1) for first due times; *batch* users are
    claimed per transaction.
    """

    store: TickStore
    engine: Engine
    clock: Clock
    telemetry: Telemetry
    draw: Callable[[], float]
    batch: int = 500
    tick_interval: timedelta = schedule.TICK_INTERVAL

    async def __call__(self) -> TickReport:
        """Run one tick; raises StoreUnavailable, after which the next tick finds everything again."""
        now = self.clock.now()
        self.telemetry.event("tick.started")
        await self.sweep()
        bootstrapped = await self._bootstrap(now)
        report = await self._claim(now, bootstrapped)
        seconds = (self.clock.now() - now).total_seconds()
        await self.store.record_tick(
            TickRecord(
                at=now,
                users_due=report.users_due,
                users_bootstrapped=report.users_bootstrapped,
                jobs_created=report.jobs_created,
                users_rescheduled=report.users_rescheduled,
                errors=report.errors,
                seconds=seconds,
            )
        )
        self.telemetry.event(
            "tick.finished",
            users_due=report.users_due,
            users_bootstrapped=report.users_bootstrapped,
            jobs_created=report.jobs_created,
            users_rescheduled=report.users_rescheduled,
            errors=report.errors,
            seconds=seconds,
        )
        return report

    async def sweep(self) -> None:
        """End what expired; hand over again what waits (its worker died, or its retry has come).

        The beginning of a tick, and all that a worker without a queue needs.
        """
        now = self.clock.now()
        while True:
            swept = await self.store.sweep(now, limit=_PAGE, next_due=self._after_expiry(now))
            for occasion in swept.expired:
                self.telemetry.event("occasion.expired", occasion_id=occasion, reason=Reason.WINDOW_CLOSED)
            if swept.waiting:
                await self.engine.enqueue(swept.waiting)
            if swept.waiting or swept.expired:
                self.telemetry.event("tick.swept", waiting=len(swept.waiting), expired=len(swept.expired))
            if len(swept.expired) < _PAGE:
                return

    def _after_expiry(self, now: datetime) -> Callable[[Slot, datetime], datetime]:
        return lambda slot, _due: schedule.next_target(timetable(slot), now)

    async def _bootstrap(self, now: datetime) -> int:
        """Give users without a due time their first one."""
        total, last = 0, ""
        while slots := await self.store.unscheduled(self.batch, after=last):
            last = slots[-1].user_id
            dues = {slot.user_id: due for slot in slots if (due := self._first_due(slot, now)) is not None}
            total += await self.store.set_first_due(dues)
            for user, due in dues.items():
                self.telemetry.event("schedule.set", user_id=user, due_at=due.isoformat())
        self.telemetry.event("tick.found_unscheduled", count=total)
        return total

    def _first_due(self, slot: Slot, now: datetime) -> datetime | None:
        """Give a first due time; None, and an event, where the stored zone is no longer known."""
        try:
            return schedule.first_due(timetable(slot), now, draw=self.draw(), tick_interval=self.tick_interval)
        except KeyError:
            self.telemetry.event("tick.user_failed", user_id=slot.user_id, reason=Reason.NEEDS_TIMEZONE)
            return None

    async def _claim(self, now: datetime, bootstrapped: int) -> TickReport:
        """Claim all who are due, page by page, those whose window ends first at the front of each page."""
        seen: set[str] = set()
        jobs = rescheduled = errors = 0
        until = now + schedule.LOOKAHEAD
        while True:
            page = await self.store.due(until, _PAGE + len(seen))
            slots = [slot for slot in page if slot.user_id not in seen and _may_claim(slot, now)]
            seen.update(slot.user_id for slot in page)
            slots.sort(key=lambda slot: _urgency(slot, now))
            for start in range(0, len(slots), self.batch):
                part = slots[start : start + self.batch]
                claimed = await self.store.claim(
                    [slot.user_id for slot in part], until=until, now=now, plan=lambda slot: plan_claim(slot, now)
                )
                await self.engine.enqueue(claimed.to_enqueue)
                self._tell(part, set(claimed.queued), claimed.failed)
                jobs += len(claimed.queued)
                rescheduled += len(claimed.deferred)
                errors += len(claimed.failed)
            if not slots:
                break
        due = jobs + rescheduled + errors
        self.telemetry.event("tick.found_due", count=due)
        return TickReport(
            users_due=due,
            users_bootstrapped=bootstrapped,
            jobs_created=jobs,
            users_rescheduled=rescheduled,
            errors=errors,
        )

    def _tell(self, slots: Sequence[Slot], queued: set[str], failed: Sequence[str]) -> None:
        for slot in slots:
            occasion = occasion_id(slot.user_id, slot.due_at) if slot.due_at else ""
            if occasion in queued:
                self.telemetry.event("occasion.queued", occasion_id=occasion, user_id=slot.user_id)
        for user in failed:
            self.telemetry.event("tick.user_failed", user_id=user, reason=Reason.NEEDS_TIMEZONE)


def _may_claim(slot: Slot, now: datetime) -> bool:
    """Leave those to the next tick who are due within the lookahead but whose window opens only then."""
    try:
        return slot.due_at is None or slot.due_at <= now or schedule.is_open(timetable(slot), now)
    except KeyError:
        return True  # the claim counts it as an error


def _urgency(slot: Slot, now: datetime) -> datetime:
    try:
        return schedule.window_end(timetable(slot), now)
    except KeyError:
        return now
