"""Whether what a draft claims to quote stands in the journal, word for word."""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Final

from reflecta.domain.checks.candidate import Candidate
from reflecta.domain.checks.quotations import MIN_QUOTE_WORDS
from reflecta.domain.context import Context
from reflecta.domain.model import Insight
from reflecta.domain.note import Note
from reflecta.domain.text import comparable, find_span, words

_OUTER: Final = " .,;:!?'\"-。、"
_MIN_LETTERS: Final = 2


def find_ungrounded(candidate: Candidate) -> str:
    """Say which evidence or quotation does not stand in the journal; empty when all does."""
    if candidate.draft.ai_generated and not candidate.draft.evidence:
        return "The message names no evidence; rest it on at least one entry, with its exact words."
    return _false_evidence(candidate) or _false_quotation(candidate)


def _false_evidence(candidate: Candidate) -> str:
    for evidence in candidate.draft.evidence:
        note = candidate.context.sources.get(evidence.entry_id)
        if note is None:
            return f"The evidence names entry {evidence.entry_id[:80]!r}, which is not in the context."
        if not is_verbatim(evidence.quote, [note.comparable]):
            return f"The evidence quotes {evidence.quote[:120]!r}, which does not stand in that entry word for word."
    return ""


def _false_quotation(candidate: Candidate) -> str:
    sources = candidate.context.sources
    # The entries named as evidence first: mostly a quotation stands there, and no other need be read.
    named = [sources[evidence.entry_id] for evidence in candidate.draft.evidence]
    for span in candidate.spans:
        if is_verbatim(span, (note.comparable for note in chain(named, sources.values()))):
            continue
        if len(words(span)) >= MIN_QUOTE_WORDS:
            return f"The message quotes {span[:120]!r}, which the person did not write; quote word for word or not."
        if not _is_known_phrase(span, candidate.context):
            return f"The message has {span[:120]!r} in quotation marks, which stands nowhere in the context."
    return ""


def _is_known_phrase(phrase: str, context: Context) -> bool:
    """Say whether the context has a name, a title or a single word somewhere; signs say nothing."""
    sought = comparable(phrase).strip(_OUTER)
    return len(sought) < _MIN_LETTERS or any(find_span(sought, comparable(text)) >= 0 for text in other_texts(context))


def other_texts(context: Context) -> Iterable[str]:
    """Give what the context says of a person besides the entries."""
    yield from (message.text for message in context.messages)
    yield from told_of(context)


def told_of(context: Context) -> Iterable[str]:
    """Give what the app itself knows of the person: insights, name and occupations."""
    for insight in context.insights.values():
        yield from _texts_of(insight)
    yield context.first_name or ""
    yield from context.occupations


def _texts_of(insight: Insight) -> Iterable[str]:
    return (insight.headline, insight.description, *(source.quote for source in insight.sources))


def cited_notes(candidate: Candidate) -> Sequence[Note]:
    """Give the entries that a draft rests on: those named as evidence, and those that its quotations stand in."""
    ids = {evidence.entry_id for evidence in candidate.draft.evidence}
    sources = candidate.context.sources
    cited = [note for note in sources.values() if note.entry_id in ids]
    for span in candidate.spans:
        if len(words(span)) >= MIN_QUOTE_WORDS and not is_verbatim(span, (note.comparable for note in cited)):
            cited += [note for note in sources.values() if is_verbatim(span, [note.comparable])]
    return cited


def is_verbatim(quote: str, texts: Iterable[str]) -> bool:
    """Say whether a quotation stands in one of the *comparable* texts, as whole words.

    Outer punctuation is the quoting sentence's own. '...' inside a quotation joins spans in order, each as long
    as a quotation: single words picked from all over an entry can be made to say anything.
    """
    whole = comparable(quote).replace("[...]", "...").strip(_OUTER)
    if not whole:
        return False
    if "..." not in whole:
        return any(find_span(whole, text) >= 0 for text in texts)
    spans = [span.strip(_OUTER) for span in whole.split("...")]
    joinable = all(len(words(span)) >= MIN_QUOTE_WORDS for span in spans)
    return any(find_span(whole, text) >= 0 or (joinable and _in_order(spans, text)) for text in texts)


def _in_order(spans: Sequence[str], text: str) -> bool:
    at = 0
    for span in spans:
        at = find_span(span, text, at)
        if at < 0:
            return False
    return True
