"""Finds who is due and makes occasions of them. Never waits for a message to be written."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from reflecta.application.claiming import closings, planner, timetable
from reflecta.application.ports import Clock, Engine, Telemetry
from reflecta.application.ports.store import Claimed, Slot, TickRecord, TickStore
from reflecta.domain import schedule
from reflecta.domain.model import Reason, occasion_id


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

    Two ticks at once do each user once. *draw* gives numbers in [0, 1) for first due times; *page* users are held
    in memory at once, *batch* are claimed per transaction.
    """

    store: TickStore
    engine: Engine
    clock: Clock
    telemetry: Telemetry
    draw: Callable[[], float]
    batch: int = 500
    page: int = 10_000
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
            swept = await self.store.sweep(now, limit=self.page, next_due=self._after_expiry(now))
            for occasion in swept.expired:
                self.telemetry.event("occasion.expired", occasion_id=occasion, reason=Reason.WINDOW_CLOSED)
            if swept.waiting:
                await self.engine.enqueue(swept.waiting)
            if swept.waiting or swept.expired:
                self.telemetry.event("tick.swept", waiting=len(swept.waiting), expired=len(swept.expired))
            if len(swept.expired) < self.page:
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
        jobs = rescheduled = errors = 0
        until = now + schedule.LOOKAHEAD
        plan, closing = planner(now), closings(now)
        last: Slot | None = None
        while page := await self.store.due(until, self.page, after=last):
            # Left to the next tick: due within the lookahead, but the window opens only then.
            slots = [slot for slot in page if slot.due_at is None or slot.due_at <= now or closing(slot)]
            slots.sort(key=lambda slot: closing(slot) or now)
            for start in range(0, len(slots), self.batch):
                part = slots[start : start + self.batch]
                claimed = await self.store.claim([slot.user_id for slot in part], until=until, now=now, plan=plan)
                await self.engine.enqueue(claimed.to_enqueue)
                self._tell(part, claimed)
                jobs += len(claimed.queued)
                rescheduled += len(claimed.deferred)
                errors += len(claimed.failed)
            if len(page) < self.page:
                break
            last = page[-1]
        due = jobs + rescheduled + errors
        self.telemetry.event("tick.found_due", count=due)
        return TickReport(
            users_due=due,
            users_bootstrapped=bootstrapped,
            jobs_created=jobs,
            users_rescheduled=rescheduled,
            errors=errors,
        )

    def _tell(self, slots: Sequence[Slot], claimed: Claimed) -> None:
        for occasion, user in _owners(slots, claimed.queued):
            self.telemetry.event("occasion.queued", occasion_id=occasion, user_id=user)
        for user in claimed.failed:
            self.telemetry.event("tick.user_failed", user_id=user, reason=Reason.NEEDS_TIMEZONE)


def _owners(slots: Sequence[Slot], queued: Sequence[str]) -> Iterable[tuple[str, str]]:
    """Pair the occasions, which are in the order of their users, with the users' ids."""
    if len(queued) == len(slots):
        return zip(queued, (slot.user_id for slot in slots), strict=True)
    owners = {occasion_id(slot.user_id, slot.due_at): slot.user_id for slot in slots if slot.due_at}
    return ((occasion, owners[occasion]) for occasion in queued if occasion in owners)
