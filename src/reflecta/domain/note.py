"""One journal entry as a writer sees it. Knows no rule about what is worth seeing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from reflecta.domain.text import comparable, words


# No slots: what is read off a note more than once stays with it, and goes with it.
@dataclass(frozen=True, kw_only=True)
class Note:
    """One journal entry as the writer sees it: dates are the user's own."""

    entry_id: str
    written_at: datetime
    days_ago: int
    text: str

    @cached_property
    def comparable(self) -> str:
        """Give the text as quotations are compared with it."""
        return comparable(self.text)

    @cached_property
    def words(self) -> Sequence[str]:
        """Give its words."""
        return words(self.text)
