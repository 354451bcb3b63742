"""The model and the push provider of a simulation: they take virtual time, fail at set rates, and note every call."""

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from reflecta.application.ports import Completion, Model
from reflecta.application.ports.channel import Result, ResultKind
from reflecta.domain.context import Context
from reflecta.domain.errors import ModelTimeout, ModelUnavailable
from reflecta.domain.model import Call, Delivery, Purpose, Recommendation
from reflecta.domain.prompt import Question
from reflecta.simulation.chance import Draws, words
from reflecta.simulation.effects import HOUR, Log
from reflecta.simulation.scenario import ModelWorld, Outage, PushWorld
from reflecta.simulation.virtual import VirtualClock

PUSH: Final = "simulated"
_CHARS_PER_TOKEN: Final = 4
_DRAFT_WORDS: Final = 60
_QUOTED_WORDS: Final = 6


def is_down(outages: Iterable[Outage], at: int) -> bool:
    """Say whether an outage covers the virtual instant."""
    return any(outage.from_hour * HOUR <= at < (outage.from_hour + outage.hours) * HOUR for outage in outages)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedModel:
    """Writes or judges after a drawn latency. *gate* is the score below which it advises to revise."""

    name: str
    world: ModelWorld
    seed: int
    gate: float
    timeout: float
    clock: VirtualClock
    log: Log

    async def complete(self, question: Question) -> Completion:
        """Answer, fail, or answer nonsense, as drawn for this user, question and instant."""
        at, purpose = self.clock.elapsed(), question.purpose.value
        draws = Draws(self.seed, question.context.user_id, purpose, question.variant, at, question.content[-80:])
        latency = draws.duration(self.world.latency_median, self.world.latency_p95)
        fails = draws.happens(self.world.failure_rate) or is_down(self.world.outages, at)
        await asyncio.sleep(min(latency, self.timeout))
        if fails or latency > self.timeout:
            self._note(at, question, "down" if fails else "timeout")
            raise ModelUnavailable("the simulated model is down") if fails else ModelTimeout("simulated")
        answer = "I would rather not." if draws.happens(self.world.garbled_rate) else self._answer(question, draws, at)
        return Completion(text=answer, call=self._call(question, answer, at, latency))

    async def aclose(self) -> None:
        """Nothing is held open."""

    def _answer(self, question: Question, draws: Draws, at: int) -> str:
        if question.purpose is Purpose.ASSESSMENT:
            return self._assessment(draws)
        text = words(_DRAFT_WORDS, self.seed, question.context.user_id, at, question.variant)
        return json.dumps(
            {
                "messageType": "check_in",
                "message": f"{text}?",
                "pushNotification": "A note is waiting in your journal.",
                "evidence": _evidence(question.context),
            }
        )

    def _assessment(self, draws: Draws) -> str:
        score = round(min(10.0, max(1.0, draws.normal(self.world.score_mean, self.world.score_spread))), 1)
        advice = Recommendation.SEND if score >= self.gate else Recommendation.REVISE
        if draws.happens(self.world.skip_rate):
            advice = Recommendation.SKIP
        return json.dumps(
            {
                "simulatedReaction": "Read it, thought about it.",
                "faults": [] if advice is Recommendation.SEND else ["It could have been written to anybody."],
                "overallEffectiveness": score,
                "recommendedAction": advice.value,
            }
        )

    def _call(self, question: Question, answer: str, at: int, latency: float) -> Call:
        tokens = (
            (len(question.instructions) + len(question.content)) // _CHARS_PER_TOKEN,
            len(answer) // _CHARS_PER_TOKEN,
        )
        cost = self._cost(question.purpose, *tokens)
        self._note(at, question, "answered", tokens=sum(tokens), cost=cost)
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
        if purpose is Purpose.ASSESSMENT:
            prices = (world.judge_input_price, world.judge_output_price)
        return round((inputs * prices[0] + outputs * prices[1]) / 1_000_000, 9)

    def _note(self, at: int, question: Question, end: str, **paid: float) -> None:
        self.log.add(
            at,
            question.context.user_id,
            "model.called",
            purpose=question.purpose.value,
            end=end,
            took=self.clock.elapsed() - at,
            **paid,
        )


def _evidence(context: Context) -> list[dict[str, str]]:
    """Quote the newest entry, word for word."""
    if not context.notes:
        return []
    note = context.notes[0]
    return [{"entryId": note.entry_id, "quote": " ".join(note.text.split()[:_QUOTED_WORDS])}]


@dataclass(frozen=True, slots=True, kw_only=True)
class ByPurpose:
    """Gives drafts to *writer* and assessments to *judge*. A Model."""

    writer: Model
    judge: Model

    async def complete(self, question: Question) -> Completion:
        """Answer through the one in charge."""
        model = self.judge if question.purpose is Purpose.ASSESSMENT else self.writer
        return await model.complete(question)

    async def aclose(self) -> None:
        """Nothing is held open."""


@dataclass(kw_only=True)
class SimulatedChannel:
    """Takes pushes and tells *taken*; some are put off, of some nobody learns whether they were taken."""

    world: PushWorld
    seed: int
    clock: VirtualClock
    log: Log
    taken: Callable[[Delivery], None]
    name: str = PUSH
    batch_size: int = 100

    async def send(self, deliveries: Sequence[Delivery]) -> Sequence[Result]:
        """Take a batch."""
        at = self.clock.elapsed()
        await asyncio.sleep(self.world.latency)
        return [self._take(delivery, at) for delivery in deliveries]

    async def receipts(self, tickets: Sequence[str]) -> Sequence[Result]:
        """Know nothing more."""
        return [Result(kind=ResultKind.WAITING) for _ in tickets]

    async def aclose(self) -> None:
        """Nothing is held open."""

    def _take(self, delivery: Delivery, at: int) -> Result:
        draws = Draws(self.seed, "push", delivery.id, at)
        kind = ResultKind.ACCEPTED
        if draws.happens(self.world.retry_rate):
            kind = ResultKind.RETRY
        elif draws.happens(self.world.unknown_rate):
            kind = ResultKind.UNKNOWN
        self.log.add(
            at,
            delivery.user_id,
            "push.asked",
            message=delivery.message_id,
            delivery=delivery.id,
            result=kind.value,
        )
        if kind is ResultKind.ACCEPTED:
            self.taken(delivery)
        return Result(kind=kind)
