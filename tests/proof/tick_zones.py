"""Runs the real tick, process and store over the clock changes of 2020-2037.

    python -m tests.proof.tick_zones [--all] [--sample 100] [--seed 1] [--postgres] [--at 2026-03-29T01]

Each clock change is crossed by nine users of its zone, one of each window and cadence, for whom nothing fails; two
more join on the day of the change, and their model fails at times or always. Zones that never change have users
too. What changes in the same hour shares a run: the real service on SQLite in memory (or PostgreSQL), a clock that
is set by hand, a model that answers at once. Half of the runs hold on a failure, half write the last try without the
model. The cron is hourly and some seconds late. From a day before the change to two days after it every hour has its
tick; from three days before until a week after it, only hours for which something is stored.

By default a sample of the changes, every kind among them; with --all each of the 7,077 and all 597 zones, in two
processes. Prints the figures and writes out/tick_zones.json; a failing run prints the line that plays its hour again.
"""

import argparse
import asyncio
import random
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import partial

from tests.data import need_data
from tests.databases import empty, postgres_database
from tests.proof import transitions
from tests.proof.figures import NO_TARGET, Figure, report
from tests.proof.tick_audit import Counts, audit
from tests.proof.tick_run import Doubles, Hour, Inbox, InstantModel, Silence, cast
from tests.proof.transitions import TRANSITIONS, Transition

from reflecta.bootstrap import open_service
from reflecta.config import ChannelName, EngineName, load
from reflecta.simulation.virtual import run_virtually
from reflecta.testing import FakeClock

MEMORY = "sqlite://"
SAMPLE = 100
HOURS_A_BATCH = 8
SHOWN = 5


async def prove(hours: Iterable[Hour], *, seed: int = 1, url: str = MEMORY, again: str = "") -> Counts:
    """Play and audit hour after hour; *again* is the command that an hour is played again with."""
    clock = FakeClock()
    doubles, total = Doubles(clock, InstantModel(clock), Inbox()), Counts()
    chosen = {"database_url": url, "channel": ChannelName.LOG, "engine": EngineName.LOCAL, "migrate": True}
    async with open_service(
        load().model_copy(update=chosen),
        clock=clock,
        telemetry=Silence(),
        random_source=random.Random(seed),
        model=doubles.model,
        with_models=False,
    ) as service:
        for hour in hours:
            await empty(service.store)
            run, holds = cast(service, doubles, hour, seed)
            await run.play()
            counts, examples = audit(run.lives, holds=holds)
            total += counts + Counts(ticks=run.ticked)
            for example in examples[:SHOWN]:
                print(f"{example}\n  the same again: {again} --at {hour[0]:%Y-%m-%dT%H}", file=sys.stderr)
    return total


def groups() -> Mapping[datetime, Sequence[Transition]]:
    """Give all clock changes, and an instant for each zone that has none, by the hour."""
    changes = transitions.read(need_data(TRANSITIONS))
    return transitions.by_hour([*changes, *transitions.stand_ins(changes)])


def sampled(size: int, seed: int) -> Mapping[datetime, Sequence[Transition]]:
    """Give a sample of the clock changes by the hour, and a tenth as many zones that have none."""
    changes = transitions.read(need_data(TRANSITIONS))
    others = random.Random(seed).sample(transitions.stand_ins(changes), size // 10)
    return transitions.by_hour([*transitions.sample(changes, size, seed), *others])


def _batch(hours: Sequence[Hour], *, seed: int, postgres: bool, again: str) -> Counts:
    """Play some hours in a process of their own."""
    if not postgres:
        return run_virtually(prove(hours, seed=seed, again=again))
    with postgres_database() as url:
        return asyncio.run(prove(hours, seed=seed, url=url, again=again))


def _play_all(hours: Sequence[Hour], workers: int, work: Callable[[Sequence[Hour]], Counts]) -> Counts:
    batches = [hours[start::stride] for stride in [-(-len(hours) // HOURS_A_BATCH)] for start in range(stride)]
    total = Counts()
    with ProcessPoolExecutor(workers) as pool:
        for number, counts in enumerate(pool.map(work, batches), start=1):
            total += counts
            if number % 10 == 0:
                done = f"{number} of {len(batches)} batches, {total.due_times} due times"
                print(f"{done}, {sum(total.faults.values())} faults", file=sys.stderr)
    return total


def figures(counts: Counts, chosen: Iterable[Transition]) -> dict[str, Figure]:
    """Name the figures, each with its target and the cases behind it."""
    everything = list(chosen)
    changes = sum(bool(transition.shift) for transition in everything)
    shown = {"users": counts.users, "ticks": counts.ticks, "due_times": counts.due_times, "messages": counts.sent}
    shown["zones"] = len({transition.zone for transition in everything})
    found = {name: Figure(value, NO_TARGET, met=True, n=counts.due_times) for name, value in shown.items()}
    found["changes_crossed"] = _equal(counts.changes_crossed, changes)
    found["other_zones_crossed"] = _equal(counts.still_crossed, len(everything) - changes)
    found |= {name: Figure(n, "== 0", met=n == 0, n=counts.due_times) for name, n in counts.faults.items()}
    return found | {
        "regular_within_target_hour_percent": _all(counts.regular_kept, counts.regular),
        "first_due_in_window_within_tick_percent": _all(counts.first_kept, counts.first),
        "retry_in_window_within_tick_percent": _all(counts.retry_kept, counts.retry),
        "after_failure_in_window_within_tick_percent": _all(counts.again_kept, counts.again),
    }


def _equal(value: int, wanted: int) -> Figure:
    return Figure(value, f"== {wanted}", met=value == wanted, n=wanted)


def _all(kept: int, n: int) -> Figure:
    return Figure(round(100 * kept / max(1, n), 4), "== 100", met=kept == n > 0, n=n)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="every clock change and every zone")
    parser.add_argument("--sample", type=int, default=SAMPLE, help="so many clock changes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL, a database for each batch")
    parser.add_argument("--at", type=datetime.fromisoformat, help="only this hour (UTC), as a failing run names it")
    return parser.parse_args()


def _main() -> int:
    given = _arguments()
    size = "--all" if given.all else f"--sample {given.sample}"
    again = f"python -m tests.proof.tick_zones {size} --seed {given.seed}" + " --postgres" * given.postgres
    hours = groups() if given.all else sampled(given.sample, given.seed)
    if given.at:
        hours = {at: changes for at, changes in hours.items() if at == given.at.replace(tzinfo=UTC)}
    if not hours:
        print(f"nothing changes at {given.at} in this selection; name an hour of it", file=sys.stderr)
        return 2
    work = partial(_batch, seed=given.seed, postgres=given.postgres, again=again)
    counts = _play_all(list(hours.items()), given.workers, work)
    found = figures(counts, [change for changes in hours.values() for change in changes])
    # A single hour need not have every kind of case.
    return report("tick_zones", {name: figure for name, figure in found.items() if figure.n or not given.at})


if __name__ == "__main__":
    sys.exit(_main())
