"""Which files of rules are read, what is refused in them, and how the built-in rules fare with real journals."""

import csv
import json
from pathlib import Path

import pytest
from tests.data import need_data

from reflecta.adapters.risk_rules import load_risk_rules
from reflecta.adapters.risk_scores import load_local_screen
from reflecta.domain.errors import ConfigurationError
from reflecta.domain.text import plain_text

PEOPLE = Path(__file__).parents[2] / "src/reflecta/demo/people"
SIGNS = Path(__file__).parents[2] / "src/reflecta/safety/signs"
CODES = {"de", "en", "es", "fr", "it", "nl", "pl", "pt", "sv", "tr"}
# Of 737 ordinary entries; the screen may hold four.
MAX_FALSE_HOLDS = 0.005
MAX_FALSE_HOLDS_IN_LONG = 0.02


def journals() -> list[str]:
    with need_data("journals/lemotif-half.csv").open(encoding="utf-8", newline="") as file:
        return [row["Answer"] for row in csv.DictReader(file)]


def put(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_the_package_brings_ten_languages_and_reads_them_once() -> None:
    assert {path.stem for path in SIGNS.glob("*.toml")} == CODES
    assert load_risk_rules() is load_risk_rules()
    assert load_risk_rules().version.startswith("signs-")


def test_ordinary_journals_are_hardly_ever_held() -> None:
    entries = journals()
    held = [finding.rule for finding in map(load_local_screen().find, entries) if finding]
    assert len(entries) == 737
    assert len(held) <= MAX_FALSE_HOLDS * len(entries), held


def test_the_diaries_of_the_demonstration_are_hardly_ever_held() -> None:
    """They are longer than the real ones and in several languages: there a slip looks like a word of another."""
    documents = (json.loads(line) for path in PEOPLE.glob("*.jsonl") for line in path.read_text("utf-8").splitlines())
    entries = [plain_text(one["content"]) for one in documents if one["type"] == "entry"]
    held = [finding.rule for finding in map(load_local_screen().find, entries) if finding]
    assert len(entries) > 400
    assert len(held) <= MAX_FALSE_HOLDS_IN_LONG * len(entries), held


def test_an_operators_file_replaces_the_rules_of_its_language(tmp_path: Path) -> None:
    rules = load_risk_rules(put(tmp_path, "en.toml", "[suicide]\npresent = 'zorble [for] good'"))
    finding = rules.find("I will zorble for good")
    assert finding is not None
    assert (finding.language, finding.rule) == ("en", "en.suicide.1")
    assert rules.find("I want to end my life") is None
    assert rules.find("Ich will nicht mehr leben")


def test_an_added_file_keeps_the_rules_and_knows_their_words(tmp_path: Path) -> None:
    rules = load_risk_rules(put(tmp_path, "en.add.toml", "[suicide]\npresent = 'zorble {me}'"))
    finding = rules.find("zorble myself")
    assert finding is not None
    assert (finding.language, finding.rule, finding.is_firm) == ("en", "en.add.suicide.1", True)
    assert rules.find("kms")


def test_an_added_excuse_undoes_built_in_findings(tmp_path: Path) -> None:
    text = "I want to kill myself in zorbleball"
    assert load_risk_rules().find(text)
    added = load_risk_rules(put(tmp_path, "en.add.toml", "[excuses]\nsame_words = 'kill myself in zorbleball'"))
    assert added.find(text) is None


def test_a_new_language_needs_no_code(tmp_path: Path) -> None:
    finding = load_risk_rules(put(tmp_path, "fi.toml", "[suicide]\npresent = 'haluan kuolla'")).find("Haluan kuolla.")
    assert finding is not None
    assert finding.language == "fi"


def test_a_remark_is_no_pattern(tmp_path: Path) -> None:
    folder = put(tmp_path, "en.toml", "[suicide]\npresent = '''\n-- not this door\nthat gate\n'''")
    rules = load_risk_rules(folder)
    assert rules.find("not this door") is None
    assert rules.find("that gate")


def test_the_version_changes_with_any_change(tmp_path: Path) -> None:
    one = load_risk_rules(put(tmp_path, "en.add.toml", "[suicide]\npresent = 'zorble me'")).version
    same = load_risk_rules(tmp_path).version
    other = load_risk_rules(put(tmp_path, "en.add.toml", "[suicide]\npresent = 'zorble us'")).version
    assert one == same
    assert len({one, other, load_risk_rules().version}) == 3


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[sadness]\npresent = 'x'", "unknown key 'sadness'"),
        ("[suicide]\nsometimes = 'x'", "unknown key 'sometimes'"),
        ("[suicide]", "has no patterns"),
        ("[suicide]\npresent = ''", "present is no text"),
        ("[suicide]\npresent = '-- nothing but a remark'", "present has no pattern"),
        ("[suicide]\npresent = ['x']", "present is no text"),
        ("[suicide]\npresent = '[surely]'", "pattern '[surely]': it would match the empty text"),
        ("[suicide]\npresent = 'sui* now'", "'sui*' is too short a stem"),
        ("[suicide]\npresent = '~die'", "'~die' is no whole word"),
        ("[suicide]\npresent = '{nobody} knows'", "{nobody} is not among the words"),
        ("[suicide]\npresent = 'so tired'", "'so' is a filler"),
        ("[words]\nme = 'myself'\nmee = 'me'", "{me} is named twice"),
        ("[excuses]\nsame_words = 'film ..3'", "stands between words"),
        ("[excuses]\nfar_away = 'film'", "unknown key 'far_away'"),
        ("words = 3", "words is no table"),
        ("fillers = 3", "fillers is no text"),
        ("[suicide", "not TOML"),
    ],
)
def test_a_fault_is_refused_with_its_file_and_its_place(text: str, fault: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_risk_rules(put(tmp_path, "en.add.toml", text))
    assert fault in str(caught.value)
    assert str(tmp_path / "en.add.toml") in str(caught.value)


def test_a_folder_without_rules_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No rules"):
        load_risk_rules(tmp_path)


def test_an_unreadable_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "en.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_risk_rules(tmp_path)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_risk_rules(tmp_path / "nowhere")
