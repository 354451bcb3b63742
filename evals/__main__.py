"""The command: `python -m evals [NAME ...]`; prints a table per prompt version and leaves out/eval.json."""

import argparse
import asyncio
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.proof.figures import OUT, Figure, report

from evals import days, flags, injection, judging, messages, risk
from evals.authoring import faults_in
from evals.cases import load_personas
from evals.shares import Findings
from reflecta.adapters.prompts import load_prompts
from reflecta.application.ports import Model
from reflecta.bootstrap import open_service
from reflecta.config import ChannelName, EngineName, Settings, load
from reflecta.testing import RecordingTelemetry


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command was told: *prompts* are folders of prompt texts beside the built-in ones."""

    settings: Settings
    prompts: Sequence[Path]


Part = Callable[[Options], Awaitable[Sequence[Findings]]]


async def _messages(options: Options) -> Sequence[Findings]:
    personas = load_personas()
    if faults := faults_in(personas):
        raise SystemExit("\n".join(["the suite itself is wrong:", *faults]))
    found = [await messages.measure(personas)]
    async with AsyncExitStack() as stack:
        judge = None
        if options.settings.uses_model:
            judge = await stack.enter_async_context(_open_judge(options.settings))
        for folder in (None, *options.prompts):
            prompts = load_prompts(folder)
            found.append(await judging.measure(personas, prompts, judge, threshold=options.settings.gate))
    return found


@asynccontextmanager
async def _open_judge(settings: Settings) -> AsyncGenerator[Model]:
    """Give the service's judge with all its guards; nothing is stored, sent or logged."""
    alone = settings.model_copy(
        update={"database_url": "sqlite://", "engine": EngineName.LOCAL, "channel": ChannelName.LOG, "migrate": True}
    )
    async with open_service(alone, telemetry=RecordingTelemetry()) as service:
        yield service.process.compose.judge


async def _risk(_options: Options) -> Sequence[Findings]:
    return [await risk.measure()]


async def _injection(_options: Options) -> Sequence[Findings]:
    return [await injection.measure()]


async def _days(_options: Options) -> Sequence[Findings]:
    return [await days.measure()]


async def _flags(_options: Options) -> Sequence[Findings]:
    return [await flags.measure()]


PARTS: Final[Mapping[str, Part]] = {
    "messages": _messages,
    "risk": _risk,
    "injection": _injection,
    "days": _days,
    "flags": _flags,
}


def main(arguments: Sequence[str]) -> int:
    """Evaluate what was named, by default everything; 1 when a figure that is no timing misses its target."""
    given = _parser().parse_args(arguments)
    options = Options(settings=load(), prompts=given.prompts)
    figures: dict[str, Figure] = {}
    for name in given.names or PARTS:
        for findings in asyncio.run(_found(PARTS[name], options)):
            print(*findings.tables, sep="\n", flush=True)  # noqa: T201 - a command prints its tables
            figures |= findings.figures
    return report("eval", figures, folder=given.out)


async def _found(part: Part, options: Options) -> Sequence[Findings]:
    return await part(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m evals", description=__doc__, epilog="With a model in the settings, its judge is asked and paid."
    )
    parser.add_argument("names", nargs="*", choices=[*PARTS, []], metavar="NAME", help=", ".join(PARTS))
    parser.add_argument(
        "--prompts",
        nargs="+",
        type=Path,
        default=[],
        metavar="FOLDER",
        help="prompt texts to compare with the built-in",
    )
    parser.add_argument("--out", type=Path, default=OUT, help="folder of eval.json")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
