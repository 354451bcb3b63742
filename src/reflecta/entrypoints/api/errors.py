"""Turns what goes wrong into answers: the guide's form on the guide's paths, problem+json (RFC 9457) elsewhere.

An answer never holds a stack, a statement or the text of an unexpected error; the event `request.failed` names
the class and the place.
"""

import traceback
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import PurePath
from typing import Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reflecta.application.ports import Telemetry
from reflecta.domain.errors import Conflict, InvalidInput, ModelError, NotFound, ReflectaError, StoreUnavailable

GUIDE_PATHS: Final = "/api/"
RETRY_AFTER: Final = {"Retry-After": "5"}
_INTERNAL: Final = "this service failed; nothing is lost. The log event request.failed tells where"
_NO_STORE: Final = "the store does not answer; try again in a few seconds"


class Refused(Exception):
    """A request that gets an error of HTTP's own instead of what it asked for."""

    def __init__(self, status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers


def error_answer(
    path: str,
    status: HTTPStatus,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, object] | None = None,
) -> Response:
    """Give an error in the form of the path it is for; *more* are members of a problem."""
    if path.startswith(GUIDE_PATHS):
        return JSONResponse({"success": False, "error": detail}, status, headers)
    problem = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail, **(more or {})}
    return JSONResponse(problem, status, headers, media_type="application/problem+json")


def install_errors(app: FastAPI, telemetry: Telemetry) -> None:
    """Answer every error that a handler may raise on purpose."""

    async def ours(request: Request, error: Exception) -> Response:
        status, detail = _standing(error)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            _tell(telemetry, request.scope, status, error)
        headers = RETRY_AFTER if status is HTTPStatus.SERVICE_UNAVAILABLE else None
        more = {"field": error.field} if isinstance(error, InvalidInput) else None
        return error_answer(request.url.path, status, detail, headers=headers, more=more)

    app.add_exception_handler(ReflectaError, ours)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(HTTPException, _of_routing)
    app.add_exception_handler(RequestValidationError, _of_parameters)


def _standing(error: Exception) -> tuple[HTTPStatus, str]:
    match error:
        case InvalidInput():
            return HTTPStatus.UNPROCESSABLE_ENTITY, str(error)
        case NotFound():
            return HTTPStatus.NOT_FOUND, str(error)
        case Conflict():
            return HTTPStatus.CONFLICT, str(error)
        case StoreUnavailable():
            return HTTPStatus.SERVICE_UNAVAILABLE, _NO_STORE
        case ModelError():
            return HTTPStatus.INTERNAL_SERVER_ERROR, f"no model brought a usable answer ({type(error).__name__})"
        case _:
            return HTTPStatus.INTERNAL_SERVER_ERROR, _INTERNAL


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)  # noqa: S101 - registered for this class only
    return error_answer(request.url.path, error.status, error.detail, headers=error.headers)


async def _of_routing(request: Request, error: Exception) -> Response:
    """Answer for the router: no such path, no such method."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
    status = HTTPStatus(error.status_code)
    detail = {
        HTTPStatus.NOT_FOUND: "there is nothing at this path; /docs lists what there is",
        HTTPStatus.METHOD_NOT_ALLOWED: "this path does not take this method; see the Allow header",
    }.get(status, status.phrase)
    return error_answer(request.url.path, status, detail, headers=error.headers)


async def _of_parameters(request: Request, error: Exception) -> Response:
    """Answer for a wrong query parameter, without the value that was given."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class only
    first = error.errors()[0]
    field, reason = str(first["loc"][-1]), str(first["msg"])
    more = {"field": field}
    return error_answer(request.url.path, HTTPStatus.UNPROCESSABLE_ENTITY, f"{field}: {reason}", more=more)


class Shield:
    """Answers 500 where everything else has failed, and tells of it; nothing unexpected reaches the server."""

    def __init__(self, app: ASGIApp, telemetry: Telemetry) -> None:
        self._app = app
        self._telemetry = telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_started = False

        async def watch(message: Message) -> None:
            nonlocal has_started
            has_started = True
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except ClientDisconnect:
            return  # nobody is left to answer
        except Exception as error:  # noqa: BLE001 - the last line: one request's failure stays with it
            _tell(self._telemetry, scope, HTTPStatus.INTERNAL_SERVER_ERROR, error)
            if not has_started:
                answer = error_answer(scope.get("path", "/"), HTTPStatus.INTERNAL_SERVER_ERROR, _INTERNAL)
                await answer(scope, receive, send)


def _tell(telemetry: Telemetry, scope: Scope, status: HTTPStatus, error: Exception) -> None:
    # The route's template, never the path: ids in a path are the callers' own.
    route = getattr(scope.get("route"), "path", "unmatched")
    telemetry.event(
        "request.failed", route=route, status=status.value, error=type(error).__name__, detail=place_of(error)
    )


def place_of(error: Exception) -> str | None:
    """Say where an error was raised, as file:line; its text may hold a journal."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else None
