"""Numbers in a message, as digits or words: how long ago, how many, how much."""

import re
from typing import Final

from reflecta.domain.checks.dates import Found
from reflecta.domain.checks.known import Known
from reflecta.domain.checks.reading import Reading
from reflecta.domain.checks.vocabulary import FUNCTION_WORDS, NUMBERS

_YEARS: Final = range(1900, 2101)
_TEN: Final = 10
_HUNDRED: Final = 100
_WEEK: Final = 7
# By how many days a span may miss an entry: nobody counts months by the day.
_TOLERANCE: Final = {1: 0, 7: 3, 30: 15, 365: 100}
# 'Two sides', 'all three answers': what is counted so often has just been named, and stands in no entry.
_RHETORICAL: Final = frozenset({2, 3})
_PAIR: Final = 2
_POINTING: Final = frozenset(
    "all the these those alle die diese les ces las los estas estos as os tutte tutti le gli questi deze of".split()
)
# 'Ten minutes' is no measurement.
_ROUND_MINUTES: Final = frozenset({5, 10})
_GROUPED: Final = re.compile(r"\d{1,3}(?:[.,]\d{3})+")
_PHRASES: Final = frozenset({"24/7", "50/50"})


def read_number(said: Reading, at: int, known: Known) -> Found | None:
    """Read a number that begins there."""
    end, number = _number(said, at)
    if not number:
        return _article(said, at, known)
    if number.isdecimal():
        return end, _is_known(said, at, end, int(number), known)
    return end, number in _PHRASES or all(map(known.has_number, _parts(number)))


def _parts(number: str) -> list[str]:
    """Give the numbers of a range or a fraction, or the one number it is."""
    return re.split(r"[-/]", number)


def _number(said: Reading, at: int) -> tuple[int, str]:
    """Give where a number ends and what it is, in digits; an empty text where none stands."""
    token = said.at(at)
    if token.text[0].isdigit():
        return at + 1, re.sub(r"[.,]", "", token.text) if _GROUPED.fullmatch(token.text) else token.text
    value, end = _value(said, at), at + 1
    if not value:
        return at, ""
    if value < _HUNDRED and not value % _TEN and value > _TEN:
        joined = end + (said.vocabulary is not None and said.at(end).folded in said.vocabulary.and_words)
        unit = _value(said, joined)
        if 0 < unit < _TEN:
            return joined + 1, str(value + unit)
    while (more := _value(said, end)) >= _HUNDRED:
        value, end = value * more, end + 1
    return end, str(value)


def _value(said: Reading, at: int) -> int:
    """Give the number that a word names, 0 where it names none."""
    numbers = NUMBERS.get(said.language or "", {})
    word = said.at(at).folded
    if word in numbers or "-" not in word:
        return numbers.get(word, 0)
    parts = [numbers.get(part, 0) for part in word.split("-")]
    return sum(parts) if all(parts) else 0


def _is_known(said: Reading, start: int, end: int, value: int, known: Known) -> bool:
    unit = _unit(said, end)
    if unit and _is_ago(said, start, end):
        return _ago(known, said.span(start, end + 1), value * unit, unit)
    is_counted = _is_span(value, unit, known) if unit else _is_count(said, start, end, value, known)
    return is_counted or known.has_number(str(value)) or known.has_phrase(said.span(start, end).casefold())


def _is_count(said: Reading, start: int, end: int, value: int, known: Known) -> bool:
    """Say whether a number needs no source: an idle word, a year of the journal, or the count of its entries."""
    if said.at(start).is_word and _is_idle(said, start, end, value, known):
        return True
    if value in _YEARS and value in known.years:
        return True
    if said.vocabulary is None:
        return False
    # 'Nine entries', '{} of the last seven days': these are counted, other things must be told of.
    is_of_entries = said.at(end).folded in said.vocabulary.counted
    return value in known.counts if is_of_entries else said.speaks_of_days(start) and value in known.days_written


def _unit(said: Reading, at: int) -> int:
    """Give the days of the unit of time named there, or after one more word ('three whole weeks'); else 0."""
    units = said.vocabulary.units if said.vocabulary else dict[str, int]()
    nearby = (said.at(at), said.at(at + 1)) if said.at(at).is_word else (said.at(at),)
    return next((units[token.folded] for token in nearby if token.folded in units), 0)


def _is_ago(said: Reading, start: int, end: int) -> bool:
    if said.vocabulary is None:
        return False
    before, after = said.at(start - 1).folded, {said.at(end + 1).folded, said.at(end + 2).folded}
    is_before = before in said.vocabulary.ago_before and (said.language != "fr" or said.at(start - 2).folded == "y")
    return is_before or (not after.isdisjoint(said.vocabulary.ago_after) and said.language != "fr")


def _ago(known: Known, said: str, days: int, unit: int) -> bool:
    """Say whether a span of so many days back is the age of an entry, or is told of."""
    is_close = any(abs(age - days) <= _TOLERANCE[unit] for age in known.ages)
    return is_close or known.has_phrase(said.casefold())


def _is_span(value: int, unit: int, known: Known) -> bool:
    """Say whether a span of time is told of, or is one between entries and today, or the days of a week."""
    if value * unit == _WEEK or value in known.days_written:
        return True
    return any(abs(age - value * unit) <= _TOLERANCE[unit] for age in known.ages)


def _is_idle(said: Reading, start: int, end: int, value: int, known: Known) -> bool:
    """Say whether a number in words claims nothing of the person."""
    noun = said.at(end)
    if value in _ROUND_MINUTES and said.vocabulary and noun.folded in said.vocabulary.minutes:
        return True
    if value not in _RHETORICAL or (value > _PAIR and said.at(start - 1).folded not in _POINTING):
        return False
    is_of_journal = said.vocabulary is not None and noun.folded in said.vocabulary.counted
    return not noun.is_word or is_of_journal or noun.folded in FUNCTION_WORDS or not known.has_word(noun.folded)


def _article(said: Reading, at: int, known: Known) -> Found | None:
    """Read 'a week ago', the one span of time that has no number."""
    if said.vocabulary is None or said.at(at).folded not in said.vocabulary.articles:
        return None
    unit = said.vocabulary.units.get(said.at(at + 1).folded, 0)
    if not unit or not _is_ago(said, at, at + 1):
        return None
    return at + 2, _ago(known, said.span(at, at + 2), unit, unit)
