"""The words of a text in the form in which rules are looked for in it."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass


@dataclass(slots=True)
class Heard:
    """The words of a text in order, with a mark where a sentence ends.

    *readings*: what else a word may be (a known word with a slip in it, a stem, a number); *present*: all words
    and readings that the rules know.
    """

    said: list[str]
    readings: dict[str, frozenset[str]]
    present: set[str] | frozenset[str]
    _spoken: dict[str, list[str]] | None = None

    def places(self, groups: Sequence[Collection[str]]) -> Iterator[int]:
        """Give where a word of these groups stands, or one that may be read so."""
        spoken = self._spoken = self._spoken or self._turned()
        found = set[str]().union(*map(self.present.intersection, groups))
        for said in found.union(*(spoken.get(word, ()) for word in found)):
            yield from _places(self.said, said)

    def _turned(self) -> dict[str, list[str]]:
        """Give the words as they stand by what they may be."""
        spoken: defaultdict[str, list[str]] = defaultdict(list)
        for said, readings in self.readings.items():
            for reading in readings:
                spoken[reading].append(said)
        return dict(spoken)

    def is_at(self, place: int, groups: Sequence[Collection[str]]) -> bool:
        """Say whether a word of these groups stands at a place; not so before the first and after the last."""
        if not 0 <= place < len(self.said):
            return False
        said = self.said[place]
        for words in groups:
            if said in words:
                return True
        return said in self.readings and not all(map(self.readings[said].isdisjoint, groups))


def _places(said: Sequence[str], word: str) -> Iterator[int]:
    place = -1
    try:
        while True:
            place = said.index(word, place + 1)
            yield place
    except ValueError:  # no more of them: quicker than to look at each word
        return
