"""Starts the service as processes of their own, on loopback, and tells what they said."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from tests.builders import a_user, an_entry
from tests.entrypoints.opening import SECRET, WALK

from reflecta.adapters.stores.sql import SqlStore
from reflecta.application.ingest import Ingest
from reflecta.domain.model import User
from reflecta.testing import FakeClock, RecordingTelemetry

_CODE = {
    "serve": "from reflecta.entrypoints.serving import serve; asyncio.run(serve(load(), '127.0.0.1', {port}))",
    "work": "from reflecta.entrypoints.serving import work; asyncio.run(work(load()))",
}
_URL = re.compile(r"^Reflecta answers at (http://\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Running:
    """One process; *output* is where all it says goes."""

    process: asyncio.subprocess.Process
    output: Path
    url: str = ""

    def said(self) -> str:
        return self.output.read_text(encoding="utf-8", errors="replace")

    def events(self) -> Sequence[Mapping[str, Any]]:
        return [json.loads(line) for line in self.said().splitlines() if line.startswith("{")]

    async def says(self, name: str) -> None:
        """Wait for an event."""
        await until(lambda: any(event["event"] == name for event in self.events()))

    def tell(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    async def ends(self) -> int:
        async with asyncio.timeout(20):
            return await self.process.wait()


async def until(condition: Callable[[], object]) -> None:
    """Wait for what another process does, which can set no event here."""
    async with asyncio.timeout(40):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@asynccontextmanager
async def running(
    folder: Path,
    database_url: str,
    environment: Mapping[str, str] | None = None,
    *,
    command: str = "serve",
    port: int = 0,
) -> AsyncGenerator[Running]:
    """Start a process and wait until it works; what is left of it at the end is killed."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("REFLECTA_", "EXPO_"))}
    for name in ("OPENROUTER_API_KEY", "ANTHROPIC_API_KEY", "CRON_SECRET"):
        own.pop(name, None)
    settings = {"REFLECTA_DATABASE_URL": database_url, "CRON_SECRET": SECRET, "REFLECTA_LOG_FORMAT": "json"}
    output = folder / f"{command}-{port}.log"
    code = f"import asyncio; from reflecta.config import load; {_CODE[command].format(port=port)}"
    with output.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            code,
            env={**own, **settings, **(environment or {})},
            stdout=file,
            stderr=file,
            cwd=folder,
        )
    started = Running(process, output)
    try:
        await until(lambda: "service.started" in started.said() or process.returncode is not None)
        assert process.returncode is None, started.said()
        if command == "serve":
            await until(lambda: _URL.search(started.said()))
        found = _URL.search(started.said())
        yield Running(process, output, found.group(1) if found else "")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def store_due_user(database_url: str, user_id: str = "u1", **fields: Any) -> User:
    """Store a user for whom it is nine in the morning, and who is due since a minute."""
    now = datetime.now(UTC)
    user = a_user(user_id, timezone=nine_o_clock(now), next_due_at=now - timedelta(minutes=1), **fields)
    entry = an_entry(f"e-{user_id}", user_id, text=WALK, written_at=now - timedelta(hours=20), updated_at=now)
    store = SqlStore.at(database_url)
    await store.open()
    ingest = Ingest(store=store, clock=FakeClock(now), telemetry=RecordingTelemetry())
    await ingest.upsert_users([user])
    await ingest.upsert_entries([entry])
    await store.aclose()
    return user


def nine_o_clock(now: datetime) -> str:
    """Name a zone where it is between nine and ten in the morning."""
    hours = (9 - now.hour + 12) % 24 - 12
    return f"Etc/GMT{-hours:+d}" if hours else "Etc/GMT"


async def read(database_url: str, statement: str) -> Sequence[Any]:
    """Read behind the service's back."""
    store = SqlStore.at(database_url)
    try:
        return await store.database.read(lambda c: c.execute(sa.text(statement)).all())
    finally:
        await store.aclose()
