"""What may stand on a lock screen: nothing of the journal, unless the person wants it there."""

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.domain.journal import NOW, a_context, a_message, an_entry
from tests.domain.strategies import a_draft, any_text, properties

from reflecta.domain.checks import MAX_PUSH_CHARS
from reflecta.domain.context import Context, Note
from reflecta.domain.model import Insight, Insights, Onboarding, Source, User
from reflecta.domain.push import COMMON_WORDS, PushPrivacy, push_text
from reflecta.domain.text import words

NEUTRAL = "Your coach left you a note."
ENTRY = "My brother Karim rang about the pills, and I was at the end of it."

# Words that are common, rare, or in other letters, so that texts share some of them.
_vocabulary = [
    "you",
    "the",
    "a",
    "of",
    "pills",
    "Karim",
    "it",
    "was",
    "at",
    "so",
    "note",
    "薬",
    "in",
    "to",
    "is",
    "and",
]
some_text = st.lists(st.sampled_from(_vocabulary), max_size=12).map(" ".join) | any_text


def pushed(push: str, context: Context, level: PushPrivacy = PushPrivacy.PRIVATE) -> str:
    return push_text(level, a_draft(push=push), context, neutral=NEUTRAL)


def a_person(*, entry: str, older: str, message: str, insight: str, name: str, occupation: str) -> Context:
    """Give a context with a text in every place that may hold one."""
    found = Insight(headline=insight, description=insight, sources=(Source(quote=insight),))
    user = User(id="u", first_name=name, onboarding=Onboarding(occupations=(occupation,)))
    context = a_context(
        entries=[an_entry(entry)],
        messages=[a_message(message)],
        insights=Insights(user_id="u", key_blockers=found),
        user=user,
    )
    return replace(context, earlier=(Note(entry_id="e9", written_at=NOW, days_ago=99, text=older),))


@given(
    some_text, st.lists(some_text, min_size=6, max_size=6), st.sampled_from([PushPrivacy.GENERIC, PushPrivacy.PRIVATE])
)
@example(push="at the end of", texts=[ENTRY, "", "", "", "", ""], level=PushPrivacy.PRIVATE)
@properties
def test_a_private_push_shares_no_rare_word_and_no_turn_of_phrase_with_the_journal(
    push: str, texts: list[str], level: PushPrivacy
) -> None:
    entry, older, message, insight, name, occupation = texts
    context = a_person(entry=entry, older=older, message=message, insight=insight, name=name, occupation=occupation)
    shown = pushed(push, context, level)
    said = words(shown)
    for told in map(words, texts):
        runs = {tuple(told[at : at + 4]) for at in range(len(told) - 3)}
        shared = (set(said) & set(told)) - COMMON_WORDS
        assert shown == NEUTRAL or not shared
        assert shown == NEUTRAL or not any(tuple(said[at : at + 4]) in runs for at in range(len(said) - 3))


@given(any_text, any_text)
@properties
def test_a_generic_push_is_the_neutral_text_whatever_was_written(push: str, entry: str) -> None:
    assert pushed(push, a_context(entry), PushPrivacy.GENERIC) == NEUTRAL


@pytest.mark.parametrize(
    ("push", "shown"),
    [
        ("A thought for you", True),
        ("What would help you today?", True),
        ("About the pills", False),
        ("ABOUT KARIM!", False),
        ("I was at the end", False),
        ("And now for something else", True),
        ("", False),
    ],
)
def test_a_private_push_is_shown_only_where_it_gives_nothing_away(push: str, shown: bool) -> None:  # noqa: FBT001
    assert pushed(push, a_context(ENTRY)) == (push if shown else NEUTRAL)


def test_an_open_push_is_the_drafts_own() -> None:
    assert pushed("About the pills", a_context(ENTRY), PushPrivacy.OPEN) == "About the pills"
    assert pushed("", a_context(ENTRY), PushPrivacy.OPEN) == NEUTRAL


@given(any_text, st.sampled_from(PushPrivacy))
@properties
def test_no_push_is_longer_than_a_lock_screen(push: str, level: PushPrivacy) -> None:
    assert len(pushed(push * 9, a_context(ENTRY), level)) <= MAX_PUSH_CHARS
