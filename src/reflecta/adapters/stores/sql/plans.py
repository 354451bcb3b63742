"""Asks the database how it would run the hot queries, and whether their partial indices serve them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa

from reflecta.adapters.stores.sql.schema import from_ms
from reflecta.adapters.stores.sql.ticking import DUE, UNSCHEDULED
from reflecta.adapters.stores.sql.working import ENTRIES


@dataclass(frozen=True, slots=True, kw_only=True)
class HotQuery:
    """A query whose cost must not grow with the tables, and the indices that see to it; one is enough."""

    name: str
    indices: Sequence[str]
    statement: sa.Select[*tuple[Any, ...]]
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How the database would run a hot query; *text* is its own account, without values of anybody's."""

    name: str
    indices: Sequence[str]
    text: str

    @property
    def uses_index(self) -> bool:
        """Say whether an index that was made for the query serves it."""
        return not set(self.indices).isdisjoint(self.text.split())


_SOME_TIME: Final[datetime] = from_ms(0).astimezone(UTC)
HOT_QUERIES: Final = (
    HotQuery(name="due query", indices=("users_due",), statement=DUE, values={"until": _SOME_TIME, "most": 500}),
    HotQuery(
        name="bootstrap query",
        indices=("users_unscheduled",),
        statement=UNSCHEDULED,
        values={"after": "", "most": 500},
    ),
    HotQuery(
        name="context read",
        indices=("journal_entries_with_content",),
        statement=ENTRIES,
        values={"user": "nobody", "most": 20},
    ),
)


def explain_plans(connection: sa.Connection) -> Sequence[Plan]:
    """Give the plans of the hot queries.

    PostgreSQL rightly scans a table of one page whatever indices it has. So scans and sorts are forbidden here, in
    this transaction alone: what is then not done by the index cannot be done by it.
    """
    if connection.dialect.name == "postgresql":
        for method in ("seqscan", "sort", "bitmapscan"):
            connection.exec_driver_sql(f"SET LOCAL enable_{method} = off")
    return [Plan(name=query.name, indices=query.indices, text=_explain(connection, query)) for query in HOT_QUERIES]


def _explain(connection: sa.Connection, query: HotQuery) -> str:
    verb = "EXPLAIN" if connection.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    statement = query.statement.params(query.values).compile(connection, compile_kwargs={"literal_binds": True})
    return "; ".join(str(row[-1]).strip() for row in connection.exec_driver_sql(f"{verb} {statement}"))
