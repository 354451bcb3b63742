"""Likeness of messages by the word vectors that wordllama ships: what it finds, and that it loads from files alone."""

import os
import sys
from importlib.util import find_spec

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reflecta.domain.checks.freshness import MAX_LIKENESS

if find_spec("wordllama") is None or find_spec("numpy") is None or find_spec("tokenizers") is None:
    MISSING = "WORD VECTORS MISSING: install reflecta[likeness]"
    if os.environ.get("REQUIRE_SERVICES") == "1":
        pytest.fail(MISSING)
    pytest.skip(MISSING, allow_module_level=True)

from reflecta.adapters.likeness import MAX_REMEMBERED, StaticLikeness

LIKENESS = StaticLikeness()
RUN = (
    "You wrote on Saturday that you ran five kilometres with Lena and that your knee held. That is not a small "
    "thing for somebody who wants to reach ten by the end of the year. What did it feel like to trust that knee "
    "again?"
)
RUN_REWORDED = (
    "Five kilometres with Lena at the weekend, and the knee was fine. For someone who hopes to run ten before the"
    " year is out, this is no trifle. How was it to rely on your knee once more?"
)
ROSA = (
    "Three weeks ago you promised yourself to call your sister Rosa every Sunday, no excuses. Promises to people "
    "we love get quiet rather than broken. What has the phone been like lately?"
)
ROSA_REWORDED = (
    "There was a promise in your journal: ring Rosa each Sunday, without excuses. With family, a vow rarely "
    "breaks, it just goes silent. How have the phone calls been going?"
)
UNRELATED = {
    "de": (
        "Vor zwei Wochen wolltest du Karl einen Brief schreiben. Was wäre der erste Satz?",
        "Dein Rücken schmerzt, und jeden Morgen sollst du dehnen. Woran merkst du es am Abend?",
    ),
    "es": (
        "El domingo corriste con Marta junto al río y te sentiste ligera. ¿Qué llevarías de eso a tu semana?",
        "Te faltan tres capítulos para terminar la novela. ¿Qué pasaría con el primero de ellos?",
    ),
    "fr": (
        "Hier, tu as repris le dessin, deux croquis de la cuisine. Que savaient encore tes mains ?",
        "Tu veux arrêter de fumer avant décembre. De quoi as-tu besoin cette semaine ?",
    ),
}


@pytest.mark.parametrize(("text", "reworded"), [(RUN, RUN_REWORDED), (ROSA, ROSA_REWORDED)])
def test_a_reworded_message_counts_as_the_same(text: str, reworded: str) -> None:
    assert LIKENESS.scores(text, [reworded])[0] > MAX_LIKENESS


@pytest.mark.parametrize(("one", "other"), [(RUN, ROSA), (RUN, ROSA_REWORDED), *UNRELATED.values()])
def test_messages_on_different_things_do_not(one: str, other: str) -> None:
    assert LIKENESS.scores(one, [other])[0] < MAX_LIKENESS


@given(st.text(), st.lists(st.text(), max_size=4))
@settings(deadline=None, max_examples=60)
def test_every_text_has_a_score_from_nought_to_one_for_each_other(text: str, others: list[str]) -> None:
    scores = LIKENESS.scores(text, others)
    assert len(scores) == len(others)
    assert all(0 <= score <= 1 for score in scores)


def test_a_text_is_wholly_like_itself_and_not_at_all_like_nothing() -> None:
    same, nothing = LIKENESS.scores(RUN, [RUN, ""])
    assert same == pytest.approx(1)
    assert nothing == 0


def test_past_messages_are_remembered_up_to_a_bound() -> None:
    likeness = StaticLikeness()
    for first in range(0, MAX_REMEMBERED + 20, 20):
        likeness.scores("here", [f"message number {first + n}" for n in range(20)])
    assert len(likeness.__dict__["_remembered"]) == MAX_REMEMBERED


def test_the_package_itself_is_never_imported() -> None:
    assert "wordllama" not in sys.modules
