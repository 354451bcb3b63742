"""The API's description, its pages, health, and the headers on every answer."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from tests.databases import write
from tests.entrypoints.opening import BASE, BEARER, Api, client_of, endpoints, routes

from reflecta import __version__
from reflecta.domain.errors import StoreUnavailable
from reflecta.entrypoints.api import create_app
from reflecta.entrypoints.api.drain import Drain


class DeadStore:
    """Stands for a database that is gone."""

    async def ping(self) -> None:
        raise StoreUnavailable("the database at 10.1.2.3 does not answer")


async def described(api: Api) -> Any:
    return (await api.client.get("/openapi.json")).json()


def references(value: object) -> Iterator[str]:
    match value:
        case dict():
            for key, item in value.items():  # pyright: ignore[reportUnknownVariableType] - any JSON
                if key == "$ref" and isinstance(item, str):
                    yield item
                yield from references(item)  # pyright: ignore[reportUnknownArgumentType] - any JSON
        case list():
            for item in value:  # pyright: ignore[reportUnknownVariableType] - any JSON
                yield from references(item)  # pyright: ignore[reportUnknownArgumentType] - any JSON
        case _:
            return


async def test_every_endpoint_is_described_with_its_answers(api: Api) -> None:
    description = await described(api)
    own = {path.replace(":path", "") for path in routes(api.app)}
    assert own - set(description["paths"]) == {"/openapi.json", "/docs", "/docs/start.js", "/docs/{name}"}
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], (method, path)
            assert {"200", "204"} & operation["responses"].keys(), (method, path)
            assert "requestBody" in operation or method in {"get", "delete"} or path in {BASE, f"{BASE}/scheduler"}


async def test_every_reference_of_the_description_leads_somewhere(api: Api) -> None:
    description = await described(api)
    found = set(references(description))
    assert found
    for reference in found:
        name = reference.removeprefix("#/components/schemas/")
        assert name in description["components"]["schemas"], reference


async def test_the_description_speaks_openapi_3_0_and_names_the_version(api: Api) -> None:
    description = await described(api)
    assert (description["openapi"], description["info"]["version"]) == ("3.0.3", __version__)
    assert '"type": "null"' not in str(description).replace("'", '"')


async def test_endpoints_have_operation_ids_of_their_own(api: Api) -> None:
    operations = [op for path in (await described(api))["paths"].values() for op in path.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids))


async def test_health_and_guarded_paths_are_told_apart(api: Api) -> None:
    paths = (await described(api))["paths"]
    assert paths["/healthz"]["get"]["security"] == []
    assert "security" not in paths["/v1/users"]["get"]


async def test_the_pages_need_nothing_from_elsewhere(api: Api) -> None:
    page = await api.client.get("/docs")
    assert "://" not in page.text
    assert "<script>" not in page.text
    for asset in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        answer = await api.client.get(f"/{asset}")
        assert (answer.status_code, len(answer.content) > 100) == (200, True), asset


async def test_the_pages_allow_scripts_of_their_own_only(api: Api) -> None:
    policy = (await api.client.get("/docs")).headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self';" in policy


@pytest.mark.parametrize("name", ["index.html", "..%2F__init__.py", "../__init__.py", "swagger-ui.js.map"])
async def test_the_pages_serve_no_other_file(api: Api, name: str) -> None:
    assert (await api.client.get(f"/docs/{name}")).status_code == 404


async def test_every_answer_bears_the_protecting_headers(api: Api) -> None:
    for method, path in [*endpoints(api.app), ("GET", "/nothing"), ("TRACE", "/healthz")]:
        for headers in ({}, BEARER):
            answer = await api.client.request(method, path, headers=headers)
            assert answer.headers["x-content-type-options"] == "nosniff", path
            assert answer.headers["referrer-policy"] == "no-referrer", path
            assert answer.headers["content-security-policy"].startswith("default-src 'none'"), path
            assert answer.headers["cache-control"] in {"no-store", "max-age=3600"}, path


async def test_healthz_answers_with_the_version(api: Api) -> None:
    answer = await api.client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "version": __version__})


async def test_readyz_says_ready_when_the_store_answers(api: Api) -> None:
    assert (await api.client.get("/readyz")).json() == {"status": "ready"}


async def test_readyz_says_when_the_schema_is_another(api: Api) -> None:
    await write(api.service.store, "UPDATE alembic_version SET version_num = '0000'")
    answer = await api.client.get("/readyz")
    assert (answer.status_code, "schema" in answer.json()["reason"]) == (503, True)


async def test_readyz_says_when_the_store_does_not_answer(api: Api) -> None:
    broken = api.over(store=DeadStore())
    answer = await broken.client.get("/readyz")
    assert (answer.status_code, answer.json()["reason"]) == (503, "the store does not answer")


async def test_a_stopping_process_is_not_ready_and_takes_no_work(api: Api) -> None:
    drain = Drain()
    app = create_app(api.service, host="127.0.0.1", drain=drain)
    stopping = replace(api, app=app, client=client_of(app))
    drain.begin()
    statuses = [(await stopping.post(f"{BASE}/{path}")).status_code for path in ("scheduler", "processor", "test")]
    assert statuses == [503] * 3
    assert ((await stopping.get("/readyz")).status_code, (await stopping.get("/healthz")).status_code) == (503, 200)
    assert (await stopping.get("/v1/users")).status_code == 200
