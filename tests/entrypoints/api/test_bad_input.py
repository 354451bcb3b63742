"""Every endpoint that takes a body against bodies that no well-meaning client sends."""

import json
from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from tests.entrypoints.opening import BASE, BEARER, Api, endpoints

UNREADABLE: Sequence[bytes] = [
    b"",
    b"   \n\t ",
    b"{",
    b"}",
    b"{]",
    b'{"userId": "u1"',
    b'{"userId": "u1"}}',
    b'{"userId": "u1"} {"userId": "u2"}',
    b"{'userId': 'u1'}",
    b"{userId: 1}",
    b'{"a": 1,}',
    b"userId=u1&action=list-eligible",
    b"<xml/>",
    b"undefined",
    b"NaN",
    b"Infinity",
    b'{"a": NaN}',
    b'{"a": -Infinity}',
    b'{"limit": 1e999}',
    b'{"limit": ' + b"9" * 5000 + b"}",
    b'{"a": 0x10}',
    b'{"a": 01}',
    b'{"a": "\x00"}',
    b'{"a": "line\nbreak"}',
    b'{"a": "\\x41"}',
    b'{"a": "\\ud8"}',
    b'{"a": 1, "a": 2}',
    b'{"userId": "u1", "userId": "u2"}',
    b"\xff\xfe{\x00}\x00",
    b"\x80abc",
    b'{"userId": "\xc3\x28"}',
    b'{"userId": "\xed\xa0\x80"}',
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    b"[" * 100_000,
    b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    b"[" * 2000 + b"]" * 2000,
]
WRONG: Sequence[Any] = [
    [],
    {},
    "text",
    1,
    True,
    None,
    [{}],
    {"unknown": 1},
    {"userId": None, "action": None},
    {"userId": ""},
    {"userId": 7, "action": 7, "kind": 7, "items": 7},
    {"userId": ["u1"], "action": ["list-eligible"], "kind": [], "items": "text"},
    {"userId": {"$ne": None}, "action": {"$ne": None}, "kind": {}, "items": {}},
    {"userId": "u" * 257, "action": "x" * 5000, "kind": "x" * 5000},
    {"userId": "a\x00b", "action": "list\x00", "kind": ""},
    {"userId": "\ud800", "action": "\udfff", "kind": "\ud800"},
    {"userId": "\u202e", "action": "test-user"},
    {"userId": "' OR 1=1 --", "action": "user-status"},
    {"occasionId": "../../etc/passwd", "action": "drop-table"},
    {"occasionId": "\ud83d", "action": "dry-run", "userId": "\ud83d"},
    {"action": "test-user", "userId": "u1", "bypassChecks": "yes"},
    {"action": "test-user", "userId": "u1", "bypassChecks": 1},
    {"action": "list-eligible", "limit": 0},
    {"action": "list-eligible", "limit": 10**19},
    {"action": "list-eligible", "limit": "10"},
    {"action": "list-eligible", "limit": 1.5},
    {"action": "list-eligible", "after": "\x00"},
    {
        "items": [
            None,
            1,
            "x",
            [],
            {},
            {"type": None},
            {"type": []},
            {"type": "user"},
            {"type": "entry", "id": "\ud800"},
        ]
    },
    {"items": [[[[[[]]]]]], "kind": {"a": {"b": {}}}},
    {"items": [{"type": "user", "uid": "\ud800", "email": "\ud800", "coachingConfig": {"\ud800": "\ud800"}}]},
    {"userTimezone": 7, "content": 7, "mainFocus": 7, "kind": 7},
    {"coachingConfig": [], "timestamp": [], "mainFocus": [], "rating": "five", "kind": "x"},
    {"coachingConfig": {"coachingMessageFrequency": "hourly"}, "timestamp": "yesterday", "kind": "x", "rating": 6},
    {
        "coachingConfig": {"enableCoachingMessages": "true"},
        "timestamp": "2026-03-10T08:00:00",
        "kind": "x",
        "rating": 0,
    },
    {"nextCoachingMessageDue": -1, "timestamp": -1, "createdAt": -1, "kind": "x", "at": -1},
    {"nextCoachingMessageDue": 10**18, "timestamp": 10**18, "createdAt": 10**18, "kind": "x", "at": 10**18},
    {
        "nextCoachingMessageDue": 1700000000,
        "timestamp": 1700000000,
        "createdAt": 1700000000,
        "kind": "x",
        "rating": 3.5,
    },
    {
        "onboardingData": {"clarityInLife": 10**19},
        "images": [1],
        "mainFocus": {"headline": []},
        "kind": "x",
        "rating": True,
    },
    {"mobilePushNotifications": {"expoPushTokens": ["x" * 10_000]}, "images": "x", "mainFocus": {}, "kind": "x" * 41},
]
LENIENT: Sequence[Any] = [
    {"userTimezone": "Mars/Olympus", "uid": "x1", "firstName": "\ud800\x00<script>", "content": "\ud800", "kind": "x"},
    {"content": "<p>" * 5000, "timestamp": 1773129600000, "uid": "x1", "kind": "k", "mainFocus": {"headline": "\x00"}},
    {"a": [[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]},
]
TAKES_BODY = {
    f"{BASE}/processor",
    f"{BASE}/test",
    "/v1/users/x1",
    "/v1/entries/x1",
    "/v1/users/x1/insights",
    "/v1/messages/x1/feedback",
    "/v1/batch",
}


TARGETS = [("PUT" if "x1" in path and "feedback" not in path else "POST", path) for path in sorted(TAKES_BODY)]


def is_well_formed(answer: httpx.Response) -> bool:
    body = answer.json()
    if answer.request.url.path.startswith("/api/"):
        return body.keys() == {"success", "error"} and body["success"] is False and bool(body["error"])
    is_problem = answer.headers["content-type"] == "application/problem+json"
    return is_problem and body["status"] == answer.status_code and bool(body["detail"])


async def test_the_bodies_meet_every_endpoint_that_takes_one(api: Api) -> None:
    assert len(UNREADABLE) + len(WRONG) + len(LENIENT) >= 60
    writing = [endpoint for endpoint in endpoints(api.app) if endpoint[0] in {"POST", "PUT"}]
    bodiless = [("POST", BASE), ("POST", f"{BASE}/scheduler"), ("PUT", "/v1/users/x1/hold")]
    assert sorted(writing) == sorted([*TARGETS, *bodiless])


@pytest.mark.parametrize(("method", "path"), TARGETS)
async def test_what_is_not_json_is_a_bad_request(api: Api, method: str, path: str) -> None:
    for body in UNREADABLE:
        answer = await api.send(method, path, body)
        assert (answer.status_code, is_well_formed(answer)) == (400, True), (body[:40], answer.text)


@pytest.mark.parametrize(("method", "path"), TARGETS)
async def test_what_is_no_document_is_refused_or_finds_nothing(api: Api, method: str, path: str) -> None:
    for body in WRONG:
        answer = await api.send(method, path, json.dumps(body).encode())
        assert answer.status_code in {200, 404, 422}, (body, answer.text)
        assert answer.status_code == 200 or is_well_formed(answer), (body, answer.text)


@pytest.mark.parametrize(("method", "path"), TARGETS)
async def test_odd_texts_break_nothing(api: Api, method: str, path: str) -> None:
    for body in LENIENT:
        answer = await api.send(method, path, json.dumps(body).encode())
        assert answer.status_code in {200, 204, 404, 422}, (body, answer.text)


async def test_a_tick_does_not_care_what_is_sent_along(api: Api) -> None:
    for body in (*UNREADABLE, b"[]"):
        assert (await api.send("POST", f"{BASE}/scheduler", body)).status_code == 200


async def test_bad_requests_leave_the_next_good_one_alone(api: Api) -> None:
    for body in UNREADABLE:
        await api.send("POST", f"{BASE}/processor", body)
    await api.with_due_user()
    answer = await api.post(f"{BASE}/processor", {"userId": "u1"})
    assert answer.json()["messageGenerated"] is True


async def test_errors_never_quote_what_was_written(api: Api) -> None:
    """An error text may end in a log of the host app; a diary must not."""
    diary = "Dear diary, nobody may read this"
    for body in (diary.encode(), json.dumps({"content": [diary], "items": diary, "userId": [diary]}).encode()):
        for method, path in TARGETS:
            assert "Dear diary" not in (await api.send(method, path, body)).text, path


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
async def test_json_is_read_whatever_the_content_type_says(api: Api, content_type: str) -> None:
    await api.with_due_user()
    headers = {**BEARER, "Content-Type": content_type}
    answer = await api.send("POST", f"{BASE}/processor", {"userId": "u1"}, headers)
    assert answer.status_code == 200


async def test_a_byte_order_mark_is_forgiven(api: Api) -> None:
    answer = await api.post(f"{BASE}/processor", b"\xef\xbb\xbf" + b'{"userId": "nobody"}')
    assert answer.status_code == 404
