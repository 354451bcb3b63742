"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create all tables and indices."""
    op.create_table(
        "attempts",
        sa.Column("occasion_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("message_type", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("push_text", sa.Text(), nullable=True),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("ai_generated", sa.Boolean(), nullable=True),
        sa.Column("checks", sa.JSON(), nullable=False),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("recommendation", sa.Text(), nullable=True),
        sa.Column("faults", sa.JSON(), nullable=False),
        sa.Column("rationale", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("occasion_id", "number"),
    )
    op.create_table(
        "calls",
        sa.Column("occasion_id", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("prompt_version", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("latency", sa.Float(), nullable=False),
        sa.Column("input_tokens", sa.Integer(), nullable=False),
        sa.Column("output_tokens", sa.Integer(), nullable=False),
        sa.Column("cost_reported", sa.Float(), nullable=True),
        sa.Column("cost_estimated", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("occasion_id", "attempt", "position"),
    )
    op.create_index("calls_at", "calls", ["at"], unique=False)
    op.create_table(
        "contexts",
        sa.Column("occasion_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("occasion_id"),
    )
    op.create_index("contexts_user", "contexts", ["user_id"], unique=False)
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("ticket", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("next_try_at", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("accepted_at", sa.BigInteger(), nullable=True),
        sa.Column("sending_until", sa.BigInteger(), nullable=True),
        sa.Column("receipt_due_at", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("message_id", "channel", "address", name="deliveries_once"),
    )
    op.create_index(
        "deliveries_pending",
        "deliveries",
        ["channel", "next_try_at"],
        unique=False,
        postgresql_where=sa.text("state = 'pending'"),
        sqlite_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "deliveries_sending",
        "deliveries",
        ["channel", "sending_until"],
        unique=False,
        postgresql_where=sa.text("state = 'sending'"),
        sqlite_where=sa.text("state = 'sending'"),
    )
    op.create_index("deliveries_user", "deliveries", ["user_id"], unique=False)
    op.create_index(
        "deliveries_waiting",
        "deliveries",
        ["channel", "receipt_due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'accepted' AND receipt_due_at IS NOT NULL"),
        sqlite_where=sa.text("state = 'accepted' AND receipt_due_at IS NOT NULL"),
    )
    op.create_table(
        "feedback",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", "kind"),
    )
    op.create_table(
        "journal_entries",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("has_content", sa.Boolean(), nullable=False),
        sa.Column("written_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("images", sa.JSON(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("journal_entries_user", "journal_entries", ["user_id"], unique=False)
    op.create_index(
        "journal_entries_with_content",
        "journal_entries",
        ["user_id", "written_at"],
        unique=False,
        postgresql_where=sa.text("has_content"),
        sqlite_where=sa.text("has_content = 1"),
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("occasion_id", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("local_date", sa.Text(), nullable=False),
        sa.Column("forced", sa.Boolean(), nullable=False),
        sa.Column("journal_entry_id", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("occasion_id"),
    )
    op.create_index(
        "messages_one_a_day",
        "messages",
        ["user_id", "local_date"],
        unique=True,
        postgresql_where=sa.text("NOT forced"),
        sqlite_where=sa.text("NOT forced"),
    )
    op.create_index("messages_user", "messages", ["user_id", "sent_at"], unique=False)
    op.create_table(
        "occasions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("forced", sa.Boolean(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=True),
        sa.Column("time_window", sa.Text(), nullable=True),
        sa.Column("window_ends_at", sa.BigInteger(), nullable=True),
        sa.Column("regular_due_at", sa.BigInteger(), nullable=True),
        sa.Column("not_before", sa.BigInteger(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease_token", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'in_work', 'sent', 'held_back', 'deferred', 'expired', 'cancelled', 'failed')",
            name="occasions_state",
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("user_id", "due_at", name="occasions_user_due"),
    )
    op.create_index("occasions_due", "occasions", ["due_at"], unique=False)
    op.create_index("occasions_lease", "occasions", ["lease_token"], unique=True)
    op.create_index(
        "occasions_one_open",
        "occasions",
        ["user_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('queued', 'in_work')"),
        sqlite_where=sa.text("state IN ('queued', 'in_work')"),
    )
    op.create_index(
        "occasions_open",
        "occasions",
        ["window_ends_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('queued', 'in_work')"),
        sqlite_where=sa.text("state IN ('queued', 'in_work')"),
    )
    op.create_table(
        "ticks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("users_due", sa.Integer(), nullable=False),
        sa.Column("users_bootstrapped", sa.Integer(), nullable=False),
        sa.Column("jobs_created", sa.Integer(), nullable=False),
        sa.Column("users_rescheduled", sa.Integer(), nullable=False),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "user_insights",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("main_focus", sa.JSON(), nullable=True),
        sa.Column("key_blockers", sa.JSON(), nullable=True),
        sa.Column("plan", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("user_id"),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=True),
        sa.Column("onboarding", sa.JSON(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("cadence", sa.Text(), nullable=False),
        sa.Column("time_window", sa.Text(), nullable=False),
        sa.Column("challenge", sa.Text(), nullable=False),
        sa.Column("tone", sa.Text(), nullable=False),
        sa.Column("push_enabled", sa.Boolean(), nullable=False),
        sa.Column("push_tokens", sa.JSON(), nullable=False),
        sa.Column("last_notification_at", sa.BigInteger(), nullable=True),
        sa.Column("timezone", sa.Text(), nullable=True),
        sa.Column("given_timezone", sa.Text(), nullable=True),
        sa.Column("next_due_at", sa.BigInteger(), nullable=True),
        sa.Column("last_sent_at", sa.BigInteger(), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("entry_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("age_band", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.CheckConstraint("entry_count >= 0", name="users_entry_count_positive"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "users_due",
        "users",
        ["next_due_at", "id", "timezone", "time_window", "cadence"],
        unique=False,
        postgresql_where=sa.text("enabled AND next_due_at IS NOT NULL"),
        sqlite_where=sa.text("enabled = 1 AND next_due_at IS NOT NULL"),
    )
    op.create_index(
        "users_unscheduled",
        "users",
        ["id"],
        unique=False,
        postgresql_where=sa.text("enabled AND next_due_at IS NULL AND timezone IS NOT NULL"),
        sqlite_where=sa.text("enabled = 1 AND next_due_at IS NULL AND timezone IS NOT NULL"),
    )
