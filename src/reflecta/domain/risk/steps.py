"""What a pattern is made of, and how it is walked over the words of a text. Knows neither notation nor languages."""

from collections.abc import Collection, Iterator
from itertools import chain
from typing import Final, NamedTuple

from reflecta.domain.risk.folding import BREAK
from reflecta.domain.risk.heard import Heard

# Few words, or a list that all who name it share: kept apart, because every sum of lists would take its own room.
Words = tuple[str, ...] | frozenset[str]
Groups = tuple[Words, ...]
# A tuple of so many words takes a fifth of what a set does, and is looked through as fast.
_FEW: Final = 20


class Word(NamedTuple):
    """A place for one of several words, in one of some groups; a stem ends in '*'."""

    groups: Groups
    optional: bool = False

    @property
    def words(self) -> Iterator[str]:
        """Give all of them."""
        return chain.from_iterable(self.groups)

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


def gathered(words: Collection[str]) -> Groups:
    """Give a group of these words; none of none."""
    if not words:
        return ()
    return (tuple(sorted(words)),) if len(words) <= _FEW else (frozenset(words),)


def needed_words(step: Step) -> Groups:
    """Give words of which a text must have one; none where the step can do without."""
    if isinstance(step, Gap) or step.optional:
        return ()
    if isinstance(step, Word):
        return step.groups
    needed = [next((groups for groups in map(needed_words, way) if groups), ()) for way in step.ways]
    return tuple(dict.fromkeys(chain.from_iterable(needed))) if all(needed) else ()


def reach(heard: Heard, way: Way, places: set[int], by: int) -> set[int]:
    """Walk a way from any of several places, forward (*by* 1) or backward (-1); give the places after it."""
    for step in way[::by]:
        if not places:
            return places
        if isinstance(step, Gap):
            places = places.union(*(_within(heard, place, by, step.most) for place in places))
        elif isinstance(step, Word):
            reached = {place + by for place in places if heard.is_at(place, step.groups)}
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
