"""What older entries bring to mind: open commitments, people, and what changed; always in the person's own words."""

import sys
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.journal import NOW, PARIS, an_entry
from tests.domain.strategies import any_text, properties

from reflecta.adapters.models.templates import load_templates
from reflecta.domain.context import Context, build_context, tokens
from reflecta.domain.memory import EXCERPT_TOKENS, MAX_OLDER, MAX_RECENT, Memory
from reflecta.domain.model import User
from reflecta.domain.sayings import Journal

TEMPLATES = load_templates()
PLAIN = "The bus was late and the soup was warm today."
SHED = "I want to repaint the garden shed before winter."


def remembered(*written: tuple[int, str], budget: int = 6000, language: str = "en") -> Context:
    """Give the context of a person who wrote these texts so many days ago."""
    entries = [an_entry(text, number=n, at=NOW - timedelta(days=age)) for n, (age, text) in enumerate(written, 1)]
    return build_context(
        User(id="u", language=language, entry_count=len(entries)),
        entries=entries,
        insights=None,
        messages=(),
        now=NOW,
        zone=PARIS,
        budget=budget,
        templates=TEMPLATES,
    )


def memory_of(context: Context) -> Memory:
    assert context.memory is not None
    return context.memory


def open_commitments(*written: tuple[int, str], language: str = "en") -> list[str]:
    return [excerpt.quote for excerpt in memory_of(remembered(*written, language=language)).commitments]


# --- commitments ---


def test_an_old_promise_is_kept_in_mind_when_its_entry_is_not_shown() -> None:
    context = remembered(*((n, PLAIN * 10) for n in range(1, 30)), (40, f"{PLAIN} {SHED} {PLAIN}"), budget=600)
    (commitment,) = memory_of(context).commitments
    assert (commitment.quote, commitment.note.days_ago) == (SHED, 40)
    assert commitment.note.entry_id not in {note.entry_id for note in context.notes}
    assert [note.text for note in context.earlier] == [SHED]
    assert context.sources[commitment.note.entry_id] is commitment.note


@pytest.mark.parametrize(
    "later",
    [
        "Finally the garden shed has its new coat.",
        "The garden shed is done, two days early.",
        "I dropped the plan with the garden shed.",
    ],
)
def test_what_was_done_or_given_up_is_no_open_commitment(later: str) -> None:
    assert open_commitments((3, later), (30, SHED)) == []


@pytest.mark.parametrize(
    "later",
    [
        "The garden shed is still grey and wet.",
        "Finally it rained on the roof of the bus stop.",
        "The garden shed is not finally painted, not even half of it.",
    ],
)
def test_a_mere_mention_leaves_a_commitment_open(later: str) -> None:
    assert open_commitments((3, later), (30, SHED)) == [SHED]


def test_what_was_done_before_it_was_promised_settles_nothing() -> None:
    assert open_commitments((3, SHED), (30, "Finally the garden shed has its new coat.")) == [SHED]


def test_of_a_promise_made_twice_the_newest_wording_is_kept() -> None:
    assert open_commitments((20, SHED), (40, "I will repaint the garden shed in spring.")) == [SHED]


def test_what_only_looks_like_an_intention_is_none() -> None:
    assert open_commitments((5, "I will always love that garden shed.")) == []


def test_many_new_promises_do_not_push_out_the_old_ones() -> None:
    subjects = "violin marathon kitchen balcony tax insurance pottery Portuguese bicycle aquarium".split()
    new = [(n, f"I want to care for the {subject} this month.") for n, subject in enumerate(subjects[:6], 1)]
    old = [(n, f"I want to care for the {subject} this month.") for n, subject in enumerate(subjects[6:], 20)]
    ages = [excerpt.note.days_ago for excerpt in memory_of(remembered(*new, *old)).commitments]
    assert ages == [1, 2, 3, 20, 21, 22, 23]


@pytest.mark.parametrize(
    ("language", "promise"),
    [
        ("de", "Ich will endlich die Garage aufräumen und streichen."),
        ("es", "Mañana voy a llamar al banco por la hipoteca."),
        ("fr", "Je veux apprendre le violoncelle avant la retraite."),
        ("pt", "Quero escrever uma carta para a professora."),
    ],
)
def test_promises_are_found_in_every_language(language: str, promise: str) -> None:
    assert open_commitments((20, f"Texto. {promise}"), language=language) == [promise]


def test_entries_with_a_grave_matter_give_no_commitment() -> None:
    assert open_commitments((20, f"My father died this week. {SHED}")) == []


# --- people ---


@pytest.mark.parametrize(
    ("text", "name", "quote"),
    [
        ("Rain. My sister Anna came by with soup. Good.", "Anna", "My sister Anna came by with soup."),
        ("We met Tom, my boss, at the lake.", "Tom", "We met Tom, my boss, at the lake."),
        ("I called our old neighbour Olga today.", "Olga", "I called our old neighbour Olga today."),
        ("Priya (my manager) liked it.", "Priya", "Priya (my manager) liked it."),
        ("Lunch with my best friend, Zoë.", "Zoë", "Lunch with my best friend, Zoë."),
    ],
)
def test_a_name_is_found_with_the_words_that_say_who_it_is(text: str, name: str, quote: str) -> None:
    (person,) = memory_of(remembered((2, text))).people
    assert (person.name, person.excerpt.quote) == (name, quote)


@pytest.mark.parametrize(
    ("language", "text", "name"),
    [
        ("de", "Gestern war meine Schwester Anna da.", "Anna"),
        ("de", "Ich sah Jonas, meinen Bruder, am Bahnhof.", "Jonas"),
        ("es", "Ayer vino mi hermana Ana con los niños.", "Ana"),
        ("fr", "Ma sœur Élise a téléphoné ce soir.", "Élise"),
        ("pt", "Minha irmã Júlia ligou de manhã cedo.", "Júlia"),
    ],
)
def test_people_are_found_in_every_language(language: str, text: str, name: str) -> None:
    assert [person.name for person in memory_of(remembered((2, text), language=language)).people] == [name]


@pytest.mark.parametrize(
    "text",
    [
        "My sister came by.",
        "His sister Anna came by.",
        "My sister and I went out.",
        "My boss Monday was late again.",
        "MY SISTER IS LATE AGAIN.",
    ],
)
def test_nobody_is_introduced_without_a_name_or_without_being_the_writers(text: str) -> None:
    assert memory_of(remembered((2, text))).people == ()


def test_the_newest_words_that_say_who_somebody_is_are_kept() -> None:
    people = memory_of(remembered((2, "Tom, my friend, rang."), (90, "Tom, my boss, was rude."))).people
    assert [(person.name, person.excerpt.note.days_ago) for person in people] == [("Tom", 2)]


# --- contrasts ---

HOPE = "I am proud of how the evening runs along the canal went."
DOUBT = "I skipped the canal again, everything about it is too much."


@pytest.mark.parametrize(("newer", "older"), [(HOPE, DOUBT), (DOUBT, HOPE)])
def test_the_contrary_said_weeks_before_is_laid_beside_what_is_said_now(newer: str, older: str) -> None:
    (contrast,) = memory_of(remembered((1, newer), (25, older))).contrasts
    assert (contrast.newer.quote, contrast.older.quote) == (newer, older)
    assert (contrast.newer.note.days_ago, contrast.older.note.days_ago) == (1, 25)


@pytest.mark.parametrize(
    ("newer", "older", "age"),
    [
        (HOPE, DOUBT, 10),
        (HOPE, HOPE.replace("proud", "grateful"), 25),
        (HOPE, "I skipped the dentist again, it is too much.", 25),
        ("Finally the canal is grey no more.", HOPE, 25),
    ],
)
def test_days_apart_one_way_or_another_subject_make_no_contrast(newer: str, older: str, age: int) -> None:
    assert memory_of(remembered((1, newer), (age, older))).contrasts == ()


@pytest.mark.parametrize("graves", [("", "My father died. "), ("My father died. ", "")])
def test_entries_with_a_grave_matter_make_no_contrast(graves: tuple[str, str]) -> None:
    newer, older = graves
    assert memory_of(remembered((1, newer + HOPE), (25, older + DOUBT))).contrasts == ()


# --- all of it ---

_sentence = st.one_of(
    st.sampled_from(
        [PLAIN, SHED, HOPE, DOUBT, "My sister Anna came by.", "My father died.", "İ will. “I want to go.”"]
    ),
    st.lists(st.sampled_from("I want to my sister Anna will paint shed . ? “ ” ' \n canal hard not".split(" ")))
    .map(" ".join)
    .map(str.strip),
    any_text.filter(lambda text: len(text) < 80),
)
_journals = st.lists(
    st.tuples(st.integers(-1, 120), st.lists(_sentence, max_size=4).map(" ".join)), min_size=1, max_size=12
)


@given(_journals, st.integers(0, 2000), st.sampled_from(["en", "de", "xx"]))
@properties
def test_every_excerpt_stands_in_its_entry_and_all_fit_a_quarter(
    journal: list[tuple[int, str]], budget: int, language: str
) -> None:
    context = remembered(*journal, budget=budget, language=language)
    texts = {f"e{n}": text for n, (_, text) in enumerate(journal, 1)}
    excerpts = list(memory_of(context).excerpts())
    for excerpt in excerpts:
        assert excerpt.quote in texts[excerpt.note.entry_id]
        assert excerpt.quote in excerpt.note.text
        assert context.sources[excerpt.note.entry_id] is excerpt.note
    assert sum(tokens(excerpt.quote) + EXCERPT_TOKENS for excerpt in excerpts) <= budget // 4
    assert not {note.entry_id for note in context.earlier} & {note.entry_id for note in context.notes}


@given(_journals)
@properties
def test_no_list_outgrows_its_bound_and_the_same_journal_gives_the_same(journal: list[tuple[int, str]]) -> None:
    memory = memory_of(remembered(*journal))
    assert len(memory.commitments) <= MAX_RECENT + MAX_OLDER
    assert len({person.name for person in memory.people}) == len(memory.people)
    assert memory == memory_of(remembered(*journal))


WON = "We finally finished the old boat and it floats."
HARD = "I am struggling with the night shifts again."


def test_what_went_right_lately_and_what_is_hard_are_found_and_shown_to_no_writer() -> None:
    context = remembered((2, f"{PLAIN} {WON}"), (20, f"{WON} {HARD}"), (60, HARD))
    memory = memory_of(context)
    assert [(win.quote, win.note.days_ago) for win in memory.wins] == [(WON, 2)]
    assert [(hard.quote, hard.note.days_ago) for hard in memory.struggles] == [(HARD, 20), (HARD, 60)]
    assert not {*memory.wins, *memory.struggles} & set(memory.excerpts())


def test_beside_a_grave_matter_nothing_went_right_and_nothing_is_hard() -> None:
    memory = memory_of(remembered((1, f"My mother died on Sunday. {WON} {HARD}")))
    assert (memory.wins, memory.struggles) == ((), ())


def test_small_letters_are_as_many_as_those_written() -> None:
    every = "".join(chr(code) for code in range(sys.maxunicode + 1))
    (note,) = remembered((1, "x")).notes
    written = [
        type(note)(entry_id="e", written_at=NOW, days_ago=1, text=every[at : at + 999]) for at in range(0, 99999, 999)
    ]
    journal = Journal(written, TEMPLATES.languages["en"].cues)
    assert len(journal.text) == sum(len(note.text) + 1 for note in written)


def test_without_templates_nothing_is_brought_to_mind() -> None:
    entries = [an_entry(SHED)]
    context = build_context(User(id="u"), entries=entries, insights=None, messages=(), now=NOW, zone=PARIS, budget=100)
    assert context.memory is None
    assert context.earlier == ()
