"""How much a text is worded like those that show a risk, learned from the practice texts: a linear score.

Rules find what somebody thought of. The score knows nothing by name, but sees the whole: where it says clearly that a
text is an ordinary one, a rule was most likely misled. It finds nothing by itself: what a person writes who thinks
about themselves is too much like what a person writes who is at risk. Its features are the runs of letters within
words, and words side by side: they outlive slips, endings and disguise. `python -m evals.training` makes the weights.
"""

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from typing import Final
from zlib import crc32

from reflecta.domain.risk.folding import fold
from reflecta.domain.risk.spelling import LEET

_RUNS: Final = range(2, 6)
# As many sentences are read together: one alone leaves out too much, and a whole diary drowns it.
_SENTENCES: Final = 3
# A text of so few words is one passage.
_MOST_IN_ONE: Final = 35
_EDGES: Final = ".,;:!?*-_#…"
_SENTENCE_END: Final = re.compile(r"(?<=[.!?…])\s+|\n+")

# Hashes of features, of which each counts once.
Features = AbstractSet[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """A weight from -127 to 127 for each bucket of features, in units of *unit*, and the score of nothing, *bias*.

    Below *ordinary* a text is clearly like ordinary ones.
    """

    buckets: Sequence[int]
    unit: float
    bias: float
    ordinary: float

    def is_ordinary(self, text: str) -> bool:
        """Say whether every passage of a text is clearly like those of ordinary ones."""
        return all(self.score(passage) < self.ordinary for passage in passages(text))

    def score(self, passage: Features) -> float:
        """Give the score of a passage: below 0 it is more like ordinary ones than like those with a sign."""
        buckets = self.buckets
        size = len(buckets)
        total = sum([buckets[bucket] for bucket in {feature % size for feature in passage}])
        return self.bias + self.unit * total / sqrt(max(1, len(passage)))


def passages(text: str) -> Sequence[Features]:
    """Give what is scored, one at least: a short text as a whole, of a longer one each sentence with its neighbours."""
    sentences = [_features(_words(sentence)) for sentence in _SENTENCE_END.split(text)]
    together = len(sentences) if len(text.split()) <= _MOST_IN_ONE else _SENTENCES
    last = max(1, len(sentences) - together + 1)
    return [frozenset[int]().union(*sentences[start : start + together]) for start in range(last)]


def _features(words: Sequence[str]) -> Features:
    return {crc32(feature.encode()) for feature in _written(words)}


def _written(words: Sequence[str]) -> Iterator[str]:
    for word in words:
        padded = f" {word} "
        for length in _RUNS:
            for start in range(len(padded) - length + 1):
                yield padded[start : start + length]
    yield from map("_".join, pairwise(words))
    yield from map("_".join, zip(words, words[1:], words[2:], strict=False))


def _words(sentence: str) -> Sequence[str]:
    """Give the words of a sentence in their plain form, signs and digits within them read as letters."""
    found = (word.strip(_EDGES) for word in fold(sentence).split())
    return [word if word.isalpha() or word.isdecimal() else _plain(word) for word in found if word]


def _plain(word: str) -> str:
    if not any(map(str.isalpha, word)):
        return word
    return "".join(filter(str.isalpha, word.translate(LEET)))
