"""A small journal to test on: one person, a few entries, and the context made of them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from reflecta.domain.context import Context, build_context
from reflecta.domain.model import Entry, Insights, MessageType, PastMessage, User

NOW = datetime(2026, 5, 5, 7, tzinfo=UTC)
PARIS = "Europe/Paris"


def an_entry(text: str, *, number: int = 1, at: datetime = NOW - timedelta(days=1)) -> Entry:
    """Give an entry called e1, e2 and so on."""
    return Entry(id=f"e{number}", user_id="u", content=text, text=text, written_at=at, updated_at=at)


def a_message(text: str, *, at: datetime = NOW - timedelta(days=2)) -> PastMessage:
    """Give a message that was sent before."""
    return PastMessage(id="m", type=MessageType.CHECK_IN, text=text, sent_at=at)


def a_context(
    *texts: str,
    entries: Sequence[Entry] | None = None,
    messages: Sequence[PastMessage] = (),
    insights: Insights | None = None,
    user: User | None = None,
    budget: int = 8000,
    zone: str = PARIS,
) -> Context:
    """Give the context of a person who wrote *texts*, the newest first."""
    written = [an_entry(t, number=i, at=NOW - timedelta(days=i)) for i, t in enumerate(texts, 1)]
    return build_context(
        user or User(id="u", first_name="Ana", entry_count=len(written)),
        entries=written if entries is None else entries,
        insights=insights,
        messages=messages,
        now=NOW,
        zone=zone,
        budget=budget,
    )
