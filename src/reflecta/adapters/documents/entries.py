"""The guide's `journal_entries` document, with the entry's own id as `id`."""

from typing import Annotated, Final

from pydantic import AfterValidator, Field

from reflecta.adapters.documents.fields import (
    WITHOUT_GAPS,
    AnyText,
    Document,
    Id,
    Url,
    read_document,
    refusal,
)
from reflecta.adapters.documents.instants import Instant, milliseconds
from reflecta.domain.model import Entry
from reflecta.domain.text import cut, plain_text

MAX_CONTENT: Final = 2**20
# The content is kept whole. Of its plain text, which every context read carries, at most this many characters:
# sixteen times what a context takes of one entry.
MAX_TEXT: Final = 65_536


def _within_limit(content: str) -> str:
    if len(content.encode("utf-8")) > MAX_CONTENT:
        raise refusal(f"is longer than 1 MB ({MAX_CONTENT:,} bytes of UTF-8); split the entry")
    return content


class EntryDocument(Document):
    """One journal entry; `content` is HTML or plain text."""

    id: Id
    uid: Id
    content: Annotated[AnyText, AfterValidator(_within_limit)] = ""
    timestamp: Instant
    last_updated: Instant | None = None
    images: Annotated[tuple[Url, ...], WITHOUT_GAPS, Field(max_length=50)] = ()
    linked_coaching_message_id: Id | None = None


def read_entry(document: object) -> Entry:
    """Read a parsed `journal_entries` document; `InvalidInput` names the first field that is wrong."""
    given = read_document(EntryDocument, document)
    return Entry(
        id=given.id,
        user_id=given.uid,
        content=given.content,
        text=cut(plain_text(given.content), MAX_TEXT),
        written_at=given.timestamp,
        updated_at=given.last_updated or given.timestamp,
        images=given.images,
        message_id=given.linked_coaching_message_id,
    )


def write_entry(entry: Entry) -> dict[str, object]:
    """Give the `journal_entries` document of an entry."""
    return {
        "id": entry.id,
        "uid": entry.user_id,
        "content": entry.content,
        "timestamp": milliseconds(entry.written_at),
        "lastUpdated": milliseconds(entry.updated_at),
        "images": list(entry.images),
        "linkedCoachingMessageId": entry.message_id,
    }
