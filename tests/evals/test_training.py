"""How the weights of the screen's score are learned, and that they are those of the practice texts as they stand."""

from evals.training import digest, learn, place, practice

from reflecta.domain.risk.scores import Features, passages


def features(text: str) -> Features:
    (passage,) = passages(text)
    return passage


def test_the_weights_were_learned_from_the_practice_texts_as_they_stand() -> None:
    told = f'"practice": "{digest(practice())}"'
    assert told in place().read_text(encoding="utf-8"), "run `python -m evals.training --write`"


def test_learning_parts_what_can_be_parted_and_gives_the_same_again() -> None:
    calm = [(features(f"a quiet {thing} by the river"), False) for thing in ("walk", "talk", "lunch", "nap")]
    dark = [(features(f"the {thing} is dark as coal"), True) for thing in ("cellar", "attic", "night", "lake")]
    learned = learn([*calm, *dark], 1 << 12)
    assert all((learned.score(found) > 0) is is_sign for found, is_sign in [*calm, *dark])
    assert (
        learned.score(features("a quiet chat by the river")) < 0 < learned.score(features("the wood is dark as coal"))
    )
    assert learn([*calm, *dark], 1 << 12) == learned
