"""A draft beside the context it was written from, with what more than one check reads off the two."""

from dataclasses import dataclass
from functools import cached_property

from reflecta.domain.checks.quotations import quoted_spans, without_quotations
from reflecta.domain.context import Context
from reflecta.domain.model import Draft
from reflecta.domain.text import words


# No slots: what is read off a draft is read once, and goes with it.
@dataclass(frozen=True, kw_only=True)
class Candidate:
    """What the checks judge."""

    draft: Draft
    context: Context

    @cached_property
    def words(self) -> list[str]:
        """Give the words of the message."""
        return words(self.draft.text)

    @cached_property
    def own_text(self) -> str:
        """Give the message without what it quotes."""
        return without_quotations(self.draft.text)

    @cached_property
    def own_push(self) -> str:
        """Give the push text without what it quotes."""
        return without_quotations(self.draft.push_text)

    @cached_property
    def spans(self) -> list[str]:
        """Give all that stands in quotation marks, first in the message, then in the push text."""
        return quoted_spans(self.draft.text) + quoted_spans(self.draft.push_text)
