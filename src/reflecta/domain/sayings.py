"""The sentences of a journal by what they tell: an intention, a hope, a doubt, an end; and where a subject returns.

The journal is searched as one text in small letters, and few of its entries are read sentence by sentence.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Final, NamedTuple

from reflecta.domain.note import Note
from reflecta.domain.text import SENTENCE_END
from reflecta.domain.wording import Cues

MIN_WORDS: Final = 4
MAX_CHARS: Final = 300
# A word of four letters or more, as the journal's text has it.
_LONG_WORD: Final = re.compile(r"\w[\w']{2,}\w")
_ENDING: Final = re.compile(r"(?<=\w{4})(?:ing|ed|es|s|en|er|st|te|ar|ir|é|ó|ez)$")  # codespell:ignore te
# What may stand before a word, beside a blank; in the journal's text it is a blank.
_BEFORE: Final = "\n\"(“„«'"
_MARKS: Final = (". ", "! ", "? ")
# Beside the cues of success: that something is done with, or is not wanted any more.
_SETTLED: Final = (
    "done cancelled canceled dropped quit anymore longer erledigt abgesagt aufgegeben gekündigt hecho hecha cancelé "
    "abandoné abandonné annulé fini feito feita cancelei desisti larguei".split()
)
# Of the words of negation those that deny; the others only put off or set a condition.
_DENIALS: Final = (
    "not never no nothing didn't couldn't can't haven't don't won't nicht nie kein keine keinen nichts nunca nada "
    "tampoco ne n'ai pas jamais rien não nem".split()
)


class Saying(NamedTuple):
    """A sentence of the journal's note number *place*, and where it stands in the journal."""

    place: int
    start: int
    end: int
    text: str


Tells = Callable[[str, int, int], bool]


def _pattern(phrases: Iterable[str]) -> re.Pattern[str]:
    """Give what finds any of some folded phrases as whole words, after a blank."""
    known = set(phrases)
    known |= {phrase.replace("ss", "ß") for phrase in known}
    return re.compile(f" {branches(sorted(known))}(?!\\w)")


def _patterns(phrases: Iterable[str]) -> Sequence[re.Pattern[str]]:
    """Give a pattern for each first letter: in a long text, what begins with two fixed letters is found fastest."""
    by_first: dict[str, list[str]] = {}
    for phrase in phrases:
        by_first.setdefault(phrase[0], []).append(phrase)
    return list(map(_pattern, by_first.values()))


def branches(phrases: Sequence[str]) -> str:
    """Give a pattern for sorted phrases that shares their beginnings: what stands at a place is looked at once."""
    if not phrases:
        return "(?!)"
    by_first: dict[str, list[str]] = {}
    for phrase in phrases:
        by_first.setdefault(phrase[:1], []).append(phrase[1:])
    if list(by_first) == [""]:
        return ""
    ends = "?" if by_first.pop("", None) else ""
    patterns = [_sign(first) + branches(rests) for first, rests in by_first.items()]
    return f"(?:{'|'.join(patterns)}){ends}"


def _sign(sign: str) -> str:
    return r"\S*" if sign == "*" else re.escape(sign)


class Telling:
    """What the cues of a language say of the part of a text, in small letters, from one place to another."""

    def __init__(self, cues: Cues) -> None:
        self.goals, self.successes, self.struggles = map(_patterns, (cues.goal, cues.win, cues.struggle))
        self._goal, self._not_goal = _pattern(cues.goal), _pattern(cues.not_goal)
        self._win, self._negation = _pattern(cues.win), _pattern(cues.negation)
        self._settled = _pattern(_SETTLED)
        self._struggle, self._denial = _pattern(cues.struggle), _pattern(_DENIALS)
        self._grave = _pattern(cues.grave)
        phrases = (*cues.goal, *cues.not_goal, *cues.win, *cues.struggle, *cues.feeling, *cues.negation)
        self.dull = cues.plain | {word for phrase in phrases for word in phrase.split()}

    def is_grave(self, text: str, start: int, end: int) -> bool:
        """Say whether there is something in it that nobody may comment on."""
        return self._grave.search(text, start, end) is not None

    def intends(self, text: str, start: int, end: int) -> bool:
        """Say whether a sentence states an intention."""
        return self._goal.search(text, start, end) is not None and not self.only_seems_to_intend(text, start, end)

    def only_seems_to_intend(self, text: str, start: int, end: int) -> bool:
        """Say whether a sentence that sounds like an intention is none."""
        return self._not_goal.search(text, start, end) is not None

    def settles(self, text: str, start: int, end: int) -> bool:
        """Say whether a sentence tells that something was done or given up."""
        if self.intends(text, start, end):
            return False
        return self._settled.search(text, start, end) is not None or self.wins(text, start, end)

    def hopes(self, text: str, start: int, end: int) -> bool:
        """Say whether a sentence intends something, or tells that it goes well."""
        if not self.wins(text, start, end) and not self.intends(text, start, end):
            return False
        return not self.is_struggle(text, start, end)

    def is_struggle(self, text: str, start: int, end: int) -> bool:
        """Say whether a sentence tells that something is hard."""
        return self._struggle.search(text, start, end) is not None

    def doubts(self, text: str, start: int, end: int) -> bool:
        """Say whether a sentence struggles with something, or denies it."""
        if self.hopes(text, start, end) or self.intends(text, start, end):
            return False
        if self.is_struggle(text, start, end):
            return True
        # 'Finally it is grey no more' denies something, and is no doubt.
        return self._denial.search(text, start, end) is not None and self._win.search(text, start, end) is None

    def wins(self, text: str, start: int, end: int) -> bool:
        """Say whether a sentence tells that something went right."""
        return self._win.search(text, start, end) is not None and not self.negates(text, start, end)

    def negates(self, text: str, start: int, end: int) -> bool:
        """Say whether there is a negation in a sentence."""
        return self._negation.search(text, start, end) is not None


@lru_cache(maxsize=16)
def telling(cues: Cues) -> Telling:
    """Give what these cues tell; made once."""
    return Telling(cues)


class Journal:
    """The notes, newest first, as one *text* in small letters, each after a blank."""

    def __init__(self, notes: Sequence[Note], cues: Cues) -> None:
        self.notes = notes
        self.own = cues.own
        self.telling = telling(cues)
        self._written = "".join(f" {note.text}" for note in notes)
        # Letter by letter as long as what was written: the one small letter that is longer is written otherwise.
        text = self._written.replace("İ", "I").lower().replace("’", "'")
        for sign in _BEFORE:
            text = text.replace(sign, " ") if sign != "'" else text.replace(" '", "  ")
        self.text = text
        self._starts: list[int] = []
        at = 0
        for note in notes:
            self._starts.append(at)
            at += len(note.text) + 1
        self._starts.append(at)
        # Where sentences begin, the blank before a note's first aside, and where the last one ends.
        self._parts = sorted({*self._starts, *(found.end() for found in SENTENCE_END.finditer(self._written))})
        self._graves: dict[int, bool] = {}

    def found(self, patterns: Iterable[re.Pattern[str]], notes: int | None = None) -> Iterator[tuple[int, int, int]]:
        """Give where the matches begin and end in so many notes, in order, each after its note's place."""
        stop = self._starts[len(self.notes) if notes is None else notes]
        spans = [match.span() for pattern in patterns for match in pattern.finditer(self.text, 0, stop)]
        for start, end in sorted(spans):
            yield bisect_right(self._starts, start) - 1, start, end

    def _places_of(self, beginning: str, at: int, stop: int) -> Iterator[int]:
        while (at := self.text.find(beginning, at, stop)) >= 0:
            if not self.text[at - 1].isalnum():
                yield at
            at += len(beginning)

    def start_of(self, place: int) -> int:
        """Give where a note's own text begins."""
        return self._starts[place] + 1

    def is_grave(self, place: int) -> bool:
        """Say whether there is something in a note that nobody may comment on."""
        if place not in self._graves:
            self._graves[place] = self.telling.is_grave(self.text, self._starts[place], self._starts[place + 1])
        return self._graves[place]

    def sayings(self, place: int) -> Iterator[Saying]:
        """Give the sentences of a note that can be excerpts."""
        first, last = bisect_left(self._parts, self._starts[place]), bisect_left(self._parts, self._starts[place + 1])
        for number in range(first, last):
            if (saying := self._saying(place, number)) is not None:
                yield saying

    def saying_at(self, place: int, at: int) -> Saying | None:
        """Give the sentence of a note that has the word after the sign there, if it can be an excerpt."""
        return self._saying(place, bisect_right(self._parts, at + 1) - 1)

    def _saying(self, place: int, number: int) -> Saying | None:
        """Give a sentence, None where it is too short or too long for an excerpt."""
        part = self._written[self._parts[number] : self._parts[number + 1]]
        text = part.strip()
        if len(text) > MAX_CHARS or text.count(" ") < MIN_WORDS - 1:
            return None
        # From the sign before the first letter, as the patterns begin with one.
        start = self._parts[number] + part.index(text[0]) - 1
        return Saying(place, start, start + 1 + len(text), text)

    def about(self, subject: str, places: range, tells: Tells, *, most: int) -> Saying | None:
        """Give the first sentence with a word that begins so and that tells what is asked for.

        At most that many mentions are looked at; notes with a grave matter are left alone.
        """
        mentions = self._places_of(subject, self._starts[places.start], self._starts[places.stop])
        for at in islice(mentions, most):
            place = bisect_right(self._starts, at) - 1
            if tells(self.text, *self._around(place, at)):
                saying = None if self.is_grave(place) else self.saying_at(place, at)
                if saying is not None and tells(self.text, saying.start, saying.end):
                    return saying
        return None

    def _around(self, place: int, at: int) -> tuple[int, int]:
        """Give about where the sentence begins and ends that stands there: enough to tell whether to read it."""
        first, last = self._starts[place], self._starts[place + 1]
        start = max(self.text.rfind(mark, first, at) for mark in _MARKS)
        ends = [end for mark in _MARKS if (end := self.text.find(mark, at, last)) >= 0]
        return max(start, first), min(ends, default=last)

    def subjects(self, saying: Saying) -> Sequence[str]:
        """Give how the words begin that say what a sentence is about, the longest first."""
        found = set(_LONG_WORD.findall(self.text, saying.start, saying.end)) - self.telling.dull
        stems = {_ENDING.sub("", word) for word in found}
        return sorted(stems, key=lambda stem: (-len(stem), stem))
