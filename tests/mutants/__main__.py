"""Seeds one bug at a time into a copy of the tree and asks whether the tests named beside it fail.

    python -m tests.mutants [--only NAME ...] [--jobs 2] [--machine]

Prints a table and writes out/mutants.json. With --machine the state machine alone is asked as well.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.mutants.bugs import ROOT, Bug, NoLongerApplies, read_bugs, seed
from tests.proof.figures import NO_TARGET, Figure, report

_TIME_LIMIT = 600  # seconds, of one run of tests
_PYTEST = ("-m", "pytest", "-q", "--tb=no", "-rfE", "-p", "no:cacheprovider", "-p", "no:xdist")
# So many examples that each bug within the machine's reach is met by some.
_MACHINE = ("-m", "tests.machine", "--store", "memory", "--examples", "150", "--steps", "40", "--no-shrink")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one bug: the named tests that still passed, and what the state machine said."""

    bug: Bug
    missed: Sequence[str]
    machine: bool | None = None


def copy_tree(of: Path, into: Path) -> Path:
    """Copy what the tests need, compiled modules too: they hold where no bug is seeded."""
    for name in ("src", "tests"):
        shutil.copytree(of / name, into / name, ignore=shutil.ignore_patterns("*.egg-info"))
    shutil.copy(of / "pyproject.toml", into)
    return into


def _run(tree: Path, *command: str) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(tree / "src"), str(tree)])
    data = os.environ.get("REFLECTA_TEST_DATA") or str((ROOT / ".." / "shared" / "data").resolve())
    environment = os.environ | {"PYTHONPATH": paths, "REFLECTA_TEST_DATA": data}
    # To compile everything anew, and what pytest rewrites too, is half the work of most runs.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return subprocess.run(
        [sys.executable, *command],
        cwd=tree,
        env=environment,
        capture_output=True,
        text=True,
        timeout=_TIME_LIMIT,
        check=False,
    )


def failing(tree: Path, tests: Sequence[str]) -> set[str]:
    """Run tests in a copy; give those of which at least one case failed."""
    ran = _run(tree, *_PYTEST, *dict.fromkeys(tests))
    if ran.returncode not in {0, 1}:
        raise RuntimeError(f"pytest could not run {tests}: {ran.stdout[-2000:]}{ran.stderr[-2000:]}")
    told = [line.split(maxsplit=2)[1] for line in ran.stdout.splitlines() if line.startswith(("FAILED ", "ERROR "))]
    return {test for test in tests if any(name == test or name.startswith(f"{test}[") for name in told)}


def try_out(bug: Bug, *, sound: Path, with_machine: bool) -> Verdict:
    """Seed one bug into a copy of its own and run its tests there."""
    with tempfile.TemporaryDirectory(prefix="reflecta-mutant-") as folder:
        tree = copy_tree(sound, Path(folder))
        seed(tree, bug)
        missed = sorted(set(bug.tests) - failing(tree, bug.tests))
        machine = _run(tree, *_MACHINE).returncode != 0 if with_machine else None
    verdict = Verdict(bug, missed, machine)
    sys.stdout.write(_line(verdict))
    sys.stdout.flush()
    return verdict


def _line(verdict: Verdict) -> str:
    mark = "caught" if not verdict.missed else f"MISSED by {', '.join(verdict.missed)}"
    machine = {None: "", True: "machine: caught", False: "machine: -"}[verdict.machine]
    return f"{verdict.bug.name:<36}{mark:<8}{machine:<17}{verdict.bug.breaks}\n"


def check_soundness(tree: Path, bugs: Sequence[Bug]) -> None:
    """Hold that the copy is what is imported, and that without a bug every named test passes there."""
    where = _run(tree, "-c", "import reflecta; print(reflecta.__file__)").stdout.strip()
    if not Path(where).is_relative_to(tree):
        raise RuntimeError(f"the copy's tests would import {where!r}; see PYTHONPATH")
    if broken := failing(tree, [test for bug in bugs for test in bug.tests]):
        raise RuntimeError(f"these tests fail without any bug; mend them first: {sorted(broken)}")


def try_all(bugs: Sequence[Bug], *, jobs: int, with_machine: bool) -> Sequence[Verdict]:
    """Try every bug on the tree as it stands now; whoever edits it meanwhile disturbs nothing."""
    with tempfile.TemporaryDirectory(prefix="reflecta-sound-") as folder, ThreadPoolExecutor(jobs) as crew:
        sound = copy_tree(ROOT, Path(folder))
        check_soundness(sound, bugs)
        return list(crew.map(partial(try_out, sound=sound, with_machine=with_machine), bugs))


def figures(verdicts: Sequence[Verdict]) -> Mapping[str, Figure]:
    """Name the figures."""
    count = len(verdicts)
    caught = sum(not verdict.missed for verdict in verdicts)
    target = f">= {count} of {count}"
    found = {"caught": Figure(caught, target, met=caught == count, n=count)}
    asked = [verdict for verdict in verdicts if verdict.machine is not None]
    if asked:
        alone = sum(bool(verdict.machine) for verdict in asked)
        found["caught_by_the_machine_alone"] = Figure(alone, NO_TARGET, met=True, n=len(asked))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="tests.mutants")
    parser.add_argument("--only", nargs="+", help="names of bugs")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--machine", action="store_true")
    asked = parser.parse_args(arguments)
    bugs = [bug for bug in read_bugs() if not asked.only or bug.name in asked.only]
    try:
        verdicts = try_all(bugs, jobs=asked.jobs, with_machine=asked.machine)
    except (NoLongerApplies, RuntimeError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return report("mutants", figures(verdicts))


if __name__ == "__main__":
    sys.exit(main())
