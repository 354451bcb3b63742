"""How long a message and its push text may be."""

import pytest
from tests.domain.checks.drafts import a_sound_draft, faults

from reflecta.domain.checks import MAX_CHARS, MAX_PUSH_CHARS, MAX_WORDS, MIN_WORDS
from reflecta.domain.model import CheckName, Draft


@pytest.mark.parametrize(
    ("draft", "faulty"),
    [
        (a_sound_draft("short word " * (MIN_WORDS // 2)), False),
        (a_sound_draft("short word " * (MIN_WORDS // 2 - 1) + "short"), True),
        (a_sound_draft("a word " * (MAX_WORDS // 2)), False),
        (a_sound_draft("a word " * (MAX_WORDS // 2) + "more"), True),
        (a_sound_draft("x" * 19), True),
        (a_sound_draft(("wordy " * 100).ljust(MAX_CHARS, "x")), False),
        (a_sound_draft(("wordy " * 100).ljust(MAX_CHARS + 1, "x")), True),
        (a_sound_draft(push="x" * MAX_PUSH_CHARS), False),
        (a_sound_draft(push="x" * (MAX_PUSH_CHARS + 1)), True),
    ],
)
def test_lengths_have_bounds(draft: Draft, faulty: bool) -> None:  # noqa: FBT001
    assert (CheckName.LENGTH in faults(draft)) is faulty


@pytest.mark.parametrize(("text", "faulty"), [("今日は本当に疲れました。" * 2, False), ("疲れました。" * 3, True)])
def test_scripts_without_blanks_are_measured_in_characters(text: str, faulty: bool) -> None:  # noqa: FBT001
    assert (CheckName.LENGTH in faults(a_sound_draft(text))) is faulty
