"""Who may call: every endpoint against every kind of credentials."""

import hmac
from collections.abc import Mapping, Sequence

import httpx
import pytest
from tests.entrypoints.opening import BASE, BEARER, SECRET, Api, OpenApi, client_of, endpoints

from reflecta.domain.errors import ConfigurationError

OPEN = {"/healthz", "/readyz", "/openapi.json", "/docs", "/docs/start.js", "/docs/x1"}
LOCAL = {f"{BASE}/test"}
WRONG: Sequence[Sequence[tuple[bytes, bytes]]] = [
    [(b"authorization", value)]
    for value in (
        b"Bearer undefined",
        b"Bearer null",
        b"Bearer None",
        b"Bearer ",
        b"Bearer",
        b"",
        b"Bearer wrong",
        SECRET.encode(),
        b"Basic " + SECRET.encode(),
        b"Bearer " + SECRET[:-1].encode(),
        b"Bearer " + SECRET.encode() + b"x",
        b"Bearer " + SECRET.upper().encode(),
        b"Bearer " + SECRET.encode() + b", Bearer " + SECRET.encode(),
        "Bearer пароль".encode(),
        b"Bearer \xff\xfe\x80",
        b"Bearer " + b"x" * 6000,
    )
] + [[(b"authorization", b"Bearer " + SECRET.encode())] * 2]


async def test_every_guarded_endpoint_refuses_callers_without_credentials(api: Api) -> None:
    for method, path in endpoints(api.app):
        answer = await api.client.request(method, path)
        if path in OPEN | LOCAL:
            assert answer.status_code not in {401, 403}, (method, path)
        else:
            assert answer.status_code == 401, (method, path)
            assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("credentials", WRONG, ids=[repr(wrong[0][1][:40]) for wrong in WRONG])
async def test_every_guarded_endpoint_refuses_wrong_credentials(
    api: Api, credentials: Sequence[tuple[bytes, bytes]]
) -> None:
    for method, path in endpoints(api.app):
        answer = await api.client.send(api.client.build_request(method, path, headers=httpx.Headers(credentials)))
        assert (answer.status_code == 401) is (path not in OPEN), (method, path, answer.status_code)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer  "])
async def test_every_endpoint_lets_the_secret_pass(api: Api, scheme: str) -> None:
    for method, path in endpoints(api.app):
        answer = await api.client.request(method, path, headers={"Authorization": f"{scheme} {SECRET}"})
        assert answer.status_code not in {401, 403}, (method, path)


async def test_a_secret_beyond_ascii_passes_in_utf_8(open_api: OpenApi) -> None:
    api = await open_api(CRON_SECRET="пароль-long-enough-0123456789")
    headers = {b"authorization": "Bearer пароль-long-enough-0123456789".encode()}
    answer = await api.client.get("/v1/users", headers=httpx.Headers(headers))
    assert answer.status_code == 200


async def test_secrets_are_compared_in_constant_time_on_bytes(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def digest(given: bytes, secret: bytes) -> bool:
        compared.append((given, secret))
        return given == secret

    monkeypatch.setattr(hmac, "compare_digest", digest)
    assert (await api.get("/v1/users")).status_code == 200
    assert compared == [(SECRET.encode(), SECRET.encode())]


@pytest.mark.parametrize("word", ["undefined", "null", "None", "nil"])
async def test_words_of_unset_variables_never_pass_not_even_as_the_secret(open_api: OpenApi, word: str) -> None:
    api = await open_api(CRON_SECRET=word)
    answer = await api.client.get("/v1/users", headers={"Authorization": f"Bearer {word}"})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("env", "host"),
    [("production", "127.0.0.1"), ("production", "0.0.0.0"), ("development", "0.0.0.0"), ("development", "::")],  # noqa: S104
)
async def test_without_a_secret_there_is_no_api_but_in_development_on_loopback(
    open_api: OpenApi, env: str, host: str
) -> None:
    with pytest.raises(ConfigurationError, match="CRON_SECRET"):
        await open_api(CRON_SECRET=None, env=env, host=host)


@pytest.mark.parametrize("secret", ["", "   "])
async def test_an_empty_secret_is_no_secret(open_api: OpenApi, secret: str) -> None:
    with pytest.raises(ConfigurationError, match="CRON_SECRET"):
        await open_api(CRON_SECRET=secret, env="production")


async def test_in_development_on_loopback_without_a_secret_nobody_is_asked(open_api: OpenApi) -> None:
    api = await open_api(CRON_SECRET=None)
    for method, path in endpoints(api.app):
        answer = await api.client.request(method, path)
        assert answer.status_code not in {401, 403}, (method, path)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "localhost.evil.example:3000"},
        {"Host": "[::1"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"X-Forwarded-For": "203.0.113.9"},
        {"Forwarded": "for=203.0.113.9"},
    ],
)
async def test_without_a_secret_web_pages_and_proxied_callers_are_refused(
    open_api: OpenApi, headers: Mapping[str, str]
) -> None:
    api = await open_api(CRON_SECRET=None)
    for path in (f"{BASE}/scheduler", f"{BASE}/test", "/v1/users"):
        answer = await api.client.request("GET" if path == "/v1/users" else "POST", path, headers=headers)
        assert answer.status_code == 403, path


@pytest.mark.parametrize("caller", ["203.0.113.9", "10.0.0.2", "::ffff:10.0.0.2", "fe80::1", "unix"])
async def test_the_test_route_asks_callers_from_elsewhere_for_the_secret(api: Api, caller: str) -> None:
    async with client_of(api.app, caller=caller) as client:
        body = {"action": "list-eligible"}
        assert (await client.post(f"{BASE}/test", json=body)).status_code == 401
        assert (await client.post(f"{BASE}/test", json=body, headers=BEARER)).status_code == 200


@pytest.mark.parametrize("caller", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
async def test_the_test_route_asks_local_callers_for_nothing(api: Api, caller: str) -> None:
    async with client_of(api.app, caller=caller) as client:
        assert (await client.post(f"{BASE}/test", json={"action": "list-eligible"})).status_code == 200


@pytest.mark.parametrize(("env", "host"), [("production", "127.0.0.1"), ("development", "0.0.0.0")])  # noqa: S104
async def test_the_test_route_is_not_there_outside_development_on_loopback(
    open_api: OpenApi, env: str, host: str
) -> None:
    api = await open_api(env=env, host=host)
    assert (await api.post(f"{BASE}/test", {"action": "list-eligible"})).status_code == 404
