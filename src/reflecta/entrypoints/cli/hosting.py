"""The commands of whoever hosts the data: import and migrate."""

import asyncio
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
from reflecta.adapters.engines.pgqueue import PgQueue
from reflecta.adapters.stores.sql import SqlStore
from reflecta.adapters.stores.sql.inspection import missing_file
from reflecta.adapters.stores.sql.schema import REVISION
from reflecta.application.importing import Import, Imported, Progress, Watcher
from reflecta.bootstrap import Service
from reflecta.config import EngineName, Settings
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


def run_migrate(*, as_json: bool, check: bool) -> ExitCode:
    """Bring the schema up to date, the queue's tables included; with *check* only say whether it is."""
    session = Session.begin()
    before = asyncio.run(_revision(session.settings))
    if not check:
        asyncio.run(_migrate(session.settings))
    after = before if check else asyncio.run(_revision(session.settings))
    if as_json:
        write_json({"before": before, "after": after, "needed": REVISION, "isCurrent": after == REVISION})
    else:
        _print_revisions(session.output, before, after)
    return ExitCode.OK if after == REVISION else ExitCode.CONFIGURATION


async def _revision(settings: Settings) -> str | None:
    """Give the stored revision without making a database where there is none."""
    if missing_file(settings.database_url) is not None:
        return None
    store = SqlStore.at(settings.database_url)
    try:
        return await store.revision()
    finally:
        await store.aclose()


async def _migrate(settings: Settings) -> None:
    store = SqlStore.at(settings.database_url)
    try:
        await store.migrate()
    finally:
        await store.aclose()
    if settings.engine is EngineName.PGQUEUER:
        await _install_queue(settings)


async def _install_queue(settings: Settings) -> None:
    queue = PgQueue(settings.database_url, _Silent())
    try:
        await queue.install()
    finally:
        await queue.aclose()


class _Silent:
    """Telemetry of a command that says everything itself."""

    def event(self, name: str, **values: str | float | bool | None) -> None:
        """Record nothing."""


def _print_revisions(output: Output, before: str | None, after: str | None) -> None:
    if before == after == REVISION:
        output.line(f"The schema is up to date, at revision {REVISION}.")
    elif after == REVISION:
        output.line(f"The schema went from revision {before or 'none'} to {after}.")
    else:
        output.line(f"The schema is at revision {after or 'none'}, this version needs {REVISION}: run reflecta migrate")
