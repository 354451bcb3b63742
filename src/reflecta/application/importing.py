"""Imports a file of users, entries and insights, line by line, in any order. Knows neither files nor JSON.

The source is read twice, users first, so an entry may stand before its user. Who would come to be due by the import
waits until their entries are stored, else a tick meanwhile would find nothing to write about: a third pass admits
them. At most a few megabytes are in memory. Good lines are kept, bad ones are reported; importing the same file again
changes nothing, and completes an import that was cut off.
"""

import codecs
from array import array
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from reflecta.application.ingest import Ingest, can_be_due
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
# With a million users who wait, one line in five that switches somebody else off is stored once more in vain.
_MARKS: Final = 2**19


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
    """How far an import is: how many lines and bytes it has read in all of its passes over the source.

    *passes* is how many passes there will be: 3, or 2 from the end of the first pass on if nobody waits.
    """

    lines: int
    bytes_read: int
    passes: int


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
        """Import everything that *source* gives; it is called two or three times and must always give the same lines.

        *on_progress* is called after every batch of lines of each pass. `StoreUnavailable` ends the import; what
        was stored until then stays, new users switched off, and running it again stores the rest.
        """
        run = _Run(self.ingest, self.parse, self.batch, reschedule=reschedule)
        await run.read(source, on_progress, run.take_user)
        await run.read(source, on_progress, run.take_text)
        if run.somebody_waits:
            await run.read(source, on_progress, run.take_waiting)
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
    gathered: dict[str, tuple[int, T]] = field(default_factory=dict[str, tuple[int, T]])

    async def add(self, key: str, line: _Numbered, noun: T) -> None:
        # Within a batch the store keeps the last of one id; each line must have its own answer.
        if key in self.gathered or len(self.gathered) >= self.size or self.room < line.size:
            await self.flush()
        self.gathered[key] = (line.number, noun)
        self.room -= line.size

    async def flush(self) -> None:
        if not self.gathered:
            return
        refused = await self.store([noun for _, noun in self.gathered.values()])
        for key, reason in refused.items():
            self.refuse(self.gathered[key][0], InvalidInput(self.owner, reason))
        self.stored += len(self.gathered) - len(refused)
        self.gathered.clear()
        self.room = _BATCH_BYTES


class _Waiting:
    """The lines that are to be stored again once all entries are: 8 bytes each.

    These are the lines of users who wait, and later ones that switch such a user off again: stored in their order
    they have the outcome that they would have had at once. Who waits is told by one bit of a hash: two users who
    share it cost a line stored in vain.
    """

    def __init__(self) -> None:
        self._lines = array("Q")
        self._next = 0
        self._marks = bytearray(_MARKS)

    def __bool__(self) -> bool:
        return bool(self._lines)

    def note(self, number: int, user: User, *, waits: bool) -> None:
        """Keep a line's number if it must be stored again. Lines come in the order of the source."""
        place, bit = divmod(hash(user.id) % (8 * _MARKS), 8)
        if waits:
            self._marks[place] |= 1 << bit
        elif can_be_due(user) or not self._marks[place] >> bit & 1:
            return
        self._lines.append(number)

    def is_next(self, number: int) -> bool:
        """Say whether a line must be stored again; asked once for every line, in the order of the source."""
        found = self._next < len(self._lines) and self._lines[self._next] == number
        self._next += found
        return found


class _Run:
    """One import under way."""

    def __init__(self, ingest: Ingest, parse: Callable[[bytes], Line], size: int, *, reschedule: bool) -> None:
        async def upsert_users(users: Sequence[User]) -> Mapping[str, str]:
            waiting = await ingest.upsert_users(users, reschedule=reschedule, newcomers_wait=True)
            for number, user in self._users.gathered.values():
                self._waiting.note(number, user, waits=user.id in waiting)
            return {}

        async def admit(users: Sequence[User]) -> Mapping[str, str]:
            await ingest.admit(users, reschedule=reschedule)
            return {}

        self._parse = parse
        self._size = size
        self._waiting = _Waiting()
        self._is_first = True
        self._users = _Batch(upsert_users, "uid", size, self._refuse)
        self._admitted = _Batch(admit, "uid", size, self._refuse)
        self._entries = _Batch(ingest.upsert_entries, "uid", size, self._refuse)
        self._insights = _Batch(ingest.upsert_insights, "userId", size, self._refuse)
        self._lines = self._filled = self._bytes = self._bad_lines = 0
        self._bad: list[BadLine] = []

    @property
    def somebody_waits(self) -> bool:
        """Say whether a third pass is needed."""
        return bool(self._waiting)

    async def read(self, source: Source, on_progress: Watcher, take: Callable[[int, bytes], Awaitable[None]]) -> None:
        """Go through the source once and take what is of use in this pass."""
        for number, line in source():
            self._lines += 1
            self._bytes += len(line)
            text = line.removeprefix(codecs.BOM_UTF8).strip()
            if text:
                await take(number, text)
            if self._lines % self._size == 0:
                on_progress(self._progress())
        for batch in (self._users, self._entries, self._insights, self._admitted):
            await batch.flush()
        self._is_first = False
        on_progress(self._progress())

    async def take_user(self, number: int, text: bytes) -> None:
        """Count a line and store a user."""
        self._filled += 1
        parsed = self._parsed(number, text)
        if parsed is not None and parsed.is_user:
            await self._store(_Numbered(number, len(text)), parsed, self._users)

    async def take_text(self, number: int, text: bytes) -> None:
        """Store an entry or insights."""
        parsed = self._parsed(number, text)
        if parsed is not None and not parsed.is_user:
            await self._store(_Numbered(number, len(text)), parsed, self._users)

    async def take_waiting(self, number: int, text: bytes) -> None:
        """Store a user who waited."""
        parsed = self._parsed(number, text) if self._waiting.is_next(number) else None
        if parsed is not None:
            await self._store(_Numbered(number, len(text)), parsed, self._admitted)

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

    def _parsed(self, number: int, text: bytes) -> Line | None:
        try:
            return self._known(text)
        except InvalidInput as error:
            if self._is_first:  # later passes meet the same line again
                self._refuse(number, error)
            return None

    def _known(self, text: bytes) -> Line:
        if len(text) > MAX_LINE:
            raise InvalidInput("line", "is longer than 2 MB; write text as UTF-8, not as \\u escapes, or shorten it")
        return self._parse(text)

    async def _store(self, line: _Numbered, parsed: Line, users: _Batch[User]) -> None:
        try:
            noun = parsed.read()
        except InvalidInput as error:
            self._refuse(line.number, error)
            return
        match noun:
            case User():
                await users.add(noun.id, line, noun)
            case Entry():
                await self._entries.add(noun.id, line, noun)
            case Insights():
                await self._insights.add(noun.user_id, line, noun)

    def _refuse(self, number: int, error: InvalidInput) -> None:
        self._bad_lines += 1
        if len(self._bad) < _MAX_REPORTED:
            self._bad.append(BadLine(line=number, field=error.field, reason=error.reason))

    def _progress(self) -> Progress:
        passes = 3 if self._is_first or self._waiting else 2
        return Progress(lines=self._lines, bytes_read=self._bytes, passes=passes)
