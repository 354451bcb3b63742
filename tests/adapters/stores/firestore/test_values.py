"""Values go to Firestore's messages and come back as they were."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflecta.adapters.stores.firestore.values import a_value, taken

instants = st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(9000, 1, 1), timezones=st.just(UTC))
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | texts | instants
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4))


@given(values)
def test_a_value_comes_back(value: object) -> None:
    assert taken(a_value(value)) == value


def test_an_instant_of_any_zone_comes_back_in_utc() -> None:
    at = datetime.fromisoformat("2026-03-10T08:00:00.123456+05:30")
    assert taken(a_value(at)) == at
    assert str(taken(a_value(at))).endswith("+00:00")


def test_what_firestore_does_not_know_is_refused() -> None:
    with pytest.raises(TypeError, match="timedelta"):
        a_value(timedelta(hours=1))
