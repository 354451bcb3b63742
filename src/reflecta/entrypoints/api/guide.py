"""The guide's paths: the scheduler, the processor and the deprecated route, with the guide's JSON."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from reflecta.adapters.documents.fields import Document, Id, read_document
from reflecta.application.on_demand import NotDue
from reflecta.application.process import Processed
from reflecta.bootstrap import Service
from reflecta.domain.errors import InvalidInput
from reflecta.entrypoints import views
from reflecta.entrypoints.api.auth import Auth
from reflecta.entrypoints.api.describe import answers, takes
from reflecta.entrypoints.api.drain import Drain
from reflecta.entrypoints.api.limits import read_json
from reflecta.entrypoints.api.runs import run_occasion, run_tick

BASE: Final = "/api/coaching/generateCoachingMessage"
# RFC 9745: since when; 2025-08-29, the day of the guide that deprecates it.
_DEPRECATED: Final = {"Deprecation": "@1756425600", "Link": f'<{BASE}/scheduler>; rel="successor-version"'}
_RESULTS: Final = {
    "success": True,
    "results": {"usersDue": 5, "usersBootstrapped": 2, "jobsCreated": 5, "errors": 0, "usersRescheduled": 0},
}
_PROCESSED: Final = {
    "success": True,
    "userId": "user123",
    "nextCoachingMessageDue": 1773212400000,
    "messageGenerated": True,
    "outcome": "sent",
    "reason": None,
    "detail": None,
    "occasionId": "5f0c…",
    "messageId": "message-5f0c…",
}


class ProcessorDocument(Document):
    """Whom to process: a user, or an occasion that the scheduler made."""

    user_id: Id | None = None
    occasion_id: Id | None = None


class Guide:
    """The handlers of the guide's paths."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def router(self, auth: Auth, drain: Drain) -> APIRouter:
        """Give the routes, open to whoever shows the secret."""
        router = APIRouter(prefix=BASE, tags=["guide"], dependencies=[Depends(auth.require), Depends(drain.refuse)])
        for method in ("POST", "GET"):  # Vercel's cron sends GET
            router.add_api_route(
                "/scheduler",
                self.scheduler,
                methods=[method],
                operation_id=f"scheduler_{method.lower()}",
                summary="Run a tick: find who is due and hand them over. Waits for no message",
                responses=answers(_RESULTS, 401, 503),
            )
            router.add_api_route(
                "",
                self.deprecated,
                methods=[method],
                deprecated=True,
                operation_id=f"deprecated_{method.lower()}",
                summary="The same tick under its old name; use /scheduler",
                responses=answers(_RESULTS, 401, 503),
            )
        router.add_api_route(
            "/processor",
            self.processor,
            methods=["POST"],
            summary="Continue one user's open occasion, or claim one if the user is due",
            responses=answers(_PROCESSED, 400, 401, 404, 413, 422, 500, 503),
            openapi_extra=takes(ProcessorDocument, {"userId": "user123"}),
        )
        return router

    async def scheduler(self) -> Response:
        """Run the same tick as `serve` does every minute; two at once do each user once."""
        return JSONResponse({"success": True, "results": views.results(await run_tick(self._service))})

    async def deprecated(self) -> Response:
        """Run the tick and say where it moved."""
        report = await run_tick(self._service)
        return JSONResponse({"success": True, "results": views.results(report)}, headers=_DEPRECATED)

    async def processor(self, request: Request) -> Response:
        """Take `{userId}` or `{occasionId}`. A message held back is a success without a message."""
        asked = read_document(ProcessorDocument, await read_json(request))
        on_demand = self._service.on_demand
        match asked:
            case ProcessorDocument(user_id=str(user_id), occasion_id=None):
                work = on_demand.user(user_id)
            case ProcessorDocument(user_id=None, occasion_id=str(occasion_id)):
                work = on_demand.occasion(occasion_id)
            case _:
                raise InvalidInput("body", "give exactly one of userId and occasionId")
        return await processed_answer(self._service, await run_occasion(self._service, work))


async def processed_answer(
    service: Service, done: Processed | NotDue, more: Mapping[str, object] | None = None
) -> Response:
    """Tell what became of an occasion: 200 for every outcome that was decided, 500 for an error.

    An error is `failed`, or a reason without an outcome: the occasion then waits for its next try.
    """
    user = await service.store.user(done.user_id)
    if isinstance(done, NotDue):
        return JSONResponse({**views.processed(done, user, None), **(more or {})})
    told = await service.store.explanation(done.occasion_id) if done.outcome is None else None
    body = {**views.processed(done, user, told), **(more or {})}
    if not views.is_error(done):
        return JSONResponse(body)
    error = f"no message was written ({done.reason}); GET /v1/occasions/{done.occasion_id} explains"
    return JSONResponse({**body, "error": error}, HTTPStatus.INTERNAL_SERVER_ERROR)
