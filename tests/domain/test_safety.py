"""What follows from a sign of risk, and who is never written to harshly."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import NOW, a_user, an_entry
from tests.domain.strategies import properties

from reflecta.adapters.risk_scores import load_local_screen
from reflecta.domain import safety
from reflecta.domain.model import (
    ChallengeDegree,
    FlagSource,
    Preferences,
    ScreenedSign,
    Screening,
    ToneDegree,
)

LOCAL = load_local_screen()
HOLD = timedelta(hours=72)
GRAVE = "I want to kill myself."
ORDINARY = "I walked along the river and thought about the garden."
HARSH = {ToneDegree.FIRM, ToneDegree.HARSH}
preferences = st.builds(Preferences, challenge=st.sampled_from(ChallengeDegree), tone=st.sampled_from(ToneDegree))


def test_an_explicit_entry_raises_a_flag_that_names_it_and_holds() -> None:
    entries = [an_entry("e2", text=ORDINARY), an_entry("e1", text=GRAVE)]
    flag = safety.find_by_rules(LOCAL, a_user(), entries, now=NOW, hold=HOLD)
    assert flag is not None
    assert (flag.sign, flag.source, flag.entry_ids) == (ScreenedSign.SUICIDE, FlagSource.RULES, ("e1",))
    assert (flag.held_until, flag.language) == (NOW + HOLD, "en")


def test_a_flag_bears_no_word_of_the_journal() -> None:
    flag = safety.find_by_rules(LOCAL, a_user(), [an_entry(text=GRAVE)], now=NOW, hold=HOLD)
    assert "kill" not in str(flag)


def test_ordinary_entries_raise_none() -> None:
    assert safety.find_by_rules(LOCAL, a_user(), [an_entry(text=ORDINARY)] * 9, now=NOW, hold=HOLD) is None


def test_of_old_entries_the_newest_five_are_read_and_of_new_ones_all() -> None:
    old = an_entry("old", text=GRAVE, written_at=NOW - timedelta(days=9), updated_at=NOW - timedelta(days=9))
    before = [an_entry(f"e{n}", text=ORDINARY) for n in range(safety.NEWEST)]
    met = a_user(last_sent_at=NOW - timedelta(days=3))
    assert safety.find_by_rules(LOCAL, met, [*before, old], now=NOW, hold=HOLD) is None
    assert safety.find_by_rules(LOCAL, met, [*before[1:], old], now=NOW, hold=HOLD) is not None
    assert safety.find_by_rules(LOCAL, a_user(), [*before, old], now=NOW, hold=HOLD) is not None
    edited = replace(old, updated_at=NOW)
    assert safety.find_by_rules(LOCAL, met, [*before, edited], now=NOW, hold=HOLD) is not None


def test_without_an_end_a_hold_lasts_until_a_person_ends_it() -> None:
    flag = safety.find_by_rules(LOCAL, a_user(), [an_entry(text=GRAVE)], now=NOW, hold=None)
    assert flag is not None
    assert safety.is_held(a_user(held_until=flag.held_until), datetime(2999, 1, 1, tzinfo=UTC))


def test_a_hold_ends_at_its_instant() -> None:
    held = a_user(held_until=NOW)
    assert safety.is_held(held, NOW - timedelta(milliseconds=1))
    assert not safety.is_held(held, NOW)
    assert not safety.is_held(a_user(), NOW)


def test_what_was_flagged_is_not_written_about() -> None:
    entries = [an_entry("e1"), an_entry("e2")]
    assert [e.id for e in safety.unflagged(a_user(flagged_entries=("e1",)), entries)] == ["e2"]


@pytest.mark.parametrize("sign", list(ScreenedSign))
def test_the_classifier_s_answer_is_a_flag_or_a_reason_for_gentleness_or_neither(sign: ScreenedSign) -> None:
    screening = Screening(signs=(sign,), entry_ids=("e1",))
    flag = safety.flag_of(screening, [an_entry("e1")], now=NOW, hold=HOLD)
    is_mild = sign in {ScreenedSign.NONE, ScreenedSign.DISTRESS, ScreenedSign.MEDICAL}
    assert (flag is None) == is_mild
    assert safety.asks_for_gentleness(screening) == (sign is not ScreenedSign.NONE)


def test_of_several_signs_the_gravest_is_told() -> None:
    signs = (ScreenedSign.DISTRESS, ScreenedSign.EATING_DISORDER, ScreenedSign.SUICIDE)
    flag = safety.flag_of(Screening(signs=signs), [an_entry("e1")], now=NOW, hold=HOLD)
    assert flag is not None
    assert flag.sign is ScreenedSign.SUICIDE


@pytest.mark.parametrize("named", [(), ("somebody else's",)])
def test_a_classifier_that_names_no_known_entry_means_the_newest(named: tuple[str, ...]) -> None:
    screening = Screening(signs=(ScreenedSign.ABUSE,), entry_ids=named)
    flag = safety.flag_of(screening, [an_entry("e2"), an_entry("e1")], now=NOW, hold=HOLD)
    assert flag is not None
    assert flag.entry_ids == ("e2",)


@pytest.mark.parametrize("screening", [None, Screening(signs=())])
def test_where_nobody_could_look_the_message_is_gentle(screening: Screening | None) -> None:
    assert safety.asks_for_gentleness(screening)


@given(preferences, st.none() | st.sampled_from(["minor", "teen", "unknown", "Adult ", ""]))
@properties
def test_who_is_not_known_to_be_adult_is_never_written_to_harshly(
    given_ones: Preferences, age_band: str | None
) -> None:
    softened = safety.soften(given_ones, age_band=age_band)
    assert softened.tone not in HARSH
    assert softened.challenge is not ChallengeDegree.INTENSE
    assert softened.tone in {given_ones.tone, ToneDegree.DIRECT}


@given(preferences, st.booleans())
@properties
def test_an_adult_gets_the_degrees_that_were_asked_for_unless_it_must_be_gentle(
    given_ones: Preferences,
    gently: bool,  # noqa: FBT001
) -> None:
    softened = safety.soften(given_ones, age_band=safety.ADULT, gently=gently)
    gentle = (ChallengeDegree.GENTLE, ToneDegree.SUPPORTIVE)
    assert (softened.challenge, softened.tone) == (gentle if gently else (given_ones.challenge, given_ones.tone))
