"""`/v1`: what a host app sends and asks for, by the host's own ids. Every PUT and DELETE may be repeated."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal, cast
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from reflecta.adapters.documents import (
    EntryDocument,
    FeedbackDocument,
    InsightsDocument,
    UserDocument,
    read_entry,
    read_feedback,
    read_insights,
    read_user,
    write_entry,
    write_insights,
    write_user,
)
from reflecta.adapters.documents.fields import Document, Id, read_document
from reflecta.bootstrap import Service
from reflecta.domain.errors import InvalidInput, NotFound
from reflecta.entrypoints import views
from reflecta.entrypoints.api.auth import Auth
from reflecta.entrypoints.api.batch import BatchDocument, store_batch
from reflecta.entrypoints.api.describe import answers, takes
from reflecta.entrypoints.api.errors import Refused
from reflecta.entrypoints.api.limits import MAX_BATCH, MAX_DOCUMENT, read_json

PREFIX: Final = "/v1"
DOCUMENTS: Final[tuple[type[BaseModel], ...]] = (
    UserDocument,
    EntryDocument,
    InsightsDocument,
    FeedbackDocument,
    BatchDocument,
)
_READING: Final = (401, 404, 422, 503)
_WRITING: Final = (400, 401, 413, 422, 503)
_USER: Final = {
    "uid": "user123",
    "firstName": "Ada",
    "userTimezone": "Europe/Berlin",
    "coachingConfig": {
        "enableCoachingMessages": True,
        "coachingMessageFrequency": "daily",
        "coachingMessageTimePreference": "morning",
    },
}
_ENTRY: Final = {
    "uid": "user123",
    "content": "<p>I walked along the river.</p>",
    "timestamp": "2026-03-09T18:00:00Z",
}
_INSIGHTS: Final = {"mainFocus": {"headline": "Sleep", "sources": [{"quote": "I went to bed late again."}]}}

Include = Annotated[Literal["context"] | None, Query(description="context: with the journal that was read")]


class _Key(Document):
    """An id out of a path or a query."""

    id: Id


class HostApi:
    """The handlers of `/v1`."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._store = service.store
        self._ingest = service.ingest

    def router(self, auth: Auth) -> APIRouter:
        """Give the routes. The longer paths stand first: an id may hold anything."""
        router = APIRouter(prefix=PREFIX, dependencies=[Depends(auth.require)])
        self._add_parts_of_users(router)
        self._add_users(router)
        self._add_entries(router)
        self._add_occasions(router)
        return router

    def _add_parts_of_users(self, router: APIRouter) -> None:
        path = "/users/{user_id:path}"
        add(router, "GET", f"{path}/explanation", self.explanation, "Why this user got messages, or none", {}, _READING)
        add(router, "GET", f"{path}/insights", self.insights, "A user's insights", _INSIGHTS, _READING)
        body = takes(InsightsDocument, _INSIGHTS)
        add(router, "PUT", f"{path}/insights", self.put_insights, "Store a user's insights", _INSIGHTS, _WRITING, body)

    def _add_users(self, router: APIRouter) -> None:
        path = "/users/{user_id:path}"
        listed = {"users": [_USER], "next": None}
        add(router, "GET", "/users", self.users, "Users by id, page by page", listed, (401, 422, 503))
        add(router, "GET", path, self.user, "A user as stored", _USER, _READING)
        body = takes(UserDocument, _USER)
        add(router, "PUT", path, self.put_user, "Store a user, replacing the whole", _USER, _WRITING, body)
        add(router, "DELETE", path, self.erase_user, "Erase a user and every text about them", None, _READING)

    def _add_entries(self, router: APIRouter) -> None:
        path = "/entries/{entry_id:path}"
        add(router, "GET", path, self.entry, "A journal entry", _ENTRY, _READING)
        add(
            router, "PUT", path, self.put_entry, "Store a journal entry", _ENTRY, _WRITING, takes(EntryDocument, _ENTRY)
        )
        add(router, "DELETE", path, self.delete_entry, "Delete an entry and what was read from it", None, _READING)

    def _add_occasions(self, router: APIRouter) -> None:
        add(
            router,
            "GET",
            "/occasions/{occasion_id:path}",
            self.occasion,
            "All that is kept of one occasion",
            {},
            _READING,
        )
        rated = takes(FeedbackDocument, {"kind": "helpful", "rating": 5})
        path = "/messages/{message_id:path}/feedback"
        add(router, "POST", path, self.feedback, "What a user did with a message", None, (*_WRITING, 404), rated)
        items = {"items": [{"type": "user", **_USER}, {"type": "entry", "id": "entry1", **_ENTRY}]}
        stored = {"stored": 2, "refused": 0, "results": [{"index": 0, "type": "user", "id": "user123", "stored": True}]}
        summary = "Store up to 500 users, entries and insights, each for itself"
        add(router, "POST", "/batch", self.batch, summary, stored, _WRITING, takes(BatchDocument, items))

    async def users(self, after: str = "", limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> Response:
        """List users by id, from the one after *after*; *next* is the `after` of the next page."""
        found = await self._store.users(after=key("after", after) if after else "", limit=limit)
        following = found[-1].id if len(found) == limit else None
        return JSONResponse({"users": [write_user(user) for user in found], "next": following})

    async def user(self, user_id: str) -> Response:
        """Give the guide's `users` document."""
        return JSONResponse(await self._user(path_key("user_id", user_id)))

    async def put_user(self, user_id: str, request: Request, *, reschedule: bool = False) -> Response:
        """Store a user. What the document leaves out goes back to its default; the due time stays as stored,
        unless zone, window or cadence changed or *reschedule* asks for a new one.
        """
        own = path_key("user_id", user_id)
        user = read_user(named(await read_json(request, limit=MAX_DOCUMENT), "uid", own))
        await self._ingest.upsert_users([user], reschedule=reschedule)
        return JSONResponse(await self._user(own))

    async def erase_user(self, user_id: str) -> Response:
        """Erase a user. Ended occasions stay, without any text."""
        await self._ingest.erase_user(path_key("user_id", user_id))
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def explanation(self, user_id: str, include: Include = None) -> Response:
        """Tell what comes next for a user, and what became of their newest occasions and why."""
        explained = await self._service.explain.user(path_key("user_id", user_id))
        return JSONResponse(views.user_explanation(explained, with_context=include is not None))

    async def insights(self, user_id: str) -> Response:
        """Give the guide's `userInsights` document."""
        found = await self._store.insights(path_key("user_id", user_id))
        if found is None:
            raise NotFound("this user has no insights")
        return JSONResponse(write_insights(found))

    async def put_insights(self, user_id: str, request: Request) -> Response:
        """Store a user's insights, replacing the whole."""
        own = path_key("user_id", user_id)
        insights = read_insights(named(await read_json(request, limit=MAX_DOCUMENT), "userId", own))
        refuse("userId", await self._ingest.upsert_insights([insights]))
        return JSONResponse(write_insights(insights))

    async def entry(self, entry_id: str) -> Response:
        """Give the guide's `journal_entries` document."""
        return JSONResponse(await self._entry(path_key("entry_id", entry_id)))

    async def put_entry(self, entry_id: str, request: Request) -> Response:
        """Store a journal entry; its user must be known and stays its owner."""
        own = path_key("entry_id", entry_id)
        document = named(await read_json(request, limit=MAX_DOCUMENT), "id", own)
        entry = await asyncio.to_thread(read_entry, document)  # up to a second for a megabyte of HTML
        refuse("uid", await self._ingest.upsert_entries([entry]))
        return JSONResponse(await self._entry(own))

    async def delete_entry(self, entry_id: str) -> Response:
        """Delete an entry, and the contexts that may hold its words."""
        await self._ingest.delete_entry(path_key("entry_id", entry_id))
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def occasion(self, occasion_id: str, include: Include = None) -> Response:
        """Tell an occasion: its outcome and why, every attempt with its checks, every delivery."""
        explanation = await self._store.explanation(path_key("occasion_id", occasion_id))
        if explanation is None:
            raise NotFound("this occasion is not known")
        return JSONResponse(views.occasion(explanation, with_context=include is not None))

    async def feedback(self, message_id: str, request: Request) -> Response:
        """Keep what a user did with a message; the next drafts know of it."""
        own = path_key("message_id", message_id)
        await self._ingest.add_feedback(read_feedback(named(await read_json(request), "messageId", own)))
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def batch(self, request: Request) -> Response:
        """Store items as in an import file: good ones are kept, bad ones are told with their field and reason."""
        return JSONResponse(await store_batch(self._ingest, await read_json(request, limit=MAX_BATCH)))

    async def _user(self, user_id: str) -> Mapping[str, object]:
        user = await self._store.user(user_id)
        if user is None:
            raise NotFound("this user is not known")
        return write_user(user)

    async def _entry(self, entry_id: str) -> Mapping[str, object]:
        entry = await self._store.entry(entry_id)
        if entry is None:
            raise NotFound("this entry is not known")
        return write_entry(entry)


def add(  # noqa: PLR0917 - a row of a table, one a line
    router: APIRouter,
    method: str,
    path: str,
    handler: Callable[..., Awaitable[Response]],
    summary: str,
    example: object,
    errors: tuple[int, ...],
    body: Mapping[str, Any] | None = None,
) -> None:
    """Add a route with its description."""
    router.add_api_route(
        path,
        handler,
        methods=[method],
        tags=["host app"],
        summary=summary,
        status_code=HTTPStatus.NO_CONTENT if example is None else HTTPStatus.OK,
        responses=answers(example, *errors),
        openapi_extra=dict(body or {}),
    )


def path_key(field: str, raw: str) -> str:
    """Read an id as it stands in the path, percent-encoded."""
    try:
        return key(field, unquote(raw, errors="strict"))
    except UnicodeDecodeError as error:
        raise Refused(HTTPStatus.BAD_REQUEST, f"{field} is not UTF-8, percent-encoded") from error


def key(field: str, value: str) -> str:
    """Refuse what can be nobody's id."""
    try:
        return read_document(_Key, {"id": value}).id
    except InvalidInput as error:
        raise InvalidInput(field, error.reason) from error


def named(document: object, field: str, own: str) -> object:
    """Put the path's id into a document, which may bear the same one or none."""
    if not isinstance(document, Mapping):
        return document
    given = cast("Mapping[str, object]", document)
    if given.get(field) not in (None, own):
        raise InvalidInput(field, "is not the id in the path; leave it out or give the same")
    return {**given, field: own}


def refuse(field: str, refused: Mapping[str, str]) -> None:
    """Raise what the store said against the one document that was given."""
    for reason in refused.values():
        raise InvalidInput(field, reason)
