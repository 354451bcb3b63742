"""What a person made of a message, in words that a writer understands."""

from collections.abc import Sequence
from typing import Final

from reflecta.domain.model import Feedback, PastMessage
from reflecta.domain.text import cut

HELPFUL: Final = "helpful"
SO_SO: Final = "so-so"
NOT_HELPFUL: Final = "not helpful"
IGNORED: Final = "ignored"

MAX_KIND_CHARS: Final = 40
MAX_WORDS: Final = 5
_UNHELPFUL_KINDS: Final = frozenset({"unhelpful", "not_helpful", "not helpful"})
# Ratings of 1-5.
_WORSE: Final = 2
_BETTER: Final = 4


def reception(message: PastMessage, among: Sequence[PastMessage]) -> list[str]:
    """Say in words what became of a message: 'helpful', 'not helpful', 'opened' or the app's own word.

    'ignored' is said of a message without feedback only where others have some: else the app may not report any.
    """
    said = dict.fromkeys(word for feedback in message.feedback if (word := _word(feedback)))
    if not said and any(other.feedback for other in among):
        return [IGNORED]
    return sorted(said, key=lambda word: word != NOT_HELPFUL)[:MAX_WORDS]


def is_unhelpful(message: PastMessage) -> bool:
    """Say whether the person found a message to be of no help."""
    return any(_word(feedback) == NOT_HELPFUL for feedback in message.feedback)


def _word(feedback: Feedback) -> str:
    if feedback.rating is not None:
        return NOT_HELPFUL if feedback.rating <= _WORSE else HELPFUL if feedback.rating >= _BETTER else SO_SO
    kind = feedback.kind.strip()
    return NOT_HELPFUL if kind.casefold() in _UNHELPFUL_KINDS else cut(kind, MAX_KIND_CHARS)
