"""Zone names: what is taken for a place, and that nothing else is guessed or breaks anything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.strategies import any_text, properties

from reflecta.domain.zones import NAMES, canonical_name, zone


@given(st.sampled_from(sorted(NAMES)))
@properties
def test_a_name_is_known_whatever_its_letter_case(name: str) -> None:
    assert canonical_name(name.lower()) == canonical_name(name.casefold()) == canonical_name(f" {name} ") == name


UNKNOWN = [
    *("PST", "UTC+2", "+05:00", "", " ", "localtime", "posixrules", "Factory", "../../etc/passwd", "Europe", "Europe/"),
    *("/Europe/Paris", "Europe\\Paris", "Europe/Paris\0", "zones", "tzdata.zi", "\ud800", "Europe/Paris" * 1000),
]


@pytest.mark.parametrize("given_name", [None, *UNKNOWN])
def test_what_names_no_zone_is_unknown(given_name: str | None) -> None:
    assert canonical_name(given_name) is None


@given(any_text)
@properties
def test_no_text_breaks_the_reading_of_zone_names(text: str) -> None:
    assert canonical_name(text) in {*NAMES, None}


@pytest.mark.parametrize("name", ["europe/paris", *UNKNOWN])
def test_only_an_exact_name_is_loaded(name: str) -> None:
    with pytest.raises(KeyError):
        zone(name)


def test_every_name_loads_under_its_own_key() -> None:
    assert {zone(name).key for name in NAMES} == NAMES
