"""What words mean whatever their language: a lexicon in numbers says what the lexicon said."""

from hypothesis import given
from hypothesis import strategies as st

from reflecta.domain.risk.meanings import Lexicon, Meant, compiled

LEXICON: Lexicon = {
    "de": {"die": ("she",), "bruecke": ("bridge",), "springen": ("jump",), "sprung": ("jump",), "sprache": ("word",)},
    "en": {"die": ("die",), "bridge": ("bridge",), "the": (), "jumping": ("jump",), "will": ("testament", "will")},
}
MEANINGS = compiled(LEXICON)
GERMAN, ENGLISH = 0, 1

words = st.text(alphabet="abcdefgh", min_size=1, max_size=9)
sets = st.lists(st.sampled_from(["bridge", "jump", "die", "me"]), min_size=1, max_size=3, unique=True).map(
    lambda names: tuple(sorted(names))
)
lexicons = st.dictionaries(st.sampled_from(["de", "en", "fr"]), st.dictionaries(words, sets, max_size=30), min_size=1)


@given(lexicons)
def test_every_listed_word_means_in_its_language_what_the_lexicon_says(lexicon: Lexicon) -> None:
    meanings = compiled(lexicon)
    for number, language in enumerate(meanings.languages):
        said = list(lexicon[language])
        assert meanings.of(said, number) == [lexicon[language][word] for word in said]


@given(lexicons, st.lists(words, max_size=20))
def test_the_language_is_the_one_that_lists_the_most_of_the_words(lexicon: Lexicon, said: list[str]) -> None:
    meanings = compiled(lexicon)
    listed = [sum(word in lexicon[language] for word in said) for language in meanings.languages]
    assert listed[meanings.language_of(said)] == max(listed)


def test_a_word_means_what_it_means_in_the_language_of_its_text() -> None:
    assert MEANINGS.language_of(["ich", "springen", "die", "bruecke"]) == GERMAN
    assert MEANINGS.language_of(["jumping", "die", "bridge"]) == ENGLISH
    assert list(MEANINGS.of(["die"], GERMAN)) == [("she",)]
    assert list(MEANINGS.of(["die"], ENGLISH)) == [("die",)]


def test_what_means_nothing_known_is_left_out_and_the_order_stays() -> None:
    said: list[Meant] = list(MEANINGS.of(["the", "will", "to", "die"], ENGLISH))
    assert said == [("testament", "will"), ("die",)]


def test_a_form_that_is_not_listed_means_what_the_only_words_mean_that_begin_like_it() -> None:
    assert list(MEANINGS.of(["bruecken", "springend"], GERMAN)) == [("bridge",), ("jump",)]
    assert not MEANINGS.of(["springbrunnenrand", "brue"], GERMAN)


def test_a_beginning_of_words_that_mean_different_things_means_nothing() -> None:
    meanings = compiled({"xx": {"grabend": ("dig",), "graben1": ("grave",)}})
    assert not meanings.of(["graben"], 0)


def test_an_empty_text_is_in_the_first_language_and_means_nothing() -> None:
    assert MEANINGS.language_of([]) == GERMAN
    assert not MEANINGS.of([], GERMAN)
