"""Deterministic verdicts on a draft: form, length, grounding, freshness. No model is asked.

What a check finds is named as a fault to mend, in words that the next draft is told.
"""

import re
from collections.abc import Callable, Container, Iterable, Sequence
from itertools import chain, pairwise
from typing import Final

from reflecta.domain.context import Context
from reflecta.domain.model import Check, CheckName, Draft
from reflecta.domain.text import RUN, comparable, find_span, runs, words

MIN_CHARS: Final = 20
MAX_CHARS: Final = 1800
# What a lock screen shows; Android cuts at about this length, iOS a little later.
MAX_PUSH_CHARS: Final = 178
# Two texts that share more of their five-word runs than this read as the same message.
MAX_OVERLAP: Final = 0.3
OPENING_WORDS: Final = 5
# Shorter spans in quotation marks are names, titles and single words, not quotations.
MIN_QUOTE_WORDS: Final = 3

# Writers mix styles: a quotation may open curly and close straight. Neither an apostrophe
# within a word nor an inch mark opens one.
# Every alternative begins with its mark, also where something before the mark matters: so it is searched for fast.
_QUOTED: Final = re.compile(
    r"“([^“”]+)”|“([^“”\"\n]+)\"|„([^„“”\"]+)[“”\"]|\"(?<!\d\")([^\"\n]+)\"|\"(?<!\d\")([^\"“”\n]+)”|”([^“”\n]+)”"
    r"|«([^«»]+)»|»([^«»]+)«|‹([^‹›]+)›|›([^‹›]+)‹|「([^「」]+)」|『([^『』]+)』"
    r"|‘([^‘]{8,}?)’(?!\w)|‚([^‚‘]+)‘|'(?<!\w')((?:[^'\n]|(?<=\w)'(?=\w))+)'(?!\w)"
)
# No markup is without one of these, and few messages have one.
_MARKUP_SIGNS: Final = ("<", "://", "w.", "W.", "](")
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
    if _has_markup(draft.text) or _has_markup(draft.push_text):
        return "The message holds markup or a link; write plain text only."
    return ""


def _has_markup(text: str) -> bool:
    return any(sign in text for sign in _MARKUP_SIGNS) and _MARKUP.search(text) is not None


def _length(draft: Draft, _context: Context) -> str:
    if len(draft.text) < MIN_CHARS:
        return f"The message has {len(draft.text)} characters; write at least {MIN_CHARS}."
    if len(draft.text) > MAX_CHARS:
        return f"The message has {len(draft.text)} characters; at most {MAX_CHARS} are allowed."
    if len(draft.push_text) > MAX_PUSH_CHARS:
        return f"The push text has {len(draft.push_text)} characters; at most {MAX_PUSH_CHARS} are allowed."
    return ""


def _grounding(draft: Draft, context: Context) -> str:
    notes = {note.entry_id: note for note in context.notes}
    for evidence in draft.evidence:
        note = notes.get(evidence.entry_id)
        if note is None:
            return f"The evidence names entry {evidence.entry_id[:80]!r}, which is not in the context."
        if not is_verbatim(evidence.quote, [note.comparable]):
            return f"The evidence quotes {evidence.quote[:120]!r}, which does not stand in that entry word for word."
    # The entries named as evidence first: mostly a quotation stands there, and no other need be read.
    named = [notes[evidence.entry_id] for evidence in draft.evidence]
    for quote in quotations(draft.text) + quotations(draft.push_text):
        if not is_verbatim(quote, (note.comparable for note in chain(named, notes.values()))):
            return f"The message quotes {quote[:120]!r}, which the person did not write; quote word for word or not."
    return ""


def quotations(text: str) -> list[str]:
    """Give the spans of a text that claim to be somebody's words: in quotation marks, of three words or more."""
    spans = (next(group for group in match if group) for match in _QUOTED.findall(text))
    return [span.strip() for span in spans if len(words(span)) >= MIN_QUOTE_WORDS]


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


def _freshness(draft: Draft, context: Context) -> str:
    if not context.messages:
        return ""
    new = words(draft.text)
    pairs, size = set(pairwise(new)), len(runs(new))
    for old in context.told:
        if _may_repeat(old, pairs, size) and overlap(new, old) > MAX_OVERLAP:
            return "The message repeats an earlier one almost word for word; write about something else."
        if new[:OPENING_WORDS] == old[:OPENING_WORDS] and len(new) >= OPENING_WORDS:
            return "The message opens with the same words as an earlier one; open differently."
    return ""


def _may_repeat(old: Sequence[str], pairs: Container[tuple[str, str]], size: int) -> bool:
    """Say whether a text can have the forbidden share of another's runs, of which there are *size*.

    Every five-word run holds exactly one pair of words that begins at a multiple of four, and every such pair
    stands in at most four runs: the text shares at most four times as many runs as it has of the other's *pairs*.
    """
    shared = sum(map(pairs.__contains__, zip(old[::4], old[1::4], strict=False)))
    return len(old) < RUN or not size or 4 * shared / size > MAX_OVERLAP


def overlap(one: Sequence[str], other: Sequence[str]) -> float:
    """Give the Jaccard index of the five-word runs of two texts, 0-1."""
    ours, theirs = runs(one), runs(other)
    if not ours or not theirs:
        return float(list(one) == list(other) and bool(one))
    return len(ours & theirs) / len(ours | theirs)


_CHECKS: Final[Sequence[tuple[CheckName, Callable[[Draft, Context], str]]]] = (
    (CheckName.FORM, _form),
    (CheckName.LENGTH, _length),
    (CheckName.GROUNDING, _grounding),
    (CheckName.FRESHNESS, _freshness),
)
