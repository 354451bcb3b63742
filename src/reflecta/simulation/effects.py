"""The log of effects: what the doubles saw and what the ledger says, as one ordered list that others can audit."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Final

Value = str | int | float | bool | None
MICROSECONDS: Final = 1_000_000
HOUR: Final = 3600 * MICROSECONDS
DAY: Final = 24 * HOUR

_json: Final = json.JSONEncoder(sort_keys=True).encode
_place: Final = attrgetter("at", "user", "step")
# Instants within a tick depend on who came first. What a tick did depends on how many there were; the ledger has it.
_WHEN: Final = frozenset({"took", "created", "started"})
_HOW: Final = frozenset({"tick"})


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that could be seen from outside: *at* is in virtual microseconds since the start."""

    at: int
    user: str
    step: str
    values: dict[str, Value]

    def line(self) -> str:
        """Give the effect as one line of JSON."""
        return _json({"at": self.at, "user": self.user, "step": self.step, **self.values})


class Log:
    """Collects effects."""

    def __init__(self) -> None:
        self._effects: list[Effect] = []

    def add(self, at: int, user: str, step: str, **values: Value) -> None:
        """Note an effect."""
        self._effects.append(Effect(at, user, step, values))

    def extend(self, effects: Iterable[Effect]) -> None:
        """Note many."""
        self._effects += effects

    def ordered(self) -> Sequence[Effect]:
        """Give all effects by virtual time, user and step."""
        found: list[Effect] = []
        for _, group in groupby(sorted(self._effects, key=_place), key=_place):
            alike = list(group)
            found += sorted(alike, key=Effect.line) if len(alike) > 1 else alike
        return found


def lines(effects: Iterable[Effect]) -> Iterator[str]:
    """Give the log as JSON lines."""
    for effect in effects:
        yield effect.line() + "\n"


def timeless(effects: Iterable[Effect]) -> Sequence[str]:
    """Give what came of a run without instants, sorted: messages, outcomes, calls, pushes, edits.

    Equal runs have equal ones on every engine and store.
    """
    return sorted(
        _json({"user": e.user, "step": e.step} | {name: e.values[name] for name in e.values.keys() - _WHEN})
        for e in effects
        if e.step not in _HOW
    )


def number(effect: Effect, name: str) -> float:
    """Give a value that is a number, 0 where there is none."""
    value = effect.values.get(name)
    return value if isinstance(value, int | float) else 0


def text(effect: Effect, name: str) -> str:
    """Give a value that is text, '' where there is none."""
    value = effect.values.get(name)
    return value if isinstance(value, str) else ""
