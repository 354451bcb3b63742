"""The kind of the next message: only what the facts allow, and never the same again while there is another."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.journal import NOW, an_entry
from tests.domain.strategies import any_text, properties

from reflecta.adapters.models.templates import load_templates
from reflecta.domain.context import NEWCOMER_ENTRIES, Context, build_context
from reflecta.domain.model import (
    COACHING_TYPES,
    ChallengeDegree,
    Feedback,
    Insight,
    Insights,
    MessageType,
    PastMessage,
    Preferences,
    User,
)
from reflecta.domain.rotation import choose, eligible, ranked

TEMPLATES = load_templates()
ENGLISH = TEMPLATES.languages["en"]
PLAIN = "The bus was late and the soup was warm."
GOAL = "I want to repaint the garden shed before winter."
WIN = "I managed to call the landlord and I was proud."
WORRY = "I was anxious about the invoice all afternoon."
HOPE = "I am proud of how the run along the canal went."
DOUBT = "I skipped the canal again, everything about it is too much."


def a_context(
    *written: tuple[int, str],
    messages: Sequence[PastMessage] = (),
    insights: Sequence[str] = (),
    challenge: ChallengeDegree = ChallengeDegree.MODERATE,
    entry_count: int = 40,
    with_memory: bool = True,
) -> Context:
    found = Insight(headline="x")
    return build_context(
        User(id="u", language="en", entry_count=entry_count, preferences=Preferences(challenge=challenge)),
        entries=[an_entry(text, number=n, at=NOW - timedelta(days=age)) for n, (age, text) in enumerate(written)],
        insights=Insights(
            user_id="u",
            main_focus=found if "mainFocus" in insights else None,
            key_blockers=found if "keyBlockers" in insights else None,
            plan=found if "plan" in insights else None,
        ),
        messages=messages,
        now=NOW,
        zone="UTC",
        budget=100_000,
        templates=TEMPLATES if with_memory else None,
    )


def sent(kind: MessageType, text: str = "Well?", *, rating: int | None = None) -> PastMessage:
    feedback = () if rating is None else (Feedback(message_id="m", kind="rated", rating=rating),)
    return PastMessage(id="m", type=kind, text=text, sent_at=NOW - timedelta(days=1), feedback=feedback)


def kinds(context: Context) -> set[MessageType]:
    return set(eligible(context, ENGLISH)) - {MessageType.GENERAL_REFLECTION}


GOALS = ((20, GOAL), (21, "I plan to learn the violin."), (22, "I will sell the bicycle for good."))
CASES = [
    (a_context((3, PLAIN)), set[MessageType]()),
    (a_context((1, GOAL)), {MessageType.CHECK_IN}),
    (a_context((7, GOAL)), {MessageType.CHECK_IN}),
    (a_context((0, GOAL)), set[MessageType]()),
    (a_context((8, GOAL)), {MessageType.REMINDER}),
    (a_context((2, "Finally the garden shed is grey no more."), (20, GOAL)), {MessageType.REMINDER}),
    (a_context((2, "The garden shed is done at last."), (20, GOAL)), set[MessageType]()),
    (a_context((1, GOAL), messages=[sent(MessageType.CHECK_IN, f"You wrote: “{GOAL[:-1]}”.")]), set[MessageType]()),
    (a_context((9, WIN)), {MessageType.ENCOURAGEMENT}),
    (a_context((20, WIN)), set[MessageType]()),
    (a_context((1, PLAIN), (2, PLAIN), (3, PLAIN), (9, PLAIN)), {MessageType.ENCOURAGEMENT}),
    (a_context((20, GOAL), challenge=ChallengeDegree.INTENSE), {MessageType.REMINDER, MessageType.CHALLENGE}),
    (a_context((1, PLAIN), challenge=ChallengeDegree.INTENSE), set[MessageType]()),
    (a_context((3, PLAIN), insights=["plan"]), {MessageType.ALIGNMENT_REFLECTION}),
    (a_context((3, PLAIN), insights=["mainFocus"]), {MessageType.ALIGNMENT_REFLECTION}),
    (a_context(*GOALS), {MessageType.REMINDER, MessageType.ALIGNMENT_REFLECTION}),
    (a_context(*GOALS[:2]), {MessageType.REMINDER}),
    (a_context((3, PLAIN), insights=["keyBlockers"]), {MessageType.RELEVANT_LESSON}),
    (a_context((3, WORRY)), {MessageType.RELEVANT_LESSON}),
    (a_context((1, DOUBT), (25, HOPE)), {MessageType.RELEVANT_LESSON, MessageType.PERSONAL_INSIGHT}),
    (a_context((1, DOUBT), (25, HOPE), entry_count=NEWCOMER_ENTRIES - 1), {MessageType.RELEVANT_LESSON}),
    (a_context((2, f"My father died. {GOAL} {WIN} {WORRY}")), set[MessageType]()),
]


@pytest.mark.parametrize(("context", "expected"), CASES)
def test_facts_decide_what_may_be_written(context: Context, expected: set[MessageType]) -> None:
    assert kinds(context) == expected


def test_without_memory_the_notes_themselves_are_asked() -> None:
    context = a_context((1, GOAL), (20, "I plan to learn the violin."), with_memory=False)
    assert kinds(context) == {MessageType.CHECK_IN, MessageType.REMINDER}


RICH = a_context((1, WORRY), (3, GOAL), (4, WIN), (5, DOUBT), (30, HOPE), *GOALS[1:], insights=["plan"])


def test_the_kind_of_the_last_message_gives_way_to_any_other() -> None:
    context = replace(RICH, messages=(sent(MessageType.CHECK_IN),))
    assert eligible(context, ENGLISH)[-1] is MessageType.CHECK_IN
    only = a_context((3, PLAIN), messages=[sent(MessageType.GENERAL_REFLECTION)])
    assert choose(only, ENGLISH) is MessageType.GENERAL_REFLECTION


def test_the_kind_used_longest_ago_comes_first() -> None:
    used = [kind for kind in COACHING_TYPES if kind in eligible(RICH, ENGLISH)]
    context = replace(RICH, messages=tuple(map(sent, used)))
    assert choose(context, ENGLISH) is used[-1]


def test_kinds_that_did_not_help_come_after_the_others() -> None:
    messages = (
        sent(MessageType.CHECK_IN),
        sent(MessageType.REMINDER, rating=4),
        sent(MessageType.ENCOURAGEMENT, rating=1),
    )
    order = ranked(replace(RICH, messages=messages))
    assert order[-2:] == [MessageType.ENCOURAGEMENT, MessageType.CHECK_IN]
    assert order[-3] is MessageType.REMINDER


def test_help_since_then_makes_up_for_a_message_that_did_not_help() -> None:
    messages = (
        sent(MessageType.CHECK_IN),
        sent(MessageType.ENCOURAGEMENT, rating=5),
        sent(MessageType.REMINDER),
        sent(MessageType.ENCOURAGEMENT, rating=1),
    )
    order = ranked(replace(RICH, messages=messages))
    assert order[-3:] == [MessageType.REMINDER, MessageType.ENCOURAGEMENT, MessageType.CHECK_IN]


def test_care_texts_are_no_turn_of_anybody() -> None:
    assert ranked(replace(RICH, messages=(sent(MessageType.CARE),))) == ranked(RICH)


_texts = st.lists(
    st.sampled_from([PLAIN, GOAL, WIN, WORRY, HOPE, DOUBT, "My father died."]) | any_text.filter(lambda t: len(t) < 60),
    max_size=4,
).map(" ".join)
_messages = st.builds(
    sent, st.sampled_from(MessageType), st.sampled_from(["Well?", GOAL, WIN]), rating=st.none() | st.integers(1, 5)
)


@given(
    st.lists(st.tuples(st.integers(-1, 60), _texts), max_size=8),
    st.lists(_messages, max_size=10),
    st.sets(st.sampled_from(["mainFocus", "keyBlockers", "plan"])),
    st.sampled_from(ChallengeDegree),
    st.booleans(),
)
@properties
def test_whatever_is_chosen_is_allowed_and_another_than_the_last_where_there_is_one(
    journal: list[tuple[int, str]],
    messages: list[PastMessage],
    insights: set[str],
    challenge: ChallengeDegree,
    with_memory: bool,  # noqa: FBT001
) -> None:
    context = a_context(
        *journal, messages=messages, insights=list(insights), challenge=challenge, with_memory=with_memory
    )
    allowed = eligible(context, ENGLISH)
    chosen = choose(context, ENGLISH)
    assert chosen in allowed
    assert MessageType.GENERAL_REFLECTION in allowed
    assert MessageType.CHALLENGE not in allowed or challenge in {ChallengeDegree.CHALLENGING, ChallengeDegree.INTENSE}
    assert len(allowed) == 1 or not messages or chosen is not messages[0].type
    assert chosen is choose(context, ENGLISH)


def test_sixty_days_of_a_rich_journal_bring_all_kinds_in_turn() -> None:
    journal = [
        (3 * n, text)
        for n, text in enumerate([WORRY, GOAL, WIN, DOUBT, "I plan to learn the violin.", PLAIN, HOPE] * 12)
    ]
    told: list[PastMessage] = []
    for day in range(60):
        entries = [(age - 150 + day, text) for age, text in journal if age - 150 + day >= 0]
        context = a_context(*entries, messages=told[:10], insights=["plan"], challenge=ChallengeDegree.CHALLENGING)
        told.insert(0, sent(choose(context, ENGLISH)))
    counts = Counter(message.type for message in told)
    entropy = -sum(n / 60 * math.log2(n / 60) for n in counts.values())
    assert entropy >= 2
    assert all(one.type is not other.type for one, other in pairwise(told))
