"""What `HostStore.erase_user` promises: no text about a user remains, whatever is written meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from tests.builders import NOW, a_delivery, a_sending, a_sent_ending, a_user, an_assessment, an_attempt, an_entry
from tests.contracts.behind import TELLING, count_users, dump, kind_of
from tests.contracts.steps import add, in_work, outcome_of, queued, sent, take
from tests.databases import Held, Place, held_open

from reflecta.adapters.stores.sql import SqlStore
from reflecta.application.ports.store import KeptContext, Settled, Store
from reflecta.domain.errors import LeaseLost
from reflecta.domain.model import (
    Check,
    CheckName,
    DeliveryState,
    Draft,
    Evidence,
    Feedback,
    Insight,
    Insights,
    MessageType,
    OccasionState,
    Onboarding,
    Push,
    Reason,
    Recommendation,
    Source,
    User,
)

CANARY = "canary-7f3a"


def telling_user() -> User:
    return a_user(
        email=f"{CANARY}@example.org",
        first_name=CANARY,
        onboarding=Onboarding(completed=True, occupations=(CANARY,), practices_tried=(CANARY,)),
        push=Push(enabled=True, tokens=(CANARY,)),
        given_timezone=CANARY,
        region=CANARY,
    )


async def tell_everything(store: Store) -> str:
    """Plant the canary wherever text about a user can stand; give the occasion whose message was sent."""
    occasion = await in_work(store, telling_user())
    await store.upsert_entries([an_entry(text=CANARY, images=(CANARY,))])
    insight = Insight(headline=CANARY, description=CANARY, sources=(Source(quote=CANARY),))
    await store.upsert_insights([Insights(user_id="u1", main_focus=insight, key_blockers=insight, plan=insight)])
    evidence = (Evidence(entry_id="e1", quote=CANARY),)
    draft = Draft(type=MessageType.CHECK_IN, text=CANARY, push_text=CANARY, evidence=evidence)
    judged = an_assessment(5, Recommendation.REVISE, faults=(CANARY,), rationale=CANARY)
    checks = (Check(name=CheckName.FORM, fault=CANARY),)
    attempt = an_attempt(draft=draft, assessment=judged, checks=checks, error=CANARY)
    await store.save_attempt(occasion, attempt, token="t1", context=KeptContext(text=CANARY))
    delivery = a_delivery(address=CANARY, title=CANARY, body=CANARY, data={CANARY: CANARY}, detail=CANARY)
    sending = replace(a_sending("u1", delivery), entry=an_entry("je-u1", text=CANARY, message_id="m-u1"))
    await store.finish(occasion, a_sent_ending(sending=sending), token="t1")
    await store.add_feedback(Feedback(message_id="m-u1", kind=CANARY, at=NOW))
    return occasion


def tables_that_tell(dumped: Mapping[str, list[str]]) -> set[str]:
    return {table for table, found in dumped.items() if CANARY in "".join(found)}


async def test_erasing_a_user_leaves_no_text_about_them_in_any_table(store: Store) -> None:
    await tell_everything(store)
    assert tables_that_tell(await dump(store)) == TELLING[kind_of(store)]
    assert await store.erase_user("u1", now=NOW)
    assert tables_that_tell(await dump(store)) == set()


async def test_erasing_a_user_leaves_no_text_about_them_in_an_sqlite_file(tmp_path: Path) -> None:
    store = SqlStore.at(f"sqlite:///{tmp_path}/reflecta.db")
    await store.open()
    await tell_everything(store)
    await store.erase_user("u1", now=NOW)
    await store.aclose()
    assert files_that_tell(tmp_path) == []


def files_that_tell(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if CANARY.encode() in path.read_bytes()]


async def test_what_an_occasion_was_and_cost_stays_after_erasure(store: Store) -> None:
    occasion = await tell_everything(store)
    await store.erase_user("u1", now=NOW)
    assert await outcome_of(store, occasion) == (OccasionState.SENT, None)
    assert await store.spent(since=NOW) == pytest.approx(0.001)


@pytest.mark.parametrize("begun", [False, True])
async def test_an_open_occasion_ends_cancelled_by_erasure(store: Store, *, begun: bool) -> None:
    occasion = await queued(store)
    if begun:
        await take(store, occasion)
    await store.erase_user("u1", now=NOW)
    assert await outcome_of(store, occasion) == (OccasionState.CANCELLED, Reason.ERASED)
    assert await take(store, occasion, "t2") is None


async def test_erasing_one_user_leaves_the_others_as_they_were(store: Store) -> None:
    await sent(store, a_user("u2"), a_delivery("d2", "u2"))
    await store.upsert_entries([an_entry("e2", "u2")])
    await queued(store, a_user("u3"))
    before = await dump(store)
    await add(store, a_user("u1"))
    await store.upsert_entries([an_entry()])
    await store.erase_user("u1", now=NOW)
    assert await dump(store) == before


async def test_erasing_nobody_says_so(store: Store) -> None:
    assert [await store.erase_user("nobody", now=NOW)] == [False]


async def test_a_worker_whose_user_was_erased_writes_no_text_any_more(store: Store) -> None:
    occasion = await in_work(store)
    await store.erase_user("u1", now=NOW)
    attempt, context = an_attempt(text=CANARY), KeptContext(text=CANARY)
    with pytest.raises(LeaseLost):
        await store.save_attempt(occasion, attempt, token="t1", context=context)
    with pytest.raises(LeaseLost):
        await store.finish(occasion, replace(a_sent_ending(), attempt=attempt, context=context), token="t1")
    assert tables_that_tell(await dump(store)) == set()


WRITES: Mapping[str, Callable[[Store], Awaitable[object]]] = {
    "a new entry": lambda store: store.upsert_entries([an_entry("new", text=CANARY)]),
    "a new entry without text": lambda store: store.upsert_entries([an_entry("new", text="", images=(CANARY,))]),
    "an edited entry": lambda store: store.upsert_entries([an_entry(text=f"{CANARY} again")]),
    "a deletion": lambda store: store.delete_entry("e1"),
    "insights": lambda store: store.upsert_insights([Insights(user_id="u1", plan=Insight(headline=CANARY))]),
    "feedback": lambda store: store.add_feedback(Feedback(message_id="m-u1", kind=f"{CANARY} again", at=NOW)),
    "a dropped address": lambda store: store.settle(
        [Settled(delivery_id="d1", state=DeliveryState.REFUSED, now=NOW, detail=CANARY, drop_address=True)]
    ),
}


@pytest.mark.parametrize("place", ["postgres"], indirect=True)
@pytest.mark.parametrize("name", WRITES)
async def test_what_is_written_during_an_erasure_neither_stays_nor_breaks_it(
    store: Store, place: Place, name: str
) -> None:
    await tell_everything(store)
    await store.take_deliveries("push", now=NOW, until=NOW, limit=10)
    tasks: list[asyncio.Task[object]] = []

    async def slow_down(held: Held) -> None:
        await held.execute("SELECT * FROM contexts FOR UPDATE")  # an erasure comes by here half-way
        tasks.append(asyncio.create_task(store.erase_user("u1", now=NOW)))
        await held.someone_waits()
        tasks.append(asyncio.ensure_future(WRITES[name](store)))
        await asyncio.wait([tasks[1]], timeout=0.1)

    await held_open(place.url, slow_down)
    await asyncio.gather(*tasks)
    assert tables_that_tell(await dump(store)) == set()
    assert await count_users(store) == 0
