"""Looks at a database from outside, without migrating or making one: for whoever asks whether all is well."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy import exc

from reflecta.adapters.stores.sql.schema import deliveries, from_ms, users
from reflecta.application.ports.condition import Condition
from reflecta.domain.errors import ConfigurationError

# Older ones are history: they stay unknown for ever.
_RECENT: Final = timedelta(hours=24)


def missing_file(url: str) -> Path | None:
    """Give the SQLite file that a URL names but that is not there; None where there is something to open."""
    try:
        parsed = sa.make_url(url)
    except exc.ArgumentError as error:
        raise ConfigurationError(
            "REFLECTA_DATABASE_URL is no database URL; write sqlite:///reflecta.db or postgresql://user@host/name"
        ) from error
    if parsed.get_backend_name() != "sqlite" or parsed.database in {None, "", ":memory:"}:
        return None
    path = Path(parsed.database or "")
    return None if path.exists() else path


def read_clock(connection: sa.Connection) -> datetime:
    """Give the instant by the database's own clock, which for SQLite is this machine's."""
    if connection.dialect.name == "postgresql":
        statement = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)"
    else:
        statement = "SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"
    return from_ms(connection.execute(sa.text(statement)).scalar_one())


def read_condition(connection: sa.Connection, now: datetime, *, late_after: timedelta) -> Condition:
    """Count what somebody should know of."""
    states = deliveries.c.state
    counts = sa.select(
        sa.func.count().filter(states == "unknown", deliveries.c.updated_at >= now - _RECENT),
        sa.func.count().filter(states == "sending", deliveries.c.sending_until <= now),
        sa.func.count().filter(states == "pending", deliveries.c.next_try_at <= now - late_after),
    ).select_from(deliveries)
    unknown, stuck, late = connection.execute(counts).one()
    zoneless = sa.select(sa.func.count()).select_from(users).where(users.c.enabled, users.c.timezone.is_(None))
    return Condition(without_zone=connection.execute(zoneless).scalar_one(), unknown=unknown, stuck=stuck, late=late)


def has_queue(connection: sa.Connection) -> bool:
    """Say whether the queue's tables are there."""
    return sa.inspect(connection).has_table("pgqueuer")
