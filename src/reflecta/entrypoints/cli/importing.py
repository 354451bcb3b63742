"""The command that brings in the host app's data from a file."""

import shutil
import stat
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from reflecta.adapters.documents import numbered_lines, parse_line
from reflecta.application.importing import Import, Imported, Progress, Watcher
from reflecta.bootstrap import Service
from reflecta.domain.errors import InvalidInput
from reflecta.entrypoints import views
from reflecta.entrypoints.cli.exits import ExitCode
from reflecta.entrypoints.cli.output import Output, note, write_json
from reflecta.entrypoints.cli.service import run
from reflecta.entrypoints.cli.session import Session

_BAR: Final = 30


def run_import(file: str, *, as_json: bool, reschedule: bool) -> ExitCode:
    """Import JSON lines from a file, or from standard input for `-`. Bad lines are told, good ones kept."""
    session = Session.begin()
    # A line in the log for each user would bury the report; what goes wrong is still logged.
    session = replace(session, settings=session.settings.model_copy(update={"log_level": "warning"}))
    with _regular(file) as path:

        async def bring_in(service: Service) -> Imported:
            importing = Import(ingest=service.ingest, telemetry=service.telemetry, parse=parse_line)
            source = partial(numbered_lines, partial(path.open, "rb"))
            return await importing.run(source, reschedule=reschedule, on_progress=_watcher(path.stat().st_size))

        report = run(session, bring_in)
    if as_json:
        write_json(views.imported(report))
    else:
        _print_report(session.output, report)
    return ExitCode.FAILED if report.bad_lines else ExitCode.OK


@contextmanager
def _regular(file: str) -> Generator[Path]:
    """Give a file that can be read again: a pipe is kept on disk, readable by its owner alone, while it is needed."""
    if file != "-" and stat.S_ISREG(_mode(file)):
        yield Path(file)
        return
    with NamedTemporaryFile(prefix="reflecta-import-") as spool:
        if file == "-":
            shutil.copyfileobj(sys.stdin.buffer, spool)
        else:
            with Path(file).open("rb") as pipe:
                shutil.copyfileobj(pipe, spool)
        spool.flush()
        yield Path(spool.name)


def _mode(file: str) -> int:
    try:
        mode = Path(file).stat().st_mode
    except OSError as error:
        raise InvalidInput("FILE", f"{file!r} cannot be read ({error.strerror}); give a file of JSON lines") from error
    if stat.S_ISDIR(mode):
        raise InvalidInput("FILE", f"{file!r} is a folder; give a file of JSON lines, e.g. with `cat {file}/*.jsonl`")
    return mode


def _watcher(size: int) -> Watcher:
    """Show progress on a terminal; elsewhere nothing."""
    if not sys.stderr.isatty():
        return lambda _: None

    def show(progress: Progress) -> None:
        done = min(1.0, progress.bytes_read / max(1, size * progress.passes))
        bar = ("#" * round(done * _BAR)).ljust(_BAR, ".")
        sys.stderr.write(f"\r\x1b[Kimporting [{bar}] {done:4.0%}" + ("\n" if done >= 1 else ""))
        sys.stderr.flush()

    return show


def _print_report(output: Output, report: Imported) -> None:
    output.line(
        f"{report.lines} lines: {report.users} users, {report.entries} entries, {report.insights} insights stored"
    )
    if not report.bad_lines:
        return
    output.line(f"{report.bad_lines} lines were refused; mend them and import the file again, what is stored stays:")
    output.table(("LINE", "FIELD", "REASON"), [(str(bad.line), bad.field, bad.reason) for bad in report.bad])
    if len(report.bad) < report.bad_lines:
        note(f"the first {len(report.bad)} of them are shown")
