"""The words a composed message is made of: templates, dates and cues of one language, and how slots are filled."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Final

from reflecta.domain.model import MessageType, ToneDegree
from reflecta.domain.text import words

# What a template may leave open. All but the name must be declared in its *needs*.
SLOTS: Final = frozenset({"quote", "date", "quote2", "date2", "days", "name"})

# Five words in a row are the unit in which texts are compared.
RUN: Final = 5

_SLOT: Final = re.compile(r"\{([^{}]*)\}")
# Where a filled-in word opens a sentence.
_SENTENCE_STARTS: Final = (". ", "? ", "! ", "\n")
# Up to this many days the bare weekday is clear.
_WEEKDAY_DAYS: Final = 6
_FIRST_WEEKS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One text with slots; *tones* is empty when it suits every tone a person may ask for."""

    type: MessageType
    text: str
    push_text: str
    needs: frozenset[str]
    tones: frozenset[ToneDegree] = frozenset()

    def suits(self, tone: ToneDegree) -> bool:
        """Say whether it may be sent to a person who asked for that tone."""
        return not self.tones or tone in self.tones


@dataclass(frozen=True, slots=True, kw_only=True)
class DateWords:
    """How a language says when something was written, as an adverbial ('yesterday', 'on Tuesday, 3 November').

    The patterns hold the slots {weekday}, {day}, {month}, {year} and {weeks}; *numbers* starts with one;
    *first_day* replaces the number of the first of a month where the language has a word for it.
    """

    today: str
    yesterday: str
    weekday: str
    date: str
    date_with_year: str
    weeks: str
    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    numbers: tuple[str, ...]
    first_day: str = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cues:
    """Phrases that tell what a sentence is about, as words in lower case joined by blanks.

    *own*: it is about the writer; *common*: words that say nothing of the subject; *goal* and *not_goal*: it
    states an intention, or only looks so; *win*: something went right, unless *negation*; *struggle*: something
    is hard; *feeling*: a feeling is named; *dangling*: first words that lean on the sentence before; *grave*:
    nothing a template may comment on. A '*' stands for any part of a word ('voy a *r').
    """

    own: tuple[str, ...]
    common: tuple[str, ...]
    goal: tuple[str, ...]
    not_goal: tuple[str, ...]
    win: tuple[str, ...]
    negation: tuple[str, ...]
    struggle: tuple[str, ...]
    feeling: tuple[str, ...]
    dangling: tuple[str, ...]
    grave: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """All that is needed to write in one language; *code* is its two or three letters (ISO 639)."""

    code: str
    templates: tuple[Template, ...]
    dates: DateWords
    cues: Cues


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateSet:
    """The languages in use, by code; *version* changes with any change of their content."""

    languages: Mapping[str, Language]
    default: str
    version: str

    def language(self, tag: str | None, sample: Sequence[str] = ()) -> Language:
        """Give the language of a tag ('pt-BR'); without a known one, that of the *sample* texts, else the default.

        The sample's language is the one whose commonest words it holds most often.
        """
        code = re.split(r"[-_]", tag.strip().casefold())[0] if tag else ""
        if code in self.languages:
            return self.languages[code]
        said = words("\n".join(sample))
        ranked = sorted(self.languages, key=lambda code: (-self._commonness(code, said), code != self.default, code))
        return self.languages[ranked[0]]

    def _commonness(self, code: str, said: Sequence[str]) -> int:
        cues = self.languages[code].cues
        known = frozenset(cues.own + cues.common)
        return sum(word in known for word in said)


def fold(text: str) -> str:
    """Give the form of a text in which `has_cue` looks for phrases."""
    return f" {' '.join(words(text))} "


def has_cue(folded: str, phrases: tuple[str, ...]) -> bool:
    """Say whether a folded text holds one of the phrases as whole words; '*' in a phrase is any part of a word."""
    return bool(phrases) and _pattern(phrases).search(folded) is not None


@cache
def _pattern(phrases: tuple[str, ...]) -> re.Pattern[str]:
    alternatives = "|".join(re.escape(phrase).replace(r"\*", r"\S*") for phrase in phrases)
    return re.compile(f"(?<= )(?:{alternatives})(?= )")


def slots_of(text: str) -> list[str]:
    """Give the names of the slots in a text, in order."""
    return _SLOT.findall(text)


def fixed_words(text: str) -> list[str]:
    """Give the words that stand in a template whatever its slots are filled with."""
    return words(_SLOT.sub(" ", text))


def runs_between_slots(text: str) -> frozenset[tuple[str, ...]]:
    """Give the five-word runs of a text or template that no slot tears apart."""
    parts = (words(part) for part in _SLOT.split(text)[::2])
    return frozenset(tuple(part[i : i + RUN]) for part in parts for i in range(len(part) - RUN + 1))


def fill(text: str, values: Mapping[str, str]) -> str:
    """Fill the slots once (a value's own braces are left alone); dates and numbers that open a sentence get a capital.

    Without a name, the comma before it goes too. KeyError when another slot has no value.
    """
    template = text if values.get("name") else text.replace(", {name}", "")

    def put(match: re.Match[str]) -> str:
        value, before = values[match[1]], template[: match.start()]
        opens = not before or before.endswith(_SENTENCE_STARTS)
        return value[:1].upper() + value[1:] if opens else value

    return _SLOT.sub(put, template)


def say_date(written_at: datetime, *, days_ago: int, now: datetime, dates: DateWords) -> str:
    """Give in words when something was written; both times are the person's wall clock."""
    if days_ago in {0, 1}:
        return dates.yesterday if days_ago else dates.today
    weeks, rest = divmod(days_ago, 7)
    values = {
        "weekday": dates.weekdays[written_at.weekday()],
        "day": dates.first_day if written_at.day == 1 else str(written_at.day),
        "month": dates.months[written_at.month - 1],
        "year": str(written_at.year),
        "weeks": dates.numbers[weeks - 1] if 0 < weeks <= len(dates.numbers) else "",
    }
    if 0 < days_ago <= _WEEKDAY_DAYS:
        return fill_plain(dates.weekday, values)
    if not rest and weeks >= _FIRST_WEEKS and values["weeks"]:
        return fill_plain(dates.weeks, values)
    return fill_plain(dates.date if written_at.year == now.year else dates.date_with_year, values)


def fill_plain(pattern: str, values: Mapping[str, str]) -> str:
    """Fill the slots of a pattern and change nothing else."""
    return _SLOT.sub(lambda match: values[match[1]], pattern)
