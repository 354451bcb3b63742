"""The score of the whole wording, and how it stands beside the rules."""

from array import array
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflecta.adapters.risk_scores import load_local_screen, load_scores
from reflecta.domain.risk import LocalScreen, RiskRules, Scores, Sign, SignLists, Weight
from reflecta.domain.risk.scores import Features, passages

texts = st.text(max_size=400) | st.lists(st.sampled_from(["I", "walk.", "\n", "home", "4nd", "…", "été"])).map(" ".join)


def scores(bias: float) -> Scores:
    """Give a score that is the same for every text."""
    return Scores(buckets=array("b", [0] * 8), unit=1.0, bias=bias, ordinary=-0.5)


def rules(weight: Weight = Weight.PRESENT, *, word: str = "zorble", is_firm: bool = False) -> RiskRules:
    lists = SignLists(
        name="xx", patterns={Sign.SUICIDE: {weight: [word]}}, named={}, common=frozenset({"the"}), is_firm=is_firm
    )
    return RiskRules([lists], version="v")


def features(text: str) -> Features:
    (passage,) = passages(text)
    return passage


# --- what is scored


@given(texts)
def test_a_text_is_ordinary_if_all_its_passages_are(text: str) -> None:
    known = load_scores()
    found = [known.score(passage) for passage in passages(text)]
    assert found
    assert all(-20 < score < 20 for score in found)
    assert known.is_ordinary(text) is (max(found) < known.ordinary)


def test_a_short_text_is_one_passage_and_a_long_one_is_read_three_sentences_at_a_time() -> None:
    assert len(passages("One. Two. Three. Four.")) == 1
    long = passages(" ".join(f"This is sentence number {n} of a rather long day." for n in range(8)))
    assert len(long) == 6


def test_slips_and_disguise_leave_most_of_a_wording() -> None:
    plain, slip, disguised = (
        features("I want to vanish from here tonight"),
        features("I want to vansih from here tonight"),
        features("I w4nt to van1sh from here tonight"),
    )
    assert len(plain & slip) / len(plain | slip) > 0.5
    assert plain == disguised


def test_a_feature_counts_once_however_often_it_stands_there() -> None:
    assert features("home home home") >= features("home")
    assert len(features("home home home home")) == len(features("home home home home home"))


# --- beside the rules


def test_a_rule_that_finds_something_is_believed_unless_the_wording_is_ordinary() -> None:
    assert LocalScreen(rules(), scores(-0.4)).find("zorble") is not None
    assert LocalScreen(rules(), scores(-0.6)).find("zorble") is None


@pytest.mark.parametrize("firm", [rules(Weight.CERTAIN), rules(is_firm=True)])
def test_what_is_certain_and_what_an_operator_wrote_is_always_believed(firm: RiskRules) -> None:
    finding = LocalScreen(firm, scores(-9.0)).find("zorble")
    assert finding is not None
    assert finding.rule == "xx.suicide.1"


def test_the_score_finds_nothing_by_itself() -> None:
    assert LocalScreen(rules(), scores(9.0)).find("the quonk") is None


def test_a_quiet_text_is_not_looked_at_again() -> None:
    local = LocalScreen(rules(), scores(0.0))
    assert local.find("the quonk") is None
    seeing = replace(local, rules=rules(word="quonk"))
    assert seeing.find("the quonk") is not None
    assert local.find("the quonk") is None


# --- the weights of the package


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("I have decided that I dont want to be alive any more after tonight", True),
        ("I want to call my sister this week. I keep putting it off, and I do not know why that is so.", False),
        ("Cut my finger on the bread knife, plaster on, dinner was late but good.", False),
        ("Papa legde zijn hand op mijn schouder en we keken naar de regen.", False),
    ],
)
def test_what_it_is_for(text: str, is_found: bool) -> None:  # noqa: FBT001 - a case's value
    assert (load_local_screen().find(text) is not None) is is_found
