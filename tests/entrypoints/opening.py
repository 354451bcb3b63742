"""What tests of the ways in share: settings, the API with its client, people to write to."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import httpx
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from tests.builders import a_user, an_entry

from reflecta.application.ports import Model
from reflecta.bootstrap import Service
from reflecta.config import Settings
from reflecta.domain.model import User
from reflecta.entrypoints.api import create_app
from reflecta.testing import FakeClock, RecordingTelemetry

SECRET = "correct-horse-battery-staple-9b1f"
BEARER = {"Authorization": f"Bearer {SECRET}"}
BASE = "/api/coaching/generateCoachingMessage"
_FIELD = re.compile(r"\{[^}]+\}")
WALK = "I walked along the river for an hour and slept well afterwards."


def a_settings(database_url: str, **given: object) -> Settings:
    """Make settings that the machine's environment has no part in."""
    values: dict[str, Any] = {
        "database_url": database_url,
        "CRON_SECRET": SECRET,
        "OPENROUTER_API_KEY": None,
        "ANTHROPIC_API_KEY": None,
        "EXPO_ACCESS_TOKEN": None,
        "EXPO_BASE_URL": None,
        "migrate": False,
        **given,
    }
    return Settings(_env_file=None, **values)  # pyright: ignore[reportCallIssue] - one of pydantic-settings' own


def client_of(app: FastAPI, *, caller: str = "127.0.0.1", host: str = "localhost") -> httpx.AsyncClient:
    """Make a client whose address the app sees as *caller*."""
    transport = httpx.ASGITransport(app=app, client=(caller, 4711), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=f"http://{host}:3000")


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """The API with everything behind it; requests bear the secret unless told otherwise."""

    service: Service
    app: FastAPI
    client: httpx.AsyncClient
    clock: FakeClock
    telemetry: RecordingTelemetry

    async def get(self, path: str, **params: str | int) -> httpx.Response:
        return await self.client.get(path, params=params or None, headers=BEARER)

    async def post(self, path: str, body: object = None) -> httpx.Response:
        return await self.send("POST", path, body)

    async def put(self, path: str, body: object) -> httpx.Response:
        return await self.send("PUT", path, body)

    async def delete(self, path: str) -> httpx.Response:
        return await self.client.delete(path, headers=BEARER)

    async def send(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.client.request(method, path, content=content, headers=BEARER if headers is None else headers)

    async def with_people(self, *users: User) -> None:
        """Store users with an entry each."""
        await self.service.ingest.upsert_users(users)
        await self.service.ingest.upsert_entries([an_entry(f"e-{user.id}", user.id, text=WALK) for user in users])

    async def with_due_user(self, user_id: str = "u1") -> None:
        """Store a user who is due now, within the window."""
        await self.with_people(a_user(user_id))

    def over(self, **parts: Any) -> "Api":
        """Give the API over the same service with some parts of it replaced."""
        service = replace(self.service, **parts)
        app = create_app(service, host="127.0.0.1")
        return replace(self, service=service, app=app, client=client_of(app))


class OpenApi(Protocol):
    """Opens the service and its API with settings of the test's own."""

    async def __call__(self, *, model: Model | None = None, host: str = ..., **settings: object) -> Api: ...


def endpoints(app: FastAPI) -> Sequence[tuple[str, str]]:
    """Give the method and the path of every endpoint, ids filled in."""
    found = [(method, _FIELD.sub("x1", path)) for path, methods in routes(app).items() for method in sorted(methods)]
    assert len(found) > 20, "the routes are not where they were looked for"
    return found


def routes(app: FastAPI) -> Mapping[str, set[str]]:
    """Give the methods of every path."""
    found: dict[str, set[str]] = {}
    for route in iter_route_contexts(app.routes):
        found.setdefault(str(route.path), set()).update(route.methods or ())
    return found
