"""Questions to a model, and what is made of whatever it answers."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.journal import a_context
from tests.domain.strategies import a_draft, any_text, markup, properties

from reflecta.domain.context import NEWCOMER_ENTRIES
from reflecta.domain.errors import InvalidReply
from reflecta.domain.model import (
    COACHING_TYPES,
    Dimension,
    Evidence,
    MessageType,
    Purpose,
    Recommendation,
    ScreenedSign,
)
from reflecta.domain.prompt import (
    MAX_EVIDENCE,
    MAX_FAULTS,
    MAX_RATIONALE_CHARS,
    MAX_REPLY_CHARS,
    MAX_SCREENED,
    SCREENING_TOKENS,
    Prompts,
    PromptText,
    Question,
    ask_for_assessment,
    ask_for_draft,
    ask_for_revision,
    ask_for_screening,
    read_assessment,
    read_draft,
    read_screening,
    repeats_instructions,
    write_draft,
)
from reflecta.domain.text import clean

PROMPTS = Prompts(
    draft=PromptText(name="draft", text="Write."),
    newcomer=PromptText(name="newcomer", text="Welcome."),
    screening=PromptText(name="screening", text="Look."),
    revision=PromptText(name="revision", text="Mend."),
    assessment=PromptText(name="assessment", text="Judge."),
)


RATINGS = {dimension.value: 7 for dimension in Dimension}


def draft_reply(**changes: object) -> str:
    fields: dict[str, object] = {
        "messageType": "check_in",
        "message": "How was it?",
        "pushNotification": "A thought",
        "evidence": [{"entryId": "e1", "quote": "so tired"}],
    }
    return json.dumps(fields | changes, ensure_ascii=False)


def assessment_reply(**changes: object) -> str:
    fields: dict[str, object] = {
        "simulatedReaction": "Fine.",
        "faults": ["dull"],
        "dimensions": RATINGS,
        "recommendedAction": "SEND_MESSAGE",
    }
    return json.dumps(fields | changes)


def test_a_draft_is_read_field_by_field() -> None:
    draft = read_draft(draft_reply(), ai_generated=False)
    assert (draft.type, draft.text, draft.push_text) == (MessageType.CHECK_IN, "How was it?", "A thought")
    assert draft.evidence == (Evidence(entry_id="e1", quote="so tired"),)
    assert not draft.ai_generated


def test_an_assessment_is_read_field_by_field() -> None:
    read = read_assessment(assessment_reply())
    assert (read.score, read.recommendation, read.faults) == (7.0, Recommendation.SEND, ("dull",))
    assert read.dimensions == dict.fromkeys(Dimension, 7)
    assert read.rationale == "Fine."


def test_reasons_stand_beside_the_reaction() -> None:
    reply = assessment_reply(reasons={"truth": "she never said 'free'", "tone": "", "mood": "x", "harm": 3})
    assert read_assessment(reply).rationale == "Fine.\ntruth: she never said 'free'"


WRAPPED: list[Callable[[str], str]] = [
    lambda reply: f"```json\n{reply}\n```",
    lambda reply: f"Sure, here is the message:\n\n{reply}\n\nHope that helps!",
    lambda reply: f'The 6" rule and 5\' 10" tall: {reply}',
    lambda reply: f"In {{braces}} and {{x}} and {{ }}: {reply}",
    lambda reply: "{x} " * 100 + reply,
    lambda reply: f'{{"thought": "first {{ think }}"}} {reply}',
    lambda reply: f"<think>{{not json</think>{reply}",
    lambda reply: f"\ufeff \n{reply}",
    lambda reply: reply + reply,
]


@pytest.mark.parametrize("wrap", WRAPPED)
def test_the_object_is_found_alone_or_amid_prose(wrap: Callable[[str], str]) -> None:
    assert read_draft(wrap(draft_reply())) == read_draft(draft_reply())


@pytest.mark.parametrize(
    "text",
    [
        "You wrote “I can’t” and ‘no’.",
        'You wrote "I can\'t" twice.',
        "a {brace} and a }{ and a [list]",
        "Zeile «eins» „zwei“",
        "a,}trailing, ]comma // no comment",
        "```not a fence```",
        "True, None and NaN",
    ],
)
def test_what_stands_in_a_string_is_never_rewritten(text: str) -> None:
    assert read_draft(f"Here: {draft_reply(message=text)}").text == text


def test_a_line_broken_within_a_string_is_read() -> None:
    assert read_draft(draft_reply().replace("How was", "How\n\nwas")).text == "How\n\nwas it?"


@given(any_text.filter(lambda text: len(text) < 2000))
@properties
def test_what_was_written_as_an_answer_is_read_back(text: str) -> None:
    draft = a_draft(clean(text).strip(), evidence=(Evidence(entry_id="e1", quote=clean(text).strip()),))
    assert read_draft(write_draft(draft)) == draft


def test_answers_hold_nothing_that_a_store_cannot_keep() -> None:
    draft = read_draft(
        draft_reply(
            message="a\0b\ud800", pushNotification="\u202ec", evidence=[{"entryId": "e\0\ud800", "quote": "\0"}]
        )
    )
    assert (draft.text, draft.push_text) == ("ab", "c")
    assert draft.evidence == (Evidence(entry_id="e", quote=""),)


WRONG_VALUES: dict[str, list[object]] = {
    "messageType": ["CHECK_IN", "pep_talk", "", None, 3, ["check_in"], {}],
    "message": [None, 3, ["a"], {}, True],
    "pushNotification": [None, 3, []],
    "evidence": ["e1", None, {}, ["e1"], [{}], [{"entryId": 1, "quote": "a"}], [{"entryId": "e1"}]],
}
UNREADABLE = [
    *("", " \n", "I cannot do that.", "null", "[]", "{}", '"messageType"', "{'messageType': 'check_in'}", "{", "}{"),
    *(draft_reply()[:-2], draft_reply()[:40], f"[{draft_reply()[:60]}", '{"result": ' + draft_reply() + "}"),
    *('{"a":' * 20_000, '{"a":[' * 10_000, "[" * 60_000, '{"' * 30_000, "x" * 10_000_000, draft_reply() * 10_000),
    *(draft_reply(**{field: value}) for field, values in WRONG_VALUES.items() for value in values),
    '{"messageType": ' + "9" * 6000 + ', "message": ""}',
]


@pytest.mark.parametrize("reply", UNREADABLE, ids=lambda reply: cast("str", reply)[:30])
def test_what_is_no_draft_is_refused(reply: str) -> None:
    with pytest.raises(InvalidReply):
        read_draft(reply)


@given(st.one_of(any_text, markup, st.recursive(st.none() | st.floats() | any_text, st.lists).map(json.dumps)))
@properties
def test_no_answer_breaks_the_reading(reply: str) -> None:
    for read in (read_draft, read_assessment, read_screening):
        with pytest.raises(InvalidReply):
            read(reply)


NO_RATINGS = ["0", "11", "-1", "7.5", "NaN", "Infinity", "-Infinity", "1e999", "true", '"7"', "null", "[7]", "{}"]


@pytest.mark.parametrize("rating", [*NO_RATINGS, "9" * 400, "9" * 5000])
def test_a_rating_that_is_no_whole_number_from_one_to_ten_is_refused(rating: str) -> None:
    with pytest.raises(InvalidReply):
        read_assessment(assessment_reply().replace('"truth": 7', f'"truth": {rating}'))


@pytest.mark.parametrize("rating", [1, 1.0, 5, 10, 10.0])
def test_every_rating_from_one_to_ten_is_read(rating: float) -> None:
    read = read_assessment(assessment_reply(dimensions=RATINGS | {"truth": rating}))
    assert read.dimensions[Dimension.TRUTH] == rating


@pytest.mark.parametrize("dimension", Dimension)
def test_no_dimension_may_be_left_out(dimension: Dimension) -> None:
    rated = {name: rating for name, rating in RATINGS.items() if name != dimension}
    with pytest.raises(InvalidReply, match=dimension.value):
        read_assessment(assessment_reply(dimensions=rated))


@pytest.mark.parametrize(
    ("signs", "read"),
    [
        (["none"], [ScreenedSign.NONE]),
        (["distress", "suicide"], [ScreenedSign.DISTRESS, ScreenedSign.SUICIDE]),
        (["none", "abuse", "abuse"], [ScreenedSign.ABUSE]),
    ],
)
def test_signs_are_read_and_none_counts_only_alone(signs: list[str], read: list[ScreenedSign]) -> None:
    screening = read_screening(json.dumps({"signs": signs, "entryIds": ["e1", "e\0"]}))
    assert (list(screening.signs), screening.entry_ids) == (read, ("e1", "e"))


@pytest.mark.parametrize(
    "reply",
    [
        *("", "none", "{}", '{"signs": []}', '{"signs": "none"}', '{"signs": ["sad"]}', '{"signs": ["none", 1]}'),
        *('{"signs": [["none"]]}', '{"signs": ["none"], "entryIds": "e1"}', '{"signs": ["none"], "entryIds": [1]}'),
    ],
)
def test_what_is_no_screening_is_refused(reply: str) -> None:
    with pytest.raises(InvalidReply):
        read_screening(reply)


def test_only_the_newest_entries_are_screened_and_nothing_else_of_the_person() -> None:
    question = ask_for_screening(PROMPTS, a_context(*(f"text {n}" for n in range(9))))
    given_data = json.loads(question.content.split("JSON data:\n")[1])
    assert given_data == {"entries": [{"entryId": f"e{n + 1}", "text": f"text {n}"} for n in range(MAX_SCREENED)]}
    assert (question.purpose, question.max_output_tokens) == (Purpose.SCREENING, SCREENING_TOKENS)


def test_a_newcomer_gets_a_prompt_of_their_own() -> None:
    context = a_context("text")
    assert ask_for_draft(PROMPTS, context).instructions == "Welcome."
    assert ask_for_draft(PROMPTS, replace(context, entry_count=NEWCOMER_ENTRIES)).instructions == "Write."


@pytest.mark.parametrize("kind", COACHING_TYPES)
def test_a_chosen_kind_is_named_and_the_only_one_that_may_be_answered(kind: MessageType) -> None:
    context = a_context("text")
    questions = [
        ask_for_draft(PROMPTS, context, kind=kind),
        ask_for_revision(PROMPTS, context, draft=a_draft(), faults=[], kind=kind),
    ]
    for question in questions:
        assert f'"messageType": "{kind}",\n "whenToUse"' in question.content
        assert kinds_of(question) == [kind]
    # Model clients know a schema by its identity.
    assert questions[0].schema is questions[1].schema
    assert read_draft(draft_reply(messageType=kind), kind=kind).type is kind


def test_without_a_kind_the_writer_chooses_among_those_of_a_coach() -> None:
    question = ask_for_draft(PROMPTS, a_context("text"))
    assert kinds_of(question) == list(COACHING_TYPES)
    assert "whenToUse" not in question.content


def kinds_of(question: Question) -> list[object]:
    properties_of = cast("dict[str, dict[str, list[object]]]", question.schema["properties"])
    return properties_of["messageType"]["enum"]


def test_an_answer_of_another_kind_than_asked_for_is_refused() -> None:
    with pytest.raises(InvalidReply, match="check_in, though challenge"):
        read_draft(draft_reply(), kind=MessageType.CHALLENGE)


def test_a_coach_does_not_write_care_texts() -> None:
    with pytest.raises(InvalidReply):
        read_draft(draft_reply(messageType="care"))


@pytest.mark.parametrize(
    "changes",
    [
        {"recommendedAction": "SEND"},
        {"recommendedAction": "send_message"},
        {"recommendedAction": None},
        {"faults": "dull"},
        {"faults": None},
    ],
)
def test_what_is_no_assessment_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(InvalidReply):
        read_assessment(assessment_reply(**changes))


def test_faults_that_are_no_text_are_left_out() -> None:
    assert read_assessment(assessment_reply(faults=[" dull ", "", None, 3, {"a": 1}])).faults == ("dull",)


@pytest.mark.parametrize("reaction", [None, {"a": 1}, 3])
def test_a_reaction_that_is_no_text_is_left_out(reaction: object) -> None:
    assert read_assessment(assessment_reply(simulatedReaction=reaction)).rationale == ""


def test_endless_lists_and_texts_are_bounded() -> None:
    read = read_assessment(assessment_reply(faults=["f" * 999] * 30, simulatedReaction="r" * 9999))
    assert (len(read.faults), max(map(len, read.faults)), len(read.rationale)) == (MAX_FAULTS, 400, MAX_RATIONALE_CHARS)
    evidence = [{"entryId": "e1", "quote": "a"}] * 99
    assert len(read_draft(draft_reply(evidence=evidence)).evidence) == MAX_EVIDENCE


def test_an_answer_that_never_ends_is_refused_by_its_length() -> None:
    with pytest.raises(InvalidReply, match=str(MAX_REPLY_CHARS)):
        read_draft(draft_reply() + " " * MAX_REPLY_CHARS)


@given(any_text | markup)
@properties
def test_no_text_of_journal_or_draft_can_close_the_data_of_a_question(text: str) -> None:
    context, draft = (
        a_context(text + "</entries>"),
        a_draft(text + '</draft>"', evidence=(Evidence(entry_id="e1", quote=text),)),
    )
    questions = [
        ask_for_draft(PROMPTS, context),
        ask_for_revision(PROMPTS, context, draft=draft, faults=[text]),
        ask_for_assessment(PROMPTS, context, draft),
        ask_for_screening(PROMPTS, context),
    ]
    assert not any("<" in question.content for question in questions)


def test_a_revision_gives_the_draft_and_its_faults() -> None:
    question = ask_for_revision(PROMPTS, a_context("text"), draft=a_draft("Old words."), faults=["too dull"])
    given_data = json.loads(question.content.split("its faults:\n")[1])
    assert given_data["draft"]["message"] == "Old words."
    assert given_data["faultsToMend"] == ["too dull"]


def test_each_question_bears_its_purpose_its_text_and_its_version() -> None:
    context = replace(a_context("text"), entry_count=NEWCOMER_ENTRIES)
    questions = [
        ask_for_screening(PROMPTS, context),
        ask_for_draft(PROMPTS, context, variant=3),
        ask_for_revision(PROMPTS, context, draft=a_draft(), faults=[]),
        ask_for_assessment(PROMPTS, context, a_draft()),
    ]
    assert [question.purpose for question in questions] == list(Purpose)
    assert [question.instructions for question in questions] == ["Look.", "Write.", "Mend.", "Judge."]
    names = [question.prompt_version.split("-")[0] for question in questions]
    assert names == ["screening", "draft", "revision", "assessment"]


def test_instructions_hold_nothing_of_the_user() -> None:
    one, other = (ask_for_draft(PROMPTS, a_context(text)) for text in ("one text", "other text"))
    assert one.instructions == other.instructions
    assert one.content != other.content


@given(st.text(), st.text())
@properties
def test_a_changed_prompt_text_is_a_new_version(one: str, other: str) -> None:
    prompt = PromptText(name="draft", text=one)
    assert (prompt.version == replace(prompt, text=other).version) == (one == other)


def test_a_draft_that_repeats_a_sentence_of_a_prompt_is_found() -> None:
    prompts = replace(PROMPTS, draft=PromptText(name="draft", text="Be kind. Never tell them what to *do* today."))
    assert repeats_instructions(a_draft("Well: never tell them what to *do* today!"), prompts)
    assert repeats_instructions(a_draft(push="NEVER TELL THEM WHAT TO *DO* TODAY"), prompts)
    assert not repeats_instructions(a_draft("Be kind. What will you do today?"), prompts)
