"""The one way to read time."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time. Only implementations of this may read the machine's clock."""

    def now(self) -> datetime:
        """Give the present instant, aware and in UTC."""
        ...
