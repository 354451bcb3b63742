"""Lets `python -m reflecta` do what the command does."""

import sys

from reflecta.entrypoints.cli import main

if __name__ == "__main__":
    sys.exit(main())
