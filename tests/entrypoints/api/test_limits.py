"""How much one request may send."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from tests.entrypoints.api.test_v1 import ENTRY, USER
from tests.entrypoints.opening import BASE, BEARER, Api

from reflecta.entrypoints.api import limits

MEGABYTE = 2**20


async def drops(size: int) -> AsyncIterator[bytes]:
    """Send *size* bytes without telling how many."""
    for _ in range(size // 4096):
        yield b" " * 4096


def padded(body: object, size: int) -> bytes:
    return json.dumps(body).encode().ljust(size)


@pytest.mark.parametrize(
    ("method", "path", "limit"),
    [
        ("POST", f"{BASE}/processor", MEGABYTE),
        ("POST", f"{BASE}/test", MEGABYTE),
        ("PUT", "/v1/users/u1", 2 * MEGABYTE),
        ("PUT", "/v1/entries/e1", 2 * MEGABYTE),
        ("POST", "/v1/batch", 4 * MEGABYTE),
    ],
)
async def test_a_body_over_the_limit_is_refused_whether_it_tells_its_length_or_not(
    api: Api, method: str, path: str, limit: int
) -> None:
    told = await api.send(method, path, b" " * (limit + 1))
    untold = await api.client.request(method, path, content=drops(limit + 4096), headers=BEARER)
    assert [told.status_code, untold.status_code] == [413, 413]
    assert told.headers["connection"] == "close"


async def test_a_body_at_the_limit_is_read(api: Api) -> None:
    answer = await api.post(f"{BASE}/processor", padded({"userId": "nobody"}, MEGABYTE))
    assert answer.status_code == 404


async def test_a_length_that_lies_does_not_help(api: Api) -> None:
    headers = {**BEARER, "Content-Length": "10"}
    request = api.client.build_request("POST", f"{BASE}/processor", content=drops(2 * MEGABYTE), headers=headers)
    assert (await api.client.send(request)).status_code == 413


async def test_an_entry_of_a_megabyte_is_kept_and_a_longer_one_refused(api: Api) -> None:
    await api.put("/v1/users/u1", USER)
    longest = await api.put("/v1/entries/e1", {**ENTRY, "content": "x" * MEGABYTE})
    longer = await api.put("/v1/entries/e1", {**ENTRY, "content": "x" * (MEGABYTE + 1)})
    assert [longest.status_code, longer.status_code] == [200, 422]
    assert len(longest.json()["content"]) == MEGABYTE


async def test_a_body_that_never_ends_is_given_up(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    monkeypatch.setattr(limits, "_SECONDS", 0.05)
    answer = await api.client.post(f"{BASE}/processor", content=endless(), headers=BEARER)
    assert answer.status_code == 408
