import pytest

from reflecta.adapters.models import Fallback
from reflecta.domain.errors import (
    ConfigurationError,
    ModelError,
    ModelRejected,
    ModelTimeout,
    ModelUnavailable,
)
from reflecta.domain.prompt import Question
from reflecta.testing import ScriptedModel


@pytest.mark.parametrize("error", [ModelUnavailable("down"), ModelTimeout("slow"), ModelRejected("no credit")])
async def test_the_next_model_answers_for_one_that_failed(question: Question, error: ModelError) -> None:
    first, second, third = ScriptedModel([error]), ScriptedModel(["second"]), ScriptedModel([])
    assert (await Fallback((first, second, third)).complete(question)).text == "second"
    assert (len(first.questions), len(third.questions)) == (1, 0)


async def test_the_last_error_is_raised_when_none_answers(question: Question) -> None:
    models = ScriptedModel([ModelTimeout("first")]), ScriptedModel([ModelRejected("last")])
    with pytest.raises(ModelRejected, match="last"):
        await Fallback(models).complete(question)


async def test_a_useless_answer_is_an_answer(question: Question) -> None:
    second = ScriptedModel([])
    assert (await Fallback((ScriptedModel([""]), second)).complete(question)).text == ""
    assert second.questions == []


async def test_closing_closes_every_model() -> None:
    models = ScriptedModel([]), ScriptedModel([])
    await Fallback(models).aclose()
    assert [model.closed for model in models] == [True, True]


def test_an_empty_list_is_refused_at_once() -> None:
    with pytest.raises(ConfigurationError):
        Fallback(())
