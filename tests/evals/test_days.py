"""Sixty days in small: what is counted is right, and a service that lets repeats through misses the targets."""

import csv
from pathlib import Path

import pytest
from evals.days import SAME, WRITES, Message, deal, entropy, likenesses, measure, same_openings
from evals.shares import NOT_MEASURED

from reflecta.domain.model import Check, MessageType

SENTENCES = (
    "I want to finish the {} before the week is over.",
    "The {} was hard today and I nearly gave it up.",
    "I am proud that I kept at the {} until the evening.",
    "My sister came by and we talked about the {} for an hour.",
)
THINGS = "shed garden bicycle letter kitchen painting bookshelf fence boat piano exam language".split()


@pytest.fixture
def journals(tmp_path: Path) -> Path:
    """Write a small collection of journals."""
    path = tmp_path / "journals.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["Answer"])
        rows.writerows([sentence.format(thing)] for thing in THINGS for sentence in SENTENCES)
    return path


def _message(text: str, kind: MessageType = MessageType.CHECK_IN) -> Message:
    return Message(text=text, type=kind, by_model=True)


async def test_a_model_that_always_says_the_same_is_not_heard_twice(journals: Path) -> None:
    figures = (await measure(journals, people=1, days=6)).figures

    assert figures["days_model_sent"].met
    assert (figures["days_model_same_openings"].value, figures["days_composer_same_openings"].value) == (0, 0)
    assert figures["days_model_most_alike"].met
    assert 0 < float(figures["days_model_by_composer"].value) < 1
    assert figures["days_composer_by_composer"].value == 1.0


async def test_where_nothing_is_checked_the_same_comes_again(journals: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_checks(*_given: object, **_named: object) -> tuple[Check, ...]:
        return ()

    monkeypatch.setattr("reflecta.application.compose.check_draft", no_checks)

    figures = (await measure(journals, people=1, days=4)).figures

    assert (figures["days_model_most_alike"].value, figures["days_model_same_openings"].value) == (1.0, 3)
    assert not figures["days_model_most_alike"].met
    assert not figures["days_model_same_openings"].met


async def test_what_has_no_target_is_only_told(journals: Path) -> None:
    figures = (await measure(journals, people=1, days=1)).figures

    assert not figures["days_model_type_bits"].met
    assert figures["days_bare_model_type_bits"].met


def test_the_same_draw_deals_the_same_texts() -> None:
    texts = [str(number) for number in range(500)]
    dealt = deal(texts, people=3, days=60)

    assert dealt == deal(texts, people=3, days=60)
    written = [text for person in dealt for text in person if text is not None]
    assert len(written) == len(set(written))
    assert abs(len(written) / (3 * 72) - WRITES) < 0.1


def test_the_kinds_of_messages_are_measured_in_bits() -> None:
    kinds = [MessageType.CHECK_IN, MessageType.CHALLENGE, MessageType.REMINDER, MessageType.ENCOURAGEMENT]

    assert entropy([_message("x", kind) for kind in kinds]) == 2.0
    assert entropy([_message("x")] * 5) == 0.0


def test_messages_further_apart_than_ten_may_be_alike() -> None:
    others = [_message(f"one {n} two {n} three {n} four {n}") for n in range(9)]

    assert max(likenesses([_message(SAME), *others, _message(SAME)])) < 1.0
    assert max(likenesses([_message(SAME), *others[1:], _message(SAME)])) == 1.0
    assert same_openings([_message(SAME), *others, _message(SAME)]) == 0
    assert same_openings([_message(SAME), *others[1:], _message(SAME)]) == 1


async def test_without_the_journals_nothing_is_measured_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REFLECTA_TEST_DATA", str(tmp_path))

    assert (await measure()).figures["days_model_sent"] == NOT_MEASURED
    assert "REAL DATA MISSING" in capsys.readouterr().err
