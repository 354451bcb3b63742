"""Small scenarios, and logs of effects written by hand."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from reflecta.config import Settings, load
from reflecta.simulation import Report, Scenario, simulate
from reflecta.simulation.effects import HOUR, MICROSECONDS, Effect, Value

START = datetime(2026, 3, 6, tzinfo=UTC)
QUIET = {
    "moves_per_year": 0,
    "pauses_per_year": 0,
    "edits_per_year": 0,
    "erasures_per_year": 0,
    "annoyed_share": 0,
    "zones": {"Etc/UTC": 1},
}
ROUGH: dict[str, Any] = {
    "people": {
        "zones": {"*": 1},
        "launch": True,
        "moves_per_year": 20,
        "pauses_per_year": 20,
        "edits_per_year": 20,
        "erasures_per_year": 15,
        "annoyed_share": 1,
        "pause_days": 1,
        "new_device_days": 1,
    },
    "model": {
        "failure_rate": 0.05,
        "garbled_rate": 0.05,
        "risk_rate": 0.02,
        "outages": [{"from_hour": 30, "hours": 5}],
    },
    "push": {"retry_rate": 0.2, "unknown_rate": 0.1, "gone_rate": 0.2},
    "database": {"outages": [{"from_hour": 40.001, "hours": 3}]},
    "cron": {"overlap": 2, "outages": [{"from_hour": 60, "hours": 24}]},
}
SURE = {"failure_rate": 0, "garbled_rate": 0, "skip_rate": 0, "score_mean": 9, "score_spread": 0}


def scenario(*, size: int = 6, days: int = 2, **parts: Any) -> Scenario:
    """Give a quiet world in UTC with a sure model, changed by *parts*."""
    given: dict[str, Any] = {"size": size, "days": days, "seed": 4, "people": QUIET, "model": SURE} | parts
    return Scenario.model_validate(given)


def settings(**changes: object) -> Settings:
    """Give the default settings."""
    return load().model_copy(update=changes)


def played(given: Scenario, users: Path | None = None, **changes: object) -> Report:
    """Simulate from START on."""
    return simulate(given, settings(**changes), START, users=users)


def at(day: int, hour: float) -> int:
    """Give a virtual instant: days and hours after START, which is midnight UTC."""
    return round((24 * day + hour) * HOUR)


def join(**values: Value) -> Effect:
    """Let the user ana join: daily, mornings, in UTC, without a device."""
    usual: dict[str, Value] = {
        "zone": "Etc/UTC",
        "window": "morning",
        "cadence": "daily",
        "enabled": True,
        "due": None,
        "devices": 0,
    }
    return Effect(0, "ana", "user.join", usual | values)


def ended(when: int, state: str = "sent", **values: Value) -> Effect:
    """Let an occasion of ana end as *state*, a minute after it was due."""
    due = when - 60 * MICROSECONDS
    sent = int(state == "sent")
    usual: dict[str, Value] = {
        "id": f"o{when}",
        "due": due,
        "created": due,
        "started": due,
        "closes": due + 4 * HOUR,
        "state": state,
        "reason": None,
        "tries": 0,
        "messages": sent,
        "entries": sent,
        "calls": 0,
    }
    return Effect(when, "ana", "occasion.ended", usual | values)


def tick(due: int, *, jobs: int | None = None) -> Effect:
    """Let a tick find so many due, and make jobs of all of them unless told otherwise."""
    parts: dict[str, Value] = {"due": due, "jobs": due if jobs is None else jobs, "rescheduled": 0, "errors": 0}
    return Effect(0, "", "tick", parts)


def instant(when: int) -> datetime:
    """Give the instant of a virtual time."""
    return START + timedelta(microseconds=when)
