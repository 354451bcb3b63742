"""Describes the API in OpenAPI 3.0, the newest that the local pages can show. Knows no route by name."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

Json = dict[str, Any]

_OPENAPI: Final = "3.0.3"
_SCHEMAS: Final = "#/components/schemas/{model}"
_ABOUT: Final = """\
Decides whether, when and what to write to the users of a journaling app, and explains every decision.

Errors are `{"success": false, "error": …}` under `/api/`, problem+json (RFC 9457) elsewhere.
Instants are epoch milliseconds; ISO 8601 with an offset is understood. Ids may hold any visible character and go
percent-encoded into a path, `/` as `%2F`; a body may leave out the id that its path names."""
_WORDS: Final[Mapping[int, str]] = {
    400: "The body is not JSON",
    401: "No secret, or a wrong one",
    403: "Only for programs on this machine",
    404: "There is no such thing",
    409: "The state does not allow it now",
    413: "The body is too large",
    422: "A value is wrong; its field is named",
    500: "An error: the occasion failed, or the service did",
    503: "The store does not answer, or the service is stopping; see Retry-After",
}


def answers(example: object, *errors: int) -> dict[int | str, Json]:
    """Describe a 200 by an example, and errors by their statuses; without an example the answer is 204."""
    good: dict[int | str, Json] = {200: {"description": "Done", "content": {"application/json": {"example": example}}}}
    if example is None:
        good = {204: {"description": "Done"}}
    return good | {status: {"description": _WORDS[status]} for status in errors}


def takes(model: type[BaseModel], example: object) -> Json:
    """Describe the body that a handler reads by itself."""
    schema = {"$ref": _SCHEMAS.format(model=model.__name__)}
    content = {"application/json": {"schema": schema, "example": example}}
    return {"requestBody": {"required": True, "content": content}}


OPEN: Final[Json] = {"security": []}


def describe(app: FastAPI, version: str, documents: Sequence[type[BaseModel]]) -> Json:
    """Give the description of an app whose bodies are *documents*."""
    described = get_openapi(
        title="Reflecta", version=version, openapi_version=_OPENAPI, description=_ABOUT, routes=app.routes
    )
    _, schemas = models_json_schema([(model, "validation") for model in documents], ref_template=_SCHEMAS)
    components: Json = described.setdefault("components", {})
    components.setdefault("schemas", {}).update(schemas.get("$defs", {}))
    components["securitySchemes"] = {
        "secret": {"type": "http", "scheme": "bearer", "description": "CRON_SECRET; none in development on loopback"}
    }
    described["security"] = [{"secret": []}]
    return cast("Json", _in_3_0(described))


def _in_3_0(value: object) -> object:
    """Say in the words of OpenAPI 3.0 what JSON Schema says since: what may be null."""
    if isinstance(value, list):
        return [_in_3_0(item) for item in cast("list[object]", value)]
    if not isinstance(value, dict):
        return value
    given = {key: _in_3_0(item) for key, item in cast("dict[str, object]", value).items()}
    choices = given.get("anyOf")
    if isinstance(choices, list):
        kept = [choice for choice in cast("list[object]", choices) if choice != {"type": "null"}]
        given["anyOf"] = kept
        if len(kept) < len(cast("list[object]", choices)):
            given["nullable"] = True
    return given
