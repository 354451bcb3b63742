"""The command `simulate`: reads the scenario, runs it, puts the report where it was asked for."""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Final

from reflecta.config import EngineName
from reflecta.domain.errors import InvalidInput
from reflecta.entrypoints.cli.exits import ExitCode
from reflecta.entrypoints.cli.output import Output, note, write, write_json
from reflecta.entrypoints.cli.session import Session
from reflecta.simulation import Report, simulate
from reflecta.simulation.database import MEMORY
from reflecta.simulation.effects import lines
from reflecta.simulation.page import page
from reflecta.simulation.scenario import read_scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What is read and what is written."""

    scenario: Path | None
    users: Path | None
    html: Path | None
    log: Path | None


@dataclass(kw_only=True)
class Progress:
    """Says on standard error how far a long run is: on a terminal in one line, elsewhere in a line now and then."""

    days: int
    is_terminal: bool
    now: Callable[[], float] = monotonic
    _began: float = field(init=False)
    _next: float = field(init=False)
    _width: int = 0

    def __post_init__(self) -> None:
        """Begin to count."""
        self._began = self.now()
        self._next = self._began + (_SOON if self.is_terminal else _LATER)

    def __call__(self, done: float) -> None:
        """Tell that so many days are done."""
        now = self.now()
        if now < self._next or not done:
            return
        self._next = now + (_REDRAWN_EVERY if self.is_terminal else _REPEATED_EVERY)
        left = (now - self._began) * (self.days - done) / done
        text = f"simulated {done:,.1f} of {self.days:,} days, about {_span(left)} left"
        sys.stderr.write(f"\r{text:<{self._width}}" if self.is_terminal else f"{text}\n")
        sys.stderr.flush()
        self._width = len(text)

    def end(self) -> None:
        """Clear the line."""
        if self.is_terminal and self._width:
            sys.stderr.write(f"\r{'':<{self._width}}\r")
            sys.stderr.flush()


# Real seconds until the first line, and between lines.
_SOON: Final = 1.0
_LATER: Final = 5.0
_REDRAWN_EVERY: Final = 0.5
_REPEATED_EVERY: Final = 30.0
_MINUTE: Final = 60


def _span(seconds: float) -> str:
    return f"{seconds:,.0f} s" if seconds < 2 * _MINUTE else f"{seconds / _MINUTE:,.0f} min"


def run_simulate(
    files: Files,
    changes: dict[str, int | None],
    *,
    at: datetime | None,
    as_json: bool,
    database_url: str = MEMORY,
    engine: EngineName = EngineName.LOCAL,
) -> ExitCode:
    """Simulate; 1 when a promise was broken, with the command that plays the same run again.

    On *database_url*, which must be empty, with *engine*.
    """
    scenario = read_scenario(files.scenario, **changes)
    session = Session.begin(at)
    # Without --at a run begins at the present UTC midnight, so that the replay's --at is short and exact.
    start = at or session.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    if at is None:
        note(f"simulating from {start:%Y-%m-%dT%H:%MZ} on")
    progress = Progress(days=scenario.days, is_terminal=sys.stderr.isatty())
    report = simulate(
        scenario,
        session.settings,
        start.replace(microsecond=0),
        users=files.users,
        database_url=database_url,
        engine=engine,
        tell=_say_nothing if as_json else progress,
    )
    progress.end()
    replay = report.replay(files.scenario)
    _keep(files.html, "--html", lambda: [page(report, replay)])
    _keep(files.log, "--log", lambda: lines(report.effects))
    if as_json:
        write_json({**report.document(), "replay": replay})
    else:
        _print(session.output, report, replay)
    if report.findings.is_clean:
        return ExitCode.OK
    note(f"promises were broken; the same again: {replay}")
    return ExitCode.FAILED


def _say_nothing(_days: float) -> None:
    """Leave standard error to what went wrong."""


def print_scenario(file: Path | None, changes: dict[str, int | None]) -> ExitCode:
    """Print the scenario that would be played, as TOML."""
    write(read_scenario(file, **changes).to_toml().rstrip())
    return ExitCode.OK


def _keep(path: Path | None, option: str, content: Callable[[], Iterable[str]]) -> None:
    if path is None:
        return
    try:
        with path.open("w", encoding="utf-8") as file:
            file.writelines(content())
    except OSError as error:
        raise InvalidInput(option, f"{str(path)!r} cannot be written ({error.strerror}); give another file") from error


def _print(output: Output, report: Report, replay: str) -> None:
    output.line(report.whom())
    for warning in report.warnings():
        output.line(f"Note: {warning}")
    size, simulated = report.population.size, len(report.population.users)
    sections = (
        (f"A DAY OF {size:,} USERS, MEAN OF {report.scenario.days}", report.costs()),
        (f"AT THE PEAK, OF {size:,} USERS", report.peaks()),
        (f"PROMISES TO {simulated:,} SIMULATED USERS", report.promises()),
        ("BROKEN PROMISES (0 IS RIGHT)", report.faults()),
        ("THEIR OCCASIONS", report.outcomes()),
    )
    for title, rows in sections:
        output.line()
        output.table((title, ""), rows)
    output.line()
    header = ("MESSAGES AT LOCAL HOUR", "MORNING", "AFTERNOON", "EVENING")
    output.table(header, [(hour, *map(str, counts)) for hour, *counts in report.hours() if any(counts)])
    for example in report.findings.examples:
        output.line(example)
    output.line()
    output.line(f"{report.user_days_per_hour:,.0f} user-days an hour. The same again: {replay}")
