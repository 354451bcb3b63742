"""Stores a batch of documents as in an import file, and says of each what became of it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar, cast

from pydantic import Field

from reflecta.adapters.documents import READERS
from reflecta.adapters.documents.fields import Document, read_document
from reflecta.application.ingest import Ingest
from reflecta.domain.errors import InvalidInput
from reflecta.domain.model import Entry, Insights, User

MAX_ITEMS: Final = 500
Noun = User | Entry | Insights
N = TypeVar("N", User, Entry, Insights)


class BatchDocument(Document):
    """Up to 500 lines as in an import file, each with its `type`: user, entry or insight."""

    items: Annotated[list[Any], Field(max_length=MAX_ITEMS)]


@dataclass(slots=True, kw_only=True)
class _Item:
    """One item on its way; *fault* is why it was not stored."""

    kind: str | None = None
    noun: Noun | None = None
    fault: InvalidInput | None = None

    @property
    def id(self) -> str | None:
        match self.noun:
            case User(id=own) | Entry(id=own) | Insights(user_id=own):
                return own
            case None:
                return None


async def store_batch(ingest: Ingest, document: object) -> dict[str, object]:
    """Store what is good. Users first, whatever their place; doing it again changes nothing.

    Who comes to be due by it does so when their entries and insights are stored.
    """
    given = read_document(BatchDocument, document).items
    # A batch of long entries is a second's work: in a thread, so that others are answered meanwhile.
    items = await asyncio.to_thread(lambda: [_read(item) for item in given])
    _refuse_repeated(items)
    users, entries, insights = _nouns(items, User), _nouns(items, Entry), _nouns(items, Insights)
    waiting: frozenset[str] = frozenset()
    if users:
        waiting = await ingest.upsert_users(users, newcomers_wait=bool(entries or insights))
    if entries:
        _refuse(items, "entry", "uid", await ingest.upsert_entries(entries))
    if insights:
        _refuse(items, "insight", "userId", await ingest.upsert_insights(insights))
    await ingest.admit([user for user in users if user.id in waiting])
    refused = sum(item.fault is not None for item in items)
    told = [_told(index, item) for index, item in enumerate(items)]
    return {"stored": len(items) - refused, "refused": refused, "results": told}


def _read(document: object) -> _Item:
    given: Mapping[str, object] = cast("Mapping[str, object]", document) if isinstance(document, Mapping) else {}
    kind = given.get("type")
    read = READERS.get(kind) if isinstance(kind, str) else None
    if not isinstance(kind, str) or read is None:
        return _Item(fault=InvalidInput("type", f"give one of {', '.join(READERS)}"))
    try:
        return _Item(kind=kind, noun=read(given))
    except InvalidInput as error:
        return _Item(kind=kind, fault=error)


def _refuse_repeated(items: Sequence[_Item]) -> None:
    """Refuse an id given before: which of two would be stored must not depend on the store."""
    seen: set[tuple[str | None, str | None]] = set()
    for item in items:
        if item.noun is not None and (item.kind, item.id) in seen:
            item.fault = InvalidInput("id", "is given twice in this batch; send it once")
        seen.add((item.kind, item.id))


def _nouns(items: Sequence[_Item], kind: type[N]) -> list[N]:
    return [item.noun for item in items if isinstance(item.noun, kind) and item.fault is None]


def _refuse(items: Sequence[_Item], kind: str, field: str, refused: Mapping[str, str]) -> None:
    for item in items:
        reason = refused.get(item.id or "") if item.kind == kind and item.fault is None else None
        if reason is not None:
            item.fault = InvalidInput(field, reason)


def _told(index: int, item: _Item) -> dict[str, object]:
    told: dict[str, object] = {"index": index, "type": item.kind, "id": item.id, "stored": item.fault is None}
    if item.fault is not None:
        told |= {"field": item.fault.field, "reason": item.fault.reason}
    return told
