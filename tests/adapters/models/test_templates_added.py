"""What an operator adds to the templates stands beside those there are, and is held to the same rules."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from reflecta.adapters.models.templates import load_templates
from reflecta.domain.errors import ConfigurationError
from reflecta.domain.wording import say_origin, slots_of

BUILT_IN = load_templates()
PACKAGED = Path(__file__).parents[3] / "src/reflecta/prompts/templates"

OWN = """
[[template]]
type = "check_in"
needs = ["quote", "date"]
text = \"\"\"
The blue notebook says so: “{quote}”. It was written {date}.

What came of it?
\"\"\"
push = "The blue notebook is open."
"""


def put(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name.replace('_', '.')}.toml").write_text(text, encoding="utf-8")
    return folder


def packaged(language: str) -> str:
    return (PACKAGED / f"{language}.toml").read_text(encoding="utf-8")


def test_a_folder_of_additions_adds_to_the_templates_of_the_package(tmp_path: Path) -> None:
    both = load_templates(put(tmp_path, en_add=OWN))
    assert both.languages.keys() == BUILT_IN.languages.keys()
    assert both.languages["de"].templates == BUILT_IN.languages["de"].templates
    *before, new = both.languages["en"].templates
    assert tuple(before) == BUILT_IN.languages["en"].templates
    assert new.text.startswith("The blue notebook")
    assert new.push_text == "The blue notebook is open."


def test_an_addition_is_a_new_version(tmp_path: Path) -> None:
    one = load_templates(put(tmp_path, en_add=OWN)).version
    other = load_templates(put(tmp_path, en_add=OWN.replace("blue", "red"))).version
    assert len({one, other, BUILT_IN.version}) == 3


def test_additions_go_to_the_folders_own_templates_where_it_has_some(tmp_path: Path) -> None:
    own = packaged("en").replace("No preamble.", "No preface.")
    templates = load_templates(put(tmp_path, en=own, en_add=OWN)).languages["en"].templates
    assert any(template.text.startswith("No preface.") for template in templates)
    assert not any(template.text.startswith("No preamble.") for template in templates)
    assert templates[-1].text.startswith("The blue notebook")


def test_beside_own_templates_an_addition_brings_the_packages_of_its_language_and_no_other(tmp_path: Path) -> None:
    both = load_templates(put(tmp_path, en=packaged("en"), es_add=OWN))
    assert sorted(both.languages) == ["en", "es"]
    assert len(both.languages["es"].templates) == len(BUILT_IN.languages["es"].templates) + 1


@pytest.mark.parametrize(
    ("language", "text", "fault"),
    [
        (
            "en",
            OWN.replace("The blue notebook says so:", "You set something down. Plans were these:"),
            "template 1 of en.toml",
        ),
        ("en", OWN + OWN, "en.add.toml, template 2: opens with the same words as template 1 of en.add.toml"),
        ("en", OWN.replace("“{quote}”", "{quote}"), "en.add.toml, template 1: a quotation"),
        ("en", '[dates]\ntoday = "now"\n' + OWN, "en.add.toml: unknown key 'dates'"),
        ("en", "", "en.add.toml: [[template]] is missing"),
        ("en", "[[template", "en.add.toml: not TOML"),
        ("it", OWN, "it.add.toml: there is no it.toml"),
    ],
)
def test_a_fault_in_an_addition_is_named_with_its_place(tmp_path: Path, language: str, text: str, fault: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        load_templates(put(tmp_path, **{f"{language}_add": text}))
    assert fault in str(raised.value)


def test_a_type_with_fewer_than_six_templates_may_be_made_up_by_additions(tmp_path: Path) -> None:
    kept = packaged("de").replace('type = "check_in"', 'type = "reminder"', 1)
    with pytest.raises(ConfigurationError, match="5 templates of type 'check_in'; needed: 6"):
        load_templates(put(tmp_path, de=kept))
    load_templates(put(tmp_path, de=kept, de_add=OWN))


def test_every_tone_needs_four_templates_a_type(tmp_path: Path) -> None:
    no_tone = 'type = "check_in"\nneeds = ["quote", "date"]\ntext'
    for_one = no_tone.replace("\ntext", '\ntone = ["direct"]\ntext')
    with pytest.raises(ConfigurationError, match="0 templates of type 'check_in' for tone"):
        load_templates(put(tmp_path, de=packaged("de").replace(no_tone, for_one)))


@pytest.mark.parametrize("language", sorted(BUILT_IN.languages))
def test_what_stands_around_a_message_gives_nothing_of_it_away(language: str) -> None:
    labels = BUILT_IN.languages[language].labels
    assert not slots_of(labels.push + labels.heading + labels.composed)
    assert labels.heading != labels.composed


@pytest.mark.parametrize(
    ("language", "days", "said"),
    [
        ("en", [], ""),
        ("en", [3], "From your entry of 3 November"),
        ("en", [9, 3, 3], "From your entries of 3 November and 9 November"),
        ("en", [1, 9, 3], "From your entries of 1 November, 3 November and 9 November"),
        ("de", [3, 9], "Aus deinen Einträgen vom 3. November und 9. November"),
        ("es", [3], "De tu entrada del 3 de noviembre"),
        ("fr", [1, 9], "Tiré de tes pages du 1er novembre et 9 novembre"),
        ("pt", [3, 9], "Dos seus registros de 3 de novembro e 9 de novembro"),
    ],
)
def test_the_entries_a_message_quotes_are_named_by_their_days(language: str, days: list[int], said: str) -> None:
    written = [datetime(2026, 11, day, hour, tzinfo=UTC) for hour, day in enumerate(days)]
    assert say_origin(written, BUILT_IN.languages[language]) == said
