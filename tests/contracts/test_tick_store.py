"""What `TickStore` promises to the tick, kept by every store."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.builders import HOUR, NOW, REGULAR, WINDOW_END, a_user
from tests.conftest import OpenStore
from tests.contracts.processes import race
from tests.contracts.steps import UNTIL, add, claim, in_work, occasion_of, queue_it, queued, user_of
from tests.databases import Held, Place, held_open

from reflecta.adapters.stores.sql import SqlStore
from reflecta.application.ports.store import ClaimPlan, Slot, Store, TickRecord
from reflecta.domain.model import Cadence, OccasionState, Reason, Window, occasion_id

AFTERWARDS = NOW + timedelta(days=2)

several_kinds = pytest.mark.parametrize("place", ["file", "postgres"], indirect=True)
only_file = pytest.mark.parametrize("place", ["file"], indirect=True)
only_postgres = pytest.mark.parametrize("place", ["postgres"], indirect=True)


def defer(_slot: Slot) -> ClaimPlan:
    return ClaimPlan(next_due_at=REGULAR, reason=Reason.OUTSIDE_WINDOW)


# --- unscheduled, set_first_due


async def test_unscheduled_lists_enabled_users_of_known_zone_who_have_no_due_time(store: Store) -> None:
    off = a_user("off", enabled=False, next_due_at=None)
    await add(store, a_user("fits", next_due_at=None), off, a_user("zoneless", next_due_at=None, timezone=None))
    await add(store, a_user("scheduled"))
    slots = await store.unscheduled(10)
    assert slots == [Slot(user_id="fits", zone="Europe/Berlin", window=Window.MORNING, cadence=Cadence.DAILY)]


async def test_unscheduled_lists_at_most_its_limit(store: Store) -> None:
    await add(store, *(a_user(f"u{n}", next_due_at=None) for n in range(5)))
    assert len(await store.unscheduled(3)) == 3


async def test_a_first_due_time_is_set_where_there_is_none(store: Store) -> None:
    await add(store, a_user("u1", next_due_at=None), a_user("u2", next_due_at=None))
    assert await store.set_first_due({"u1": REGULAR, "u2": AFTERWARDS, "nobody": NOW}) == 2
    assert (await user_of(store, "u1")).next_due_at == REGULAR
    assert (await user_of(store, "u2")).next_due_at == AFTERWARDS


async def test_no_first_due_times_are_none_set(store: Store) -> None:
    assert await store.set_first_due({}) == 0


async def test_a_due_time_set_meanwhile_is_not_overwritten_by_a_first_one(store: Store) -> None:
    await add(store, a_user("u1", next_due_at=REGULAR))
    assert await store.set_first_due({"u1": AFTERWARDS}) == 0
    assert (await user_of(store)).next_due_at == REGULAR


async def test_a_user_switched_off_meanwhile_gets_no_first_due_time(store: Store) -> None:
    await add(store, a_user(enabled=False, next_due_at=None))
    assert await store.set_first_due({"u1": NOW}) == 0
    assert (await user_of(store)).next_due_at is None


# --- due


async def test_due_lists_enabled_users_up_to_the_instant_by_due_time(store: Store) -> None:
    await add(store, a_user("b", next_due_at=UNTIL), a_user("a", next_due_at=NOW), a_user("off", enabled=False))
    await add(store, a_user("late", next_due_at=UNTIL + timedelta(milliseconds=1)), a_user("none", next_due_at=None))
    assert [(slot.user_id, slot.due_at) for slot in await store.due(UNTIL, 10)] == [("a", NOW), ("b", UNTIL)]


async def test_due_lists_at_most_its_limit_the_longest_due_first(store: Store) -> None:
    await add(store, *(a_user(f"u{n}", next_due_at=NOW - n * HOUR) for n in range(5)))
    assert [slot.user_id for slot in await store.due(UNTIL, 2)] == ["u4", "u3"]


async def test_due_goes_on_after_a_user_by_due_time_and_then_by_id(store: Store) -> None:
    await add(store, *(a_user(u, next_due_at=NOW) for u in "cab"), a_user("0", next_due_at=UNTIL))
    pages: list[str] = []
    last: Slot | None = None
    for _ in range(4):
        (last,) = await store.due(UNTIL, 1, after=last)
        pages.append(last.user_id)
    assert pages == ["a", "b", "c", "0"]
    assert await store.due(UNTIL, 1, after=last) == []


async def test_due_gives_what_due_times_depend_on(store: Store) -> None:
    await add(store, a_user(window=Window.EVENING, cadence=Cadence.ONCE_A_WEEK))
    expected = Slot(user_id="u1", zone="Europe/Berlin", window=Window.EVENING, cadence=Cadence.ONCE_A_WEEK, due_at=NOW)
    assert await store.due(UNTIL, 1) == [expected]


# --- claim


async def test_a_claim_queues_an_occasion_and_moves_the_due_time(store: Store) -> None:
    await add(store, a_user())
    claimed = await claim(store, "u1")
    occasion = await occasion_of(store, occasion_id("u1", NOW))
    assert claimed.queued == claimed.to_enqueue == [occasion.id]
    assert (occasion.state, occasion.due_at, occasion.created_at) == (OccasionState.QUEUED, NOW, NOW)
    assert (await user_of(store)).next_due_at == REGULAR


async def test_an_occasion_keeps_what_its_claim_knew(store: Store) -> None:
    await add(store, a_user(window=Window.EVENING))
    await claim(store, "u1")
    occasion = await occasion_of(store, occasion_id("u1", NOW))
    assert (occasion.timezone, occasion.window) == ("Europe/Berlin", Window.EVENING)
    assert (occasion.window_ends_at, occasion.regular_due_at) == (WINDOW_END, REGULAR)
    assert (occasion.forced, occasion.tries, occasion.started_at) == (False, 0, None)


async def test_a_plan_with_a_reason_defers_at_once(store: Store) -> None:
    await add(store, a_user())
    claimed = await claim(store, "u1", plan=defer)
    occasion = await occasion_of(store, occasion_id("u1", NOW))
    assert (claimed.queued, claimed.to_enqueue, claimed.deferred) == ([], [], [occasion.id])
    assert (occasion.state, occasion.reason) == (OccasionState.DEFERRED, Reason.OUTSIDE_WINDOW)
    assert occasion.ended_at == NOW
    assert (await user_of(store)).next_due_at == REGULAR


async def test_a_claim_gives_ids_in_the_order_of_the_users_it_was_given(store: Store) -> None:
    await add(store, *(a_user(u) for u in "abcd"))
    claimed = await claim(store, "c", "a", "d", "b")
    assert claimed.queued == [occasion_id(u, NOW) for u in "cadb"]


async def test_a_claim_passes_over_users_who_are_no_longer_due(store: Store) -> None:
    await add(
        store, a_user("off", enabled=False), a_user("moved", next_due_at=REGULAR), a_user("none", next_due_at=None)
    )
    claimed = await claim(store, "off", "moved", "none", "gone")
    assert (claimed.queued, claimed.deferred, claimed.failed) == ([], [], [])
    assert await store.occasions() == []


async def test_a_claim_touches_only_the_users_it_was_given(store: Store) -> None:
    await add(store, a_user("u1"), a_user("u2"))
    await claim(store, "u1")
    assert (await user_of(store, "u2")).next_due_at == NOW


async def test_claiming_again_finds_nobody(store: Store) -> None:
    await add(store, a_user())
    await claim(store, "u1")
    assert (await claim(store, "u1")).queued == []
    assert len(await store.occasions()) == 1


async def test_an_occasion_of_the_same_due_time_is_not_repeated_but_the_due_time_moves(store: Store) -> None:
    first = await in_work(store)
    await store.retry_later(first, token="t1", at=WINDOW_END, detail="kept")
    await add(store, a_user())  # an edit that moves the due time back to where it was
    claimed = await claim(store, "u1")
    assert (claimed.queued, claimed.to_enqueue) == ([], [])
    assert (await occasion_of(store, first)).detail == "kept"
    assert (await user_of(store)).next_due_at == REGULAR


async def test_a_user_with_an_open_occasion_gets_no_second_one(store: Store) -> None:
    await queued(store, a_user(next_due_at=NOW - HOUR))
    await add(store, a_user())
    assert (await claim(store, "u1")).queued == []
    assert len(await store.occasions()) == 1
    assert (await user_of(store)).next_due_at == REGULAR


async def test_the_plan_is_told_of_an_open_occasion(store: Store) -> None:
    await queued(store, a_user(next_due_at=NOW - HOUR))
    await add(store, a_user("u1"), a_user("u2"))
    told: dict[str, bool] = {}

    def note(slot: Slot) -> ClaimPlan:
        told[slot.user_id] = slot.has_open_occasion
        return defer(slot)

    claimed = await claim(store, "u1", "u2", plan=note)
    assert told == {"u1": True, "u2": False}
    assert len(claimed.deferred) == 2


async def test_an_ended_occasion_is_no_open_one(store: Store) -> None:
    await add(store, a_user(next_due_at=NOW - HOUR))
    await claim(store, "u1", plan=defer)
    await add(store, a_user())
    told: list[bool] = []

    def note(slot: Slot) -> ClaimPlan:
        told.append(slot.has_open_occasion)
        return defer(slot)

    await claim(store, "u1", plan=note)
    assert told == [False]


async def test_a_user_of_unknown_zone_loses_the_due_time_and_nobody_else_is_touched(store: Store) -> None:
    await add(store, a_user("u1"), a_user("lost", timezone="Mars/Phobos"), a_user("u2"))

    def plan(slot: Slot) -> ClaimPlan:
        return {"Europe/Berlin": queue_it(slot)}[slot.zone]

    claimed = await claim(store, "u1", "lost", "u2", plan=plan)
    assert (claimed.failed, len(claimed.queued)) == (["lost"], 2)
    assert (await user_of(store, "lost")).next_due_at is None
    assert await store.open_occasion("lost") is None


async def test_a_user_without_a_zone_has_an_empty_one_in_the_plan(store: Store) -> None:
    await add(store, a_user(timezone=None))
    zones: list[str] = []

    def note(slot: Slot) -> ClaimPlan:
        zones.append(slot.zone)
        raise KeyError(slot.zone)

    assert (await claim(store, "u1", plan=note)).failed == ["u1"]
    assert zones == [""]


async def test_a_claim_whose_plan_breaks_leaves_everything_as_it_was(store: Store) -> None:
    await add(store, a_user("u1"), a_user("u2"))

    def plan(slot: Slot) -> ClaimPlan:
        if slot.user_id == "u2":
            raise ZeroDivisionError
        return queue_it(slot)

    with pytest.raises(ZeroDivisionError):
        await claim(store, "u1", "u2", plan=plan)
    assert await store.occasions() == []
    assert len((await claim(store, "u1", "u2")).queued) == 2


async def test_a_claim_of_nobody_does_nothing(store: Store) -> None:
    assert (await claim(store)).queued == []


@several_kinds
async def test_eight_claims_at_once_give_each_of_200_users_to_one_of_them(open_store: OpenStore) -> None:
    stores = [await open_store() for _ in range(8)]
    users = [f"u{n:03}" for n in range(200)]
    await add(stores[0], *(a_user(u) for u in users))
    claims = await asyncio.gather(*(claim(store, *users) for store in stores))
    queued_ids = [occasion for claimed in claims for occasion in claimed.queued]
    assert sorted(queued_ids) == sorted(occasion_id(u, NOW) for u in users)
    assert len(await stores[0].occasions(limit=999)) == 200


@several_kinds
async def test_claims_in_small_batches_from_both_ends_meet_without_a_double(open_store: OpenStore) -> None:
    stores = [await open_store() for _ in range(2)]
    users = [f"u{n:03}" for n in range(60)]
    await add(stores[0], *(a_user(u) for u in users))

    async def drain(store: Store, order: list[str]) -> list[str]:
        batches = (order[start : start + 10] for start in range(0, len(order), 10))
        return [occasion for batch in batches for occasion in (await claim(store, *batch)).queued]

    drained = await asyncio.gather(drain(stores[0], users), drain(stores[1], users[::-1]))
    assert sorted(drained[0] + drained[1]) == sorted(occasion_id(u, NOW) for u in users)


@only_file
async def test_two_processes_on_one_file_claim_each_user_once(store: Store, place: Place) -> None:
    users = [f"u{n:03}" for n in range(200)]
    await add(store, *(a_user(u) for u in users))
    outputs = await race("tests.contracts.claimer", [[place.url, *users], [place.url, *users[::-1]]])
    queued_ids = [occasion for output in outputs for occasion in output.split()]
    assert sorted(queued_ids) == sorted(occasion_id(u, NOW) for u in users)


@only_postgres
async def test_a_claim_does_not_wait_for_users_whom_another_claim_holds(store: Store, place: Place) -> None:
    await add(store, a_user("u1"), a_user("u2"))

    async def claim_beside(held: Held) -> None:
        await held.execute("SELECT id FROM users WHERE id = 'u1' FOR UPDATE")
        async with asyncio.timeout(10):
            assert (await claim(store, "u1", "u2")).queued == [occasion_id("u2", NOW)]

    await held_open(place.url, claim_beside)


@only_postgres
async def test_occasions_are_handed_to_the_queue_within_the_claim(store: Store, place: Place) -> None:
    await add(store, a_user("u1"))
    seen: list[tuple[bool, list[str]]] = []

    async def enlist(connection: AsyncConnection, ids: Sequence[str]) -> None:
        seen.append((connection.in_transaction(), list(ids)))

    handing = SqlStore.at(place.url, enlist=enlist)
    claimed = await claim(handing, "u1")
    await handing.aclose()
    assert seen == [(True, [occasion_id("u1", NOW)])]
    assert (list(claimed.queued), list(claimed.to_enqueue)) == ([occasion_id("u1", NOW)], [])


@only_postgres
async def test_a_queue_that_refuses_undoes_the_claim(store: Store, place: Place) -> None:
    await add(store, a_user("u1"))

    async def refuse(_connection: AsyncConnection, _ids: Sequence[str]) -> None:
        raise ConnectionResetError

    handing = SqlStore.at(place.url, enlist=refuse)
    with pytest.raises(Exception, match="ConnectionResetError"):
        await claim(handing, "u1")
    await handing.aclose()
    assert await store.occasions() == []
    assert (await user_of(store)).next_due_at == NOW


# --- ticks


async def test_there_is_no_last_tick_before_the_first(store: Store) -> None:
    assert await store.last_tick() is None


async def test_the_newest_tick_is_given_as_it_was_recorded(store: Store) -> None:
    record = TickRecord(
        at=NOW, users_due=5, users_bootstrapped=2, jobs_created=1, users_rescheduled=4, errors=3, seconds=0.25
    )
    await store.record_tick(replace(record, at=NOW - HOUR, users_due=9))
    await store.record_tick(record)
    assert await store.last_tick() == record
