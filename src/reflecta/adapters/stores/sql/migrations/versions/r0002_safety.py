"""Safety holds and flags, what the classifier saw, ratings by dimension, the texts of prompts."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and the table."""
    op.add_column("users", sa.Column("held_until", sa.BigInteger(), nullable=True))
    op.add_column("users", sa.Column("flagged_entries", sa.JSON(), nullable=True))
    op.create_index(
        "users_held",
        "users",
        ["id"],
        postgresql_where=sa.text("held_until IS NOT NULL"),
        sqlite_where=sa.text("held_until IS NOT NULL"),
    )
    op.add_column("occasions", sa.Column("screening", sa.JSON(), nullable=True))
    op.add_column("attempts", sa.Column("dimensions", sa.JSON(), nullable=True))
    op.create_table(
        "safety_flags",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("occasion_id", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("sign", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.Column("held_until", sa.BigInteger(), nullable=False),
        sa.Column("reviewed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "prompt_texts",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("first_used_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("version"),
    )
    op.create_index("safety_flags_at", "safety_flags", ["at"])
    op.create_index("safety_flags_user", "safety_flags", ["user_id"])
