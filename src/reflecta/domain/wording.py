"""The words of one language that a message is made of or stands among: templates, dates, cues and labels."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import chain, pairwise
from typing import Final

from reflecta.domain.model import MessageType, ToneDegree
from reflecta.domain.text import runs, words

# What a template may leave open. All but the name must be declared in its *needs*.
SLOTS: Final = frozenset({"quote", "date", "quote2", "date2", "days", "name"})

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
    *first_day* replaces the number of the first of a month where the language has a word for it. *day_and_month*
    alone is no adverbial but a name ('3 November').
    """

    today: str
    yesterday: str
    weekday: str
    date: str
    date_with_year: str
    day_and_month: str
    weeks: str
    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    numbers: tuple[str, ...]
    first_day: str = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What stands around a message, whoever wrote it.

    *heading* and *composed* open its journal entry: the second where a template and no model wrote it. *push* stands
    on a lock screen and gives nothing away. *from_entry* has the slot {date}, *from_entries* {dates}, of which
    *and_* joins the last two.
    """

    heading: str
    composed: str
    push: str
    from_entry: str
    from_entries: str
    and_: str


_NONE: Final[frozenset[str]] = frozenset()
# The name of its list, and what finds it in a text whose words are joined by blanks.
_Phrase = tuple[str, re.Pattern[str]]


class CueFinder:
    """Finds which of several lists of phrases stand in a text, all of them in one pass over its words."""

    def __init__(self, lists: Mapping[str, Sequence[str]]) -> None:
        self._words: defaultdict[str, set[str]] = defaultdict(set)
        self._exact: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self._pairs: defaultdict[tuple[str, str], list[_Phrase]] = defaultdict(list)
        self._starts: defaultdict[str, list[_Phrase]] = defaultdict(list)
        self._anywhere: list[_Phrase] = []
        for name, phrases in lists.items():
            for phrase in phrases:
                self._add(name, phrase)
        self._known_words, self._known_starts = frozenset(self._words), frozenset(self._starts)
        self._known_pairs = frozenset(self._exact) | frozenset(self._pairs)

    def _add(self, name: str, phrase: str) -> None:
        """File a phrase under the literal words that it begins with: two of them where there are."""
        first, second = [*phrase.split(), "", ""][:2]
        escaped = re.escape(phrase).replace(re.escape("*"), r"\S*")
        pattern = re.compile(f" {escaped}(?= )")  # begins with what can be searched for fast
        if phrase == first and "*" not in first:
            self._words[first].add(name)
        elif phrase == f"{first} {second}" and "*" not in phrase:
            self._exact[first, second].add(name)
        elif "*" in first:
            self._anywhere.append((name, pattern))
        elif "*" in second:
            self._starts[first].append((name, pattern))
        else:
            self._pairs[first, second].append((name, pattern))

    def found_in(self, said: Sequence[str]) -> set[str]:
        """Give the names of the lists that have a phrase in a text of these words."""
        found: set[str] = set()
        for word in self._known_words.intersection(said):
            found |= self._words[word]
        phrases = [*self._anywhere]
        for pair in self._known_pairs.intersection(pairwise(said)):
            found |= self._exact.get(pair, _NONE)
            phrases += self._pairs.get(pair, ())
        if self._known_starts:
            phrases += chain.from_iterable(self._starts[word] for word in self._known_starts.intersection(said))
        if phrases:
            folded = join(said)
            found |= {name for name, pattern in phrases if name not in found and pattern.search(folded)}
        return found


# No slots: the finders are built once.
@dataclass(frozen=True, kw_only=True)
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

    def find(self, said: Sequence[str]) -> set[str]:
        """Give the names of the lists, *common* and *dangling* apart, that have a phrase in a text of these words."""
        return self._finder.found_in(said)

    @cached_property
    def plain(self) -> frozenset[str]:
        """Give the words that say nothing of the subject."""
        return frozenset(self.common + self.own)

    @cached_property
    def _finder(self) -> CueFinder:
        names = ("own", "goal", "not_goal", "win", "negation", "struggle", "feeling", "grave")
        return CueFinder({name: getattr(self, name) for name in names})


@dataclass(frozen=True, kw_only=True)
class Language:
    """All that is needed to write in one language; *code* is its two or three letters (ISO 639)."""

    code: str
    templates: tuple[Template, ...]
    dates: DateWords
    cues: Cues
    labels: Labels

    def made_from(self, told: AbstractSet[tuple[str, ...]]) -> Sequence[int]:
        """Give the numbers of the templates of which a message's runs hold more than half."""
        shared = Counter(number for run in self._runs.keys() & told for number in self._runs[run])
        return [number for number, count in shared.items() if 2 * count > self._sizes[number]]

    @cached_property
    def _runs(self) -> Mapping[tuple[str, ...], Sequence[int]]:
        """The numbers of the templates that have a run."""
        numbers: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
        for number, template in enumerate(self.templates):
            for run in runs_between_slots(template.text):
                numbers[run].append(number)
        return dict(numbers)

    @cached_property
    def _sizes(self) -> Sequence[int]:
        """How many runs each template has."""
        return [len(runs_between_slots(template.text)) for template in self.templates]


# No slots: what tells the languages apart is looked up once.
@dataclass(frozen=True, kw_only=True)
class TemplateSet:
    """The languages in use, by code; *version* changes with any change of their content."""

    languages: Mapping[str, Language]
    default: str
    version: str

    def language(self, tag: str | None, sample: Sequence[str] = ()) -> Language:
        """Give the language of a tag ('pt-BR'); without a known one, that of the *sample* texts, else the default.

        The sample's language is the one whose commonest words it holds most often.
        """
        return self.named(tag) or self.spoken(words("\n".join(sample)))

    def named(self, tag: str | None) -> Language | None:
        """Give the language of a tag, None without a known one."""
        code = re.split(r"[-_]", tag.strip().casefold())[0] if tag else ""
        return self.languages.get(code)

    def spoken(self, said: Iterable[str]) -> Language:
        """Give the language whose commonest words are the most of these."""
        counts = dict.fromkeys(self.languages, 0)
        for word, times in Counter(said).items():
            for code in self._common.get(word, ()):
                counts[code] += times
        return self.languages[min(counts, key=lambda code: (-counts[code], code != self.default, code))]

    @cached_property
    def _common(self) -> Mapping[str, Sequence[str]]:
        """The codes of the languages in which a word is a common one."""
        codes: defaultdict[str, list[str]] = defaultdict(list)
        for code, language in self.languages.items():
            for word in language.cues.plain:
                codes[word].append(code)
        return dict(codes)


def join(said: Sequence[str]) -> str:
    """Give words as a text in which phrases can be found as whole words: each between blanks."""
    return f" {' '.join(said)} "


def slots_of(text: str) -> list[str]:
    """Give the names of the slots in a text, in order."""
    return _SLOT.findall(text)


def fixed_words(text: str) -> list[str]:
    """Give the words that stand in a template whatever its slots are filled with."""
    return words(_SLOT.sub(" ", text))


def runs_between_slots(text: str) -> frozenset[tuple[str, ...]]:
    """Give the five-word runs of a text or template that no slot tears apart."""
    return frozenset(run for part in _SLOT.split(text)[::2] for run in runs(words(part)))


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
    values = _parts(written_at, dates)
    values["weeks"] = dates.numbers[weeks - 1] if 0 < weeks <= len(dates.numbers) else ""
    if 0 < days_ago <= _WEEKDAY_DAYS:
        return fill_plain(dates.weekday, values)
    if not rest and weeks >= _FIRST_WEEKS and values["weeks"]:
        return fill_plain(dates.weeks, values)
    return fill_plain(dates.date if written_at.year == now.year else dates.date_with_year, values)


def say_origin(written_at: Iterable[datetime], language: Language) -> str:
    """Give in words which entries a message quotes ('From your entries of 3 November and 9 November'), "" when none.

    The times are the person's wall clock; every day is named once, the oldest first.
    """
    days = sorted({at.date(): at for at in written_at}.items())
    said = [fill_plain(language.dates.day_and_month, _parts(at, language.dates)) for _, at in days]
    if len(said) <= 1:
        return fill_plain(language.labels.from_entry, {"date": said[0]}) if said else ""
    joined = f"{', '.join(said[:-1])} {language.labels.and_} {said[-1]}"
    return fill_plain(language.labels.from_entries, {"dates": joined})


def _parts(written_at: datetime, dates: DateWords) -> dict[str, str]:
    """Give the parts of a date in words."""
    return {
        "weekday": dates.weekdays[written_at.weekday()],
        "day": dates.first_day if written_at.day == 1 else str(written_at.day),
        "month": dates.months[written_at.month - 1],
        "year": str(written_at.year),
    }


def fill_plain(pattern: str, values: Mapping[str, str]) -> str:
    """Fill the slots of a pattern and change nothing else."""
    return _SLOT.sub(lambda match: values[match[1]], pattern)
