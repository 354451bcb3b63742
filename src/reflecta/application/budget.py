"""Whether model calls may still be paid for today: by one user, and by all together."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Final

from reflecta.application.ports import Clock
from reflecta.application.ports.store import ProcessStore
from reflecta.domain import schedule

# The sum over all users is read this often and no more: it is exceeded by at most what these seconds cost.
_READ_EVERY: Final = timedelta(seconds=10)


@dataclass(slots=True, kw_only=True)
class Budget:
    """US dollars a user may cost on a local date, and all users on a UTC date; None is without limit.

    What calls in flight will cost is not known: a limit is exceeded by those.
    """

    store: ProcessStore
    clock: Clock
    per_user: float | None = None
    in_all: float | None = None
    _spent: float = field(default=0.0, init=False)
    _read_at: datetime | None = field(default=None, init=False)

    async def is_spent(self, user_id: str, zone: str) -> bool:
        """Say whether nothing more may be paid for this user today."""
        now = self.clock.now()
        if self.in_all is not None and await self._spent_by_all(now) >= self.in_all:
            return True
        if self.per_user is None:
            return False
        midnight = schedule.instant(schedule.local_date(now, zone), time.min, zone)
        return await self.store.spent(since=midnight, user_id=user_id) >= self.per_user

    async def _spent_by_all(self, now: datetime) -> float:
        if self._read_at is None or not timedelta() <= now - self._read_at < _READ_EVERY:
            self._read_at = now
            self._spent = await self.store.spent(since=datetime.combine(now.date(), time.min, tzinfo=UTC))
        return self._spent
