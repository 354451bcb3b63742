"""Runs the real service for two days under a clock that a loop moves: ticks, messages, deliveries, edits."""

import asyncio
import json
import random
import sys
from collections import Counter
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from reflecta.application.tick import TickReport
from reflecta.bootstrap import Service, open_service
from reflecta.config import ChannelName, EngineName, Environment, Settings, load
from reflecta.demo import report, story
from reflecta.demo.people import import_people

_FILE: Final = "reflecta-demo.db"
# The cron never fires exactly on the hour; nor does this one.
_CRON_DELAY: Final = timedelta(seconds=4)


class _MovedClock:
    """Shows the instant that the loop set."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


class _Silence:
    """Keeps the events out of the picture; the ledger has everything."""

    def event(self, name: str, **values: str | float | bool | None) -> None:
        """Hear nothing."""


def run(*, keep: Path | None = None, as_json: bool = False) -> int:
    """Play the two days and print what came of them; 0 when every occasion adds up.

    The database stays in *keep* (else the current folder) as reflecta-demo.db, anew at each run.
    """
    path = (keep or Path()) / _FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return asyncio.run(_play(path, as_json=as_json))


def _settings(path: Path) -> Settings:
    """Take the operator's settings, but no service, no provider and no other database."""
    return load().model_copy(
        update={
            "env": Environment.DEVELOPMENT,
            "database_url": f"sqlite:///{path}",
            "engine": EngineName.LOCAL,
            "channel": ChannelName.LOG,
            "migrate": True,
        }
    )


async def _play(path: Path, *, as_json: bool) -> int:
    clock = _MovedClock(story.START)
    async with open_service(
        _settings(path),
        clock=clock,
        telemetry=_Silence(),
        random_source=random.Random(40),  # noqa: S311 - the same two days at every run
        with_models=False,
    ) as service:
        imported = await import_people(service)
        say = _quiet if as_json else print
        say(report.opening(imported, story.START, story.HOURS))
        ticks = await _two_days(service, clock, say)
        outcomes = await report.collect(service, ticks)
        if as_json:
            print(json.dumps(report.as_json(outcomes)))  # noqa: T201 - the command's answer
        else:
            say(await report.closing(service, outcomes, path))
        return 0 if outcomes.adds_up else 1


def _quiet(_line: str) -> None:
    return


async def _two_days(service: Service, clock: _MovedClock, say: "report.Say") -> TickReport:
    """Tick at every hour that has a cron, and work all occasions to their end before the next."""
    assert service.local is not None  # noqa: S101 - the settings above say so
    await service.local.start()
    total: Counter[str] = Counter()
    for hour in range(story.HOURS):
        clock.at = story.START + timedelta(hours=hour)
        line = await story.happen(service, hour)
        if line:
            say(report.happened(clock.at, line))
        if hour in story.OUTAGE:
            continue
        clock.at += _CRON_DELAY
        ticked = await service.tick()
        await service.local.drain()
        await service.deliver.drain()
        total.update(asdict(ticked))
        say(report.progress(clock.at, ticked, hour + 1, story.HOURS, is_terminal=sys.stdout.isatty()))
    await service.local.stop(timedelta(seconds=5))
    return TickReport(**total)
