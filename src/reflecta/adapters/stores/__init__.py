"""Stores: SQL (SQLite and PostgreSQL by one schema)."""
