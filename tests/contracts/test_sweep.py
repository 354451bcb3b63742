"""What `TickStore.sweep` promises: occasions whose window closed end, what waits is listed, no lease is broken."""

import asyncio
from datetime import datetime, timedelta

import pytest
from tests.builders import HOUR, NOW, REGULAR, WINDOW_END, a_forced_occasion, a_user
from tests.conftest import OpenStore
from tests.contracts.behind import lose_users
from tests.contracts.steps import add, in_work, occasion_of, queued, user_of
from tests.databases import Held, Place, held_open

from reflecta.application.ports.store import Slot, Store, Swept
from reflecta.domain.errors import LeaseLost
from reflecta.domain.model import OccasionState, Reason

MINUTE = timedelta(minutes=1)
AFTERWARDS = NOW + timedelta(days=2)
CLOSED = WINDOW_END + HOUR

several_kinds = pytest.mark.parametrize("place", ["file", "postgres"], indirect=True)
only_postgres = pytest.mark.parametrize("place", ["postgres"], indirect=True)


def afterwards(_slot: Slot, _due: datetime) -> datetime:
    return AFTERWARDS


async def sweep(store: Store, now: datetime, *, limit: int = 100) -> Swept:
    return await store.sweep(now, limit=limit, next_due=afterwards)


async def test_the_sweep_expires_a_queued_occasion_at_the_instant_its_window_closes(store: Store) -> None:
    occasion = await queued(store)
    assert (await sweep(store, WINDOW_END - MINUTE)).expired == []
    assert (await sweep(store, WINDOW_END)).expired == [occasion]
    ended = await occasion_of(store, occasion)
    assert (ended.state, ended.reason, ended.ended_at) == (
        OccasionState.EXPIRED,
        Reason.WINDOW_CLOSED,
        WINDOW_END,
    )


async def test_the_sweep_gives_the_user_of_an_expired_occasion_the_next_due_time(store: Store) -> None:
    await queued(store)
    told: list[tuple[Slot, datetime]] = []

    def next_due(slot: Slot, due: datetime) -> datetime:
        told.append((slot, due))
        return AFTERWARDS

    await store.sweep(CLOSED, limit=10, next_due=next_due)
    assert [(slot.user_id, slot.zone, due) for slot, due in told] == [("u1", "Europe/Berlin", NOW)]
    assert (await user_of(store)).next_due_at == AFTERWARDS


async def test_the_sweep_leaves_a_due_time_that_was_edited_meanwhile(store: Store) -> None:
    occasion = await queued(store)
    await add(store, a_user(next_due_at=REGULAR + HOUR))
    assert (await sweep(store, CLOSED)).expired == [occasion]
    assert (await user_of(store)).next_due_at == REGULAR + HOUR


async def test_the_sweep_gives_no_due_time_to_a_user_switched_off_meanwhile(store: Store) -> None:
    occasion = await queued(store)
    await add(store, a_user(enabled=False, next_due_at=REGULAR))
    assert (await sweep(store, CLOSED)).expired == [occasion]
    assert (await user_of(store)).next_due_at == REGULAR


async def test_the_sweep_expires_the_occasion_of_a_user_who_is_gone(store: Store) -> None:
    occasion = await queued(store)
    await lose_users(store)
    assert (await sweep(store, CLOSED)).expired == [occasion]


async def test_a_user_of_unknown_zone_does_not_keep_the_sweep_from_the_others(store: Store) -> None:
    lost, other = await queued(store, a_user("lost", timezone="Mars/Phobos")), await queued(store, a_user("u1"))

    def next_due(slot: Slot, _due: datetime) -> datetime:
        return {"Europe/Berlin": AFTERWARDS}[slot.zone]

    swept = await store.sweep(CLOSED, limit=10, next_due=next_due)
    assert sorted(swept.expired) == sorted([lost, other])
    assert (await user_of(store, "lost")).next_due_at is None
    assert (await user_of(store)).next_due_at == AFTERWARDS


async def test_the_sweep_expires_an_occasion_whose_lease_ran_out_with_its_window(store: Store) -> None:
    occasion = await in_work(store)
    assert (await sweep(store, CLOSED)).expired == [occasion]
    with pytest.raises(LeaseLost):
        await store.release(occasion, token="t1")


async def test_the_sweep_leaves_work_under_a_live_lease_even_past_its_window(store: Store) -> None:
    occasion = await in_work(store)
    await store.renew(["t1"], until=CLOSED + MINUTE)
    assert await sweep(store, CLOSED) == Swept(waiting=[], expired=[])
    await store.release(occasion, token="t1")


async def test_a_forced_occasion_never_expires(store: Store) -> None:
    await add(store, a_user())
    forced = a_forced_occasion()
    await store.force(forced)
    assert await sweep(store, CLOSED + timedelta(days=30)) == Swept(waiting=[forced.id], expired=[])


async def test_an_ended_occasion_is_swept_no_more(store: Store) -> None:
    await queued(store)
    await sweep(store, CLOSED)
    assert await sweep(store, CLOSED) == Swept(waiting=[], expired=[])


async def test_the_sweep_lists_waiting_occasions_earliest_window_end_first_and_forced_ones_before_all(
    store: Store,
) -> None:
    late = await queued(store, a_user("late"), window_ends_at=WINDOW_END + HOUR)
    early = await queued(store, a_user("early"), window_ends_at=WINDOW_END)
    await add(store, a_user("forced"))
    forced = a_forced_occasion("forced")
    await store.force(forced)
    assert (await sweep(store, NOW)).waiting == [forced.id, early, late]


async def test_the_sweep_lists_an_occasion_only_when_it_may_start(store: Store) -> None:
    occasion = await in_work(store)
    await store.retry_later(occasion, token="t1", at=NOW + HOUR, detail="503")
    assert (await sweep(store, NOW + HOUR - MINUTE)).waiting == []
    assert (await sweep(store, NOW + HOUR)).waiting == [occasion]


async def test_the_sweep_returns_an_occasion_whose_lease_ran_out_to_the_queue(store: Store) -> None:
    occasion = await in_work(store)
    assert (await sweep(store, NOW + MINUTE - timedelta(seconds=1))).waiting == []
    assert (await sweep(store, NOW + MINUTE)).waiting == [occasion]
    assert (await occasion_of(store, occasion)).state is OccasionState.QUEUED
    with pytest.raises(LeaseLost):
        await store.release(occasion, token="t1")


async def test_the_sweep_lists_and_ends_at_most_its_limit_the_earliest_windows_first(store: Store) -> None:
    ids = [await queued(store, a_user(f"u{n}"), window_ends_at=WINDOW_END + (5 - n) * MINUTE) for n in range(5)]
    assert (await sweep(store, NOW, limit=2)).waiting == [ids[4], ids[3]]
    assert (await sweep(store, CLOSED, limit=2)).expired == [ids[4], ids[3]]


@several_kinds
async def test_sweeps_at_once_end_each_occasion_once(open_store: OpenStore) -> None:
    stores = [await open_store() for _ in range(4)]
    ids = [await queued(stores[0], a_user(f"u{n:02}")) for n in range(20)]
    swept = await asyncio.gather(*(sweep(store, CLOSED) for store in stores))
    assert sorted(occasion for one in swept for occasion in one.expired) == sorted(ids)


@only_postgres
async def test_a_sweep_and_an_import_of_the_same_users_do_not_lock_each_other_out(store: Store, place: Place) -> None:
    await queued(store, a_user("a"), window_ends_at=WINDOW_END)
    await queued(store, a_user("b"), window_ends_at=WINDOW_END - MINUTE)
    import_holds_a = asyncio.Event()

    async def import_both(held: Held) -> None:
        await held.execute("SELECT id FROM users WHERE id = 'a' FOR UPDATE")
        import_holds_a.set()
        await held.someone_waits()
        await held.execute("SELECT id FROM users WHERE id = 'b' FOR UPDATE")

    importing = asyncio.create_task(held_open(place.url, import_both))
    await import_holds_a.wait()
    assert len((await sweep(store, CLOSED)).expired) == 2
    await importing
