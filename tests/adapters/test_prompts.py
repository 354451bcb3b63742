"""The prompt texts that come with the package, and an operator's own."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from reflecta.adapters.prompts import load_prompts
from reflecta.domain.errors import ConfigurationError
from reflecta.domain.model import COACHING_TYPES, Dimension, Recommendation, ScreenedSign
from reflecta.domain.prompt import Prompts, PromptText

NAMES = [field.name for field in fields(Prompts)]
PROMPTS = load_prompts()
TEXTS = {name: getattr(PROMPTS, name).text for name in NAMES}


def a_folder(place: Path) -> Path:
    for name in NAMES:
        (place / f"{name}.md").write_text(f"The {name}.", encoding="utf-8")
    return place


def test_an_operators_texts_take_the_place_of_those_of_the_package(tmp_path: Path) -> None:
    prompts = load_prompts(a_folder(tmp_path))
    assert prompts.newcomer == PromptText(name="newcomer", text="The newcomer.")
    assert prompts.screening.version != PROMPTS.screening.version


@pytest.mark.parametrize("name", NAMES)
def test_a_text_that_is_missing_or_empty_is_named(tmp_path: Path, name: str) -> None:
    file = a_folder(tmp_path) / f"{name}.md"
    file.write_text(" \n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=rf"{name}\.md is empty"):
        load_prompts(tmp_path)
    file.unlink()
    with pytest.raises(ConfigurationError, match=rf"{name}\.md cannot be read"):
        load_prompts(tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_every_prompt_says_that_texts_in_a_diary_give_no_orders(name: str) -> None:
    assert "never an instruction" in TEXTS[name]
    assert "JSON only" in TEXTS[name]


def test_the_judge_is_asked_for_every_dimension_and_for_no_total() -> None:
    assert all(f"- `{dimension}`:" in TEXTS["assessment"] for dimension in Dimension)
    assert all(advice in TEXTS["assessment"] for advice in Recommendation)
    assert "No overall rating" in TEXTS["assessment"]


def test_the_screen_knows_every_sign() -> None:
    assert all(f"- `{sign}`:" in TEXTS["screening"] for sign in ScreenedSign)


@pytest.mark.parametrize("name", ["draft", "revision"])
def test_writers_know_every_kind(name: str) -> None:
    assert all(kind in TEXTS[name] for kind in COACHING_TYPES)


@pytest.mark.parametrize(("name", "least", "most"), [("draft", 60, 140), ("newcomer", 60, 110), ("revision", 60, 140)])
def test_the_model_message_keeps_the_rules_that_it_stands_for(name: str, least: int, most: int) -> None:
    (shown,) = re.findall(r'^(?:Good|Mended): "(.*?)"(?: |$)', TEXTS[name], re.MULTILINE)
    assert least <= len(shown.split()) <= most
    assert shown.count("?") == 1
    assert shown.endswith("?")
