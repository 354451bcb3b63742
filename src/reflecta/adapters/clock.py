"""The machine's clock, and one that stands at an instant for commands with --at."""

from dataclasses import dataclass
from datetime import UTC, datetime


class SystemClock:
    """Reads the machine's clock."""

    def now(self) -> datetime:
        """Give the present instant."""
        return datetime.now(UTC)  # noqa: TID251 - the one place that may


@dataclass(frozen=True, slots=True)
class StandingClock:
    """Always tells the same instant."""

    at: datetime

    def now(self) -> datetime:
        """Give that instant."""
        return self.at
