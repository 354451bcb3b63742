"""Dates in a message: numeric and spelt ones, weekdays, months, and words for days before today."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Final

from reflecta.domain.checks.known import Known
from reflecta.domain.checks.reading import Reading, Token
from reflecta.domain.checks.vocabulary import Vocabulary

_ISO: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_NUMERIC: Final = re.compile(r"(\d{1,2})[./](\d{1,2})(?:[./](\d{4}|\d{2}))?")
_MAX_DAY: Final = 31
_CENTURY: Final = 2000
_YEARS: Final = range(1900, 2101)
# What may stand between a day and its month ('3rd of May', '3 de mayo'), and after the day.
_LINKS: Final = frozenset("of de del di van . st nd rd th er o a ª º e".split())
_MAX_LINKS: Final = 4
# What may stand between a weekday and its date.
_BEFORE_DATE: Final = frozenset(", the den dem der le el dia día il de".split())
_SHORT_MONTHS: Final = {
    name: number for number, name in enumerate("jan feb mar apr may jun jul aug sept oct nov dec".split(), 1)
}
# English words that are more often no month.
_NO_MONTHS: Final = frozenset({"may", "march", "august"})
_CAPITAL_LANGUAGES: Final = frozenset({"en", "de"})

# Where what was read ends, and whether the context bears it out.
Found = tuple[int, bool]


def read_date(said: Reading, at: int, known: Known) -> Found | None:
    """Read a date that begins there."""
    token = said.at(at)
    if token.text[0].isdigit():
        return _numeric(token, at, known) or _day_first(said, at, known)
    if said.vocabulary is None:
        return None
    return _month_first(said, at, known) or _weekday(said, at, known) or _day_before(said, at, known)


def _numeric(token: Token, at: int, known: Known) -> Found | None:
    if match := _ISO.fullmatch(token.text):
        year, month, day = map(int, match.groups())
        return at + 1, known.has_day(day, month, year) or known.has_phrase(token.text)
    match = _NUMERIC.fullmatch(token.text)
    if match is None:
        return None
    one, other = int(match[1]), int(match[2])
    year = int(match[3]) if match[3] else None
    full = year + _CENTURY if year is not None and year < 100 else year  # noqa: PLR2004
    orders = [(one, other)] if "." in token.text else [(one, other), (other, one)]
    if any(known.has_day(day, month, full) for day, month in orders):
        return at + 1, True
    return (at + 1, known.has_phrase(token.text)) if year is not None else None


def _day_first(said: Reading, at: int, known: Known) -> Found | None:
    """Read '3 November', '3rd of November 2026', '3. November'."""
    day = _day(said.at(at))
    after = at + 1
    while day and said.at(after).folded in _LINKS and after < at + _MAX_LINKS:
        after += 1
    month = _month(said, after, beside_day=True)
    if not day or not month:
        return None
    return _with_year(said, after + 1, known, day, month)


def _month_first(said: Reading, at: int, known: Known) -> Found | None:
    """Read 'November 3, 2026' or 'November'."""
    day = _day(said.at(at + 1))
    month = _month(said, at, beside_day=bool(day))
    if not month:
        return None
    if day:
        after = at + 3 if said.at(at + 2).folded in {"st", "nd", "rd", "th"} else at + 2
        return _with_year(said, after, known, day, month)
    is_now = month == known.context.now.month and not said.tells_of_the_past(at)
    return at + 1, is_now or known.has_month(month)


def _with_year(said: Reading, after: int, known: Known, day: int, month: int) -> Found:
    place = after
    while said.at(place).folded in {",", "de", "del"}:
        place += 1
    text = said.at(place).text
    year = int(text) if text.isdecimal() and int(text) in _YEARS else None
    return (after if year is None else place + 1), known.has_day(day, month, year)


def _day(token: Token) -> int:
    """Give the number of a day, 0 where none stands."""
    return int(token.text) if token.text.isdecimal() and len(token.text) <= 2 and int(token.text) <= _MAX_DAY else 0  # noqa: PLR2004


def _month(said: Reading, at: int, *, beside_day: bool) -> int:
    """Give the number of the month named there, 0 where none is."""
    token, known = said.at(at), said.vocabulary
    if known is None or not token.is_word:
        return 0
    if said.language in _CAPITAL_LANGUAGES and not token.text[0].isupper():
        return 0
    if token.folded in known.months:
        doubtful = said.language == "en" and token.folded in _NO_MONTHS and said.opens(at)
        return 0 if doubtful and not beside_day else known.months.index(token.folded) + 1
    return _SHORT_MONTHS.get(token.folded, 0) if beside_day else 0


def _weekday(said: Reading, at: int, known: Known) -> Found | None:
    token = said.at(at)
    weekday = _number_of_weekday(token, said.language, said.vocabulary)
    if weekday is None:
        return None
    if days := _dates_after(said, at + 1, known):
        return at + 1, any(day.weekday() == weekday for day in days)
    is_now = weekday == known.context.now.weekday() and not said.tells_of_the_past(at)
    return at + 1, is_now or known.has_weekday(weekday)


def _dates_after(said: Reading, at: int, known: Known) -> Sequence[date]:
    """Give the days that a date beside a weekday can mean ('Tuesday, the 3rd of November')."""
    while said.at(at).folded in _BEFORE_DATE:
        at += 1
    month_first = _month(said, at, beside_day=True)
    if month_first:
        return known.days_called(_day(said.at(at + 1)), month_first)
    after = at + 1
    while said.at(after).folded in _LINKS and after < at + _MAX_LINKS:
        after += 1
    return known.days_called(_day(said.at(at)), _month(said, after, beside_day=True))


def _number_of_weekday(token: Token, language: str | None, known: Vocabulary | None) -> int | None:
    if known is None or not token.is_word:
        return None
    if language == "de":
        # German writes 'Montagabend' in one word, and has two words for Saturday.
        name = token.folded.replace("sonnabend", "samstag")
        return next((number for number, weekday in enumerate(known.weekdays) if name.startswith(weekday)), None)
    name = token.folded if token.folded in known.weekdays else token.folded.removesuffix("s")
    return known.weekdays.index(name) if name in known.weekdays else None


def _day_before(said: Reading, at: int, known: Known) -> Found | None:
    token = said.at(at)
    days = said.vocabulary.backs.get(token.folded) if said.vocabulary else None
    if days is None:
        return None
    # 'The day before yesterday' is two days ago; nothing else is called so.
    if said.span(at - 3, at).casefold() == "the day before" or said.at(at - 1).folded == "avant":
        days += 1
    return at + 1, days in known.ages or known.has_phrase(token.folded)
