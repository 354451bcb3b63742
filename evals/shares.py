"""Shares of cases with their 95 % intervals, as table rows and as figures. Knows no suite."""

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final, TypeVar

from tests.proof.figures import NO_TARGET, Figure

_Z: Final = NormalDist().inv_cdf(0.975)
NOT_MEASURED: Final = Figure(value="not measured", target=NO_TARGET, met=True, n=0)

Group = TypeVar("Group", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """So many of *n* cases."""

    hits: int
    n: int

    @property
    def value(self) -> float:
        """Give the share, 0-1; 0 of no cases."""
        return self.hits / self.n if self.n else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Give the 95 % interval of Wilson's score method (1927): right also near 0 and 1 and for few cases."""
        if not self.n:
            return 0.0, 1.0
        spread = _Z * _Z / self.n
        middle = self.value + spread / 2
        reach = math.sqrt(self.value * (1 - self.value) * spread + spread * spread / 4)
        return max(0.0, (middle - reach) / (1 + spread)), min(1.0, (middle + reach) / (1 + spread))

    @property
    def rest(self) -> "Share":
        """Give the share of the other cases."""
        return Share(hits=self.n - self.hits, n=self.n)


def share_of(seen: Iterable[bool]) -> Share:
    """Count."""
    every = list(seen)
    return Share(hits=sum(every), n=len(every))


def shares_by(seen: Iterable[tuple[Group, bool]]) -> dict[Group, Share]:
    """Count by group, in the order in which the groups come up."""
    groups: defaultdict[Group, list[bool]] = defaultdict(list)
    for group, hit in seen:
        groups[group].append(hit)
    return {group: share_of(hits) for group, hits in groups.items()}


def at_least(share: Share, least: float) -> Figure:
    """Judge what should be large; of no cases it is not met."""
    return _figure(share, f">= {least:g}", is_met=lambda value: value >= least)


def at_most(share: Share, most: float) -> Figure:
    """Judge what should be small; of no cases it is not met."""
    return _figure(share, f"<= {most:g}", is_met=lambda value: value <= most)


def told(share: Share) -> Figure:
    """Give a share that has no target."""
    return Figure(value=round(share.value, 4), target=NO_TARGET, met=True, n=share.n)


def _figure(share: Share, target: str, *, is_met: Callable[[float], bool]) -> Figure:
    return Figure(value=round(share.value, 4), target=target, met=share.n > 0 and is_met(share.value), n=share.n)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What one part of the evaluation found: tables to print, figures to print and to write."""

    tables: Sequence[str]
    figures: Mapping[str, Figure]


def table(heading: str, rows: Mapping[str, Share]) -> str:
    """Lay shares out under a heading: hits of cases, per cent, 95 % interval."""
    width = max((len(name) for name in rows), default=0)
    return "\n".join([heading, *(f"  {name:<{width}}  {_row(share)}" for name, share in rows.items()), ""])


def _row(share: Share) -> str:
    low, high = share.interval
    return f"{share.hits:>4} / {share.n:<4}  {100 * share.value:>5.1f} %  ({100 * low:.1f}-{100 * high:.1f})"
