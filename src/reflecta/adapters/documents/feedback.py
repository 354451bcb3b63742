"""What an app reports of a user's answer to a message."""

from typing import Annotated

from pydantic import Field, StrictInt, StringConstraints

from reflecta.adapters.documents.fields import Document, Id, Word, read_document
from reflecta.adapters.documents.instants import Instant
from reflecta.domain.model import Feedback


class FeedbackDocument(Document):
    """One answer: `kind` is the app's own word (opened, helpful, …)."""

    message_id: Id
    kind: Annotated[Word, StringConstraints(min_length=1)]
    rating: Annotated[StrictInt, Field(ge=1, le=5)] | None = None
    at: Instant | None = None


def read_feedback(document: object) -> Feedback:
    """Read a parsed feedback document; `InvalidInput` names the first field that is wrong."""
    given = read_document(FeedbackDocument, document)
    return Feedback(message_id=given.message_id, kind=given.kind, rating=given.rating, at=given.at)
