"""Whether the dates, names and numbers of a message are those of the journal. Quotations are judged elsewhere."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Final

from reflecta.domain.checks.candidate import Candidate
from reflecta.domain.checks.dates import Found, read_date
from reflecta.domain.checks.known import Known
from reflecta.domain.checks.names import read_name
from reflecta.domain.checks.numbers import read_number
from reflecta.domain.checks.reading import Reading, read
from reflecta.domain.checks.vocabulary import NUMBERS, VOCABULARIES

_MAX_NAMED: Final = 5
_READERS: Final[Sequence[Callable[[Reading, int, Known], Found | None]]] = (read_date, read_number, read_name)


def find_unknown_particulars(candidate: Candidate) -> str:
    """Name the dates, names and numbers that the context does not bear out; empty when there are none."""
    unknown = list(dict.fromkeys(_unknown(read(candidate), Known(candidate=candidate))))[:_MAX_NAMED]
    if not unknown:
        return ""
    return (
        f"The message says {', '.join(map(repr, unknown))}, which the context does not have; "
        "leave it out, or say it as the entries do."
    )


def _unknown(said: Reading, known: Known) -> Iterator[str]:
    end = 0
    for at in _beginnings(said):
        found = _read(said, at, known) if at >= end else None
        if found is not None:
            end, is_known = found
            if not is_known:
                yield said.span(at, end)


def _beginnings(said: Reading) -> list[int]:
    """Give where a particular may begin: at a number, a capital, or the name of either; few words do."""
    marks = _marks(said.language)
    return [
        at
        for at, (text, folded) in enumerate(zip(said.texts, said.folded, strict=True))
        if folded in marks or text[0].isdigit() or "-" in text or text[0].isupper()
    ]


def _read(said: Reading, at: int, known: Known) -> Found | None:
    return next((found for reader in _READERS if (found := reader(said, at, known)) is not None), None)


@cache
def _marks(language: str | None) -> frozenset[str]:
    """Give the words without a capital that a date or a number can begin with."""
    known = VOCABULARIES.get(language or "")
    if known is None:
        return frozenset()
    single = (*known.weekdays, *known.months, *known.backs, *known.articles, *NUMBERS[language or ""])
    return frozenset((*single, *(f"{day}s" for day in known.weekdays)))
