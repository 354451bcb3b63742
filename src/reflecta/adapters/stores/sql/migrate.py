"""Brings the schema up to date with Alembic, inside one transaction of ours."""

from importlib import resources

import sqlalchemy as sa

from reflecta.adapters.stores.sql.schema import REVISION
from reflecta.domain.errors import ConfigurationError

# Any number, the same in every process: two that migrate at once wait for each other.
_MIGRATION_LOCK = 7_236_501_942


def stored_revision(connection: sa.Connection) -> str | None:
    """Give the schema's revision; read without Alembic, whose import takes longer than a tick."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.scalar(sa.text("SELECT version_num FROM alembic_version"))


def upgrade(connection: sa.Connection) -> None:
    """Run the migrations that are missing; ConfigurationError when the schema is newer than this version."""
    from alembic import command  # noqa: PLC0415 - see stored_revision
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
    config = Config()
    config.set_main_option("script_location", str(resources.files("reflecta.adapters.stores.sql") / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        found = stored_revision(connection)
        raise ConfigurationError(
            f"the database's schema is at revision {found!r}, which this version (up to {REVISION}) does not know; "
            "install the newer version of Reflecta that wrote it"
        ) from error
