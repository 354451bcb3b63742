"""Imports a file of users, entries and insights, line by line, in any order. Knows neither files nor JSON.

The source is read twice, users first, so an entry may stand before its user; at most a few megabytes are in memory.
Good lines are kept, bad ones are reported; importing the same file again changes nothing.
"""

import codecs
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from reflecta.application.ingest import Ingest
from reflecta.application.ports.telemetry import Telemetry
from reflecta.domain.errors import InvalidInput
from reflecta.domain.model import Entry, Insights, User

Record = User | Entry | Insights
T = TypeVar("T", User, Entry, Insights)

# Twice the longest entry, in bytes.
MAX_LINE: Final = 2 * 2**20
_BATCH: Final = 500
# A batch of the longest entries would fill half a gigabyte.
_BATCH_BYTES: Final = 4 * 2**20
_MAX_REPORTED: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line whose kind is known; *read* gives its noun or raises `InvalidInput`."""

    is_user: bool
    read: Callable[[], Record]


@dataclass(frozen=True, slots=True, kw_only=True)
class BadLine:
    """A line that was not imported. *field* is in the guide's words; *reason* never quotes a journal."""

    line: int
    field: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did: lines that are not blank, lines stored by kind, and lines refused.

    *bad* lists the first 1,000 found, by line number; *bad_lines* counts all.
    """

    lines: int = 0
    users: int = 0
    entries: int = 0
    insights: int = 0
    bad_lines: int = 0
    bad: Sequence[BadLine] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an import is: of two passes over the source, how many lines and bytes it has read in all."""

    lines: int
    bytes_read: int


Source = Callable[[], Iterator[tuple[int, bytes]]]
Watcher = Callable[[Progress], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """Brings the lines of a source into the store, *batch* at a time; *parse* tells a line's kind."""

    ingest: Ingest
    telemetry: Telemetry
    parse: Callable[[bytes], Line]
    batch: int = _BATCH

    async def run(self, source: Source, *, reschedule: bool = False, on_progress: Watcher = lambda _: None) -> Imported:
        """Import everything that *source* gives; it is called twice and must give the same lines both times.

        *on_progress* is called after every batch of lines of each pass. `StoreUnavailable` ends the import; what
        was stored until then stays, and running it again is safe.
        """
        run = _Run(self.ingest, self.parse, self.batch, reschedule=reschedule)
        for users in (True, False):
            await run.read(source, on_progress, users=users)
        report = run.report()
        self.telemetry.event(
            "import.finished",
            users=report.users,
            entries=report.entries,
            insights=report.insights,
            bad=report.bad_lines,
        )
        return report


@dataclass(frozen=True, slots=True)
class _Numbered:
    number: int
    size: int


@dataclass
class _Batch(Generic[T]):
    """Collects nouns of one kind with their lines and stores them; *owner* is the field that refusals are about."""

    store: Callable[[Sequence[T]], Awaitable[Mapping[str, str]]]
    owner: str
    size: int
    refuse: Callable[[int, InvalidInput], None]
    stored: int = 0
    room: int = _BATCH_BYTES
    waiting: dict[str, tuple[int, T]] = field(default_factory=dict[str, tuple[int, T]])

    async def add(self, key: str, line: _Numbered, noun: T) -> None:
        # Within a batch the store keeps the last of one id; each line must have its own answer.
        if key in self.waiting or len(self.waiting) >= self.size or self.room < line.size:
            await self.flush()
        self.waiting[key] = (line.number, noun)
        self.room -= line.size

    async def flush(self) -> None:
        if not self.waiting:
            return
        refused = await self.store([noun for _, noun in self.waiting.values()])
        for key, reason in refused.items():
            self.refuse(self.waiting[key][0], InvalidInput(self.owner, reason))
        self.stored += len(self.waiting) - len(refused)
        self.waiting.clear()
        self.room = _BATCH_BYTES


class _Run:
    """One import under way."""

    def __init__(self, ingest: Ingest, parse: Callable[[bytes], Line], size: int, *, reschedule: bool) -> None:
        async def upsert_users(users: Sequence[User]) -> Mapping[str, str]:
            await ingest.upsert_users(users, reschedule=reschedule)
            return {}

        self._parse = parse
        self._size = size
        self._users = _Batch(upsert_users, "uid", size, self._refuse)
        self._entries = _Batch(ingest.upsert_entries, "uid", size, self._refuse)
        self._insights = _Batch(ingest.upsert_insights, "userId", size, self._refuse)
        self._lines = self._filled = self._bytes = self._bad_lines = 0
        self._bad: list[BadLine] = []

    async def read(self, source: Source, on_progress: Watcher, *, users: bool) -> None:
        """Go through the source once: for its users and its unreadable lines, or for everything else."""
        for number, line in source():
            self._lines += 1
            self._bytes += len(line)
            await self._take(number, line, users=users)
            if self._lines % self._size == 0:
                on_progress(self._progress())
        await self._users.flush()
        await self._entries.flush()
        await self._insights.flush()
        on_progress(self._progress())

    def report(self) -> Imported:
        """Say what was done."""
        return Imported(
            lines=self._filled,
            users=self._users.stored,
            entries=self._entries.stored,
            insights=self._insights.stored,
            bad_lines=self._bad_lines,
            bad=tuple(sorted(self._bad, key=lambda bad: bad.line)),
        )

    async def _take(self, number: int, line: bytes, *, users: bool) -> None:
        text = line.removeprefix(codecs.BOM_UTF8).strip()
        if not text:
            return
        self._filled += users
        try:
            parsed = self._parsed(text)
        except InvalidInput as error:
            if users:  # the second pass meets the same line again
                self._refuse(number, error)
            return
        if parsed.is_user is users:
            await self._store(_Numbered(number, len(text)), parsed)

    def _parsed(self, text: bytes) -> Line:
        if len(text) > MAX_LINE:
            raise InvalidInput("line", "is longer than 2 MB; write text as UTF-8, not as \\u escapes, or shorten it")
        return self._parse(text)

    async def _store(self, line: _Numbered, parsed: Line) -> None:
        try:
            noun = parsed.read()
        except InvalidInput as error:
            self._refuse(line.number, error)
            return
        match noun:
            case User():
                await self._users.add(noun.id, line, noun)
            case Entry():
                await self._entries.add(noun.id, line, noun)
            case Insights():
                await self._insights.add(noun.user_id, line, noun)

    def _refuse(self, number: int, error: InvalidInput) -> None:
        self._bad_lines += 1
        if len(self._bad) < _MAX_REPORTED:
            self._bad.append(BadLine(line=number, field=error.field, reason=error.reason))

    def _progress(self) -> Progress:
        return Progress(lines=self._lines, bytes_read=self._bytes)
