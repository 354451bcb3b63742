"""Command lines for the tests of files for platforms."""

from tests.entrypoints.cli.conftest import cli, folder

__all__ = ["cli", "folder"]
