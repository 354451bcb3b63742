"""Plain text out of whatever people and editors write, without a failure and in linear time."""

import json
import re
import sys
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.data import need_data
from tests.domain.strategies import any_text, markup, properties

from reflecta.domain.text import clean, comparable, cut, find_span, plain_text, sentences, words, words_of_each

MEGABYTE = 1_000_000
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
UNSHOWABLE = re.compile(f"[\x00-\x09\x0b-\x1f\x7f-\x9f{BIDI}\ufeff\ud800-\udfff]")


@given(st.one_of(any_text, markup))
@properties
def test_plain_text_never_raises_and_holds_nothing_that_cannot_be_shown_or_stored(content: str) -> None:
    text = plain_text(content)
    assert not UNSHOWABLE.search(text)
    assert text.encode("utf-8").decode("utf-8") == unicodedata.normalize("NFC", text)


@given(any_text)
@properties
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x2FF, exclude_characters="<&\x7f\u00ad")))
@properties
def test_text_without_markup_keeps_its_words(text: str) -> None:
    assert plain_text(text).split() == clean(text).split()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("<p>One</p><p>Two<br>Three</p>", "One\nTwo\nThree"),
        ("<ul><li>a</li><li>b</li></ul>", "a\nb"),
        ("so <b>very</b> <i>tired</i>", "so very tired"),
        ("Fish &amp; chips &lt;3 &#8217;s &nbsp; &eacute;", "Fish & chips <3 ’s é"),
        ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
        ("a <3 b < c & d", "a <3 b < c & d"),
        ("a<script>alert(1)</script>b", "ab"),
        ("a<SCRIPT>alert(1)</SCRIPT>b", "ab"),
        ("a<StYlE type=x>p{}</sTyLe >b", "ab"),
        ("a<style>p > q {}</style><p>b</p>", "a\nb"),
        ("a<!-- b > c -->d", "ad"),
        ("<!-->seen", "seen"),
        ("<!DOCTYPE html>seen", "seen"),
        ("<img alt=\"a > b\" src='c > d'>seen", "seen"),
        ('<p title="never closed>seen</p>', "seen"),
        ("<title-bar>seen</title-bar>", "seen"),
        ("<header>seen</header>", "seen"),
        ("<script>never closed", ""),
        ("a\r\nb\rc\x0bd\x0ce\x85f\u2028g", "a\nb\nc\nd\ne\nf\ng"),
        ("a\x00b\ud800c\u202ed\u061ce\ufefff", "abcdef"),
        ("&#0;&#xD800;&#1114112;&#x202e;!", "\ufffd\ufffd\ufffd!"),
        ("e\u0301", "é"),
        ("👩\u200d👧", "👩\u200d👧"),
        (" \t a \t\n\n\n b ", "a\nb"),
        ("", ""),
    ],
)
def test_markup_becomes_text(content: str, text: str) -> None:
    assert plain_text(content) == text


def test_an_entity_of_five_thousand_digits_is_no_character() -> None:
    assert plain_text("a&#" + "9" * 5000 + ";b") == "a\ufffdb"


HOSTILE = [
    *("<", ">", "&", "&#", "&#x", "</", "<!", "<!--", "<script", "<script>", "<SCRIPT></script", "<div>", "<a "),
    *('<a b="', "<a '=\"", "=", "= ", '="', "\n", " ", "\t\n", "\x00", "\ud800", "日本", "<style></STYLE>"),
    *("a\u0301\u0316", "\u0301\u0316", "\u0f73", '."', ".'", "。」", "'a", "..."),
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_megabyte_of_anything_is_read_in_linear_time(piece: str) -> None:
    # CPU time, so that a busy machine fails nothing: quadratic time would be minutes, linear time is about a second.
    content = piece * (MEGABYTE // len(piece))
    began = time.process_time()
    text = plain_text(content)
    sentences(text)
    words(text)
    assert time.process_time() - began < 10


def test_a_hundred_thousand_nested_blocks_are_read() -> None:
    assert plain_text("<div>" * 100_000 + "deep" + "</div>" * 100_000) == "deep"


def test_a_heap_of_marks_on_one_letter_is_bounded() -> None:
    assert len(clean("a" + "\u0301\u0316" * 50_000 + "b")) <= 32


def test_no_mark_of_any_script_is_heaped_up() -> None:
    marks = [chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)).startswith("M")]
    assert len(marks) > 2000
    assert [mark for mark in marks if len(clean("a" + mark * 80 + "b")) > 70] == []


def test_a_text_with_nothing_to_drop_is_left_as_one_with_something_is() -> None:
    printable = " ".join(chr(code) for code in range(sys.maxunicode + 1) if chr(code).isprintable())
    assert clean(printable + "\0") == clean(printable)


@pytest.mark.parametrize("name", ["strings/blns.json", "strings/IntrudersXSS.txt", "strings/RSNAKE_XSS.txt"])
def test_naughty_strings_leave_no_tag_that_could_run(name: str) -> None:
    content = need_data(name).read_text(encoding="utf-8", errors="replace")
    for line in json.loads(content) if name.endswith("json") else content.splitlines():
        assert not re.search(r"<script[\s>]", plain_text(line.replace("&", "")), re.IGNORECASE)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("I don’t “know”", 'i DON\'T "know"'),
        ("ﬁne…", "fine..."),
        ("so\n very \u00a0 tired", "so very tired"),
        ("well—then", "well-then"),
        ("ＡＢＣ", "abc"),
        ("Straße", "STRASSE"),
        ("cafe\u0301", "café"),
    ],
)
def test_texts_that_differ_in_their_setting_only_compare_equal(one: str, other: str) -> None:
    assert comparable(one) == comparable(other)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I don’t know, really!", ["i", "don't", "know", "really"]),
        ("a_b __c__", ["a", "b", "c"]),
        ("'quoted' rock'n'roll", ["quoted", "rock'n'roll"]),
        ("मैं हिन्दी", ["मैं", "हिन्दी"]),
        ("می\u200cخواهم", ["می\u200cخواهم"]),
        ("今日は疲れた", ["今日", "は疲", "れた"]),
        ("OK今日", ["ok", "今日"]),
        ("— … !", []),
    ],
)
def test_words_are_whole_in_every_script(text: str, expected: list[str]) -> None:
    assert words(text) == expected


_spoken = st.lists(
    st.sampled_from(["a", "don't", "'tis", "boys'", "''", "é", "今日は", "मैं", ".", "_", "…", "“b”", "\t"])
)


@given(st.lists(st.one_of(any_text, _spoken.map(" ".join)).filter(lambda text: not set(text) & {"\n", "\r"})))
@properties
def test_the_words_of_many_texts_are_those_of_each(texts: list[str]) -> None:
    assert words_of_each(texts) == [words(text) for text in texts]


@given(_spoken.map(" ".join))
@properties
def test_the_words_of_a_text_are_the_same_whatever_stands_beside_them(text: str) -> None:
    assert words(f"{text} Ω")[:-1] == words(text)


@pytest.mark.parametrize(
    ("span", "text", "found"),
    [
        ("art", "part of it", False),
        ("part", "art part", True),
        ("the art", "the artist saw the art.", True),
        ("थक", "मैं थका हूँ", False),
        ("疲れた", "今日は疲れたよ", True),
        ("ok", "今日ok", True),
        ("a", "", False),
    ],
)
def test_a_span_is_found_as_whole_words_only(span: str, text: str, found: bool) -> None:  # noqa: FBT001
    assert (find_span(span, text) >= 0) is found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('He said "stop." Then I left.', ['He said "stop."', "Then I left."]),
        ("Really?! Yes…  Fine", ["Really?!", "Yes…", "Fine"]),
        ("今日は疲れた。でも「大丈夫。」と言った。", ["今日は疲れた。", "でも「大丈夫。」", "と言った。"]),
        ("One\n\nTwo", ["One", "Two"]),
        ("At 3.5 km", ["At 3.5 km"]),
        ("", []),
    ],
)
def test_sentences_are_split_as_they_stand(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@given(any_text)
@properties
def test_splitting_into_sentences_loses_nothing_but_blanks(text: str) -> None:
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())


@given(any_text, st.integers(1, 60))
@properties
def test_a_cut_text_keeps_to_its_limit_and_to_its_words(text: str, limit: int) -> None:
    short = cut(text, limit)
    assert len(short) <= limit
    assert text.startswith(short.removesuffix("…").rstrip())


def test_a_text_is_cut_at_the_end_of_a_sentence() -> None:
    assert cut("One two three. Four five six.", 20) == "One two three."
    assert cut("One two three four five", 15) == "One two three…"
