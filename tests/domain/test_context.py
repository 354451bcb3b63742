"""What a writer gets to see: chosen, dated in the user's calendar, within the budget, and data only."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.journal import NOW, a_context, a_message, an_entry
from tests.domain.strategies import any_text, markup, properties

from reflecta.domain.context import (
    MAX_ENTRY_CHARS,
    MAX_INSIGHT_CHARS,
    MAX_INSIGHT_QUOTES,
    MAX_MESSAGE_CHARS,
    NEWCOMER_ENTRIES,
    as_data,
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


def test_past_messages_carry_their_feedback_and_are_cut() -> None:
    message = PastMessage(
        id="m",
        type=MessageType.CHALLENGE,
        text="word " * 400,
        sent_at=NOW - timedelta(days=1),
        feedback=(Feedback(message_id="m", kind="helpful", rating=4),),
    )
    past = cast("list[Document]", rendered(render(a_context(messages=[message])))["pastMessages"])[0]
    assert (past["type"], past["date"]) == ("challenge", "2026-05-04")
    assert past["feedback"] == [{"kind": "helpful", "rating": 4}]
    assert len(str(past["text"])) <= MAX_MESSAGE_CHARS


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
