"""Finds signs of risk in a text by rules of all languages at once; what language it is in need not be known."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import Final

from reflecta.domain.risk.heard import Heard
from reflecta.domain.risk.pattern import MIN_LETTERS, PatternFault, PatternReader
from reflecta.domain.risk.spelling import Speller
from reflecta.domain.risk.steps import Either, Groups, Step, Way, Word, needed_words, reach

# As far from a mention, in words, the words that put it at a distance may stand.
NEAR: Final = 20
# A text of so few words may be in a language that its few common words do not tell.
_SHORT: Final = 20


class Sign(StrEnum):
    """What a rule found a sign of, the gravest first."""

    SUICIDE = "suicide"
    SELF_HARM = "self_harm"
    HARM_TO_OTHERS = "harm_to_others"
    ABUSE = "abuse"
    EATING_DISORDER = "eating_disorder"


class Weight(StrEnum):
    """What may undo a finding: nothing; only an excuse on the very same words; also one near by."""

    CERTAIN = "certain"
    PRESENT = "present"
    MENTION = "mention"


_SIGNS: Final = list(Sign)
_WEIGHTS: Final = list(Weight)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A sign of risk in a text, without a word of it. *rule* names the pattern, such as 'en.suicide.12'.

    A *firm* one stands whatever the rest of the text is like.
    """

    sign: Sign
    language: str
    rule: str
    is_firm: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SignLists:
    """The rules of one file in their notation (see `pattern`); *name* is that of the file, *language* its first part.

    *same_words* undo a finding that they share a word with, *near_by* a mention within some words; both undo those
    of all languages. *fillers* are left out of every text, unless another language's rules know them; *common* are
    words that no rule should be found by. Of *firm* ones every finding is; of others those that are certain.
    """

    name: str
    patterns: Mapping[Sign, Mapping[Weight, Sequence[str]]]
    same_words: Sequence[str] = ()
    near_by: Sequence[str] = ()
    named: Mapping[str, str]
    common: frozenset[str] = frozenset()
    fillers: frozenset[str] = frozenset()
    spelled_right: frozenset[str] = frozenset()
    is_firm: bool = False

    @property
    def language(self) -> str:
        """Give the code of the language."""
        return self.name.partition(".")[0]


@dataclass(slots=True, eq=False)
class _Path:
    """One way through a pattern, walked from its key word *at* that place outwards in both directions."""

    order: tuple[int, ...]
    language: str
    finding: Finding | None
    weight: Weight
    key: Groups
    at: int
    way: Way
    needed: tuple[Groups, ...]

    def may_be_in(self, present: set[str] | frozenset[str]) -> bool:
        """Say whether a text with these words has one for each place."""
        return not any(all(map(present.isdisjoint, groups)) for groups in self.needed)

    def spans(self, heard: Heard) -> Iterator[tuple[int, int]]:
        """Give where it stands: the first word and the one after the last."""
        for place in heard.places(self.key):
            starts = reach(heard, self.way[: self.at], {place - 1}, -1)
            ends = reach(heard, self.way[self.at + 1 :], {place + 1}, 1) if starts else ()
            if ends:
                yield max(starts) + 1, min(ends)


_Index = Mapping[str, Sequence[_Path]]
_Words = Mapping[str, frozenset[str]]


class _Excuses:
    """The words of a text that stand within excuses; looked for when they are first asked for."""

    def __init__(self, heard: Heard, same: _Index, near: _Index, spoken: Collection[str]) -> None:
        self._heard = heard
        self._spoken = spoken
        self._indexes = {Weight.PRESENT: same, Weight.MENTION: near}
        self._marks: dict[Weight, bytearray] = {}

    def undo(self, weight: Weight, start: int, end: int) -> bool:
        """Say whether a finding at these words is undone."""
        if weight is Weight.CERTAIN:
            return False
        if self._has(Weight.PRESENT, start, end):
            return True
        return weight is Weight.MENTION and self._has(Weight.MENTION, max(start - NEAR, 0), end + NEAR)

    def _has(self, weight: Weight, start: int, end: int) -> bool:
        if weight not in self._marks:
            self._marks[weight] = self._marked(self._indexes[weight])
        return self._marks[weight].find(1, start, end) >= 0

    def _marked(self, index: _Index) -> bytearray:
        marks = bytearray(len(self._heard.said))
        for path in _candidates(index, self._heard):
            if path.language not in self._spoken:
                continue
            for start, end in path.spans(self._heard):
                marks[start:end] = b"\1" * (end - start)
        return marks


class RiskRules:
    """The rules of all languages. *version* changes with any change of them."""

    def __init__(self, lists: Sequence[SignLists], *, version: str) -> None:
        """Build the rules; PatternFault where a pattern cannot be one."""
        self.version = version
        self._common_in = _by_language(lists, lambda one: one.common)
        self._common = frozenset[str]().union(*self._common_in.values())
        self._shared: dict[Groups, Groups] = {}
        self._ranks: dict[Groups, tuple[bool, int, int]] = {}
        fillers = _by_language(lists, lambda one: one.fillers)
        words, typos = set[str](), set[str]()
        rules, same, near = list[_Path](), list[_Path](), list[_Path]()
        for number, one in enumerate(lists):
            try:
                reader = PatternReader(one.named, fillers=fillers[one.language])
                rules += self._rules(one, number, reader)
                same += self._excuses(one.language, one.same_words, reader)
                near += self._excuses(one.language, one.near_by, reader)
            except PatternFault as fault:
                raise PatternFault(str(fault), name=one.name) from fault
            words |= reader.words
            typos |= reader.typos
        self._rules_by_key, self._same, self._near = _by_key(rules), _by_key(same), _by_key(near)
        self._speller = Speller(
            words,
            joints=_joints(rules) | typos,
            typos=typos,
            spelled_right=frozenset[str]().union(*(one.spelled_right for one in lists)),
            common=self._common,
            # What one language leaves out may be a word of another's rules.
            fillers=frozenset[str]().union(*fillers.values()) - words,
        )
        self._ranks.clear()
        self._shared.clear()

    def prepare(self) -> None:
        """Make now what the first text would be kept waiting for."""
        self._speller.prepare()

    def find(self, text: str) -> Finding | None:
        """Give the gravest sign in a text, None where the rules see none."""
        return next(self.findings(text), None)

    def find_all(self, text: str) -> Sequence[Finding]:
        """Give what every rule finds in a text, the gravest first."""
        return list(dict.fromkeys(self.findings(text)))

    def findings(self, text: str) -> Iterator[Finding]:
        """Give what the rules find, the gravest first, as it is asked for."""
        heard = self._speller.hear(text)
        candidates = _candidates(self._rules_by_key, heard)
        if not candidates:
            return
        spoken = self._spoken(heard)
        excuses = _Excuses(heard, self._same, self._near, spoken)
        for path in sorted(candidates, key=lambda path: path.order):
            # In a longer text, words of other languages are seldom more than what looks like them.
            if path.language not in spoken and len(heard.said) > _SHORT:
                continue
            if path.finding and any(not excuses.undo(path.weight, *span) for span in path.spans(heard)):
                yield path.finding

    def _rules(self, one: SignLists, number: int, reader: PatternReader) -> Iterator[_Path]:
        for sign, lists in one.patterns.items():
            weights = [weight for weight, patterns in lists.items() for _ in patterns]
            read = reader.read([pattern for patterns in lists.values() for pattern in patterns])
            for count, (weight, way) in enumerate(zip(weights, read, strict=True), start=1):
                finding = Finding(
                    sign=sign,
                    language=one.language,
                    rule=f"{one.name}.{sign.value}.{count}",
                    is_firm=one.is_firm or weight is Weight.CERTAIN,
                )
                order = (_SIGNS.index(sign), _WEIGHTS.index(weight), number, count)
                yield from self._paths(way, order, one.language, finding, weight)

    def _excuses(self, language: str, patterns: Sequence[str], reader: PatternReader) -> Iterator[_Path]:
        for way in reader.read(patterns):
            yield from self._paths(way, (), language, None, Weight.CERTAIN)

    def _spoken(self, heard: Heard) -> Collection[str]:
        """Give the languages that a text may be in: half as many of its words are common in them as in the likeliest.

        An everyday word of one language is a word of books and films in another: 'les' excuses much in Dutch.
        """
        counts = {language: sum(word in common for word in heard.said) for language, common in self._common_in.items()}
        least = max(counts.values(), default=0) / 2
        return {language for language, count in counts.items() if count >= least}

    def _paths(
        self, way: Way, order: tuple[int, ...], language: str, finding: Finding | None, weight: Weight
    ) -> Iterator[_Path]:
        """Give a path by the word that is the rarest in ordinary text; one for each of the runs where none is rare."""
        ranks = [(self._rank(step.groups), at) for at, step in enumerate(way) if isinstance(step, Word) and step.needed]
        rank, at = min(ranks, default=((True, 0, 0), -1))
        runs = [place for place, step in enumerate(way) if isinstance(step, Either) and not step.optional]
        # Excuses are looked for in few texts: they may well be found by a common word.
        if runs and (at < 0 or (rank[0] and finding)):
            for one in _runs_at(way, runs[0]):
                yield from self._paths((*way[: runs[0]], *one, *way[runs[0] + 1 :]), order, language, finding, weight)
            return
        needed = [words for place, step in enumerate(way) if place != at and (words := self._needed_by(step))]
        yield _Path(order, language, finding, weight, self._needed_by(way[at]), at, way, tuple(needed))

    def _needed_by(self, step: Step) -> Groups:
        """Give the words that a step needs, the same ones once: many patterns name them."""
        groups = needed_words(step)
        return self._shared.setdefault(groups, groups)

    def _rank(self, groups: Groups) -> tuple[bool, int, int]:
        if groups not in self._ranks:
            shortest = min(map(len, chain.from_iterable(groups)))
            is_common = not all(map(self._common.isdisjoint, groups))
            self._ranks[groups] = (is_common, -shortest, sum(map(len, groups)))
        return self._ranks[groups]


def _by_language(lists: Iterable[SignLists], words_of: Callable[[SignLists], frozenset[str]]) -> _Words:
    """Give a list of words by language: a file that adds to one counts for it."""
    found: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
    for one in lists:
        found[one.language] |= words_of(one)
    return found


def _runs_at(way: Way, place: int) -> Sequence[Way]:
    step = way[place]
    return step.ways if isinstance(step, Either) else ()


def _joints(rules: Iterable[_Path]) -> set[str]:
    """Give the key words of what people write in one word: of harm to themselves."""
    signs = {Sign.SUICIDE, Sign.SELF_HARM}
    groups = chain.from_iterable(path.key for path in rules if path.finding and path.finding.sign in signs)
    keys = chain.from_iterable(groups)
    return {key for key in keys if not key.endswith("*") and len(key) >= MIN_LETTERS}


def _by_key(paths: Iterable[_Path]) -> _Index:
    found: defaultdict[str, list[_Path]] = defaultdict(list)
    for path in paths:
        for word in set(chain.from_iterable(path.key)):
            found[word].append(path)
    # Words of one list lead to the same paths.
    shared: dict[tuple[_Path, ...], tuple[_Path, ...]] = {}
    return {word: shared.setdefault(tuple(paths), tuple(paths)) for word, paths in found.items()}


def _candidates(paths: _Index, heard: Heard) -> set[_Path]:
    present = heard.present
    return {path for word in paths.keys() & present for path in paths[word] if path.may_be_in(present)}
