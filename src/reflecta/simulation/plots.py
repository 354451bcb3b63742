"""Draws plots as SVG on the server: no script, colours from the page's style, every value in words as well."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10
from typing import Final

_WIDTH, _HEIGHT = 760, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 8, 14, 34
_TICKS: Final = 4
_MOST_LABELS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Bars over *labels*, one series stacked on the other. *axis* says what an x label and a y value are."""

    title: str
    axis: tuple[str, str]
    labels: Sequence[str]
    series: Mapping[str, Sequence[float]]
    unit: str = ""


def draw(plot: Plot) -> str:
    """Give a figure: the plot, its legend, and its values as a table that opens."""
    head = f"<figure><figcaption>{escape(plot.title)}</figcaption>{_legend(plot)}"
    table = f"<details><summary>The values as a table</summary>{_table(plot)}</details>"
    return f"{head}{_svg(plot)}{table}</figure>"


def shown(value: float, unit: str = "") -> str:
    """Give a value for readers."""
    whole = value == round(value) or abs(value) >= 100  # noqa: PLR2004 - cents of hundreds say nothing
    return f"{unit}{value:,.0f}" if whole else f"{unit}{value:,.2f}"


def _svg(plot: Plot) -> str:
    top = _round_up(max(_totals(plot), default=0))
    parts = [_grid(plot, top), *_bars(plot, top), _labels(plot)]
    parts.append(
        f'<text class="axis" x="{(_LEFT + _WIDTH) / 2}" y="{_HEIGHT - 2}" text-anchor="middle">'
        f"{escape(plot.axis[0])}</text>"
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(_spoken(plot))}">'
        f"<title>{escape(plot.title)}</title>{''.join(parts)}</svg>"
    )


def _spoken(plot: Plot) -> str:
    totals = _totals(plot)
    if not any(totals):
        return f"{plot.title}: nothing."
    peak = max(range(len(totals)), key=totals.__getitem__)
    return f"{plot.title}: highest at {plot.labels[peak]}, {shown(totals[peak], plot.unit)} {plot.axis[1]}."


def _totals(plot: Plot) -> Sequence[float]:
    return [sum(values) for values in zip(*plot.series.values(), strict=True)]


def _round_up(value: float) -> float:
    """Give the next number with one or two plain digits, so that the axis reads well."""
    if value <= 0:
        return 1.0
    size = 10.0 ** floor(log10(value))
    return next(step * size for step in (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10) if step * size >= value * (1 - 1e-9))


def _y(value: float, top: float) -> float:
    return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - value / top)


def _grid(plot: Plot, top: float) -> str:
    lines: list[str] = []
    for step in range(_TICKS + 1):
        value = top * step / _TICKS
        y = _y(value, top)
        lines.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        lines.append(
            f'<text class="axis" x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{shown(value, plot.unit)}</text>'
        )
    return "".join(lines)


def _bars(plot: Plot, top: float) -> Sequence[str]:
    room = (_WIDTH - _LEFT - _RIGHT) / len(plot.labels)
    found: list[str] = []
    for place, label in enumerate(plot.labels):
        base = 0.0
        for number, (name, values) in enumerate(plot.series.items()):
            value = values[place]
            if value > 0:
                y, low = _y(base + value, top), _y(base, top)
                words = escape(f"{label}, {name}: {shown(value, plot.unit)}")
                found.append(
                    f'<rect class="s{number}" x="{_LEFT + room * (place + 0.1):.2f}" y="{y:.2f}" '
                    f'width="{room * 0.8:.2f}" height="{low - y:.2f}"><title>{words}</title></rect>'
                )
            base += value
    return found


def _labels(plot: Plot) -> str:
    room, every = (_WIDTH - _LEFT - _RIGHT) / len(plot.labels), ceil(len(plot.labels) / _MOST_LABELS)
    return "".join(
        f'<text class="axis" x="{_LEFT + room * (place + 0.5):.1f}" y="{_HEIGHT - _BOTTOM + 16}" '
        f'text-anchor="middle">{escape(label)}</text>'
        for place, label in enumerate(plot.labels)
        if place % every == 0
    )


def _legend(plot: Plot) -> str:
    if len(plot.series) < 2:  # noqa: PLR2004 - a single series needs none
        return ""
    items = "".join(
        f'<li><span class="key s{number}" aria-hidden="true"></span>{escape(name)}</li>'
        for number, name in enumerate(plot.series)
    )
    return f'<ul class="legend">{items}</ul>'


def _table(plot: Plot) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in (plot.axis[0], *plot.series))
    rows = "".join(
        f'<tr><th scope="row">{escape(label)}</th>'
        + "".join(f"<td>{shown(values[place], plot.unit)}</td>" for values in plot.series.values())
        + "</tr>"
        for place, label in enumerate(plot.labels)
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
