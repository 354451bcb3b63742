import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import timedelta

import pytest
from tests.expo_server import ExpoServer, Failure, answer, reset_before_answer, reset_in_body, stall

from reflecta.adapters.channels.expo import ExpoChannel
from reflecta.application.ports.channel import Channel, Result, ResultKind
from reflecta.domain.model import Address, Delivery


@pytest.fixture
async def server() -> AsyncIterator[ExpoServer]:
    async with ExpoServer() as running:
        yield running


@pytest.fixture
async def channel(server: ExpoServer) -> AsyncIterator[Channel]:
    expo = ExpoChannel(base_url=server.base_url, access_token="s3cret", timeout=timedelta(milliseconds=400))
    yield expo
    await expo.aclose()


def token(number: int) -> str:
    return f"ExponentPushToken[{number:04}]"


def delivery(number: int = 1, *, to: str | None = None, body: str = "A thought for today") -> Delivery:
    return Delivery(
        id=f"d{number}",
        message_id=f"m{number}",
        user_id=f"u{number}",
        address=Address(channel="expo", value=to or token(number)),
        title="Reflecta",
        body=body,
        data={"messageId": f"m{number}"},
    )


MIXED = {
    "code": "PUSH_TOO_MANY_EXPERIENCE_IDS",
    "details": {"@us/app": [token(1)], "@us/beta": [token(2)], "@us/odd": None},
}


async def send_one(channel: Channel) -> Result:
    (result,) = await channel.send([delivery()])
    return result


async def test_a_taken_push_is_accepted_with_its_ticket(channel: Channel) -> None:
    assert await send_one(channel) == Result(kind=ResultKind.ACCEPTED, ticket="ticket-1")


async def test_a_push_carries_token_title_body_and_data(server: ExpoServer, channel: Channel) -> None:
    await send_one(channel)
    assert server.taken == [
        {"to": token(1), "title": "Reflecta", "body": "A thought for today", "data": {"messageId": "m1"}}
    ]


async def test_the_access_token_is_sent_as_bearer_and_never_shown(server: ExpoServer, channel: Channel) -> None:
    await send_one(channel)
    assert server.received[0].headers["Authorization"] == "Bearer s3cret"
    assert "s3cret" not in repr(channel)


async def test_bodies_above_1_kb_are_compressed(server: ExpoServer, channel: Channel) -> None:
    await channel.send([delivery(body="x" * 900)])
    await channel.send([delivery(body="x" * 1100)])
    assert [request.headers.get("Content-Encoding") for request in server.received] == [None, "gzip"]
    assert server.taken[1]["body"] == "x" * 1100


async def test_results_keep_the_order_of_deliveries_and_one_failure_touches_no_other(
    server: ExpoServer, channel: Channel
) -> None:
    server.gone.add(token(2))
    results = await channel.send([delivery(1), delivery(2), delivery(3)])
    assert [result.kind for result in results] == [ResultKind.ACCEPTED, ResultKind.GONE, ResultKind.ACCEPTED]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("DeviceNotRegistered", ResultKind.GONE),
        ("MessageTooBig", ResultKind.REFUSED),
        ("InvalidCredentials", ResultKind.REFUSED),
        ("MismatchSenderId", ResultKind.REFUSED),
        ("SomethingNew", ResultKind.REFUSED),
        ("MessageRateExceeded", ResultKind.RETRY),
    ],
)
async def test_a_ticket_error_becomes_a_result(
    server: ExpoServer, channel: Channel, code: str, kind: ResultKind
) -> None:
    server.ticket_errors[token(1)] = code
    assert await send_one(channel) == Result(kind=kind, detail=code)


@pytest.mark.parametrize("leak", [f"gone: {token(1)}", token(1), "x" * 65])
async def test_a_detail_never_holds_free_text(server: ExpoServer, channel: Channel, leak: str) -> None:
    server.ticket_errors[token(1)] = leak
    assert (await send_one(channel)).detail == "unnamed error"
    server.script.append(answer(400, {"errors": [{"code": leak, "message": leak}]}))
    assert (await send_one(channel)).detail == "HTTP 400"


async def test_a_ticket_that_makes_no_sense_leaves_only_its_own_push_unknown(
    server: ExpoServer, channel: Channel
) -> None:
    server.script.append(answer(200, {"data": [{"status": "ok", "id": "t"}, None, {"status": "ok"}]}))
    results = await channel.send([delivery(1), delivery(2), delivery(3)])
    assert [result.kind for result in results] == [ResultKind.ACCEPTED, ResultKind.UNKNOWN, ResultKind.ACCEPTED]


async def test_a_bare_ticket_is_read_for_a_single_push(server: ExpoServer, channel: Channel) -> None:
    server.script.append(answer(200, {"data": {"status": "ok", "id": "t"}}))
    assert (await send_one(channel)).ticket == "t"


async def test_a_refused_connection_is_tried_again() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    channel = ExpoChannel(base_url=f"http://127.0.0.1:{port}")
    assert await send_one(channel) == Result(kind=ResultKind.RETRY, detail="ClientConnectorError")
    await channel.aclose()


async def test_a_connection_that_does_not_open_in_time_is_tried_again() -> None:
    loop = asyncio.get_running_loop()
    with closing(socket.socket()) as deaf, closing(socket.socket()) as first, closing(socket.socket()) as second:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)  # one connection fills this queue; the kernel ignores those that come later
        for filler in (first, second):
            filler.setblocking(False)
            filler.connect_ex(deaf.getsockname())
        channel = ExpoChannel(base_url=f"http://127.0.0.1:{deaf.getsockname()[1]}", timeout=timedelta(milliseconds=400))
        begun = loop.time()
        assert (await send_one(channel)).kind is ResultKind.RETRY
        assert loop.time() - begun < 2
        await channel.aclose()


@pytest.mark.parametrize(
    ("headers", "retry_after"),
    [
        ({"Retry-After": "7"}, timedelta(seconds=7)),
        (
            {"Retry-After": "Sun, 22 Nov 2026 21:00:30 GMT", "Date": "Sun, 22 Nov 2026 21:00:00 GMT"},
            timedelta(seconds=30),
        ),
        (
            {"Retry-After": "Sun, 22 Nov 2026 20:00:00 GMT", "Date": "Sun, 22 Nov 2026 21:00:00 GMT"},
            timedelta(0),
        ),
        ({"Retry-After": "9" * 400}, timedelta(days=1)),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-1"}, None),
        ({}, None),
    ],
)
async def test_429_is_tried_again_when_the_server_says(
    server: ExpoServer, channel: Channel, headers: dict[str, str], retry_after: timedelta | None
) -> None:
    server.script.append(answer(429, {"errors": [{"code": "TOO_MANY_REQUESTS"}]}, headers))
    assert await send_one(channel) == Result(
        kind=ResultKind.RETRY, detail="HTTP 429 TOO_MANY_REQUESTS", retry_after=retry_after
    )


async def test_too_many_requests_under_another_status_is_tried_again(server: ExpoServer, channel: Channel) -> None:
    server.script.append(answer(400, {"errors": [{"code": "TOO_MANY_REQUESTS"}]}))
    assert (await channel.send([delivery(1), delivery(2)]))[1].kind is ResultKind.RETRY
    assert server.batch_sizes == [2]


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_refused_request_refuses_every_push_at_once(server: ExpoServer, channel: Channel, status: int) -> None:
    server.script.append(answer(status, {"errors": [{"code": "UNAUTHORIZED", "message": token(1)}]}))
    results = await channel.send([delivery(1), delivery(2)])
    assert results == [Result(kind=ResultKind.REFUSED, detail=f"HTTP {status} UNAUTHORIZED")] * 2
    assert server.batch_sizes == [2]


async def test_a_refusal_that_is_no_json_is_a_refusal(server: ExpoServer, channel: Channel) -> None:
    server.script.append(answer(403, "<html>go away"))
    assert await send_one(channel) == Result(kind=ResultKind.REFUSED, detail="HTTP 403")


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param(answer(500, {"errors": [MIXED]}), id="500"),
        pytest.param(answer(502, "<html>"), id="502"),
        pytest.param(answer(302, "", {"Location": "/push/send"}), id="redirect"),
        pytest.param(stall, id="no answer in time"),
        pytest.param(reset_before_answer, id="reset before the answer"),
        pytest.param(reset_in_body, id="reset in the body"),
        pytest.param(answer(200, '{"data": [{"status": "ok", "id"'), id="truncated JSON"),
        pytest.param(answer(200, "[" * 100_000), id="deep JSON"),
        pytest.param(answer(200, ""), id="empty"),
        pytest.param(answer(200, {"data": [{"status": "ok", "id": "t"}]}), id="too few tickets"),
        pytest.param(answer(200, {"data": [{"status": "ok", "id": "t"}] * 3}), id="too many tickets"),
        pytest.param(answer(200, {"data": {"status": "ok", "id": "t"}}), id="one ticket for two"),
        pytest.param(answer(200, {"errors": [{"code": "API_ERROR"}]}), id="errors under 200"),
        pytest.param(answer(200, "hello", {"Content-Encoding": "gzip"}), id="not the promised gzip"),
    ],
)
async def test_what_may_have_been_taken_is_unknown_and_not_repeated(
    server: ExpoServer, channel: Channel, failure: Failure
) -> None:
    server.script.append(failure)
    results = await channel.send([delivery(1), delivery(2)])
    assert [result.kind for result in results] == [ResultKind.UNKNOWN] * 2
    assert server.batch_sizes == [2]


async def test_the_channel_works_on_after_a_failure_and_after_closing(server: ExpoServer, channel: Channel) -> None:
    server.script.append(reset_in_body)
    assert (await send_one(channel)).kind is ResultKind.UNKNOWN
    assert (await send_one(channel)).kind is ResultKind.ACCEPTED
    await channel.aclose()
    assert (await send_one(channel)).kind is ResultKind.ACCEPTED


async def test_tokens_of_several_projects_are_sent_apart_once_each(server: ExpoServer, channel: Channel) -> None:
    server.projects = {token(2): "@us/beta", token(4): "@us/beta"}
    results = await channel.send([delivery(number) for number in (1, 2, 3, 4)])
    assert server.batch_sizes == [4, 2, 2]
    assert {push["to"]: push["data"]["messageId"] for push in server.taken} == {
        token(number): f"m{number}" for number in (1, 2, 3, 4)
    }
    assert [result.kind for result in results] == [ResultKind.ACCEPTED] * 4


async def test_a_failing_project_leaves_the_other_one_alone(server: ExpoServer, channel: Channel) -> None:
    server.script.extend([answer(400, {"errors": [MIXED]}), answer(500)])
    results = await channel.send([delivery(1), delivery(2), delivery(3)])
    assert [result.kind for result in results] == [ResultKind.UNKNOWN, ResultKind.ACCEPTED, ResultKind.REFUSED]


async def test_a_project_error_that_names_one_project_ends(server: ExpoServer, channel: Channel) -> None:
    details = {"@us/app": [token(1), token(2)]}
    mixed = answer(400, {"errors": [{"code": "PUSH_TOO_MANY_EXPERIENCE_IDS", "details": details}]})
    server.script.extend([mixed] * 10)
    results = await channel.send([delivery(1), delivery(2)])
    assert [result.kind for result in results] == [ResultKind.REFUSED] * 2
    assert server.batch_sizes == [2]


async def test_a_push_that_spoils_its_request_is_refused_alone_and_nobody_gets_two(
    server: ExpoServer, channel: Channel
) -> None:
    batch = [delivery(number) for number in range(99)] + [delivery(99, to="not a token")]
    results = await channel.send(batch)
    assert [result.kind for result in results] == [ResultKind.ACCEPTED] * 99 + [ResultKind.REFUSED]
    assert server.times_taken() == {token(number): 1 for number in range(99)}


async def test_receipts_are_read_in_the_order_of_tickets(server: ExpoServer, channel: Channel) -> None:
    gone = {"status": "error", "message": token(2), "details": {"error": "DeviceNotRegistered"}}
    limit = {"status": "error", "message": token(3), "details": {"error": "MessageRateExceeded"}}
    server.receipts = {"a": {"status": "ok"}, "b": gone, "c": limit, "d": {"status": "?"}}
    assert await channel.receipts(["d", "c", "absent", "b", "a"]) == [
        Result(kind=ResultKind.WAITING),
        Result(kind=ResultKind.REFUSED, detail="MessageRateExceeded"),
        Result(kind=ResultKind.WAITING),
        Result(kind=ResultKind.GONE, detail="DeviceNotRegistered"),
        Result(kind=ResultKind.DELIVERED),
    ]


async def test_receipts_are_asked_300_at_a_time(server: ExpoServer, channel: Channel) -> None:
    server.receipts = {f"t{number}": {"status": "ok"} for number in range(700)}
    results = await channel.receipts(list(server.receipts))
    assert {result.kind for result in results} == {ResultKind.DELIVERED}
    assert [len(request.body["ids"]) for request in server.received] == [300, 300, 100]


@pytest.mark.parametrize("failure", [answer(429), answer(500), answer(200, "nonsense"), stall, reset_in_body])
async def test_a_failing_receipts_request_leaves_its_tickets_waiting(
    server: ExpoServer, channel: Channel, failure: Failure
) -> None:
    server.script.append(failure)
    assert [result.kind for result in await channel.receipts(["a", "b"])] == [ResultKind.WAITING] * 2


async def test_a_lone_surrogate_and_a_nul_reach_the_server_as_they_are(server: ExpoServer, channel: Channel) -> None:
    await channel.send([delivery(body="a\ud800b\x00c")])
    assert server.taken[0]["body"] == "a\ud800b\x00c"
