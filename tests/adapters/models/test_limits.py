import asyncio

from reflecta.adapters.models import Limited, Limits
from reflecta.application.ports import Completion
from reflecta.domain.prompt import Question
from reflecta.testing import ScriptedModel


class Counting:
    """A model that takes a moment and keeps how many calls were in it at once, and when each began."""

    def __init__(self) -> None:
        self.running = self.most = 0
        self.begun: list[float] = []

    async def complete(self, question: Question) -> Completion:
        self.begun.append(asyncio.get_running_loop().time())
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(0.01)
        self.running -= 1
        return await ScriptedModel(["done"]).complete(question)

    async def aclose(self) -> None:
        """Hold nothing."""


async def ask(model: Limited, question: Question, times: int) -> None:
    await asyncio.gather(*(model.complete(question) for _ in range(times)))


async def test_no_more_calls_run_at_once_than_allowed(question: Question) -> None:
    inner = Counting()
    await ask(Limited(model=inner, limits=Limits(concurrency=3)), question, 10)
    assert (inner.most, len(inner.begun)) == (3, 10)


async def test_models_of_one_account_share_its_limits(question: Question) -> None:
    inner, limits = Counting(), Limits(concurrency=2)
    one, other = Limited(model=inner, limits=limits), Limited(model=inner, limits=limits)
    await asyncio.gather(ask(one, question, 4), ask(other, question, 4))
    assert inner.most == 2


async def test_calls_beyond_the_burst_begin_evenly(question: Question) -> None:
    inner = Counting()
    # 1,200 a minute: 120 at once (6 s worth), then one every 50 ms.
    await ask(Limited(model=inner, limits=Limits(concurrency=200, per_minute=1200)), question, 124)
    waited = [begun - inner.begun[0] for begun in inner.begun]
    assert waited[119] < 0.19 <= waited[123] < 3


async def test_a_failed_call_gives_its_place_back(question: Question) -> None:
    model = Limited(model=ScriptedModel([ValueError("1"), "done"]), limits=Limits(concurrency=1))
    first, second = await asyncio.gather(model.complete(question), model.complete(question), return_exceptions=True)
    assert isinstance(first, ValueError)
    assert isinstance(second, Completion)
