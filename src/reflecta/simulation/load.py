"""Measures cost and load from the log of effects: per day, at the peak, and what waited."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from reflecta.simulation.effects import DAY, HOUR, MICROSECONDS, Effect, number

_DAY_HOURS: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day (24 hours from the start) of the simulated users."""

    messages: int = 0
    occasions: int = 0
    calls: int = 0
    failed_calls: int = 0
    tokens: int = 0
    cost: float = 0.0
    pushes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What the run took of others. Peaks are of the simulated users; times in seconds.

    *waiting_by_hour* and *calling_by_hour* are the peaks in each hour of the UTC day.
    """

    days: Sequence[Day]
    peak_calls: int
    peak_work: int
    peak_waiting: int
    calls_in_busiest_minute: int
    longest_wait: float
    longest_drain: float
    calling_by_hour: Sequence[int]
    waiting_by_hour: Sequence[int]


# An interval from, to, in virtual microseconds.
_Interval = tuple[int, int]


def measure(effects: Sequence[Effect], days: int) -> Load:
    """Measure a run of so many days."""
    calls = [effect for effect in effects if effect.step == "model.called"]
    ended = [effect for effect in effects if effect.step == "occasion.ended"]
    # Occasions that were tried again have waited on purpose; those that never started were not worked on.
    first_tries = [e for e in ended if e.values["started"] is not None and not e.values["tries"]]
    calling = [(call.at, call.at + int(number(call, "took"))) for call in calls]
    waiting = [(int(number(e, "created")), int(number(e, "started"))) for e in first_tries]
    working = [(int(number(e, "started")), e.at) for e in first_tries]
    minutes = Counter(call.at // (60 * MICROSECONDS) for call in calls)
    return Load(
        days=_by_day(effects, days),
        peak_calls=max(_peaks(calling), default=0),
        peak_work=max(_peaks(working), default=0),
        peak_waiting=max(_peaks(waiting), default=0),
        calls_in_busiest_minute=max(minutes.values(), default=0),
        longest_wait=max((end - start for start, end in waiting), default=0) / MICROSECONDS,
        longest_drain=max((e.at - number(e, "created") for e in first_tries), default=0) / MICROSECONDS,
        calling_by_hour=_peaks(calling),
        waiting_by_hour=_peaks(waiting),
    )


def _peaks(intervals: Iterable[_Interval]) -> Sequence[int]:
    """Give the most intervals that overlap at one instant, in each hour of the day."""
    peaks, level, last = [0] * _DAY_HOURS, 0, 0
    changes = [(start, 1) for start, end in intervals if end > start]
    changes += [(end, -1) for start, end in intervals if end > start]
    for at, change in sorted(changes):
        if level:
            for hour in range(last // HOUR, at // HOUR + 1):
                peaks[hour % _DAY_HOURS] = max(peaks[hour % _DAY_HOURS], level)
        level, last = level + change, at
        peaks[at // HOUR % _DAY_HOURS] = max(peaks[at // HOUR % _DAY_HOURS], level)
    return peaks


def _by_day(effects: Sequence[Effect], days: int) -> Sequence[Day]:
    counts = [Counter[str]() for _ in range(days)]
    costs = [0.0] * days
    for effect in effects:
        day = min(max(effect.at, 0) // DAY, days - 1)
        counts[day].update(_counted(effect))
        costs[day] += number(effect, "cost") if effect.step == "model.called" else 0
    return [
        Day(
            messages=count["messages"],
            occasions=count["occasions"],
            calls=count["calls"],
            failed_calls=count["failed_calls"],
            tokens=count["tokens"],
            cost=round(cost, 6),
            pushes=count["pushes"],
        )
        for count, cost in zip(counts, costs, strict=True)
    ]


def _counted(effect: Effect) -> dict[str, int]:
    match effect.step:
        case "occasion.ended":
            return {"occasions": 1, "messages": int(effect.values["state"] == "sent")}
        case "model.called":
            failed = effect.values["end"] != "answered"
            return {"calls": 1, "failed_calls": int(failed), "tokens": int(number(effect, "tokens"))}
        case "push.asked":
            return {"pushes": 1}
        case _:
            return {}
