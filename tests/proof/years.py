"""Plays user-years through the real tick, process, SQL store and engine, and audits them from the log of effects.

    python -m tests.proof.years                             # bounded: 200 users for a year, 40 days of it rough
    python -m tests.proof.years --seeds 10 --processes 2    # long: 2,000 user-years, every other one rough

Hourly ticks, cadences and windows in equal parts, all IANA zones, SQLite in memory, no HTTP. Calm: a model that
answers at once and never fails, nobody moves. Rough: the model takes its seconds and fails at times, as does the push
provider; devices are lost; users move, pause, edit, are held for a sign of risk and are erased; two ticks come at each
hour; each quarter the cron stops for a day, the model for six hours and the database for three. Prints the figures and
writes out/years.json; a failing run prints the line that plays it again.
"""

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from time import perf_counter

from tests.proof.figures import NO_TARGET, Figure, report

from reflecta.config import load
from reflecta.simulation import Report, Scenario, simulate

START = datetime(2026, 1, 1, tzinfo=UTC)
GOAL = 2_000_000
CALM = {
    "people": {
        "zones": {"*": 1},
        "launch": True,
        "entries_per_week": 1,
        "moves_per_year": 0,
        "pauses_per_year": 0,
        "edits_per_year": 0,
        "erasures_per_year": 0,
        "annoyed_share": 0,
    },
    "model": {"failure_rate": 0, "garbled_rate": 0, "latency_median": 0},
    "push": {"retry_rate": 0, "unknown_rate": 0, "gone_rate": 0, "silent_rate": 0, "latency": 0},
}
ROUGH = {
    "people": {
        "zones": {"*": 1},
        "launch": True,
        "entries_per_week": 1,
        "moves_per_year": 6,
        "pauses_per_year": 4,
        "edits_per_year": 4,
        "erasures_per_year": 0.3,
    },
    "model": {"failure_rate": 0.03, "garbled_rate": 0.02, "risk_rate": 0.002},
    "push": {"retry_rate": 0.05, "unknown_rate": 0.02, "gone_rate": 0.02},
}
# Of the bounded proof; the outages of a quarter lie in them.
ROUGH_DAYS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """One run to play."""

    users: int
    days: int
    seed: int
    rough: bool

    def again(self) -> str:
        """Give the command that plays it again."""
        rough = " --rough" if self.rough else " --calm"
        return f"python -m tests.proof.years --users {self.users} --days {self.days} --seed {self.seed}{rough}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What one run came to; *cpu* in seconds."""

    year: Year
    promised: int
    messages: int
    late: int
    regular: int
    on_the_hour: int
    unsaved: int
    cpu: float
    faults: dict[str, int]
    examples: Sequence[str]

    @property
    def user_days(self) -> int:
        """Give its length."""
        return self.year.users * self.year.days


def prove(users: int, days: int, seed: int, *, rough: bool = False) -> Report:
    """Play so many users for so many days."""
    given: dict[str, object] = {
        "size": users,
        "sample": users,
        "days": days,
        "seed": seed,
        **(ROUGH if rough else CALM),
    }
    if rough:
        quarters = range(min(45, days // 2), days, 91)
        given["cron"] = {"overlap": 2, "outages": [{"from_hour": 24 * day + 5, "hours": 24} for day in quarters]}
        given["model"] = ROUGH["model"] | {"outages": [{"from_hour": 24 * day, "hours": 6} for day in quarters]}
        # Not on the hour: in the middle of the work.
        given["database"] = {"outages": [{"from_hour": 24 * (day + 3) + 0.003, "hours": 3} for day in quarters]}
    return simulate(Scenario.model_validate(given), load(), START)


def play(year: Year) -> Played:
    """Play one run, in whichever process."""
    found = prove(year.users, year.days, year.seed, rough=year.rough)
    audit = found.findings
    return Played(
        year=year,
        promised=audit.promised,
        messages=audit.messages,
        late=audit.late,
        regular=audit.regular,
        on_the_hour=audit.on_the_hour,
        unsaved=audit.unsaved,
        cpu=found.cpu,
        faults=dict(audit.faults),
        examples=audit.examples,
    )


def figures(played: Sequence[Played], took: float) -> dict[str, Figure]:
    """Name the figures; *took* is wall time in seconds.

    What is promised must be kept. How fast it goes is measured on calm runs, by the CPU: other work on the machine
    has no part in it.
    """
    days = sum(run.user_days for run in played)
    calm = [run for run in played if not run.year.rough]
    promised = sum(run.promised for run in played)
    quiet = (sum(run.on_the_hour for run in calm), sum(run.regular for run in calm))
    shown = {
        "user_years": round(days / 365, 2),
        "rough_user_years": round(sum(run.user_days for run in played if run.year.rough) / 365, 2),
        "due_dates": promised,
        "messages": sum(run.messages for run in played),
        "late_but_excused": sum(run.late for run in played),
        "answers_not_kept": sum(run.unsaved for run in played),
        "user_days_per_hour": round(days * 3600 / took),
    }
    result = {name: Figure(value, NO_TARGET, met=True, n=promised) for name, value in shown.items()}
    if calm:
        fast = round(sum(run.user_days for run in calm) * 3600 / sum(run.cpu for run in calm))
        result["calm_within_the_hour"] = Figure(
            round(quiet[0] / max(1, quiet[1]), 6), "== 1.0", met=quiet[0] == quiet[1] > 0, n=quiet[1]
        )
        result["calm_user_days_per_cpu_hour"] = Figure(
            fast, f">= {GOAL}", met=fast >= GOAL, n=sum(run.user_days for run in calm), timed=True
        )
    for kind in played[0].faults:
        count = sum(run.faults[kind] for run in played)
        result[kind] = Figure(count, "== 0", met=count == 0, n=promised)
    return result


def bounded(users: int, days: int, seed: int) -> Sequence[Year]:
    """Give a calm run and a shorter rough one, so many days together; where all are few, as many of each."""
    rough = min(days, ROUGH_DAYS)
    return [
        Year(users=users, days=max(days - rough, rough), seed=seed, rough=False),
        Year(users=users, days=rough, seed=seed, rough=True),
    ]


def _main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=200)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--seeds", type=int, default=0, help="play so many seeds, every other one rough")
    parser.add_argument("--processes", type=int, default=1)
    alone = parser.add_mutually_exclusive_group()
    alone.add_argument("--rough", action="store_true", help="one rough run alone")
    alone.add_argument("--calm", action="store_true", help="one calm run alone")
    given = parser.parse_args()
    if given.rough or given.calm:
        years: Sequence[Year] = [Year(users=given.users, days=given.days, seed=given.seed, rough=given.rough)]
    elif given.seeds:
        seeds = range(given.seed, given.seed + given.seeds)
        years = [Year(users=given.users, days=given.days, seed=seed, rough=seed % 2 == 0) for seed in seeds]
    else:
        years = bounded(given.users, given.days, given.seed)
    began = perf_counter()
    # A process for each run: a year's log of effects is not to make the next one slower.
    with ProcessPoolExecutor(given.processes, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        played = list(pool.map(play, years))
    code = report("years", figures(played, perf_counter() - began))
    for run in played:
        if any(run.faults.values()):
            print(*run.examples, "the same again: " + run.year.again(), sep="\n")
    return code


if __name__ == "__main__":
    sys.exit(_main())
