"""What a measured process is told and what it tells: JSON as its argument, JSON on its last line."""

import json
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import psutil

ROOT: Final = Path(__file__).parents[1]
WARM_UP: Final = 20  # occasions worked on before the clock starts


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Work on all due occasions of *database_url*; without *model_url* the model is in the process.

    Two calls are made for a message, a draft and its assessment; with *screening* a third before them. *likeness* adds
    the optional check that `reflecta[likeness]` brings.
    """

    database_url: str = ""
    model_url: str = ""
    latency: float = 0.0
    at_once: int = 100
    messages: int = 0
    screening: bool = False
    likeness: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What it took: seconds on the wall and of CPU, the largest memory in use, and how many were sent."""

    seconds: float
    cpu: float
    megabytes: float
    sent: int


def run(module: str, job: Job) -> Done:
    """Run a module in a process of its own, so that its CPU and memory are its own."""
    command = [sys.executable, "-m", module, json.dumps(asdict(job))]
    finished = subprocess.run(  # noqa: S603 - our own module
        command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True, env=_environment()
    )
    done = Done(**json.loads(finished.stdout.splitlines()[-1]))
    if done.sent != job.messages:
        raise RuntimeError(f"{done.sent} of {job.messages} were sent; a figure of something else would mislead")
    return done


def tell(done: Done) -> None:
    """Answer the process that measures."""
    print(json.dumps(asdict(done)))  # noqa: T201 - the answer


def read_job() -> Job:
    """Read what to do."""
    return Job(**json.loads(sys.argv[1]))


def megabytes() -> float:
    """Give the memory of this process that is in use now."""
    return psutil.Process().memory_info().rss / 2**20


@contextmanager
def model_service(latency: float = 0.0) -> Generator[str]:
    """Run the model's server in a process of its own and give its URL."""
    command = [sys.executable, "-m", "benchmarks.model_service", str(latency)]
    with subprocess.Popen(  # noqa: S603 - as above
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=_environment()
    ) as server:
        try:
            assert server.stdout is not None  # noqa: S101 - a pipe was asked for
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.terminate()


def _environment() -> dict[str, str]:
    """Pass the environment on without the service's own settings: every run measures the same."""
    ours = ("REFLECTA_", "OPENROUTER_", "ANTHROPIC_", "EXPO_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}  # noqa: TID251
