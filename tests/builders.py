"""Makes nouns for tests: each function fills in what the test does not care about."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from reflecta.application.ports.store import Ending, Sending
from reflecta.domain.model import (
    Address,
    Assessment,
    Attempt,
    Cadence,
    Call,
    Delivery,
    Dimension,
    Draft,
    Entry,
    Flag,
    FlagSource,
    MessageType,
    Occasion,
    OccasionState,
    Preferences,
    Purpose,
    Push,
    Recommendation,
    ScreenedSign,
    User,
    Window,
    occasion_id,
)

NOW = datetime(2026, 3, 10, 8, tzinfo=UTC)
TODAY = date(2026, 3, 10)
HOUR = timedelta(hours=1)
REGULAR = NOW + timedelta(days=1)
WINDOW_END = NOW + 3 * HOUR


def a_user(
    user_id: str = "u1",
    *,
    enabled: bool = True,
    window: Window = Window.MORNING,
    cadence: Cadence = Cadence.DAILY,
    tokens: tuple[str, ...] = (),
    **fields: Any,
) -> User:
    """Make a user of Berlin who is switched on and due now."""
    user = User(
        id=user_id,
        timezone="Europe/Berlin",
        given_timezone=fields.get("timezone", "Europe/Berlin"),
        next_due_at=NOW,
        preferences=Preferences(enabled=enabled, window=window, cadence=cadence),
        push=Push(enabled=bool(tokens), tokens=tokens),
    )
    return replace(user, **fields)


def an_entry(
    entry_id: str = "e1", user_id: str = "u1", *, text: str = "I walked along the river.", **fields: Any
) -> Entry:
    """Make an entry written yesterday."""
    written_at = NOW - timedelta(days=1)
    entry = Entry(
        id=entry_id,
        user_id=user_id,
        content=f"<p>{text}</p>" if text else "",
        text=text,
        written_at=written_at,
        updated_at=written_at,
    )
    return replace(entry, **fields)


def an_occasion(user_id: str = "u1", *, due_at: datetime = NOW, **fields: Any) -> Occasion:
    """Make a queued occasion as a claim makes it."""
    occasion = Occasion(
        id=occasion_id(user_id, due_at),
        user_id=user_id,
        due_at=due_at,
        state=OccasionState.QUEUED,
        created_at=NOW,
        timezone="Europe/Berlin",
        window=Window.MORNING,
        window_ends_at=WINDOW_END,
        regular_due_at=REGULAR,
    )
    return replace(occasion, **fields)


def a_forced_occasion(user_id: str = "u1", *, due_at: datetime = NOW + timedelta(minutes=1), **fields: Any) -> Occasion:
    """Make an occasion as an operator forces it: it has no window and no regular due time."""
    return an_occasion(
        user_id, due_at=due_at, **{"forced": True, "window_ends_at": None, "regular_due_at": None, **fields}
    )


def a_call(**fields: Any) -> Call:
    """Make a model call that cost a tenth of a cent."""
    call = Call(
        purpose=Purpose.DRAFT,
        model="m",
        prompt_version="p1",
        at=NOW,
        latency=1.5,
        cost_reported=0.001,
        input_tokens=900,
    )
    return replace(call, **fields)


def an_attempt(number: int = 1, *, text: str = "How did the walk go on?", **fields: Any) -> Attempt:
    """Make an attempt with a draft and the call that wrote it."""
    draft = Draft(type=MessageType.CHECK_IN, text=text, push_text=text)
    return replace(Attempt(number=number, created_at=NOW, draft=draft, calls=(a_call(),)), **fields)


def an_assessment(rating: int = 8, recommendation: Recommendation = Recommendation.SEND, **fields: Any) -> Assessment:
    """Make a judgement with the same rating in every dimension."""
    return Assessment(dimensions=dict.fromkeys(Dimension, rating), recommendation=recommendation, **fields)


def a_flag(**fields: Any) -> Flag:
    """Make a flag that the local rules raised just now, for three days."""
    flag = Flag(
        sign=ScreenedSign.SUICIDE,
        source=FlagSource.RULES,
        rule="en.suicide.1",
        at=NOW,
        held_until=NOW + timedelta(hours=72),
        entry_ids=("e1",),
    )
    return replace(flag, **fields)


def a_delivery(
    delivery_id: str = "d1", user_id: str = "u1", *, address: str = "phone", channel: str = "push", **fields: Any
) -> Delivery:
    """Make a delivery of the message that `a_sending` makes."""
    delivery = Delivery(
        id=delivery_id,
        message_id=f"m-{user_id}",
        user_id=user_id,
        address=Address(channel=channel, value=address),
        title="Reflecta",
        body="How did the walk go on?",
        data={"entryId": f"je-{user_id}"},
    )
    return replace(delivery, **fields)


def a_sending(
    user_id: str = "u1", *deliveries: Delivery, suffix: str = "", local_date: date = TODAY, attempt: int = 1
) -> Sending:
    """Make what a sent occasion of a user leaves behind; a user's second one needs a *suffix*."""
    message_id = f"m-{user_id}{suffix}"
    entry = an_entry(f"je-{user_id}{suffix}", user_id, text="How did the walk go on?", message_id=message_id)
    return Sending(
        message_id=message_id, attempt=attempt, local_date=lambda _zone: local_date, entry=entry, deliveries=deliveries
    )


def a_sent_ending(user_id: str = "u1", *deliveries: Delivery, suffix: str = "", **fields: Any) -> Ending:
    """Make the ending of an occasion whose message is sent now, the next one due the day after tomorrow."""
    sending = a_sending(user_id, *deliveries, suffix=suffix)
    ending = Ending(outcome=OccasionState.SENT, now=NOW, sending=sending, next_due_at=REGULAR + timedelta(days=1))
    return replace(ending, **fields)
