"""Checks that need no model: form, length, grounding and freshness of a draft."""

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.domain.journal import a_context, a_message
from tests.domain.strategies import a_draft, any_text, markup, properties

from reflecta.domain.checks import (
    MAX_CHARS,
    MAX_OVERLAP,
    MAX_PUSH_CHARS,
    check_draft,
    is_verbatim,
    overlap,
    quotations,
)
from reflecta.domain.context import Context
from reflecta.domain.model import CheckName, Draft, Evidence
from reflecta.domain.text import comparable, words

ENTRY = "I don’t know… maybe I was so tired on Monday. My mother said “come home soon” and I nearly wept."
CONTEXT = a_context(ENTRY, "今日は本当に疲れました。でも元気です。")

some_words = st.lists(st.from_regex(r"[a-zäöüßéñø]{1,8}", fullmatch=True), min_size=1, max_size=12)


def faults(draft: Draft, context: Context = CONTEXT) -> list[CheckName]:
    return [check.name for check in check_draft(draft, context) if not check.passed]


def test_a_sound_draft_passes_every_check() -> None:
    checks = check_draft(a_draft("You wrote “I was so tired”. What would help?"), CONTEXT)
    assert [(check.name, check.fault) for check in checks] == [(name, "") for name in CheckName]


@given(any_text | markup, any_text | markup)
@properties
def test_no_draft_breaks_the_checks(text: str, push: str) -> None:
    draft = a_draft(text, push=push, evidence=(Evidence(entry_id=push, quote=text),))
    assert [check.name for check in check_draft(draft, CONTEXT)] == list(CheckName)


@pytest.mark.parametrize(
    "text", ["", "See <b>this</b> again", "Read HTTPS://x.org now", "www.x.org is good", "[a](b) is it"]
)
def test_what_is_no_plain_text_is_a_fault_of_form(text: str) -> None:
    assert CheckName.FORM in faults(a_draft(text))
    assert CheckName.FORM in faults(a_draft(push=text))


@pytest.mark.parametrize(
    "text", ["I <3 that you went on and on", "Is 3 < 4 > 2 for you today?", "a (b) [c] is fine here"]
)
def test_signs_that_are_no_markup_are_plain_text(text: str) -> None:
    assert CheckName.FORM not in faults(a_draft(text))


@pytest.mark.parametrize(
    ("draft", "faulty"),
    [
        (a_draft("x" * 19), True),
        (a_draft("x" * 20), False),
        (a_draft("x" * MAX_CHARS), False),
        (a_draft("x" * (MAX_CHARS + 1)), True),
        (a_draft(push="x" * MAX_PUSH_CHARS), False),
        (a_draft(push="x" * (MAX_PUSH_CHARS + 1)), True),
    ],
)
def test_lengths_have_bounds(draft: Draft, faulty: bool) -> None:  # noqa: FBT001
    assert (CheckName.LENGTH in faults(draft)) is faulty


def test_markup_without_an_end_is_checked_in_linear_time() -> None:
    assert CheckName.LENGTH in faults(a_draft("<a" * 500_000))


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
    assert (CheckName.GROUNDING not in faults(a_draft(text))) is grounded
    assert (CheckName.GROUNDING not in faults(a_draft(push=text))) is grounded


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
    assert CheckName.GROUNDING in faults(a_draft("You wrote “all is well with you”, did you not?"), context)


def test_a_fault_of_grounding_names_the_quotation() -> None:
    check = check_draft(a_draft("You wrote “I will never go back there”. Why?"), CONTEXT)[2]
    assert "I will never go back there" in check.fault


EARLIER = "You wrote about the long walk by the river. What did the water tell you that evening?"


@pytest.mark.parametrize(
    ("text", "fresh"),
    [
        (EARLIER, False),
        (EARLIER.upper().replace(".", " –"), False),
        ("Ana, " + EARLIER, False),
        ("You wrote about the long list of things to do for your sister. Which one matters?", False),
        ("Your sister called twice this week. Which of her words stayed with you since?", True),
    ],
)
def test_a_message_is_neither_repeated_nor_opened_alike(text: str, fresh: bool) -> None:  # noqa: FBT001
    context = a_context(ENTRY, messages=[a_message(EARLIER)])
    assert (CheckName.FRESHNESS not in faults(a_draft(text), context)) is fresh


@given(st.lists(st.sampled_from("abcd"), max_size=20), st.lists(st.sampled_from("abcd"), max_size=20))
@properties
def test_overlap_is_a_symmetric_share(one: list[str], other: list[str]) -> None:
    assert 0 <= overlap(one, other) == overlap(other, one) <= 1


@given(st.integers(5, 60), st.integers(1, 60), st.integers(0, 60), st.lists(st.integers(0, 60), min_size=2, max_size=6))
@example(length=30, kinds=30, own=30, cuts=[0, 30])
@properties
def test_whatever_shares_too_much_is_repetitive(length: int, kinds: int, own: int, cuts: list[int]) -> None:
    # Pieces of the earlier text between words of their own: about the forbidden share, on both sides of it.
    said = [f"w{number % kinds}" for number in range(length)]
    cuts = sorted(min(cut, length) for cut in cuts)
    pieces = [" ".join(said[start:end]) for start, end in pairwise(cuts)]
    text = " ".join(["Mine", *pieces, *(f"own{number}" for number in range(own))])
    context = a_context(ENTRY, messages=[a_message(" ".join(said))])
    repeats = overlap(words(text), said) > MAX_OVERLAP
    assert (CheckName.FRESHNESS in faults(a_draft(text), context)) is repeats


@given(any_text)
@properties
def test_a_text_overlaps_wholly_with_itself(text: str) -> None:
    assert overlap(words(text), words(text)) == bool(words(text))
