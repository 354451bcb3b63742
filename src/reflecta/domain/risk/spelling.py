"""The words of a text as the rules know them, whatever was done to them: joined, torn, masked, mistyped."""

import re
import string
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from reflecta.domain.risk.folding import BREAK, fold, undoubled
from reflecta.domain.risk.heard import Heard
from reflecta.domain.risk.slips import SlipIndex

# How numbers may be read: any, up to three digits, a year.
NUMBER: Final = "#"
HUNDREDS: Final = "###"
YEAR: Final = "####"
MIN_STEM: Final = 4
MIN_TYPO: Final = 6
# Any word of the rules may have one slip in it; in shorter ones that makes another word too often. The more words a
# text has, the more of them look like a slip of something: in longer texts only long words are read so.
_MIN_SLIP: Final = 4
_MIN_SLIP_IN_LONGER: Final = 8
# A text of more words is a longer one.
_MOST_IN_SHORT: Final = 30
# Longer runs of letters and signs are no words; nothing is tried on them.
_MAX_WORD: Final = 40
_MAX_PIECE: Final = 16
# A shorter one is a part of a longer run of letters only where it is an everyday word.
_MIN_PIECE: Final = 4
_MIN_JOINED: Final = 7
_MAX_JOINT: Final = 12
_MIN_TWO_SLIPS: Final = 8
_SINGLES: Final = 3

_EDGES: Final = string.punctuation.replace("$", "").replace("@", "")
_ENDS: Final = frozenset(".!?;")
LEET: Final = str.maketrans("013457869@$!|+", "oieastbpgasiit")
_OTHER_LEET: Final = str.maketrans("013457869@$!|+", "oleastbpgaslit")
_RUNS: Final = re.compile(r"[^\W\d_]+|\d+|[.!?;]+")
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_NONE: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class _Ends:
    """How words begin and end on which more than a look-up may be worth while."""

    heads: frozenset[str]
    tails: frozenset[str]

    def may_hold(self, word: str) -> bool:
        """Say, fast and for most words no, whether a word begins or ends so: four letters tell, or three of a word."""
        return word[:4] in self.heads or word[-4:] in self.tails or word[:3] in self.heads or word[-3:] in self.tails


@dataclass(frozen=True, slots=True)
class _Parts:
    """The words into which the beginning of a longer one falls; the cheaper, the likelier."""

    words: tuple[str, ...]
    cost: int
    squares: int

    def with_one(self, word: str, *, is_common: bool) -> "_Parts":
        """Give them with one more: a common word costs half as much."""
        return _Parts((*self.words, word), self.cost + 2 - is_common, self.squares + len(word) ** 2)

    def or_likelier(self, other: "_Parts | None") -> "_Parts":
        """Give the other ones where they are likelier; of equal cost, long ones beside short ones are."""
        if other is None or (self.cost, -self.squares) < (other.cost, -other.squares):
            return self
        return other


def _ends_of_joints(joints: Collection[str]) -> _Ends:
    return _Ends(frozenset(joint[:4] for joint in joints), frozenset(joint[-4:] for joint in joints))


class Speller:
    """Hears a text: its words, with what they may be meant to be.

    *words* are all that the rules know, stems with their '*'; any of them may have a slip in it. *joints* are those of
    which one must be in words written as one, *typos* those that may have two slips; *spelled_right* are ordinary words
    that only look like a slip. *common* words are the likelier in words written as one.
    """

    def __init__(
        self,
        words: Collection[str],
        *,
        joints: Collection[str],
        typos: Collection[str],
        spelled_right: Collection[str],
        common: Collection[str],
        fillers: Collection[str],
    ) -> None:
        self._fillers = frozenset(fillers)
        self._known = frozenset(word for word in words if not word.endswith("*"))
        self._stems: defaultdict[str, list[str]] = defaultdict(list)
        for stem in sorted(word for word in words if word.endswith("*")):
            self._stems[stem[:MIN_STEM]].append(stem)
        self._also = {
            word: found
            for word in self._known
            if (word[:MIN_STEM] in self._stems and (found := self._stems_of(word))) or (found := _numbers(word))
        }
        self._typos = frozenset(typos)
        self._right = frozenset(spelled_right)
        self._common = frozenset(common)
        self._joints = frozenset(joints)
        self._ends_of_joints = _ends_of_joints(self._joints)
        self._by_shape: defaultdict[tuple[str, int], list[str]] = defaultdict(list)
        for word in self._known:
            self._by_shape[word[0], len(word)].append(word)

    def prepare(self) -> None:
        """Make the indices of slips now."""
        _ = self._slips, self._two_slips

    @cached_property
    def _slips(self) -> SlipIndex:
        """What one slip may be of; made for the first text that needs it, for most commands read none."""
        return SlipIndex([word for word in self._known if len(word) >= _MIN_SLIP and word.isalpha()])

    @cached_property
    def _two_slips(self) -> SlipIndex:
        """What two slips may be of."""
        return SlipIndex([word for word in self._typos if len(word) >= _MIN_TWO_SLIPS], letters=2)

    def hear(self, text: str) -> Heard:
        """Give the words of a text. Linear in its length."""
        said = self._split(fold(text))
        least = _MIN_SLIP if len(said) <= _MOST_IN_SHORT else _MIN_SLIP_IN_LONGER
        different = set(said)
        present: set[str] | frozenset[str] = different & self._known
        readings = {word: self._also[word] for word in present & self._also.keys()}
        joined: dict[str, Sequence[str]] = {}
        for word in different - self._known:
            if meant := self._readings(word, least):
                readings[word] = meant
            elif parts := self._parted(word):
                joined[word] = parts
        if joined:
            said = [part for word in said for part in joined.get(word, (word,)) if part not in self._fillers]
            present = self._known.intersection(said)
            readings |= {word: self._also[word] for word in present & self._also.keys()}
        return Heard(said, readings, present.union(*readings.values()) if readings else present)

    def _split(self, folded: str) -> list[str]:
        """Give the words of a folded text, and the ends of its sentences, without the fillers."""
        fillers = self._fillers
        chunks = folded.split()
        odd = {chunk: tuple(self._words_in(chunk)) for chunk in set(chunks) if not chunk.isalpha()}
        if odd:
            chunks = [word for chunk in chunks for word in odd.get(chunk, (chunk,))]
        said = [word for word in chunks if word not in fillers]
        return list(self._spelt_out(said)) if _has_letters_in_a_row(said) else said

    def _words_in(self, chunk: str) -> Iterator[str]:
        """Give the words of what stands between blanks, where it is not a plain word."""
        core = chunk.strip(_EDGES)
        yield from self._plain(core)
        tail = chunk[chunk.rfind(core) + len(core) :] if core else chunk
        if ".." not in tail and not _ENDS.isdisjoint(tail):
            yield BREAK

    def _plain(self, core: str) -> Iterable[str]:
        """Give the words of letters, digits and signs that are written as one."""
        if core.isalpha() or core.isdecimal():
            return (core,)
        if len(core) <= _MAX_WORD:
            runs = _LETTERS.findall(core)
            for table in (LEET, _OTHER_LEET):
                if (word := undoubled(core.translate(table))).isalpha() and self._knows(word):
                    return (word,)
            if _is_torn(core, runs) and self._knows(word := undoubled("".join(runs))):
                return (word,)
            if not core.isalnum() and self._masked(core):
                return (core,)
        return [BREAK if run[0] in _ENDS else run for run in _RUNS.findall(core)]

    def _knows(self, word: str) -> bool:
        return word in self._known or bool(self._readings(word)) or bool(self._parted(word))

    def _readings(self, word: str, least: int = _MIN_SLIP) -> frozenset[str]:
        """Give what an unknown word may be; one of *least* letters may have a slip in it."""
        if not word.isalpha():
            return _numbers(word) or (self._masked(word) if not word.isalnum() else _NONE)
        found = self._stems_of(word) if word[:MIN_STEM] in self._stems else _NONE
        return found or (self._corrected(word) if len(word) >= least else _NONE)

    def _stems_of(self, word: str) -> frozenset[str]:
        head = word[:MIN_STEM]
        if head not in self._stems:
            return _NONE
        return frozenset(stem for stem in self._stems[head] if word.startswith(stem[:-1]))

    def _corrected(self, word: str) -> frozenset[str]:
        """Give the known words from which this one is a slip away, with what else these may be."""
        if word in self._right or not _MIN_SLIP <= len(word) <= _MAX_WORD:
            return _NONE
        near = self._slips.find(word)
        if not near and len(word) >= _MIN_TWO_SLIPS - 2:
            near = self._two_slips.find(word)
        return frozenset(near).union(*(self._also.get(meant, _NONE) for meant in near)) if near else _NONE

    def _masked(self, core: str) -> frozenset[str]:
        """Give the known words that a word with hidden letters fits: its first letter and half of all must show."""
        shown = sum(map(str.isalpha, core))
        if not core[:1].isalpha() or 2 * shown < len(core) or len(core) > _MAX_WORD:
            return _NONE
        fits = self._by_shape.get((core[0], len(core)), ())
        return frozenset(
            key
            for key in fits
            if all(seen == meant or not seen.isalnum() for seen, meant in zip(core, key, strict=True))
        )

    def _parted(self, word: str) -> Sequence[str]:
        """Give the fewest known words that a word without blanks falls into, a key among them; () where it does not."""
        if not _MIN_JOINED <= len(word) <= _MAX_WORD or not self._ends_of_joints.may_hold(word):
            return ()
        if not self._has_joint(word):
            return ()
        best: list[_Parts | None] = [_Parts((), 0, 0), *[None] * len(word)]
        for start in range(len(word)):
            so_far = best[start]
            if so_far is None:
                continue
            for end in range(start + 1, min(len(word), start + _MAX_PIECE) + 1):
                piece = word[start:end]
                is_common = piece in self._common
                if piece in self._known and (is_common or len(piece) >= _MIN_PIECE) and _may_be_piece(piece):
                    parts = so_far.with_one(piece, is_common=is_common)
                    best[end] = parts.or_likelier(best[end])
                    # The next may begin with the letter that this one ends with: twice in a row it counts once.
                    if is_common and len(piece) > 1:
                        best[end - 1] = parts.or_likelier(best[end - 1])
        parts = best[-1].words if best[-1] else ()
        return parts if not self._joints.isdisjoint(parts) else ()

    def _has_joint(self, word: str) -> bool:
        """Say whether a word begins or ends with a joint."""
        joints = self._joints
        return any(word[:length] in joints or word[-length:] in joints for length in range(_SINGLES, _MAX_JOINT))

    def _spelt_out(self, said: Sequence[str]) -> Iterator[str]:
        """Join the letters of words that are written letter by letter."""
        letters: list[str] = []
        for word in (*said, ""):
            if _is_single(word):
                letters.append(word)
                continue
            joined = undoubled("".join(letters))
            whole = _SINGLES <= len(letters) <= _MAX_WORD and self._knows(joined)
            yield from (joined,) if whole else letters
            letters = []
            if word:
                yield word


def _may_be_piece(word: str) -> bool:
    """Say whether a word may be a part of a longer run of letters: of single letters only the English 'I'."""
    return len(word) > 1 or word == "i"


def _is_single(word: str) -> bool:
    return len(word) == 1 and word != BREAK


def _has_letters_in_a_row(said: Sequence[str]) -> bool:
    places = [place for place, word in enumerate(said) if len(word) == 1]
    return any(last - first == _SINGLES - 1 for first, last in zip(places, places[_SINGLES - 1 :], strict=False))


def _numbers(word: str) -> frozenset[str]:
    if not word.isdecimal():
        return _NONE
    if len(word) <= len(HUNDREDS):
        return frozenset({NUMBER, HUNDREDS})
    return frozenset({NUMBER, YEAR} if len(word) == len(YEAR) and word[:2] in {"19", "20"} else {NUMBER})


def _is_torn(core: str, runs: Sequence[str]) -> bool:
    """Say whether signs stand within a word ('su.icide', 's-u-i'), not between two ('self-harm')."""
    if min(map(len, runs), default=0) == 0:
        return False
    return len(min(runs, key=len)) == 1 or not {"-", "/", "_"}.intersection(core)
