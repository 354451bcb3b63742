"""How much a text is worded like those that show a risk, learned from the practice texts: a linear score.

Rules find what somebody thought of. The score knows nothing by name, but sees the whole: where it says clearly that a
text is an ordinary one, a rule was most likely misled, and where it is sure of a sign, none is needed. It sees how
words are written, in runs of letters that outlive slips, endings and disguise, and what they mean, which is the same
in all languages. `python -m evals.training` makes the weights.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, pairwise
from math import sqrt
from typing import Final, NamedTuple
from zlib import crc32

from reflecta.domain.risk.folding import fold
from reflecta.domain.risk.meanings import Meanings, Meant
from reflecta.domain.risk.spelling import LEET

_RUNS: Final = range(2, 6)
# Two meanings belong together that are at most so many apart.
_TOGETHER: Final = 5
# As many sentences are read together: one alone leaves out too much, and a whole diary drowns it.
_SENTENCES: Final = 3
# As if a text had so many features more, of which none counts.
_ROOM_WRITTEN: Final = 300
_ROOM_MEANT: Final = 30
# A text of so few words is one passage.
_MOST_IN_ONE: Final = 35
_EDGES: Final = ".,;:!?*-_#…"
_SENTENCE_END: Final = re.compile(r"(?<=[.!?…])\s+|\n+")
# Few words make up most of what is written; a kilobyte each.
_REMEMBERED: Final = 1024

# Hashes of features, of which each counts once.
Features = AbstractSet[int]


class Passage(NamedTuple):
    """What is scored of some sentences: how it is written, what it means, and its meanings by name."""

    written: Features
    meant: Features
    meanings: AbstractSet[str]


@dataclass(frozen=True, slots=True)
class Reading:
    """The *score* of a text, that of its passage with the highest, what that looks like a sign of, and its language."""

    score: float
    sign: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """A weight from -127 to 127 for each bucket of features, in units of *unit*; the score of nothing is 0.

    Below *ordinary* a text is clearly like ordinary ones, from *telling* on like those with a sign. *signs* has for
    each sign how much the more likely a meaning is with it than with the others, as a logarithm.
    """

    buckets: Sequence[int]
    unit: float
    ordinary: float
    telling: float
    meanings: Meanings
    signs: Mapping[str, Mapping[str, float]]

    def read(self, text: str) -> Reading:
        """Score a text."""
        language, found = passages(text, self.meanings)
        score, passage = max(((self.score(passage), passage) for passage in found), key=lambda one: one[0])
        return Reading(score, self._sign_of(passage), self.meanings.languages[language])

    def score(self, passage: Passage) -> float:
        """Give the score of a passage: below 0 it is more like ordinary ones than like those with a sign."""
        buckets = self.buckets
        return self.unit * sum(
            value * sum([buckets[bucket] for bucket in placed]) for placed, value in placed_in(len(buckets), passage)
        )

    def _sign_of(self, passage: Passage) -> str:
        """Give the sign that the meanings of a passage speak for, the first where none of them speaks for any."""
        likely = {sign: sum(known.get(name, 0.0) for name in passage.meanings) for sign, known in self.signs.items()}
        return max(likely, key=lambda sign: likely[sign])


def placed_in(size: int, passage: Passage) -> Sequence[tuple[Collection[int], float]]:
    """Give the buckets of what is written and of what is meant, of so many in all, and what one of each counts.

    The more there is the less one counts, but that a few words are all there is makes none of them count for much.
    """
    both = ((passage.written, _ROOM_WRITTEN), (passage.meant, _ROOM_MEANT))
    return [({feature % size for feature in features}, 1 / sqrt(len(features) + room)) for features, room in both]


def passages(text: str, meanings: Meanings) -> tuple[int, Sequence[Passage]]:
    """Give the number of a text's language and what is scored of it, one passage at least.

    That is a short text as a whole, of a longer one each sentence with its neighbours.
    """
    sentences = [words_of(sentence) for sentence in _SENTENCE_END.split(text)]
    language = meanings.language_of(chain.from_iterable(sentences))
    read = [_passage(said, meanings.of(said, language)) for said in sentences]
    together = len(read) if len(text.split()) <= _MOST_IN_ONE else _SENTENCES
    last = max(1, len(read) - together + 1)
    return language, [_joined(read[start : start + together]) for start in range(last)]


def _joined(parts: Sequence[Passage]) -> Passage:
    return Passage(
        frozenset[int]().union(*(part.written for part in parts)),
        frozenset[int]().union(*(part.meant for part in parts)),
        frozenset[str]().union(*(part.meanings for part in parts)),
    )


def _passage(said: Sequence[str], meant: Sequence[Meant]) -> Passage:
    written = set[int]().union(*map(_runs, said))
    written.update(map(_hash, map("_".join, pairwise(said))))
    written.update(map(_hash, map("_".join, zip(said, said[1:], said[2:], strict=False))))
    return Passage(written, set(map(_hash, _meaning_features(meant))), {name for names in meant for name in names})


@lru_cache(maxsize=_REMEMBERED)
def _runs(word: str) -> tuple[int, ...]:
    """Give the runs of letters in a word, with its beginning and its end."""
    padded = f" {word} "
    return tuple(_hash(padded[start : start + length]) for length in _RUNS for start in range(len(padded) - length + 1))


def _meaning_features(meant: Sequence[Meant]) -> Iterator[str]:
    """Give the meanings, and which follow one another within a few words."""
    for place, names in enumerate(meant):
        for name in names:
            yield f"1{name}"
            for others in meant[place + 1 : place + 1 + _TOGETHER]:
                for other in others:
                    yield f"2{name},{other}"


def _hash(feature: str) -> int:
    return crc32(feature.encode())


def words_of(sentence: str) -> Sequence[str]:
    """Give the words of a sentence in their plain form, signs and digits within them read as letters."""
    found = (word.strip(_EDGES) for word in fold(sentence).split())
    return [word if word.isalpha() or word.isdecimal() else _plain(word) for word in found if word]


def _plain(word: str) -> str:
    if not any(map(str.isalpha, word)):
        return word
    return "".join(filter(str.isalpha, word.translate(LEET)))
