import json
import tracemalloc
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from itertools import product

import pytest
from tests.application.scene import WRITTEN, Scene, a_scene
from tests.builders import NOW
from tests.databases import dump

from reflecta.adapters.documents import parse_line
from reflecta.adapters.documents.instants import milliseconds
from reflecta.adapters.stores.sql.store import SqlStore
from reflecta.application.importing import MAX_LINE, BadLine, Import, Imported, Line, Progress
from reflecta.application.ingest import Ingest
from reflecta.application.ports.telemetry import Telemetry
from reflecta.domain.errors import StoreUnavailable
from reflecta.domain.model import Entry, OccasionState, User
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


def user_on(uid: str = "u", due: int | None = MS, window: str = "morning", zone: str = "Europe/Berlin") -> bytes:
    config = {"enableCoachingMessages": True, "coachingMessageTimePreference": window}
    return user(uid, coachingConfig=config, userTimezone=zone, nextCoachingMessageDue=due)


@asynccontextmanager
async def a_store() -> AsyncGenerator[SqlStore]:
    store = SqlStore.at("sqlite://")
    await store.open()
    yield store
    await store.aclose()


@pytest.fixture
async def store() -> AsyncGenerator[SqlStore]:
    async with a_store() as store:
        yield store


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
    assert [progress.passes for progress in told] == [3, 3, 2, 2, 2, 2]
    assert told[-1].bytes_read == 2 * sum(map(len, lines))


async def test_progress_counts_a_third_pass_where_a_new_user_is_switched_on(importer: Import) -> None:
    told: list[Progress] = []
    lines = [user_on(), *(entry(f"e{n}") for n in range(6))]
    await importer.run(lambda: enumerate(lines, 1), on_progress=told.append)
    assert [progress.lines for progress in told] == [3, 6, 7, 9, 12, 14, 15, 18, 21, 21]
    assert {progress.passes for progress in told} == {3}
    assert told[-1].bytes_read == 3 * sum(map(len, lines))


async def test_only_counts_are_told_to_the_log(importer: Import, telemetry: RecordingTelemetry) -> None:
    await imported(importer, user(), b"secret")
    assert telemetry.events[-1] == ("import.finished", {"users": 1, "entries": 0, "insights": 0, "bad": 1})


async def test_told_to_reschedule_given_due_times_replace_stored_ones(store: SqlStore, importer: Import) -> None:
    await imported(importer, user_on(due=MS))
    await importer.run(lambda: enumerate([user_on(due=MS + 1000)], 1), reschedule=True)
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


@dataclass(frozen=True, kw_only=True)
class Disturbed(Ingest):
    """Lets something happen before each batch of entries is stored, and before each batch of users is admitted."""

    before_entries: Callable[[], Awaitable[None]]
    before_admitting: Callable[[], Awaitable[None]]

    async def upsert_entries(self, entries: Sequence[Entry]) -> Mapping[str, str]:
        await self.before_entries()
        return await super().upsert_entries(entries)

    async def admit(self, users: Sequence[User], *, reschedule: bool = False) -> None:
        await self.before_admitting()
        await super().admit(users, reschedule=reschedule)


async def nothing() -> None:
    """Leave the import alone."""


def disturbed(
    ingest: Ingest,
    *,
    before_entries: Callable[[], Awaitable[None]] = nothing,
    before_admitting: Callable[[], Awaitable[None]] = nothing,
) -> Ingest:
    parts = {part.name: getattr(ingest, part.name) for part in fields(Ingest)}
    return Disturbed(**parts, before_entries=before_entries, before_admitting=before_admitting)


def people(count: int = 7) -> list[bytes]:
    """Give users who are due at NOW and an entry of each; the last has no due time yet."""
    users = [user_on(f"u{n}", milliseconds(NOW) if n < count - 1 else None) for n in range(count)]
    return [*users, *(entry(f"e{n}", f"u{n}", content=WRITTEN) for n in range(count))]


async def tick_and_work(scene: Scene) -> Mapping[str, OccasionState]:
    """Do what a running service does; give the outcome of each user's newest occasion."""
    await scene.service.tick()
    for occasion in await scene.service.store.occasions():
        await scene.service.process(occasion.id)
    return {occasion.user_id: occasion.state for occasion in await scene.service.store.occasions()}


async def test_ticks_in_the_midst_of_an_import_find_nobody_whose_entries_are_not_there_yet() -> None:
    async with a_scene(None) as scene:
        seen: list[Mapping[str, OccasionState]] = []

        async def live() -> None:
            seen.append(await tick_and_work(scene))

        ingest = disturbed(scene.service.ingest, before_entries=live, before_admitting=live)
        report = await imported(Import(ingest=ingest, telemetry=scene.telemetry, parse=parse_line, batch=3), *people())
        sent = await tick_and_work(scene)
    assert (report.users, report.entries, report.bad_lines) == (7, 7, 0)
    assert [len(found) for found in seen] == [0, 0, 0, 0, 3, 6]  # those who were admitted have their entries
    assert sent == {f"u{n}": OccasionState.SENT for n in range(6)}


class CutOff:
    """Ends an import when it is asked for the *last* time."""

    def __init__(self, last: int) -> None:
        self._left = last

    async def __call__(self) -> None:
        self._left -= 1
        if not self._left:
            raise StoreUnavailable("gone")


@pytest.mark.parametrize(
    ("where", "at", "admitted"),
    [("before_entries", 1, 0), ("before_entries", 2, 0), ("before_admitting", 1, 0), ("before_admitting", 2, 3)],
)
async def test_an_import_that_was_cut_off_leaves_new_users_off_and_is_completed_by_another(
    store: SqlStore, importer: Import, where: str, at: int, admitted: int
) -> None:
    cut_off = disturbed(importer.ingest, **{where: CutOff(at)})
    with pytest.raises(StoreUnavailable):
        await imported(replace(importer, ingest=cut_off), *people())
    kept = await store.users()
    assert [user.preferences.enabled for user in kept] == [n < admitted for n in range(7)]
    assert [user.next_due_at for user in kept] == [NOW if n < admitted else None for n in range(7)]
    assert (await imported(importer, *people())).users == 7
    assert await dump(store) == await dump_of_undisturbed(importer.telemetry)


async def dump_of_undisturbed(telemetry: Telemetry) -> object:
    async with a_store() as other:
        ingest = Ingest(store=other, clock=FakeClock(AT), telemetry=telemetry)
        await imported(Import(ingest=ingest, telemetry=telemetry, parse=parse_line), *people())
        return await dump(other)


async def test_who_was_cut_off_still_waits_for_entries_when_the_import_is_run_again() -> None:
    async with a_scene(None) as scene:

        async def live() -> None:
            assert not await tick_and_work(scene)

        ingest = scene.service.ingest
        use = Import(ingest=disturbed(ingest, before_entries=CutOff(1)), telemetry=scene.telemetry, parse=parse_line)
        with pytest.raises(StoreUnavailable):
            await imported(use, *people())
        await imported(replace(use, ingest=disturbed(ingest, before_entries=live)), *people())
        assert set((await tick_and_work(scene)).values()) == {OccasionState.SENT}


async def test_who_is_stored_and_on_is_not_switched_off_meanwhile() -> None:
    async with a_scene(None) as scene:
        await imported(Import(ingest=scene.service.ingest, telemetry=scene.telemetry, parse=parse_line), *people())
        await scene.service.tick()
        states: list[OccasionState] = []

        async def look() -> None:
            states.extend(occasion.state for occasion in await scene.service.store.occasions())

        again = disturbed(scene.service.ingest, before_entries=look, before_admitting=look)
        lines = [*people(), user_on("new")]
        await imported(Import(ingest=again, telemetry=scene.telemetry, parse=parse_line), *lines)
    assert states == [OccasionState.QUEUED] * 12


async def test_the_source_is_read_a_third_time_only_if_somebody_waits(importer: Import) -> None:
    reads = [0, 0]
    for run in range(2):

        def source(run: int = run) -> Iterator[tuple[int, bytes]]:
            reads[run] += 1
            return enumerate(people(), 1)

        await importer.run(source)
    assert reads == [3, 2]


async def test_who_is_erased_in_the_midst_of_an_import_stays_erased(store: SqlStore, importer: Import) -> None:
    async def erase() -> None:
        for uid in {"u1", "u2"} & {user.id for user in await store.users()}:
            await importer.ingest.erase_user(uid)

    erasing = replace(importer, ingest=disturbed(importer.ingest, before_admitting=erase))
    assert (await imported(erasing, *people())).users == 7
    kept = await store.users()
    assert [user.id for user in kept] == ["u0", "u3", "u4", "u5", "u6"]
    assert all(user.preferences.enabled for user in kept)


async def test_each_bad_line_is_told_once_though_somebody_waits(importer: Import) -> None:
    lines = [user_on(), b"?", user("v", userTimezone=7), entry("e", uid="ghost"), entry("f")]
    assert await complaints(importer, *lines) == [(2, "line"), (3, "userTimezone"), (4, "uid")]


def lines_of(uid: str) -> Sequence[bytes]:
    """Give what a file may say of a user: on at two due times, without one, in no zone, off."""
    on = user_on(uid, MS), user_on(uid, MS + 1000, "evening"), user_on(uid, None)
    return [*on, user_on(uid, zone="Mars/Olympus"), user(uid, userTimezone="Europe/Berlin")]


@pytest.mark.parametrize("reschedule", [False, True])
async def test_lines_of_one_user_come_out_as_if_each_were_stored_in_its_turn(
    store: SqlStore, importer: Import, *, reschedule: bool
) -> None:
    """The first line of two in three users is stored before the import."""
    stories = [[lines_of(f"u{n}")[each] for each in told] for n, told in enumerate(product((0, 4), *[range(5)] * 3))]
    newcomers = [[lines_of(f"new{n}")[each] for each in told] for n, told in enumerate(product(range(5), repeat=3))]
    async with a_store() as other:
        one_by_one = replace(importer.ingest, store=other)
        for ingest in (importer.ingest, one_by_one):
            await ingest.upsert_users([as_user(story[0]) for story in stories])
        turns = list(zip(*(story[1:] for story in stories), *newcomers, strict=True))
        for turn in turns:
            await one_by_one.upsert_users([as_user(line) for line in turn], reschedule=reschedule)
        file = [line for turn in turns for line in turn]
        await replace(importer, batch=100).run(lambda: enumerate(file, 1), reschedule=reschedule)
        assert await dump(store) == await dump(other)


def as_user(text: bytes) -> User:
    noun = parse_line(text).read()
    assert isinstance(noun, User)
    return noun
