"""What of a draft may stand on a lock screen, where anybody can read it."""

from collections.abc import Iterator
from enum import StrEnum
from itertools import chain
from typing import Final

from reflecta.domain.checks import MAX_PUSH_CHARS
from reflecta.domain.checks.grounding import other_texts
from reflecta.domain.checks.vocabulary import FUNCTION_WORDS
from reflecta.domain.context import Context
from reflecta.domain.model import Draft
from reflecta.domain.text import cut, words

# So many words in a row, however common, are the person's own turn of phrase.
SHARED_WORDS: Final = 4
# Besides function words, the words of the neutral texts that come with the service tell nothing of anybody.
COMMON_WORDS: Final = FUNCTION_WORDS | frozenset(
    """
    coach left note new journal message hinterlassen nachricht tagebuch neue dejado nota diario nueva mensaje laissé mot
    journal nouveau message deixou nota diário nova mensagem lasciato nota diario nuovo messaggio achtergelaten bericht
    dagboek nieuw
    """.split()
)


class PushPrivacy(StrEnum):
    """How much of a message a push may show."""

    GENERIC = "generic"
    """A neutral text, always."""
    PRIVATE = "private"
    """The draft's push text where nothing in it can be the person's, else the neutral text."""
    OPEN = "open"
    """The draft's push text."""


def push_text(level: PushPrivacy, draft: Draft, context: Context, *, neutral: str) -> str:
    """Give the text to push, at most MAX_PUSH_CHARS long."""
    match level:
        case PushPrivacy.GENERIC:
            return neutral
        case PushPrivacy.PRIVATE:
            gives_away = not draft.push_text or shares_words(draft.push_text, context)
            return neutral if gives_away else cut(draft.push_text, MAX_PUSH_CHARS)
        case PushPrivacy.OPEN:
            return cut(draft.push_text, MAX_PUSH_CHARS) or neutral


def shares_words(text: str, context: Context) -> bool:
    """Say whether a text has a rare word or four words in a row of what the context holds of the person.

    Rare is every word but the few that are common to all: a list of frequent words would let through what is
    frequent and telling ('pills', 'divorce').
    """
    said = words(text)
    rare, runs = set(said) - COMMON_WORDS, _runs(said)
    return any(not rare.isdisjoint(told) or not runs.isdisjoint(_runs(told)) for told in _told(context))


def _told(context: Context) -> Iterator[list[str]]:
    """Give the words of all that the context holds of the person."""
    notes = (list(note.words) for note in context.sources.values())
    return chain(notes, map(words, other_texts(context)))


def _runs(said: list[str]) -> set[tuple[str, ...]]:
    return set(zip(*(said[start:] for start in range(SHARED_WORDS)), strict=False))
