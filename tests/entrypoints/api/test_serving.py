"""The processes that run for long: real ones, with real signals, ports and databases."""

import asyncio
import signal
import socket
from pathlib import Path

import httpx
import pytest
from aiohttp import web
from tests.entrypoints.opening import BASE, BEARER, SECRET, WALK, a_settings
from tests.entrypoints.processes import Running, read, running, store_due_user
from tests.loopback import free_port
from tests.model_server import ModelServer, completion

from reflecta.bootstrap import open_service
from reflecta.domain.errors import ConfigurationError
from reflecta.domain.model import Draft, Evidence, MessageType
from reflecta.domain.prompt import write_draft
from reflecta.entrypoints.serving import serve, work
from reflecta.testing import RecordingTelemetry, assessment_reply

SENT = "SELECT count(*) FROM occasions WHERE state = 'sent'"
OPEN = "SELECT state FROM occasions"
DELIVERED = "SELECT count(*) FROM deliveries WHERE state IN ('accepted', 'delivered')"
TEXT = "You walked along the river and were glad of it, by the way you put it. What made that walk so easy to begin?"
DRAFT = write_draft(
    Draft(
        type=MessageType.GENERAL_REFLECTION,
        text=TEXT,
        push_text="A question about your walk",
        evidence=(Evidence(entry_id="e-u1", quote="I walked along the river"),),
    )
)
NO_HTTP = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 2_000_000 + b"\r\n\r\n",
    b"GET /v1/users/\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\n\r\n",
]
ASSESSMENT = assessment_reply(9)


def with_models(server: ModelServer) -> dict[str, str]:
    return {
        "REFLECTA_MODEL_BASE_URL": server.base_url,
        "REFLECTA_GENERATOR_MODEL": "acme/writer",
        "REFLECTA_JUDGE_MODEL": "acme/judge",
        "REFLECTA_SCREENING": "false",
    }


async def ready(server: Running) -> int:
    async with httpx.AsyncClient(base_url=server.url) as client:
        return (await client.get("/readyz")).status_code


async def test_serve_ticks_works_and_delivers_by_itself(database_url: str, tmp_path: Path) -> None:
    await store_due_user(database_url)
    async with running(tmp_path, database_url) as server:
        await server.says("delivery.logged")
        server.tell(signal.SIGINT)
        assert await server.ends() == 0
    assert [row[0] for row in await read(database_url, SENT)] == [1]


async def test_at_a_signal_work_in_hand_is_finished_and_its_push_leaves(database_url: str, tmp_path: Path) -> None:
    await store_due_user(database_url)
    told = asyncio.Event()

    async def after_the_signal(_: web.Request) -> web.StreamResponse:
        await told.wait()
        return web.json_response(completion(DRAFT))

    async def at_once(_: web.Request) -> web.StreamResponse:
        return web.json_response(completion(ASSESSMENT))

    async with ModelServer() as models, running(tmp_path, database_url, with_models(models)) as server:
        models.script.extend([after_the_signal, at_once])
        await models.arrived.wait()
        assert await ready(server) == 200
        server.tell()
        await server.says("service.stopping")
        assert await ready(server) == 503
        told.set()
        assert await server.ends() == 0
    assert [row[0] for row in await read(database_url, SENT)] == [1]
    assert [row[0] for row in await read(database_url, DELIVERED)] == [1]


async def test_a_second_signal_ends_at_once_and_gives_the_work_back(database_url: str, tmp_path: Path) -> None:
    await store_due_user(database_url)

    async def never(_: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    async with ModelServer() as models, running(tmp_path, database_url, with_models(models)) as server:
        models.script.append(never)
        await models.arrived.wait()
        server.tell()
        await server.says("service.stopping")
        server.tell()
        await server.ends()
    assert [row[0] for row in await read(database_url, OPEN)] == ["queued"]


async def test_no_secret_and_no_journal_is_ever_said_not_even_at_debug(database_url: str, tmp_path: Path) -> None:
    """Defect 25: the original printed the secret on every call, and messages and tokens on errors."""
    token = "ExponentPushToken[canary-token-77]"
    await store_due_user(database_url, tokens=(token,))
    secrets = {"REFLECTA_MODEL_API_KEY": "canary-model-key-77", "EXPO_ACCESS_TOKEN": "canary-expo-key-77"}
    others = {"EXPO_BASE_URL": "http://127.0.0.1:9", "REFLECTA_LOG_LEVEL": "debug", "REFLECTA_MODEL_ATTEMPTS": "1"}

    async def refuse(_: web.Request) -> web.StreamResponse:
        return web.json_response({"error": {"message": f"no: {WALK}"}}, status=500)

    async def draft(_: web.Request) -> web.StreamResponse:
        return web.json_response(completion(DRAFT))

    async def judge(_: web.Request) -> web.StreamResponse:
        return web.json_response(completion(ASSESSMENT))

    async with ModelServer() as models:
        models.script.extend([draft, judge, refuse, refuse])
        environment = {**secrets, **others, **with_models(models)}
        async with running(tmp_path, database_url, environment) as server:
            await server.says("occasion.sent")
            async with httpx.AsyncClient(base_url=server.url) as client:
                await client.post(f"{BASE}/test", json={"action": "test-user", "userId": "u1", "bypassChecks": True})
                await client.post(f"{BASE}/scheduler", headers={"Authorization": f"Bearer {SECRET}x"})
                await client.post(f"{BASE}/scheduler?secret={SECRET}", headers=BEARER)
                await client.put("/v1/entries/e2", json={"uid": "u1", "content": [WALK]}, headers=BEARER)
                await client.put(f"/v1/entries/{WALK}", content=WALK, headers=BEARER)
            server.tell()
            assert await server.ends() == 0
            said = server.said()
    assert "model.call_failed" in said
    for canary in (SECRET, "canary-", WALK, "along the river", TEXT, "A question about your walk"):
        assert canary not in said, canary


async def test_work_does_what_a_tick_elsewhere_left_queued(database_url: str, tmp_path: Path) -> None:
    await store_due_user(database_url)
    async with running(tmp_path, database_url, command="work") as worker:
        async with open_service(a_settings(database_url), telemetry=RecordingTelemetry(), with_models=False) as service:
            assert (await service.tick()).jobs_created == 1  # its engine was not started
        await worker.says("delivery.logged")
        worker.tell()
        assert await worker.ends() == 0


async def test_the_http_engine_calls_the_processor_of_the_same_process(database_url: str, tmp_path: Path) -> None:
    await store_due_user(database_url)
    port = free_port()
    url = f"http://127.0.0.1:{port}{BASE}/processor"
    engine = {"REFLECTA_ENGINE": "http", "REFLECTA_PROCESSOR_URL": url}
    async with running(tmp_path, database_url, engine, port=port) as server:
        await server.says("delivery.logged")
        server.tell()
        assert await server.ends() == 0


async def test_the_queue_on_postgresql_is_worked_on(blank_postgres: str, tmp_path: Path) -> None:
    await store_due_user(blank_postgres)
    async with running(tmp_path, blank_postgres, {"REFLECTA_ENGINE": "pgqueuer"}) as server:
        await server.says("delivery.logged")
        server.tell()
        assert await server.ends() == 0
    assert [row[0] for row in await read(blank_postgres, SENT)] == [1]


async def test_what_is_no_http_is_refused_and_the_next_caller_is_answered(database_url: str, tmp_path: Path) -> None:
    async with running(tmp_path, database_url) as server:
        port = int(server.url.rpartition(":")[2])
        heads = [await first_line(port, raw) for raw in NO_HTTP]
        assert [head.split()[1] for head in heads] == [b"400"] * len(NO_HTTP)
        assert await ready(server) == 200
        assert "Traceback" not in server.said()


@pytest.mark.parametrize(("env", "host"), [("production", "127.0.0.1"), ("development", "0.0.0.0")])  # noqa: S104
async def test_serve_refuses_to_start_without_a_secret_where_others_may_call(env: str, host: str) -> None:
    with pytest.raises(ConfigurationError, match="CRON_SECRET"):
        await serve(a_settings("sqlite://", CRON_SECRET=None, env=env), host, 0)


async def test_serve_says_when_the_port_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"port {port}"):
            await serve(a_settings("sqlite://"), "127.0.0.1", port)


async def test_the_http_engine_has_no_workers() -> None:
    with pytest.raises(ConfigurationError, match="has no workers"):
        await work(a_settings("sqlite://", engine="http"))


async def first_line(port: int, raw: bytes) -> bytes:
    """Send bytes as they are; give the first line of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(raw)
    try:
        return await reader.readline()
    finally:
        writer.close()
