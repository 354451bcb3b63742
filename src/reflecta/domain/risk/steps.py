"""What a pattern is made of, and how it is walked over the words of a text. Knows neither notation nor languages."""

from collections.abc import Iterator
from typing import NamedTuple

from reflecta.domain.risk.folding import BREAK
from reflecta.domain.risk.heard import Heard


class Word(NamedTuple):
    """A place for one of several words; a stem ends in '*'."""

    words: frozenset[str]
    optional: bool = False

    @property
    def needed(self) -> bool:
        """Say whether it may not be missing."""
        return not self.optional


class Gap(NamedTuple):
    """Up to so many other words, within the sentence."""

    most: int


class Either(NamedTuple):
    """One of several runs of steps."""

    ways: "tuple[Way, ...]"
    optional: bool = False


Step = Word | Gap | Either
Way = tuple[Step, ...]


def needed_words(step: Step) -> frozenset[str]:
    """Give words of which a text must have one; none where the step can do without."""
    if isinstance(step, Gap) or step.optional:
        return frozenset()
    if isinstance(step, Word):
        return step.words
    needed = [next((words for words in map(needed_words, way) if words), frozenset[str]()) for way in step.ways]
    return frozenset[str]().union(*needed) if all(needed) else frozenset()


def reach(heard: Heard, way: Way, places: set[int], by: int) -> set[int]:
    """Walk a way from any of several places, forward (*by* 1) or backward (-1); give the places after it."""
    for step in way[::by]:
        if not places:
            return places
        if isinstance(step, Gap):
            places = places.union(*(_within(heard, place, by, step.most) for place in places))
        elif isinstance(step, Word):
            reached = {place + by for place in places if heard.is_at(place, step.words)}
            places = reached | places if step.optional else reached
        else:
            reached = set[int]().union(*(reach(heard, one, places, by) for one in step.ways))
            places = reached | places if step.optional else reached
    return places


def _within(heard: Heard, start: int, by: int, most: int) -> Iterator[int]:
    """Give the places that up to so many words further on leads to, within the sentence."""
    for away in range(most):
        place = start + away * by
        if not 0 <= place < len(heard.said) or heard.said[place] == BREAK:
            return
        yield place + by
