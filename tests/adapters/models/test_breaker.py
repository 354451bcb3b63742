import asyncio
from datetime import timedelta

import pytest

from reflecta.adapters.models import Breaker
from reflecta.application.ports import Completion
from reflecta.domain.errors import ModelError, ModelRejected, ModelTimeout, ModelUnavailable
from reflecta.domain.prompt import Question
from reflecta.testing import FakeClock, RecordingTelemetry, ScriptedModel

SECOND = timedelta(seconds=1)
DOWN = ModelUnavailable("down")


class Bench:
    """A breaker that opens after 2 failures for 30 s, with what it stands on."""

    def __init__(self, *answers: str | Exception) -> None:
        self.clock, self.telemetry, self.model = FakeClock(), RecordingTelemetry(), ScriptedModel(answers)
        self.breaker = Breaker(
            model=self.model,
            name="m",
            clock=self.clock,
            telemetry=self.telemetry,
            threshold=2,
            cooldown=30 * SECOND,
        )

    async def fail(self, question: Question) -> ModelError:
        with pytest.raises(ModelError) as caught:
            await self.breaker.complete(question)
        return caught.value

    @property
    def events(self) -> list[str]:
        return [name for name, _ in self.telemetry.events]


async def test_it_opens_after_consecutive_failures_and_asks_no_more(question: Question) -> None:
    bench = Bench(DOWN, ModelTimeout("slow"), "unasked")
    for _ in range(3):
        await bench.fail(question)
    assert len(bench.model.questions) == 2
    assert bench.telemetry.events == [("model.circuit_opened", {"model": "m", "failures": 2})]


async def test_while_open_it_says_when_to_come_back(question: Question) -> None:
    bench = Bench(DOWN, DOWN)
    for _ in range(2):
        await bench.fail(question)
    bench.clock.advance(10 * SECOND)
    error = await bench.fail(question)
    assert isinstance(error, ModelUnavailable)
    assert error.retry_after == 20 * SECOND


async def test_a_refusal_and_an_answer_break_the_run(question: Question) -> None:
    bench = Bench(DOWN, ModelRejected("no credit"), DOWN, "here", DOWN, "here")
    for _ in range(3):
        await bench.fail(question)
    await bench.breaker.complete(question)
    await bench.fail(question)
    assert (await bench.breaker.complete(question)).text == "here"


async def test_a_probe_that_succeeds_closes_it(question: Question) -> None:
    bench = Bench(DOWN, DOWN, "back", "here")
    for _ in range(2):
        await bench.fail(question)
    bench.clock.advance(30 * SECOND)
    texts = [(await bench.breaker.complete(question)).text for _ in range(2)]
    assert (texts, bench.events) == (["back", "here"], ["model.circuit_opened", "model.circuit_closed"])


async def test_a_probe_that_fails_opens_it_anew(question: Question) -> None:
    bench = Bench(DOWN, DOWN, DOWN, "unasked")
    for _ in range(2):
        await bench.fail(question)
    bench.clock.advance(30 * SECOND)
    await bench.fail(question)
    error = await bench.fail(question)
    assert isinstance(error, ModelUnavailable)
    assert (error.retry_after, len(bench.model.questions)) == (30 * SECOND, 3)


class Slow:
    """A model that answers when it is released."""

    def __init__(self) -> None:
        self.asked = 0
        self.released = asyncio.Event()

    async def complete(self, question: Question) -> Completion:
        self.asked += 1
        await self.released.wait()
        return await ScriptedModel(["slow"]).complete(question)

    async def aclose(self) -> None:
        """Hold nothing."""


async def open_then_slow(bench: Bench, question: Question) -> Slow:
    for _ in range(2):
        await bench.fail(question)
    bench.clock.advance(30 * SECOND)
    bench.breaker.model = slow = Slow()
    return slow


async def test_only_one_call_is_the_probe(question: Question) -> None:
    bench = Bench(DOWN, DOWN)
    slow = await open_then_slow(bench, question)
    probe = asyncio.create_task(bench.breaker.complete(question))
    await asyncio.sleep(0)
    error = await bench.fail(question)
    slow.released.set()
    assert (await probe).text == "slow"
    assert isinstance(error, ModelUnavailable)
    assert (slow.asked, error.retry_after) == (1, 30 * SECOND)


async def test_a_cancelled_probe_lets_the_next_call_try(question: Question) -> None:
    bench = Bench(DOWN, DOWN)
    slow = await open_then_slow(bench, question)
    probe = asyncio.create_task(bench.breaker.complete(question))
    await asyncio.sleep(0)
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe
    slow.released.set()
    assert (await bench.breaker.complete(question)).text == "slow"
