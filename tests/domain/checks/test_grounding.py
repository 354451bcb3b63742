"""Quotations and evidence stand in the journal word for word."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.checks.drafts import CONTEXT, ENTRY, EVIDENCE, SOUND, a_sound_draft, fault, faults
from tests.domain.journal import a_context, a_message
from tests.domain.strategies import a_draft, properties

from reflecta.domain.checks import is_verbatim, quotations
from reflecta.domain.context import Note
from reflecta.domain.model import CheckName, Evidence
from reflecta.domain.text import comparable

some_words = st.lists(st.from_regex(r"[a-zäöüßéñø]{1,8}", fullmatch=True), min_size=1, max_size=12)


@given(
    some_words,
    some_words,
    some_words,
    st.sampled_from([" ", "\n", " \u00a0 ", "\t"]),
    st.sampled_from(["“%s”", '"%s."', "%s…"]),
)
@properties
def test_words_of_an_entry_are_verbatim_in_any_setting(
    before: list[str], span: list[str], after: list[str], blank: str, setting: str
) -> None:
    entry = comparable(" ".join(before + span + after))
    assert is_verbatim(setting.replace("%s", blank.join(span).upper()), [entry])


@given(some_words, st.data())
@properties
def test_an_altered_word_is_not_verbatim(span: list[str], data: st.DataObject) -> None:
    altered = list(span)
    altered[data.draw(st.integers(0, len(span) - 1))] += "x"
    assert not is_verbatim(" ".join(altered), [comparable(" ".join([*span, "end"]))])


@pytest.mark.parametrize(
    "quote",
    [
        "I don't know",
        "i DON'T know... maybe I was so tired",
        "“come home soon”",
        '"come home soon"',
        "I was so tired,",
        "I was so tired ... I nearly wept",
        "I was so tired […] I nearly wept",
        "...so tired on Monday...",
        "ｔｉｒｅｄ on Monday",
        "本当に疲れました",
        "tired",
    ],
)
def test_words_that_stand_in_the_entry_are_verbatim(quote: str) -> None:
    assert is_verbatim(quote, [comparable(note.text) for note in CONTEXT.notes])


@pytest.mark.parametrize(
    "quote",
    [
        "I was very tired",
        "I do know",
        "ired on Mon",
        "I was so tire",
        "so tired on Monday I nearly wept",
        "I nearly wept ... I was so tired",
        "I ... know ... wept",
        "maybe ... mother ... home",
        "本当に元気でした",
        "",
        " … ",
        "“”",
    ],
)
def test_words_that_do_not_stand_so_in_the_entry_are_not_verbatim(quote: str) -> None:
    assert not is_verbatim(quote, [comparable(note.text) for note in CONTEXT.notes])


@pytest.mark.parametrize(
    "template",
    [
        *("“{}”", '"{}"', '“{}"', '"{}”', "„{}“", "„{}”", "”{}”", "«{}»", "« {} »", "»{}«", "‹{}›", "「{}」", "『{}』"),
        *("‘{}’", "'{}'", "‚{}‘", '6" of snow; “{}”', "the kids' own: '{}'", "It's '{}', isn't it"),
    ],
)
@pytest.mark.parametrize(("words_quoted", "grounded"), [("I was so tired", True), ("I don't like you", False)])
def test_every_style_of_quotation_is_held_to_the_entries(template: str, words_quoted: str, grounded: bool) -> None:  # noqa: FBT001
    text = f"You wrote {template.format(words_quoted)} last week. What now?"
    assert any(comparable(words_quoted) in comparable(quote) for quote in quotations(text))
    assert (CheckName.GROUNDING not in faults(a_sound_draft(text))) is grounded
    assert (CheckName.GROUNDING not in faults(a_sound_draft(push=text))) is grounded


@pytest.mark.parametrize(
    "text",
    [
        "You call it “home” and “the office”.",
        "You don't, I can't, and it's the kids' room we're in.",
        "It is John’s, and the boys’ and your mother’s too.",
        "「田中さん」 is 5'10\" tall",
        "",
    ],
)
def test_names_single_words_and_apostrophes_are_no_quotations(text: str) -> None:
    assert quotations(text) == []


@pytest.mark.parametrize(
    ("evidence", "grounded"),
    [
        (Evidence(entry_id="e1", quote="I was so tired"), True),
        (Evidence(entry_id="e2", quote="I was so tired"), False),
        (Evidence(entry_id="e9", quote="I was so tired"), False),
        (Evidence(entry_id="e1", quote="I was never tired"), False),
        (Evidence(entry_id="e1", quote=""), False),
        (Evidence(entry_id="", quote="tired"), False),
    ],
)
def test_evidence_must_stand_in_the_entry_it_names(evidence: Evidence, grounded: bool) -> None:  # noqa: FBT001
    assert (CheckName.GROUNDING not in faults(a_draft(evidence=(evidence,)))) is grounded


def test_words_of_an_earlier_message_are_no_words_of_the_person() -> None:
    context = a_context(ENTRY, messages=[a_message("You said that all is well with you.")])
    assert CheckName.GROUNDING in faults(a_sound_draft("You wrote “all is well with you”, did you not?"), context)


def test_a_fault_of_grounding_names_the_quotation() -> None:
    said = fault(CheckName.GROUNDING, a_sound_draft("You wrote “I will never go back there”. Why?"))
    assert "I will never go back there" in said


def test_a_message_that_a_model_wrote_rests_on_something() -> None:
    assert CheckName.GROUNDING in faults(a_draft(SOUND))
    assert CheckName.GROUNDING not in faults(replace(a_draft(SOUND), ai_generated=False))


def test_excerpts_of_older_entries_may_be_quoted() -> None:
    older = Note(entry_id="e9", written_at=CONTEXT.now, days_ago=90, text="I planted the pear tree myself.")
    draft = a_draft(
        f"Once: “I planted the pear tree”. {SOUND}", evidence=(*EVIDENCE, Evidence(entry_id="e9", quote="pear tree"))
    )
    assert CheckName.GROUNDING not in faults(draft, replace(CONTEXT, earlier=(older,)))
    assert CheckName.GROUNDING in faults(draft)


@pytest.mark.parametrize(
    ("phrase", "grounded"),
    [("so tired", True), ("Monday", True), ("Ana", True), ("Moby Dick", False), ("home office", False), ("!", True)],
)
def test_a_word_in_quotation_marks_stands_somewhere_in_the_context(phrase: str, grounded: bool) -> None:  # noqa: FBT001
    assert (CheckName.GROUNDING not in faults(a_sound_draft(f"{SOUND} “{phrase}”, no less."))) is grounded


def test_a_title_from_an_earlier_message_may_stand_in_quotation_marks() -> None:
    context = a_context(ENTRY, messages=[a_message("You were reading Moby Dick then.")])
    assert CheckName.GROUNDING not in faults(a_sound_draft(f"{SOUND} Is it still “Moby Dick”"), context)
