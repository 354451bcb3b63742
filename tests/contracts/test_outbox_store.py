"""What `OutboxStore` promises to the delivery of messages, kept by every store."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.builders import HOUR, NOW, a_delivery, a_user
from tests.conftest import OpenStore
from tests.contracts.steps import add, sent, user_of

from reflecta.application.ports.store import Settled, Store
from reflecta.domain.model import Delivery, DeliveryState

MINUTE = timedelta(minutes=1)
UNTIL = NOW + MINUTE
several_kinds = pytest.mark.parametrize("place", ["file", "postgres"], indirect=True)


WITH_PUSHES = a_user(tokens=("phone",))


async def take(store: Store, now: datetime = NOW, *, channel: str = "push", limit: int = 100) -> Sequence[Delivery]:
    return await store.take_deliveries(channel, now=now, until=now + MINUTE, limit=limit)


async def tickets(store: Store, now: datetime, *, channel: str = "push", limit: int = 100) -> list[str]:
    return [d.id for d in await store.take_tickets(channel, now=now, until=now + MINUTE, limit=limit)]


async def settle(store: Store, delivery_id: str, state: DeliveryState, **fields: object) -> None:
    await store.settle([Settled(delivery_id=delivery_id, state=state, now=NOW, **fields)])  # pyright: ignore[reportArgumentType]


async def delivery(store: Store, delivery_id: str = "d1") -> Delivery:
    """Read a delivery as explanations show it."""
    explanations = [await store.explanation(occasion.id) for occasion in await store.occasions()]
    found = [one for explanation in explanations if explanation for one in explanation.deliveries]
    return next(one for one in found if one.id == delivery_id)


async def waiting_for_receipt(store: Store, *delivery_ids: str, at: datetime = NOW + HOUR) -> None:
    """Send a user's message to some addresses, all accepted, their receipts due at *at*."""
    await sent(store, WITH_PUSHES, *(a_delivery(one, address=one) for one in delivery_ids))
    await take(store)
    for one in delivery_ids:
        await settle(store, one, DeliveryState.ACCEPTED, ticket=f"ticket-{one}", receipt_due_at=at)


# --- take_deliveries


async def test_pending_deliveries_are_given_as_sending_with_one_try_more(store: Store) -> None:
    await sent(store, WITH_PUSHES, a_delivery())
    (taken,) = await take(store)
    assert taken == a_delivery(state=DeliveryState.SENDING, tries=1)
    assert await delivery(store) == taken


async def test_a_delivery_is_given_once(store: Store) -> None:
    await sent(store, WITH_PUSHES, a_delivery())
    assert len(await take(store)) == 1
    assert await take(store) == []


async def test_a_delivery_is_not_given_before_its_time(store: Store) -> None:
    await sent(store, WITH_PUSHES, a_delivery())
    assert await take(store, NOW - MINUTE) == []


async def test_deliveries_are_given_to_their_own_channel(store: Store) -> None:
    await sent(store, WITH_PUSHES, a_delivery("d1"), a_delivery("d2", channel="webhook"))
    assert [d.id for d in await take(store, channel="webhook")] == ["d2"]
    assert [d.id for d in await take(store)] == ["d1"]


async def test_deliveries_are_given_up_to_the_limit_the_longest_waiting_first(store: Store) -> None:
    await sent(store, WITH_PUSHES, *(a_delivery(f"d{n}", address=f"{n}") for n in range(4)))
    for one in await take(store, limit=2):  # d0 and d1 wait longer than d2 and d3 now
        await settle(store, one.id, DeliveryState.PENDING, next_try_at=NOW + 2 * MINUTE)
    assert [d.id for d in await take(store, NOW + HOUR, limit=3)] == ["d2", "d3", "d0"]


async def test_what_is_found_sending_past_its_time_is_unknown_and_never_given_again(store: Store) -> None:
    await sent(store, WITH_PUSHES, a_delivery())
    await take(store)
    assert await take(store, UNTIL - timedelta(milliseconds=1)) == []
    assert (await delivery(store)).state is DeliveryState.SENDING
    assert await take(store, UNTIL) == []
    assert (await delivery(store)).state is DeliveryState.UNKNOWN
    assert await take(store, UNTIL + HOUR) == []


async def test_what_is_pending_past_its_window_expires_instead_of_leaving(store: Store) -> None:
    expiring = a_delivery("d1", expires_at=NOW + HOUR)
    await sent(store, WITH_PUSHES, expiring, a_delivery("d2", address="b", expires_at=NOW + HOUR + MINUTE))
    assert [d.id for d in await take(store, NOW + HOUR)] == ["d2"]
    found = await delivery(store, "d1")
    assert (found.state, found.tries) == (DeliveryState.EXPIRED, 0)


@pytest.mark.parametrize(
    "change",
    [{"enabled": False, "tokens": ("phone",)}, {"tokens": ()}],
    ids=["messages switched off", "pushes switched off"],
)
async def test_what_has_not_left_when_its_user_switches_off_stays_away(store: Store, change: dict[str, Any]) -> None:
    await sent(store, WITH_PUSHES, a_delivery())
    await add(store, a_user(**change))
    assert await take(store) == []
    assert (await delivery(store)).state is DeliveryState.CANCELLED


async def test_what_the_provider_puts_off_stays_away_when_its_user_switched_off_meanwhile(store: Store) -> None:
    await sent(store, WITH_PUSHES, a_delivery())
    await take(store)
    await add(store, replace(a_user(tokens=("phone",)), preferences=a_user(enabled=False).preferences))
    await settle(store, "d1", DeliveryState.PENDING, next_try_at=NOW + HOUR)
    assert (await delivery(store)).state is DeliveryState.CANCELLED
    assert await take(store, NOW + 2 * HOUR) == []


async def test_another_edit_leaves_what_waits_alone(store: Store) -> None:
    await sent(store, WITH_PUSHES, a_delivery())
    await add(store, replace(WITH_PUSHES, first_name="Kim"), a_user("u2", enabled=False))
    assert [one.id for one in await take(store)] == ["d1"]


async def test_a_delivery_without_an_end_never_expires(store: Store) -> None:
    await sent(store, WITH_PUSHES, a_delivery())
    assert len(await take(store, NOW + timedelta(days=30))) == 1


@several_kinds
async def test_eight_takers_at_once_are_given_each_of_100_deliveries_once(open_store: OpenStore) -> None:
    stores = [await open_store() for _ in range(8)]
    await sent(stores[0], None, *(a_delivery(f"d{n}", address=f"{n}") for n in range(100)))
    taken = await asyncio.gather(*(take(store, limit=30) for store in stores for _ in range(2)))
    ids = [one.id for batch in taken for one in batch]
    assert sorted(ids) == sorted(f"d{n}" for n in range(100))
    assert {one.tries for batch in taken for one in batch} == {1}


# --- settle


async def test_a_result_is_kept(store: Store) -> None:
    await sent(store, WITH_PUSHES, a_delivery())
    await take(store)
    await settle(store, "d1", DeliveryState.REFUSED, ticket="x", detail="MessageTooBig")
    found = await delivery(store)
    assert (found.state, found.ticket, found.detail) == (DeliveryState.REFUSED, "x", "MessageTooBig")


async def test_results_are_written_each_for_itself(store: Store) -> None:
    await sent(store, WITH_PUSHES, a_delivery("d1"), a_delivery("d2", address="b"))
    await take(store)
    results = [
        Settled(delivery_id="d1", state=DeliveryState.ACCEPTED, now=NOW, ticket="one"),
        Settled(delivery_id="gone", state=DeliveryState.ACCEPTED, now=NOW),
        Settled(delivery_id="d2", state=DeliveryState.UNKNOWN, now=NOW, detail="timeout"),
    ]
    await store.settle(results)
    first, second = await delivery(store, "d1"), await delivery(store, "d2")
    assert (first.state, first.ticket, first.detail) == (DeliveryState.ACCEPTED, "one", None)
    assert (second.state, second.ticket, second.detail) == (DeliveryState.UNKNOWN, None, "timeout")


async def test_settling_nothing_is_nothing(store: Store) -> None:
    await sent(store, WITH_PUSHES, a_delivery())
    await store.settle([])
    assert (await delivery(store)).state is DeliveryState.PENDING


async def test_a_delivery_to_be_tried_again_waits_until_then(store: Store) -> None:
    await sent(store, WITH_PUSHES, a_delivery())
    await take(store)
    await settle(store, "d1", DeliveryState.PENDING, next_try_at=NOW + HOUR, detail="HTTP 429")
    assert await take(store, NOW + HOUR - MINUTE) == []
    (again,) = await take(store, NOW + HOUR)
    assert (again.tries, again.detail) == (2, "HTTP 429")


async def test_the_first_time_of_acceptance_and_the_ticket_stay(store: Store) -> None:
    await waiting_for_receipt(store, "d1")
    later = Settled(delivery_id="d1", state=DeliveryState.ACCEPTED, now=NOW + HOUR, receipt_due_at=NOW + 2 * HOUR)
    await store.settle([later])
    found = await delivery(store)
    assert (found.accepted_at, found.ticket) == (NOW, "ticket-d1")


@pytest.mark.parametrize(
    "state", [DeliveryState.DELIVERED, DeliveryState.REFUSED, DeliveryState.UNKNOWN, DeliveryState.PENDING]
)
async def test_what_is_neither_sending_nor_accepted_is_left_alone(store: Store, state: DeliveryState) -> None:
    await sent(store, WITH_PUSHES, a_delivery())
    await take(store)
    await settle(store, "d1", state, detail="first", next_try_at=NOW + HOUR)
    before = await delivery(store)
    await settle(store, "d1", DeliveryState.ACCEPTED, detail="second", ticket="late", receipt_due_at=NOW)
    assert await delivery(store) == before


async def test_an_accepted_delivery_is_settled_by_its_receipt(store: Store) -> None:
    await waiting_for_receipt(store, "d1")
    await settle(store, "d1", DeliveryState.DELIVERED)
    found = await delivery(store)
    assert (found.state, found.ticket) == (DeliveryState.DELIVERED, "ticket-d1")
    assert await tickets(store, NOW + 9 * HOUR) == []


async def test_a_dropped_address_is_taken_from_its_user_and_the_others_stay(store: Store) -> None:
    phones = [a_delivery("d1", address="old"), a_delivery("d2", address="older")]
    await sent(store, a_user(tokens=("old", "new", "older")), *phones)
    await sent(store, a_user("u2", tokens=("old",)), a_delivery("d3", "u2", address="old"))
    await take(store)
    refused = [Settled(delivery_id=f"d{n}", state=DeliveryState.REFUSED, now=NOW, drop_address=True) for n in (1, 2)]
    await store.settle([*refused, Settled(delivery_id="d3", state=DeliveryState.ACCEPTED, now=NOW)])
    assert (await user_of(store)).push.tokens == ("new",)
    assert (await user_of(store, "u2")).push.tokens == ("old",)


async def test_dropping_an_address_that_the_app_removed_already_is_nothing(store: Store) -> None:
    await sent(store, a_user(tokens=("new",)), a_delivery(address="old"))
    await take(store)
    await settle(store, "d1", DeliveryState.REFUSED, drop_address=True)
    assert (await user_of(store)).push.tokens == ("new",)
    assert (await delivery(store)).state is DeliveryState.REFUSED


# --- take_tickets


async def test_tickets_are_given_when_their_receipt_is_due(store: Store) -> None:
    await waiting_for_receipt(store, "d1", at=NOW + HOUR)
    assert await tickets(store, NOW + HOUR - MINUTE) == []
    (found,) = await store.take_tickets("push", now=NOW + HOUR, until=NOW + 2 * HOUR, limit=10)
    assert (found.id, found.ticket, found.state) == ("d1", "ticket-d1", DeliveryState.ACCEPTED)


async def test_a_ticket_is_given_again_only_after_the_time_to_ask_again(store: Store) -> None:
    await waiting_for_receipt(store, "d1", at=NOW)
    asked = [await tickets(store, NOW), await tickets(store, NOW), await tickets(store, NOW + MINUTE)]
    assert asked == [["d1"], [], ["d1"]]


async def test_a_delivery_that_awaits_no_receipt_is_not_asked_for(store: Store) -> None:
    await sent(store, WITH_PUSHES, a_delivery())
    await take(store)
    await settle(store, "d1", DeliveryState.ACCEPTED, ticket="x")
    assert await tickets(store, NOW + 9 * HOUR) == []


async def test_tickets_are_given_to_their_own_channel_up_to_the_limit(store: Store) -> None:
    await waiting_for_receipt(store, "d1", "d2", "d3", at=NOW)
    assert await tickets(store, NOW, channel="webhook") == []
    first, rest = await tickets(store, NOW, limit=2), await tickets(store, NOW, limit=2)
    assert (len(first), len(rest)) == (2, 1)
    assert sorted(first + rest) == ["d1", "d2", "d3"]


@several_kinds
async def test_eight_takers_of_tickets_at_once_are_given_each_once(open_store: OpenStore) -> None:
    stores = [await open_store() for _ in range(8)]
    ids = [f"d{n}" for n in range(20)]
    await waiting_for_receipt(stores[0], *ids, at=NOW)
    taken = await asyncio.gather(*(tickets(store, NOW, limit=8) for store in stores))
    assert sorted(one for batch in taken for one in batch) == sorted(ids)


# --- next_delivery_at


async def test_the_next_delivery_is_the_earliest_pending_one_of_the_channel(store: Store) -> None:
    assert await store.next_delivery_at("push") is None
    await sent(store, WITH_PUSHES, a_delivery("d1"), a_delivery("d2", address="b"), a_delivery("d3", channel="webhook"))
    await take(store)
    assert await store.next_delivery_at("push") is None
    await settle(store, "d1", DeliveryState.PENDING, next_try_at=NOW + 2 * HOUR)
    await settle(store, "d2", DeliveryState.PENDING, next_try_at=NOW + HOUR)
    assert await store.next_delivery_at("push") == NOW + HOUR
    assert await store.next_delivery_at("webhook") == NOW
