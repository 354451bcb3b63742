"""The doubles around the service: a model and a channel of changing moods, and a store that a worker ends at."""

import asyncio
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
from reflecta.domain.model import Call, Delivery, Purpose, Recommendation
from reflecta.domain.prompt import Question
from reflecta.testing import assessment_reply, draft_reply, facts_of, screening_reply

Act = Callable[[], Awaitable[object]]


class Died(BaseException):
    """The worker's process was killed here."""


@dataclass(slots=True, eq=False)
class Hand:
    """One worker's go at one occasion; *questions* counts what it asked, *answers* what it paid for.

    *is_alarmed* once it was told of a sign of risk: it may ask nothing more.
    """

    occasion_id: str
    questions: int = 0
    answers: int = 0
    is_alarmed: bool = False


IN_HAND: ContextVar[Hand | None] = ContextVar("in_hand", default=None)


class Mood(StrEnum):
    """How the model takes the next question. A mood that fits only one kind of question is good at the others."""

    GOOD = "good"
    DOWN = "down"
    SLOW = "slow"
    REFUSES = "refuses"
    PROSE = "prose"
    ODD_TYPE = "odd type"
    LIES = "lies"
    POOR = "poor"
    SKIP = "skip"
    ALARM = "alarm"
    DIES = "dies"


LIE = "I never want to see that garden again"
ALARM = "suicide"
_ERRORS = {
    Mood.DOWN: ModelUnavailable("503"),
    Mood.SLOW: ModelTimeout("no answer in 60 s"),
    Mood.REFUSES: ModelRejected("402"),
    Mood.DIES: Died(),
}


@dataclass(slots=True)
class MoodyModel:
    """Answers by its moods in turn, then well. *meanwhile* happens while it thinks about a question: the next one, or
    as many later as *passes* says.

    *reader* sees the first question of each worker at an occasion: what it just read. *complaints* are of questions
    that should not have come.
    """

    clock: Clock
    canary_of: Callable[[str], str]
    reader: Callable[[Question], None]
    moods: deque[Mood] = field(default_factory=deque[Mood])
    meanwhile: Act | None = None
    passes: int = 0
    answered: Counter[str] = field(default_factory=Counter[str])
    complaints: list[str] = field(default_factory=list[str])
    drafts: int = 0

    async def complete(self, question: Question) -> Completion:
        hand = IN_HAND.get()
        assert hand is not None, "a model was asked outside of any occasion"
        if not hand.questions:
            self.reader(question)
        if hand.is_alarmed:
            self.complaints.append(f"{hand.occasion_id} was written about after a sign of risk")
        hand.questions += 1
        await self._let_happen()
        mood = self.moods.popleft() if self.moods else Mood.GOOD
        if mood in _ERRORS:
            raise _ERRORS[mood]
        hand.answers += 1
        self.answered[hand.occasion_id] += 1
        return Completion(text=self._answer(mood, question, hand), call=self._call(question))

    async def aclose(self) -> None:
        """Hold no connection."""

    async def _let_happen(self) -> None:
        if self.meanwhile is None:
            return
        if self.passes:
            self.passes -= 1
            return
        act, self.meanwhile = self.meanwhile, None
        await act()

    def _answer(self, mood: Mood, question: Question, hand: Hand) -> str:
        if question.purpose is Purpose.SCREENING:
            hand.is_alarmed = mood is Mood.ALARM
            return "I see nothing." if mood is Mood.PROSE else screening_reply(*[ALARM] * hand.is_alarmed)
        return self._verdict(mood) if question.purpose is Purpose.ASSESSMENT else self._draft(mood, question)

    def _draft(self, mood: Mood, question: Question) -> str:
        canary = self.canary_of(question.context.user_id)
        if mood is Mood.PROSE:
            return f"Gladly! What of the {canary}?"
        self.drafts += 1
        said = f"You wrote “{LIE}”." if mood is Mood.LIES else f"It is about the {canary}."
        draft = draft_reply(facts_of(question), self.drafts, said=said)
        return json.dumps(json.loads(draft) | {"messageType": canary}) if mood is Mood.ODD_TYPE else draft

    def _verdict(self, mood: Mood) -> str:
        if mood is Mood.PROSE:
            return "I rather like it."
        if mood is Mood.SKIP:
            return assessment_reply(4, Recommendation.SKIP, ["dull"])
        return assessment_reply(4 if mood is Mood.POOR else 8)

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


class Receipt(StrEnum):
    """What the provider says of the next batch of tickets."""

    DELIVERED = "delivered"
    WAITING = "waiting"
    REFUSED = "refused"
    GONE = "gone"
    BREAKS = "breaks"


@dataclass(slots=True)
class MoodyChannel:
    """Takes pushes by its receptions in turn, then well, and gives receipts likewise.

    *witness* sees every push as it leaves; *meanwhile* happens before the next batch is answered. *told* is the last
    that was said of each delivery.
    """

    witness: Callable[[Delivery], None]
    on_gone: Callable[[Delivery], None]
    name: str = "expo"
    batch_size: int = 3
    receptions: deque[Reception] = field(default_factory=deque[Reception])
    receipt_moods: deque[Receipt] = field(default_factory=deque[Receipt])
    meanwhile: Act | None = None
    told: dict[str, str] = field(default_factory=dict[str, str])
    tickets: dict[str, Delivery] = field(default_factory=dict[str, Delivery])
    maybe_taken: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    async def send(self, deliveries: Sequence[Delivery]) -> Sequence[Result]:
        reception = self.receptions.popleft() if self.receptions else Reception.ACCEPTED
        for delivery in deliveries:
            self.witness(delivery)
            self.maybe_taken[delivery.id] += reception is not Reception.RETRY
            self.told[delivery.id] = reception.value
            self.tickets[f"t-{delivery.id}"] = delivery
        if self.meanwhile is not None:
            act, self.meanwhile = self.meanwhile, None
            await act()
        if reception is Reception.DIES:
            raise Died
        if reception is Reception.BREAKS:
            raise ConnectionResetError
        kind = ResultKind(reception.value)
        self._forget(kind, deliveries)
        return [Result(kind=kind, ticket=f"t-{d.id}" if kind is ResultKind.ACCEPTED else None) for d in deliveries]

    async def receipts(self, tickets: Sequence[str]) -> Sequence[Result]:
        mood = self.receipt_moods.popleft() if self.receipt_moods else Receipt.DELIVERED
        if mood is Receipt.BREAKS:
            raise ConnectionResetError
        kind = ResultKind(mood.value)
        asked = [self.tickets[ticket] for ticket in tickets]
        if kind is not ResultKind.WAITING:
            self.told |= {delivery.id: mood.value for delivery in asked}
        self._forget(kind, asked)
        return [Result(kind=kind)] * len(tickets)

    def clear(self) -> None:
        """Forget everything."""
        self.meanwhile = None
        for memory in (self.receptions, self.receipt_moods, self.told, self.tickets, self.maybe_taken):
            memory.clear()

    def _forget(self, kind: ResultKind, deliveries: Sequence[Delivery]) -> None:
        if kind is ResultKind.GONE:
            for delivery in deliveries:
                self.on_gone(delivery)

    async def aclose(self) -> None:
        """Hold no connection."""


class _Ending:
    """Passes calls on to the store until the one at which the worker ends."""

    def __init__(self, store: ProcessStore, at: int, end: Callable[[Act], Awaitable[None]]) -> None:
        self._store = store
        self._left = at
        self._end = end

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        method: Callable[..., Awaitable[Any]] = getattr(self._store, name)

        async def call(*args: Any, **named: Any) -> Any:
            self._left -= 1
            if self._left == 0:
                await self._end(lambda: method(*args, **named))
            return await method(*args, **named)

        return call


def mortal(store: ProcessStore, dies_at: int, *, after: bool) -> ProcessStore:
    """Give a store at whose *dies_at*-th call the worker dies, before or after it was committed."""

    async def die(call: Act) -> None:
        if after:
            await call()
        raise Died

    return cast("ProcessStore", _Ending(store, dies_at, die))


def interrupted(store: ProcessStore, at: int) -> ProcessStore:
    """Give a store in the midst of whose *at*-th call the worker's task is cancelled."""

    async def stop(call: Act) -> None:
        cancel_this_task()
        await call()

    return cast("ProcessStore", _Ending(store, at, stop))


def cancel_this_task() -> None:
    """Cancel the task that runs: what it waits for next does not come back to it."""
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
