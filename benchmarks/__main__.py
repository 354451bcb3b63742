"""The command: `python -m benchmarks [NAME ...]`; prints a table and leaves out/bench.json."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from tests.proof.figures import OUT, Figure, report

from benchmarks import enqueueing, finishing, firestore, processing, reading, ticking, waiting
from benchmarks.measure import ordered, told
from benchmarks.sizes import TINY, Sizes
from benchmarks.stopwatch import pace

Benchmark = Callable[[Sizes], Awaitable[dict[str, Figure]]]
BENCHMARKS: Final[Mapping[str, Benchmark]] = {
    "tick": ticking.measure,
    "finish": finishing.measure,
    "process": processing.measure,
    "wait": waiting.measure,
    "context": reading.measure,
    "enqueue": enqueueing.measure,
    "firestore": firestore.measure,
}


def main(arguments: Sequence[str]) -> int:
    """Measure what was named, by default everything; a target that is not met is told and is no error."""
    options = _parser().parse_args(arguments)
    figures: dict[str, Figure] = {}
    for name in options.names or BENCHMARKS:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)  # noqa: T201 - it takes minutes
        before = pace()
        figures |= asyncio.run(_measured(BENCHMARKS[name], _sizes(options)))
        # A shared machine changes its pace within minutes: the figures of each part have their own.
        figures[f"pace_ns_python_loop_{name}"] = told((before + pace()) / 2, 2)
    report("bench", ordered(figures), folder=options.out)
    return 0


async def _measured(benchmark: Benchmark, sizes: Sizes) -> dict[str, Figure]:
    return await benchmark(sizes)


def _sizes(options: argparse.Namespace) -> Sizes:
    if options.tiny:
        return TINY
    sizes = Sizes()
    more = (1_000_000,) * bool(options.million) + (10_000_000,) * bool(options.ten_million)
    return replace(sizes, users=(*sizes.users, *more))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*BENCHMARKS, []], metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--million", action="store_true", help="tick at 1,000,000 users too")
    parser.add_argument("--ten-million", action="store_true", help="tick at 10,000,000 users too (6 GB of disk)")
    parser.add_argument("--tiny", action="store_true", help="only show that every benchmark works")
    parser.add_argument("--out", type=Path, default=OUT, help="folder of bench.json")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
