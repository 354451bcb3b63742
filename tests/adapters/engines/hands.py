"""Work for engines under test: it waits until it is let go, and keeps account."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Hands:
    """Use as *work*. Every id waits for *gate*, unless it is open from the start."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    started: list[str] = field(default_factory=list[str])
    done: list[str] = field(default_factory=list[str])
    broken_off: list[str] = field(default_factory=list[str])
    most_at_once: int = 0
    _now: int = 0

    @classmethod
    def free(cls) -> "Hands":
        """Give hands that wait for nothing."""
        hands = cls()
        hands.gate.set()
        return hands

    async def __call__(self, occasion_id: str) -> None:
        self.started.append(occasion_id)
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            await self.gate.wait()
            await asyncio.sleep(0)
            self.done.append(occasion_id)
        except asyncio.CancelledError:
            self.broken_off.append(occasion_id)
            raise
        finally:
            self._now -= 1


def ids(count: int) -> list[str]:
    return [f"occasion-{number:05}" for number in range(count)]


async def until(condition: Callable[[], bool]) -> None:
    """Return as soon as *condition* holds; the test's own time limit is the limit."""
    while not condition():  # noqa: ASYNC110 - it watches things that know no event
        await asyncio.sleep(0.01)
