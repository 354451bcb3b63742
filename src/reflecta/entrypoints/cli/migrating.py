"""The commands that bring a schema up to date, print the indexes of Firestore, and copy one store to another."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from reflecta.adapters.clock import SystemClock
from reflecta.adapters.engines.pgqueue import PgQueue
from reflecta.adapters.stores import firestore_indexes, is_firestore, store_at
from reflecta.adapters.stores.sql import SqlStore
from reflecta.adapters.stores.sql.inspection import missing_file
from reflecta.adapters.stores.sql.schema import REVISION
from reflecta.application.copying import KINDS, Copied, Copy
from reflecta.config import EngineName, Settings
from reflecta.domain.errors import InvalidInput
from reflecta.entrypoints.cli.exits import ExitCode
from reflecta.entrypoints.cli.output import Output, note, write, write_json
from reflecta.entrypoints.cli.session import Session
from reflecta.entrypoints.cli.settings import masked_url

_NO_SCHEMA: Final = "Firestore has no schema; its indexes are printed by: reflecta migrate indexes"
_REFUSED_SHOWN: Final = 20


def run_migrate(*, as_json: bool, check: bool) -> ExitCode:
    """Bring the schema up to date, the queue's tables included; with *check* only say whether it is."""
    session = Session.begin()
    if is_firestore(session.settings.database_url):
        if as_json:
            write_json({"before": None, "after": None, "needed": None, "isCurrent": True})
        else:
            session.output.line(_NO_SCHEMA)
        return ExitCode.OK
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


def show_indexes() -> ExitCode:
    """Print the content of firestore.indexes.json, as this version needs it."""
    write(json.dumps(firestore_indexes(), indent=2))
    return ExitCode.OK


def run_copy(source: str, target: str, *, progress: Path, as_json: bool) -> ExitCode:
    """Copy everything from one store to another; goes on where a copy of the same two was broken off."""
    session = Session.begin()
    if masked_url(source) == masked_url(target):
        raise InvalidInput("TARGET", "is the source as well; name another database")
    kept = _Progress(path=progress, source=masked_url(source), target=masked_url(target))
    copied = kept.read()
    if copied.last:
        note(f"going on after user {copied.last!r}, where the last copy ended")
    asyncio.run(_copy(session.settings, (source, target), copied, kept))
    kept.remove()
    if as_json:
        write_json(_copy_view(copied))
    else:
        _print_copy(session.output, copied)
    return ExitCode.OK if copied.adds_up else ExitCode.FAILED


async def _copy(settings: Settings, urls: tuple[str, str], copied: Copied, kept: "_Progress") -> None:
    clock = SystemClock()
    source, target = (
        store_at(
            settings.model_copy(update={"database_url": url}).store_url,
            clock=clock,
            migrate=is_target and settings.migrate,
            pool_size=settings.database_pool,
            credentials=settings.firestore_key,
        )
        for url, is_target in zip(urls, (False, True), strict=True)
    )
    try:
        await source.open()
        await target.open()
        await Copy(source=source, target=target, clock=clock)(copied, tell=kept.write)
    finally:
        await source.aclose()
        await target.aclose()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Progress:
    """The file in which a copy keeps how far it is, as long as it is not done."""

    path: Path
    source: str
    target: str

    def read(self) -> Copied:
        if not self.path.exists():
            return Copied()
        try:
            found: Mapping[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
            is_same = (found["source"], found["target"]) == (self.source, self.target)
            copied = Copied(
                read=Counter(found["read"]),
                arrived=Counter(found["arrived"]),
                refused=dict(found["refused"]),
                last=found["last"],
                open=found["open"],
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InvalidInput("--progress", f"{str(self.path)!r} is no progress of a copy; name another") from error
        if not is_same:
            text = f"{str(self.path)!r} belongs to a copy from {found['source']} to {found['target']}; name another"
            raise InvalidInput("--progress", text)
        return copied

    def write(self, copied: Copied) -> None:
        """Keep how far it is, whole or not at all."""
        document = {"source": self.source, "target": self.target, **_copy_view(copied), "last": copied.last}
        new = self.path.with_name(f"{self.path.name}.new")
        new.write_text(json.dumps(document), encoding="utf-8")
        new.replace(self.path)

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)


def _copy_view(copied: Copied) -> Mapping[str, object]:
    return {
        "addsUp": copied.adds_up,
        "read": {kind: copied.read[kind] for kind in KINDS},
        "arrived": {kind: copied.arrived[kind] for kind in KINDS},
        "refused": copied.refused,
        "open": copied.open,
    }


def _print_copy(output: Output, copied: Copied) -> None:
    rows = [(kind, f"{copied.read[kind]:,}", f"{copied.arrived[kind]:,}") for kind in KINDS]
    output.table(("KIND", "READ", "ARRIVED"), rows)
    if copied.open:
        output.line(
            f"{copied.open} occasions were under way and stay behind: stop the source's ticks, let its workers finish, "
            "and copy again."
        )
    for what, why in list(copied.refused.items())[:_REFUSED_SHOWN]:
        output.line(f"refused {what}: {why}")
    output.line("Everything arrived." if copied.adds_up else "Not everything arrived: see the lines above.")
