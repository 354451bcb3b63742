"""The few statements that SQLite and PostgreSQL spell differently."""

from collections.abc import Mapping, Sequence
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
    if not rows:
        return
    statement = insert(connection, table)
    keys = [column.name for column in table.primary_key]
    changed: dict[str, sa.ColumnElement[object]] = {
        name: statement.excluded[name] for name in rows[0] if name not in {*keys, *keep}
    }
    changed |= {name: sa.func.coalesce(statement.excluded[name], table.c[name]) for name in keep_unless_given}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed), rows)


def among(connection: sa.Connection, column: sa.Column[Any], values: Sequence[str]) -> sa.ColumnElement[bool]:
    """Say that a text column is one of many values, by one parameter however many there are."""
    if connection.dialect.name == "postgresql":
        return column == sa.any_(sa.bindparam(None, list(values), type_=postgresql.ARRAY(sa.Text)))
    listed = sa.func.json_each(sa.bindparam(None, list(values), type_=sa.JSON)).table_valued("value")
    return column.in_(sa.select(listed.c.value))


def for_update(statement: sa.Select[*Ts], *, skip_locked: bool = False) -> sa.Select[*Ts]:
    """Lock the rows read; SQLite, whose writer has the file to itself, leaves this out."""
    return statement.with_for_update(skip_locked=skip_locked)
