"""What a held user is told to wait for."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.builders import HOUR, NOW, a_user, an_attempt, an_occasion

from reflecta.application.explain import next_step, sentence
from reflecta.application.ports.store import Explanation
from reflecta.domain.model import Occasion, OccasionState, Reason
from reflecta.domain.safety import NEVER

END = NOW + timedelta(hours=72)


@pytest.mark.parametrize(
    ("flagged", "cause"), [(("e1",), "the journal showed a sign of risk"), ((), "a person saw a sign of risk")]
)
def test_a_hold_is_told_with_its_end_and_its_cause(flagged: tuple[str, ...], cause: str) -> None:
    told = next_step(a_user(held_until=END, flagged_entries=flagged), NOW)
    assert told.startswith(f"Held until 2026-03-13 09:00 (Europe/Berlin), because {cause}. ")


@pytest.mark.parametrize(
    ("due", "told"),
    [
        (NOW, "2026-03-14 08:00"),
        (END - HOUR, "2026-03-14 08:00"),
        (END, "2026-03-13 09:00"),
        (END + timedelta(days=5), "2026-03-18 09:00"),
        (None, "2026-03-14 08:00"),
    ],
)
def test_what_comes_due_before_the_end_of_a_hold_comes_after_it(due: datetime | None, told: str) -> None:
    step = next_step(a_user(held_until=END, next_due_at=due), NOW)
    assert step.endswith(f" Next due {told} (Europe/Berlin), in the morning window.")


def test_a_hold_until_a_review_says_so() -> None:
    told = next_step(a_user(held_until=NEVER), NOW)
    assert told.startswith("Held until a person has reviewed, because ")
    assert told.endswith(" Until then every occasion is deferred.")


@pytest.mark.parametrize(
    ("standing", "told"), [({"enabled": False}, "switched off"), ({"timezone": None}, "no IANA time zone")]
)
def test_who_gets_no_messages_anyway_is_told_that_too(standing: dict[str, Any], told: str) -> None:
    step = next_step(a_user(held_until=END, **standing), NOW)
    assert "Held until" in step
    assert told in step


@pytest.mark.parametrize("until", [None, NOW, NOW - HOUR])
def test_without_a_hold_that_stands_nothing_is_said_of_one(until: datetime | None) -> None:
    assert "Held" not in next_step(a_user(held_until=until), NOW)


def ended(state: OccasionState) -> Occasion:
    return an_occasion(state=state, reason=Reason.SAFETY_HOLD, ended_at=NOW)


def test_a_text_with_helplines_is_told_as_what_it_is() -> None:
    sent = Explanation(occasion=ended(OccasionState.SENT), attempts=[an_attempt()], sent_at=NOW)
    assert sentence(sent) == (
        "2026-03-10 09:00 (Europe/Berlin): Sent: a text with helplines, because the journal showed a sign of risk, "
        "2026-03-10 09:00 (Europe/Berlin)"
    )


def test_of_an_erased_user_a_sentence_does_not_say_that_there_was_a_sign() -> None:
    assert "risk" not in sentence(Explanation(occasion=ended(OccasionState.SENT)))


def test_an_occasion_during_a_hold_says_that_there_was_one() -> None:
    told = sentence(Explanation(occasion=ended(OccasionState.DEFERRED)))
    assert told.endswith(": Deferred: the user was held because of a sign of risk: nothing ordinary is sent meanwhile")
