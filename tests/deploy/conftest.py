"""Command lines and the API for the tests of files for platforms."""

from tests.entrypoints.cli.conftest import cli, folder
from tests.entrypoints.conftest import database_url, migrated_file, open_api

__all__ = ["cli", "database_url", "folder", "migrated_file", "open_api"]
