"""Reflecta writes to the users of journaling apps at the right local hour."""

__version__ = "0.1.0"
