"""What answers say of the judge's numbers, of the screen and of holds."""

from dataclasses import replace
from datetime import datetime
from typing import Any, cast

import pytest
from tests.builders import HOUR, NOW, a_call, a_user, an_assessment, an_attempt, an_occasion

from reflecta.adapters.documents.instants import milliseconds
from reflecta.application.ports.store import Explanation
from reflecta.domain.model import Assessment, Dimension, Purpose, Recommendation, ScreenedSign, Screening
from reflecta.domain.safety import NEVER
from reflecta.entrypoints import views

# The guide's own name for the predicted rating is the contract.
NUMBERS_OF_THE_GUIDE = {"effectivenessRating"}
WORDS_OF_RATING = ("score", "rating", "effectiveness", "dimension")


def told(explanation: Explanation) -> dict[str, Any]:
    return cast("dict[str, Any]", views.occasion(explanation))


def judged(assessment: Assessment) -> dict[str, Any]:
    attempt = an_attempt(assessment=assessment)
    return told(Explanation(occasion=an_occasion(), attempts=[attempt]))["attempts"][0]


def test_the_judges_ratings_are_told_by_dimension_and_as_predicted() -> None:
    ratings = {**dict.fromkeys(Dimension, 8), Dimension.HARM: 3}
    attempt = judged(Assessment(dimensions=ratings, recommendation=Recommendation.SKIP))
    assert attempt["assessment"]["predictedDimensions"] == {each.value: ratings[each] for each in Dimension}
    assert attempt["assessment"]["predictedScore"] == attempt["effectivenessRating"]


def test_no_number_of_the_judge_goes_by_a_name_that_does_not_say_predicted() -> None:
    attempt = judged(an_assessment())
    names = {*attempt, *attempt["assessment"]} - NUMBERS_OF_THE_GUIDE
    rated = {name for name in names if any(word in name.lower() for word in WORDS_OF_RATING)}
    assert rated == {"predictedScore", "predictedDimensions"}


def test_a_screening_is_told_with_its_call_and_without_a_word_of_the_journal() -> None:
    explanation = Explanation(
        occasion=an_occasion(),
        screening=Screening(signs=(ScreenedSign.DISTRESS,), entry_ids=("e1",)),
        screening_call=a_call(purpose=Purpose.SCREENING),
    )
    screening = told(explanation)["screening"]
    assert screening.pop("call")["purpose"] == "screening"
    assert screening == {"signs": ["distress"], "entryIds": ["e1"]}
    assert told(replace(explanation, screening=None))["screening"] is None


@pytest.mark.parametrize(
    ("until", "seen"),
    [(None, None), (NOW, None), (NOW + HOUR, milliseconds(NOW + HOUR)), (NEVER, 221845392000000)],
)
def test_a_hold_is_told_while_it_stands(until: datetime | None, seen: int | None) -> None:
    assert views.standing(a_user(held_until=until), NOW)["heldUntil"] == seen


def test_of_who_is_held_in_an_unknown_zone_the_local_time_is_null() -> None:
    held = views.held(a_user(held_until=NOW + HOUR, timezone=None), NOW)
    assert (held["heldUntilLocal"], held["heldUntilUtc"]) == (None, "2026-03-10T09:00:00+00:00")
