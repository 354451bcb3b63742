"""The ASGI application that platforms start by themselves."""

import asyncio
from collections.abc import AsyncGenerator, Callable, MutableMapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.entrypoints.opening import BASE, BEARER, SECRET

from reflecta.domain.errors import ConfigurationError
from reflecta.entrypoints.asgi import Application

Message = MutableMapping[str, Any]


@pytest.fixture
def environment(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Set the variables of a deployment with a secret."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REFLECTA_DATABASE_URL", database_url)
    monkeypatch.setenv("REFLECTA_LOG_LEVEL", "error")
    monkeypatch.setenv("CRON_SECRET", SECRET)
    for name in ("OPENROUTER_API_KEY", "ANTHROPIC_API_KEY", "REFLECTA_MODEL_BASE_URL", "REFLECTA_ENGINE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
async def lifespan() -> AsyncGenerator[Callable[[Application], asyncio.Task[None]]]:
    """Follow the lifespan as a server does; what the application said is kept on the task's name."""
    started: list[tuple[asyncio.Task[None], asyncio.Queue[Message]]] = []

    def follow(app: Application) -> asyncio.Task[None]:
        incoming: asyncio.Queue[Message] = asyncio.Queue()
        incoming.put_nowait({"type": "lifespan.startup"})

        async def send(message: Message) -> None:
            said.append(message["type"])

        said: list[str] = []
        task = asyncio.create_task(app({"type": "lifespan"}, incoming.get, send))
        started.append((task, incoming))
        return task

    yield follow
    for task, incoming in started:
        incoming.put_nowait({"type": "lifespan.shutdown"})
        await task


def client_of(app: Application) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://localhost")


Lifespan = Callable[[Application], asyncio.Task[None]]


@pytest.mark.usefixtures("environment")
async def test_it_answers_once_the_lifespan_has_begun(lifespan: Lifespan) -> None:
    app = Application()
    lifespan(app)
    async with client_of(app) as client:
        assert (await client.get("/readyz")).status_code == 200
        assert (await client.post(f"{BASE}/scheduler", headers=BEARER)).json()["success"] is True


@pytest.mark.usefixtures("environment")
async def test_it_opens_with_the_first_requests_where_no_lifespan_comes(lifespan: Lifespan) -> None:
    app = Application()
    async with client_of(app) as client:
        answers = await asyncio.gather(*(client.get("/readyz") for _ in range(5)))
    assert [answer.status_code for answer in answers] == [200] * 5
    lifespan(app)  # for its end


@pytest.mark.usefixtures("environment")
async def test_it_has_no_test_route_and_always_asks_for_the_secret(lifespan: Lifespan) -> None:
    app = Application()
    lifespan(app)
    async with client_of(app) as client:
        assert (await client.post(f"{BASE}/test", headers=BEARER)).status_code == 404
        assert (await client.get("/v1/users")).status_code == 401


@pytest.mark.usefixtures("environment")
async def test_without_a_secret_it_does_not_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CRON_SECRET")
    async with client_of(Application()) as client:
        with pytest.raises(ConfigurationError, match="CRON_SECRET"):
            await client.get("/healthz")


@pytest.mark.usefixtures("environment")
async def test_a_failed_start_is_told_to_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CRON_SECRET")
    said: list[Message] = []

    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    async def send(message: Message) -> None:
        said.append(message)

    await Application()({"type": "lifespan"}, receive, send)
    assert [message["type"] for message in said] == ["lifespan.startup.failed"]
