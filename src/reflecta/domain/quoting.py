"""What of a journal may be quoted back: whole clean sentences, ranked. Knows no template and no message type."""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import accumulate, combinations, islice
from typing import Final, NamedTuple

from reflecta.domain.note import Note
from reflecta.domain.text import sentences, words, words_of_each
from reflecta.domain.wording import Cues, join

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

# What its form can add to a sentence's rank (a name or number, a readable length, a full stop), and all in all.
_MOST_OF_FORM: Final = 2.5
_MOST: Final = 6.5
# Best first: what is not judged yet before a quote of the same rank, then the newer, then by entry and text.
_Order = tuple[float, int, int, str, str]

_STOPS: Final = ".!。！"
# All but letters, digits and the punctuation of plain sentences.
_ODD: Final = re.compile(r"[^a-zA-Z0-9\w 、，,.;:'’\-–—%$€£¥₹₱&/+°!¡]|_")
# What somebody else's speech may stand between.
_SPEECH_MARKS: Final = '"“”„«»‹›'
_BARE_I: Final = frozenset({"I", "I'm", "I’m"})
_ABBREVIATIONS: Final = frozenset("mr mrs ms dr st prof sr sra dra fr mme nr vs approx ca etc bzw usw vgl tel".split())
_INITIALS: Final = re.compile(r"\w\.\w|\w")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Quote:
    """One sentence of a person's own, without its final full stop; the higher its *rank*, the better it is."""

    note: Note
    text: str
    said: Sequence[str]
    rank: float

    @property
    def entry_id(self) -> str:
        """Give the entry it stands in."""
        return self.note.entry_id

    @property
    def days_ago(self) -> int:
        """Give how many of the user's days ago it was written."""
        return self.note.days_ago


# A tuple, since a journal has hundreds and a tuple is made in a third of the time.
class Sentence(NamedTuple):
    """A sentence of readable length at a place in a note, its words, and the names of the lists of its cues.

    *number* orders the sentences as they were written down; *weight* is what its words give to its rank as a quote,
    which is no more than *limit*; *speech* says whether anybody may be speaking in the note.
    """

    number: int
    note: Note
    at: int
    text: str
    said: Sequence[str]
    cues: Collection[str]
    weight: float
    limit: float
    speech: bool


def is_goal(sentence: Sentence) -> bool:
    """Say whether a sentence states an intention."""
    return "goal" in sentence.cues and "not_goal" not in sentence.cues


def is_win(sentence: Sentence) -> bool:
    """Say whether a sentence tells that something went right."""
    return "win" in sentence.cues and "negation" not in sentence.cues


def is_struggle(sentence: Sentence) -> bool:
    """Say whether a sentence tells that something is hard."""
    return "struggle" in sentence.cues


def is_at_ease(sentence: Sentence) -> bool:
    """Say whether a sentence neither tells that something is hard nor denies anything."""
    return not is_struggle(sentence) and "negation" not in sentence.cues


def is_any(_sentence: Sentence) -> bool:
    """Say yes."""
    return True


class Quotes:
    """All that may be quoted of some notes, nothing that stands in one of the texts *told* (given as words).

    Read, judged and weighed only as far as it is asked for: most journals have ten times what a message needs.
    Notes with a grave matter in them (a death, an illness, violence) are left alone. The *notes* come newest
    first; of two sentences with the same words the one read first is taken.
    """

    def __init__(self, notes: Sequence[Note], cues: Cues, told: Sequence[Sequence[str]] = ()) -> None:
        self._notes = notes
        self._cues = cues
        self._told = "".join(map(join, told))
        # The youngest of each note and all after it: what is read later is never thought better.
        self._ages = list(accumulate((_age(note) for note in reversed(notes)), min))[::-1]
        self._cues_of: dict[int, Collection[str]] = {}
        self._read: dict[int, Sequence[Sentence]] = {}
        self._judged: dict[int, Quote | None] = {}
        self._first: dict[str, int] = {}

    def best(self, is_wanted: Callable[[Sentence], bool] = is_any, *, cue: str = "") -> Iterator[Quote]:
        """Give the quotes made of wanted sentences, best first; all of these have that *cue*, where one is given."""
        waiting: list[tuple[_Order, Sentence | Quote]] = []
        taken = 0
        while True:
            while taken < len(self._notes) and (not waiting or _MOST - self._ages[taken] >= -waiting[0][0][0]):
                for sentence in filter(is_wanted, self._sentences(taken, cue)):
                    heappush(waiting, ((-sentence.limit, 0, sentence.number, "", ""), sentence))
                taken += 1
            if not waiting:
                return
            _, item = heappop(waiting)
            if isinstance(item, Quote):
                yield item
            elif (quote := self._quote(item)) is not None:
                heappush(waiting, ((-quote.rank, 1, quote.days_ago, quote.entry_id, quote.text), quote))

    def _sentences(self, place: int, cue: str) -> Sequence[Sentence]:
        """Give what may be quoted of a note; nothing of one without the cue."""
        note = self._notes[place]
        if place not in self._cues_of:
            self._cues_of[place] = self._cues.find(note.words)
        if "grave" in self._cues_of[place] or (cue and cue not in self._cues_of[place]):
            return ()
        if place not in self._read:
            self._read[place] = list(self._of_note(note, place))
        return self._read[place]

    def _of_note(self, note: Note, place: int) -> Iterator[Sentence]:
        at, is_torn, most = 0, False, _MOST_OF_FORM - self._ages[place]
        speech = any(mark in note.text for mark in _SPEECH_MARKS)
        parts = sentences(note.text)[:MAX_SENTENCES]
        for number, (part, said) in enumerate(zip(parts, words_of_each(parts), strict=True), place * MAX_SENTENCES):
            at = max(note.text.find(part, at), at)
            if not is_torn and _is_readable(said, self._cues):
                cues = self._cues.find(said)
                weight = _weigh_cues(said, cues, self._cues)
                yield Sentence(number, note, at, part, said, cues, weight, weight + most, speech)
            is_torn = _ends_in_abbreviation(part)
            at += len(part)

    def _quote(self, sentence: Sentence) -> Quote | None:
        """Give a sentence as a quote, None where it is not to be quoted; judged once."""
        number = sentence.number
        if number not in self._judged:
            text, folded = _quotable_of(sentence), join(sentence.said)
            is_taken = text is not None and self._first.setdefault(folded, number) == number
            is_new = is_taken and folded not in self._told
            self._judged[number] = _as_quote(sentence, text) if text is not None and is_new else None
        return self._judged[number]


def _quotable_of(sentence: Sentence) -> str | None:
    """Give a sentence as it may stand in quotation marks, or None; its place in the note may forbid it."""
    whole, at = sentence.note.text, sentence.at
    text = None if sentence.speech and _is_in_speech(whole, at) else quotable(sentence.text)
    return text if text is None or not text[0].islower() or _may_start_small(whole, at) else None


def find_pairs(quotes: Iterable[Quote], cues: Cues) -> list[tuple[Quote, Quote]]:
    """Give pairs (newer, older) from different days that share a subject, best first, each quote once."""
    about = [(quote, _subjects(quote, cues)) for quote in islice(quotes, _PAIRED)]
    ranked = sorted(
        (
            (one, other)
            for (one, its), (other, others) in combinations(about, 2)
            if one.days_ago != other.days_ago and one.entry_id != other.entry_id and not its.isdisjoint(others)
        ),
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


def quotable(sentence: str) -> str | None:
    """Give a sentence as it may stand in quotation marks, or None: a fragment, a question, markup, shouting."""
    bare = sentence.strip().lstrip("-–—•· ")
    text = bare.rstrip(_STOPS).rstrip()
    if not text or len(text) > MAX_CHARS or not text[0].isalnum() or not text[-1].isalnum():
        return None
    if "..." in bare or "  " in bare or "www." in bare or "://" in bare:
        return None
    if text.isupper() or _ends_in_abbreviation(bare) or not all(map(unicodedata.combining, _ODD.findall(text))):
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
    return bool(last) and (last[0].casefold() in _ABBREVIATIONS or _INITIALS.fullmatch(last[0]) is not None)


def _may_start_small(text: str, at: int) -> bool:
    """Say whether a small first letter at *at* is the writer's habit and no sign of a torn sentence."""
    return at == 0 or text[at - 1] == "\n" or text.islower()


def _is_in_speech(text: str, at: int) -> bool:
    """Say whether quotation marks are open at *at* within its line: somebody else may be speaking."""
    before = text[text.rfind("\n", 0, at) + 1 : at]
    opening, closing = ("„«‹", "“”»›") if "„" in before else ("“«‹", "”»›")
    opened, closed = sum(map(before.count, opening)), sum(map(before.count, closing))
    return opened > closed or before.count('"') % 2 == 1


def _age(note: Note) -> float:
    """Give what a note's age takes from the rank of its sentences, in weeks up to four."""
    return min(max(note.days_ago, 0), 28) / 7


def _as_quote(sentence: Sentence, text: str) -> Quote:
    weight = sentence.weight + _weigh_form(text) + 0.5 * (sentence.text[-1] in _STOPS)
    rank = weight - _age(sentence.note)
    return Quote(note=sentence.note, text=text, said=sentence.said, rank=rank)


def _weigh_cues(said: Sequence[str], found: Collection[str], cues: Cues) -> float:
    """Weigh what a sentence says: the writer's own, felt, intended; understood alone."""
    points = 2.0 * ("own" in found) + ("feeling" in found) + ("goal" in found and "not_goal" not in found)
    return points - 2.0 * (said[0] in cues.dangling)


def _weigh_form(text: str) -> int:
    """Weigh how a sentence says it: concrete, of readable length."""
    tokens = text.split()
    is_fair = 8 <= len(tokens) <= 18  # noqa: PLR2004  neither clipped nor breathless
    return _has_particulars(tokens[1:]) + is_fair - text[0].islower()


def _has_particulars(tokens: Sequence[str]) -> bool:
    """Say whether one of the words amid a sentence is a name or a number."""
    firsts = "".join([token[0] for token in tokens if token not in _BARE_I])
    if firsts.isascii() and firsts.isalpha():
        return not firsts.islower()
    return any(first.isupper() or first.isdigit() for first in firsts)


def _subjects(quote: Quote, cues: Cues) -> frozenset[str]:
    """Give the words that say what a sentence is about: long ones, and those with a capital amid the sentence."""
    _, *rest = quote.text.split()
    capitals = {word for token in rest if token[0].isupper() for word in words(token) if len(word) >= MIN_NAME_LETTERS}
    long = {word for word in quote.said if len(word) >= MIN_SUBJECT_LETTERS}
    return frozenset(capitals | long) - cues.plain
