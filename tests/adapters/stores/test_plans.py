"""What doctor asks of a database: plans, counts, its clock."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.databases import migrated, opened, write

from reflecta.adapters.stores.sql import SqlStore
from reflecta.adapters.stores.sql.inspection import Condition, has_queue, missing_file, read_clock, read_condition
from reflecta.adapters.stores.sql.plans import Plan, explain_plans
from reflecta.domain.errors import ConfigurationError

NOW = datetime(2026, 3, 10, 8, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give a database of each kind that nobody else uses: tests here drop indices."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'own.db'}"
    return str(request.getfixturevalue("blank_postgres"))


async def plans(store: SqlStore) -> Sequence[Plan]:
    return await store.database.write(explain_plans)


async def test_every_hot_query_has_its_index(url: str) -> None:
    await migrated(url)
    async with opened(url) as store:
        assert {plan.name: plan.uses_index for plan in await plans(store)} == {
            "due query": True,
            "bootstrap query": True,
            "context read": True,
        }


async def test_a_query_whose_indices_are_gone_is_found(url: str) -> None:
    await migrated(url)
    async with opened(url) as store:
        for index in ("users_due", "users_unscheduled", "journal_entries_with_content"):
            await write(store, f"DROP INDEX {index}")
        assert [plan.uses_index for plan in await plans(store)] == [False] * 3


async def test_looking_at_plans_leaves_the_connection_as_it_was(blank_postgres: str) -> None:
    await migrated(blank_postgres)
    async with opened(blank_postgres) as store:
        await plans(store)
        shown = await store.database.read(lambda c: c.exec_driver_sql("SHOW enable_seqscan").scalar_one())
    assert shown == "on"


async def test_a_fresh_database_has_nothing_to_tell(url: str) -> None:
    await migrated(url)
    async with opened(url) as store:
        found = await store.database.read(lambda c: read_condition(c, NOW, late_after=timedelta(minutes=15)))
        assert found == Condition(without_zone=0, unknown=0, stuck=0, late=0)
        assert not await store.database.read(has_queue)


@pytest.mark.parametrize(
    ("state", "at", "found"),
    [
        ("unknown", NOW - timedelta(hours=1), {"unknown": 1}),
        ("unknown", NOW - timedelta(days=2), {}),
        ("sending", NOW - timedelta(minutes=1), {"stuck": 1}),
        ("sending", NOW + timedelta(minutes=1), {}),
        ("pending", NOW - timedelta(minutes=16), {"late": 1}),
        ("pending", NOW - timedelta(minutes=1), {}),
        ("delivered", NOW - timedelta(days=1), {}),
    ],
)
async def test_pushes_are_counted_by_what_is_wrong_with_them(
    tmp_path: Path, state: str, at: datetime, found: dict[str, int]
) -> None:
    statement = (
        "INSERT INTO deliveries (id, message_id, user_id, channel, address, title, body, data, state, tries,"
        " next_try_at, sending_until, updated_at)"
        " VALUES ('d', 'm', 'u', 'log', 'a', '', '', '{}', :state, 1, :at, :at, :at)"
    )
    url = f"sqlite:///{tmp_path / 'own.db'}"
    await migrated(url)
    async with opened(url) as store:
        await write(store, statement, state=state, at=int(at.timestamp() * 1000))
        seen = await store.database.read(lambda c: read_condition(c, NOW, late_after=timedelta(minutes=15)))
    assert {name: count for name in Condition.__slots__ if (count := getattr(seen, name))} == found


async def test_the_databases_clock_can_be_read(url: str) -> None:
    await migrated(url)
    async with opened(url) as store:
        told = await store.database.read(read_clock)
    assert abs(datetime.now(UTC) - told) < timedelta(minutes=1)


def test_a_file_that_is_not_there_is_told_and_not_made(tmp_path: Path) -> None:
    path = tmp_path / "none.db"
    assert missing_file(f"sqlite:///{path}") == path
    assert not path.exists()


@pytest.mark.parametrize("url", ["sqlite://", "postgresql://me@host/name"])
def test_other_databases_have_no_file_to_miss(url: str) -> None:
    assert missing_file(url) is None


def test_what_is_no_url_is_a_wrong_setting() -> None:
    with pytest.raises(ConfigurationError, match="write sqlite:///"):
        missing_file("not a url")
