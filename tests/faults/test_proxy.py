"""Each fault does to a plain client what its name says."""

import asyncio
import json
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web
from tests.faults.proxy import ARRIVAL, ON_BYTES, ON_HTTP, Fault, HttpProxy, Message, Plan, Proxy, StreamProxy

BODY = json.dumps({"said": "a" * 200}).encode()


@dataclass
class Backend:
    """An HTTP server that keeps what arrived whole."""

    arrived: list[str] = field(default_factory=list[str])
    port: int = 0

    async def respond(self, request: web.Request) -> web.Response:
        try:
            body = await request.read()
        except OSError:  # cut on its way
            return web.Response(status=400)
        self.arrived.append(request.headers[ARRIVAL])
        return web.Response(body=BODY, status=200 if body == BODY else 400, content_type="application/json")


@asynccontextmanager
async def before_backend(fault: Fault, *, seed: int = 1, **times: object) -> AsyncGenerator[tuple[Backend, HttpProxy]]:
    backend, app = Backend(), web.Application()
    app.router.add_post("/", backend.respond)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    backend.port = runner.addresses[0][1]
    plan = Plan(seed=seed, faults=[fault], rate=1.0, **times)  # pyright: ignore[reportArgumentType]
    try:
        async with HttpProxy(backend.port, plan) as proxy:
            yield backend, proxy
    finally:
        await runner.cleanup()


@asynccontextmanager
async def client(proxy: Proxy, seconds: float = 5.0) -> AsyncGenerator[aiohttp.ClientSession]:
    base, timeout = f"http://127.0.0.1:{proxy.port}", aiohttp.ClientTimeout(total=seconds)
    async with aiohttp.ClientSession(base, timeout=timeout) as session:
        yield session


async def ask(session: aiohttp.ClientSession) -> tuple[int, bytes]:
    async with session.post("/", data=BODY) as answer:
        return answer.status, await answer.read()


async def outcomes(proxy: Proxy, count: int) -> list[str]:
    """Ask on connections of their own; give what came of each: whole, another body, a status, or an error."""
    found: list[str] = []
    for _ in range(count):
        async with client(proxy) as session:
            try:
                status, body = await ask(session)
            except aiohttp.ClientError as error:
                found.append(type(error).__name__)
            else:
                found.append(str(status) if status != 200 else "whole" if body == BODY else "other")
    return found


async def test_without_a_fault_everything_arrives_on_one_kept_connection() -> None:
    async with before_backend(Fault.RESET) as (backend, proxy), client(proxy) as session:
        proxy.plan.faults = ()

        assert [await ask(session) for _ in range(3)] == [(200, BODY)] * 3

        assert backend.arrived == ["1", "2", "3"]
        assert proxy.plan.struck.total() == 0


async def test_each_request_of_a_kept_connection_may_meet_its_own_fault() -> None:
    async with before_backend(Fault.RATE_LIMITED, seed=5) as (_, proxy), client(proxy) as session:
        proxy.plan.rate = 0.5

        found = [(await ask(session))[0] for _ in range(40)]

        assert found.count(429) == proxy.plan.struck[Fault.RATE_LIMITED]
        assert 5 < found.count(429) < 35


async def test_a_delayed_request_arrives_though_its_sender_has_given_up() -> None:
    async with before_backend(Fault.DELAY, delay=(0.3, 0.3)) as (backend, proxy):
        async with client(proxy, seconds=0.1) as session:
            with pytest.raises(TimeoutError):
                await ask(session)
        assert backend.arrived == []

        async with asyncio.timeout(10):
            while not backend.arrived:  # noqa: ASYNC110 - a server that nobody waits for tells nobody
                await asyncio.sleep(0.02)


async def test_a_request_that_is_cut_never_arrives() -> None:
    async with before_backend(Fault.CUT_REQUEST) as (backend, proxy):
        found = await outcomes(proxy, 10)

        assert "whole" not in found
        assert backend.arrived == []
        assert proxy.plan.struck == {Fault.CUT_REQUEST: 10}


async def test_an_answer_is_cut_after_the_request_has_arrived() -> None:
    async with before_backend(Fault.CUT_ANSWER) as (backend, proxy):
        found = await outcomes(proxy, 10)

        assert set(found) <= {"ServerDisconnectedError", "ClientPayloadError", "ClientResponseError"}
        assert len(backend.arrived) == 10


async def test_a_reset_is_one_and_comes_before_the_request_arrived_or_after() -> None:
    async with before_backend(Fault.RESET) as (backend, proxy):
        found = await outcomes(proxy, 20)

        assert "whole" not in found
        assert {"ClientOSError", "ConnectionResetError"} & set(found), found
        assert 0 < len(backend.arrived) < 20


async def test_a_half_open_connection_says_nothing_until_it_is_reset() -> None:
    async with before_backend(Fault.HALF_OPEN, hold=0.3) as (_, proxy):
        async with client(proxy, seconds=0.1) as session:
            with pytest.raises(TimeoutError):
                await ask(session)
        async with client(proxy) as session:
            with pytest.raises(aiohttp.ClientOSError):
                await ask(session)


async def test_a_garbled_request_or_answer_is_no_json_and_no_http() -> None:
    async with before_backend(Fault.GARBLED) as (_, proxy):
        found = await outcomes(proxy, 20)

        assert {"400", "other"} <= set(found)
        assert "whole" not in found
        assert any("Error" in one for one in found)


async def test_a_slow_body_takes_its_time_and_arrives_whole() -> None:
    async with before_backend(Fault.SLOW, slow=(0.3, 0.3)) as (_, proxy):
        async with client(proxy) as session:
            assert await ask(session) == (200, BODY)
        async with client(proxy, seconds=0.15) as session:
            with pytest.raises(TimeoutError):
                await ask(session)


async def test_a_truncated_body_is_passed_off_as_the_whole_of_it() -> None:
    async with before_backend(Fault.TRUNCATED) as (_, proxy), client(proxy) as session:
        status, body = await ask(session)

        assert status == 200
        assert body != BODY
        assert BODY.startswith(body)


async def test_a_rate_limit_says_when_to_come_back_and_the_server_never_hears_of_it() -> None:
    async with (
        before_backend(Fault.RATE_LIMITED, retry_after=7) as (backend, proxy),
        client(proxy) as session,
        session.post("/", data=BODY) as answer,
    ):
        assert (answer.status, answer.headers["Retry-After"]) == (429, "7")
        assert backend.arrived == []


@pytest.mark.parametrize("fault", [Fault.ERROR, Fault.UNAVAILABLE])
async def test_a_server_error_may_come_after_the_work_was_done(fault: Fault) -> None:
    async with before_backend(fault) as (backend, proxy):
        found = await outcomes(proxy, 20)

        assert set(found) == {fault.value}
        assert 0 < len(backend.arrived) < 20


async def test_a_proxy_that_is_down_refuses_connections_and_comes_back_on_its_port() -> None:
    async with before_backend(Fault.RESET) as (_, proxy):
        proxy.plan.faults = ()
        await proxy.down()
        assert await outcomes(proxy, 1) == ["ClientConnectorError"]

        await proxy.up()
        assert await outcomes(proxy, 1) == ["whole"]


async def test_messages_in_chunks_pass_too() -> None:
    async def respond(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        await response.write(await request.read())
        return response

    async def pieces() -> AsyncGenerator[bytes]:
        yield BODY[:50]
        yield BODY[50:]

    app = web.Application()
    app.router.add_post("/", respond)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with (
        HttpProxy(runner.addresses[0][1], Plan(seed=1)) as proxy,
        client(proxy) as session,
        session.post("/", data=pieces()) as answer,
    ):
        assert await answer.read() == BODY
    await runner.cleanup()


def test_the_same_seed_plans_the_same_faults() -> None:
    plans = [Plan(seed=3, faults=ON_HTTP, rate=0.5) for _ in range(2)]

    first, second = ([plan.draw() for _ in range(200)] for plan in plans)

    assert first == second
    assert set(first) == {None, *ON_HTTP}


def test_garbled_bytes_are_never_what_they_were_nor_readable() -> None:
    plan, chance = Plan(seed=1), random.Random(1)
    for _ in range(500):
        data = json.dumps({"text": "x" * chance.randrange(1, 80)}).encode()
        with pytest.raises(ValueError, match="codec can't decode"):
            plan.garble(data).decode()


def test_a_header_is_added_before_the_empty_line() -> None:
    message = Message(b"POST / HTTP/1.1\r\nHost: a\r\n\r\n", b"b").with_header(b"X: 1")

    assert message.wire == b"POST / HTTP/1.1\r\nHost: a\r\nX: 1\r\n\r\nb"


@asynccontextmanager
async def before_echo(fault: Fault, **times: object) -> AsyncGenerator[StreamProxy]:
    """Put a proxy before a server that says everything twice; it strikes as soon as it has a fault."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data * 2)
        except OSError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    plan = Plan(seed=1, faults=[fault], rate=1.0, **times)  # pyright: ignore[reportArgumentType]
    async with server, StreamProxy(server.sockets[0].getsockname()[1], plan) as proxy:
        yield proxy


async def say(proxy: StreamProxy, data: bytes) -> bytes:
    """Send and read until the connection ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        writer.write(data)
        async with asyncio.timeout(5):
            return await reader.read()
    finally:
        writer.close()


@pytest.mark.parametrize("fault", [Fault.CUT_REQUEST, Fault.CUT_ANSWER])
async def test_a_cut_stream_ends_in_the_midst(fault: Fault) -> None:
    async with before_echo(fault) as proxy:
        answer = await say(proxy, b"x" * 1000)

        assert len(answer) < 2000
        assert proxy.plan.struck == {fault: 1}


@pytest.mark.parametrize("fault", [Fault.RESET, Fault.HALF_OPEN, Fault.GARBLED])
async def test_a_stream_is_reset_at_once_or_after_its_silence(fault: Fault) -> None:
    async with before_echo(fault, hold=0.2) as proxy:
        with pytest.raises(ConnectionResetError):
            await say(proxy, b"x" * 1000)

        assert proxy.plan.struck[fault] >= 1


@pytest.mark.parametrize("fault", [Fault.DELAY, Fault.SLOW])
async def test_a_delayed_or_slow_stream_arrives_whole(fault: Fault) -> None:
    async with before_echo(fault, delay=(0.05, 0.1), slow=(0.05, 0.1)) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"x" * 100)
        async with asyncio.timeout(5):
            assert await reader.readexactly(200) == b"x" * 200
        writer.close()


def test_what_needs_to_know_requests_is_not_for_streams() -> None:
    assert set(ON_HTTP) - set(ON_BYTES) == {Fault.TRUNCATED, Fault.RATE_LIMITED, Fault.ERROR, Fault.UNAVAILABLE}
