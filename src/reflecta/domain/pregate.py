"""Whether anything is worth saying, asked before a model is paid for it."""

from typing import Final

from reflecta.domain.composing import has_material
from reflecta.domain.context import Context
from reflecta.domain.model import Reason
from reflecta.domain.schedule import local_time

# Who neither writes nor reacts for so many messages is not written to until they do: most people who stop answering
# never take it up again, and whoever is reminded of it stops altogether.
MOST_UNANSWERED: Final = 7


def nothing_worth_saying(context: Context) -> Reason | None:
    """Give why no message should be written, or None when one may be."""
    if not has_material(context):
        return Reason.NOTHING_TO_SAY
    unanswered = context.messages[:MOST_UNANSWERED]
    if len(unanswered) < MOST_UNANSWERED or any(message.feedback for message in unanswered):
        return None
    newest = max(note.written_at for note in context.notes)
    return Reason.NOTHING_TO_SAY if newest < local_time(unanswered[-1].sent_at, context.zone) else None
