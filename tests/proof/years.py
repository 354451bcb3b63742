"""Plays user-years through the real tick, process, SQL store and engine, and audits them from the log of effects.

    python -m tests.proof.years [--users 200] [--days 365] [--seed 1] [--rough]

Hourly ticks, cadences and windows in equal parts, all IANA zones, SQLite in memory, no HTTP, a model that answers at
once. With --rough it takes its seconds and fails at times, as does the push provider; users move, pause and edit;
the cron stops for a day each quarter. Prints the figures and writes out/years.json; a failing run prints the line
that plays it again.
"""

import argparse
import shlex
import sys
from datetime import UTC, datetime

from tests.proof.figures import Figure, report

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
    },
    "model": {"failure_rate": 0, "garbled_rate": 0, "latency_median": 0},
    "push": {"retry_rate": 0, "unknown_rate": 0, "latency": 0},
}
ROUGH = {
    "people": {
        "zones": {"*": 1},
        "launch": True,
        "entries_per_week": 1,
        "moves_per_year": 6,
        "pauses_per_year": 4,
        "edits_per_year": 4,
    },
    "model": {"failure_rate": 0.03, "garbled_rate": 0.02},
    "push": {"retry_rate": 0.05, "unknown_rate": 0.02},
}


def prove(users: int, days: int, seed: int, *, rough: bool = False) -> Report:
    """Play so many users for so many days."""
    world = ROUGH if rough else CALM
    given: dict[str, object] = {"size": users, "sample": users, "days": days, "seed": seed, **world}
    if rough:
        quarters = range(45, days, 91)
        given["cron"] = {"outages": [{"from_hour": 24 * day + 5, "hours": 24} for day in quarters]}
        given["model"] = ROUGH["model"] | {"outages": [{"from_hour": 24 * day, "hours": 6} for day in quarters]}
    return simulate(Scenario.model_validate(given), load(), START)


def figures(found: Report) -> dict[str, Figure]:
    """Name the figures. How fast it went is shown beside its goal; what is promised must be kept."""
    audit, users = found.findings, len(found.population.users)
    days = users * found.scenario.days
    per_cpu_hour = round(days * 3600 / found.cpu)
    shown = {
        "user_years": round(days / 365, 2),
        "due_dates": audit.promised,
        "messages": audit.messages,
        "late_but_excused": audit.late,
        "regular_within_the_hour": round(audit.on_the_hour / max(1, audit.regular), 6),
        "user_days_per_hour": round(found.user_days_per_hour),
    }
    result = {name: Figure(value, "shown", met=True, n=audit.promised) for name, value in shown.items()}
    result["user_days_per_cpu_hour"] = Figure(per_cpu_hour, f">= {GOAL}", met=per_cpu_hour >= GOAL, n=days)
    faults = {name: Figure(count, "== 0", met=count == 0, n=audit.promised) for name, count in audit.faults.items()}
    return result | faults


def _main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=200)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rough", action="store_true")
    given = parser.parse_args()
    found = prove(given.users, given.days, given.seed, rough=given.rough)
    code = report("years", figures(found))
    if not found.findings.is_clean:
        print(*found.findings.examples, sep="\n")
        print("the same again:", shlex.join(["python", "-m", "tests.proof.years", *sys.argv[1:]]))
    return code


if __name__ == "__main__":
    sys.exit(_main())
