from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from evals.authoring import LEAST, faults_in, has_false_quotation
from evals.cases import ALTERED_VALUE, CHECKED, JUDGED, MESSAGES, Candidate, Label, Persona, load_personas

PERSONAS = load_personas()
NORA = next(persona for persona in PERSONAS if persona.name == "nora")


def _one(label: Label, persona: Persona = NORA) -> Candidate:
    return next(candidate for candidate in persona.candidates if candidate.label is label)


def _with(candidate: Candidate, *, text: str) -> Candidate:
    return replace(candidate, draft=replace(candidate.draft, text=text))


def _faults_with(candidate: Candidate) -> list[str]:
    """Give what is wrong with the suite once this candidate stands in it in place of the one of the same id."""
    changed = tuple(candidate if known.id == candidate.id else known for known in NORA.candidates)
    return faults_in([replace(NORA, candidates=changed), *(p for p in PERSONAS if p is not NORA)])


def test_the_suite_is_what_its_labels_say() -> None:
    assert faults_in(PERSONAS) == []


def test_there_are_enough_messages_of_every_label() -> None:
    counts = Counter(candidate.label for persona in PERSONAS for candidate in persona.candidates)

    assert all(counts[label] >= LEAST[label] for label in Label), counts
    assert counts[Label.GOOD] >= 100
    assert all(counts[label] >= 18 for label in ALTERED_VALUE)
    assert counts.total() >= 330


def test_there_are_twelve_people_in_five_languages() -> None:
    languages = Counter(persona.user.language for persona in PERSONAS)

    assert len(PERSONAS) >= 12
    assert languages["en"] >= 8
    assert {"de", "es", "fr", "pt"} <= languages.keys()


def test_a_fault_is_either_for_a_check_or_for_a_judge() -> None:
    assert CHECKED | JUDGED | {Label.GOOD, Label.DERIVED} == set(Label)
    assert not CHECKED & JUDGED
    assert not (CHECKED | JUDGED) & {Label.GOOD, Label.DERIVED}


def test_a_value_that_occurs_is_for_a_judge_and_one_that_does_not_for_a_check() -> None:
    assert Label.SWAPPED in JUDGED
    assert ALTERED_VALUE <= CHECKED


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona.name)
def test_a_context_holds_the_whole_journal_at_the_hours_it_was_written(persona: Persona) -> None:
    context = persona.context()

    assert {note.entry_id for note in context.notes} == {entry.id for entry in persona.entries}
    assert all(note.days_ago > 0 and note.written_at <= context.now for note in context.notes)
    assert context.now == persona.now.astimezone(ZoneInfo(persona.zone))
    assert len(context.messages) == len(persona.past)


def test_days_ago_count_local_dates_not_hours() -> None:
    entry = next(entry for entry in NORA.entries if entry.id == "e12")

    assert (entry.written_at.astimezone(ZoneInfo(NORA.zone)).hour, NORA.now - entry.written_at) == (
        22,
        timedelta(hours=10),
    )


def test_an_altered_message_differs_from_its_model_only_where_words_were_swapped() -> None:
    altered = {candidate.id: candidate for candidate in NORA.candidates}

    assert altered["nora-a2"].draft.text == altered["nora-08"].draft.text.replace("for £150", "for £250")
    assert altered["nora-a2"].draft.evidence == altered["nora-08"].draft.evidence


def test_a_quotation_that_a_word_was_changed_in_is_false() -> None:
    assert has_false_quotation(_one(Label.ALTERED_QUOTE).draft, NORA)
    assert not any(has_false_quotation(c.draft, NORA) for c in NORA.candidates if c.label is Label.GOOD)


def test_a_good_message_that_quotes_what_nobody_wrote_is_named() -> None:
    good = _one(Label.GOOD)
    changed = _with(good, text=good.draft.text.replace("it's one sentence", "it's two sentences"))

    assert [fault.split(":")[0] for fault in _faults_with(changed)] == [good.id]


def test_a_good_message_with_two_questions_is_named() -> None:
    good = _one(Label.GOOD)

    assert _faults_with(_with(good, text=f"{good.draft.text} Or not?")) == [f"{good.id}: 2 questions"]


@pytest.mark.parametrize(
    ("words", "number"), [("in 850 days", "850"), ("at 7.15 in the evening", "7.15"), ("since 1987", "1987")]
)
def test_a_good_message_with_a_number_of_nobody_is_named(words: str, number: str) -> None:
    good = _one(Label.GOOD)
    changed = _with(good, text=f"{good.draft.text} It was {words}.")

    assert _faults_with(changed) == [f"{good.id}: {number} occurs nowhere in the context"]


@pytest.mark.parametrize("words", ["16 days ago", "on the 28th, or 28 April", "£150", "in 2026"])
def test_a_good_message_may_tell_what_was_written_and_when(words: str) -> None:
    good = _one(Label.GOOD)

    assert _faults_with(_with(good, text=f"{good.draft.text} It was {words}.")) == []


@pytest.mark.parametrize("value", ["22 May", "ravi", "Saturday", "2026-05-13", "Twenty-four", "1,500"])
def test_an_altered_value_that_occurs_in_the_context_is_named(value: str) -> None:
    altered = _one(Label.ALTERED_NUMBER)
    changed = replace(altered, value=(*altered.value, value))

    assert _faults_with(changed) == [f"{altered.id}: {value} occurs in the context"]


@pytest.mark.parametrize("value", ["500", "15", "Rav", "four-hundred", "2026-05-15"])
def test_a_part_of_a_number_or_word_is_no_occurrence(value: str) -> None:
    altered = _one(Label.ALTERED_NUMBER)

    assert _faults_with(replace(altered, value=(*altered.value, value))) == []


def test_an_altered_message_names_its_value_and_says_it() -> None:
    altered = _one(Label.ALTERED_NAME)

    assert _faults_with(replace(altered, value=())) == [f"{altered.id}: names no altered value"]
    assert _faults_with(replace(altered, value=("Eustace",))) == [f"{altered.id}: does not say Eustace"]


@pytest.mark.parametrize("label", [Label.DERIVED, Label.SWAPPED])
def test_a_message_that_counts_in_no_figure_of_the_checks_says_why(label: Label) -> None:
    candidate = _one(label)

    assert _faults_with(candidate) == []
    assert f"{candidate.id}: labelled {label}, and no note says why" in _faults_with(replace(candidate, note=""))


def test_a_negation_whose_words_stand_in_the_entry_is_named() -> None:
    negation = _one(Label.NEGATION)
    changed = _with(negation, text="You wrote, “ready and I know I'm not ready.” What were you waiting for?")

    assert _faults_with(changed) == [f"{negation.id}: labelled negation, and every quotation in it is true"]


def test_a_true_quotation_labelled_as_altered_is_named() -> None:
    good, altered = _one(Label.GOOD), _one(Label.ALTERED_QUOTE)

    assert _faults_with(replace(good, id=altered.id, label=Label.ALTERED_QUOTE)) == [
        f"{altered.id}: labelled altered_quote, and every quotation in it is true"
    ]


def test_words_of_nobody_are_not_those_of_another_user() -> None:
    other = _one(Label.OTHER_USERS_WORDS)
    changed = _with(other, text="You wrote, “I have never met a heron that I liked.” What of that bird?")

    assert _faults_with(changed) == [f"{other.id}: no quotation in it stands in another persona's journal"]


def test_a_suite_that_misses_a_label_says_so() -> None:
    without = [replace(p, candidates=tuple(c for c in p.candidates if c.label is not Label.NEGATION)) for p in PERSONAS]

    assert faults_in(without) == ["negation: 0 messages, 15 are needed"]


def test_an_id_that_stands_twice_is_named() -> None:
    twice = replace(NORA, candidates=(*NORA.candidates, _one(Label.GOOD)))

    assert faults_in([twice, *(p for p in PERSONAS if p is not NORA)]) == [f"{_one(Label.GOOD).id}: stands twice"]


def test_a_swap_of_words_that_are_not_there_is_an_error(tmp_path: Path) -> None:
    source = (MESSAGES / "nora.toml").read_text(encoding="utf-8")
    (tmp_path / "nora.toml").write_text(source.replace('[["Ravi", "Rohan"]]', '[["Rudi", "Rohan"]]'), encoding="utf-8")

    with pytest.raises(ValueError, match="nora-a4"):
        load_personas(tmp_path)


def test_an_unknown_label_is_an_error(tmp_path: Path) -> None:
    source = (MESSAGES / "nora.toml").read_text(encoding="utf-8")
    (tmp_path / "nora.toml").write_text(source.replace('label = "preachy"', 'label = "pious"'), encoding="utf-8")

    with pytest.raises(ValueError, match="pious"):
        load_personas(tmp_path)
