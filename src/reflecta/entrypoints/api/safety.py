"""`/v1/safety` and a user's hold: what people do about signs of risk, and the counts for reports."""

import re
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from pydantic import BeforeValidator, WithJsonSchema
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from reflecta.adapters.documents import parse_json
from reflecta.adapters.documents.fields import Document, read_document, refusal
from reflecta.adapters.documents.instants import Instant, milliseconds
from reflecta.application.holds import SIGNS, held_users, new_year
from reflecta.bootstrap import Service
from reflecta.domain.errors import InvalidInput
from reflecta.domain.model import ScreenedSign
from reflecta.entrypoints import views
from reflecta.entrypoints.api.auth import Auth
from reflecta.entrypoints.api.describe import takes
from reflecta.entrypoints.api.errors import Refused
from reflecta.entrypoints.api.limits import MEGABYTE, read_body
from reflecta.entrypoints.api.v1 import PREFIX, add, key, path_key

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_READING: Final = (401, 422, 503)
_HOLD: Final = {"sign": "distress"}
_UNTIL: Final = 1773388800000
_COUNTS: Final = {
    "since": 1767225600000,
    "signs": [{"sign": "suicide", "source": "rules", "count": 3}],
    "total": 3,
}
_HELD: Final = {
    "userId": "user123",
    "heldUntil": _UNTIL,
    "heldUntilUtc": "2026-03-13T08:00:00+00:00",
    "heldUntilLocal": "2026-03-13T09:00:00+01:00",
    "timezone": "Europe/Berlin",
    "nextCoachingMessageDue": 1773471600000,
    "nextStep": "Held until 2026-03-13 09:00 (Europe/Berlin), because the journal showed a sign of risk. "
    "Next due 2026-03-14 08:00 (Europe/Berlin), in the morning window.",
}


def _given_sign(value: object) -> ScreenedSign:
    if isinstance(value, str) and value in SIGNS:
        return ScreenedSign(value)
    raise refusal(f"give one of {', '.join(SIGNS)}")


class HoldDocument(Document):
    """What a person saw of whom they have held."""

    sign: Annotated[
        ScreenedSign, BeforeValidator(_given_sign), WithJsonSchema({"type": "string", "enum": list(SIGNS)})
    ] = ScreenedSign.DISTRESS


class _Since(Document):
    since: Instant


class SafetyApi:
    """The handlers."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def router(self, auth: Auth) -> APIRouter:
        """Give the routes, which must stand before those of users: an id may hold anything, a '/hold' too."""
        router = APIRouter(prefix=PREFIX, dependencies=[Depends(auth.require)])
        add(router, "GET", "/safety/report", self.report, "Signs of risk by sign and source", _COUNTS, _READING)
        listed = {"held": [_HELD], "next": None}
        add(router, "GET", "/safety/held", self.held, "Who is held, page by page", listed, _READING)
        path = "/users/{user_id:path}/hold"
        held, errors = {"heldUntil": _UNTIL}, (400, 401, 404, 413, 422, 503)
        add(router, "PUT", path, self.hold, "Hold a user: a person saw a sign of risk", held, errors, _optional())
        add(router, "DELETE", path, self.release, "End a user's hold after a review", None, (401, 404, 422, 503))
        return router

    async def report(self, since: Annotated[str | None, Query(max_length=64)] = None) -> Response:
        """Count signs of risk since a UTC date, an instant, or 1 January; those of erased users too."""
        begin = new_year(self._service.clock.now()) if since is None else _read_since(since)
        return JSONResponse(views.safety_report(await self._service.holds.report(since=begin), begin))

    async def held(self, after: str = "", limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> Response:
        """List who is held now, by id, from the one after *after*; *next* is the `after` of the next page."""
        now, start = self._service.clock.now(), key("after", after) if after else ""
        found = await held_users(self._service.store, now, after=start, limit=limit)
        following = found[-1].id if len(found) == limit else None
        return JSONResponse({"held": [views.held(user, now) for user in found], "next": following})

    async def hold(self, user_id: str, request: Request) -> Response:
        """Hold a user: nothing ordinary is sent to them until the hold ends. Each call is counted as a sign seen."""
        own = path_key("user_id", user_id)
        given = read_document(HoldDocument, await _body(request))
        return JSONResponse({"heldUntil": milliseconds(await self._service.holds.place(own, given.sign))})

    async def release(self, user_id: str) -> Response:
        """End a user's hold, where there is one; messages go on with the next target hour."""
        await self._service.holds.release(path_key("user_id", user_id))
        return Response(status_code=HTTPStatus.NO_CONTENT)


def _read_since(given: str) -> datetime:
    """Read a date, which begins by UTC, or an instant as in a document."""
    value: object = int(given) if given.isascii() and given.isdecimal() else given
    if _DATE.fullmatch(given):
        value = f"{given}T00:00:00Z"
    return read_document(_Since, {"since": value}).since


async def _body(request: Request) -> object:
    """Read a body that may be left out."""
    body = await read_body(request, limit=MEGABYTE)
    try:
        document = parse_json(body) if body.strip() else None
    except InvalidInput as error:
        raise Refused(HTTPStatus.BAD_REQUEST, str(error)) from error
    return {} if document is None else document


def _optional() -> dict[str, Any]:
    """Describe a body that may be left out."""
    return {"requestBody": {**takes(HoldDocument, _HOLD)["requestBody"], "required": False}}
