"""The report as one HTML page that needs nothing else: no script, no font, no address; light and dark."""

from collections.abc import Iterator
from datetime import timedelta
from html import escape
from typing import Final

from reflecta.simulation.plots import Plot, draw
from reflecta.simulation.report import Report, Rows

_STYLE: Final = """
:root { color-scheme: light dark; --paper: #fdfdfb; --ink: #1d2327; --soft: #59636b; --line: #d9dee2; --card: #f3f5f4;
  --a: #1f6f8b; --b: #b8651b; --c: #6a4c93; --good: #1d6b3a; --bad: #a3231b; }
@media (prefers-color-scheme: dark) { :root { --paper: #14181b; --ink: #e6eaec; --soft: #a3adb4; --line: #333b41;
  --card: #1c2226; --a: #5fb3d0; --b: #e39a57; --c: #b59ae0; --good: #6cc78d; --bad: #f0877f; } }
body { margin: 0 auto; max-width: 64rem; padding: 1.5rem 1rem 3rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; }
p { margin: .4rem 0; } .soft { color: var(--soft); }
.verdict { font-weight: 600; padding: .6rem .9rem; border-left: .35rem solid; background: var(--card); }
.good { border-color: var(--good); } .bad { border-color: var(--bad); }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); gap: 0 2rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .25rem .5rem .25rem 0; border-bottom: 1px solid var(--line); font-weight: 400; }
td { text-align: right; white-space: nowrap; } thead th { font-weight: 600; } thead th + th { text-align: right; }
.wide td { white-space: normal; }
figure { margin: 1.5rem 0; } figcaption { font-weight: 600; margin-bottom: .25rem; }
svg { width: 100%; height: auto; display: block; }
.grid { stroke: var(--line); stroke-width: 1; } .axis { fill: var(--soft); font: 12px system-ui, sans-serif; }
.s0 { fill: var(--a); background: var(--a); } .s1 { fill: var(--b); background: var(--b); }
.s2 { fill: var(--c); background: var(--c); }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 0 1.2rem; margin: 0; padding: 0; }
.key { display: inline-block; width: .8rem; height: .8rem; margin-right: .4rem; border-radius: .15rem; }
details { margin-top: .3rem; } summary { cursor: pointer; color: var(--soft); }
pre { background: var(--card); padding: .7rem; overflow-x: auto; }
"""


def page(report: Report, replay: str) -> str:
    """Give the page."""
    start, days = report.start, report.scenario.days
    end = start + timedelta(days=days)
    body = "".join(
        (
            "<h1>Reflecta, simulated</h1>",
            f'<p class="soft">{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC, {days} days, ',
            f"seed {report.scenario.seed}.</p>",
            _verdict(report),
            f"<p>{escape(report.whom())}</p>",
            *(f"<p><strong>Note.</strong> {escape(warning)}</p>" for warning in report.warnings()),
            _figures(report),
            "<h2>Pictures</h2>",
            *(draw(plot) for plot in _plots(report)),
            _examples(report),
            "<h2>Play it again</h2>",
            f"<pre>{escape(replay)}</pre>",
            f'<p class="soft">Hash of the log of effects: <code>{report.digest}</code></p>',
        )
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Reflecta, simulated</title><style>{_STYLE}</style></head><body><main>{body}</main></body></html>\n"
    )


def _verdict(report: Report) -> str:
    if report.findings.is_clean:
        return (
            '<p class="verdict good">Every promise was kept: nothing doubled, lost, outside its window or passed '
            "over, and all outcomes add up.</p>"
        )
    broken = sum(report.findings.faults.values())
    return f'<p class="verdict bad">{broken:,} promises were broken; the examples below name them.</p>'


def _figures(report: Report) -> str:
    sections = (
        (f"Cost and volume of {report.population.size:,} users", report.costs()),
        (f"Load at the peak of {report.population.size:,} users", report.peaks()),
        (f"Promises to {len(report.population.users):,} simulated users", report.promises()),
        ("Broken promises (0 is right)", report.faults()),
        ("Occasions of the simulated users", report.outcomes()),
    )
    cards = "".join(f"<section><h2>{name}</h2>{_rows(rows)}</section>" for name, rows in sections)
    return f'<div class="cards">{cards}</div>'


def _rows(rows: Rows) -> str:
    cells = "".join(f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>' for name, value in rows)
    return f'<table class="wide"><tbody>{cells}</tbody></table>'


def _plots(report: Report) -> Iterator[Plot]:
    load, scale, hours = report.load, report.population.scale, report.hours()
    clock = [f"{hour:02d}" for hour in range(24)]
    days = [f"{number}" for number in range(1, len(load.days) + 1)]
    yield Plot(
        title="Messages by the reader's local hour (simulated users)",
        axis=("local hour", "messages"),
        labels=clock,
        series={
            f"{name} window": [float(row[place]) for row in hours]
            for place, name in enumerate(("morning", "afternoon", "evening"), start=1)
        },
    )
    yield Plot(
        title="Occasions a day",
        axis=("day", "occasions"),
        labels=days,
        series={
            "sent": [day.messages * scale for day in load.days],
            "not sent": [(day.occasions - day.messages) * scale for day in load.days],
        },
    )
    yield Plot(
        title="Cost of model calls a day, US dollars",
        axis=("day", "a day"),
        labels=days,
        series={"cost": [day.cost * scale for day in load.days]},
        unit="$",
    )
    yield Plot(
        title="Model calls at once: the peak in each hour of the UTC day",
        axis=("hour, UTC", "calls"),
        labels=clock,
        series={"calls": [peak * scale for peak in load.calling_by_hour]},
    )
    yield Plot(
        title="Occasions waiting for a place: the peak in each hour of the UTC day",
        axis=("hour, UTC", "occasions"),
        labels=clock,
        series={"waiting": [peak * scale for peak in load.waiting_by_hour]},
    )


def _examples(report: Report) -> str:
    if not report.findings.examples:
        return ""
    items = "".join(f"<li>{escape(example)}</li>" for example in report.findings.examples)
    return f"<h2>Broken promises, the first of them</h2><ul>{items}</ul>"
