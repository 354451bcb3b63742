"""How pgqueuer is reached: one reading of the database's URL, and names that no environment variable changes."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, cast

import asyncpg  # pyright: ignore[reportMissingTypeStubs] - it has none, and few annotations
import sqlalchemy as sa
from pgqueuer import AsyncpgDriver, Queries
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder, QuerySchedulerBuilder
from pgqueuer.domain.settings import DBSettings
from pgqueuer.ports.driver import Driver
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from reflecta.domain.errors import ConfigurationError, StoreUnavailable

# asyncpg's own keyword arguments, so that what SQLAlchemy reads into a URL holds here as well.
Arguments = dict[str, Any]

# A statement of the queue takes milliseconds; a network that swallows packets must not stop a worker for ever.
_STATEMENT_AT_MOST: Final = 30.0  # seconds
_CLOSING_AT_MOST: Final = 5.0  # seconds
TROUBLE: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
# pgqueuer's own names and durable tables. Constructed, not called: that would read CHANNEL, TRIGGER, PGQUEUER_… from
# the environment, and a tick and a worker with different environments would not find each other.
NAMES: Final = DBSettings.model_construct()


def arguments(url: str) -> Arguments:
    """Read a database URL as the ledger does."""
    parsed = sa.make_url(url).set(drivername="postgresql+asyncpg")
    _, given = PGDialect_asyncpg().create_connect_args(parsed)
    return {name: value for name, value in given.items() if not name.startswith("prepared_statement")}


@asynccontextmanager
async def one_connection(given: Arguments) -> AsyncGenerator[Driver]:
    """Connect once, without a limit on statements: for locks of the session, and upgrades."""
    opened = await asyncpg.connect(**given)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - as above
    connection = cast("asyncpg.Connection", opened)
    try:
        yield AsyncpgDriver(connection)
    finally:
        await connection.close()  # pyright: ignore[reportUnknownMemberType] - as above


async def open_pool(given: Arguments, *, name: str, size: int) -> asyncpg.Pool:
    """Make a pool that connects when it is used; *name* is what pg_stat_activity shows."""
    return await asyncpg.create_pool(  # pyright: ignore[reportUnknownMemberType] - as above
        min_size=0,
        max_size=size,
        command_timeout=_STATEMENT_AT_MOST,
        server_settings={"application_name": name},
        **given,
    )


async def close(pool: asyncpg.Pool) -> None:
    """Close a pool, by force where its connections do not come back."""
    try:
        async with asyncio.timeout(_CLOSING_AT_MOST):
            await pool.close()
    except TROUBLE:  # TimeoutError is among them
        pool.terminate()


def queries(driver: Driver) -> Queries:
    """Give pgqueuer's statements over a connection or a pool."""
    return Queries(
        driver,
        qbe=QueryBuilderEnvironment(NAMES),
        qbq=QueryQueueBuilder(NAMES),
        qbs=QuerySchedulerBuilder(NAMES),
    )


@contextmanager
def named_errors() -> Generator[None]:
    """Turn the driver's trouble into ours."""
    try:
        yield
    except asyncpg.UndefinedTableError as error:
        raise ConfigurationError("the queue's tables are missing; run `reflecta migrate`") from error
    except TROUBLE as error:
        raise StoreUnavailable(f"the queue's database refused: {type(error).__name__}: {error}") from error
