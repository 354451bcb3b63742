"""Fills databases by one statement a table: users, journals, earlier messages. The service would take an hour."""

import json
from datetime import UTC, datetime, timedelta
from typing import Final

import sqlalchemy as sa

from benchmarks.answers import SENTENCE
from reflecta.adapters.stores.sql import SqlStore
from reflecta.adapters.stores.sql.schema import users

# Nine in the morning in Berlin, inside everybody's window.
NOW: Final = datetime(2026, 3, 10, 8, tzinfo=UTC)
_NOW: Final = int(NOW.timestamp() * 1000)
_INDICES: Final = sorted(users.indexes, key=lambda index: str(index.name))
_DAY: Final = int(timedelta(days=1).total_seconds() * 1000)

_ENTRY: Final = (
    "Long day. The review went better than I feared, and still I lay awake until two. "
    f"{SENTENCE} Marta says I should ask for the four-day week instead of only talking about it, and she is right; "
    "I have drafted that mail three times. On Thursday I ran again for the first time since January, slowly, along "
    "the canal, and did not look at the watch. I want to do that twice a week. Mum called. I was short with her and "
    "I am sorry about it. Tomorrow I will call first."
)
_ONBOARDING: Final = json.dumps(
    {
        "completed": True,
        "completed_at": _NOW - 40 * _DAY,
        "occupations": ["employee"],
        "practices_tried": ["journaling", "meditation"],
        "clarity": 3,
        "stress": 4,
    }
)
_FOCUS: Final = json.dumps(
    {
        "headline": "A week with room in it",
        "description": "Wants fewer working days and more time outside.",
        "sources": [{"quote": SENTENCE, "extracted_at": _NOW - _DAY}],
        "updated_at": _NOW - _DAY,
    }
)


async def add_users(store: SqlStore, count: int, *, due: int) -> None:
    """Store *count* users, *due* of them due now and the others over the next two days; one in ten is off.

    The due ones lie all over the table, one in every *count* / *due*. The tables of millions are made in the order
    of their ids, and their other indices at the end: an index that does not fit into memory grows slowly otherwise.
    """
    every = max(1, count // max(1, due))
    is_due = f"(i % {every} = 0 AND i < {every * due})"
    await store.database.write(lambda connection: [index.drop(connection) for index in _INDICES])
    await _run(
        store,
        f"""
        INSERT INTO users (id, email, first_name, created_at, updated_at, onboarding, enabled, cadence, time_window,
          challenge, tone, push_enabled, push_tokens, timezone, given_timezone, next_due_at, last_sent_at, age_band)
        SELECT {{name}}, 'kim@example.org', 'Kim', {_NOW - 40 * _DAY}, {_NOW - _DAY}, '{_ONBOARDING}',
          {is_due} OR i % 10 > 0,
          CASE i % 3 WHEN 0 THEN 'daily' WHEN 1 THEN 'multipleTimesPerWeek' ELSE 'onceAWeek' END, 'morning',
          'moderate', 'supportive', TRUE, '["ExponentPushToken[0123456789abcdef]"]', {{zone}}, {{zone}},
          CASE WHEN {is_due} THEN {_NOW} - (i * 7919 % 3600) * 1000
            ELSE {_NOW + 3_600_000} + (i * 7919 % 172800) * 1000 END,
          {_NOW - 2 * _DAY}, 'adult'
        FROM {{numbers}}
        """,  # noqa: S608 - numbers and texts of our own
        count,
    )
    await store.database.write(lambda connection: [index.create(connection) for index in _INDICES])


async def add_journals(store: SqlStore, *, entries: int, user_id: str | None = None) -> None:
    """Give every user, or one, that many entries of some 600 characters, insights and three earlier messages."""
    one = f"WHERE u.id = '{user_id}'" if user_id else ""
    written = f"{_NOW - 3_600_000} - i * 7200000"
    await _run(
        store,
        f"""
        INSERT INTO journal_entries (id, user_id, content, text, has_content, written_at, updated_at, images)
        SELECT 'e' || i || '-' || u.id, u.id, '<p>Day ' || i || '. {_ENTRY}</p>', 'Day ' || i || '. {_ENTRY}', TRUE,
          {written}, {written}, '[]'
        FROM users u CROSS JOIN {{numbers}} {one}
        """,  # noqa: S608
        entries,
    )
    await _run(
        store,
        f"INSERT INTO user_insights (user_id, main_focus, plan, created_at, updated_at) "  # noqa: S608
        f"SELECT u.id, '{_FOCUS}', '{_FOCUS}', {_NOW - _DAY}, {_NOW - _DAY} FROM users u {one}",
    )
    await _add_earlier_messages(store, one)


async def _add_earlier_messages(store: SqlStore, one: str) -> None:
    say = "'Week ' || i || ': you wrote that running along the canal did you good. What would help you to go again?'"
    sent = f"{_NOW - 2 * _DAY} - i * {7 * _DAY}"
    for statement in (
        f"""
        INSERT INTO messages (id, occasion_id, attempt, user_id, local_date, forced, journal_entry_id, sent_at)
        SELECT 'm' || i || '-' || u.id, 'o' || i || '-' || u.id, 1, u.id, '2025-01-0' || (i + 1), FALSE,
          'je' || i || '-' || u.id, {sent} FROM users u CROSS JOIN {{numbers}} {one}
        """,  # noqa: S608
        f"""
        INSERT INTO attempts (occasion_id, number, created_at, message_type, text, push_text, evidence, ai_generated,
          checks, faults)
        SELECT 'o' || i || '-' || u.id, 1, {sent}, 'check_in', {say}, 'A note is waiting.', '[]', TRUE, '[]', '[]'
        FROM users u CROSS JOIN {{numbers}} {one}
        """,  # noqa: S608
        f"""
        INSERT INTO feedback (message_id, kind, rating, at)
        SELECT 'm' || i || '-' || u.id, 'helpful', 4, {sent} + 3600000 FROM users u CROSS JOIN {{numbers}} {one}
        """,  # noqa: S608
    ):
        await _run(store, statement, 3)


async def _run(store: SqlStore, statement: str, count: int = 1) -> None:
    """Run a statement, its {numbers}, {name} and {zone} spelled as the database wants them."""

    def transaction(connection: sa.Connection) -> None:
        is_postgres = connection.dialect.name == "postgresql"
        parts = {
            "{numbers}": _numbers(count, is_postgres=is_postgres),
            "{name}": "'u' || lpad(to_hex(i), 8, '0')" if is_postgres else "'u' || printf('%08x', i)",
            "{zone}": "CASE i % 3 WHEN 0 THEN 'Europe/Berlin' WHEN 1 THEN 'Europe/London' ELSE 'Africa/Lagos' END",
        }
        spelled = statement
        for name, part in parts.items():
            spelled = spelled.replace(name, part)
        connection.exec_driver_sql(spelled)

    await store.database.write(transaction)


def _numbers(count: int, *, is_postgres: bool) -> str:
    if is_postgres:
        return f"generate_series(0::bigint, {count - 1}) AS n(i)"
    listed = f"WITH RECURSIVE c(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM c WHERE i + 1 < {count})"  # noqa: S608
    return f"({listed} SELECT i FROM c) AS n"  # noqa: S608
