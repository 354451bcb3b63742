"""The log of effects: what the doubles saw and what the ledger says, as one ordered list that others can audit."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

Value = str | int | float | bool | None
MICROSECONDS: Final = 1_000_000
HOUR: Final = 3600 * MICROSECONDS
DAY: Final = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that could be seen from outside: *at* is in virtual microseconds since the start."""

    at: int
    user: str
    step: str
    values: dict[str, Value]

    def line(self) -> str:
        """Give the effect as one line of JSON."""
        return json.dumps({"at": self.at, "user": self.user, "step": self.step, **self.values}, sort_keys=True)


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
        return sorted(self._effects, key=lambda effect: (effect.at, effect.user, effect.step, effect.line()))


def lines(effects: Sequence[Effect]) -> Iterator[str]:
    """Give the log as JSON lines."""
    for effect in effects:
        yield effect.line() + "\n"


def number(effect: Effect, name: str) -> float:
    """Give a value that is a number, 0 where there is none."""
    value = effect.values.get(name)
    return value if isinstance(value, int | float) else 0


def text(effect: Effect, name: str) -> str:
    """Give a value that is text, '' where there is none."""
    value = effect.values.get(name)
    return value if isinstance(value, str) else ""
