"""Reflecta over HTTP: the guide's paths, `/v1` for host apps, health, and pages that describe both."""

from reflecta.entrypoints.api.app import create_app

__all__ = ["create_app"]
