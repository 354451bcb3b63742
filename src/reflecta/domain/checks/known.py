"""What the context bears out of a message's dates, names and numbers."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final

from reflecta.domain.checks.candidate import Candidate
from reflecta.domain.checks.grounding import cited_notes, other_texts, told_of
from reflecta.domain.checks.vocabulary import VOCABULARIES, names_of
from reflecta.domain.context import Context
from reflecta.domain.note import Note
from reflecta.domain.text import comparable

# What inflection adds to a name: "Anna's", 'Annas', 'Markussen'.
_MAX_ENDING: Final = 3
_MIN_INFLECTED: Final = 3
# How far from the name of a month its day stands.
_NEAR: Final = 9
_SHORT_MONTH: Final = 3
_WEEK: Final = 7


# No slots: what is gathered from the context is gathered once a draft, and only when it is asked for.
@dataclass(frozen=True, kw_only=True)
class Known:
    """What the context has; the entries that a draft cites, or all where it cites none, only say what it is about."""

    candidate: Candidate

    @property
    def context(self) -> Context:
        """Give what the draft was written from."""
        return self.candidate.context

    @cached_property
    def cited(self) -> Sequence[Note]:
        """Give the entries that the draft rests on."""
        return cited_notes(self.candidate) or list(self.context.sources.values())

    @cached_property
    def dates(self) -> frozenset[date]:
        """Give the days on which the entries were written, in the person's zone."""
        return frozenset(note.written_at.date() for note in self.context.sources.values())

    @cached_property
    def ages(self) -> frozenset[int]:
        """Give how many days ago each entry was written."""
        return frozenset(note.days_ago for note in self.context.sources.values())

    @cached_property
    def years(self) -> frozenset[int]:
        """Give the years of all that was written, and this year."""
        return frozenset((self.context.now.year, *(note.written_at.year for note in self.context.sources.values())))

    @cached_property
    def days_written(self) -> frozenset[int]:
        """Give on how many days the person wrote: of the last seven, and of all that are known."""
        return frozenset((sum(0 <= age < _WEEK for age in self.ages), len(self.ages)))

    @cached_property
    def counts(self) -> frozenset[int]:
        """Give how many entries there are, known ones and all."""
        return frozenset((self.context.entry_count, len(self.context.sources), len(self.cited)))

    @cached_property
    def _cited_text(self) -> str:
        """Give the words of the entries that the draft rests on, and what the app knows of the person."""
        return "\n".join((*(note.comparable for note in self.cited), *map(comparable, told_of(self.context))))

    @cached_property
    def _entries(self) -> str:
        return "\n".join(note.comparable for note in self.context.sources.values())

    @cached_property
    def _others(self) -> str:
        return "\n".join(map(comparable, other_texts(self.context)))

    def _texts(self) -> Iterator[str]:
        """Give all that the writer saw: entries first, since mostly no other need be read."""
        yield self._entries
        yield self._others

    def has_number(self, number: str) -> bool:
        """Say whether a number, '12' or '7.5' or '7:30', stands in the context, as digits or as a word."""
        return any(_has_number(number, text) for text in self._texts())

    def has_phrase(self, phrase: str) -> bool:
        """Say whether a phrase stands in the context word for word."""
        return any(_holds_word(phrase, text) for text in self._texts())

    def has_word(self, word: str) -> bool:
        """Say whether a word stands in the entries that the draft rests on, just so."""
        return _holds_word(word, self._cited_text)

    def has_name(self, name: str) -> bool:
        """Say whether a name stands in the context, inflected or not, with its accents or without."""
        bare = name.removesuffix("'s").removesuffix("'")
        if any(_holds_name(bare, text) for text in self._texts()):
            return True
        return any(_holds_name(_without_accents(bare), _without_accents(text)) for text in self._texts())

    def has_weekday(self, weekday: int) -> bool:
        """Say whether something was written on that day of the week (Monday is 0), or tells of one."""
        names = {known.weekdays[weekday] for known in VOCABULARIES.values()}
        return any(day.weekday() == weekday for day in self.dates) or self._tells_of(names)

    def has_month(self, month: int) -> bool:
        """Say whether something was written in that month, or tells of it."""
        names = {known.months[month - 1] for known in VOCABULARIES.values()}
        return any(day.month == month for day in self.dates) or self._tells_of(names)

    def _tells_of(self, names: Iterable[str]) -> bool:
        return any(_holds_word(name, text, ending=_MAX_ENDING) for text in self._texts() for name in names)

    def has_day(self, day: int, month: int, year: int | None = None) -> bool:
        """Say whether something was written on a day of the year, or tells of it, or whether it is today."""
        if any(year in {None, known.year} for known in self.days_called(day, month)):
            return True
        names = {known.months[month - 1] for known in VOCABULARIES.values()} if 1 <= month <= 12 else set[str]()  # noqa: PLR2004
        return any(_holds_date(day, name, text) for text in self._texts() for name in names)

    def days_called(self, day: int, month: int) -> Sequence[date]:
        """Give the dates of that name on which something was written, and today's."""
        return [known for known in (*self.dates, self.context.now.date()) if (known.day, known.month) == (day, month)]


def _has_number(number: str, text: str) -> bool:
    whole = int(number) if number.isdecimal() else None
    digits = any(_holds_number(form, text) for form in _written(number, whole))
    return digits or any(_holds_word(name, text) for name in names_of(whole or 0))


def _written(number: str, whole: int | None) -> Iterable[str]:
    """Give the ways to write a number in digits."""
    if whole is None:
        return {number, number.replace(",", "."), number.replace(".", ","), number.replace(".", ":")}
    forms = {number, str(whole)}
    if whole >= 1000:  # noqa: PLR2004
        forms |= {f"{whole:,}".replace(",", sign) for sign in ",. '"}
    return forms


def _holds_number(form: str, text: str) -> bool:
    """Say whether digits stand in a text, not as a part of more digits."""
    at = text.find(form)
    while at >= 0:
        end = at + len(form)
        if not _goes_on(text[max(at - 2, 0) : at][::-1]) and not _goes_on(text[end : end + 2]):
            return True
        at = text.find(form, end)
    return False


def _goes_on(following: str) -> bool:
    """Say whether digits go on in what follows them: at once, or after the sign of a fraction or of thousands."""
    return following[:1].isdigit() or (following[:1] in {".", ","} and following[1:2].isdigit())


def _holds_name(name: str, text: str) -> bool:
    """Say whether a text has a name, or one of which it is the genitive ('Annas Garten', 'Anna')."""
    if _holds_word(name, text, ending=_MAX_ENDING):
        return True
    return name.endswith("s") and _holds_word(name[:-1], text)


def _holds_date(day: int, month: str, text: str) -> bool:
    """Say whether a day of a month stands in a text, whichever comes first; the month may be cut short."""
    places = _words(month[:_SHORT_MONTH], text, ending=len(month))
    return any(_holds_number(str(day), text[max(at - _NEAR, 0) : end + _NEAR]) for at, end in places)


def _holds_word(stem: str, text: str, *, ending: int = 0) -> bool:
    return any(True for _ in _words(stem, text, ending=ending))


def _words(stem: str, text: str, *, ending: int = 0) -> Iterator[tuple[int, int]]:
    """Give where a text has a word of the stem and at most so many letters more; few letters are a whole word."""
    most = ending if len(stem) >= _MIN_INFLECTED else 0
    at = text.find(stem) if stem else -1
    while at >= 0:
        end = at + len(stem)
        if not text[max(at - 1, 0) : at].isalnum() and _letters(text[end : end + most + 1]) <= most:
            yield at, end
        at = text.find(stem, end)


def _letters(text: str) -> int:
    """Count the letters and digits that a text begins with."""
    return next((number for number, char in enumerate(text) if not char.isalnum()), len(text))


def _without_accents(text: str) -> str:
    if text.isascii():
        return text
    return "".join(char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char))
