"""Several schedulers and the app itself write at once: each due user is claimed once, nobody is starved or unheld."""

import asyncio
import time
from datetime import timedelta

from tests.adapters.stores.firestore.conftest import Another
from tests.builders import HOUR, NOW, a_flag, a_sent_ending, a_user, an_attempt, an_entry
from tests.contracts.steps import add, claim, in_work, outcome_of, queue_it, queued, take
from tests.firestore import documents
from tests.legacy import a_document, delete, get, put

from reflecta.adapters.stores.firestore import FirestoreStore
from reflecta.adapters.stores.firestore.erasing import finish_erasures
from reflecta.domain.model import OccasionState, Reason, occasion_id

NOW_MS = int(NOW.timestamp() * 1000)


async def test_four_schedulers_claim_each_of_500_due_users_once(another: Another) -> None:
    stores = [await another() for _ in range(4)]
    users = [f"u{n:03}" for n in range(500)]
    await put(stores[0], "users", {u: a_document(u, {"nextCoachingMessageDue": NOW_MS}) for u in users})
    began = time.monotonic()
    claims = await asyncio.gather(*(_claim_all(store) for store in stores))
    took = time.monotonic() - began
    queued_ids = [occasion for claimed in claims for occasion in claimed]
    assert sorted(queued_ids) == sorted(occasion_id(u, NOW) for u in users)
    assert len(await documents(stores[0], "reflectaOccasions")) == 500
    assert took < 60, "claims must not wait for one another"


async def _claim_all(store: FirestoreStore) -> list[str]:
    found = await store.due(NOW + HOUR, 500)
    return list((await claim(store, *(slot.user_id for slot in found))).queued)


async def test_an_app_that_writes_its_users_all_the_time_starves_nobody(another: Another) -> None:
    store, app = await another(), await another()
    users = [f"u{n:02}" for n in range(40)]
    await put(app, "users", {u: a_document(u, {"nextCoachingMessageDue": NOW_MS}) for u in users})
    slots = await store.due(NOW + HOUR, 100)
    await put(app, "users", {u: a_document(u, {"nextCoachingMessageDue": NOW_MS, "lastSeen": 1}) for u in users})
    claimed = await claim(store, *(slot.user_id for slot in slots))
    assert len(claimed.queued) == 40
    assert (await get(store, "users", "u00"))["lastSeen"] == 1


async def test_what_the_app_alone_knows_of_a_user_stays(store: FirestoreStore) -> None:
    config = {"enableCoachingMessages": True, "theme": "dark"}
    await put(store, "users", {"u1": {"uid": "u1", "coachingConfig": config, "streak": 7, "userTimezone": "Etc/UTC"}})
    await add(store, a_user(timezone="Etc/UTC"))
    await in_work_and_sent(store)
    document = await get(store, "users", "u1")
    assert document["streak"] == 7
    assert document["coachingConfig"]["theme"] == "dark"  # pyright: ignore[reportIndexIssue]


async def in_work_and_sent(store: FirestoreStore) -> str:
    occasion = (await claim(store, "u1")).queued[0]
    await take(store, occasion)
    await store.save_attempt(occasion, an_attempt(), token="t1")
    await store.finish(occasion, a_sent_ending(), token="t1")
    return occasion


async def test_an_app_that_overwrites_a_user_lifts_no_hold(store: FirestoreStore) -> None:
    await add(store, a_user())
    await store.hold("u1", a_flag())
    await put(store, "users", {"u1": a_document("u1", {"nextCoachingMessageDue": NOW_MS})})
    occasion = (await claim(store, "u1")).queued[0]
    work = await take(store, occasion)
    assert work is not None
    assert work.user is not None
    assert (work.user.held_until, work.user.flagged_entries) == (a_flag().held_until, ("e1",))
    held = (OccasionState.DEFERRED, Reason.SAFETY_HOLD)
    assert await store.finish(occasion, a_sent_ending(), token="t1") == held


async def test_an_app_that_overwrites_a_user_makes_no_room_for_a_second_message(store: FirestoreStore) -> None:
    await add(store, a_user())
    await in_work_and_sent(store)
    again = int((NOW + timedelta(minutes=1)).timestamp() * 1000)
    await put(store, "users", {"u1": a_document("u1", {"nextCoachingMessageDue": again})})
    claimed = await store.claim(["u1"], until=NOW + HOUR, now=NOW, plan=queue_it)
    work = await take(store, claimed.queued[0], "t2")
    assert work is not None
    assert work.sent_today
    ended = await store.finish(claimed.queued[0], a_sent_ending(suffix="-2"), token="t2")
    assert ended == (OccasionState.DEFERRED, Reason.ALREADY_TODAY)


async def test_work_that_the_app_switched_off_meanwhile_is_cancelled(store: FirestoreStore) -> None:
    occasion = await in_work(store)
    await put(store, "users", {"u1": a_document("u1", enabled=False)})
    assert await store.finish(occasion, a_sent_ending(), token="t1") == (
        OccasionState.CANCELLED,
        Reason.SWITCHED_OFF,
    )


async def test_a_claim_that_another_process_remembers_otherwise_is_taken_up_as_it_is(another: Another) -> None:
    first, second = await another(), await another()
    occasion = await queued(first)
    await second.hold("u1", a_flag())  # written on the open occasion as well
    work = await take(first, occasion)
    assert work is not None
    assert work.user is not None
    assert work.user.held_until == a_flag().held_until


async def test_an_erasure_that_a_kill_broke_off_is_finished_by_the_next_tick(another: Another) -> None:
    store = await another()
    await add(store, a_user())
    await in_work_and_sent(store)
    await store.upsert_entries([an_entry()])
    state = await get(store, "reflectaUsers", "u1")
    await put(store, "reflectaUsers", {"u1": {**state, "isErased": True}})
    await delete(store, "users", "u1")
    await (await another()).sweep(NOW, limit=10, next_due=lambda _slot, due: due)
    left = {name: await documents(store, name) for name in ("journal_entries", "coachingMessages", "reflectaUsers")}
    assert left == {"journal_entries": {}, "coachingMessages": {}, "reflectaUsers": {}}
    await finish_erasures(store.wire)  # nothing is left to do


async def test_who_comes_back_during_an_erasure_keeps_what_they_bring(store: FirestoreStore) -> None:
    await add(store, a_user())
    await store.upsert_entries([an_entry("old")])
    await put(store, "reflectaUsers", {"u1": {"isErased": True}})
    await delete(store, "users", "u1")
    await add(store, a_user(first_name="Back"))
    await store.upsert_entries([an_entry("new")])
    await store.sweep(NOW, limit=10, next_due=lambda _slot, due: due)
    assert set(await documents(store, "journal_entries")) == {"new"}
    assert (await get(store, "users", "u1"))["firstName"] == "Back"


async def test_a_deleted_user_ends_what_was_open(store: FirestoreStore) -> None:
    occasion = await queued(store)
    await delete(store, "users", "u1")
    work = await take(store, occasion)
    assert work is not None
    assert work.user is None
    assert await store.finish(occasion, a_sent_ending(), token="t1") == (OccasionState.CANCELLED, Reason.ERASED)
    assert (await outcome_of(store, occasion))[0] is OccasionState.CANCELLED
