"""doctor, on Firestore."""

import asyncio
from collections.abc import Generator
from concurrent import futures
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest
from tests.entrypoints.cli.conftest import Cli
from tests.entrypoints.cli.test_doctor_command import finding, levels
from tests.firestore import new_project
from tests.legacy import put_legacy

from reflecta.adapters.stores.firestore import FirestoreStore
from reflecta.adapters.stores.firestore.queries import ALL
from reflecta.testing import FakeClock


@pytest.fixture
def project(firestore: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Work on an empty project."""
    del folder
    url = new_project(firestore)
    monkeypatch.setenv("REFLECTA_DATABASE_URL", url)
    return url


@pytest.mark.usefixtures("project")
def test_after_a_tick_all_is_well(cli: Cli) -> None:
    cli("tick")
    ran = cli("doctor")
    assert (ran.code, ran.out.splitlines()[-1]) == (0, "All is well."), ran.out
    assert "local on Firestore" in ran.out
    assert "every query is served" in ran.out


def test_users_without_a_known_zone_are_counted(cli: Cli, project: str) -> None:
    async def fill() -> None:
        store = FirestoreStore.at(project, FakeClock(datetime.now(UTC)))
        await put_legacy(store)
        await store.aclose()

    asyncio.run(fill())
    assert "2 switched on without" in finding(cli("doctor", "--json"), "users")["text"]


@pytest.mark.usefixtures("project")
def test_the_engine_must_fit(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFLECTA_ENGINE", "pgqueuer")
    assert levels(cli("doctor", "--json"))["engine"] == "fail"
    monkeypatch.setenv("REFLECTA_ENGINE", "http")
    monkeypatch.setenv("REFLECTA_PROCESSOR_URL", "https://app.example/processor")
    monkeypatch.setenv("CRON_SECRET", "x" * 40)
    assert levels(cli("doctor", "--json"))["engine"] == "ok"


def test_a_missing_index_is_told_with_its_remedy(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    needs = "The query requires an index. You can create it here: https://console.example/…"
    with answering(grpc.StatusCode.FAILED_PRECONDITION, needs) as address:
        monkeypatch.setenv("REFLECTA_DATABASE_URL", f"firestore://p?emulator={address}")
        found = finding(cli("doctor", "--json"), "indexes")
    assert found["level"] == "fail"
    assert f"{len(ALL)} queries are refused" in found["text"]
    assert "reflecta migrate indexes" in found["fix"]


def test_credentials_that_may_not_are_told(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(grpc.StatusCode.PERMISSION_DENIED, "no", refuses_reads=True) as address:
        monkeypatch.setenv("REFLECTA_DATABASE_URL", f"firestore://p?emulator={address}")
        found = finding(cli("doctor", "--json"), "database")
    assert (found["level"], "refuses these credentials" in found["text"]) == ("fail", True)


def test_nobody_there_is_told(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFLECTA_DATABASE_URL", "firestore://p?emulator=127.0.0.1:9")
    ran = cli("doctor", "--json")
    assert (ran.code, finding(ran, "database")["level"]) == (3, "fail")


@contextmanager
def answering(code: grpc.StatusCode, details: str, *, refuses_reads: bool = False) -> Generator[str]:
    """Stand for a Firestore that refuses every query, with *refuses_reads* every read of documents too."""

    def answer_one(_request: bytes, context: grpc.ServicerContext) -> bytes:
        context.abort(code if refuses_reads else grpc.StatusCode.NOT_FOUND, details)
        return b""

    class Handler(grpc.GenericRpcHandler):
        def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
            method = handler_call_details.method
            if method.endswith("/GetDocument"):
                return grpc.unary_unary_rpc_method_handler(answer_one)  # pyright: ignore[reportUnknownVariableType]
            is_read = method.endswith("/BatchGetDocuments")

            def answer(_request: bytes, context: grpc.ServicerContext) -> Generator[bytes]:
                if not is_read or refuses_reads:
                    context.abort(code, details)
                yield b""

            return grpc.unary_stream_rpc_method_handler(answer)  # pyright: ignore[reportUnknownVariableType]

    server = grpc.server(futures.ThreadPoolExecutor(4), handlers=[Handler()])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()
