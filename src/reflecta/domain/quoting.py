"""What of a journal may be quoted back: whole clean sentences, ranked. Knows no template and no message type."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import Final

from reflecta.domain.context import Note
from reflecta.domain.model import PastMessage
from reflecta.domain.text import sentences, words
from reflecta.domain.wording import Cues, fold, has_cue

MIN_WORDS: Final = 5
MAX_WORDS: Final = 25
# A sentence that leans on the one before it ('But she ...') must at least carry something of its own.
MIN_DANGLING_WORDS: Final = 8
MAX_CHARS: Final = 180
MIN_SUBJECT_LETTERS: Final = 5
MIN_NAME_LETTERS: Final = 3
# One very long entry is read no further than this many sentences.
MAX_SENTENCES: Final = 60
MAX_PAIRS: Final = 3
# Pairs are sought among the best quotes only: their number grows with the square.
_PAIRED: Final = 40

_STOPS: Final = ".!。！"
_PUNCTUATION: Final = frozenset(" 、，,.;:'’-–—%$€£¥₹₱&/+°!¡")
_ABBREVIATIONS: Final = frozenset("mr mrs ms dr st prof sr sra dra fr mme nr vs approx ca etc bzw usw vgl tel".split())
_ENDS_IN_ABBREVIATION: Final = re.compile(r"(?:^|\s)(\w\.\w|\w)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """One sentence of a person's own, without its final full stop, and what it is about."""

    entry_id: str
    text: str
    written_at: datetime
    days_ago: int
    rank: float
    is_goal: bool
    is_win: bool
    is_struggle: bool
    is_negated: bool
    subjects: frozenset[str]


def find_quotes(notes: Sequence[Note], cues: Cues, messages: Sequence[PastMessage] = ()) -> list[Quote]:
    """Give all that may be quoted, best first; nothing that stands in one of the messages.

    Notes with a grave matter in them (a death, an illness, violence) are left alone.
    """
    told = "".join(fold(message.text) for message in messages)
    found: dict[str, Quote] = {}
    for note in notes:
        if not has_cue(fold(note.text), cues.grave):
            for folded, quote in _of_note(note, cues):
                found.setdefault(folded, quote)
    fresh = [quote for folded, quote in found.items() if folded not in told]
    return sorted(fresh, key=lambda q: (-q.rank, q.days_ago, q.entry_id, q.text))


def find_pairs(quotes: Sequence[Quote]) -> list[tuple[Quote, Quote]]:
    """Give pairs (newer, older) from different days that share a subject, best first, each quote once."""
    ranked = sorted(
        ((one, other) for one, other in combinations(quotes[:_PAIRED], 2) if _belong_together(one, other)),
        key=lambda pair: -(pair[0].rank + pair[1].rank),
    )
    taken: set[str] = set()
    pairs: list[tuple[Quote, Quote]] = []
    for one, other in ranked:
        if {one.text, other.text} & taken or len(pairs) == MAX_PAIRS:
            continue
        taken |= {one.text, other.text}
        pairs.append((one, other) if one.days_ago < other.days_ago else (other, one))
    return pairs


def _belong_together(one: Quote, other: Quote) -> bool:
    return one.entry_id != other.entry_id and one.days_ago != other.days_ago and bool(one.subjects & other.subjects)


def _of_note(note: Note, cues: Cues) -> Iterator[tuple[str, Quote]]:
    """Give the quotes of a note, each after its folded text."""
    at, is_torn = 0, False
    for part in sentences(note.text)[:MAX_SENTENCES]:
        at = max(note.text.find(part, at), at)
        text = None if is_torn or _is_in_speech(note.text, at) else quotable(part)
        is_torn = _ends_in_abbreviation(part)
        if text is not None and (not text[0].islower() or _may_start_small(note.text, at)):
            folded = fold(text)
            if _is_readable(folded.split(), cues):
                yield folded, _quote(note, text, folded, cues, ends=part[-1] in _STOPS)
        at += len(part)


def quotable(sentence: str) -> str | None:
    """Give a sentence as it may stand in quotation marks, or None: a fragment, a question, markup, shouting."""
    bare = sentence.strip().lstrip("-–—•· ")
    text = bare.rstrip(_STOPS).rstrip()
    if not text or len(text) > MAX_CHARS or not text[0].isalnum() or not text[-1].isalnum():
        return None
    if any(mark in bare for mark in ("...", "  ", "www.", "://")) or text.isupper() or _ends_in_abbreviation(bare):
        return None
    if not all(char.isalnum() or char in _PUNCTUATION or unicodedata.combining(char) for char in text):
        return None
    return text if unicodedata.is_normalized("NFC", text) else None


def _is_readable(said: Sequence[str], cues: Cues) -> bool:
    """Say whether a sentence has a fair length and can be understood alone: 'And I did' cannot."""
    if not MIN_WORDS <= len(said) <= MAX_WORDS:
        return False
    return len(said) >= MIN_DANGLING_WORDS or said[0] not in cues.dangling


def _ends_in_abbreviation(part: str) -> bool:
    """Say whether the full stop after a part is that of an abbreviation ('Dr.', '6 a.m.', 'J.')."""
    if not part.endswith("."):
        return False
    last = part.rstrip(".").rsplit(maxsplit=1)[-1:]
    return bool(last) and (last[0].casefold() in _ABBREVIATIONS or bool(_ENDS_IN_ABBREVIATION.search(last[0])))


def _may_start_small(text: str, at: int) -> bool:
    """Say whether a small first letter at *at* is the writer's habit and no sign of a torn sentence."""
    return at == 0 or text[at - 1] == "\n" or text.islower()


def _is_in_speech(text: str, at: int) -> bool:
    """Say whether quotation marks are open at *at* within its line: somebody else may be speaking."""
    before = text[text.rfind("\n", 0, at) + 1 : at]
    opening, closing = ("„«‹", "“”»›") if "„" in before else ("“«‹", "”»›")
    opened, closed = sum(map(before.count, opening)), sum(map(before.count, closing))
    return opened > closed or before.count('"') % 2 == 1


def _quote(note: Note, text: str, folded: str, cues: Cues, *, ends: bool) -> Quote:
    is_negated = has_cue(folded, cues.negation)
    is_goal = has_cue(folded, cues.goal) and not has_cue(folded, cues.not_goal)
    return Quote(
        entry_id=note.entry_id,
        text=text,
        written_at=note.written_at,
        days_ago=note.days_ago,
        rank=_rank(text, folded, cues, is_goal=is_goal) + 0.5 * ends - min(max(note.days_ago, 0), 28) / 7,
        is_goal=is_goal,
        is_win=has_cue(folded, cues.win) and not is_negated,
        is_struggle=has_cue(folded, cues.struggle),
        is_negated=is_negated,
        subjects=_subjects(text, folded, cues),
    )


def _rank(text: str, folded: str, cues: Cues, *, is_goal: bool) -> float:
    """Weigh a sentence: the writer's own, felt, concrete, of readable length."""
    said = text.split()
    points = 2.0 * has_cue(folded, cues.own) + has_cue(folded, cues.feeling) + is_goal
    points += any(word[0].isupper() or word[0].isdigit() for word in said[1:] if word not in {"I", "I'm", "I’m"})
    points += 8 <= len(said) <= 18  # noqa: PLR2004  neither clipped nor breathless
    return points - text[0].islower() - 2.0 * (folded.split(maxsplit=1)[0] in cues.dangling)


def _subjects(text: str, folded: str, cues: Cues) -> frozenset[str]:
    """Give the words that say what a sentence is about: long ones, and those with a capital amid the sentence."""
    _, *rest = text.split()
    capitals = {word for token in rest if token[0].isupper() for word in words(token) if len(word) >= MIN_NAME_LETTERS}
    long = {word for word in folded.split() if len(word) >= MIN_SUBJECT_LETTERS}
    return frozenset(capitals | long) - frozenset(cues.common + cues.own)
