"""The doubles around the service: a model and a channel of changing moods, and a store that a worker dies at."""

import json
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, cast

from reflecta.application.ports import Clock, Completion
from reflecta.application.ports.channel import Result, ResultKind
from reflecta.application.ports.store import ProcessStore
from reflecta.domain.errors import ModelRejected, ModelTimeout, ModelUnavailable
from reflecta.domain.model import Call, Delivery, Purpose
from reflecta.domain.prompt import Question

Act = Callable[[], Awaitable[None]]


class Died(BaseException):
    """The worker's process was killed here."""


@dataclass(slots=True, eq=False)
class Hand:
    """One worker's go at one occasion; *answers* counts what it paid for."""

    occasion_id: str
    answers: int = 0


IN_HAND: ContextVar[Hand | None] = ContextVar("in_hand", default=None)


class Mood(StrEnum):
    """How the model takes the next question. A mood that fits only drafts or verdicts is good at the other."""

    GOOD = "good"
    DOWN = "down"
    SLOW = "slow"
    REFUSES = "refuses"
    PROSE = "prose"
    ODD_TYPE = "odd type"
    LIES = "lies"
    POOR = "poor"
    SKIP = "skip"
    DIES = "dies"


LIE = "I never want to see that garden again"
_ERRORS = {
    Mood.DOWN: ModelUnavailable("503"),
    Mood.SLOW: ModelTimeout("no answer in 60 s"),
    Mood.REFUSES: ModelRejected("402"),
    Mood.DIES: Died(),
}


@dataclass(slots=True)
class MoodyModel:
    """Answers by its moods in turn, then well. *meanwhile* happens while it thinks about the next question."""

    clock: Clock
    canary_of: Callable[[str], str]
    moods: deque[Mood] = field(default_factory=deque[Mood])
    meanwhile: Act | None = None
    answered: Counter[str] = field(default_factory=Counter[str])
    drafts: int = 0

    async def complete(self, question: Question) -> Completion:
        if self.meanwhile is not None:
            act, self.meanwhile = self.meanwhile, None
            await act()
        mood = self.moods.popleft() if self.moods else Mood.GOOD
        if mood in _ERRORS:
            raise _ERRORS[mood]
        hand = IN_HAND.get()
        assert hand is not None, "a model was asked outside of any occasion"
        hand.answers += 1
        self.answered[hand.occasion_id] += 1
        text = self._verdict(mood) if question.purpose is Purpose.ASSESSMENT else self._draft(mood, question)
        return Completion(text=text, call=self._call(question))

    async def aclose(self) -> None:
        """Hold no connection."""

    def _draft(self, mood: Mood, question: Question) -> str:
        canary = self.canary_of(question.context.user_id)
        if mood is Mood.PROSE:
            return f"Gladly! What of the {canary}?"
        self.drafts += 1
        # Words that no other message has: it must not be taken for a repetition.
        fresh = " ".join(f"word{self.drafts}of{place}" for place in range(10))
        said = f"You wrote “{LIE}”." if mood is Mood.LIES else f"And the {canary}?"
        kind = canary if mood is Mood.ODD_TYPE else "check_in"
        return json.dumps(
            {"messageType": kind, "message": f"{fresh} {said}", "pushNotification": f"{fresh[:80]}?", "evidence": []}
        )

    def _verdict(self, mood: Mood) -> str:
        if mood is Mood.PROSE:
            return "I rather like it."
        action = {Mood.POOR: "REVISE_MESSAGE", Mood.SKIP: "SKIP_MESSAGE"}.get(mood, "SEND_MESSAGE")
        poor = mood in {Mood.POOR, Mood.SKIP}
        return json.dumps(
            {
                "simulatedReaction": "Hm.",
                "faults": ["dull"] if poor else [],
                "overallEffectiveness": 4 if poor else 8,
                "recommendedAction": action,
            }
        )

    def _call(self, question: Question) -> Call:
        version = question.prompt_version
        return Call(purpose=question.purpose, model="moody", prompt_version=version, at=self.clock.now(), latency=0.1)


class Reception(StrEnum):
    """How the provider takes the next batch."""

    ACCEPTED = "accepted"
    RETRY = "retry"
    REFUSED = "refused"
    GONE = "gone"
    UNKNOWN = "unknown"
    BREAKS = "breaks"
    DIES = "dies"


@dataclass(slots=True)
class MoodyChannel:
    """Takes pushes by its receptions in turn, then well. *witness* sees every push as it leaves."""

    witness: Callable[[Delivery], None]
    on_gone: Callable[[Delivery], None]
    name: str = "expo"
    batch_size: int = 3
    receptions: deque[Reception] = field(default_factory=deque[Reception])
    maybe_taken: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    async def send(self, deliveries: Sequence[Delivery]) -> Sequence[Result]:
        reception = self.receptions.popleft() if self.receptions else Reception.ACCEPTED
        for delivery in deliveries:
            self.witness(delivery)
            self.maybe_taken[delivery.id] += reception is not Reception.RETRY
        if reception is Reception.DIES:
            raise Died
        if reception is Reception.BREAKS:
            raise ConnectionResetError
        if reception is Reception.GONE:
            for delivery in deliveries:
                self.on_gone(delivery)
        kind = ResultKind(reception.value)
        return [Result(kind=kind, ticket=f"t-{d.id}" if kind is ResultKind.ACCEPTED else None) for d in deliveries]

    async def receipts(self, tickets: Sequence[str]) -> Sequence[Result]:
        return [Result(kind=ResultKind.DELIVERED)] * len(tickets)

    async def aclose(self) -> None:
        """Hold no connection."""


class _Mortal:
    """Passes calls on to the store until the one at which the worker dies, before or after it was committed."""

    def __init__(self, store: ProcessStore, dies_at: int, *, after: bool) -> None:
        self._store = store
        self._left = dies_at
        self._after = after

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        method: Callable[..., Awaitable[Any]] = getattr(self._store, name)

        async def call(*args: Any, **named: Any) -> Any:
            self._left -= 1
            if self._left == 0 and not self._after:
                raise Died
            result = await method(*args, **named)
            if self._left == 0:
                raise Died
            return result

        return call


def mortal(store: ProcessStore, dies_at: int, *, after: bool) -> ProcessStore:
    """Give a store at whose *dies_at*-th call the worker dies."""
    return cast("ProcessStore", _Mortal(store, dies_at, after=after))
