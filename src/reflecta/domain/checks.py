"""Deterministic verdicts on a draft: form, length, grounding, freshness. No model is asked.

What a check finds is named as a fault to mend, in words that the next draft is told.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

from reflecta.domain.context import Context
from reflecta.domain.model import Check, CheckName, Draft
from reflecta.domain.text import comparable, find_span, words

MIN_CHARS: Final = 20
MAX_CHARS: Final = 1800
# What a lock screen shows; Android cuts at about this length, iOS a little later.
MAX_PUSH_CHARS: Final = 178
# Two texts that share more of their five-word runs than this read as the same message.
MAX_OVERLAP: Final = 0.3
RUN: Final = 5
OPENING_WORDS: Final = 5
# Shorter spans in quotation marks are names, titles and single words, not quotations.
MIN_QUOTE_WORDS: Final = 3

# Writers mix styles: a quotation may open curly and close straight. Neither an apostrophe
# within a word nor an inch mark opens one.
_QUOTED: Final = re.compile(
    r"“([^“”]+)”|“([^“”\"\n]+)\"|„([^„“”\"]+)[“”\"]|(?<!\d)\"([^\"\n]+)\"|(?<!\d)\"([^\"“”\n]+)”|”([^“”\n]+)”"
    r"|«([^«»]+)»|»([^«»]+)«|‹([^‹›]+)›|›([^‹›]+)‹|「([^「」]+)」|『([^『』]+)』"
    r"|‘([^‘]{8,}?)’(?!\w)|‚([^‚‘]+)‘|(?<!\w)'((?:[^'\n]|(?<=\w)'(?=\w))+)'(?!\w)"
)
_MARKUP: Final = re.compile(r"</?[a-zA-Z][^<>]*>|https?://|www\.|\]\(", re.IGNORECASE)
_OUTER: Final = " .,;:!?'\"-。、"


def check_draft(draft: Draft, context: Context) -> tuple[Check, ...]:
    """Give the verdict of every check, in the order in which their faults are to be mended."""
    return tuple(Check(name=name, fault=find_fault(draft, context)) for name, find_fault in _CHECKS)


def _form(draft: Draft, _context: Context) -> str:
    if not draft.text:
        return "The message is empty."
    if not draft.push_text:
        return "The push notification text is empty."
    if _MARKUP.search(draft.text) or _MARKUP.search(draft.push_text):
        return "The message holds markup or a link; write plain text only."
    return ""


def _length(draft: Draft, _context: Context) -> str:
    if len(draft.text) < MIN_CHARS:
        return f"The message has {len(draft.text)} characters; write at least {MIN_CHARS}."
    if len(draft.text) > MAX_CHARS:
        return f"The message has {len(draft.text)} characters; at most {MAX_CHARS} are allowed."
    if len(draft.push_text) > MAX_PUSH_CHARS:
        return f"The push text has {len(draft.push_text)} characters; at most {MAX_PUSH_CHARS} are allowed."
    return ""


def _grounding(draft: Draft, context: Context) -> str:
    written = {note.entry_id: comparable(note.text) for note in context.notes}
    for evidence in draft.evidence:
        text = written.get(evidence.entry_id)
        if text is None:
            return f"The evidence names entry {evidence.entry_id[:80]!r}, which is not in the context."
        if not is_verbatim(evidence.quote, [text]):
            return f"The evidence quotes {evidence.quote[:120]!r}, which does not stand in that entry word for word."
    for quote in quotations(draft.text) + quotations(draft.push_text):
        if not is_verbatim(quote, list(written.values())):
            return f"The message quotes {quote[:120]!r}, which the person did not write; quote word for word or not."
    return ""


def quotations(text: str) -> list[str]:
    """Give the spans of a text that claim to be somebody's words: in quotation marks, of three words or more."""
    spans = (next(group for group in match if group) for match in _QUOTED.findall(text))
    return [span.strip() for span in spans if len(words(span)) >= MIN_QUOTE_WORDS]


def is_verbatim(quote: str, texts: Sequence[str]) -> bool:
    """Say whether a quotation stands in one of the *comparable* texts, as whole words.

    Outer punctuation is the quoting sentence's own. '...' inside a quotation joins spans in order, each as long
    as a quotation: single words picked from all over an entry can be made to say anything.
    """
    whole = comparable(quote).replace("[...]", "...").strip(_OUTER)
    if not whole:
        return False
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


def _freshness(draft: Draft, context: Context) -> str:
    new = words(draft.text)
    for message in context.messages:
        old = words(message.text)
        if overlap(new, old) > MAX_OVERLAP:
            return "The message repeats an earlier one almost word for word; write about something else."
        if new[:OPENING_WORDS] == old[:OPENING_WORDS] and len(new) >= OPENING_WORDS:
            return "The message opens with the same words as an earlier one; open differently."
    return ""


def overlap(one: Sequence[str], other: Sequence[str]) -> float:
    """Give the Jaccard index of the five-word runs of two texts, 0-1."""
    runs, others = _runs(one), _runs(other)
    if not runs or not others:
        return float(list(one) == list(other) and bool(one))
    return len(runs & others) / len(runs | others)


def _runs(text: Sequence[str]) -> set[tuple[str, ...]]:
    return {tuple(text[i : i + RUN]) for i in range(len(text) - RUN + 1)}


_CHECKS: Final[Sequence[tuple[CheckName, Callable[[Draft, Context], str]]]] = (
    (CheckName.FORM, _form),
    (CheckName.LENGTH, _length),
    (CheckName.GROUNDING, _grounding),
    (CheckName.FRESHNESS, _freshness),
)
