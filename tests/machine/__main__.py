"""Runs the state machine large, on every store, and writes out/machine.json.

    python -m tests.machine --examples 300 --steps 40 [--store memory file postgres] [--seed 1]

The same seed draws the same examples. A failure is shrunk to its fewest steps, which hypothesis gives five minutes;
--no-shrink tells of it as it was found. On PostgreSQL the
engine is pgqueuer: claims enqueue in their own transaction, and its worker takes turns with the machine's own calls.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from tests.databases import apart, migrated, postgres_database
from tests.machine.machine import Machine, machine_on
from tests.machine.stage import on_stage
from tests.proof.figures import NO_TARGET, Figure, report

STORES = ("memory", "file", "postgres")


def chosen(*, examples: int, steps: int, shrink: bool = True) -> settings:
    """Give hypothesis its settings; nothing is kept on disk, nothing is too slow."""
    phases = [Phase.generate, *([Phase.shrink] if shrink else [])]
    unasked = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=phases,
        suppress_health_check=unasked,
    )


def prove(store: str, *, examples: int, steps: int, seed: int, shrink: bool) -> type[Machine]:
    """Run on one kind of store; raises what hypothesis found."""
    with ExitStack() as stack:
        stage = stack.enter_context(on_stage(_url(store, stack)))
        machine = machine_on(stage, seed=seed)
        run_state_machine_as_test(machine, settings=chosen(examples=examples, steps=steps, shrink=shrink))
        return machine


def _url(store: str, stack: ExitStack) -> str:
    if store == "memory":
        return "sqlite://"
    if store == "file":
        return f"sqlite:///{Path(stack.enter_context(tempfile.TemporaryDirectory())) / 'machine.db'}"
    url = stack.enter_context(postgres_database())
    apart(lambda: migrated(url))
    return url


def figures(store: str, machine: type[Machine], examples: int) -> dict[str, Figure]:
    """Name the figures of one run."""
    return {
        f"{store}_steps": Figure(machine.steps, NO_TARGET, met=machine.steps > examples, n=examples),
        f"{store}_messages": Figure(machine.messages, NO_TARGET, met=machine.messages > examples, n=examples),
        f"{store}_broken_promises": Figure(0, "== 0", met=True, n=machine.steps),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="tests.machine")
    parser.add_argument("--examples", type=int, default=300)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--store", nargs="+", choices=STORES, default=STORES)
    parser.add_argument("--no-shrink", action="store_true", help="tell of the first failure as it was found")
    asked = parser.parse_args(arguments)
    found: dict[str, Figure] = {}
    for store in asked.store:
        # What a rule does is the same everywhere; a database on disk takes ten times as long to agree.
        examples = asked.examples if store == "memory" else max(1, asked.examples // 5)
        # A broken promise ends the run with the steps that lead to it.
        machine = prove(store, examples=examples, steps=asked.steps, seed=asked.seed, shrink=not asked.no_shrink)
        found |= figures(store, machine, examples)
    return report("machine", found)


if __name__ == "__main__":
    sys.exit(main())
