"""The guide's `/test` actions and `dry-run`: for development on this machine only."""

from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from pydantic import Field, StrictInt, StrictStr
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from reflecta.adapters.documents.fields import Document, Flag, Id, one_of, read_document
from reflecta.application.on_demand import NotDue
from reflecta.application.process import Processed
from reflecta.bootstrap import Service
from reflecta.entrypoints import views
from reflecta.entrypoints.api.auth import Auth
from reflecta.entrypoints.api.describe import answers, takes
from reflecta.entrypoints.api.drain import Drain
from reflecta.entrypoints.api.guide import BASE, processed_answer
from reflecta.entrypoints.api.limits import read_json
from reflecta.entrypoints.api.runs import run_occasion, run_tick

_EXAMPLE: Final = {"action": "test-user", "userId": "user123", "bypassChecks": True}


class Action(StrEnum):
    """What can be tried."""

    LIST_ELIGIBLE = "list-eligible"
    USER_STATUS = "user-status"
    TEST_USER = "test-user"
    DRY_RUN = "dry-run"
    TEST_SCHEDULER = "test-scheduler"


class ActionDocument(Document):
    """One action; each reads the fields it needs."""

    action: Annotated[Action, one_of(Action)]


class ListDocument(Document):
    """A page of users by id: at most *limit* of those after *after*."""

    after: Id | None = None
    limit: Annotated[StrictInt, Field(ge=1, le=1000)] = 100


class UserActionDocument(Document):
    """A user; *bypassChecks* forces a run of their own."""

    user_id: Id
    bypass_checks: Flag = False


class TestDocument(ActionDocument, ListDocument):
    """All fields of all actions, for the description."""

    user_id: StrictStr | None = None
    bypass_checks: Flag = False


class Actions:
    """The handler of `/test`."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._actions: Mapping[Action, Callable[[object], Awaitable[Response]]] = {
            Action.LIST_ELIGIBLE: self._list,
            Action.USER_STATUS: self._status,
            Action.TEST_USER: self._test,
            Action.DRY_RUN: self._dry_run,
            Action.TEST_SCHEDULER: self._tick,
        }

    def router(self, auth: Auth, drain: Drain) -> APIRouter:
        """Give the route."""
        dependencies = [Depends(auth.require_unless_local), Depends(drain.refuse)]
        router = APIRouter(prefix=BASE, tags=["development"], dependencies=dependencies)
        router.add_api_route(
            "/test",
            self.test,
            methods=["POST"],
            summary="Try things out: " + ", ".join(Action),
            responses=answers({"success": True}, 400, 401, 403, 404, 409, 413, 422, 500, 503),
            openapi_extra=takes(TestDocument, _EXAMPLE),
        )
        return router

    async def test(self, request: Request) -> Response:
        """Run one action."""
        document = await read_json(request)
        return await self._actions[read_document(ActionDocument, document).action](document)

    async def _list(self, document: object) -> Response:
        asked = read_document(ListDocument, document)
        users = await self._service.store.users(after=asked.after or "", limit=asked.limit)
        now = self._service.clock.now()
        following = users[-1].id if len(users) == asked.limit else None
        return JSONResponse(
            {"success": True, "users": [views.standing(user, now) for user in users], "next": following}
        )

    async def _status(self, document: object) -> Response:
        user_id = read_document(UserActionDocument, document).user_id
        explained = await self._service.explain.user(user_id, limit=1)
        waiting = await self._service.store.open_occasion(user_id)
        told = views.status(explained, self._service.clock.now(), waiting)
        return JSONResponse({"success": True, **told})

    async def _test(self, document: object) -> Response:
        """Continue or claim as the processor does; with bypassChecks run an occasion of its own now."""
        asked = read_document(UserActionDocument, document)
        on_demand = self._service.on_demand
        work = on_demand.force(asked.user_id) if asked.bypass_checks else on_demand.user(asked.user_id)
        done = await run_occasion(self._service, work)
        return await processed_answer(self._service, done, await self._more(done))

    async def _more(self, done: Processed | NotDue) -> Mapping[str, object]:
        """Give why nothing was due, or all attempts with their scores."""
        if isinstance(done, NotDue):
            return {"nextStep": (await self._service.explain.user(done.user_id, limit=0)).next_step}
        explanation = await self._service.store.explanation(done.occasion_id)
        return {"occasion": views.occasion(explanation) if explanation else None}

    async def _dry_run(self, document: object) -> Response:
        preview = await self._service.on_demand.preview(read_document(UserActionDocument, document).user_id)
        return JSONResponse({"success": True, **views.preview(preview, self._service.clock.now())})

    async def _tick(self, _document: object) -> Response:
        return JSONResponse({"success": True, "results": views.results(await run_tick(self._service))})
