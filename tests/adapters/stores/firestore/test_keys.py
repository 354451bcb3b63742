"""Any id of an app is a document id, and comes back."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflecta.adapters.stores.firestore.keys import id_of, key_of

ids = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40) | st.sampled_from(
    [".", "..", "__x__", "____", "a/b", "/", "%2F", "reflecta%", "reflecta%2F", "../users/u2", "a%2Fb"]
)


@given(ids)
def test_an_id_comes_back_and_its_key_is_one_segment(id_: str) -> None:
    key = key_of(id_)
    assert id_of(f"projects/p/databases/(default)/documents/users/{key}") == id_ == id_of(key)
    assert "/" not in key
    assert key not in {".", ".."}
    assert not re.fullmatch("__.*__", key, re.DOTALL)


@given(ids, ids)
def test_two_ids_have_two_keys(one: str, other: str) -> None:
    assert (key_of(one) == key_of(other)) == (one == other)


@pytest.mark.parametrize("uid", ["Kx81bQ", "user-1@example.org", "日記", "50%"])
def test_what_an_app_on_firestore_can_have_is_its_own_key(uid: str) -> None:
    assert key_of(uid) == uid
