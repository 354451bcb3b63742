"""Turns timings into figures. Knows no benchmark."""

import statistics
from collections.abc import Sequence
from typing import Final

from tests.proof.figures import NO_TARGET, Figure

# Ratios travel from machine to machine, seconds do not: they are read first.
_FIRST: Final = ("ratio_", "growth_", "over_")


def spread(seconds: Sequence[float]) -> tuple[float, float]:
    """Give the median and the 95th percentile in milliseconds."""
    ordered = sorted(seconds)
    return 1000 * statistics.median(ordered), 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]


def ratio(ours: Sequence[float], floor: Sequence[float]) -> float:
    """Give the floor's median time over ours: 1 is as fast as the floor."""
    return statistics.median(floor) / statistics.median(ours)


def at_least(value: float, least: float, n: int) -> Figure:
    """Judge what should be large."""
    return Figure(value=_short(value), target=f">= {least:g}", met=value >= least, n=n)


def at_most(value: float, most: float, n: int) -> Figure:
    """Judge what should be small."""
    return Figure(value=_short(value), target=f"<= {most:g}", met=value <= most, n=n)


def told(value: float, n: int) -> Figure:
    """Give a figure that has no target."""
    return Figure(value=_short(value), target=NO_TARGET, met=True, n=n)


def ordered(figures: dict[str, Figure]) -> dict[str, Figure]:
    """Put ratios first; the rest stays in its order."""
    first = {key: figure for key, figure in figures.items() if key.startswith(_FIRST)}
    return first | figures


def _short(value: float) -> float:
    """Keep three significant digits."""
    return float(f"{value:.3g}")
