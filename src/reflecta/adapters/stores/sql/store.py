"""The whole SQL store, put together from its parts, and its life cycle."""

import sqlalchemy as sa

from reflecta.adapters.stores.sql.database import Database, connect
from reflecta.adapters.stores.sql.hosting import HostSql
from reflecta.adapters.stores.sql.ledger import LedgerSql
from reflecta.adapters.stores.sql.migrate import stored_revision, upgrade
from reflecta.adapters.stores.sql.moving import MoveSql
from reflecta.adapters.stores.sql.outbox import OutboxSql
from reflecta.adapters.stores.sql.schema import REVISION
from reflecta.adapters.stores.sql.ticking import Enlist, TickSql
from reflecta.adapters.stores.sql.working import ProcessSql
from reflecta.domain.errors import ConfigurationError


class SqlStore(TickSql, ProcessSql, HostSql, MoveSql, OutboxSql, LedgerSql):
    """`Store` over SQLite or PostgreSQL.

    With *enlist* the ids of claimed occasions are handed over within the claim's transaction (PostgreSQL).
    With *migrate* a missing or older schema is brought up to date on opening.
    """

    def __init__(self, database: Database, *, enlist: Enlist | None = None, migrate: bool = True) -> None:
        self.database = database
        self.enlist = enlist
        self._migrate = migrate

    @classmethod
    def at(cls, url: str, *, enlist: Enlist | None = None, migrate: bool = True, pool_size: int = 10) -> "SqlStore":
        """Make the store of a database URL."""
        return cls(connect(url, pool_size=pool_size), enlist=enlist, migrate=migrate)

    async def open(self) -> None:
        """See the port."""
        found = await self.revision()
        if found == REVISION:
            return
        if not self._migrate:
            raise ConfigurationError(
                f"the database's schema is at revision {found or 'none'}, this version needs {REVISION}; "
                "run `reflecta migrate`"
            )
        await self.migrate()

    async def revision(self) -> str | None:
        """Give the schema's revision as stored; None where there is no schema."""
        return await self.database.read(stored_revision)

    async def is_current(self) -> bool:
        """See the port."""
        return await self.revision() == REVISION

    async def migrate(self) -> None:
        """Bring the schema up to date; two at once wait for each other."""
        await self.database.rebuild(upgrade)

    async def aclose(self) -> None:
        """See the port."""
        await self.database.aclose()

    async def ping(self) -> None:
        """See the port."""
        await self.database.read(lambda c: c.execute(sa.text("SELECT 1")).scalar())
