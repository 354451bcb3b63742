import asyncio
import gzip
import json
import socket
import subprocess
import sys
import traceback
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web
from openai import AsyncOpenAI
from tests.model_server import ModelServer, Reply, answer, completion, reset, trickle

from reflecta.adapters.models import Options, openai_compatible, openrouter
from reflecta.application.ports import Model
from reflecta.domain.errors import ConfigurationError, ModelError, ModelRejected, ModelTimeout, ModelUnavailable
from reflecta.domain.model import Purpose
from reflecta.domain.prompt import Question
from reflecta.testing import FakeClock

SECONDS = timedelta(seconds=1)
ADAPTED = {"message": {"type": "string", "enum": ["3"]}}
AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
IN_FLIGHT = {"code": 402, "message": "busy", "metadata": {"limit_source": "openrouter_in_flight_budget"}}


@pytest.fixture
async def model(server: ModelServer) -> AsyncGenerator[Model]:
    built = openrouter(
        "acme/asked-model",
        "k3y",
        clock=FakeClock(AT),
        base_url=f"{server.base_url}/api/v1",
        options=Options(timeout=20 * SECONDS, temperature=0.7),
    )
    yield built
    await built.aclose()


@pytest.fixture
async def local(server: ModelServer) -> AsyncGenerator[Model]:
    built = openai_compatible("local-model", f"{server.base_url}/v1", clock=FakeClock(AT))
    yield built
    await built.aclose()


async def test_instructions_go_first_and_the_answer_is_bound_to_the_schema(
    server: ModelServer, model: Model, question: Question
) -> None:
    server.script.append(answer(completion()))
    await model.complete(question)
    body = server.received[0].body
    assert body["messages"] == [
        {"role": "system", "content": question.instructions},
        {"role": "user", "content": question.content},
    ]
    assert body["response_format"]["json_schema"] == {"name": "draft", "schema": question.schema, "strict": True}


@pytest.mark.parametrize("name", ["m", "/m", "acme/", ""])
def test_a_name_that_openrouter_does_not_know_by_its_form_is_told(name: str) -> None:
    with pytest.raises(ConfigurationError, match="vendor/model"):
        openrouter(name, "k3y", clock=FakeClock())


async def test_openrouter_is_told_to_keep_nothing(server: ModelServer, model: Model, question: Question) -> None:
    server.script.append(answer(completion()))
    await model.complete(question)
    assert server.received[0].body["provider"] == {
        "zdr": True,
        "data_collection": "deny",
        "require_parameters": True,
    }


async def test_settings_and_key_reach_the_wire(server: ModelServer, model: Model, question: Question) -> None:
    server.script.append(answer(completion()))
    await model.complete(question)
    body = server.received[0].body
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("acme/asked-model", 0.7, 1500)
    assert server.received[0].headers["Authorization"] == "Bearer k3y"


async def test_a_token_limit_of_the_settings_replaces_the_questions(server: ModelServer, question: Question) -> None:
    model = openai_compatible("m", server.base_url, clock=FakeClock(), options=Options(max_output_tokens=9000))
    server.script.append(answer(completion()))
    await model.complete(question)
    await model.aclose()
    assert server.received[0].body["max_tokens"] == 9000


async def test_the_call_says_who_answered_and_what_it_cost(
    server: ModelServer, model: Model, question: Question
) -> None:
    server.script.append(answer(completion('{"message": "Hi"}', usage={"cost": 0.00123})))
    done = await model.complete(question)
    call = done.call
    assert (done.text, done.ai_generated) == ('{"message": "Hi"}', True)
    assert (call.model, call.prompt_version, call.at) == ("acme/served-model", "draft-0123456789", AT)
    assert (call.input_tokens, call.output_tokens, call.cost_reported) == (2400, 150, 0.00123)
    assert 0 < call.latency < 5


async def test_a_free_call_is_reported_as_0_and_an_unreported_cost_as_unknown(
    server: ModelServer, model: Model, question: Question
) -> None:
    server.script.extend([answer(completion(usage={"cost": 0})), answer(completion())])
    reported = [(await model.complete(question)).call.cost_reported for _ in range(2)]
    assert reported == [0.0, None]


async def test_the_estimate_of_a_price_list_stands_beside_the_reported_cost(
    server: ModelServer, model: Model, question: Question
) -> None:
    server.script.append(answer(completion(model="openai/gpt-4o-mini", usage={"cost": 0.5})))
    call = (await model.complete(question)).call
    assert call.cost_reported == 0.5
    assert call.cost_estimated == pytest.approx(2400 * 0.15e-6 + 150 * 0.6e-6)


async def test_an_endpoint_without_key_provider_and_usage_is_enough(
    server: ModelServer, local: Model, question: Question
) -> None:
    body = completion('{"message": "Hi"}', usage=None)
    del body["provider"], body["usage"]
    server.script.append(answer(body))
    done = await local.complete(question)
    assert (done.text, done.call.input_tokens, done.call.cost_estimated) == ('{"message": "Hi"}', 0, None)
    assert "provider" not in server.received[0].body


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (completion('{"message": "Hal', finish_reason="length"), '{"message": "Hal'),
        (completion("", finish_reason="length"), ""),
        (completion(None), ""),
        (completion(None, message={"refusal": "I cannot help."}), "I cannot help."),
        (completion("Sorry, no."), "Sorry, no."),
        (completion("<|im_start|>you wrote"), "<|im_start|>you wrote"),
    ],
    ids=["cut off", "cut off before the first word", "nothing", "refusal field", "prose", "special token"],
)
async def test_what_was_answered_comes_back_as_it_is_with_its_cost(
    server: ModelServer, model: Model, question: Question, reply: object, text: str
) -> None:
    server.script.append(answer(reply))
    done = await model.complete(question)
    assert (done.text, done.call.output_tokens) == (text, 150)


def error(code: object, **more: object) -> dict[str, object]:
    return {"error": {"code": code, "message": "JOURNAL of one user.", **more}}


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (answer(error(429), status=429, headers={"Retry-After": "7"}), (ModelUnavailable, 7 * SECONDS)),
        (answer(error(503), status=503), (ModelUnavailable, None)),
        (answer("upstream died", status=502), (ModelUnavailable, None)),
        (answer(error("server_error"), status=500), (ModelUnavailable, None)),
        (answer(error(529), status=529), (ModelUnavailable, None)),
        (answer(error(408), status=408), (ModelTimeout, None)),
        (answer(error(400), status=400), (ModelRejected, None)),
        (answer(error("invalid_api_key"), status=401), (ModelRejected, None)),
        (answer(error(402), status=402, headers={"Retry-After": "7"}), (ModelRejected, None)),
        (answer({"error": IN_FLIGHT}, status=402, headers={"Retry-After": "7"}), (ModelUnavailable, 7 * SECONDS)),
        (answer({"error": IN_FLIGHT}, status=402), (ModelRejected, None)),
        (answer(error(403), status=403), (ModelRejected, None)),
        (answer(error(404), status=404), (ModelRejected, None)),
        (answer(error("insufficient_quota"), status=429), (ModelRejected, None)),
        (answer("", status=307, headers={"Location": "http://127.0.0.1:9/v1"}), (ModelRejected, None)),
        (answer(completion("", finish_reason="content_filter")), (ModelRejected, None)),
        (answer(error(429), headers={"Retry-After": "7"}), (ModelUnavailable, 7 * SECONDS)),
        (answer(error("502")), (ModelUnavailable, None)),
        (answer(error(403)), (ModelRejected, None)),
        (answer({"error": "model is loading"}), (ModelUnavailable, None)),
        (answer(completion(choice={"finish_reason": "error", **error(502)})), (ModelUnavailable, None)),
        (answer(completion(choice={"finish_reason": "error", **error(400)})), (ModelRejected, None)),
        (answer(completion('{"mess', finish_reason="error")), (ModelUnavailable, None)),
        (answer(completion(choices=[])), (ModelUnavailable, None)),
        (answer(completion(choices=None)), (ModelUnavailable, None)),
        (answer("[]"), (ModelUnavailable, None)),
        (answer("[" * 100_000), (ModelUnavailable, None)),
        (answer('{"id": "gen-1", "cho'), (ModelUnavailable, None)),
        (answer("<html>Bad gateway</html>"), (ModelUnavailable, None)),
        (answer(completion("x" * 10_000_000)), (ModelUnavailable, None)),
        (reset, (ModelUnavailable, None)),
    ],
)
async def test_a_failure_says_who_must_act(
    server: ModelServer,
    model: Model,
    question: Question,
    reply: Reply,
    expected: tuple[type[ModelError], timedelta | None],
) -> None:
    server.script.append(reply)
    with pytest.raises(ModelError) as caught:
        await model.complete(question)
    assert (type(caught.value), getattr(caught.value, "retry_after", None)) == expected
    assert len(server.received) == 1, "retries are the guard's work alone"


async def test_a_retry_after_may_be_a_date(server: ModelServer, model: Model, question: Question) -> None:
    then = format_datetime(datetime.now(UTC) + 60 * SECONDS, usegmt=True)
    server.script.append(answer(error(503), status=503, headers={"Retry-After": then}))
    with pytest.raises(ModelUnavailable) as caught:
        await model.complete(question)
    assert caught.value.retry_after is not None
    assert 50 * SECONDS < caught.value.retry_after <= 60 * SECONDS


@pytest.mark.parametrize(
    "reply",
    [
        answer(error("JOURNAL of one user."), status=400),
        answer(error(500, type="JOURNAL of one user."), status=500),
        answer(completion(usage={"prompt_tokens": "JOURNAL of one user."})),
    ],
    ids=["in a code", "in a type", "in a malformed answer"],
)
async def test_an_error_quotes_nothing_in_its_text_and_hangs_on_nothing_that_does(
    server: ModelServer, model: Model, question: Question, reply: Reply
) -> None:
    server.script.append(reply)
    with pytest.raises(ModelError) as caught:
        await model.complete(question)
    assert "JOURNAL" not in "".join(traceback.format_exception(caught.value))
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert len(str(caught.value)) <= 200


async def test_an_error_names_model_status_and_code(server: ModelServer, model: Model, question: Question) -> None:
    server.script.append(answer(error("rate_limit_exceeded"), status=429))
    with pytest.raises(ModelUnavailable, match=r"^acme/asked-model: HTTP 429 rate_limit_exceeded$"):
        await model.complete(question)


async def test_nobody_listening_is_unavailable(question: Question) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    model = openai_compatible("m", f"http://127.0.0.1:{port}/v1", clock=FakeClock())
    with pytest.raises(ModelUnavailable):
        await model.complete(question)
    await model.aclose()


async def test_an_answer_that_trickles_for_ever_is_cut_off(server: ModelServer, question: Question) -> None:
    model = openai_compatible("m", server.base_url, clock=FakeClock(), options=Options(timeout=SECONDS / 4))
    server.script.append(trickle)
    started = asyncio.get_running_loop().time()
    with pytest.raises(ModelTimeout):
        await model.complete(question)
    assert asyncio.get_running_loop().time() - started < 4
    await model.aclose()


async def test_cancelling_a_call_is_no_failure_of_the_model(
    server: ModelServer, model: Model, question: Question
) -> None:
    server.script.append(trickle)
    asking = asyncio.create_task(model.complete(question))
    await server.arrived.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_a_packed_answer_is_unpacked(server: ModelServer, model: Model, question: Question) -> None:
    async def packed(_: web.Request) -> web.Response:
        body = gzip.compress(json.dumps(completion("packed")).encode())
        return web.Response(body=body, headers={"Content-Encoding": "gzip", "Content-Type": "application/json"})

    server.script.append(packed)
    assert (await model.complete(question)).text == "packed"


async def test_several_hundred_calls_are_in_flight_at_once(
    server: ModelServer, local: Model, question: Question
) -> None:
    everyone = asyncio.Barrier(300)

    async def answer_when_all_are_here(_: web.Request) -> web.Response:
        await everyone.wait()
        return web.json_response(completion("together"))

    server.script.extend([answer_when_all_are_here] * 300)
    done = await asyncio.gather(*(local.complete(question) for _ in range(300)))
    assert {one.text for one in done} == {"together"}


def test_importing_the_adapters_loads_no_vendor() -> None:
    heavy = {"openai", "anthropic", "pydantic_ai", "aiohttp", "httpx2"}
    program = f"import sys, reflecta.adapters.models; print({heavy} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "set()"


async def test_what_is_sent_is_what_the_sdk_itself_would_send(server: ModelServer, question: Question) -> None:
    model = openrouter("acme/m", "k3y", clock=FakeClock(), base_url=server.base_url, options=Options(temperature=0.7))
    server.script.extend([answer(completion())] * 2)
    await model.complete(question)
    await model.aclose()
    ours = server.received[0]
    fields = {name: value for name, value in ours.body.items() if name != "provider"}
    async with AsyncOpenAI(api_key="k3y", base_url=server.base_url, max_retries=0) as sdk:
        await sdk.chat.completions.create(**fields, extra_body={"provider": ours.body["provider"]})
    assert server.received[1].body == ours.body
    assert server.received[1].headers["Authorization"] == ours.headers["Authorization"]


async def test_two_purposes_that_share_a_schema_are_asked_by_their_own_names(
    server: ModelServer, model: Model, question: Question
) -> None:
    server.script.extend([answer(completion())] * 2)
    for purpose in (Purpose.DRAFT, Purpose.REVISION):
        await model.complete(replace(question, purpose=purpose))
    named = [received.body["response_format"]["json_schema"]["name"] for received in server.received]
    assert named == ["draft", "revision"]


async def test_a_schema_is_adapted_to_the_vendor_on_every_call(server: ModelServer, question: Question) -> None:
    model = openrouter("google/gemini-x", "k3y", clock=FakeClock(), base_url=server.base_url)
    other = replace(question, schema={**question.schema, "properties": {"message": {"const": 3}}})
    server.script.extend([answer(completion())] * 4)
    for asked in (question, other, other, question):
        await model.complete(asked)
    await model.aclose()
    sent = [received.body["response_format"]["json_schema"]["schema"]["properties"] for received in server.received]
    assert sent == [{"message": {"type": "string"}}, ADAPTED, ADAPTED, {"message": {"type": "string"}}]


async def test_a_model_without_a_price_costs_a_look_into_the_list_and_stays_unpriced(
    server: ModelServer, model: Model, question: Question
) -> None:
    server.script.extend([answer(completion()), answer(completion()), answer(completion(model="openai/gpt-4o-mini"))])
    estimates = [(await model.complete(question)).call.cost_estimated for _ in range(3)]
    assert estimates == [None, None, pytest.approx(2400 * 0.15e-6 + 150 * 0.6e-6)]
