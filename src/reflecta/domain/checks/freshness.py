"""Whether a message says anything new after those that were sent before."""

import re
from collections.abc import Container, Sequence
from itertools import pairwise
from typing import Final, Protocol

from reflecta.domain.checks.candidate import Candidate
from reflecta.domain.text import RUN, runs, words

# Two texts that share more of their five-word runs than this read as the same message.
MAX_OVERLAP: Final = 0.3
OPENING_WORDS: Final = 5
# Two questions that share more of their words than this ask the same.
MAX_QUESTION_OVERLAP: Final = 0.7
# Shorter ones ('What now?') are common property.
MIN_QUESTION_WORDS: Final = 4
# Two messages that are more alike than this tell the same: so are most pairs of a message and its rewording, and 1
# in 7000 pairs of different ones (by the vectors of adapters/likeness.py, where 0 is the likeness of any two messages).
MAX_LIKENESS: Final = 0.55
# So many messages are remembered.
MEMORY: Final = 10
_QUESTION_MARK: Final = re.compile("[?？؟]")
_ENDS: Final = (". ", "! ", "?", "…", "\n", "。", "？")


class Likeness(Protocol):
    """Tells how alike texts are in meaning, whatever the words."""

    def scores(self, text: str, others: Sequence[str]) -> Sequence[float]:
        """Give the likeness of a text to each of the others, 0-1."""
        ...


def find_repetition(candidate: Candidate, likeness: Likeness | None = None) -> str:
    """Say in what a draft repeats one of the last messages; empty when it is new."""
    told = candidate.context.messages[:MEMORY]
    if not told:
        return ""
    texts = [message.text for message in told]
    return (
        _same_wording(candidate.words, candidate.context.told[:MEMORY])
        or _same_question(candidate, texts)
        or _same_meaning(candidate.draft.text, texts, likeness)
    )


def _same_wording(new: Sequence[str], told: Sequence[Sequence[str]]) -> str:
    pairs, size = set(pairwise(new)), len(runs(new))
    for old in told:
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


def _same_question(candidate: Candidate, told: Sequence[str]) -> str:
    asked = _questions(candidate.draft.text)
    for old, said in zip(told, candidate.context.told, strict=False):
        # What shares too little with all the words of a message shares too little with its question.
        alike = [one for one in asked if len(one.intersection(said)) > MAX_QUESTION_OVERLAP * len(one)]
        if alike and any(_is_same_question(one, other) for other in _questions(old) for one in alike):
            return "The message asks the same question as an earlier one; ask another."
    return ""


def _questions(text: str) -> list[set[str]]:
    """Give the words of each question in a text."""
    asking = (_last_sentence(text[: found.start()]) for found in _QUESTION_MARK.finditer(text))
    return [said for said in map(set, map(words, asking)) if len(said) >= MIN_QUESTION_WORDS]


def _last_sentence(text: str) -> str:
    return text[max(text.rfind(mark) for mark in _ENDS) + 1 :]


def _is_same_question(one: set[str], other: set[str]) -> bool:
    return len(one & other) > MAX_QUESTION_OVERLAP * len(one | other)


def _same_meaning(text: str, told: Sequence[str], likeness: Likeness | None) -> str:
    if likeness is not None and any(score > MAX_LIKENESS for score in likeness.scores(text, told)):
        return "The message tells the same as an earlier one in other words; write about something else."
    return ""
