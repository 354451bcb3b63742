"""The command `simulate`: reads the scenario, runs it, puts the report where it was asked for."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from reflecta.domain.errors import InvalidInput
from reflecta.entrypoints.cli.exits import ExitCode
from reflecta.entrypoints.cli.output import Output, note, write, write_json
from reflecta.entrypoints.cli.session import Session
from reflecta.simulation import Report, simulate
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


def run_simulate(files: Files, changes: dict[str, int | None], *, at: datetime | None, as_json: bool) -> ExitCode:
    """Simulate; 1 when a promise was broken, with the command that plays the same run again."""
    scenario = read_scenario(files.scenario, **changes)
    session = Session.begin(at)
    # Without --at a run begins at the present UTC midnight, so that the replay's --at is short and exact.
    start = at or session.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    if at is None:
        note(f"simulating from {start:%Y-%m-%dT%H:%MZ} on")
    report = simulate(scenario, session.settings, start.replace(microsecond=0), users=files.users)
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
    sections = (
        (f"A DAY, OF {report.scenario.days}", report.costs()),
        ("LOAD", report.peaks()),
        ("PROMISES", report.promises()),
        ("SIMULATED OCCASIONS", report.outcomes()),
    )
    for title, rows in sections:
        output.line()
        output.table((title, ""), rows)
    output.line()
    header = ("LOCAL HOUR", "MORNING", "AFTERNOON", "EVENING")
    output.table(header, [(hour, *map(str, counts)) for hour, *counts in report.hours() if any(counts)])
    for example in report.findings.examples:
        output.line(example)
    output.line()
    output.line(f"{report.user_days_per_hour:,.0f} user-days an hour. The same again: {replay}")
