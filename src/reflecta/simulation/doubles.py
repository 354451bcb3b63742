"""The model and the push provider of a simulation: they take virtual time, fail at set rates, and note every call."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from reflecta.application.ports import Completion, Model
from reflecta.application.ports.channel import Result, ResultKind
from reflecta.domain.errors import ModelTimeout, ModelUnavailable
from reflecta.domain.model import Call, Delivery, Purpose, Recommendation
from reflecta.domain.prompt import Question
from reflecta.simulation.chance import Draws
from reflecta.simulation.effects import Log
from reflecta.simulation.scenario import ModelWorld, PushWorld, is_down
from reflecta.simulation.virtual import VirtualClock
from reflecta.testing import assessment_reply, draft_reply, facts_of, screening_reply

PUSH: Final = "simulated"
_CHARS_PER_TOKEN: Final = 4
_SIGN: Final = "self_harm"
_JUDGED: Final = frozenset({Purpose.ASSESSMENT, Purpose.SCREENING})


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedModel:
    """Writes or judges after a drawn latency. *gate* is the score below which it advises to revise.

    *asked* counts each user's questions, over all models: what is drawn depends on that and on no instant.
    """

    name: str
    world: ModelWorld
    seed: int
    gate: float
    timeout: float
    clock: VirtualClock
    log: Log
    asked: Counter[str]

    async def complete(self, question: Question) -> Completion:
        """Answer, fail, or answer nonsense, as drawn for this question of this user."""
        at, user = self.clock.elapsed(), question.context.user_id
        self.asked[user] += 1
        draws = Draws(self.seed, user, question.purpose.value, self.asked[user])
        latency = draws.duration(self.world.latency_median, self.world.latency_p95)
        fails = draws.happens(self.world.failure_rate) or is_down(self.world.outages, at)
        await asyncio.sleep(min(latency, self.timeout))
        if fails or latency > self.timeout:
            self._note(at, question, "down" if fails else "timeout")
            raise ModelUnavailable("the simulated model is down") if fails else ModelTimeout("simulated")
        answer = "I would rather not." if draws.happens(self.world.garbled_rate) else self._answer(question, draws)
        return Completion(text=answer, call=self._call(question, answer, at, latency))

    async def aclose(self) -> None:
        """Nothing is held open."""

    def _answer(self, question: Question, draws: Draws) -> str:
        if question.purpose is Purpose.SCREENING:
            return screening_reply(*[_SIGN] * draws.happens(self.world.risk_rate))
        if question.purpose is Purpose.ASSESSMENT:
            return self._assessment(draws)
        return draft_reply(facts_of(question), self.asked[question.context.user_id])

    def _assessment(self, draws: Draws) -> str:
        drawn = draws.normal(self.world.score_mean, self.world.score_spread)
        rating = round(min(10.0, max(1.0, drawn)))
        advice = Recommendation.SEND if rating >= self.gate else Recommendation.REVISE
        if draws.happens(self.world.skip_rate):
            advice = Recommendation.SKIP
        faults = [] if advice is Recommendation.SEND else ["It could have been written to anybody."]
        return assessment_reply(rating, advice, faults)

    def _call(self, question: Question, answer: str, at: int, latency: float) -> Call:
        tokens = (
            (len(question.instructions) + len(question.content)) // _CHARS_PER_TOKEN,
            len(answer) // _CHARS_PER_TOKEN,
        )
        cost = self._cost(question.purpose, *tokens)
        sign = {"sign": _SIGN} if question.purpose is Purpose.SCREENING and _SIGN in answer else {}
        self._note(at, question, "answered", tokens=sum(tokens), cost=cost, **sign)
        return Call(
            purpose=question.purpose,
            model=self.name,
            prompt_version=question.prompt_version,
            at=self.clock.now(),
            latency=latency,
            input_tokens=tokens[0],
            output_tokens=tokens[1],
            cost_reported=cost,
        )

    def _cost(self, purpose: Purpose, inputs: int, outputs: int) -> float:
        world = self.world
        prices = (world.input_price, world.output_price)
        if purpose in _JUDGED:
            prices = (world.judge_input_price, world.judge_output_price)
        return round((inputs * prices[0] + outputs * prices[1]) / 1_000_000, 9)

    def _note(self, at: int, question: Question, end: str, **more: str | float) -> None:
        self.log.add(
            at,
            question.context.user_id,
            "model.called",
            purpose=question.purpose.value,
            end=end,
            took=self.clock.elapsed() - at,
            **more,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ByPurpose:
    """Gives drafts to *writer*, assessments and screenings to *judge*. A Model."""

    writer: Model
    judge: Model

    async def complete(self, question: Question) -> Completion:
        """Answer through the one in charge."""
        model = self.judge if question.purpose in _JUDGED else self.writer
        return await model.complete(question)

    async def aclose(self) -> None:
        """Nothing is held open."""


@dataclass(kw_only=True)
class SimulatedChannel:
    """Takes pushes and tells *taken*; some are put off, of some nobody learns whether they were taken.

    Receipts say that a push arrived, or that its device is *gone*; some never come.
    """

    world: PushWorld
    seed: int
    clock: VirtualClock
    log: Log
    taken: Callable[[Delivery], None]
    gone: Callable[[Delivery], None]
    name: str = PUSH
    batch_size: int = 100
    _given: dict[str, Delivery] = field(default_factory=dict[str, Delivery])

    async def send(self, deliveries: Sequence[Delivery]) -> Sequence[Result]:
        """Take a batch."""
        at = self.clock.elapsed()
        await asyncio.sleep(self.world.latency)
        return [self._take(delivery, at) for delivery in deliveries]

    async def receipts(self, tickets: Sequence[str]) -> Sequence[Result]:
        """Tell what became of pushes; a ticket is the id of its delivery."""
        return [Result(kind=self._receipt(ticket)) for ticket in tickets]

    async def aclose(self) -> None:
        """Nothing is held open."""

    def _take(self, delivery: Delivery, at: int) -> Result:
        draws = Draws(self.seed, "push", delivery.id, delivery.tries)
        kind = ResultKind.ACCEPTED
        if draws.happens(self.world.retry_rate):
            kind = ResultKind.RETRY
        elif draws.happens(self.world.unknown_rate):
            kind = ResultKind.UNKNOWN
        self._note(at, delivery, "push.asked", kind)
        if kind is not ResultKind.ACCEPTED:
            return Result(kind=kind)
        self._given[delivery.id] = delivery
        self.taken(delivery)
        return Result(kind=kind, ticket=delivery.id)

    def _receipt(self, ticket: str) -> ResultKind:
        draws = Draws(self.seed, "receipt", ticket)
        if draws.happens(self.world.silent_rate):
            return ResultKind.WAITING
        kind = ResultKind.GONE if draws.happens(self.world.gone_rate) else ResultKind.DELIVERED
        delivery = self._given.pop(ticket, None)
        if delivery is not None:  # else it was told before, and the answer was not kept
            self._note(self.clock.elapsed(), delivery, "push.receipt", kind)
            if kind is ResultKind.GONE:
                self.gone(delivery)
        return kind

    def _note(self, at: int, delivery: Delivery, step: str, kind: ResultKind) -> None:
        self.log.add(
            at,
            delivery.user_id,
            step,
            message=delivery.message_id,
            delivery=delivery.id,
            device=delivery.address.value,
            result=kind.value,
        )
