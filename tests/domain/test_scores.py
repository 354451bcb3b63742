"""The score of the whole wording, and how it stands beside the rules."""

from array import array
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflecta.adapters.risk_scores import load_local_screen, load_scores
from reflecta.domain.risk import LocalScreen, RiskRules, Scores, Sign, SignLists, Weight
from reflecta.domain.risk.meanings import compiled
from reflecta.domain.risk.scores import Features, Passage, passages

texts = st.text(max_size=400) | st.lists(st.sampled_from(["I", "walk.", "\n", "home", "4nd", "…", "été"])).map(" ".join)


MEANINGS = compiled({"en": {"bridge": ("bridge",), "jump": ("jump",), "cut": ("cut",), "arm": ("arm",)}})


class Same(Scores):
    """A score that is the same for every text."""

    def score(self, passage: Passage) -> float:
        """Give it; the *unit* says which."""
        return self.unit


def scores(same: float) -> Scores:
    return Same(
        buckets=array("b", [0] * 8),
        unit=same,
        ordinary=-0.5,
        telling=0.5,
        meanings=MEANINGS,
        signs={"self_harm": {"cut": 2.0, "arm": 1.0, "jump": -1.0}, "suicide": {"bridge": 1.0, "jump": 1.0}},
    )


def rules(weight: Weight = Weight.PRESENT, *, word: str = "zorble", is_firm: bool = False) -> RiskRules:
    lists = SignLists(
        name="xx", patterns={Sign.SUICIDE: {weight: [word]}}, named={}, common=frozenset({"the"}), is_firm=is_firm
    )
    return RiskRules([lists], version="v")


def read(text: str) -> list[Passage]:
    return list(passages(text, MEANINGS)[1])


def features(text: str) -> Features:
    (passage,) = read(text)
    return passage.written


# --- what is scored


@given(texts)
def test_a_text_has_the_score_of_the_passage_with_the_highest(text: str) -> None:
    known = load_scores()
    language, parts = passages(text, known.meanings)
    found = [known.score(one) for one in parts]
    assert found
    assert all(-20 < score < 20 for score in found)
    told = known.read(text)
    assert told.score == max(found)
    assert told.sign in set(Sign)
    assert told.language == known.meanings.languages[language]


def test_a_short_text_is_one_passage_and_a_long_one_is_read_three_sentences_at_a_time() -> None:
    assert len(read("One. Two. Three. Four.")) == 1
    long = read(" ".join(f"This is sentence number {n} of a rather long day." for n in range(8)))
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


def test_a_few_words_alone_count_for_less_than_with_others_of_their_kind() -> None:
    known = Scores(
        buckets=array("b", [100] * 64), unit=0.01, ordinary=0, telling=1, meanings=MEANINGS, signs={"suicide": {}}
    )
    (nothing,), (one,), (more,) = map(read, ("", "jump", "jump cut arm bridge"))
    assert 0 == known.score(nothing) < known.score(one) < known.score(more)


def test_meanings_count_alone_and_with_those_that_follow() -> None:
    (one,), (same,), (other,) = (
        read("jump off the bridge"),
        read("jump from that bridge!"),
        read("the bridge, then jump"),
    )
    assert one.meanings == other.meanings == {"jump", "bridge"}
    assert one.meant == same.meant
    assert len(one.meant & other.meant) == 2
    assert len(one.meant) == 3


def test_words_far_apart_do_not_belong_together() -> None:
    (near,), (far,) = read("cut arm arm arm arm bridge"), read("cut arm arm arm arm arm bridge")
    assert len(near.meant) == len(far.meant) + 1


# --- beside the rules


def test_a_rule_that_finds_something_is_believed_unless_the_wording_is_ordinary() -> None:
    assert LocalScreen(rules(), scores(-0.4)).find("zorble") is not None
    assert LocalScreen(rules(), scores(-0.6)).find("zorble") is None


@pytest.mark.parametrize("firm", [rules(Weight.CERTAIN), rules(is_firm=True)])
def test_what_is_certain_and_what_an_operator_wrote_is_always_believed(firm: RiskRules) -> None:
    finding = LocalScreen(firm, scores(-9.0)).find("zorble")
    assert finding is not None
    assert finding.rule == "xx.suicide.1"


def test_where_no_rule_finds_anything_the_score_does_if_it_is_sure() -> None:
    assert LocalScreen(rules(), scores(0.4)).find("jump off the bridge") is None
    finding = LocalScreen(rules(), scores(0.6)).find("jump off the bridge")
    assert finding is not None
    assert (finding.sign, finding.language, finding.rule) == (Sign.SUICIDE, "en", "en.suicide.score")
    assert not finding.is_firm


def test_the_sign_is_the_one_that_the_meanings_speak_for() -> None:
    finding = LocalScreen(rules(), scores(0.6)).find("cut my arm, then jump")
    assert finding is not None
    assert finding.sign is Sign.SELF_HARM


def test_a_rule_says_more_of_a_sign_than_the_score() -> None:
    finding = LocalScreen(rules(), scores(9.0)).find("zorble my arm, cut it")
    assert finding is not None
    assert finding.rule == "xx.suicide.1"


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
