"""Against llmock, a server we did not write: it deals out the faults and judges how the client bears them."""

import asyncio
import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from reflecta.adapters.models import Options, Retrying, openai_compatible
from reflecta.application.ports import Model
from reflecta.domain.errors import InvalidReply, ModelRejected, ModelTimeout, ModelUnavailable
from reflecta.domain.prompt import Question, read_draft
from reflecta.testing import FakeClock

MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True)
class LLMock:
    """The control side of a running llmock."""

    url: str

    def script(self, **behavior: object) -> None:
        self.control("POST", "scenario", {"behaviors": [behavior]})

    def attempts(self) -> int:
        return len(self.control("GET", "requests")["requests"])

    def findings(self) -> list[str]:
        """Give what llmock holds against the client, its warnings too."""
        return [finding["code"] for finding in self.control("GET", "verdict")["findings"]]

    def control(self, method: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_llmock/{path}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)


@pytest.fixture(scope="session")
def running() -> Generator[LLMock]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = [Path(sys.executable).parent / "llmock", "serve", "--port", str(port), "--log-level", "error"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until_it_listens(port, process)
        yield LLMock(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(timeout=10)


def wait_until_it_listens(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("llmock did not start")


@pytest.fixture
def llmock(running: LLMock) -> LLMock:
    running.control("POST", "reset")
    return running


@pytest.fixture
async def model(llmock: LLMock, request: pytest.FixtureRequest) -> AsyncGenerator[Model]:
    options = Options(timeout=getattr(request, "param", 20_000) * MILLISECOND)
    built = openai_compatible("gpt-4o-mini", f"{llmock.url}/v1", "k3y", clock=FakeClock(), options=options)
    yield Retrying(model=built, jitter=lambda: 0.5, base=150 * MILLISECOND)
    await built.aclose()


async def test_an_answer_fits_the_schema(llmock: LLMock, model: Model, question: Question) -> None:
    done = await model.complete(question)
    assert list(json.loads(done.text)) == ["message"]
    assert done.call.output_tokens > 0
    assert llmock.findings() == []


async def test_a_rate_limit_is_waited_out_as_long_as_it_asks(llmock: LLMock, model: Model, question: Question) -> None:
    llmock.script(type="fail", status=429, retry_after=1, times=2)
    started = asyncio.get_running_loop().time()
    await model.complete(question)
    assert asyncio.get_running_loop().time() - started >= 2
    assert (llmock.attempts(), llmock.findings()) == (3, [])


async def test_a_dead_provider_is_asked_three_times_with_growing_pauses(
    llmock: LLMock, model: Model, question: Question
) -> None:
    llmock.script(type="fail", status=503, times=None)
    with pytest.raises(ModelUnavailable):
        await model.complete(question)
    assert (llmock.attempts(), llmock.findings()) == (3, [])


async def test_missing_credit_is_not_asked_again(llmock: LLMock, model: Model, question: Question) -> None:
    llmock.script(type="fail", status=402, times=None)
    with pytest.raises(ModelRejected):
        await model.complete(question)
    assert (llmock.attempts(), llmock.findings()) == (1, [])


async def test_a_wrong_request_is_not_asked_again(llmock: LLMock, model: Model, question: Question) -> None:
    llmock.script(type="fail", status=400, times=None)
    with pytest.raises(ModelRejected):
        await model.complete(question)
    assert (llmock.attempts(), llmock.findings()) == (1, [])


@pytest.mark.parametrize("model", [800], indirect=True, ids=["800 ms"])
async def test_a_delay_longer_than_the_timeout_is_cut_off_and_tried_again(
    llmock: LLMock, model: Model, question: Question
) -> None:
    llmock.script(type="delay", seconds=4, times=1)
    started = asyncio.get_running_loop().time()
    await model.complete(question)
    assert asyncio.get_running_loop().time() - started < 4
    assert llmock.findings() == []


@pytest.mark.parametrize("model", [200], indirect=True, ids=["200 ms"])
async def test_a_provider_that_always_delays_is_a_timeout(llmock: LLMock, model: Model, question: Question) -> None:
    llmock.script(type="delay", seconds=1.5, times=None)
    with pytest.raises(ModelTimeout):
        await model.complete(question)


@pytest.mark.parametrize("text", ['{"messageType": "check_in", "mess', "", "I'm sorry, but I can't help with that."])
async def test_a_useless_answer_is_no_failure_of_the_provider(
    llmock: LLMock, model: Model, question: Question, text: str
) -> None:
    llmock.script(type="reply", text=text)
    done = await model.complete(question)
    assert (done.text, llmock.attempts()) == (text, 1)
    with pytest.raises(InvalidReply):
        read_draft(done.text)
