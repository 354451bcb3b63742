"""How the databases go about the store's statements among 20,000 users and 50,000 entries: by index, never by scan.

The statements are those that the store really sends, caught on their way and explained; on PostgreSQL also as the
generic plan that a prepared statement may turn to (a LIMIT that is a parameter is where that goes wrong).
"""

import json
import re
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from tests.builders import HOUR, NOW, a_delivery, a_flag, a_sent_ending, a_user, an_attempt, an_entry
from tests.contracts.steps import UNTIL, add, claim, take
from tests.databases import apart, opened, postgres_database

from reflecta.adapters.stores.sql import SqlStore
from reflecta.adapters.stores.sql.rows import user_values
from reflecta.adapters.stores.sql.schema import metadata, to_ms
from reflecta.application.ports.store import KeptContext, Settled
from reflecta.domain.model import DeliveryState, Feedback, Insights, occasion_id

MS = to_ms(NOW)
ONBOARDING = json.dumps(user_values(a_user())["onboarding"])
TABLES = {table.name for table in metadata.sorted_tables}


def many(table: str, count: int, **columns: str) -> str:
    """Give the statement that inserts rows numbered *n*, by an expression for each column."""
    names, values = ", ".join(columns), ", ".join(columns.values())
    series = f"WITH RECURSIVE s(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n < {count - 1})"  # noqa: S608
    return f"INSERT INTO {table} ({names}) {series} SELECT {values} FROM s"  # noqa: S608


# Users u0 to u99 are due, u100 to u199 have no due time; one entry in ten is blank; one occasion in a hundred is
# open; of the deliveries one in a hundred is pending, one sending, one accepted with its receipt due.
CROWD = (
    many(
        "users",
        20_000,
        id="'u' || n",
        onboarding=f"'{ONBOARDING}'",
        enabled="n < 200 OR n % 5 <> 0",
        cadence="'daily'",
        time_window="'morning'",
        challenge="'moderate'",
        tone="'supportive'",
        push_enabled="n < 0",
        push_tokens="'[]'",
        timezone="'Europe/Berlin'",
        next_due_at=f"CASE WHEN n < 100 THEN {MS} - n WHEN n >= 200 THEN {MS} + 3600000 + n * 4000 END",
    ),
    many(
        "journal_entries",
        50_000,
        id="'e' || n",
        user_id="'u' || (n % 2000)",
        content="'<p>words</p>'",
        text="'words'",
        has_content="n % 10 <> 0",
        written_at=f"{MS} - n * 1000",
        updated_at=str(MS),
        images="'[]'",
    ),
    many(
        "occasions",
        20_000,
        id="'o' || n",
        user_id="'x' || n",
        due_at=f"{MS} - n * 1000",
        state="CASE n % 200 WHEN 0 THEN 'queued' WHEN 1 THEN 'in_work' ELSE 'sent' END",
        forced="n < 0",
        window_ends_at=f"{MS} - n * 1000 + 3600000",
        created_at=str(MS),
        lease_token="'t' || n",
    ),
    many(
        "messages",
        20_000,
        id="'m' || n",
        occasion_id="'o' || n",
        attempt="1",
        user_id="'x' || n",
        local_date="'2026-03-09'",
        forced="n < 0",
        journal_entry_id="'j' || n",
        sent_at=str(MS),
    ),
    many(
        "deliveries",
        20_000,
        id="'d' || n",
        message_id="'m' || n",
        user_id="'x' || n",
        channel="'push'",
        address="'a'",
        title="''",
        body="''",
        data="'{}'",
        state="CASE n % 100 WHEN 0 THEN 'pending' WHEN 1 THEN 'sending' WHEN 2 THEN 'accepted' ELSE 'delivered' END",
        tries="0",
        next_try_at=f"{MS} + n",
        sending_until=f"{MS} + n",
        receipt_due_at=f"{MS} + n",
        updated_at=str(MS),
    ),
    many(
        "safety_flags",
        20_000,
        id="'f' || n",
        user_id="'x' || n",
        at=f"{MS} - n * 1000",
        sign="'suicide'",
        source="'rules'",
        held_until=str(MS),
    ),
    many(
        "attempts",
        20_000,
        occasion_id="'o' || n",
        number="1",
        created_at=str(MS),
        evidence="'[]'",
        checks="'[]'",
        faults="'[]'",
    ),
    many(
        "calls",
        20_000,
        occasion_id="'o' || n",
        attempt="1",
        position="0",
        purpose="'draft'",
        model="'m'",
        prompt_version="'p'",
        at=f"{MS} - n * 60000",
        latency="1",
        input_tokens="1",
        output_tokens="1",
    ),
    many("contexts", 10_000, occasion_id="'o' || n", user_id="'x' || n", text="''"),
    many("feedback", 10_000, message_id="'m' || n", kind="'opened'", at=str(MS)),
    many("user_insights", 10_000, user_id="'u' || n"),
)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def crowded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """Give the URL of a database with many of everything."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('crowd') / 'crowd.db'}"
        apart(lambda: _fill(url))
        yield url
        return
    with postgres_database() as url:
        apart(lambda: _fill(url))
        yield url


async def _fill(url: str) -> None:
    async with opened(url) as store:
        for statement in CROWD:
            await store.database.write(lambda c, sql=statement: c.exec_driver_sql(sql).rowcount)
        if url.startswith("postgresql"):
            await store.database.write(lambda c: c.exec_driver_sql("ANALYZE").rowcount)


Sent = list[tuple[str, Any]]


@contextmanager
def caught() -> Generator[Sent]:
    """Collect the statements that are sent to any database, with their parameters."""
    statements: Sent = []

    def note(_conn: object, _cursor: object, statement: str, parameters: Any, _context: object, many: bool) -> None:  # noqa: FBT001
        statements.append((statement, parameters[0] if many else parameters))

    event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(sa.Engine, "before_cursor_execute", note)


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, list):
        cells: list[object] = value  # pyright: ignore[reportUnknownVariableType]
        kind = "bigint" if any(isinstance(cell, int) for cell in cells) else "text"
        return f"ARRAY[{', '.join(map(_literal, cells))}]::{kind}[]"
    return str(value) if isinstance(value, int | float) else "'" + str(value).replace("'", "''") + "'"


def _explain_sqlite(connection: sa.Connection, statement: str, parameters: Any) -> list[str]:
    return [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]


def _explain_postgres(connection: sa.Connection, statement: str, parameters: Any, mode: str) -> list[str]:
    connection.exec_driver_sql(f"SET LOCAL plan_cache_mode = {mode}")
    connection.exec_driver_sql(f"PREPARE asked AS {statement}")
    given = f"({', '.join(map(_literal, parameters))})" if parameters else ""
    lines = [row[0] for row in connection.exec_driver_sql(f"EXPLAIN EXECUTE asked{given}")]
    connection.exec_driver_sql("DEALLOCATE asked")
    return lines


@dataclass(frozen=True, slots=True)
class Plans:
    """The plans of all statements of one act, line by line."""

    lines: Sequence[str]

    def indices(self) -> set[str]:
        named = r"(?:USING INDEX|COVERING INDEX|Scan using|Scan Backward using|Bitmap Index Scan on) (\w+)"
        return set(re.findall(named, "\n".join(self.lines)))

    def scans(self) -> set[str]:
        """Give the tables read from end to end."""
        found = re.findall(r"(?:Seq Scan on|^SCAN) (\w+)(?! USING)", "\n".join(self.lines), re.MULTILINE)
        return TABLES & set(found)


async def plans_of(store: SqlStore, act: Callable[[SqlStore], Awaitable[object]]) -> dict[str, Plans]:
    """Do something and explain what was sent to the database meanwhile."""
    with caught() as statements:
        await act(store)
    asked = [(sql, given) for sql, given in statements if sql.split()[0] in {"SELECT", "UPDATE", "DELETE"}]

    def explain(connection: sa.Connection) -> dict[str, Plans]:
        if connection.dialect.name == "sqlite":
            return {"sqlite": Plans([line for one in asked for line in _explain_sqlite(connection, *one)])}
        modes = ("force_custom_plan", "force_generic_plan")
        return {
            mode: Plans([line for one in asked for line in _explain_postgres(connection, *one, mode)]) for mode in modes
        }

    return await store.database.write(explain)


async def _go_on(store: SqlStore) -> None:
    (first,) = await store.due(UNTIL, 1)
    await store.due(UNTIL, 500, after=first)


async def _sweep(store: SqlStore) -> None:
    await store.sweep(NOW - 3 * HOUR, limit=500, next_due=lambda _slot, due: due)


async def _finish(store: SqlStore) -> None:
    await claim(store, "u3")
    occasion = occasion_id("u3", NOW - timedelta(milliseconds=3))
    await take(store, occasion, "lease")
    await store.renew(["lease"], until=NOW + HOUR)
    await store.save_attempt(occasion, an_attempt(), token="lease", context=KeptContext(text="", entry_ids=["e1"]))
    await store.finish(occasion, a_sent_ending("u3", a_delivery("new", "u3")), token="lease")


async def _host(store: SqlStore) -> None:
    await add(store, a_user("u4"), a_user("newcomer"))
    await store.upsert_entries([an_entry("e4", "u4"), an_entry("new", "u4")])
    await store.upsert_insights([Insights(user_id="u4")])
    await store.add_feedback(Feedback(message_id="m4", kind="opened", at=NOW))
    await store.delete_entry("e4")
    await store.users(after="u4", limit=10)


async def _outbox(store: SqlStore) -> None:
    await store.take_deliveries("push", now=NOW + HOUR, until=NOW + 2 * HOUR, limit=10)
    await store.next_delivery_at("push")
    await store.take_tickets("push", now=NOW + HOUR, until=NOW + 2 * HOUR, limit=10)
    settled = Settled(delivery_id="d0", state=DeliveryState.REFUSED, now=NOW, drop_address=True)
    await store.settle([settled])


async def _ledger(store: SqlStore) -> None:
    await store.explanation("o7")
    await store.occasions(limit=20)
    await store.occasions(user_id="x7")
    await store.spent(since=NOW - HOUR)
    await store.spent(since=NOW - HOUR, user_id="x7")
    await store.count_outcomes(since=NOW - HOUR / 10)
    await store.count_flags(since=NOW - HOUR / 10)
    await store.replayable(limit=20)
    await store.replayable(limit=20, user_id="x7")


async def _hold(store: SqlStore) -> None:
    await store.hold("u7", a_flag())
    await store.held(limit=20)
    await store.release_hold("u7", now=NOW, next_due=lambda _user: NOW)


Act = Callable[[SqlStore], Awaitable[object]]
ACTS: dict[str, tuple[Act, set[str]]] = {
    "due": (lambda store: store.due(UNTIL, 500), {"users_due"}),
    "due, going on": (_go_on, {"users_due"}),
    "unscheduled": (lambda store: store.unscheduled(500), {"users_unscheduled"}),
    "first due": (lambda store: store.set_first_due({f"u{n}": NOW for n in range(100, 150)}), set()),
    "claim": (lambda store: claim(store, *(f"u{n}" for n in range(50, 100))), set()),
    "sweep": (_sweep, {"occasions_open"}),
    "journal": (lambda store: store.journal("u1", entries=20, messages=10), {"journal_entries_with_content"}),
    "finish": (_finish, {"messages_user"}),
    "host": (_host, set()),
    "erase": (
        lambda store: store.erase_user("u5", now=NOW),
        {"journal_entries_user", "contexts_user", "deliveries_user", "safety_flags_user"},
    ),
    "outbox": (_outbox, {"deliveries_pending", "deliveries_sending", "deliveries_waiting"}),
    "ledger": (_ledger, {"occasions_due", "calls_at", "safety_flags_at"}),
    "hold": (_hold, {"safety_flags_user", "users_held"}),
    "force": (lambda store: store.open_occasion("x7"), {"occasions_one_open"}),
}


@pytest.mark.parametrize("name", ACTS)
async def test_statements_go_by_their_index_and_scan_no_table(crowded: str, name: str) -> None:
    act, expected = ACTS[name]
    async with opened(crowded) as store:
        plans = await plans_of(store, act)
    for mode, plan in plans.items():
        assert plan.scans() == set(), (mode, plan.lines)
        assert expected <= plan.indices(), (mode, plan.lines)


async def test_an_eye_for_scans_sees_one(crowded: str) -> None:
    slow = sa.text("SELECT id FROM users WHERE first_name = 'x'")
    async with opened(crowded) as store:
        plans = await plans_of(store, lambda s: s.database.read(lambda c: c.execute(slow).all()))
    assert [plan.scans() for plan in plans.values()] == [{"users"}] * len(plans)
