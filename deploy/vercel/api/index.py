"""The API as a serverless function: every path is rewritten to here."""

from reflecta.entrypoints.asgi import app

__all__ = ["app"]
