"""Runs the proofs, each in a process of its own, and gathers their figures in out/proof.json.

    python -m tests.proof [--long] [--only NAME ...] [--at-once 3]

The bounded form takes some ten minutes on two quiet cores; --long is for a night. A figure that is not met makes the
exit code 1; how fast something went is told and decides nothing.
"""

import argparse
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Final

from tests.proof.figures import OUT, Figure, report, written

# Seconds, of one proof: so long that only one that hangs meets it.
_TIME_LIMIT: Final = {False: 3_000, True: 4 * 3600}


@dataclass(frozen=True, slots=True)
class Proof:
    """A command that leaves out/*name*.json: its module, and its arguments in the bounded and the long form."""

    module: str
    bounded: str = ""
    long: str = ""

    @property
    def name(self) -> str:
        """The name of its figures."""
        return self.module.rpartition(".")[2]

    def command(self, *, long: bool) -> Sequence[str]:
        """Give what to run."""
        return [sys.executable, "-m", self.module, *(self.long if long else self.bounded).split()]


# Those that take longest first.
PROOFS: Final = (
    Proof("tests.proof.years", "--processes 2", "--seeds 10 --processes 2"),
    Proof("tests.mutants", "--jobs 1", "--jobs 2 --machine"),
    Proof("tests.proof.boundaries", "--lanes 2", "--lanes 2"),
    Proof("tests.proof.kills", "--kills 75", "--kills 1000"),
    Proof("tests.faults.wire", "--injections 20", "--injections 200"),
    Proof("tests.faults.cluster", "--injections 40 --restarts 4", "--injections 200 --restarts 40"),
    Proof("tests.faults.disk", "--injections 20", "--injections 200"),
    Proof("tests.faults.drain", "--drains 5", "--drains 50"),
    Proof("tests.faults.serverless", "--users 100", "--users 1000"),
    Proof("tests.faults.clock"),
    Proof("tests.proof.workers", "--users 500", "--users 2000"),
    Proof("tests.machine", "--examples 60 --steps 30", "--examples 2000 --steps 50"),
    Proof("tests.proof.tick_zones", "--workers 1", "--all --workers 2"),
    Proof("tests.proof.zones"),
    Proof("tests.proof.journals"),
)


@dataclass(frozen=True, slots=True)
class Run:
    """What one proof said."""

    proof: Proof
    figures: Mapping[str, Figure]
    seconds: float


def run(proof: Proof, *, long: bool) -> Run:
    """Run one proof; one that breaks off is a figure that is not met."""
    began = perf_counter()
    (OUT / f"{proof.name}.json").unlink(missing_ok=True)
    command = proof.command(long=long)
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIME_LIMIT[long], check=False)
        code, said = done.returncode, done.stdout + done.stderr
    except subprocess.TimeoutExpired as error:
        code, said = -1, f"{_text(error.stdout)}{_text(error.stderr)}not done after {error.timeout:.0f} s"
    seconds = perf_counter() - began
    figures = written(proof.name) if (OUT / f"{proof.name}.json").exists() else {}
    broke_off = code != 0 and not any(figure.fails for figure in figures.values())
    if code != 0:
        print(f"--- {' '.join(command[1:])}\n{said}", file=sys.stderr, flush=True)
    print(f"{proof.name:<12} {seconds:6.0f} s  {'failed' if code else 'ok'}", flush=True)
    broken = {"completed": Figure("no", "yes", met=False, n=1)} if broke_off or not figures else {}
    return Run(proof, {**figures, **broken}, seconds)


def _text(output: str | bytes | None) -> str:
    """Give what a process said that was broken off."""
    return output.decode(errors="replace") if isinstance(output, bytes) else output or ""


def gathered(runs: Sequence[Run]) -> dict[str, Figure]:
    """Name all figures after their proof."""
    found = {f"{one.proof.name} {key}": figure for one in runs for key, figure in one.figures.items()}
    took = {
        f"{one.proof.name} seconds": Figure(round(one.seconds), "-", met=True, n=len(one.figures), timed=True)
        for one in runs
    }
    return found | took


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="tests.proof", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [proof.name for proof in PROOFS]
    parser.add_argument("--long", action="store_true", help="all of it, for hours")
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--at-once", type=int, default=3, help="proofs at a time")
    asked = parser.parse_args(arguments)
    OUT.mkdir(exist_ok=True)
    chosen = [proof for proof in PROOFS if proof.name in asked.only]
    began = perf_counter()
    with ThreadPoolExecutor(asked.at_once) as pool:
        runs = list(pool.map(partial(run, long=asked.long), chosen))
    print()
    code = report("proof", gathered(runs))
    print(f"{len(runs)} proofs in {perf_counter() - began:.0f} s")
    return code


if __name__ == "__main__":
    sys.exit(main())
