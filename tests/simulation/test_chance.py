"""Chance by name: repeatable, in its distribution, and free of order."""

from statistics import mean, quantiles

import pytest

from reflecta.adapters.risk_scores import load_local_screen
from reflecta.simulation.chance import Draws, words
from reflecta.simulation.people import pick


def test_the_same_event_draws_the_same_numbers() -> None:
    assert Draws(1, "ana", 2).uniform() == Draws(1, "ana", 2).uniform()
    assert Draws(1, "ana", 2).uniform() != Draws(2, "ana", 2).uniform()


def test_durations_have_the_median_and_the_95th_percentile_asked_for() -> None:
    drawn = quantiles([Draws(3, number).duration(4, 12) for number in range(20_000)], n=20)
    assert drawn[9] == pytest.approx(4, rel=0.05)
    assert drawn[18] == pytest.approx(12, rel=0.05)


def test_scores_have_their_mean() -> None:
    assert mean(Draws(3, number).normal(7.4, 1.3) for number in range(20_000)) == pytest.approx(7.4, abs=0.05)


def test_a_median_of_nothing_is_no_time() -> None:
    assert Draws(1, "a").duration(0, 0) == 0


@pytest.mark.parametrize(("at", "name"), [(0.0, "a"), (0.24, "a"), (0.26, "b"), (1.0, "b")])
def test_names_are_picked_by_their_shares(at: float, name: str) -> None:
    assert pick({"a": 1, "b": 3}, at) == name


def test_texts_have_their_length_and_differ() -> None:
    assert len(words(60, 1, "ana").split()) == 60
    assert words(60, 1, "ana") != words(60, 1, "ben")


def test_no_text_holds_a_sign_of_risk_by_chance() -> None:
    local = load_local_screen()
    found = {local.find(words(60, 1, "ana", number).capitalize() + ".") for number in range(2_000)}
    assert found == {None}
