"""Whoever is sent a care text is told whom to call, in a language that can be guessed, wherever they are."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.strategies import any_text, properties

from reflecta.domain.care import CareText, CareTexts, Helpline
from reflecta.domain.text import words


def a_text(language: str) -> CareText:
    return CareText(
        language=language,
        heading=f"heading {language}",
        text=f"before {language}\n{{helplines}}\nafter",
        push_text=f"push {language}",
        line="{name}: {number} ({hours})",
        web="{name}, {url}",
        emergency="SOS {number}",
    )


NIGHT = Helpline(region="BE", name="Night", number="18", hours="24/7", languages=("nl",))
DAY = Helpline(region="BE", name="Day", number="32 123", url="day.example", languages=("fr",))
WORLD = Helpline(region="*", name="World", url="world.example", languages=("en",))
TEXTS = CareTexts(
    texts={code: a_text(code) for code in ("en", "fr", "nl")},
    helplines={"BE": (NIGHT, DAY), "GB": (replace(NIGHT, region="GB", languages=("cy", "en")),), "*": (WORLD,)},
    emergency={"BE": "112", "AQ": "99"},
    version="care-1",
)


def test_the_helplines_stand_in_the_text_line_by_line_after_the_emergency_number() -> None:
    care = TEXTS.write("nl", "BE")
    assert care.text == "before nl\nSOS 112\nNight: 18 (24/7)\nDay: 32 123\nafter"
    assert (care.heading, care.push_text) == ("heading nl", "push nl")


def test_helplines_in_the_persons_language_come_first() -> None:
    assert TEXTS.write("fr", "BE").text.split("\n")[2:4] == ["Day: 32 123", "Night: 18 (24/7)"]


@pytest.mark.parametrize("region", [None, "", "  ", "ZZ", "Belgium", "*"])
def test_without_a_known_region_the_international_helpline_is_named_and_no_emergency_number(region: str | None) -> None:
    assert TEXTS.write("en", region).text == "before en\nWorld, world.example\nafter"


def test_an_emergency_number_is_told_where_no_helpline_of_the_region_is_known() -> None:
    assert TEXTS.write("en", "aq").text == "before en\nSOS 99\nWorld, world.example\nafter"


@pytest.mark.parametrize("region", ["BE", "be", " Be "])
def test_a_region_is_known_in_any_case(region: str) -> None:
    assert TEXTS.write("nl", region) == TEXTS.write("nl", "BE")


def test_what_people_write_for_the_united_kingdom_is_understood() -> None:
    assert TEXTS.write("en", "uk") == TEXTS.write("en", "GB")


@pytest.mark.parametrize(
    ("language", "region", "written"),
    [
        ("fr", "BE", "fr"),
        ("FR-be", "BE", "fr"),
        ("fr_CA", None, "fr"),
        ("ja", "BE", "nl"),
        (None, "BE", "nl"),
        ("", "BE", "nl"),
        ("ja", "GB", "en"),
        ("ja", None, "en"),
        (None, None, "en"),
    ],
)
def test_without_a_text_in_the_language_the_regions_main_one_is_taken_else_english(
    language: str | None, region: str | None, written: str
) -> None:
    assert TEXTS.write(language, region).push_text == f"push {written}"


def test_regions_without_a_helpline_of_their_own_are_told() -> None:
    assert [TEXTS.has_helpline(region) for region in ("be", "UK", "AQ", "*", "", None)] == [True, True] + 4 * [False]


@given(st.none() | any_text, st.none() | any_text)
@properties
def test_whatever_the_record_says_there_is_somebody_to_turn_to(language: str | None, region: str | None) -> None:
    care = TEXTS.write(language, region)
    assert "18" in words(care.text) or "world.example" in care.text
    assert "{" not in care.text
