"""The care texts that come with the package are complete, and an operator's own are held to the same rules."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.strategies import properties

from reflecta.adapters.care import load_care
from reflecta.domain.care import FALLBACK_REGION, Helpline
from reflecta.domain.checks import MAX_CHARS, MAX_PUSH_CHARS
from reflecta.domain.errors import ConfigurationError
from reflecta.domain.text import plain_text

BUILT_IN = load_care()
PACKAGED = Path(__file__).parents[2] / "src/reflecta/safety"
LANGUAGES = ["de", "en", "es", "fr", "it", "nl", "pl", "pt", "sv", "tr"]


def packaged(name: str) -> str:
    return (PACKAGED / name).read_text(encoding="utf-8")


def put(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def is_named(helpline: Helpline, text: str) -> bool:
    return helpline.name in text and (helpline.number or helpline.url) in text


# --- what comes with the package ---


def test_ten_languages_and_forty_regions_come_with_the_package() -> None:
    assert sorted(BUILT_IN.texts) == LANGUAGES
    assert len(BUILT_IN.helplines.keys() - {FALLBACK_REGION}) >= 40


@given(st.sampled_from([*LANGUAGES, "pt-BR", "ja", None]), st.sampled_from([*sorted(BUILT_IN.helplines), "AQ", None]))
@properties
def test_every_text_names_every_helpline_of_the_region(language: str | None, region: str | None) -> None:
    care = BUILT_IN.write(language, region and region.lower())
    helplines = BUILT_IN.helplines.get(region or "*", BUILT_IN.helplines["*"])
    assert helplines
    assert all(is_named(helpline, care.text) for helpline in helplines)
    assert BUILT_IN.emergency.get(region or "*", "") in care.text


@pytest.mark.parametrize("region", [*sorted(BUILT_IN.helplines), *sorted(BUILT_IN.emergency)])
def test_a_care_text_can_be_stored_and_shown_as_any_message(region: str) -> None:
    for language in LANGUAGES:
        care = BUILT_IN.write(language, region)
        assert len(care.text) <= MAX_CHARS
        assert len(care.push_text) <= MAX_PUSH_CHARS
        assert not set("{}") & set(care.text)
        assert plain_text(care.text) == care.text


@pytest.mark.parametrize(
    ("region", "number"),
    [
        ("US", "988"),
        ("GB", "116 123"),
        ("DE", "0800 111 0 111"),
        ("FR", "3114"),
        ("ES", "024"),
        ("AT", "142"),
        ("CH", "143"),
        ("NL", "113"),
        ("BE", "1813"),
        ("BR", "188"),
        ("AU", "13 11 14"),
        ("NZ", "1737"),
        ("IN", "14416"),
        ("SE", "90101"),
    ],
)
def test_well_known_numbers_are_those_of_their_region(region: str, number: str) -> None:
    assert number in [helpline.number for helpline in BUILT_IN.helplines[region]]
    assert number in BUILT_IN.write(None, region).text


@pytest.mark.parametrize(("region", "language"), [("AT", "de"), ("MX", "es"), ("BR", "pt"), ("BE", "nl"), ("TH", "en")])
def test_a_person_of_unknown_language_is_written_to_in_that_of_the_region(region: str, language: str) -> None:
    assert BUILT_IN.write(None, region).heading == BUILT_IN.texts[language].heading


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_exclaimed_asked_or_quoted(language: str) -> None:
    text = BUILT_IN.texts[language]
    assert not set('!?¡¿“”„«»"') & set(text.text + text.push_text + text.heading)


# --- an operator's own ---


def test_an_own_language_replaces_that_of_the_package_and_no_other(tmp_path: Path) -> None:
    own = load_care(put(tmp_path, "de.toml", packaged("care/de.toml").replace("Notruf:", "Hilfe:")))
    assert own.texts["de"].emergency == "Hilfe: {number}"
    assert {code: text for code, text in own.texts.items() if code != "de"} == {
        code: text for code, text in BUILT_IN.texts.items() if code != "de"
    }
    assert own.helplines == BUILT_IN.helplines
    assert own.version != BUILT_IN.version


def test_a_language_may_be_added(tmp_path: Path) -> None:
    own = load_care(put(tmp_path, "da.toml", packaged("care/sv.toml")))
    assert own.write(None, "DK").push_text == BUILT_IN.texts["sv"].push_text


def test_an_own_table_of_helplines_replaces_the_whole_one(tmp_path: Path) -> None:
    table = '[emergency]\nDE = "110"\n[[helpline]]\nregion = "*"\nname = "Us"\nnumber = "1"\nlanguages = ["en"]\n'
    own = load_care(put(tmp_path, "helplines.toml", table))
    assert list(own.helplines) == ["*"]
    assert own.texts == BUILT_IN.texts
    assert "Notruf: 110\nUs: 1\n" in own.write("de", "DE").text


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("\n{helplines}\n", "", "text has the slots []"),
        ("\n{helplines}\n", "\n{helplines}\n\n{helplines}\n", "text has the slots ['helplines', 'helplines']"),
        ("\n{helplines}\n", "\n{number}\n", "text has the slots ['number']"),
        ("\n\n{helplines}", " {helplines}", "line of its own"),
        ('push = "Your', 'push = "{name}, your', "push has the slots ['name']"),
        ('push = "Your', f'push = "{"x" * 100} your', "characters; at most 100"),
        ('push = "Your coach left you a note."', "", "push is missing"),
        ("heading =", "header =", "unknown key 'header'"),
        ('heading = "', f'heading = "{"word " * 12}', "heading has 18 words"),
        ("sounded heavy", "word " * 60, "words; 60 to 130 are allowed"),
        ("{number} ({hours})", "{number}, {hours}", "brackets"),
        ("{name}: {number}", "{name}", "line has the slots"),
        ("{name}: {url}", "{name}", "web has the slots"),
        ('emergency = "Emergency: {number}"', 'emergency = "Emergency"', "emergency has the slots"),
        ("text =", "text", "not TOML"),
    ],
)
def test_a_fault_in_a_care_text_is_named(tmp_path: Path, old: str, new: str, fault: str) -> None:
    text = packaged("care/en.toml")
    assert old in text
    refused(put(tmp_path, "en.toml", text.replace(old, new, 1)), "en.toml", fault)


def test_a_text_too_short_to_say_what_it_must_is_refused(tmp_path: Path) -> None:
    short = re.sub(r'(?s)text = """.*?"""', 'text = """Call.\n\n{helplines}"""', packaged("care/en.toml"))
    refused(put(tmp_path, "en.toml", short), "en.toml", "the text has 1 words")


@pytest.mark.parametrize(
    ("old", "new", "place", "fault"),
    [
        ('number = "988"\nurl = "988lifeline.org"\n', "", "helpline 1", "neither a number nor a url"),
        ('number = "988"', 'number = "nine"', "helpline 1", "'nine' is no number"),
        ('url = "988lifeline.org"', 'url = "a friend"', "helpline 1", "'a friend' is no url"),
        ('region = "US"', 'region = "us"', "helpline 1", "'us' is no region"),
        ('region = "US"', 'state = "US"', "helpline 1", "unknown key 'state'"),
        ('languages = ["en", "es"]', 'languages = ["English"]', "helpline 1", "'English' is no language"),
        ('languages = ["en", "es"]', "", "helpline 1", "languages is missing"),
        ('hours = "24/7"', "hours = 24", "helpline 1", "hours is missing or no text"),
        ('region = "*"', 'region = "AQ"', "helplines.toml", "no helpline of region '*'"),
        ('DE = "112"', 'DE = "call"', "[emergency]", "'call' is no number"),
        ('DE = "112"', 'Germany = "112"', "[emergency]", "'Germany' is no region"),
        ("\n[emergency]\n", "\n[emergencies]\n", "helplines.toml", "unknown key 'emergencies'"),
    ],
)
def test_a_fault_in_the_table_of_helplines_is_named(tmp_path: Path, old: str, new: str, place: str, fault: str) -> None:
    text = packaged("helplines.toml")
    assert old in text
    refused(put(tmp_path, "helplines.toml", text.replace(old, new, 1)), place, fault)


def refused(folder: Path, place: str, fault: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        load_care(folder)
    assert place in str(raised.value)
    assert fault in str(raised.value)


def test_a_file_that_is_no_language_is_refused(tmp_path: Path) -> None:
    refused(
        put(tmp_path, "german.toml", packaged("care/de.toml")), "german.toml", "neither helplines.toml nor a language"
    )


@pytest.mark.parametrize("folder", ["absent", "."])
def test_a_folder_without_care_texts_is_refused(tmp_path: Path, folder: str) -> None:
    with pytest.raises(ConfigurationError):
        load_care(tmp_path / folder)
