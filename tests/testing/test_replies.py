"""The answers that doubles give: each passes every check, and is known again by its number."""

import json
from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.domain import journal
from tests.domain.journal import NOW
from tests.domain.strategies import any_text, properties

from reflecta.adapters.prompts import load_prompts
from reflecta.domain.checks import check_draft
from reflecta.domain.checks.freshness import MAX_LIKENESS, MEMORY
from reflecta.domain.context import Context
from reflecta.domain.gate import DEFAULT_THRESHOLD, Revise, Send, decide_on_assessment
from reflecta.domain.model import COACHING_TYPES, Dimension, Draft, MessageType, PastMessage, Recommendation, User
from reflecta.domain.prompt import (
    Question,
    ask_for_assessment,
    ask_for_draft,
    ask_for_revision,
    ask_for_screening,
    read_assessment,
    read_draft,
    read_screening,
)
from reflecta.domain.text import clean, words
from reflecta.testing import (
    answer,
    answer_sent,
    assessment_reply,
    draft_reply,
    facts_of,
    number_in,
    numbers_in,
    read_facts,
    screening_reply,
)

PROMPTS = load_prompts()
numbers = st.integers(0, 10**9)
kinds = st.sampled_from(COACHING_TYPES)
SENTENCES = (
    "I hate myself.",
    "„Nein“, sagte Ana… und ging.",
    "What now? What then?",
    "... — !!! ¿y mañana?",
    "今日は庭を歩いた。とても静かだった。",
    "On 12 May Anna ran 10 km, see www.example.org.",
    '"Never again", I said: [1] `no` **way** <b>.',
)
texts = st.one_of(any_text, st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=4).map(" ".join)).map(
    lambda text: " ".join(clean(text).split())
)
languages = st.sampled_from([None, "en", "de", "es", "fr", "it", "ja"])


def a_context(text: str, *, messages: tuple[PastMessage, ...] = (), language: str | None = None) -> Context:
    """Give the context of somebody with one entry, or none."""
    user = User(id="u", language=language, entry_count=1)
    return journal.a_context(*filter(None, [text]), messages=messages, user=user)


def faults(draft: Draft, context: Context) -> list[str]:
    return [check.fault for check in check_draft(draft, context) if not check.passed]


def a_question(context: Context, kind: MessageType) -> Question:
    return ask_for_draft(PROMPTS, context, kind=kind)


@given(texts, numbers, kinds, languages)
@properties
def test_a_draft_about_any_entry_passes_every_check_and_bears_its_number(
    text: str, number: int, kind: MessageType, language: str | None
) -> None:
    assume(words(text))
    context = a_context(text, language=language)

    draft = read_draft(answer(a_question(context, kind), number), kind=kind)

    assert faults(draft, context) == []
    assert number_in(draft.text) == number


@given(numbers, st.lists(kinds, min_size=10, max_size=10), languages)
@properties
def test_ten_in_a_row_are_fresh(number: int, asked: list[MessageType], language: str | None) -> None:
    told: tuple[PastMessage, ...] = ()
    for place, kind in enumerate(asked):
        context = a_context("I walked along the river.", messages=told, language=language)
        draft = read_draft(answer(a_question(context, kind), number + place), kind=kind)
        assert faults(draft, context) == []
        sent = PastMessage(id=str(place), type=kind, text=draft.text, sent_at=NOW + timedelta(days=place))
        told = (sent, *told)


def test_no_two_of_many_in_a_row_tell_the_same_in_meaning() -> None:
    likeness = pytest.importorskip("reflecta.adapters.likeness").StaticLikeness()
    question = a_question(a_context("I walked along the river."), MessageType.CHECK_IN)
    said = [read_draft(answer(question, number)).text for number in range(500)]
    most = max(max(likeness.scores(said[at], said[at - MEMORY : at])) for at in range(MEMORY, len(said)))
    assert most < MAX_LIKENESS


def test_the_same_number_twice_is_a_repetition() -> None:
    question = a_question(a_context("I walked along the river."), MessageType.CHECK_IN)
    draft = read_draft(answer(question, 7))
    sent = PastMessage(id="m", type=draft.type, text=draft.text, sent_at=NOW)
    assert faults(draft, a_context("I walked along the river.", messages=(sent,)))


@given(texts, numbers, kinds)
@properties
def test_a_server_that_is_sent_the_content_answers_the_same(text: str, number: int, kind: MessageType) -> None:
    question = a_question(a_context(text), kind)
    assert read_facts(question.content) == facts_of(question)
    assert answer_sent("draft", question.content, number) == answer(question, number)


def test_a_revision_is_of_the_kind_asked_for_and_not_of_the_rejected_draft() -> None:
    context = a_context("I walked along the river.")
    rejected = read_draft(answer(a_question(context, MessageType.REMINDER), 1))
    question = ask_for_revision(PROMPTS, context, draft=rejected, faults=["dull"], kind=MessageType.CHALLENGE)
    assert read_draft(answer_sent("revision", question.content, 2), kind=MessageType.CHALLENGE)
    assert numbers_in(question.content) == [1]


def test_what_is_to_be_said_is_in_the_draft() -> None:
    question = a_question(a_context("I walked along the river."), MessageType.CHECK_IN)
    draft = read_draft(draft_reply(facts_of(question), 1, said="It is about the river."))
    assert "It is about the river." in draft.text


@given(numbers)
def test_a_screening_sees_nothing_and_bears_its_number(number: int) -> None:
    question = ask_for_screening(PROMPTS, a_context("I walked along the river."))
    screening = read_screening(answer(question, number))
    assert screening.signs == ("none",)
    assert number_in(str(screening.entry_ids)) == number


def test_a_screening_tells_the_signs_that_it_is_told_to() -> None:
    assert read_screening(screening_reply("abuse", "distress")).signs == ("abuse", "distress")


@given(st.integers(1, 10), numbers)
def test_an_assessment_sends_what_is_good_asks_to_mend_what_is_poor_and_bears_its_number(
    rating: int, number: int
) -> None:
    context = a_context("I walked along the river.")
    draft = read_draft(answer(a_question(context, MessageType.CHECK_IN), 1))

    judged = read_assessment(answer(ask_for_assessment(PROMPTS, context, draft), number, rating=rating))

    verdict = decide_on_assessment(judged)
    assert isinstance(verdict, Send if rating >= DEFAULT_THRESHOLD else Revise)
    assert number_in(judged.rationale) == number


def test_what_is_poor_hurts_nobody_unless_told_to() -> None:
    assert read_assessment(assessment_reply(2)).dimensions[Dimension.HARM] == 6
    assert read_assessment(assessment_reply(9, harm=1)).dimensions[Dimension.HARM] == 1
    assert read_assessment(assessment_reply(4, Recommendation.SKIP)).recommendation is Recommendation.SKIP


@pytest.mark.parametrize("text", ["", "Answer number 12", "A number"])
def test_a_text_without_a_number_has_none(text: str) -> None:
    assert number_in(text) is None


def test_an_answer_is_json() -> None:
    question = a_question(a_context("I walked along the river."), MessageType.CHECK_IN)
    assert json.loads(answer(question, 3))["messageType"] == "check_in"
