"""What a writer gets to see: chosen, dated in the user's calendar, within the budget, and data only."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.journal import NOW, PARIS, a_context, a_message, an_entry
from tests.domain.strategies import any_text, markup, properties

from reflecta.adapters.models.templates import load_templates
from reflecta.domain.context import (
    MAX_ENTRY_CHARS,
    MAX_INSIGHT_CHARS,
    MAX_INSIGHT_QUOTES,
    MAX_MESSAGE_CHARS,
    NEWCOMER_ENTRIES,
    as_data,
    build_context,
    render,
    tokens,
)
from reflecta.domain.model import Feedback, Insight, Insights, MessageType, PastMessage, Source, User
from reflecta.domain.text import clean

Document = dict[str, object]


def rendered(text: str) -> Document:
    return cast("Document", json.loads(text))


@given(any_text | markup)
@properties
def test_journal_text_cannot_close_a_tag_or_the_data(text: str) -> None:
    written = render(a_context(text + "</entries>\"}]}'"))
    assert "<" not in written
    entries = cast("list[Document]", rendered(written)["entries"])
    assert [entry["text"] for entry in entries] == [text + "</entries>\"}]}'"]


@given(st.dictionaries(any_text, any_text))
@properties
def test_data_is_read_back_as_it_was(document: dict[str, object]) -> None:
    assert rendered(as_data(document)) == document


_names = st.sampled_from(["text", "%s", "%%", "<", ""])
_values = st.recursive(
    st.sampled_from([None, True, 0, 2.5, "%s", '"', "\\", "\n\x00", "</a>", "\ud800", "é", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(_names, _values))
@properties
def test_data_is_laid_out_as_json_is(document: dict[str, object]) -> None:
    laid_out = json.dumps(document, ensure_ascii=False, indent=1)
    assert as_data(document) == laid_out.replace("<", "\\u003c")


def test_a_changed_context_is_rendered_anew() -> None:
    context = a_context("text")
    assert render(context) is render(context)
    assert rendered(render(replace(context, entry_count=99)))["person"] != rendered(render(context))["person"]


@given(st.lists(st.text(max_size=400), min_size=1, max_size=9), st.integers(0, 300))
@properties
def test_the_newest_entries_that_fit_the_budget_are_kept(texts: list[str], budget: int) -> None:
    notes = a_context(*texts, budget=budget).notes
    assert [note.text for note in notes] == texts[: len(notes)]
    spent = sum(tokens(note.text) for note in notes)
    assert len(notes) == 1 or spent <= budget
    assert len(notes) == len(texts) or spent + tokens(texts[len(notes)]) > budget


def test_entries_come_newest_first_in_whatever_order_they_are_given() -> None:
    entries = [an_entry("text", number=days, at=NOW - timedelta(days=days)) for days in (3, 1, 2)]
    assert [note.entry_id for note in a_context(entries=entries).notes] == ["e1", "e2", "e3"]


def test_a_long_entry_is_cut_and_stays_quotable() -> None:
    text = "A sentence of some length. " * 1000
    note = a_context(text).notes[0]
    assert MAX_ENTRY_CHARS // 2 < len(note.text) <= MAX_ENTRY_CHARS
    assert text.startswith(note.text)


@pytest.mark.parametrize(
    ("written", "zone", "days"),
    [
        ("2026-05-05T00:30+00:00", "Europe/Paris", 0),
        ("2026-05-04T22:30+00:00", "Europe/Paris", 0),  # 00:30 of the same date in Paris
        ("2026-05-04T21:30+00:00", "Europe/Paris", 1),
        ("2026-05-04T21:30+00:00", "Pacific/Auckland", 0),
        ("2026-04-28T12:00+00:00", "America/Los_Angeles", 7),
    ],
)
def test_days_ago_are_dates_of_the_users_own_calendar(written: str, zone: str, days: int) -> None:
    entry = an_entry("text", at=datetime.fromisoformat(written))
    assert a_context(entries=[entry], zone=zone).notes[0].days_ago == days


def test_now_is_the_users_wall_clock_with_its_weekday() -> None:
    assert rendered(render(a_context("text", zone="Pacific/Auckland")))["now"] == "Tuesday 2026-05-05 19:00"


def test_the_zone_that_days_are_counted_in_is_named() -> None:
    assert rendered(render(a_context("text", zone="Pacific/Auckland")))["zone"] == "Pacific/Auckland"


def sent(text: str = "Well?", *feedback: Feedback, days_ago: int = 1) -> PastMessage:
    at = NOW - timedelta(days=days_ago)
    return PastMessage(id="m", type=MessageType.CHALLENGE, text=text, sent_at=at, feedback=feedback)


def answer(kind: str, rating: int | None = None) -> Feedback:
    return Feedback(message_id="m", kind=kind, rating=rating)


def past_of(*messages: PastMessage) -> list[Document]:
    return cast("list[Document]", rendered(render(a_context(messages=messages)))["pastMessages"])


def test_past_messages_carry_their_day_and_are_cut() -> None:
    (past,) = past_of(sent("word " * 400, answer("helpful", 4)))
    assert (past["type"], past["date"], past["daysAgo"]) == ("challenge", "Monday 2026-05-04", 1)
    assert len(str(past["text"])) <= MAX_MESSAGE_CHARS


@pytest.mark.parametrize(
    ("feedback", "words"),
    [
        ([answer("helpful")], ["helpful"]),
        ([answer("stars", 5)], ["helpful"]),
        ([answer("stars", 3)], ["so-so"]),
        ([answer("helpful", 2)], ["not helpful"]),
        ([answer("unhelpful")], ["not helpful"]),
        ([answer("Not_Helpful")], ["not helpful"]),
        ([answer("opened"), answer("opened"), answer("stars", 1)], ["not helpful", "opened"]),
        ([answer("reported a bug")], ["reported a bug"]),
        ([], []),
    ],
)
def test_what_a_person_made_of_a_message_is_said_in_words(feedback: list[Feedback], words: list[str]) -> None:
    assert past_of(sent("Well?", *feedback))[0]["feedback"] == words


def test_only_an_app_that_reports_answers_tells_that_a_message_was_ignored() -> None:
    assert [past["feedback"] for past in past_of(sent(), sent("And?", answer("opened")))] == [["ignored"], ["opened"]]
    assert [past["feedback"] for past in past_of(sent(), sent("And?"))] == [[], []]


def test_openings_and_questions_that_did_not_help_are_named() -> None:
    text = "You wrote about rain. It is grey. What would the sun say? Take care."
    document = rendered(render(a_context(messages=[sent(text, answer("stars", 1)), sent("Fine.", answer("stars", 5))])))
    assert document["notToTry"] == [
        {"type": "challenge", "opening": "You wrote about rain.", "question": "What would the sun say?"}
    ]


def test_what_is_brought_to_mind_can_be_cited() -> None:
    entries = [
        an_entry(text, number=n, at=NOW - timedelta(days=days))
        for n, (days, text) in enumerate(
            [
                (1, "I skipped the canal, it is too much."),
                (30, "I want to run along the canal. My sister Anna ran too."),
            ]
        )
    ]
    user = User(id="u", language="en", entry_count=2)
    context = build_context(
        user, entries=entries, insights=None, messages=(), now=NOW, zone=PARIS, budget=2000, templates=load_templates()
    )
    document = rendered(render(context))
    old: Document = {"entryId": "e1", "date": "Sunday 2026-04-05", "daysAgo": 30}
    new: Document = {"entryId": "e0", "date": "Monday 2026-05-04", "daysAgo": 1}
    promise, kin = "I want to run along the canal.", "My sister Anna ran too."
    assert document["commitments"] == [old | {"quote": promise}]
    assert document["people"] == [{"name": "Anna"} | old | {"quote": kin}]
    assert document["contrasts"] == [
        {"older": old | {"quote": promise}, "newer": new | {"quote": "I skipped the canal, it is too much."}}
    ]


def test_a_megabyte_of_insights_does_not_burst_the_budget() -> None:
    insight = Insight(headline="h" * 10**6, description="d" * 10**6, sources=(Source(quote="q" * 10**6),) * 9)
    context = a_context("text", insights=Insights(user_id="u", main_focus=insight))
    assert len(render(context)) < (MAX_INSIGHT_QUOTES + 2) * MAX_INSIGHT_CHARS + 1000


def test_only_the_insights_there_are_stand_in_the_context() -> None:
    plan = Insight(headline="Walk", description="Daily", sources=(Source(quote="I walked"),))
    insights = rendered(render(a_context("text", insights=Insights(user_id="u", plan=plan))))["insights"]
    assert insights == {"plan": {"headline": "Walk", "description": "Daily", "quotes": ["I walked"]}}


def test_a_person_without_entries_has_an_empty_context() -> None:
    document = rendered(render(a_context()))
    assert (document["entries"], document["insights"], document["pastMessages"]) == ([], {}, [])


@pytest.mark.parametrize(("count", "newcomer"), [(0, True), (NEWCOMER_ENTRIES - 1, True), (NEWCOMER_ENTRIES, False)])
def test_too_few_entries_make_a_newcomer(count: int, newcomer: bool) -> None:  # noqa: FBT001
    assert a_context(user=User(id="u", entry_count=count)).is_newcomer is newcomer


def test_an_unknown_age_is_said_to_be_unknown() -> None:
    person = cast("Document", rendered(render(a_context()))["person"])
    assert person["ageBand"] == "unknown"


@given(any_text)
@properties
def test_tokens_are_counted_for_any_text(text: str) -> None:
    assert tokens(text) >= len(clean(text)) // 16


def test_messages_keep_the_order_they_are_given_in() -> None:
    messages = [a_message("newer"), a_message("older", at=NOW - timedelta(days=9))]
    assert [message.text for message in a_context(messages=messages).messages] == ["newer", "older"]
