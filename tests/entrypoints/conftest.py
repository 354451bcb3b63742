"""Fixtures for tests of the ways in: a service on a database of its own, and its API with a client."""

import shutil
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from tests.builders import NOW
from tests.databases import apart, migrated
from tests.entrypoints.opening import Api, OpenApi, a_settings, client_of

from reflecta.application.ports import Model
from reflecta.bootstrap import open_service
from reflecta.entrypoints.api import create_app
from reflecta.testing import FakeClock, RecordingTelemetry


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("migrated") / "reflecta.db"
    apart(lambda: migrated(f"sqlite:///{path}"))
    return path


@pytest.fixture
def database_url(migrated_file: Path, tmp_path: Path) -> str:
    """Give the URL of a migrated, empty database."""
    return f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'reflecta.db')}"


@pytest.fixture
async def open_api(database_url: str) -> AsyncGenerator[OpenApi]:
    """Open the service and its API; without a *model* the composer writes."""
    async with AsyncExitStack() as stack:

        async def opened(*, model: Model | None = None, host: str = "127.0.0.1", **settings: object) -> Api:
            clock, telemetry = FakeClock(NOW), RecordingTelemetry()
            opening = open_service(
                a_settings(database_url, **settings),
                clock=clock,
                telemetry=telemetry,
                model=model,
                with_models=False,
            )
            service = await stack.enter_async_context(opening)
            app = create_app(service, host=host)
            client = await stack.enter_async_context(client_of(app))
            return Api(service=service, app=app, client=client, clock=clock, telemetry=telemetry)

        yield opened


@pytest.fixture
async def api(open_api: OpenApi) -> Api:
    """Open the API in development on loopback, with a secret."""
    return await open_api()
