"""Whether anything is worth saying, before money is spent."""

from dataclasses import replace
from datetime import timedelta

from tests.domain.journal import NOW, a_context, a_message

from reflecta.domain.context import Context
from reflecta.domain.model import Feedback, Reason
from reflecta.domain.pregate import MOST_UNANSWERED, nothing_worth_saying

TEXT = "I walked along the river and thought about the garden."


def after_messages(count: int, *, newest_days_ago: int = 0, **fields: object) -> Context:
    """Give the context of somebody who wrote yesterday and got so many messages, one a day."""
    messages = [a_message("How was it?", at=NOW - timedelta(days=newest_days_ago + n)) for n in range(count)]
    return a_context(TEXT, messages=[replace(message, **fields) for message in messages])


def test_there_is_something_to_say_about_a_sentence() -> None:
    assert nothing_worth_saying(a_context(TEXT)) is None


def test_there_is_nothing_to_say_about_a_word_or_two() -> None:
    assert nothing_worth_saying(a_context("Tired.", "Rain again.")) is Reason.NOTHING_TO_SAY
    assert nothing_worth_saying(a_context()) is Reason.NOTHING_TO_SAY


def test_who_wrote_since_the_last_messages_is_written_to() -> None:
    assert nothing_worth_saying(after_messages(MOST_UNANSWERED, newest_days_ago=2)) is None


def test_who_neither_writes_nor_reacts_to_seven_messages_is_left_in_peace() -> None:
    silent = [a_message("How was it?", at=NOW - timedelta(hours=n)) for n in range(MOST_UNANSWERED)]
    assert nothing_worth_saying(a_context(TEXT, messages=silent)) is Reason.NOTHING_TO_SAY
    assert nothing_worth_saying(a_context(TEXT, messages=silent[1:])) is None


def test_who_reacts_is_written_to() -> None:
    reaction = (Feedback(message_id="m", kind="opened"),)
    silent = [a_message("How was it?", at=NOW - timedelta(hours=n)) for n in range(MOST_UNANSWERED)]
    silent[3] = replace(silent[3], feedback=reaction)
    assert nothing_worth_saying(a_context(TEXT, messages=silent)) is None
