from itertools import combinations, product
from pathlib import Path

import pytest

from reflecta.adapters.models.templates import load_templates
from reflecta.domain.checks import OPENING_WORDS, overlap
from reflecta.domain.errors import ConfigurationError
from reflecta.domain.model import COACHING_TYPES, ToneDegree
from reflecta.domain.wording import fixed_words, slots_of

TEMPLATES = load_templates()
LANGUAGES = sorted(TEMPLATES.languages)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_templates_of_a_language_share_their_opening_or_much_of_their_text(language: str) -> None:
    fixed = [fixed_words(template.text) for template in TEMPLATES.languages[language].templates]
    assert max(overlap(one, other) for one, other in combinations(fixed, 2)) <= 0.1
    assert len({tuple(text[:OPENING_WORDS]) for text in fixed}) == len(fixed)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_template_acknowledges_then_asks_one_question_and_keeps_its_voice_down(language: str) -> None:
    for template in TEMPLATES.languages[language].templates:
        quoted, asked = template.text.index("{quote}"), template.text.index("?")
        assert quoted < asked
        assert template.text.count("?") == 1
        assert template.text.endswith("?")
        assert not {"!", "¡"} & set(template.text + template.push_text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_filled_templates_have_at_least_forty_words(language: str) -> None:
    for template in TEMPLATES.languages[language].templates:
        slots = slots_of(template.text)
        shortest = len(fixed_words(template.text)) + sum(5 if "quote" in s else s != "name" for s in slots)
        assert shortest >= 40, template.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_six_templates_a_type_and_four_of_them_for_any_tone(language: str) -> None:
    templates = TEMPLATES.languages[language].templates
    for kind, tone in product(COACHING_TYPES, ToneDegree):
        of_kind = [template for template in templates if template.type is kind]
        assert len(of_kind) >= 6
        assert sum(template.suits(tone) for template in of_kind) >= 4


def test_a_changed_template_is_a_new_version(tmp_path: Path) -> None:
    path = english_in(tmp_path)
    before = load_templates(tmp_path).version
    path.write_text(path.read_text(encoding="utf-8").replace("No preamble.", "No preface."), encoding="utf-8")
    assert load_templates(tmp_path).version != before


def english_in(folder: Path) -> Path:
    source = Path(__file__).parents[3] / "src/reflecta/prompts/templates/en.toml"
    path = folder / "en.toml"
    path.write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    return path


FIRST = 'type = "check_in"\nneeds = ["quote", "date"]\ntext = """\nYou set something down {date}'


@pytest.mark.parametrize(
    ("old", "new", "place", "fault"),
    [
        (FIRST, FIRST.replace("check_in", "chat"), "template 1", "unknown type 'chat'"),
        (FIRST, FIRST + " {mood}", "template 1", "unknown slot 'mood'"),
        (FIRST, FIRST.replace(', "date"', ""), "template 1", "differ by date"),
        (FIRST, FIRST + " {days}", "template 1", "encouragement"),
        (FIRST, FIRST + " word" * 60, "template 1", "at most 110"),
        (FIRST, FIRST.replace('type = "check_in"\n', ""), "template 1", "type is missing"),
        (FIRST, FIRST.replace("needs", 'mood = "x"\nneeds'), "template 1", "unknown key 'mood'"),
        ("{date}: “{quote}”. Plans", "{date}: {quote}. Plans", "template 1", "quotation marks"),
        ("stand, {name}?", "stand {name}?", "template 1", "comma"),
        (
            "“{quote}”: that is how you put it {date}.",
            "You set something down. Plans “{quote}” {date}.",
            "template 2",
            "as template 1",
        ),
        ('push = "Your journal has a question for you."', f'push = "{"x" * 101}"', "template 2", "101 characters"),
        ('push = "Your journal has a question for you."', 'push = "{quote}"', "template 2", "lock screen"),
        ('type = "reminder"', 'type = "check_in"', "en.toml", "0 templates of type 'reminder'"),
        (
            'type = "reminder"\nneeds = ["quote", "date"]\ntone = ["direct"',
            'type = "reminder"\nneeds = ["quote", "date"]\ntone = ["gentle"',
            "template",
            "unknown tone 'gentle'",
        ),
        ('"Monday", ', "", "[dates]", "weekdays has 6 words"),
        ('day_and_month = "{day}', 'day_and_month = "{weekday}', "[dates]", "unknown slot 'weekday'"),
        ("[labels]", "[signs]", "en.toml", "unknown key 'signs'"),
        ('from_entry = "From your entry of {date}"', "", "[labels]", "from_entry is missing"),
        ('heading = "A note', 'heading = "{name}: a note', "[labels]", "heading has the slots ['name']; needed: []"),
        ("your entries of {dates}", "your entries", "[labels]", "from_entries has the slots []; needed: ['dates']"),
        ('push = "Your coach left', 'push = "{name}: your coach left', "[labels]", "lock screen"),
        ("own = [", "self = [", "[cues]", "unknown key 'self'"),
        ("[dates]", "[dates", "en.toml", "not TOML"),
    ],
)
def test_a_fault_in_a_template_file_is_named_with_its_place(
    tmp_path: Path, old: str, new: str, place: str, fault: str
) -> None:
    path = english_in(tmp_path)
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigurationError) as raised:
        load_templates(tmp_path)
    assert place in str(raised.value)
    assert fault in str(raised.value)


@pytest.mark.parametrize("folder", ["absent", "."])
def test_a_folder_without_templates_is_refused(tmp_path: Path, folder: str) -> None:
    with pytest.raises(ConfigurationError):
        load_templates(tmp_path / folder)
