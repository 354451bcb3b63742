"""The SQL store: SQLite and PostgreSQL by one schema and one body of queries."""

from reflecta.adapters.stores.sql.store import SqlStore

__all__ = ["SqlStore"]
