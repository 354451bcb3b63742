import csv
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.data import need_data

from reflecta.adapters.models.composer import Composer
from reflecta.adapters.models.templates import load_templates
from reflecta.domain.checks import OPENING_WORDS, check_draft
from reflecta.domain.composing import compose, has_material
from reflecta.domain.context import Context, build_context
from reflecta.domain.errors import ModelRejected
from reflecta.domain.model import (
    ChallengeDegree,
    Draft,
    Entry,
    Insight,
    Insights,
    MessageType,
    PastMessage,
    Preferences,
    Purpose,
    Source,
    ToneDegree,
    User,
)
from reflecta.domain.prompt import Question, read_draft
from reflecta.domain.text import plain_text, words
from reflecta.domain.wording import fill, say_date
from reflecta.testing import FakeClock

TEMPLATES = load_templates()
LANGUAGES = sorted(TEMPLATES.languages)
NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
GOAL = "I want to finish the shed before winter comes."
FEELING = "I felt calm while sanding the old kitchen door."
WIN = "I managed to call my sister and I was proud."
WORRY = "I was anxious about the invoice all afternoon."
DOOR = "I painted the kitchen door green on Sunday."
INSIGHT = Insight(headline="x", sources=(Source(quote=WORRY),))
EVERY_INSIGHT = Insights(user_id="u", main_focus=INSIGHT, key_blockers=INSIGHT, plan=INSIGHT)


def written(*texts: str, days_ago: Sequence[int] = (), now: datetime = NOW) -> list[Entry]:
    ages = days_ago or range(1, len(texts) + 1)
    return [
        Entry(id=f"e{age}-{n}", user_id="u", content=text, text=text, written_at=at, updated_at=at)
        for n, (text, age) in enumerate(zip(texts, ages, strict=True))
        for at in (now - timedelta(days=age),)
    ]


def context_of(
    entries: Sequence[Entry],
    *,
    messages: Sequence[PastMessage] = (),
    insights: Insights | None = None,
    now: datetime = NOW,
    first_name: str | None = "Ana",
    language: str | None = None,
    preferences: Preferences | None = None,
) -> Context:
    user = User(
        id="u",
        first_name=first_name,
        language=language,
        entry_count=len(entries),
        preferences=preferences or Preferences(),
    )
    return build_context(
        user, entries=entries, insights=insights, messages=messages, now=now, zone="UTC", budget=100_000
    )


def sent(draft: Draft, *, number: int = 0, at: datetime = NOW) -> PastMessage:
    return PastMessage(id=f"m{number}", type=draft.type, text=draft.text, sent_at=at)


def composed(context: Context, variant: int = 0) -> Draft:
    draft = compose(context, TEMPLATES, variant)
    assert draft is not None
    return draft


def faults(draft: Draft, context: Context) -> list[str]:
    return [check.fault for check in check_draft(draft, context) if not check.passed]


def a_question(purpose: Purpose, context: Context, *, variant: int = 0) -> Question:
    return Question(
        purpose=purpose, instructions="", content="", schema={}, prompt_version="", context=context, variant=variant
    )


RICH = context_of(written(GOAL, FEELING, WIN, WORRY, DOOR))

# --- what is written ---


def test_a_goal_of_this_week_is_asked_after_in_the_persons_own_words() -> None:
    draft = composed(context_of(written(GOAL, days_ago=[3])))
    assert draft.type is MessageType.CHECK_IN
    assert "“I want to finish the shed before winter comes”" in draft.text
    assert "on Saturday" in draft.text


def test_a_goal_older_than_a_week_is_brought_to_mind() -> None:
    draft = composed(context_of(written(GOAL, days_ago=[21])))
    assert draft.type is MessageType.REMINDER
    assert "three weeks ago" in draft.text


def test_a_success_is_met_with_encouragement() -> None:
    assert composed(context_of(written(WIN))).type is MessageType.ENCOURAGEMENT


def test_a_success_that_did_not_happen_is_not_praised() -> None:
    assert composed(context_of(written("I was not proud of how the call went."))).type is MessageType.GENERAL_REFLECTION


def test_a_run_of_days_is_counted_only_when_the_context_shows_the_whole_week() -> None:
    context = context_of(written(FEELING, DOOR, "My brother rang about the roof."))
    assert "hree" in composed(context).text
    assert composed(replace(context, entry_count=40)).type is not MessageType.ENCOURAGEMENT


def test_a_challenge_goes_only_to_those_who_asked_for_one() -> None:
    entries = written(GOAL, days_ago=[0])
    gentle = composed(context_of(entries, preferences=Preferences(challenge=ChallengeDegree.GENTLE)))
    intense = composed(context_of(entries, preferences=Preferences(challenge=ChallengeDegree.INTENSE)))
    assert (gentle.type, intense.type) == (MessageType.GENERAL_REFLECTION, MessageType.CHALLENGE)


def test_a_lesson_is_offered_only_beside_what_the_app_found_to_be_a_blocker() -> None:
    past = [sent(composed(RICH))]
    context = context_of(written(WORRY), insights=Insights(user_id="u", key_blockers=INSIGHT), messages=past)
    assert composed(context).type is MessageType.RELEVANT_LESSON
    assert composed(context_of(written(WORRY), messages=past)).type is MessageType.GENERAL_REFLECTION


def test_two_entries_are_set_side_by_side_only_when_they_share_a_subject() -> None:
    long_ago = written(*(f"So-so {n}." for n in range(9)), days_ago=range(100, 109))
    used = [replace(sent(composed(RICH)), type=MessageType.GENERAL_REFLECTION)]
    related = context_of([*written(DOOR, FEELING, days_ago=[9, 12]), *long_ago], messages=used)
    unrelated = context_of(
        [*written(DOOR, "I ate soup with Karim at noon today.", days_ago=[9, 12]), *long_ago], messages=used
    )
    assert composed(related).type is MessageType.PERSONAL_INSIGHT
    assert composed(unrelated).type is MessageType.GENERAL_REFLECTION


@pytest.mark.parametrize(
    "text",
    [
        "Tired again today.",
        "What am I waiting for, a memo from heaven?",
        "I SHOUTED AT THE WHOLE KITCHEN TODAY.",
        "I wrote to <b>him</b> about the money today.",
        "“Go home and sleep, all of you, now.”",
        "I read it on www.example.com all evening long.",
        "I wanted to say it but then ...",
        "My father died on the first day of spring.",
    ],
)
def test_fragments_questions_shouting_markup_speech_and_grave_matters_are_not_quoted(text: str) -> None:
    assert compose(context_of(written(text)), TEMPLATES) is None


def test_somebody_elses_speech_is_not_put_into_the_writers_mouth() -> None:
    text = "He said, “Two days? I have done it since my second kid was born. Send me the list.”"
    assert compose(context_of(written(text)), TEMPLATES) is None


def test_a_quote_of_the_last_messages_is_not_used_again() -> None:
    first = composed(context_of(written(FEELING)))
    assert compose(context_of(written(FEELING), messages=[sent(first)]), TEMPLATES) is None


def test_the_type_used_last_gives_way_to_another() -> None:
    first = composed(RICH)
    second = composed(replace(RICH, messages=(sent(first),)))
    assert first.type is not second.type


@pytest.mark.parametrize(("language", "word"), [("es", "escribiste"), ("de", "geschrieben"), ("pt-BR", "você")])
def test_the_message_is_in_the_persons_language(language: str, word: str) -> None:
    texts = {composed(context_of(written(DOOR), language=language), variant).text for variant in range(4)}
    assert any(word in text for text in texts)


def test_without_a_stated_language_the_journal_decides() -> None:
    draft = composed(context_of(written("Je me suis promenée avec ma sœur le long de la Loire.")))
    assert "« Je me suis promenée avec ma sœur le long de la Loire »" in draft.text


def test_direct_templates_are_kept_from_those_who_asked_for_support() -> None:
    direct = {t.text[:20] for t in TEMPLATES.languages["en"].templates if not t.suits(ToneDegree.SUPPORTIVE)}
    openings = {composed(RICH, variant).text[:20] for variant in range(40)}
    assert direct
    assert not direct & openings


@pytest.mark.parametrize("name", [None, "", "  ", "<b>x</b>", "{quote}", "x" * 200, "Ana\nBo!", "R2D2"])
def test_without_a_usable_name_the_text_reads_on(name: str | None) -> None:
    for variant in range(40):
        text = composed(replace(RICH, first_name=name), variant).text
        assert not any(wrong in text for wrong in (", ,", ", ?", ", .", ", :", ",,", "{", " ?", "  ", "<b>"))


@pytest.mark.parametrize(
    ("days_ago", "said"),
    [
        (0, "today"),
        (1, "yesterday"),
        (2, "on Sunday"),
        (7, "on Tuesday 17 November"),
        (21, "three weeks ago"),
        (22, "on Monday 2 November"),
        (365, "on 24 November 2025"),
        (-1, "on Wednesday 25 November"),
    ],
)
def test_dates_are_said_in_words(days_ago: int, said: str) -> None:
    dates = TEMPLATES.languages["en"].dates
    assert say_date(NOW - timedelta(days=days_ago), days_ago=days_ago, now=NOW, dates=dates) == said


def test_filled_in_braces_stay_what_they_are() -> None:
    assert fill("{date}: “{quote}”", {"date": "today", "quote": "{date}"}) == "Today: “{date}”"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("I walked home alone.", True), ("So tired today.", False), ("", False), ("今日は仕事で疲れた。", True)],
)
def test_material_is_one_sentence_of_four_words(text: str, *, expected: bool) -> None:
    assert has_material(context_of(written(text))) is expected


# --- properties ---

_sentence = st.one_of(
    st.sampled_from(
        [GOAL, FEELING, WIN, WORRY, DOOR, "Mañana voy a llamar a mi madre.", "Ich will morgen früh laufen."]
    ),
    st.lists(st.sampled_from("I you walked home Karim door felt happy 14 and nothing blue –".split()), max_size=30).map(
        lambda said: " ".join(said) + "."
    ),
    st.text(st.characters(codec="utf-8"), max_size=80),
    st.sampled_from(["“Come home”, she said.", "<b>{quote}</b>", "Dr. Ames said no to me again today.", "a" * 400]),
)
_texts = st.lists(_sentence, max_size=5).map(" ".join).map(plain_text)


@st.composite
def contexts(draw: st.DrawFn) -> Context:
    texts = draw(st.lists(_texts, min_size=1, max_size=8))
    days_ago = draw(st.lists(st.integers(-2, 400), min_size=len(texts), max_size=len(texts)))
    preferences = Preferences(challenge=draw(st.sampled_from(ChallengeDegree)), tone=draw(st.sampled_from(ToneDegree)))
    context = context_of(
        written(*texts, days_ago=days_ago),
        insights=draw(st.sampled_from([None, EVERY_INSIGHT])),
        first_name=draw(st.one_of(st.none(), st.text(max_size=12), st.just("Zoë"))),
        language=draw(st.sampled_from([None, "xx", *LANGUAGES])),
        preferences=preferences,
    )
    past = [compose(context, TEMPLATES, variant) for variant in range(draw(st.integers(0, 4)))]
    return replace(context, messages=tuple(sent(draft, number=n) for n, draft in enumerate(past) if draft))


@settings(deadline=None, max_examples=150)
@given(contexts(), st.integers(0, 2**40))
def test_whatever_is_composed_passes_every_check_and_is_complete(context: Context, variant: int) -> None:
    draft = compose(context, TEMPLATES, variant)
    if draft is None:
        return
    assert faults(draft, context) == []
    assert 40 <= len(words(draft.text)) <= 115
    assert len(draft.push_text) <= 100
    assert not {"{date}", "{name}", "{days}", "{date2}", "{quote2}"} & set(draft.text.split())


@settings(deadline=None, max_examples=60)
@given(contexts(), st.integers(0, 2**40))
def test_every_quote_stands_in_its_entry_letter_by_letter(context: Context, variant: int) -> None:
    draft = compose(context, TEMPLATES, variant)
    notes = {note.entry_id: note.text for note in context.notes}
    for evidence in draft.evidence if draft else ():
        assert evidence.quote in notes[evidence.entry_id]
        assert evidence.quote in draft.text if draft else True


@settings(deadline=None, max_examples=40)
@given(contexts(), st.integers(0, 2**40))
def test_the_same_context_and_variant_give_the_same_draft(context: Context, variant: int) -> None:
    assert compose(context, TEMPLATES, variant) == compose(context, TEMPLATES, variant)


# --- the adapter ---


async def test_a_draft_is_answered_free_of_cost_and_labelled_as_no_work_of_a_model() -> None:
    completion = await Composer(TEMPLATES, FakeClock(NOW)).complete(a_question(Purpose.DRAFT, RICH))
    assert not completion.ai_generated
    assert (completion.call.model, completion.call.prompt_version) == ("composer/1", TEMPLATES.version)
    assert (completion.call.at, completion.call.cost_reported, completion.call.input_tokens) == (NOW, 0.0, 0)
    assert faults(read_draft(completion.text, ai_generated=False), RICH) == []


@pytest.mark.parametrize("language", LANGUAGES)
async def test_revisions_differ_from_the_draft_and_from_each_other(language: str) -> None:
    composer = Composer(TEMPLATES, FakeClock())
    context = replace(RICH, language=language)
    for start in range(12):
        asked = [(Purpose.DRAFT, start), (Purpose.REVISION, start + 1), (Purpose.REVISION, start + 2)]
        answers = [await composer.complete(a_question(p, context, variant=variant)) for p, variant in asked]
        drafts = [read_draft(answer.text) for answer in answers]
        assert len({draft.text.replace(draft.evidence[0].quote, "") for draft in drafts}) == 3
        assert drafts[0].evidence != drafts[1].evidence


async def test_a_revision_of_the_same_variant_differs_too() -> None:
    composer = Composer(TEMPLATES, FakeClock())
    one = await composer.complete(a_question(Purpose.DRAFT, RICH, variant=7))
    other = await composer.complete(a_question(Purpose.REVISION, RICH, variant=7))
    assert one.text != other.text


async def test_with_nothing_quotable_it_declines() -> None:
    completion = await Composer(TEMPLATES, FakeClock()).complete(
        a_question(Purpose.DRAFT, context_of(written("Tired.")))
    )
    assert completion.declined
    assert not completion.text


async def test_it_does_not_judge() -> None:
    with pytest.raises(ModelRejected):
        await Composer(TEMPLATES, FakeClock()).complete(a_question(Purpose.ASSESSMENT, RICH))


# --- many days ---

_DONE = (
    "fixed the kitchen tap",
    "wrote to the landlord",
    "walked by the canal",
    "cooked lentils for Mei",
    "sorted the tax papers",
)
_FELT = ("calm", "anxious", "proud", "tired", "glad", "restless")


def a_diary(first_day: datetime) -> list[Entry]:
    """Give 30 entries, one every second day, of a person with plans, worries and successes."""
    texts = [
        f"I {_DONE[n % 5]} on my own, round {n}. It left me {_FELT[n % 6]} and I felt it until supper number {n}. "
        + (f"This month I want to swim {n} lengths without stopping. " if n % 3 == 0 else "")
        + (f"I managed to sleep {n % 5 + 4} hours and was grateful. " if n % 4 == 1 else "")
        + (f"I avoided letter {n} from the bank again." if n % 4 == 2 else "")
        for n in range(30)
    ]
    return [
        Entry(id=f"d{n}", user_id="u", content=text, text=plain_text(text), written_at=at, updated_at=at)
        for n, text in enumerate(texts)
        for at in (first_day + timedelta(days=2 * n, hours=11),)
    ]


@cache
def sixty_days(language: str) -> list[tuple[Draft, Context]]:
    diary = a_diary(NOW - timedelta(days=40))
    preferences = Preferences(challenge=ChallengeDegree.CHALLENGING)
    told: list[tuple[Draft, Context]] = []
    for day in range(60):
        now = NOW + timedelta(days=day)
        past = [sent(draft, at=c.now) for draft, c in reversed(told[-10:])]
        entries = [entry for entry in diary if entry.written_at <= now][-20:]
        context = context_of(
            entries, messages=past, now=now, insights=EVERY_INSIGHT, language=language, preferences=preferences
        )
        draft = compose(context, TEMPLATES, day * 7919)
        told += [(draft, context)] if draft else []
    return told


def test_sixty_daily_messages_to_one_person_stay_sound_and_varied() -> None:
    told = sixty_days("en")
    counts = Counter(draft.type for draft, _ in told)
    entropy = -sum(n / len(told) * math.log2(n / len(told)) for n in counts.values())
    assert len(told) == 60
    assert [fault for draft, context in told for fault in faults(draft, context)] == []
    assert entropy >= 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_opening_comes_back_within_ten_messages(language: str) -> None:
    openings = [tuple(words(draft.text)[:OPENING_WORDS]) for draft, _ in sixty_days(language)]
    assert len(openings) >= 50
    for at, opening in enumerate(openings):
        assert opening not in openings[max(0, at - 10) : at]


# --- real journals ---


def real_people() -> list[list[Entry]]:
    """Give the 737 real entries as the journals of 60 people, written on consecutive days."""
    with need_data("journals/lemotif-half.csv").open(encoding="utf-8", newline="") as file:
        answers = [plain_text(row["Answer"]) for row in csv.DictReader(file)]
    people = [answers[n::60] for n in range(60)]
    return [written(*texts) for texts in people]


def test_real_journals_have_material_and_their_first_message_passes_every_check() -> None:
    people = [context_of(entries, first_name=None) for entries in real_people()]
    first = [(draft, context) for context in people if (draft := compose(context, TEMPLATES)) is not None]
    assert len(first) >= 0.95 * len(people)
    assert sum(map(has_material, people)) >= 0.95 * len(people)
    assert [fault for draft, context in first for fault in faults(draft, context)] == []


def test_real_journals_give_a_fortnight_of_sound_messages() -> None:
    for entries in real_people()[::6]:
        told: list[PastMessage] = []
        for day in range(14):
            context = context_of(entries, messages=told[::-1][:10], now=NOW + timedelta(days=day))
            draft = compose(context, TEMPLATES, day)
            assert draft is None or faults(draft, context) == []
            told += [sent(draft, number=day)] if draft else []
        assert len(told) >= 10
