"""The few statements that SQLite and PostgreSQL spell differently."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, TypeVarTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

Ts = TypeVarTuple("Ts")
Columns = Mapping[str, sa.types.TypeEngine[Any]]
_GIVEN: Final = "given_"  # before a parameter's name: a column's own name is taken in an UPDATE


def insert(connection: sa.Connection, table: sa.Table) -> "postgresql.Insert | sqlite.Insert":
    """Start an INSERT that can say ON CONFLICT."""
    return insert_into(connection.dialect.name, table)


def insert_into(dialect: str, table: sa.Table) -> "postgresql.Insert | sqlite.Insert":
    """Start one in a statement that is built once."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


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
    statement = insert_into(dialect, table)
    keys = [column.name for column in table.primary_key]
    excluded = statement.excluded
    changed: dict[str, sa.ColumnElement[object]] = {
        name: excluded[name] for name in columns if name not in {*keys, *keep}
    }
    changed |= {name: sa.func.coalesce(excluded[name], table.c[name]) for name in keep_unless_given}
    return statement.on_conflict_do_update(index_elements=keys, set_=changed)


def among(connection: sa.Connection, column: sa.Column[Any], values: Sequence[str]) -> sa.ColumnElement[bool]:
    """Say that a text column is one of many values, by one parameter however many there are."""
    return _among(connection.dialect.name, column, None, list(values))


def among_given(dialect: str, column: sa.Column[Any], name: str) -> sa.ColumnElement[bool]:
    """Say the same in a statement that is built once; the values are given as parameter *name*, a list."""
    return _among(dialect, column, name)


def _among(dialect: str, column: sa.Column[Any], name: str | None, *values: list[str]) -> sa.ColumnElement[bool]:
    if dialect == "postgresql":
        return column == sa.any_(sa.bindparam(name, *values, type_=postgresql.ARRAY(sa.Text)))
    listed = sa.func.json_each(sa.bindparam(name, *values, type_=sa.JSON)).table_valued("value")
    return column.in_(sa.select(listed.c.value))


def given_rows(dialect: str, columns: Columns) -> sa.FromClause:
    """Give a table that a statement, built once, gets as parameters: `row_parameters` of the same columns.

    An array for each column, or one JSON text, however many rows there are: a statement of thousands of parameters
    takes the database longer to read than to carry out.
    """
    if dialect == "postgresql":
        arrays = [sa.bindparam(_GIVEN + name, type_=postgresql.ARRAY(kind)) for name, kind in columns.items()]
        named = [sa.column(name, kind) for name, kind in columns.items()]
        return sa.func.unnest(*arrays).table_valued(*named).render_derived()
    row = sa.func.json_each(sa.bindparam(_GIVEN, type_=sa.JSON)).table_valued("value").c.value
    cells = (
        sa.type_coerce(row.op("->>")(sa.literal_column(str(at))), kind).label(name)
        for at, (name, kind) in enumerate(columns.items())
    )
    return sa.select(*cells).subquery()


def row_parameters(dialect: str, columns: Columns, rows: Sequence[Sequence[object]]) -> dict[str, object]:
    """Give the parameters that make *rows* (at least one, cells in the columns' order) the table of `given_rows`."""
    if dialect == "postgresql":
        return {_GIVEN + name: cells for name, cells in zip(columns, zip(*rows, strict=True), strict=True)}
    return {_GIVEN: rows}


def for_update(statement: sa.Select[*Ts], *, skip_locked: bool = False) -> sa.Select[*Ts]:
    """Lock the rows read; SQLite, whose writer has the file to itself, leaves this out."""
    return statement.with_for_update(skip_locked=skip_locked)
