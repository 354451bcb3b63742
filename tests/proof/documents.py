"""Reads from outside what the service left in Firestore: over the emulator's REST, which the service never uses."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp

Row = Mapping[str, Any]

_PAGE = 300
_OPEN = frozenset({"queued", "in_work"})


@dataclass(frozen=True, slots=True)
class Documents:
    """One project on an emulator, with the readings that an audit asks for by their names."""

    session: aiohttp.ClientSession
    root: str

    async def read(self, what: str) -> Sequence[Row]:
        """Read what an audit asks for; see its statements for SQL."""
        return [row async for row in _READERS[what](self)]

    async def count(self, what: str) -> int:
        """Count the same."""
        return len(await self.read(what))

    async def all_of(self, collection: str) -> AsyncIterator[tuple[str, Row]]:
        """Give every document of a collection with its id."""
        token = ""
        while True:
            query = {"pageSize": str(_PAGE), **({"pageToken": token} if token else {})}
            async with self.session.get(f"{self.root}/{collection}", params=query) as response:
                response.raise_for_status()
                page = await response.json()
            for document in page.get("documents", ()):
                yield document["name"].rpartition("/")[2], _fields(document.get("fields", {}))
            token = page.get("nextPageToken", "")
            if not token:
                return


@asynccontextmanager
async def documents_of(url: str) -> AsyncGenerator[Documents]:
    """Reach the project of a store's URL."""
    parts = urlsplit(url)
    address = parse_qs(parts.query)["emulator"][0]
    root = f"http://{address}/v1/projects/{parts.netloc}/databases/(default)/documents"
    async with aiohttp.ClientSession(headers={"Authorization": "Bearer owner"}) as session:
        yield Documents(session, root)


async def _users(documents: Documents) -> AsyncIterator[Row]:
    async for id_, _ in documents.all_of("users"):
        yield {"id": id_}


async def _entries(documents: Documents) -> AsyncIterator[Row]:
    async for _, one in documents.all_of("journal_entries"):
        if one.get("linkedCoachingMessageId"):
            yield {"user_id": one["uid"]}


async def _messages(documents: Documents) -> AsyncIterator[Row]:
    async for _, one in documents.all_of("coachingMessages"):
        if one["wasSent"]:
            yield {"user_id": one["uid"], "occasion": one["occasionId"]}


async def _ended(documents: Documents) -> AsyncIterator[Row]:
    async for _, one in documents.all_of("reflectaOccasions"):
        if one["state"] not in _OPEN:
            yield {"user_id": one["userId"]}


async def _calls(documents: Documents) -> AsyncIterator[Row]:
    """Give the calls that were saved: of an attempt with it, of a screening with its occasion, as attempt 0."""
    async for id_, one in documents.all_of("reflectaOccasions"):
        if one.get("screeningCall"):
            yield _call(one["userId"], id_, 0, purpose="screening", screening=str(one["screening"]))
    async for _, one in documents.all_of("coachingMessages"):
        texts = {"text": one["messageContent"], "rationale": one["rationale"]}
        for call in one["calls"]:
            yield _call(one["uid"], one["occasionId"], one["generationAttempt"], purpose=call["purpose"], **texts)


async def _unscreened(documents: Documents) -> AsyncIterator[Row]:
    screened = {id_ async for id_, one in documents.all_of("reflectaOccasions") if one.get("screeningCall")}
    async for message in _messages(documents):
        if message["occasion"] not in screened:
            yield message


async def _deliveries(documents: Documents, *states: str) -> AsyncIterator[Row]:
    async for _, one in documents.all_of("reflectaDeliveries"):
        if one["state"] in states:
            yield {"user_id": one["userId"]}


_READERS: Mapping[str, Callable[[Documents], AsyncIterator[Row]]] = {
    "users": _users,
    "entries": _entries,
    "messages": _messages,
    "ended": _ended,
    "calls": _calls,
    "unknown": lambda documents: _deliveries(documents, "unknown"),
    "leaving": lambda documents: _deliveries(documents, "pending", "sending"),
    "unscreened": _unscreened,
}


def _call(user_id: str, occasion_id: str, attempt: int, *, purpose: str, **texts: str | None) -> Row:
    row = {"text": None, "rationale": None, "screening": None, **texts}
    return {"user_id": user_id, "occasion_id": occasion_id, "attempt": attempt, "purpose": purpose, **row}


def _fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(value) for name, value in fields.items()}


def _value(value: Mapping[str, Any]) -> Any:
    """Read a value as REST writes it."""
    ((kind, written),) = value.items()
    match kind:
        case "nullValue":
            return None
        case "integerValue":
            return int(written)
        case "mapValue":
            return _fields(written.get("fields", {}))
        case "arrayValue":
            return [_value(one) for one in written.get("values", ())]
        case _:
            return written
