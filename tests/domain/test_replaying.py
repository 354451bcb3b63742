"""A stored context is read back as it was rendered, and rubbish is refused by the field."""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.journal import NOW, a_context, an_entry
from tests.domain.strategies import any_text, properties

from reflecta.adapters.models.templates import load_templates
from reflecta.domain.context import Context, build_context, render
from reflecta.domain.errors import InvalidInput
from reflecta.domain.model import (
    ChallengeDegree,
    Feedback,
    Insight,
    Insights,
    MessageType,
    PastMessage,
    Preferences,
    Source,
    ToneDegree,
    User,
)
from reflecta.domain.replaying import parse
from reflecta.domain.zones import NAMES

TEMPLATES = load_templates()
_short = any_text.filter(lambda text: len(text) < 60)
_journal_text = st.one_of(
    _short,
    st.sampled_from(
        [
            "I want to repaint the shed.",
            "My sister Anna came by with soup.",
            "I am proud of the shed.",
            "The shed is hard.",
        ]
    ),
)
_feedback = st.builds(
    Feedback,
    message_id=st.just("m"),
    kind=st.sampled_from(["opened", "helpful", "unhelpful", " not_helpful", "ignored", "so-so", "", " ", "x" * 99])
    | _short,
    rating=st.none() | st.integers(1, 5),
)
_messages = st.builds(
    PastMessage,
    id=st.just("m"),
    type=st.sampled_from(MessageType),
    text=_short | st.sampled_from(["Hello. How was it?", "word? " * 300]),
    sent_at=st.integers(0, 400).map(lambda hours: NOW - timedelta(hours=hours)),
    feedback=st.lists(_feedback, max_size=7).map(tuple),
)
_insights = st.builds(
    Insight,
    headline=_short,
    description=_short,
    sources=st.lists(st.builds(Source, quote=_short), max_size=6).map(tuple),
)


@st.composite
def contexts(draw: st.DrawFn) -> Context:
    texts = draw(
        st.lists(st.tuples(st.integers(-50, 3000), st.lists(_journal_text, max_size=3).map(" ".join)), max_size=8)
    )
    return build_context(
        User(
            id="u",
            first_name=draw(st.none() | _short),
            language=draw(st.sampled_from([None, "en", "de"]) | _short),
            age_band=draw(st.sampled_from([None, "adult", "unknown", ""])),
            entry_count=draw(st.integers(0, 10**6)),
            preferences=Preferences(
                challenge=draw(st.sampled_from(ChallengeDegree)), tone=draw(st.sampled_from(ToneDegree))
            ),
        ),
        entries=[an_entry(text, number=n, at=NOW - timedelta(hours=age)) for n, (age, text) in enumerate(texts)],
        insights=draw(
            st.none() | st.builds(Insights, user_id=st.just("u"), main_focus=_insights, plan=st.none() | _insights)
        ),
        messages=draw(st.lists(_messages, max_size=4)),
        now=NOW,
        zone=draw(st.sampled_from(sorted(NAMES))),
        budget=draw(st.sampled_from([100, 600, 8000])),
        templates=draw(st.sampled_from([None, TEMPLATES])),
    )


@given(contexts())
@properties
def test_what_was_rendered_is_read_back_and_rendered_the_same(context: Context) -> None:
    read = parse(render(context), user_id=context.user_id)
    assert render(read) == render(context)
    assert (read.user_id, read.now.replace(tzinfo=None), read.zone) == (
        context.user_id,
        context.now.replace(second=0, microsecond=0, tzinfo=None),
        context.zone,
    )


@given(contexts())
@properties
def test_what_may_be_quoted_can_be_quoted_again(context: Context) -> None:
    read = parse(render(context), user_id="u")
    assert {key: note.text for key, note in read.sources.items()} == {k: n.text for k, n in context.sources.items()}
    assert [(n.entry_id, n.days_ago) for n in read.notes] == [(n.entry_id, n.days_ago) for n in context.notes]
    assert read.memory is None if context.memory is None else read.memory is not None


RENDERED = render(
    build_context(
        User(id="u", entry_count=2),
        entries=[an_entry("I want to repaint the shed. My sister Anna came.")],
        insights=Insights(user_id="u", plan=Insight(headline="Walk")),
        messages=[PastMessage(id="m", type=MessageType.CHALLENGE, text="Why?", sent_at=NOW)],
        now=NOW,
        zone="Europe/Paris",
        budget=1000,
        templates=TEMPLATES,
    )
)
Document = dict[str, object]


def _put(*path: str | int, value: object) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        at: object = document
        for step in path[:-1]:
            at = cast("dict[str | int, object]", at)[step]
        cast("dict[str | int, object]", at)[path[-1]] = value

    return change


WRONG: list[tuple[str, Callable[[Document], None]]] = [
    ("context.zone", _put("zone", value="Europe/Nowhere")),
    ("context.zone", _put("zone", value=None)),
    ("context.now", _put("now", value="Monday 2026-05-05 09:00")),
    ("context.now", _put("now", value="Tuesday 2026-05-05 25:00")),
    ("context.now", _put("now", value="Tuesday 2026-05-05")),
    ("context.person", _put("person", value=[])),
    ("context.person.toneDegree", _put("person", "toneDegree", value="rude")),
    ("context.person.entriesWritten", _put("person", "entriesWritten", value=True)),
    ("context.person.firstName", _put("person", "firstName", value=3)),
    ("context.person.occupations", _put("person", "occupations", value=["a", 1])),
    ("context.entries", _put("entries", value={})),
    ("context.entries[0]", _put("entries", 0, value="e1")),
    ("context.entries[0].date", _put("entries", 0, "date", value="2026-05-04")),
    ("context.entries[0].daysAgo", _put("entries", 0, "daysAgo", value="1")),
    ("context.entries[0].text", _put("entries", 0, "text", value=None)),
    ("context.commitments[0].quote", _put("commitments", 0, "quote", value=1)),
    ("context.people[0].name", _put("people", 0, "name", value=None)),
    ("context.contrasts", _put("contrasts", value=None)),
    ("context.insights", _put("insights", "mood", value={})),
    ("context.insights.plan.headline", _put("insights", "plan", "headline", value=None)),
    ("context.pastMessages[0].type", _put("pastMessages", 0, "type", value="pep_talk")),
    ("context.pastMessages[0].feedback", _put("pastMessages", 0, "feedback", value=[1])),
]


@pytest.mark.parametrize(("field", "change"), WRONG)
def test_a_field_that_is_wrong_is_named(field: str, change: Callable[[Document], None]) -> None:
    document = cast("Document", json.loads(RENDERED))
    change(document)
    with pytest.raises(InvalidInput) as caught:
        parse(json.dumps(document), user_id="u")
    assert caught.value.field == field


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "{}", "{", RENDERED[:-9], '{"a":' * 20_000, '{"zone": ' + "9" * 6000 + "}"]
)
def test_what_is_no_context_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse(text, user_id="u")


@pytest.mark.parametrize("written", ["Monday 0001-01-01", "Friday 9999-12-31"])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_the_ends_of_the_calendar_break_nothing(written: str, zone: str) -> None:
    document = cast("Document", json.loads(RENDERED)) | {"zone": zone, "now": f"{written} 00:00"}
    _put("pastMessages", 0, "date", value=written)(document)
    with suppress(InvalidInput):
        render(parse(json.dumps(document), user_id="u"))


def test_the_text_of_a_diary_stands_in_no_error() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse('{"entries": "so tired', user_id="u")
    assert "tired" not in repr(caught.value)
    assert caught.value.__cause__ is None


def test_a_context_without_memory_is_read_without_one() -> None:
    assert parse(render(a_context("text")), user_id="u").memory is None


@pytest.mark.parametrize("age_band", [None, "adult", "teen"])
def test_an_age_that_was_unknown_stays_unknown(age_band: str | None) -> None:
    context = a_context(user=User(id="u", age_band=age_band))
    assert parse(render(context), user_id="u").age_band == age_band
