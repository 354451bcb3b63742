"""The command line. Importing it loads the parser alone; each command loads what it needs when it runs."""

from reflecta.entrypoints.cli.app import main

__all__ = ["main"]
