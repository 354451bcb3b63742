"""How a store brings its schema up to date, alone and beside others, and what it says when it cannot."""

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from tests.contracts.processes import race
from tests.databases import opened, rows, write

import reflecta.adapters.stores.sql
from reflecta.adapters.stores.sql import SqlStore
from reflecta.adapters.stores.sql.schema import REVISION, metadata
from reflecta.domain.errors import ConfigurationError

MIGRATIONS = Path(reflecta.adapters.stores.sql.__file__).parent / "migrations"


@pytest.fixture(params=["sqlite", "postgres"])
def blank(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'blank.db'}"
    return str(request.getfixturevalue("blank_postgres"))


def defined(connection: sa.Connection) -> Sequence[str]:
    """Give the definitions of tables and indices as the database has them, whatever their order."""
    ours = ", ".join(f"'{table.name}'" for table in metadata.sorted_tables)
    if connection.dialect.name == "sqlite":
        found = connection.exec_driver_sql(
            f"SELECT tbl_name, sql FROM sqlite_master WHERE tbl_name IN ({ours}) AND sql IS NOT NULL"  # noqa: S608
        )
        return sorted(f"{table}: {_parts(sql)}" for table, sql in found)
    columns = "SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns"
    columns += f" WHERE table_name IN ({ours}) AND table_schema = 'public'"
    indices = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
    checks = (
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid <> 'alembic_version'::regclass"
    )
    checks += " AND connamespace = 'public'::regnamespace"
    return sorted(repr(tuple(row)) for sql in (columns, indices, checks) for row in connection.exec_driver_sql(sql))


def _parts(sql: str) -> list[str]:
    """Split a definition into its parts, in order of the alphabet: SQLite keeps it as it was written."""
    return sorted(re.sub(r"\s+", " ", part).strip(" ,)") for part in re.split(r",\s*|\n\)", sql))


async def test_the_migrated_schema_is_the_schema_that_the_code_describes(blank: str) -> None:
    async with opened(blank) as store:
        options = {"compare_type": True, "compare_server_default": True}

        def differences(connection: sa.Connection) -> list[object]:
            return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))

        assert await store.database.read(differences) == []


async def test_migrated_tables_are_those_that_the_code_would_create_to_the_letter(blank: str) -> None:
    async with opened(blank) as store:
        migrated = await store.database.read(defined)

        def recreate(connection: sa.Connection) -> Sequence[str]:
            metadata.drop_all(connection)
            metadata.create_all(connection)
            return defined(connection)

        assert await store.database.write(recreate) == migrated


def test_the_revision_that_the_code_needs_is_the_newest_migration() -> None:
    script = ScriptDirectory(str(MIGRATIONS))
    assert script.get_current_head() == REVISION


async def test_migrating_twice_is_harmless(blank: str) -> None:
    async with opened(blank) as store:
        await write(store, "INSERT INTO contexts VALUES ('o', 'u', 'kept')")
        await store.migrate()
        await store.open()
        assert await store.revision() == REVISION
        assert [row.text for row in await rows(store, "SELECT text FROM contexts")] == ["kept"]


async def test_a_blank_database_has_no_revision(blank: str) -> None:
    store = SqlStore.at(blank)
    try:
        assert await store.revision() is None
    finally:
        await store.aclose()


async def test_stores_that_migrate_at_once_wait_for_each_other(blank: str) -> None:
    stores = [SqlStore.at(blank) for _ in range(4)]
    try:
        await asyncio.gather(*(store.open() for store in stores))
        assert [row.version_num for row in await rows(stores[0], "SELECT * FROM alembic_version")] == [REVISION]
    finally:
        await asyncio.gather(*(store.aclose() for store in stores))


async def test_processes_that_migrate_a_file_at_once_wait_for_each_other(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'blank.db'}"
    await race("tests.contracts.migrator", [[url]] * 2)
    async with opened(url) as store:
        assert [row.version_num for row in await rows(store, "SELECT * FROM alembic_version")] == [REVISION]


async def test_a_schema_of_a_newer_version_is_refused_with_advice_and_left_alone(blank: str) -> None:
    async with opened(blank) as store:
        await write(store, "UPDATE alembic_version SET version_num = '9999'")
        with pytest.raises(ConfigurationError, match=r"'9999'.*install the newer version"):
            await store.open()
        assert await store.revision() == "9999"


async def test_without_permission_to_migrate_a_blank_database_is_refused_with_the_command(blank: str) -> None:
    store = SqlStore.at(blank, migrate=False)
    try:
        with pytest.raises(ConfigurationError, match="reflecta migrate"):
            await store.open()
        assert await store.revision() is None
    finally:
        await store.aclose()


async def test_without_permission_to_migrate_an_up_to_date_database_is_opened(blank: str) -> None:
    async with opened(blank):
        store = SqlStore.at(blank, migrate=False)
        try:
            await store.open()
            assert await store.occasions() == []
        finally:
            await store.aclose()


async def test_a_migration_that_breaks_off_leaves_nothing_behind(blank: str) -> None:
    store = SqlStore.at(blank)
    try:
        await write(store, "CREATE TABLE users (id TEXT)")  # in the way of the last table
        with pytest.raises(Exception, match="already exists"):
            await store.open()
        assert await store.revision() is None
        tables = await store.database.read(lambda c: sa.inspect(c).get_table_names())
        assert tables == ["users"]
    finally:
        await store.aclose()
