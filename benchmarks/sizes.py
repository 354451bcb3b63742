"""How much is measured: the sizes of `make bench`, and tiny ones that only show that a benchmark works."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Numbers of users, of repetitions and of work; *wait* is what a model call lasts, in seconds.

    *over_http* are the stores on which messages are processed with the model's calls over HTTP too.
    """

    users: tuple[int, ...] = (10_000, 100_000)
    due: int = 5_000
    rounds: int = 3
    reads: int = 100
    finishes: int = 300
    messages: int = 500
    over_http: tuple[str, ...] = ("sqlite", "postgresql")
    waits: int = 2_000
    wait: float = 1.0
    at_once: int = 500
    entries: tuple[int, ...] = (10, 1_000, 20_000)
    others: int = 50_000
    enqueued: int = 100_000


TINY: Final = Sizes(
    users=(50, 100),
    due=20,
    rounds=1,
    reads=3,
    finishes=3,
    messages=5,
    over_http=("sqlite",),  # starting processes is most of a tiny run
    waits=8,
    wait=0.02,
    at_once=4,
    entries=(2, 5),
    others=10,
    enqueued=1_000,
)
