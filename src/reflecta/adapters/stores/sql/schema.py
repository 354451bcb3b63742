"""The SQL schema, one for SQLite and PostgreSQL. Instants are UTC epoch milliseconds; enums are their wire values.

Uniqueness is enforced here: one occasion per user and due time, one open occasion per user, one unforced
message per user and local date, one delivery per message, channel and address.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

# The newest migration; a test holds it to the folder.
REVISION: Final = "0002"

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def to_ms(at: datetime) -> int:
    """Give epoch milliseconds, rounded down; a naive datetime is a TypeError."""
    return (at - _EPOCH) // _MILLISECOND


def from_ms(ms: int) -> datetime:
    """Give the instant of epoch milliseconds."""
    return _EPOCH + timedelta(milliseconds=ms)


class Instant(TypeDecorator[datetime]):
    """An aware datetime, kept as epoch milliseconds."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> int | None:
        """Turn an instant into milliseconds."""
        del dialect
        return None if value is None else to_ms(value)

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> datetime | None:
        """Turn milliseconds into an instant."""
        del dialect
        return None if value is None else from_ms(value)


metadata = sa.MetaData()

# Spelt out, so that the planner sees the partial indices' own condition in every query that uses it.
OPEN: Final = sa.text("state IN ('queued', 'in_work')")

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("email", sa.Text),
    sa.Column("first_name", sa.Text),
    sa.Column("created_at", Instant),
    sa.Column("updated_at", Instant),
    sa.Column("onboarding", sa.JSON, nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("cadence", sa.Text, nullable=False),
    sa.Column("time_window", sa.Text, nullable=False),  # 'window' is a reserved word
    sa.Column("challenge", sa.Text, nullable=False),
    sa.Column("tone", sa.Text, nullable=False),
    sa.Column("push_enabled", sa.Boolean, nullable=False),
    sa.Column("push_tokens", sa.JSON, nullable=False),
    sa.Column("last_notification_at", Instant),
    sa.Column("timezone", sa.Text),  # the IANA name to reckon with; null: needs_timezone
    sa.Column("given_timezone", sa.Text),
    sa.Column("next_due_at", Instant),
    sa.Column("last_sent_at", Instant),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
    sa.Column("entry_count", sa.Integer, nullable=False, server_default="0"),
    sa.Column("age_band", sa.Text),
    sa.Column("language", sa.Text),
    sa.Column("region", sa.Text),
    sa.Column("held_until", Instant),
    sa.Column("flagged_entries", sa.JSON(none_as_null=True)),
    sa.CheckConstraint("entry_count >= 0", name="users_entry_count_positive"),
)
# The due query reads this index alone: what a claim is ordered by is in it.
_scheduled = sa.and_(users.c.enabled, users.c.next_due_at.is_not(None))
sa.Index(
    "users_due",
    users.c.next_due_at,
    users.c.id,
    users.c.timezone,
    users.c.time_window,
    users.c.cadence,
    postgresql_where=_scheduled,
    sqlite_where=_scheduled,
)
_unscheduled = sa.and_(users.c.enabled, users.c.next_due_at.is_(None), users.c.timezone.is_not(None))
sa.Index("users_unscheduled", users.c.id, postgresql_where=_unscheduled, sqlite_where=_unscheduled)
_held = users.c.held_until.is_not(None)
sa.Index("users_held", users.c.id, postgresql_where=_held, sqlite_where=_held)

journal_entries = sa.Table(
    "journal_entries",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("content", sa.Text, nullable=False),  # HTML as the app sent it
    sa.Column("text", sa.Text, nullable=False),  # its plain text
    sa.Column("has_content", sa.Boolean, nullable=False),  # written by the user, and not blank
    sa.Column("written_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Column("images", sa.JSON, nullable=False),
    sa.Column("message_id", sa.Text),
)
# Context reads: newest entries with content, flat in the number of entries.
sa.Index(
    "journal_entries_with_content",
    journal_entries.c.user_id,
    journal_entries.c.written_at,
    postgresql_where=journal_entries.c.has_content,
    sqlite_where=sa.text("has_content = 1"),  # as queries spell it there
)
# Entries made of our own messages: few, looked up when a user is erased.
sa.Index("journal_entries_user", journal_entries.c.user_id)

user_insights = sa.Table(
    "user_insights",
    metadata,
    sa.Column("user_id", sa.Text, primary_key=True),
    sa.Column("main_focus", sa.JSON(none_as_null=True)),
    sa.Column("key_blockers", sa.JSON(none_as_null=True)),
    sa.Column("plan", sa.JSON(none_as_null=True)),
    sa.Column("created_at", Instant),
    sa.Column("updated_at", Instant),
)

occasions = sa.Table(
    "occasions",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("due_at", Instant, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("detail", sa.Text),
    sa.Column("forced", sa.Boolean, nullable=False),
    sa.Column("timezone", sa.Text),
    sa.Column("time_window", sa.Text),
    sa.Column("window_ends_at", Instant),
    sa.Column("regular_due_at", Instant),
    sa.Column("not_before", Instant),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    sa.Column("lease_token", sa.Text),
    sa.Column("lease_until", Instant),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("started_at", Instant),
    sa.Column("ended_at", Instant),
    sa.Column("screening", sa.JSON(none_as_null=True)),
    sa.UniqueConstraint("user_id", "due_at", name="occasions_user_due"),
    sa.CheckConstraint(
        "state IN ('queued', 'in_work', 'sent', 'held_back', 'deferred', 'expired', 'cancelled', 'failed')",
        name="occasions_state",
    ),
)
sa.Index("occasions_one_open", occasions.c.user_id, unique=True, postgresql_where=OPEN, sqlite_where=OPEN)
sa.Index("occasions_open", occasions.c.window_ends_at, postgresql_where=OPEN, sqlite_where=OPEN)
sa.Index("occasions_due", occasions.c.due_at)
sa.Index("occasions_lease", occasions.c.lease_token, unique=True)

contexts = sa.Table(
    "contexts",
    metadata,
    sa.Column("occasion_id", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
)
sa.Index("contexts_user", contexts.c.user_id)

attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("occasion_id", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("message_type", sa.Text),
    sa.Column("text", sa.Text),
    sa.Column("push_text", sa.Text),
    sa.Column("evidence", sa.JSON, nullable=False),
    sa.Column("ai_generated", sa.Boolean),
    sa.Column("checks", sa.JSON, nullable=False),
    sa.Column("score", sa.Float),
    sa.Column("dimensions", sa.JSON(none_as_null=True)),
    sa.Column("recommendation", sa.Text),
    sa.Column("faults", sa.JSON, nullable=False),
    sa.Column("rationale", sa.Text),
    sa.Column("error", sa.Text),
)

calls = sa.Table(
    "calls",
    metadata,
    sa.Column("occasion_id", sa.Text, primary_key=True),
    sa.Column("attempt", sa.Integer, primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("prompt_version", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("latency", sa.Float, nullable=False),
    sa.Column("input_tokens", sa.Integer, nullable=False),
    sa.Column("output_tokens", sa.Integer, nullable=False),
    sa.Column("cost_reported", sa.Float),
    sa.Column("cost_estimated", sa.Float),
)
sa.Index("calls_at", calls.c.at)

messages = sa.Table(
    "messages",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("occasion_id", sa.Text, nullable=False, unique=True),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("local_date", sa.Text, nullable=False),  # ISO, the user's own
    sa.Column("forced", sa.Boolean, nullable=False),
    sa.Column("journal_entry_id", sa.Text, nullable=False),
    sa.Column("sent_at", Instant, nullable=False),
)
sa.Index(
    "messages_one_a_day",
    messages.c.user_id,
    messages.c.local_date,
    unique=True,
    postgresql_where=sa.text("NOT forced"),
    sqlite_where=sa.text("NOT forced"),
)
sa.Index("messages_user", messages.c.user_id, messages.c.sent_at)

feedback = sa.Table(
    "feedback",
    metadata,
    sa.Column("message_id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("rating", sa.Integer),
    sa.Column("at", Instant, nullable=False),
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("message_id", sa.Text, nullable=False),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("data", sa.JSON, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("ticket", sa.Text),
    sa.Column("detail", sa.Text),
    sa.Column("next_try_at", Instant),
    sa.Column("expires_at", Instant),
    sa.Column("accepted_at", Instant),
    sa.Column("sending_until", Instant),
    sa.Column("receipt_due_at", Instant),
    sa.Column("updated_at", Instant, nullable=False),
    sa.UniqueConstraint("message_id", "channel", "address", name="deliveries_once"),
)
PENDING: Final = sa.text("state = 'pending'")
SENDING: Final = sa.text("state = 'sending'")
WAITING: Final = sa.text("state = 'accepted' AND receipt_due_at IS NOT NULL")
for _name, _column, _where in (
    ("deliveries_pending", deliveries.c.next_try_at, PENDING),
    ("deliveries_sending", deliveries.c.sending_until, SENDING),
    ("deliveries_waiting", deliveries.c.receipt_due_at, WAITING),
):
    sa.Index(_name, deliveries.c.channel, _column, postgresql_where=_where, sqlite_where=_where)
sa.Index("deliveries_user", deliveries.c.user_id)

# Counts for reports outlive an erasure, without saying whose they were.
safety_flags = sa.Table(
    "safety_flags",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Text),
    sa.Column("occasion_id", sa.Text),
    sa.Column("at", Instant, nullable=False),
    sa.Column("sign", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("rule", sa.Text),
    sa.Column("held_until", Instant, nullable=False),
    sa.Column("reviewed_at", Instant),
)
sa.Index("safety_flags_at", safety_flags.c.at)
sa.Index("safety_flags_user", safety_flags.c.user_id)

# What the versions on calls stand for, so that a stored context can be written from again.
prompt_texts = sa.Table(
    "prompt_texts",
    metadata,
    sa.Column("version", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("first_used_at", Instant, nullable=False),
)

ticks = sa.Table(
    "ticks",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("users_due", sa.Integer, nullable=False),
    sa.Column("users_bootstrapped", sa.Integer, nullable=False),
    sa.Column("jobs_created", sa.Integer, nullable=False),
    sa.Column("users_rescheduled", sa.Integer, nullable=False),
    sa.Column("errors", sa.Integer, nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
)
