import json
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from reflecta.adapters.documents import parse_line
from reflecta.adapters.stores.sql.store import SqlStore
from reflecta.application.importing import MAX_LINE, BadLine, Import, Imported, Line, Progress
from reflecta.application.ingest import Ingest
from reflecta.domain.model import Entry
from reflecta.testing import FakeClock, RecordingTelemetry

AT = datetime(2026, 3, 1, tzinfo=UTC)
MS = 1_770_000_000_000


def line(kind: str, **fields: object) -> bytes:
    return json.dumps({"type": kind, **fields}).encode()


def user(uid: str = "u", **fields: object) -> bytes:
    return line("user", uid=uid, **fields)


def entry(entry_id: str, uid: str = "u", **fields: object) -> bytes:
    return line("entry", **{"id": entry_id, "uid": uid, "timestamp": MS, **fields})


def insight(uid: str = "u") -> bytes:
    return line("insight", userId=uid, plan={"headline": "Swim"})


@pytest.fixture
async def store() -> AsyncIterator[SqlStore]:
    store = SqlStore.at("sqlite://")
    await store.open()
    yield store
    await store.aclose()


@pytest.fixture
def telemetry() -> RecordingTelemetry:
    return RecordingTelemetry()


@pytest.fixture
def importer(store: SqlStore, telemetry: RecordingTelemetry) -> Import:
    ingest = Ingest(store=store, clock=FakeClock(AT), telemetry=telemetry)
    return Import(ingest=ingest, telemetry=telemetry, parse=parse_line, batch=3)


async def imported(importer: Import, *lines: bytes) -> Imported:
    return await importer.run(lambda: enumerate(lines, 1))


async def complaints(importer: Import, *lines: bytes) -> list[tuple[int, str]]:
    return [(bad.line, bad.field) for bad in (await imported(importer, *lines)).bad]


async def test_users_entries_and_insights_are_stored_and_counted(store: SqlStore, importer: Import) -> None:
    report = await imported(importer, user(), entry("e1"), entry("e2"), insight())
    assert report == Imported(lines=4, users=1, entries=2, insights=1)
    assert await store.insights("u") is not None


async def test_an_entry_may_stand_before_its_user(importer: Import) -> None:
    assert await imported(importer, entry("e"), insight(), user()) == Imported(lines=3, users=1, entries=1, insights=1)


async def test_importing_again_changes_nothing(store: SqlStore, importer: Import) -> None:
    lines = [user(), *(entry(f"e{n}", content=f"day {n}") for n in range(7))]
    first = await imported(importer, *lines)
    kept = await store.user("u")
    assert (await imported(importer, *lines), await store.user("u")) == (first, kept)
    assert kept is not None
    assert kept.entry_count == 7


async def test_of_lines_with_one_id_the_last_counts(store: SqlStore, importer: Import) -> None:
    lines = [user(firstName="Old"), user(firstName="New"), entry("e", content="old"), entry("e", content="new")]
    assert (await imported(importer, *lines)).entries == 2
    kept, named = await store.entry("e"), await store.user("u")
    assert kept is not None
    assert named is not None
    assert (kept.text, named.first_name) == ("new", "New")


async def test_a_bad_line_of_any_kind_is_told_by_number_and_field_and_the_good_ones_are_kept(importer: Import) -> None:
    lines = [
        user(),
        b"{",
        b"\xff",
        b"[" * 5000,
        b'{"type": "goal"}',
        user("v", coachingConfig={"challengeDegree": "brutal"}),
        entry("e1", timestamp="2026-01-01T00:00:00"),
        line("insight", userId="u", plan={"headline": 7}),
        entry("e2"),
    ]
    report = await imported(importer, *lines)
    assert [bad.line for bad in report.bad] == [2, 3, 4, 5, 6, 7, 8]
    assert [bad.field for bad in report.bad] == [
        *["line"] * 3,
        "type",
        "coachingConfig.challengeDegree",
        "timestamp",
        "plan.headline",
    ]
    assert (report.users, report.entries, report.bad_lines) == (1, 1, 7)


async def test_an_entry_of_an_unknown_user_is_a_bad_line(importer: Import) -> None:
    report = await imported(importer, entry("e", uid="ghost"), insight("ghost"))
    reason = "user 'ghost' is not known; send the user first"
    assert report.bad == (
        BadLine(line=1, field="uid", reason=reason),
        BadLine(line=2, field="userId", reason=reason),
    )


async def test_a_refused_line_does_not_take_another_line_with_its_id_along(store: SqlStore, importer: Import) -> None:
    assert await complaints(importer, user(), entry("e"), entry("e", uid="ghost")) == [(3, "uid")]
    assert await store.entry("e") is not None


async def test_a_line_that_is_too_long_is_bad_and_not_fatal(importer: Import) -> None:
    long = b'{"type": "entry", "content": "' + b"x" * MAX_LINE + b'"}'
    assert await complaints(importer, long, user()) == [(1, "line")]


async def test_blank_lines_byte_order_marks_and_windows_line_ends_are_fine(importer: Import) -> None:
    lines = [b"\xef\xbb\xbf\r\n", b"\xef\xbb\xbf" + user() + b"\r\n", b"\r\n", b"  \n", entry("e") + b"\r\n"]
    assert await imported(importer, *lines) == Imported(lines=2, users=1, entries=1)


async def test_of_very_many_bad_lines_the_first_thousand_are_listed_and_all_are_counted(importer: Import) -> None:
    report = await imported(importer, *[b"?"] * 1500)
    assert (len(report.bad), report.bad_lines, report.lines) == (1000, 1500, 1500)


async def test_progress_counts_lines_and_bytes_of_both_passes(importer: Import) -> None:
    told: list[Progress] = []
    lines = [user(), *(entry(f"e{n}") for n in range(6))]
    await importer.run(lambda: enumerate(lines, 1), on_progress=told.append)
    assert [progress.lines for progress in told] == [3, 6, 7, 9, 12, 14]
    assert told[-1].bytes_read == 2 * sum(map(len, lines))


async def test_only_counts_are_told_to_the_log(importer: Import, telemetry: RecordingTelemetry) -> None:
    await imported(importer, user(), b"secret")
    assert telemetry.events[-1] == ("import.finished", {"users": 1, "entries": 0, "insights": 0, "bad": 1})


async def test_told_to_reschedule_given_due_times_replace_stored_ones(store: SqlStore, importer: Import) -> None:
    def due(ms: int) -> bytes:
        config = {"enableCoachingMessages": True}
        return user(coachingConfig=config, userTimezone="Europe/Berlin", nextCoachingMessageDue=ms)

    await imported(importer, due(MS))
    await importer.run(lambda: enumerate([due(MS + 1000)], 1), reschedule=True)
    kept = await store.user("u")
    assert kept is not None
    assert kept.next_due_at == datetime.fromtimestamp(MS / 1000 + 1, UTC)


def as_entry(text: bytes) -> Line:
    content = text.decode()
    noun = Entry(id=content[:9], user_id="ghost", content=content, text="", written_at=AT, updated_at=AT)
    return Line(is_user=False, read=lambda: noun)


async def test_a_source_is_streamed_and_never_held_in_memory(importer: Import) -> None:
    def source() -> Iterator[tuple[int, bytes]]:
        for number in range(30):
            yield number + 1, f"{number:09}".encode() + b"x" * 1_000_000

    tracemalloc.start()
    report = await replace(importer, parse=as_entry, batch=500).run(source)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert report.bad_lines == 30
    assert peak < 12_000_000
