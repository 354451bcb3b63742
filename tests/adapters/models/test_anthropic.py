from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest
from tests.model_server import ModelServer, Reply, answer, anthropic_message

from reflecta.adapters.models import Options, anthropic
from reflecta.application.ports import Model
from reflecta.domain.errors import ModelError, ModelRejected, ModelUnavailable
from reflecta.domain.prompt import Question
from reflecta.testing import FakeClock


@pytest.fixture
async def model(server: ModelServer) -> AsyncGenerator[Model]:
    options = Options(timeout=timedelta(seconds=20), temperature=0.7)
    built = anthropic("claude-asked", "k3y", clock=FakeClock(), options=options, base_url=server.base_url)
    yield built
    await built.aclose()


async def test_instructions_schema_and_settings_reach_the_wire(
    server: ModelServer, model: Model, question: Question
) -> None:
    server.script.append(answer(anthropic_message("{}")))
    await model.complete(question)
    body = server.received[0].body
    assert body["output_config"]["format"] == {"type": "json_schema", "schema": question.schema}
    assert body["system"] == [{"type": "text", "text": question.instructions}]
    assert (body["max_tokens"], body["temperature"]) == (1500, 0.7)


async def test_the_answer_comes_back_with_what_it_used(server: ModelServer, model: Model, question: Question) -> None:
    server.script.append(answer(anthropic_message('{"message": "Hi"}')))
    done = await model.complete(question)
    assert (done.text, done.call.model) == ('{"message": "Hi"}', "claude-served")
    assert (done.call.input_tokens, done.call.output_tokens, done.call.cost_reported) == (2400, 150, None)


async def test_an_answer_cut_off_comes_back_as_it_is(server: ModelServer, model: Model, question: Question) -> None:
    server.script.append(answer(anthropic_message('{"mess', stop_reason="max_tokens")))
    assert (await model.complete(question)).text == '{"mess'


def error(kind: str) -> dict[str, object]:
    return {"type": "error", "error": {"type": kind, "message": "JOURNAL of one user."}}


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (answer(error("overloaded_error"), status=529), ModelUnavailable),
        (answer(error("rate_limit_error"), status=429), ModelUnavailable),
        (answer(error("api_error"), status=500), ModelUnavailable),
        (answer(error("invalid_request_error"), status=400), ModelRejected),
        (answer(error("authentication_error"), status=401), ModelRejected),
        (answer(error("billing_error"), status=402), ModelRejected),
        (answer(error("overloaded_error")), ModelUnavailable),
        (answer(anthropic_message("", stop_reason="refusal")), ModelRejected),
        (answer("not JSON"), ModelUnavailable),
        (answer("[]"), ModelUnavailable),
        (answer({}), ModelUnavailable),
        (answer({**anthropic_message(""), "content": 5}), ModelUnavailable),
        (answer({**anthropic_message(""), "content": [{"type": "mystery"}]}), ModelUnavailable),
    ],
)
async def test_a_failure_says_who_must_act(
    server: ModelServer, model: Model, question: Question, reply: Reply, kind: type[ModelError]
) -> None:
    server.script.append(reply)
    with pytest.raises(kind) as caught:
        await model.complete(question)
    assert "JOURNAL" not in str(caught.value)
    assert len(server.received) == 1, "retries are the guard's work alone"
