"""The one way to say that something happened."""

from typing import Protocol


class Telemetry(Protocol):
    """Takes one event per change of state.

    Names are dotted and in the past tense (``occasion.held_back``). Values are ids, counts, durations in
    seconds and words of our own; never journal text, a message, a prompt, a token or a secret.
    """

    def event(self, name: str, **values: str | float | bool | None) -> None:
        """Record that *name* happened. Never raises."""
        ...
