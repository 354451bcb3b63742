"""Quotes come best first, however few of them are asked for, and cues are found as whole words."""

import csv
import re
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.data import need_data
from tests.domain.journal import NOW, a_context, an_entry
from tests.domain.strategies import properties

from reflecta.adapters.models.templates import load_templates
from reflecta.domain.context import Note
from reflecta.domain.quoting import Quote, Quotes, Sentence, is_any, is_at_ease, is_goal, is_struggle, is_win
from reflecta.domain.text import plain_text, words
from reflecta.domain.wording import CueFinder

CUES = load_templates().languages["en"].cues
WANTED = {"": is_any, "goal": is_goal, "win": is_win, "struggle": is_struggle}


@cache
def answers() -> list[str]:
    with need_data("journals/lemotif-half.csv").open(encoding="utf-8", newline="") as file:
        return [plain_text(row["Answer"]) for row in csv.DictReader(file)]


def a_journal(numbers: list[int], days_ago: list[int]) -> tuple[Note, ...]:
    texts = answers()
    written = [
        an_entry(texts[number % len(texts)], number=n, at=NOW - timedelta(days=days))
        for n, (number, days) in enumerate(zip(numbers, sorted(days_ago), strict=False))
    ]
    return a_context(entries=written, budget=10**6).notes


def told(quotes: list[Quote]) -> list[tuple[str, str, float]]:
    return [(quote.entry_id, quote.text, quote.rank) for quote in quotes]


journals = st.builds(
    a_journal,
    st.lists(st.integers(0, 10**6), min_size=1, max_size=12),
    st.lists(st.integers(-1, 60), min_size=12, max_size=12),
)


@given(journals)
@properties
def test_quotes_come_best_first_and_once(notes: tuple[Note, ...]) -> None:
    quotes = list(Quotes(notes, CUES).best())
    assert quotes == sorted(quotes, key=lambda q: (-q.rank, q.days_ago, q.entry_id, q.text))
    assert len({" ".join(words(quote.text)) for quote in quotes}) == len(quotes)


@given(journals, st.sampled_from(sorted(WANTED)), st.integers(0, 5))
@properties
def test_what_was_asked_for_before_changes_nothing(notes: tuple[Note, ...], cue: str, first: int) -> None:
    fresh, used = Quotes(notes, CUES), Quotes(notes, CUES)
    list(islice(used.best(is_at_ease), first))
    list(islice(used.best(), first))
    assert told(list(used.best(WANTED[cue], cue=cue))) == told(list(fresh.best(WANTED[cue])))


@given(journals, st.sampled_from([is_goal, is_win, is_struggle, is_at_ease]))
@properties
def test_wanted_quotes_keep_the_order_of_all(notes: tuple[Note, ...], is_wanted: Callable[[Sentence], bool]) -> None:
    quotes = Quotes(notes, CUES)
    wanted = list(quotes.best(is_wanted))
    assert [quote for quote in quotes.best() if quote in wanted] == wanted


def test_what_a_message_told_is_not_quoted_again() -> None:
    notes = a_context("I felt calm while sanding the old door. I called my sister in the evening.").notes
    before = words("You wrote: I felt calm, while sanding the old door!")
    assert [quote.text for quote in Quotes(notes, CUES, [before]).best()] == ["I called my sister in the evening"]


@pytest.mark.parametrize(
    ("phrase", "text", "found"),
    [
        ("hard", "It was hard.", True),
        ("hard", "It was hardly so.", False),
        ("first time", "The first, time and again", True),
        ("first time", "First of all, it was time", False),
        ("i want to", "I want it to end", False),
        ("i want to", "What I want to say", True),
        ("voy a *r", "Mañana voy a comer", True),
        ("voy a *r", "Mañana voy a Roma", False),
        ("quiero *ar", "Quiero hablar", True),
        ("quiero *ar", "No quiero, hablo", False),
        ("il faut que j'*", "Il faut que j'aille", True),
        ("un*", "So unfair", True),
        ("un*", "So run", False),
    ],
)
def test_a_phrase_is_found_as_whole_words(phrase: str, text: str, found: bool) -> None:  # noqa: FBT001
    assert CueFinder({"x": [phrase]}).found_in(words(text)) == ({"x"} if found else set())


_said = st.lists(st.sampled_from("i want to go voy a comer first time un".split()), max_size=12)
_phrases = st.lists(
    st.lists(st.sampled_from([*"i want to go voy a comer".split(), "*r", "w*", "*"]), min_size=1, max_size=4).map(
        " ".join
    ),
    max_size=5,
)


@given(_said, st.dictionaries(st.sampled_from("xyz"), _phrases))
@properties
def test_all_lists_are_searched_at_once(said: list[str], lists: dict[str, list[str]]) -> None:
    folded = f" {' '.join(said)} "
    patterns = {
        name: [re.escape(phrase).replace(r"\*", r"\S*") for phrase in phrases] for name, phrases in lists.items()
    }
    expected = {
        name
        for name, alternatives in patterns.items()
        if any(re.search(f"(?<= )(?:{pattern})(?= )", folded) for pattern in alternatives)
    }
    assert CueFinder(lists).found_in(said) == expected
