"""Deterministic verdicts on a draft, one of each kind. No model is asked.

What a check finds is named as a fault to mend, in words that the next draft is told.
"""

from collections.abc import Callable, Sequence
from typing import Final

from reflecta.domain.checks.candidate import Candidate
from reflecta.domain.checks.form import find_fault_of_form
from reflecta.domain.checks.freshness import MAX_OVERLAP, OPENING_WORDS, Likeness, find_repetition, overlap
from reflecta.domain.checks.grounding import find_ungrounded, is_verbatim
from reflecta.domain.checks.length import (
    MAX_CHARS,
    MAX_PUSH_CHARS,
    MAX_WORDS,
    MIN_CHARS,
    MIN_WORDS,
    find_fault_of_length,
)
from reflecta.domain.checks.particulars import find_unknown_particulars
from reflecta.domain.checks.quotations import MIN_QUOTE_WORDS, quotations
from reflecta.domain.checks.safety import find_unsafe
from reflecta.domain.context import Context
from reflecta.domain.model import Check, CheckName, Draft

__all__ = [
    "MAX_CHARS",
    "MAX_OVERLAP",
    "MAX_PUSH_CHARS",
    "MAX_WORDS",
    "MIN_CHARS",
    "MIN_QUOTE_WORDS",
    "MIN_WORDS",
    "OPENING_WORDS",
    "Likeness",
    "check_draft",
    "is_verbatim",
    "overlap",
    "quotations",
]


def check_draft(draft: Draft, context: Context, *, likeness: Likeness | None = None) -> tuple[Check, ...]:
    """Give the verdict of every check, in the order in which their faults are to be mended.

    With *likeness*, a message that means the same as an earlier one counts as a repetition of it.
    """
    candidate = Candidate(draft=draft, context=context)
    found = [Check(name=name, fault=find_fault(candidate)) for name, find_fault in _CHECKS]
    return (*found, Check(name=CheckName.FRESHNESS, fault=find_repetition(candidate, likeness)))


_CHECKS: Final[Sequence[tuple[CheckName, Callable[[Candidate], str]]]] = (
    (CheckName.FORM, find_fault_of_form),
    (CheckName.LENGTH, find_fault_of_length),
    (CheckName.SAFETY, find_unsafe),
    (CheckName.GROUNDING, find_ungrounded),
    (CheckName.PARTICULARS, find_unknown_particulars),
)
