"""Who has no due time is found, whether it is null, missing or no number, in whatever number, also after a restart."""

from datetime import timedelta

import pytest
from tests.adapters.stores.firestore.conftest import Another
from tests.builders import NOW, REGULAR
from tests.legacy import a_document, get, put

from reflecta.adapters.stores.firestore import FirestoreStore
from reflecta.adapters.stores.firestore.backfill import PAGES_A_TICK
from reflecta.testing import FakeClock

DUE = "nextCoachingMessageDue"
REGULAR_MS = int(REGULAR.timestamp() * 1000)


async def schedule(store: FirestoreStore, page: int = 500, *, pages: int = 10_000) -> list[str]:
    """Do what a tick does: give all who are found their first due time; give who they were."""
    found: list[str] = []
    last = ""
    for _ in range(pages):
        slots = await store.unscheduled(page, after=last)
        if not slots:
            break
        last = slots[-1].user_id
        found += [slot.user_id for slot in slots]
        await store.set_first_due({slot.user_id: REGULAR for slot in slots})
    return found


async def test_null_and_missing_are_both_found_and_each_once(store: FirestoreStore) -> None:
    await put(store, "users", {"null": a_document("null", {DUE: None}), "missing": a_document("missing")})
    await put(store, "users", {"off": a_document("off", enabled=False), "set": a_document("set", {DUE: 1})})
    await put(store, "users", {"zoneless": a_document("zoneless", {"userTimezone": "Mars/Phobos"})})
    assert sorted(await schedule(store)) == ["missing", "null"]
    assert [(await get(store, "users", uid))[DUE] for uid in ("null", "missing")] == [REGULAR_MS] * 2
    assert await schedule(store) == []


@pytest.mark.parametrize(
    "written",
    ["2026-03-11T08:00:00Z", REGULAR, {"_seconds": REGULAR_MS // 1000, "_nanoseconds": 0}, float(REGULAR_MS)],
    ids=["text", "Timestamp", "map", "float"],
)
async def test_a_due_time_in_another_form_becomes_the_number_that_it_means(
    store: FirestoreStore, written: object
) -> None:
    await put(store, "users", {"u1": a_document("u1", {DUE: written})})
    await schedule(store)
    assert (await get(store, "users", "u1"))[DUE] == REGULAR_MS


async def test_a_due_time_that_is_no_instant_counts_as_none(store: FirestoreStore) -> None:
    await put(store, "users", {"u1": a_document("u1", {DUE: "soon"})})
    assert await schedule(store) == []
    assert await schedule(store) == ["u1"]


async def test_ten_thousand_documents_are_found_a_stretch_a_tick_also_after_restarts(another: Another) -> None:
    store = await another()
    await put(store, "users", {f"u{n:05}": a_document(f"u{n:05}") for n in range(10_000)})
    found: list[str] = []
    ticks = 0
    while len(found) < 10_000:
        store = await another()  # as if every tick were a process of its own
        new = await schedule(store, page=200)
        assert len(new) == 200 * PAGES_A_TICK
        found += new
        ticks += 1
    assert sorted(found) == [f"u{n:05}" for n in range(10_000)]
    assert ticks == 5


async def test_a_walk_that_was_broken_off_misses_nobody(another: Another) -> None:
    store = await another()
    await put(store, "users", {f"u{n}": a_document(f"u{n}") for n in range(9)})
    await store.unscheduled(2)  # read, and the process died before it could set them
    store = await another()
    assert sorted(await schedule(store, page=2)) == [f"u{n}" for n in range(9)]


async def test_between_two_walks_only_what_changed_is_read(store: FirestoreStore, clock: FakeClock) -> None:
    await put(store, "users", {f"u{n:03}": a_document(f"u{n:03}", {DUE: 1}) for n in range(300)})
    await schedule(store)
    before = store.wire.read
    assert await schedule(store) == []
    assert store.wire.read - before <= 3
    clock.advance(timedelta(hours=1))
    await put(store, "users", {"new": a_document("new", {"updatedAt": clock.now()})})
    assert await schedule(store) == ["new"]
    assert store.wire.read - before <= 9


async def test_the_next_day_everybody_is_looked_at_again(store: FirestoreStore, clock: FakeClock) -> None:
    await put(store, "users", {"u1": a_document("u1", {DUE: 1})})
    await schedule(store)
    await put(store, "users", {"silent": a_document("silent")})  # an app that keeps no updatedAt
    assert await schedule(store) == []
    clock.advance(timedelta(days=1))
    assert await schedule(store) == ["silent"]


async def test_a_due_time_that_the_app_set_meanwhile_stays(store: FirestoreStore) -> None:
    await put(store, "users", {"u1": a_document("u1")})
    (slot,) = await store.unscheduled(10)
    await put(store, "users", {"u1": a_document("u1", {DUE: 5})})
    assert await store.set_first_due({slot.user_id: NOW}) == 0
    assert (await get(store, "users", "u1"))[DUE] == 5
