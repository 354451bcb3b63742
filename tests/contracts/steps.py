"""Steps that lead a store to where a test begins: users known, claimed, in work, sent."""

from collections.abc import Callable
from datetime import date, datetime

from tests.builders import HOUR, NOW, REGULAR, TODAY, WINDOW_END, a_sent_ending, a_user, an_attempt

from reflecta.application.ports.store import Claimed, ClaimPlan, Slot, Store, UserChange, Work
from reflecta.domain.model import Delivery, Occasion, OccasionState, Reason, User

UNTIL = NOW + HOUR / 60


def as_given(given: User, _stored: User | None) -> UserChange:
    return UserChange(user=given)


def queue_it(_slot: Slot) -> ClaimPlan:
    return ClaimPlan(next_due_at=REGULAR, window_ends_at=WINDOW_END)


def today(_zone: str) -> date:
    return TODAY


async def add(store: Store, *users: User) -> None:
    await store.upsert_users(users, now=NOW, change=as_given)


async def claim(store: Store, *user_ids: str, plan: Callable[[Slot], ClaimPlan] = queue_it) -> Claimed:
    return await store.claim(user_ids, until=UNTIL, now=NOW, plan=plan)


async def queued(store: Store, user: User | None = None, *, window_ends_at: datetime = WINDOW_END) -> str:
    """Add a user who is due and claim them; give the occasion's id."""
    user = user or a_user()
    await add(store, user)
    plan = ClaimPlan(next_due_at=REGULAR, window_ends_at=window_ends_at)
    return (await claim(store, user.id, plan=lambda _: plan)).queued[0]


async def take(store: Store, occasion_id: str, lease: str = "t1", *, now: datetime = NOW) -> Work | None:
    """Take an occasion into work for a minute."""
    return await store.lease(occasion_id, token=lease, now=now, until=now + HOUR / 60, local_date=today)


async def in_work(
    store: Store, user: User | None = None, lease: str = "t1", *, window_ends_at: datetime = WINDOW_END
) -> str:
    """Add a user who is due, claim them and take the occasion into work; give its id."""
    occasion = await queued(store, user, window_ends_at=window_ends_at)
    assert await take(store, occasion, lease) is not None
    return occasion


async def sent(store: Store, user: User | None = None, *deliveries: Delivery) -> str:
    """Lead a user's occasion to its end: a message sent now; give the occasion's id."""
    user = user or a_user()
    occasion = await in_work(store, user, f"t-{user.id}")
    await store.save_attempt(occasion, an_attempt(), token=f"t-{user.id}")
    await store.finish(occasion, a_sent_ending(user.id, *deliveries), token=f"t-{user.id}")
    return occasion


async def occasion_of(store: Store, occasion_id: str) -> Occasion:
    found = await store.explanation(occasion_id)
    assert found is not None
    return found.occasion


async def outcome_of(store: Store, occasion_id: str) -> tuple[OccasionState, Reason | None]:
    occasion = await occasion_of(store, occasion_id)
    return occasion.state, occasion.reason


async def user_of(store: Store, user_id: str = "u1") -> User:
    found = await store.user(user_id)
    assert found is not None
    return found
