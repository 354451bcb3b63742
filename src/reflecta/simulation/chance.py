"""Chance that depends on a seed and a name alone, never on what was drawn before: the order of events is free."""

from contextvars import ContextVar
from hashlib import blake2b
from math import exp, log
from statistics import NormalDist
from typing import Final

_NORMAL: Final = NormalDist()
_P95: Final = _NORMAL.inv_cdf(0.95)
_STEPS: Final = 2**64


class Draws:
    """Numbers for one event, at most eight, the same whenever the same event is asked for."""

    def __init__(self, seed: int, *name: str | int) -> None:
        self._bytes = blake2b("\0".join(map(str, (seed, *name))).encode("utf-8", "surrogatepass")).digest()
        self._at = 0

    def uniform(self) -> float:
        """Give the next number above 0 and below 1."""
        number = int.from_bytes(self._bytes[self._at : self._at + 8])
        self._at += 8
        return (number + 0.5) / (_STEPS + 1)

    def happens(self, rate: float) -> bool:
        """Say whether something of this probability happens."""
        return self.uniform() < rate

    def normal(self, mean: float, spread: float) -> float:
        """Give a number of the normal distribution."""
        return mean + spread * _NORMAL.inv_cdf(self.uniform())

    def duration(self, median: float, p95: float) -> float:
        """Give seconds of the log-normal distribution with this median and 95th percentile; 0 for a median of 0."""
        if median <= 0:
            return 0.0
        return median * exp(log(p95 / median) / _P95 * _NORMAL.inv_cdf(self.uniform()))


# Whose work is in hand, and how often chance was asked for on its behalf.
_IN_HAND: Final[ContextVar[tuple[str, list[int]]]] = ContextVar("in_hand")


def begin_work(name: str) -> None:
    """Tell whose work this task does: what `Own` draws in it depends on nobody else's."""
    _IN_HAND.set((name, [0]))


class Own:
    """Draws for the work in hand, for those who draw without saying for whom."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def uniform(self) -> float:
        """Give a number above 0 and below 1."""
        name, count = _IN_HAND.get()
        count[0] += 1
        return Draws(self._seed, "own", name, count[0]).uniform()


def words(count: int, seed: int, *name: str | int) -> str:
    """Give so many everyday words: no sense, but no two texts alike."""
    found: list[str] = []
    page = 0
    while len(found) < count:
        drawn = blake2b("\0".join(map(str, (seed, *name, page))).encode("utf-8", "surrogatepass")).digest()
        found += [_BY_BYTE[byte] for byte in drawn]
        page += 1
    return " ".join(found[:count])


# None of them can be read as a sign of risk in whatever order: such a person would be held.
_WORDS: Final = """about again always answer basket because bread brother call cold corner could door early evening
family fence friend garden glad green half hands hard hear home hour house keep kitchen laugh late leave letter light
list long lunch maybe meeting mother music never night noise often open paper people plan quiet rain read rest river
road room run shop slow song sister sleep""".split()
_BY_BYTE: Final = tuple(_WORDS[byte % len(_WORDS)] for byte in range(256))
