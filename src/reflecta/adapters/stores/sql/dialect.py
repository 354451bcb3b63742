"""The few statements that SQLite and PostgreSQL spell differently."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVarTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

Ts = TypeVarTuple("Ts")


def insert(connection: sa.Connection, table: sa.Table) -> "postgresql.Insert | sqlite.Insert":
    """Start an INSERT that can say ON CONFLICT."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def upsert(
    connection: sa.Connection,
    table: sa.Table,
    rows: Sequence[Mapping[str, object]],
    *,
    keep: Sequence[str] = (),
    keep_unless_given: Sequence[str] = (),
) -> None:
    """Insert rows or replace them by primary key.

    The columns in *keep* stay as stored, those in *keep_unless_given* where the row has none.
    """
    if rows:
        names = (connection.dialect.name, tuple(rows[0]), tuple(keep), tuple(keep_unless_given))
        connection.execute(_upsert(table, *names), rows)


# Of few kinds; building one takes longer than running it.
@lru_cache(maxsize=64)
def _upsert(
    table: sa.Table, dialect: str, columns: tuple[str, ...], keep: tuple[str, ...], keep_unless_given: tuple[str, ...]
) -> "postgresql.Insert | sqlite.Insert":
    statement = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    keys = [column.name for column in table.primary_key]
    excluded = statement.excluded
    changed: dict[str, sa.ColumnElement[object]] = {
        name: excluded[name] for name in columns if name not in {*keys, *keep}
    }
    changed |= {name: sa.func.coalesce(excluded[name], table.c[name]) for name in keep_unless_given}
    return statement.on_conflict_do_update(index_elements=keys, set_=changed)


def among(connection: sa.Connection, column: sa.Column[Any], values: Sequence[str]) -> sa.ColumnElement[bool]:
    """Say that a text column is one of many values, by one parameter however many there are."""
    if connection.dialect.name == "postgresql":
        return column == sa.any_(sa.bindparam(None, list(values), type_=postgresql.ARRAY(sa.Text)))
    listed = sa.func.json_each(sa.bindparam(None, list(values), type_=sa.JSON)).table_valued("value")
    return column.in_(sa.select(listed.c.value))


def for_update(statement: sa.Select[*Ts], *, skip_locked: bool = False) -> sa.Select[*Ts]:
    """Lock the rows read; SQLite, whose writer has the file to itself, leaves this out."""
    return statement.with_for_update(skip_locked=skip_locked)
