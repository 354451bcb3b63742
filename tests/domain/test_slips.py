"""Slips of the pen, held against a plain count of how far two words are apart."""

import string

from hypothesis import given
from hypothesis import strategies as st

from reflecta.domain.risk.slips import SlipIndex

WORDS = st.text("abcd", min_size=4, max_size=9)


def steps_apart(one: str, other: str) -> int:
    """Count the letters to add, to take away, to change or to swap with their neighbour (optimal string alignment)."""
    rows = [list(range(len(other) + 1))]
    for i, letter in enumerate(one, start=1):
        row = [i]
        for j, wanted in enumerate(other, start=1):
            step = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                step = min(step, rows[-2][j - 2] + 1)
            row.append(step)
        rows.append(row)
    return rows[-1][-1]


@given(st.sets(WORDS, min_size=1, max_size=30), WORDS)
def test_every_word_that_is_one_step_away_is_found_but_for_another_letter_in_a_short_one(
    words: set[str], word: str
) -> None:
    found = SlipIndex(words).find(word)

    for meant in words:
        is_changed = len(meant) == len(word) == 4 and sorted(meant) != sorted(word)
        assert (meant in found) or steps_apart(word, meant) > 1 or is_changed


@given(st.sets(WORDS, min_size=1, max_size=30), WORDS)
def test_no_word_is_found_that_is_more_than_two_changes_of_one_letter_away(words: set[str], word: str) -> None:
    # A letter that is taken out here and put in there is two steps, and found as one slip.
    assert all(steps_apart(word, meant) <= 2 for meant in SlipIndex(words).find(word))


@given(st.text(string.ascii_lowercase, min_size=8, max_size=12), st.data())
def test_with_two_letters_two_slips_are_found(meant: str, data: st.DataObject) -> None:
    word = meant
    for _ in range(2):
        place = data.draw(st.integers(0, len(word) - 1))
        letter = data.draw(st.sampled_from(["", *string.ascii_lowercase]))
        word = word[:place] + letter + word[place + 1 :]

    assert meant in SlipIndex([meant, "elsewhere"], letters=2).find(word)


def test_four_letters_with_another_one_are_another_word() -> None:
    index = SlipIndex(["pain", "wrist"])

    assert index.find("gain") == set()
    assert index.find("pian") == index.find("pan") == index.find("paini") == {"pain"}
    assert index.find("wrast") == index.find("wirst") == {"wrist"}
