import asyncio
from datetime import timedelta

import pytest

from reflecta.adapters.models import Retrying
from reflecta.domain.errors import ModelError, ModelRejected, ModelTimeout, ModelUnavailable
from reflecta.domain.prompt import Question
from reflecta.testing import ScriptedModel

SECOND = timedelta(seconds=1)


class Sleeper:
    """Keeps how long was slept, and does not sleep."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.pauses.append(seconds)


async def test_an_outage_is_waited_out_with_doubled_pauses(question: Question) -> None:
    sleeper = Sleeper()
    model = ScriptedModel([ModelUnavailable("down"), ModelTimeout("slow"), ModelUnavailable("down"), "here"])
    guard = Retrying(model=model, jitter=lambda: 0.0, attempts=4, base=SECOND, sleep=sleeper)
    assert (await guard.complete(question)).text == "here"
    assert sleeper.pauses == [1, 2, 4]


async def test_a_pause_has_a_longest_and_is_spread_over_its_upper_half(question: Question) -> None:
    sleeper = Sleeper()
    model = ScriptedModel([ModelUnavailable("down"), ModelUnavailable("down"), "here"])
    guard = Retrying(model=model, jitter=lambda: 0.5, base=10 * SECOND, longest=12 * SECOND, sleep=sleeper)
    await guard.complete(question)
    assert sleeper.pauses == [7.5, 9]


async def test_the_attempts_are_bounded_and_the_last_error_is_raised(question: Question) -> None:
    model = ScriptedModel([ModelUnavailable("1"), ModelTimeout("2"), ModelUnavailable("3"), "too late"])
    with pytest.raises(ModelUnavailable, match="3"):
        await Retrying(model=model, jitter=lambda: 0.5, sleep=Sleeper()).complete(question)
    assert len(model.questions) == 3


async def test_the_provider_is_never_asked_earlier_than_it_said(question: Question) -> None:
    sleeper = Sleeper()
    model = ScriptedModel([ModelUnavailable("busy", retry_after=7 * SECOND), "here"])
    await Retrying(model=model, jitter=lambda: 0.5, base=SECOND, sleep=sleeper).complete(question)
    assert sleeper.pauses == [7.5]


async def test_a_wait_beyond_the_time_left_is_given_up_at_once(question: Question) -> None:
    sleeper = Sleeper()
    model = ScriptedModel([ModelUnavailable("busy", retry_after=91 * SECOND), "too late"])
    with pytest.raises(ModelUnavailable, match="busy"):
        await Retrying(model=model, jitter=lambda: 0.5, total=90 * SECOND, sleep=sleeper).complete(question)
    assert (sleeper.pauses, len(model.questions)) == ([], 1)


async def test_the_time_that_calls_take_counts_too(question: Question) -> None:
    async def oversleep(_: float) -> None:
        await asyncio.sleep(0.6)

    model = ScriptedModel([ModelUnavailable("1"), ModelUnavailable("2"), "too late"])
    guard = Retrying(model=model, jitter=lambda: 0.0, total=SECOND / 2, base=SECOND / 100, sleep=oversleep)
    with pytest.raises(ModelUnavailable, match="2"):
        await guard.complete(question)


@pytest.mark.parametrize("error", [ModelRejected("no credit"), ModelError("other")])
async def test_what_was_refused_stays_refused(question: Question, error: ModelError) -> None:
    model = ScriptedModel([error, "unwanted"])
    with pytest.raises(type(error)):
        await Retrying(model=model, jitter=lambda: 0.5, sleep=Sleeper()).complete(question)
    assert len(model.questions) == 1


async def test_closing_closes_the_model() -> None:
    model = ScriptedModel([])
    await Retrying(model=model, jitter=lambda: 0.5).aclose()
    assert model.closed
