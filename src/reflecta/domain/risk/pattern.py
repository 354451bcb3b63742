"""The notation in which rules are written, and the steps that a rule is walked in.

want|wish to die      one of several words at a place
(take|end) (my life|it all)   one of several runs of words
[really] want         a word or run that may be missing
kill ..3 tonight      up to three other words between
suicid*               any word that begins so
~suicide              this word, also with one slip of the pen
{want}                the alternatives that the file names so; {number}, {hundreds} (to 999) and
                          {year} are known everywhere
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import product
from math import prod
from typing import Final, NamedTuple

from reflecta.domain.risk.folding import CONTRACTED, folded_letters

NUMBER: Final = "#"
HUNDREDS: Final = "###"
YEAR: Final = "####"
# More ways to read one pattern than this are a mistake in it, and would take long to load.
MAX_WAYS: Final = 400
MIN_STEM: Final = 4
MIN_TYPO: Final = 6
# A pattern of one word needs some letters to mean anything.
MIN_LETTERS: Final = 3

# Plain words with '|' between them are one part: most of a file is made of these.
_PART: Final = re.compile(
    r"[a-z0-9]+(?:\|[a-z0-9]+)*(?![^\s()\[\]|{}])|\.\.\d+|[()\[\]|]|\{\w*\}|[^\s()\[\]|{}]+|[{}]"
)
_LETTERS: Final = re.compile(r"[a-z]+|[0-9]+")
_NAMED: Final = {"number": NUMBER, "hundreds": HUNDREDS, "year": YEAR}
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_WITH_UMLAUT: Final = re.compile(r"[^\s()\[\]|{}]*[äöü][^\s()\[\]|{}]*")


class PatternFault(Exception):
    """What is wrong with a pattern; *name* is that of its file."""

    def __init__(self, reason: str, *, name: str = "") -> None:
        super().__init__(reason)
        self.name = name


class Word(NamedTuple):
    """A place for one of several words; a stem ends in '*'."""

    words: frozenset[str]
    optional: bool = False


class Gap(NamedTuple):
    """Up to so many other words, within the sentence."""

    most: int


Step = Word | Gap
Way = tuple[Step, ...]


class PatternReader:
    """Reads the patterns of one file, with its named alternatives; *words* gathers all words in them, *typos* those with '~'."""

    def __init__(self, named: Mapping[str, str], *, fillers: Collection[str] = ()) -> None:
        self.typos: set[str] = set()
        self.words: set[str] = set(_NAMED.values())
        self._fillers = frozenset(fillers)
        self._named: dict[str, Sequence[Way]] = {name: ((Word(frozenset({word})),),) for name, word in _NAMED.items()}
        for name, text in zip(_folded(named.keys()), _folded(named.values()), strict=True):
            if name in self._named:
                raise PatternFault(f"{{{name}}} is named twice; case, accents and double letters do not count")
            self._named[name] = _merged(self._run(_Parts(text)))

    def read(self, patterns: Sequence[str]) -> Iterator[Sequence[Way]]:
        """Give the ways to read each pattern. PatternFault says what is wrong with one."""
        for pattern, folded in zip(patterns, _folded(patterns), strict=True):
            try:
                ways = self._run(_Parts(folded))
                for way in ways:
                    _refuse_empty(way)
            except PatternFault as fault:
                raise PatternFault(f"pattern {pattern!r}: {fault}") from fault
            yield ways

    def _run(self, parts: "_Parts", closing: str = "") -> Sequence[Way]:
        """Read places up to the closing sign."""
        places: list[Sequence[Way]] = []
        while (part := parts.take()) != closing:
            if not part:
                raise PatternFault(f"{closing!r} is missing")
            places.append(self._place(part, parts))
        return _ways(places)

    def _place(self, part: str, parts: "_Parts") -> Sequence[Way]:
        """Read the alternatives at one place."""
        found = self._single(part, parts)
        while parts.next_is("|"):
            parts.take()
            found = [*found, *self._single(parts.take(), parts)]
        return found if len(found) == 1 else _merged(found)

    def _single(self, part: str, parts: "_Parts") -> Sequence[Way]:
        if part[:1].isalnum() and "'" not in part and part.replace("|", "").isalnum():
            words = self._checked(frozenset(part.split("|")))
            self.words |= words
            return [(Word(words),)]
        if part.startswith("..") and part[2:].isdecimal():
            return [(Gap(int(part[2:])),)]
        if part == "(":
            return _merged(self._run(parts, ")"))
        if part == "[":
            return _or_nothing(_merged(self._run(parts, "]")))
        if part.startswith("{"):
            return self._named_ways(part)
        return [self._words(part)]

    def _named_ways(self, part: str) -> Sequence[Way]:
        if part[1:-1] not in self._named:
            raise PatternFault(f"{part} is not among the words that the file names")
        return self._named[part[1:-1]]

    def _words(self, part: str) -> Way:
        """Give the words of a literal; a hyphen or an apostrophe parts two."""
        words = _LETTERS.findall(_parted(part))
        if not words:
            raise PatternFault(f"{part!r} has no letters")
        self._checked(frozenset(words))
        if part.startswith("~"):
            self._mark(part, words)
        if part.endswith("*"):
            _refuse_short(part, words[-1])
            words[-1] += "*"
        self.words.update(words)
        return tuple(Word(frozenset({word})) for word in words)

    def _checked(self, words: frozenset[str]) -> frozenset[str]:
        if not words.isdisjoint(self._fillers):
            raise PatternFault(f"{min(words & self._fillers)!r} is a filler, which is left out of every text")
        return words

    def _mark(self, part: str, words: Sequence[str]) -> None:
        if len(words) > 1 or len(words[0]) < MIN_TYPO or part.endswith("*"):
            raise PatternFault(f"{part!r} is no whole word of at least {MIN_TYPO} letters; a double one counts once")
        self.typos.add(words[0])


class _Parts:
    """The parts of a pattern, taken one by one; '' after the last."""

    def __init__(self, text: str) -> None:
        self._parts = _PART.findall(text)
        self._at = 0

    def take(self) -> str:
        self._at += 1
        return self._parts[self._at - 1] if self._at <= len(self._parts) else ""

    def next_is(self, part: str) -> bool:
        return self._at < len(self._parts) and self._parts[self._at] == part


def _parted(literal: str) -> str:
    before, apostrophe, after = literal.rstrip("*").rpartition("'")
    return before + after if apostrophe and after in CONTRACTED else literal


def _refuse_short(part: str, stem: str) -> None:
    if len(stem) < MIN_STEM:
        raise PatternFault(f"{part!r} is too short a stem; at least {MIN_STEM} letters, a double one counts once")


def _folded(texts: Iterable[str]) -> Sequence[str]:
    """Give lines in the form in which texts are read; an umlaut may be written with an e."""
    text = "\n".join(texts)
    if not text.isascii():
        text = _WITH_UMLAUT.sub(lambda word: f"{word[0]}|{word[0].translate(_UMLAUTS)}", text.lower())
    return folded_letters(text).split("\n")


def _ways(sequence: Sequence[Sequence[Way]]) -> list[Way]:
    """Give all ways through a sequence of alternatives."""
    number = prod(map(len, sequence))
    if number == 1:
        return [tuple(step for ways in sequence for step in ways[0])]
    if number > MAX_WAYS:
        raise PatternFault(f"there are {number} ways to read it; at most {MAX_WAYS}")
    return [tuple(step for way in chosen for step in way) for chosen in product(*sequence)]


def _merged(ways: Sequence[Way]) -> Sequence[Way]:
    """Make one place of all alternatives that are single words."""
    if len(ways) == 1:
        return ways
    singles = [way[0].words for way in ways if len(way) == 1 and isinstance(way[0], Word) and not way[0].optional]
    if len(singles) <= 1:
        return tuple(dict.fromkeys(ways))
    others = [way for way in ways if len(way) != 1 or not isinstance(way[0], Word) or way[0].optional]
    return ((Word(frozenset[str]().union(*singles)),), *dict.fromkeys(others))


def _or_nothing(ways: Sequence[Way]) -> Sequence[Way]:
    if len(ways) == 1 and len(ways[0]) == 1 and isinstance(ways[0][0], Word):
        return [(Word(ways[0][0].words, optional=True),)]
    return [*ways, ()]


def _refuse_empty(way: Way) -> None:
    needed = [step for step in way if isinstance(step, Word) and not step.optional]
    if not needed:
        raise PatternFault("it would match the empty text")
    if len(needed) == 1 and any(len(word.rstrip("*")) < MIN_LETTERS for word in needed[0].words):
        raise PatternFault(f"a word by itself needs {MIN_LETTERS} letters")
    if any(isinstance(end, Gap) or end.optional for end in (way[0], way[-1])):
        raise PatternFault("a gap, and what may be missing, stands between words")
