"""A message says something new: other words, another opening, another question, another meaning."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.domain.checks.drafts import ENTRY, fault, faults
from tests.domain.journal import a_context, a_message
from tests.domain.strategies import a_draft, any_text, properties

from reflecta.domain.checks import MAX_OVERLAP, overlap
from reflecta.domain.model import CheckName
from reflecta.domain.text import words

EARLIER = "You wrote about the long walk by the river. What did the water tell you that evening?"


@pytest.mark.parametrize(
    ("text", "fresh"),
    [
        (EARLIER, False),
        (EARLIER.upper().replace(".", " –"), False),
        ("Ana, " + EARLIER, False),
        ("You wrote about the long list of things to do for your sister. Which one matters?", False),
        ("Your sister called twice this week. Which of her words stayed with you since?", True),
    ],
)
def test_a_message_is_neither_repeated_nor_opened_alike(text: str, fresh: bool) -> None:  # noqa: FBT001
    context = a_context(ENTRY, messages=[a_message(EARLIER)])
    assert (CheckName.FRESHNESS not in faults(a_draft(text), context)) is fresh


@given(st.lists(st.sampled_from("abcd"), max_size=20), st.lists(st.sampled_from("abcd"), max_size=20))
@properties
def test_overlap_is_a_symmetric_share(one: list[str], other: list[str]) -> None:
    assert 0 <= overlap(one, other) == overlap(other, one) <= 1


@given(st.integers(5, 60), st.integers(1, 60), st.integers(0, 60), st.lists(st.integers(0, 60), min_size=2, max_size=6))
@example(length=30, kinds=30, own=30, cuts=[0, 30])
@properties
def test_whatever_shares_too_much_is_repetitive(length: int, kinds: int, own: int, cuts: list[int]) -> None:
    # Pieces of the earlier text between words of their own: about the forbidden share, on both sides of it.
    said = [f"w{number % kinds}" for number in range(length)]
    cuts = sorted(min(cut, length) for cut in cuts)
    pieces = [" ".join(said[start:end]) for start, end in pairwise(cuts)]
    text = " ".join(["Mine", *pieces, *(f"own{number}" for number in range(own))])
    context = a_context(ENTRY, messages=[a_message(" ".join(said))])
    repeats = overlap(words(text), said) > MAX_OVERLAP
    assert (CheckName.FRESHNESS in faults(a_draft(text), context)) is repeats


@given(any_text)
@properties
def test_a_text_overlaps_wholly_with_itself(text: str) -> None:
    assert overlap(words(text), words(text)) == bool(words(text))


@pytest.mark.parametrize(
    ("question", "fresh"),
    [
        ("What did the water tell you that evening?", False),
        ("And what did the water tell you, that evening?", False),
        ("Rain again. “What did the water tell you that evening?”", False),
        ("What did the garden tell you?", True),
        ("What now?", True),
        ("You know what the water told you that evening.", True),
    ],
)
def test_a_question_is_not_asked_twice(question: str, fresh: bool) -> None:  # noqa: FBT001
    context = a_context(ENTRY, messages=[a_message(EARLIER), a_message("Some other words. What now?")])
    said = fault(CheckName.FRESHNESS, a_draft(f"Your sister called twice this week and you went. {question}"), context)
    assert ("same question" not in said) is fresh


class SetLikeness:
    """Finds one text as alike as it is told to, and all others unlike."""

    def __init__(self, text: str, score: float) -> None:
        self._text, self._score = text, score

    def scores(self, text: str, others: Sequence[str]) -> Sequence[float]:
        return [self._score if other == self._text else 0.0 for other in others]


@pytest.mark.parametrize(("score", "fresh"), [(0.9, False), (0.2, True)])
def test_what_means_the_same_as_an_earlier_message_is_no_news(score: float, fresh: bool) -> None:  # noqa: FBT001
    context = a_context(ENTRY, messages=[a_message("Another one altogether."), a_message(EARLIER)])
    found = faults(a_draft("A stroll along the stream."), context, likeness=SetLikeness(EARLIER, score))
    assert (CheckName.FRESHNESS not in found) is fresh


def test_only_the_last_ten_messages_are_remembered() -> None:
    others = [a_message(f"Number {n} of some quite different notes.") for n in range(10)]
    assert CheckName.FRESHNESS not in faults(a_draft(EARLIER), a_context(ENTRY, messages=[*others, a_message(EARLIER)]))
    assert CheckName.FRESHNESS in faults(a_draft(EARLIER), a_context(ENTRY, messages=[*others[1:], a_message(EARLIER)]))
