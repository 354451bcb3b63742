"""Runs after a flag in small: they are clean, and each promise that is broken is counted."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from evals.flags import START, By, Reader, Run, measure
from tests.builders import a_user

from reflecta.domain.model import Entry, Purpose, User
from reflecta.domain.prompt import Question
from reflecta.testing import screening_reply

RUNS = 24


async def test_whatever_happens_nothing_ordinary_is_sent_while_held() -> None:
    figures = (await measure(runs=RUNS, users=RUNS)).figures

    wanted = ("ordinary_after_flag", "flagged_entry_quoted", "care_texts_too_many", "care_texts_missing")
    assert {name: figures[name].value for name in wanted} == dict.fromkeys(wanted, 0)
    assert figures["care_texts"].value == RUNS * 2 / 3
    assert float(figures["acts_after_flag"].value) >= 3 * RUNS
    assert float(figures["ordinary_when_free"].value) > 0


async def test_the_same_seed_gives_the_same_runs() -> None:
    assert (await measure(runs=6, users=6)).figures == (await measure(runs=6, users=6)).figures


async def test_a_hold_that_ends_too_early_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFLECTA_SAFETY_HOLD_HOURS", "0.5")

    figure = (await measure(runs=RUNS, users=RUNS)).figures["ordinary_after_flag"]

    assert float(figure.value) > 0
    assert not figure.met


async def test_a_sign_that_nobody_sees_is_missed_as_a_care_text() -> None:
    class Blind(Reader):
        """Sees no risk anywhere."""

        def _answer(self, question: Question) -> str:
            return screening_reply() if question.purpose is Purpose.SCREENING else super()._answer(question)

    figures = (await measure(runs=RUNS, users=RUNS, model=Blind())).figures

    assert figures["care_texts_missing"].value == RUNS / 3
    assert float(figures["ordinary_after_flag"].value) > 0


async def test_flagged_entries_that_are_read_again_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    class Forgetful(Reader):
        """Sees a risk at the first look at a person, and never again."""

        def _answer(self, question: Question) -> str:
            if question.purpose is Purpose.SCREENING and question.context.user_id in self.seen:
                return screening_reply()
            self.seen.add(question.context.user_id)
            return super()._answer(question)

        seen: set[str] = set()  # noqa: RUF012 - of this test alone

    def all_of_them(_user: User, entries: Sequence[Entry]) -> Sequence[Entry]:
        return entries

    monkeypatch.setattr("reflecta.domain.safety.unflagged", all_of_them)

    figures = (await measure(runs=RUNS, users=RUNS, model=Forgetful())).figures

    assert not figures["flagged_entry_quoted"].met
    assert not figures["care_texts_too_many"].met


def test_a_run_is_held_from_its_flag_until_the_end_and_not_at_the_end() -> None:
    day = timedelta(days=1)
    run = Run(by=By.PERSON, user=a_user(), entries=[], left=0, held=[(START, START + day)])

    assert [run.is_held(START + at * day) for at in (-0.1, 0, 0.9, 1)] == [False, True, True, False]
    assert (run.care_texts, Run(by=By.RULES, user=a_user(), entries=[], left=0).care_texts) == (0, 1)
