"""How the weights of the screen's score are learned, and that they are those of the practice texts as they stand."""

from pathlib import Path

from evals.risk import Sample
from evals.training import Example, digest, learn, learned, load_lexicon, place, practice, score, signs_by_meaning

from reflecta.domain.risk.meanings import compiled
from reflecta.domain.risk.scores import Passage, passages

MEANINGS = compiled({"en": {"coal": ("dark",), "lake": ("water",), "river": ("water",), "walk": ("walk",)}})


def passage(text: str) -> Passage:
    _, (found,) = passages(text, MEANINGS)
    return found


def example(text: str, sign: str = "") -> Example:
    _, found = passages(text, MEANINGS)
    return Example(Sample(language="en", text=text, sign=sign, group="plain"), found)


CALM = [f"a quiet {thing} by the river" for thing in ("walk", "talk", "lunch", "nap")]
DARK = [f"the {thing} is dark as coal" for thing in ("cellar", "attic", "night", "lake")]


def test_the_weights_were_learned_from_the_practice_texts_and_the_lexicon_as_they_stand() -> None:
    told = f'"practice": "{digest(practice(), load_lexicon())}"'
    assert told in place().read_text(encoding="utf-8"), "run `python -m evals.training --write`"


def test_learning_parts_what_can_be_parted_and_gives_the_same_again() -> None:
    given = [*((passage(text), False) for text in CALM), *((passage(text), True) for text in DARK)]
    found = learn(given, 1 << 12)
    assert all((score(found, one) > 0) is is_sign for one, is_sign in given)
    assert score(found, passage("a quiet chat by the river")) < 0 < score(found, passage("the wood is dark as coal"))
    assert learn(given, 1 << 12) == found


def test_of_a_longer_text_with_a_sign_only_the_passage_that_shows_it_is_learned() -> None:
    long = " ".join(["A walk by the river was good for all of us today."] * 6) + " The well is dark as coal."
    found = learned([*map(example, CALM), *(example(text, "suicide") for text in DARK), example(long, "suicide")])
    assert score(found, passage("a walk by the river was good")) < 0


def test_a_meaning_speaks_for_the_sign_that_it_stands_with() -> None:
    examples = [*map(example, CALM), example("dark as coal", "suicide"), example("into the lake", "self_harm")]
    told = signs_by_meaning(examples, learned(examples))
    assert told["suicide"]["dark"] > 0 > told["self_harm"]["dark"]
    assert set(told) == {"suicide", "self_harm"}


def test_a_lexicon_keeps_single_words_in_their_plain_form_with_all_their_meanings(tmp_path: Path) -> None:
    (tmp_path / "fr.txt").write_text("water: Océan étang\nwide: océan tout-à-coup\n", encoding="utf-8")
    assert load_lexicon(tmp_path) == {"fr": {"ocean": ("water", "wide"), "etang": ("water",), "toutacoup": ("wide",)}}
