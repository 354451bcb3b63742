"""What `MoveStore` promises: everything that is kept can be listed and kept again elsewhere, once."""

from collections.abc import AsyncGenerator

import pytest
from tests.builders import (
    HOUR,
    NOW,
    a_call,
    a_delivery,
    a_flag,
    a_sending,
    a_sent_ending,
    a_user,
    an_assessment,
    an_attempt,
    an_entry,
)
from tests.contracts.behind import dump
from tests.contracts.steps import add, in_work, queued, sent, user_of
from tests.databases import Place, opened
from tests.firestore import new_project

from reflecta.adapters.stores.firestore import FirestoreStore
from reflecta.adapters.stores.sql import SqlStore
from reflecta.application.copying import Copied, Copy
from reflecta.application.ports.store import Ending, Explanation, KeptContext, Store, StoredFlag
from reflecta.domain.model import (
    Feedback,
    Insight,
    Insights,
    OccasionState,
    Purpose,
    Reason,
    ScreenedSign,
    Screening,
)
from reflecta.domain.prompt import PromptText
from reflecta.domain.schedule import local_date
from reflecta.testing import FakeClock

PROMPT = PromptText(name="draft", text="Write.")


async def a_life(store: Store, user_id: str = "u1") -> None:
    """Let a user write, be written to, held back, flagged, and answer."""
    user = a_user(user_id, failures=1)
    entry_ids = (f"e1-{user_id}", f"e2-{user_id}")
    await add(store, user)
    await store.upsert_entries([an_entry(entry_ids[0], user_id), an_entry(entry_ids[1], user_id, text="")])
    await store.upsert_insights([Insights(user_id=user_id, plan=Insight(headline="Walk"), updated_at=NOW)])
    token = f"t-{user_id}"
    occasion = await in_work(store, user, token)
    seen = Screening(signs=(ScreenedSign.DISTRESS,), entry_ids=(entry_ids[0],))
    await store.save_screening(occasion, seen, a_call(purpose=Purpose.SCREENING), token=token)
    await store.save_attempt(occasion, an_attempt(), token=token, context=KeptContext(text="They walked."))
    judged = an_attempt(
        2, assessment=an_assessment(), calls=(a_call(prompt_version=PROMPT.version), a_call(purpose=Purpose.ASSESSMENT))
    )
    push = a_delivery(f"d-{user_id}", user_id)
    sending = a_sending(user_id, push, attempt=2)
    await store.finish(occasion, a_sent_ending(user_id, sending=sending, attempt=judged), token=token)
    await store.add_feedback(Feedback(message_id=f"m-{user_id}", kind="helpful", rating=4, at=NOW))
    held = await in_work(store, a_user(user_id, next_due_at=NOW - HOUR), f"{token}-2")
    ending = Ending(outcome=OccasionState.HELD_BACK, now=NOW, reason=Reason.LOW_SCORE, detail="4 of 10")
    await store.finish(held, ending, token=f"{token}-2")
    await store.hold(user_id, a_flag(entry_ids=(entry_ids[0],)))


async def history(store: Store, user_id: str = "u1") -> list[Explanation]:
    return list(await store.history(user_id))


async def test_ended_occasions_are_listed_by_id_with_all_that_is_kept(store: Store) -> None:
    await a_life(store)
    await queued(store, a_user("u2"))
    found = await history(store)
    assert [one.occasion.id for one in found] == sorted(one.occasion.id for one in found)
    assert {one.occasion.state for one in found} == {OccasionState.SENT, OccasionState.HELD_BACK}
    assert await store.history("u1", after=found[0].occasion.id) == found[1:]
    assert await store.history("u1", limit=1) == found[:1]
    assert await store.history("u2") == []
    (message,) = [one for one in found if one.message_id]
    assert [feedback.rating for feedback in message.feedback] == [4]
    assert (len(message.attempts), len(message.deliveries)) == (2, 1)


async def test_all_entries_are_listed_by_id_empty_ones_and_those_of_messages_too(store: Store) -> None:
    await a_life(store)
    found = await store.entries_of("u1")
    assert [entry.id for entry in found] == ["e1-u1", "e2-u1", "je-u1"]
    assert await store.entries_of("u1", after="e1-u1", limit=1) == [found[1]]


async def test_what_is_kept_again_is_kept_once(store: Store) -> None:
    await a_life(store)
    before = await dump(store)
    assert await store.keep_history(await history(store)) == 0
    assert await store.keep_flags(await store.flags_of("u1")) == 0
    await store.keep_state(await user_of(store))
    assert await dump(store) == before


async def test_the_flags_of_who_was_erased_are_nobodys(store: Store) -> None:
    await a_life(store)
    await store.erase_user("u1", now=NOW)
    assert await store.flags_of("u1") == []
    (flag,) = await store.flags_of(None)
    assert (flag.user_id, flag.occasion_id, flag.flag.sign) == (None, None, ScreenedSign.SUICIDE)


async def test_a_reviewed_flag_comes_with_its_review(store: Store) -> None:
    await add(store, a_user())
    flag = StoredFlag(id="f1", flag=a_flag(entry_ids=()), user_id="u1", reviewed_at=NOW + HOUR)
    assert await store.keep_flags([flag]) == 1
    assert await store.flags_of("u1") == [flag]


@pytest.fixture
async def other() -> AsyncGenerator[SqlStore]:
    """Open a second store, of SQL."""
    async with opened("sqlite://") as store:
        yield store


@pytest.fixture
async def fresh(place: Place, request: pytest.FixtureRequest) -> AsyncGenerator[Store]:
    """Open an empty store of the same family as the first."""
    if place.kind != "firestore":
        async with opened("sqlite://") as store:
            yield store
        return
    firestore = FirestoreStore.at(new_project(request.getfixturevalue("firestore")), FakeClock(NOW))
    yield firestore
    await firestore.aclose()


async def test_a_copy_there_and_back_loses_nothing_and_its_counts_add_up(
    store: Store, other: SqlStore, fresh: Store
) -> None:
    for user in ("u1", "u2"):
        await a_life(store, user)
    await sent(store, a_user("u3"))
    await store.keep_prompts([PROMPT], now=NOW)
    was = {user: (await store.user(user), await history(store, user)) for user in ("u1", "u2", "u3")}
    there = await Copy(source=store, target=other, clock=FakeClock(NOW))()
    assert there.adds_up, (there.read, there.arrived, there.refused)
    expected = {"users": 3, "entries": 7, "insights": 2, "occasions": 5, "attempts": 5, "messages": 3}
    assert there.read == {**expected, "deliveries": 2, "feedback": 2, "flags": 2, "prompts": 1}
    back = await Copy(source=other, target=fresh, clock=FakeClock(NOW))()
    assert (back.adds_up, back.read) == (True, there.read)
    for user, (kept, explained) in was.items():
        assert await fresh.user(user) == kept
        assert await history(fresh, user) == explained
    assert await fresh.prompt_text(PROMPT.version) == PROMPT


async def test_who_was_written_to_today_is_not_written_to_again_in_the_copy(
    store: Store, other: SqlStore, fresh: Store
) -> None:
    await sent(store, a_user())
    await Copy(source=store, target=other, clock=FakeClock(NOW))()
    await Copy(source=other, target=fresh, clock=FakeClock(NOW))()
    for copy in (other, fresh):
        occasion = await queued(copy, a_user(next_due_at=NOW - HOUR))
        work = await copy.lease(
            occasion, token="t", now=NOW, until=NOW + HOUR, local_date=lambda zone: local_date(NOW, zone)
        )
        assert work is not None
        assert work.sent_today


async def test_a_copy_that_was_broken_off_goes_on_after_the_last_user(store: Store, other: SqlStore) -> None:
    for user in ("u1", "u2", "u3"):
        await a_life(store, user)
    rest = await Copy(source=store, target=other, clock=FakeClock(NOW))(Copied(last="u1"))
    assert (rest.adds_up, rest.read["users"], rest.last) == (True, 2, "u3")
    whole = await Copy(source=store, target=other, clock=FakeClock(NOW))()
    assert (whole.adds_up, whole.read["users"], whole.read["messages"]) == (True, 3, 3)
    assert len(await other.users()) == 3
