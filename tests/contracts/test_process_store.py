"""What `ProcessStore` promises of leases, retries and forced occasions, kept by every store."""

import asyncio
from datetime import date, timedelta

import pytest
from tests.builders import (
    HOUR,
    NOW,
    TODAY,
    a_forced_occasion,
    a_user,
    an_attempt,
)
from tests.conftest import OpenStore
from tests.contracts.behind import lose_users
from tests.contracts.steps import add, in_work, occasion_of, queued, sent, take

from reflecta.application.ports.store import Store
from reflecta.domain.errors import Conflict, NotFound
from reflecta.domain.model import (
    OccasionState,
)

MINUTE = timedelta(minutes=1)
several_kinds = pytest.mark.parametrize("place", ["file", "postgres"], indirect=True)


# --- lease


async def test_a_lease_gives_the_occasion_in_work_and_its_user(store: Store) -> None:
    occasion = await queued(store, a_user(first_name="Amara"))
    work = await take(store, occasion)
    assert work is not None
    assert work.user is not None
    assert (work.occasion.state, work.occasion.started_at) == (OccasionState.IN_WORK, NOW)
    assert work.occasion.lease_until == NOW + MINUTE
    assert (work.user.first_name, work.attempts, work.sent_today) == ("Amara", (), False)


async def test_there_is_no_lease_on_what_does_not_exist(store: Store) -> None:
    assert await take(store, "nothing") is None


async def test_there_is_no_second_lease_while_the_first_lasts(store: Store) -> None:
    occasion = await in_work(store)
    assert await take(store, occasion, "t2", now=NOW + MINUTE - timedelta(milliseconds=1)) is None


async def test_there_is_no_lease_on_an_ended_occasion(store: Store) -> None:
    occasion = await sent(store)
    assert await take(store, occasion, "t2", now=NOW + HOUR) is None


async def test_a_lease_that_ran_out_is_taken_over(store: Store) -> None:
    occasion = await in_work(store)
    work = await take(store, occasion, "t2", now=NOW + MINUTE)
    assert work is not None
    assert work.occasion.lease_until == NOW + 2 * MINUTE
    assert work.occasion.started_at == NOW


async def test_a_retry_may_not_start_before_its_time(store: Store) -> None:
    occasion = await in_work(store)
    await store.retry_later(occasion, token="t1", at=NOW + HOUR, detail="503")
    assert await take(store, occasion, "t2", now=NOW + HOUR - MINUTE) is None
    assert await take(store, occasion, "t3", now=NOW + HOUR) is not None


async def test_a_lease_gives_the_attempts_that_earlier_tries_saved(store: Store) -> None:
    occasion = await in_work(store)
    await store.save_attempt(occasion, an_attempt(2), token="t1")
    await store.save_attempt(occasion, an_attempt(1), token="t1")
    work = await take(store, occasion, "t2", now=NOW + MINUTE)
    assert work is not None
    assert work.attempts == [an_attempt(1), an_attempt(2)]


async def test_attempts_are_found_again_even_at_the_very_instant_of_the_first_lease(store: Store) -> None:
    occasion = await in_work(store)
    await store.save_attempt(occasion, an_attempt(), token="t1")
    await store.release(occasion, token="t1")
    work = await take(store, occasion, "t2", now=NOW)
    assert work is not None
    assert work.attempts == [an_attempt()]


async def test_a_lease_asks_for_the_date_in_the_users_own_zone(store: Store) -> None:
    occasion = await queued(store, a_user(timezone="Pacific/Apia"))
    zones: list[str] = []

    def local_date(zone: str) -> date:
        zones.append(zone)
        return TODAY

    await store.lease(occasion, token="t1", now=NOW, until=NOW + MINUTE, local_date=local_date)
    assert zones == ["Pacific/Apia"]


async def test_a_lease_says_whether_a_message_bears_todays_date(store: Store) -> None:
    await sent(store)
    forced = a_forced_occasion()
    await store.force(forced)
    work = await take(store, forced.id, "t2")
    assert work is not None
    assert work.sent_today
    await store.release(forced.id, token="t2")
    tomorrow = await store.lease(
        forced.id, token="t3", now=NOW, until=NOW + MINUTE, local_date=lambda _: TODAY + timedelta(days=1)
    )
    assert tomorrow is not None
    assert not tomorrow.sent_today


async def test_a_lease_on_the_occasion_of_somebody_gone_has_no_user(store: Store) -> None:
    occasion = await queued(store)
    await lose_users(store)
    work = await take(store, occasion)
    assert work is not None
    assert (work.user, work.sent_today) == (None, False)


@several_kinds
async def test_eight_workers_at_once_get_one_lease(open_store: OpenStore) -> None:
    stores = [await open_store() for _ in range(8)]
    occasion = await queued(stores[0])
    works = await asyncio.gather(*(take(store, occasion, f"t{n}") for n, store in enumerate(stores)))
    assert len([work for work in works if work is not None]) == 1


# --- renew


async def test_renewing_moves_the_end_of_the_lease(store: Store) -> None:
    occasion = await in_work(store)
    await store.renew(["t1"], until=NOW + HOUR)
    assert (await occasion_of(store, occasion)).lease_until == NOW + HOUR
    assert await take(store, occasion, "t2", now=NOW + HOUR - MINUTE) is None


async def test_renewing_a_lost_lease_is_ignored_and_the_others_are_renewed(store: Store) -> None:
    lost, held = await in_work(store), await in_work(store, a_user("u2"), "held")
    await take(store, lost, "t2", now=NOW + MINUTE)
    await store.renew(["t1", "never", "held"], until=NOW + HOUR)
    assert (await occasion_of(store, lost)).lease_until == NOW + 2 * MINUTE
    assert (await occasion_of(store, held)).lease_until == NOW + HOUR


async def test_renewing_nothing_is_nothing(store: Store) -> None:
    occasion = await queued(store)
    await store.renew([], until=NOW + HOUR)
    assert (await occasion_of(store, occasion)).lease_until is None


# --- stands


async def test_a_lease_stands_until_another_takes_it_also_when_its_time_is_up(store: Store) -> None:
    occasion = await in_work(store)
    assert await store.stands(occasion, token="t1")
    assert not await store.stands(occasion, token="another")
    await take(store, occasion, "t2", now=NOW + MINUTE)
    assert not await store.stands(occasion, token="t1")
    assert await store.stands(occasion, token="t2")


async def test_no_lease_stands_on_what_is_queued_or_unknown(store: Store) -> None:
    occasion = await in_work(store)
    await store.release(occasion, token="t1")
    assert not await store.stands(occasion, token="t1")
    assert not await store.stands("never", token="t1")


# --- retry_later, release


async def test_a_retry_is_back_in_the_queue_with_one_try_more(store: Store) -> None:
    occasion = await in_work(store)
    await store.retry_later(occasion, token="t1", at=NOW + HOUR, detail="ModelUnavailable")
    found = await occasion_of(store, occasion)
    assert (found.state, found.tries, found.not_before) == (OccasionState.QUEUED, 1, NOW + HOUR)
    assert (found.detail, found.lease_until) == ("ModelUnavailable", None)


async def test_tries_add_up(store: Store) -> None:
    occasion = await in_work(store)
    await store.retry_later(occasion, token="t1", at=NOW, detail="503")
    await take(store, occasion, "t2")
    await store.retry_later(occasion, token="t2", at=NOW, detail="503")
    assert (await occasion_of(store, occasion)).tries == 2


async def test_a_released_occasion_is_in_the_queue_as_if_it_had_not_been_taken(store: Store) -> None:
    occasion = await in_work(store)
    await store.release(occasion, token="t1")
    found = await occasion_of(store, occasion)
    assert (found.state, found.tries, found.not_before) == (OccasionState.QUEUED, 0, None)
    assert await take(store, occasion, "t2") is not None


# --- force, open_occasion


async def test_a_forced_occasion_is_inserted_as_given(store: Store) -> None:
    await add(store, a_user(enabled=False, next_due_at=None))
    forced = a_forced_occasion()
    await store.force(forced)
    assert await store.open_occasion("u1") == forced


async def test_forcing_needs_the_user(store: Store) -> None:
    with pytest.raises(NotFound, match="'u1'"):
        await store.force(a_forced_occasion())
    assert await store.occasions() == []


async def test_forcing_conflicts_with_a_queued_occasion(store: Store) -> None:
    occasion = await queued(store)
    with pytest.raises(Conflict, match="open occasion"):
        await store.force(a_forced_occasion())
    assert [found.id for found in await store.occasions()] == [occasion]


async def test_forcing_conflicts_with_an_occasion_in_work(store: Store) -> None:
    await in_work(store)
    with pytest.raises(Conflict):
        await store.force(a_forced_occasion())


async def test_forcing_is_possible_again_after_the_end(store: Store) -> None:
    await sent(store)
    await store.force(a_forced_occasion())
    assert len(await store.occasions()) == 2


@several_kinds
async def test_of_eight_forced_at_once_one_is_inserted(open_store: OpenStore) -> None:
    stores = [await open_store() for _ in range(8)]
    await add(stores[0], a_user())
    forced = [a_forced_occasion(due_at=NOW + n * MINUTE) for n in range(8)]
    results = await asyncio.gather(
        *(store.force(one) for store, one in zip(stores, forced, strict=True)), return_exceptions=True
    )
    assert [type(result) for result in results].count(Conflict) == 7
    assert len(await stores[0].occasions()) == 1


async def test_the_open_occasion_is_the_queued_one_or_the_one_in_work(store: Store) -> None:
    occasion = await queued(store)
    waiting = await store.open_occasion("u1")
    await take(store, occasion)
    working = await store.open_occasion("u1")
    assert waiting is not None
    assert working is not None
    assert (waiting.id, working.id) == (occasion, occasion)
    assert (waiting.state, working.state) == (OccasionState.QUEUED, OccasionState.IN_WORK)


async def test_there_is_no_open_occasion_after_the_end(store: Store) -> None:
    await sent(store)
    assert await store.open_occasion("u1") is None
