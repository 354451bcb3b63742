"""The notation in which rules are written.

- `want|wish to die`: one of several words at a place
- `end (my life)|it`: a run of words as one of them
- `[really] want`: a word, or a run, that may be missing
- `kill ..3 tonight`: up to three other words between
- `suicid*`: any word that begins so
- `~suicide`: this word, also run together with others ('commitsuicide') and, from eight letters on, with two slips of
  the pen; with one slip any word of four letters is found
- `{want}`: the alternatives that the file names so; {number}, {hundreds} (to 999) and {year} are known everywhere
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from reflecta.domain.risk.folding import CONTRACTED, folded_letters
from reflecta.domain.risk.spelling import HUNDREDS, MIN_STEM, MIN_TYPO, NUMBER, YEAR
from reflecta.domain.risk.steps import Either, Gap, Groups, Step, Way, Word, gathered, needed_words

# A pattern of one word needs some letters to mean anything.
MIN_LETTERS: Final = 3

# Plain words with '|' between them are one part: most of a file is made of these.
_PART: Final = re.compile(r"[a-z0-9]+(?:\|[a-z0-9]+)*(?![^\s()\[\]|{}])|\.\.\d+|[()\[\]|]|\{\w*\}|[^\s()\[\]|{}]+|[{}]")
_LETTERS: Final = re.compile(r"[a-z]+|[0-9]+")
_NAMED: Final = {"number": NUMBER, "hundreds": HUNDREDS, "year": YEAR}
_UMLAUT: Final = frozenset("äöüÄÖÜ")
_WITH_UMLAUT: Final = re.compile(r"[^\s()\[\]|{}]*[äöü][^\s()\[\]|{}]*")


class PatternFault(Exception):
    """What is wrong with a pattern; *name* is that of its file."""

    def __init__(self, reason: str, *, name: str = "") -> None:
        super().__init__(reason)
        self.name = name


# The parts of a pattern, the last first: they are taken from the end.
_Parts = list[str]


class PatternReader:
    """Reads the patterns of one file, with its named alternatives.

    *words* gathers all words in them, stems with their '*'; *typos* those marked with '~'.
    """

    def __init__(self, named: Mapping[str, str], *, fillers: Collection[str] = ()) -> None:
        self.typos: set[str] = set()
        self.words: set[str] = set(_NAMED.values())
        self._fillers = frozenset(fillers)
        self._read: dict[str, Way] = {}
        # What is alike is kept once while patterns are read: the same words stand in thousands of them.
        self._spelled: dict[str, str] = {}
        self._places: dict[Word, Word] = {}
        self._named: dict[str, Way] = {name: (Word(((word,),)),) for name, word in _NAMED.items()}
        for name, text in zip(_folded(named.keys()), _folded(named.values()), strict=True):
            if name in self._named:
                raise PatternFault(f"{{{name}}} is named twice; case, accents and double letters do not count")
            self._named[name] = self._run(_parts(text))

    def read(self, patterns: Sequence[str]) -> Iterator[Way]:
        """Give the steps of each pattern. PatternFault says what is wrong with one."""
        for pattern, folded in zip(patterns, _folded(patterns), strict=True):
            try:
                way = self._run(_parts(folded))
                _refuse_empty(way)
            except PatternFault as fault:
                raise PatternFault(f"pattern {pattern!r}: {fault}") from fault
            yield way

    def _run(self, parts: _Parts, closing: str = "") -> Way:
        """Read steps up to the closing sign."""
        steps: list[Step] = []
        while parts:
            part = parts.pop()
            if part == closing:
                return tuple(steps)
            steps += self._place(part, parts)
        if closing:
            raise PatternFault(f"{closing!r} is missing")
        return tuple(steps)

    def _place(self, part: str, parts: _Parts) -> Way:
        """Read the alternatives at one place."""
        found = self._single(part, parts)
        if not parts or parts[-1] != "|":
            return found
        ways = [found]
        while parts and parts[-1] == "|":
            parts.pop()
            ways.append(self._single(parts.pop() if parts else "", parts))
        return (self._either(ways),)

    def _single(self, part: str, parts: _Parts) -> Way:
        if part in self._read:
            return self._read[part]
        if part.replace("|", "").isalnum():
            words = self._checked(frozenset(self._once(word) for word in part.split("|")))
            self.words |= words
            self._read[part] = (self._place_for(gathered(words)),)
            return self._read[part]
        if part.startswith("..") and part[2:].isdecimal():
            return (Gap(int(part[2:])),)
        if part == "(":
            return self._run(parts, ")")
        if part == "[":
            return (_optional(self._run(parts, "]")),)
        return self._named_way(part) if part.startswith("{") else self._words(part)

    def _named_way(self, part: str) -> Way:
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
        return tuple(self._place_for(((self._once(word),),)) for word in words)

    def _once(self, word: str) -> str:
        return self._spelled.setdefault(word, word)

    def _place_for(self, groups: Groups) -> Word:
        """Give the place for one of these words, the same one each time."""
        place = Word(groups)
        return self._places.setdefault(place, place)

    def _either(self, ways: Sequence[Way]) -> Step:
        """Make one step of alternatives: one place for all that are single words."""
        flat: list[Way] = []
        for way in ways:
            nested = way[0].ways if len(way) == 1 and isinstance(way[0], Either) and not way[0].optional else (way,)
            flat += nested
        groups = [
            group for way in flat if _is_one_of_words(way) and isinstance(way[0], Word) for group in way[0].groups
        ]
        runs = [way for way in flat if not _is_one_of_words(way)]
        lists = dict.fromkeys(group for group in groups if isinstance(group, frozenset))
        others = {word for group in groups if isinstance(group, tuple) for word in group}
        merged = self._place_for((*lists, *gathered(others)))
        if not runs:
            return merged
        return Either(tuple(dict.fromkeys([(merged,), *runs] if groups else runs)))

    def _checked(self, words: frozenset[str]) -> frozenset[str]:
        if not words.isdisjoint(self._fillers):
            raise PatternFault(f"{min(words & self._fillers)!r} is a filler, which is left out of every text")
        return words

    def _mark(self, part: str, words: Sequence[str]) -> None:
        if len(words) > 1 or len(words[0]) < MIN_TYPO or part.endswith("*"):
            raise PatternFault(f"{part!r} is no whole word of at least {MIN_TYPO} letters; a double one counts once")
        self.typos.add(words[0])


def _parts(folded: str) -> _Parts:
    return _PART.findall(folded)[::-1]


def _parted(literal: str) -> str:
    before, apostrophe, after = literal.rstrip("*").rpartition("'")
    return before + after if apostrophe and after in CONTRACTED else literal


def _refuse_short(part: str, stem: str) -> None:
    if len(stem) < MIN_STEM:
        raise PatternFault(f"{part!r} is too short a stem; at least {MIN_STEM} letters, a double one counts once")


def _folded(texts: Collection[str]) -> Sequence[str]:
    """Give lines in the form in which texts are read; an umlaut may be written with an e."""
    text = "\n".join(texts)
    if not text:
        return [""] * len(texts)
    if not _UMLAUT.isdisjoint(text):
        text = _WITH_UMLAUT.sub(_with_e, text.lower())
    return folded_letters(text).split("\n")


def _with_e(word: re.Match[str]) -> str:
    return f"{word[0]}|{word[0].replace('ä', 'ae').replace('ö', 'oe').replace('ü', 'ue')}"


def _is_one_of_words(way: Way) -> bool:
    return len(way) == 1 and isinstance(way[0], Word) and not way[0].optional


def _optional(way: Way) -> Step:
    if len(way) == 1 and isinstance(way[0], Word | Either):
        return way[0]._replace(optional=True)
    return Either((way,), optional=True)


def _refuse_empty(way: Way) -> None:
    if not any(map(needed_words, way)):
        raise PatternFault("it would match the empty text")
    if any(isinstance(end, Gap) or end.optional for end in (way[0], way[-1])):
        raise PatternFault("a gap, and what may be missing, stands between words")
    if len(way) == 1:
        _refuse_letters(way[0])


def _refuse_letters(step: Step) -> None:
    if isinstance(step, Word) and any(len(word.rstrip("*")) < MIN_LETTERS for word in step.words):
        raise PatternFault(f"a word by itself needs {MIN_LETTERS} letters; a double one counts once")
    for way in step.ways if isinstance(step, Either) else ():
        _refuse_empty(way)
