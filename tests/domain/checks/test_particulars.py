"""The dates, names and numbers of a message are those of the journal."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.checks.drafts import fault
from tests.domain.checks.messages import DUTCH, ENGLISH, FRENCH, GERMAN, ITALIAN, NOW, PORTUGUESE, SPANISH, TRUE, about
from tests.domain.journal import a_context, a_message, an_entry
from tests.domain.strategies import any_text, markup, properties

from reflecta.domain.context import Context
from reflecta.domain.model import CheckName, Draft, Insight, Insights, Onboarding, User


def unknown(draft: Draft, context: Context) -> str:
    return fault(CheckName.PARTICULARS, draft, context)


@pytest.mark.parametrize(("context", "draft"), TRUE)
def test_a_good_message_is_kept(context: Context, draft: Draft) -> None:
    assert unknown(draft, context) == ""


# What is true, and what it is altered to, in a message that cites the entry.
RUN = ("e2", "my knee held")
ALTERED = [
    (
        ENGLISH,
        RUN,
        "On Saturday you ran 5 km with Lena.",
        ["Wednesday"],
        ["9", "15", "50"],
        ["Boris", "Nora", "Leo"],
    ),
    (
        ENGLISH,
        RUN,
        "Three days ago you ran five kilometres with Lena.",
        ["Six", "Two", "Thirty"],
        ["nine", "ninety"],
        ["Karla"],
    ),
    (
        ENGLISH,
        ("e4", "no excuses"),
        "Three weeks ago you thought of Rosa, who turned 40.",
        ["Two", "Five"],
        ["41", "14"],
        ["Rita"],
    ),
    (
        ENGLISH,
        ("e5", "First lesson was fun"),
        "On 15 October you met your teacher, Inês.",
        ["16 October", "15 May"],
        ["Iris"],
    ),
    (
        ENGLISH,
        ("e3", "nobody forces me"),
        "You took three night shifts in a row, Olu or no Olu.",
        ["four", "two"],
        ["Max"],
    ),
    (
        GERMAN,
        ("e3", "Wir reden seit zwei Jahren nicht"),
        "Vor zwei Wochen hast du an deinen Bruder Karl gedacht.",
        ["drei"],
        ["Paul"],
    ),
    (
        GERMAN,
        ("e2", "Mein Rücken tut weh"),
        "Am Donnerstag hast du vom Rücken geschrieben, 3 Wochen lang.",
        ["Freitag"],
        ["5"],
    ),
    (
        SPANISH,
        ("e1", "Me sentí ligera"),
        "El domingo corriste cuarenta minutos con Marta.",
        ["lunes"],
        ["cincuenta"],
        ["Nuria"],
    ),
    (
        FRENCH,
        ("e2", "avant mes 45 ans"),
        "Le 12 décembre tu auras 45 ans, disais-tu à Marseille.",
        ["13 décembre"],
        ["46"],
        ["Lyon"],
    ),
    (
        PORTUGUESE,
        ("e1", "a Clara está com cólica"),
        "Ontem a Clara dormiu três horas.",
        ["Anteontem"],
        ["cinco"],
        ["Rita"],
    ),
    (ITALIAN, ("e1", "a marzo"), "Due giorni fa Giulia parlava di Berlino.", ["Cinque"], ["Marta"], ["Vienna"]),
    (DUTCH, ("e1", "naar Utrecht"), "Gisteren liep je vier uur met Joost.", ["Eergisteren"], ["zes"], ["Kees"]),
]
PARTICULAR = re.compile(
    r"Saturday|Sunday|15 October|12 décembre|Ontem|Gisteren|Donnerstag|domingo|\d+|[Tt]hree|five|zwei|cuarenta|três|Due"
    r"|vier|Lena|Rosa|Inês|Olu|Karl|Marta|Marseille|Clara|Giulia|Berlino|Joost"
)


def alterations() -> list[tuple[Context, Draft]]:
    """Give each true message with one of its particulars altered."""
    found: list[tuple[Context, Draft]] = []
    for context, cited, text, *wrong in ALTERED:
        for place, others in zip(PARTICULAR.finditer(text), wrong, strict=False):
            altered = (text[: place.start()] + other + text[place.end() :] for other in others)
            found += [(context, about(changed, cited)) for changed in altered]
    return found


@pytest.mark.parametrize(("context", "cited", "text"), [(context, cited, text) for context, cited, text, *_ in ALTERED])
def test_a_true_particular_is_kept(context: Context, cited: tuple[str, str], text: str) -> None:
    assert unknown(about(text, cited), context) == ""


@pytest.mark.parametrize(("context", "draft"), alterations())
def test_an_altered_date_name_or_number_is_refused(context: Context, draft: Draft) -> None:
    assert unknown(draft, context)


@pytest.mark.parametrize(
    ("text", "known"),
    [
        *(("On 2026-11-21 you ran.", True), ("On 2026-11-20 you ran.", False), ("On 21.11.2026 you ran.", True)),
        *(
            ("On November 21st, 2026, you ran.", True),
            ("On November 21, 2025, you ran.", False),
            ("In March you ran.", False),
        ),
        *(("On Saturday, the 21st of November, you ran.", True), ("On Sunday, 21 November, you ran.", False)),
        *(
            ("It is Tuesday again.", True),
            ("It is Wednesday again.", False),
            ("On Wednesday you wrote: “my knee held”.", False),
        ),
        *(
            ("Nine weeks ago you ran.", False),
            ("In 2026 you ran.", True),
            ("In 2019 you ran.", False),
            ("Yesterday you ran.", False),
        ),
        *(("You may rest now, and march on.", True), ("One of these days, one thing at a time.", True), ("24/7", True)),
        *(
            ("There are two sides to it, and all three are honest.", True),
            ("The last seven days had two voices.", True),
        ),
        *(
            ("Take ten minutes.", True),
            ("You had ANSWERS, I'm sure, and English tea.", True),
            ("God knows, Mum knows.", True),
        ),
        *(("Lena's knee, or Lenas.", True), ("It was Ana who ran, and Ana's knee.", True), ("Dear Ana, hello.", True)),
        *(
            ("Dear Tom, hello.", False),
            ("“I saw Boris in 1999 on Friday”, somebody said.", True),
            ("That cost 5,000.", False),
        ),
    ],
)
def test_particulars_are_read_as_people_write_them(text: str, known: bool) -> None:  # noqa: FBT001
    assert (unknown(about(text, RUN), ENGLISH) == "") is known


def test_what_the_app_knows_of_a_person_may_be_said() -> None:
    insights = Insights(user_id="u", plan=Insight(headline="Move to Bergen with Nils in 18 months"))
    user = User(id="u", first_name="Ana", onboarding=Onboarding(occupations=("Paramedic at Ullevål",)))
    context = a_context(
        "A long day.", insights=insights, user=user, messages=[a_message("You told me of Petra and her 60 sheep.")]
    )
    true = "Your plan for Bergen with Nils spans 18 months, and Ullevål is far from there; Petra keeps 60 sheep."
    assert unknown(about(true, ("e1", "A long day")), context) == ""
    assert unknown(about(true.replace("18", "17"), ("e1", "A long day")), context)


@pytest.mark.parametrize(("weeks", "known"), [(17, False), (18, True), (21, True), (24, True), (25, False)])
def test_three_weeks_ago_is_eighteen_to_twenty_four_days(weeks: int, known: bool) -> None:  # noqa: FBT001
    context = a_context(entries=[an_entry("I planted leeks.", at=NOW - timedelta(days=weeks))])
    context = replace(context, now=NOW, notes=tuple(replace(note, days_ago=weeks) for note in context.notes))
    draft = about("Three weeks ago you planted leeks.", ("e1", "I planted leeks"))
    assert (unknown(draft, context) == "") is known


def test_dates_are_those_of_the_entries() -> None:
    assert unknown(about("On Saturday you ran.", RUN), ENGLISH) == ""
    assert unknown(about("On Wednesday you ran.", RUN), ENGLISH)


@pytest.mark.parametrize(
    ("context", "text"),
    [
        (ENGLISH, "Boris said that your knee held."),
        (GERMAN, "Boris sagte dir, dass es dauert."),
        (SPANISH, "Boris dijo que corrieras."),
    ],
)
def test_where_a_sentence_begins_a_name_is_what_does_what_people_do(context: Context, text: str) -> None:
    cited = (context.notes[0].entry_id, context.notes[0].text[:20])
    assert "'Boris'" in unknown(about(text, cited), context)
    assert unknown(about(text.replace("Boris", "She"), cited), context) == ""


def test_days_written_and_entries_may_be_counted() -> None:
    cited = ("e1", "Slept six hours")
    assert unknown(about("Five entries lie behind you.", cited), ENGLISH) == ""
    assert unknown(about("Nine entries lie behind you.", cited), ENGLISH)
    assert unknown(about("Four of these days have an entry.", cited), ENGLISH)


@pytest.mark.parametrize(
    ("told", "said", "known"),
    [
        ("25 birds", "twenty-five birds", True),
        ("25 birds", "twenty five birds", True),
        ("twenty-five birds", "25 birds", True),
        ("twenty-five birds", "twenty-five birds", True),
        ("25 birds", "thirty-five birds", False),
        ("1,500 birds", "1500 birds", True),
        ("300 birds", "three hundred birds", True),
        ("15 birds", "1500 birds", False),
        ("twelve birds", "12 birds", True),
        ("zwölf birds", "12 birds", True),
    ],
)
def test_numbers_are_the_same_in_words_and_digits(told: str, said: str, known: bool) -> None:  # noqa: FBT001
    draft = about(f"You saw {said} by the lake.", ("e1", "I saw"))
    assert (unknown(draft, a_context(f"I saw {told} by the lake.")) == "") is known


def test_german_nouns_are_no_names() -> None:
    cited = ("e1", "Heute mit Mandy über die Werkstatt geredet")
    assert unknown(about("Der Mut am Morgen, die Ruhe im Garten und ein Glas Wein zählen.", cited), GERMAN) == ""
    assert unknown(about("Und dann kam dein Freund Boris dazu.", cited), GERMAN)


def test_a_fault_of_particulars_names_all_that_is_not_borne_out() -> None:
    said = unknown(about("On Wednesday you ran 99 km with Boris.", RUN), ENGLISH)
    assert all(name in said for name in ("'Wednesday'", "'99'", "'Boris'"))


@given(any_text | markup)
@properties
def test_numbers_alone_are_known_where_they_are_written(text: str) -> None:
    numbers = " ".join(re.findall(r"[0-9]+", text))
    assert unknown(about(numbers, ("e1", "Once")), a_context(f"Once: {numbers}")) == ""


@given(st.integers(13, 10**6), st.integers(13, 10**6))
@properties
def test_a_number_is_known_only_where_it_is_written(told: int, said: int) -> None:
    context = a_context(f"I counted {told} birds by the lake.")
    draft = about(f"You counted {said} birds by the lake.", ("e1", "birds by the lake"))
    years = {context.now.year, *(note.written_at.year for note in context.notes)}
    assert (unknown(draft, context) == "") is (told == said or said in years)
