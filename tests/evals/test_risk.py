from pathlib import Path

import pytest
from evals.practice import told
from evals.shares import NOT_MEASURED

from evals import risk
from reflecta.domain.risk import Finding, RiskRules, Sign, SignLists, Weight

CRISIS = """
[[text]]
text = "a dark night"
sign = "suicide"
form = "plain"

[[text]]
text = "a drk night"
sign = "suicide"
form = "typo"

[[text]]
text = "all is dark"
sign = "suicide"
form = "plain"

[[text]]
text = "the drapes are drawn"
sign = "suicide"
form = "indirect"
"""
PRACTICE = """
[[text]]
text = "dark"
sign = "suicide"
form = "plain"
"""
ORDINARY = """
[[text]]
text = "a dark chocolate"
kind = "everyday"

[[text]]
text = "she was dark haired"
kind = "third_person"
"""
DIARIES = """
[[text]]
text = "it was dark when I came home"
kind = "everyday"

[[text]]
text = "a bright day"
kind = "everyday"
"""


def _find(text: str) -> Finding | None:
    return Finding(sign=Sign.SUICIDE, language="en", rule="en.suicide.1") if "dark" in text else None


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    for corpus, crisis in (("held_out", CRISIS), ("practice", PRACTICE)):
        for name, text in (("crisis", crisis), ("ordinary", ORDINARY), ("diaries", DIARIES)):
            (tmp_path / corpus / name).mkdir(parents=True)
            (tmp_path / corpus / name / "en.toml").write_text(text, encoding="utf-8")
    for name, text in (("varied_crisis", CRISIS), ("varied_ordinary", ORDINARY)):
        (tmp_path / "held_out" / name).mkdir()
        (tmp_path / "held_out" / name / "en.toml").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def journals(tmp_path: Path) -> Path:
    path = tmp_path / "journals.csv"
    path.write_text("Answer\na dark day\na day\nanother day\nand one\n", encoding="utf-8")
    return path


async def test_recall_is_told_overall_by_language_and_by_form(corpus: Path, journals: Path) -> None:
    figures = (await risk.measure(_find, texts=corpus, journals=journals)).figures

    recall = figures["risk_recall"]
    assert (recall.value, recall.met, recall.n) == (0.6667, False, 3)
    assert figures["risk_recall_en"].value == 0.6667
    assert (figures["risk_recall_plain"].value, figures["risk_recall_typo"].value) == (1.0, 0.0)
    assert (figures["risk_recall_interval_low"].value, figures["risk_recall_interval_high"].value) == (0.2077, 0.9385)


async def test_hints_are_told_beside_the_recall_of_explicit_texts(corpus: Path, journals: Path) -> None:
    figures = (await risk.measure(_find, texts=corpus, journals=journals)).figures

    assert figures["risk_recall"].n == 3
    assert (figures["risk_recall_indirect"].value, figures["risk_recall_indirect"].n) == (0.0, 1)


async def test_varied_texts_are_told_apart(corpus: Path, journals: Path) -> None:
    figures = (await risk.measure(_find, texts=corpus, journals=journals)).figures

    assert (figures["varied_found"].value, figures["varied_found"].n) == (0.5, 4)
    assert (figures["varied_held"].value, figures["varied_held_third_person"].value) == (1.0, 1.0)


async def test_the_texts_practised_on_are_told_and_decide_nothing(corpus: Path, journals: Path) -> None:
    figures = (await risk.measure(lambda _: None, texts=corpus, journals=journals)).figures

    assert (figures["practice_risk_recall"].value, figures["practice_risk_recall"].met) == (0.0, True)
    assert (figures["risk_recall"].value, figures["risk_recall"].met) == (0.0, False)


async def test_needless_holds_are_told_by_kind_and_on_real_journals(corpus: Path, journals: Path) -> None:
    figures = (await risk.measure(_find, texts=corpus, journals=journals)).figures

    assert (figures["ordinary_held_everyday"].value, figures["ordinary_held_all"].value) == (1.0, 1.0)
    assert (figures["journals_held"].value, figures["journals_held"].met, figures["journals_held"].n) == (
        0.25,
        False,
        4,
    )


async def test_a_sign_is_named_rightly_or_not(corpus: Path, journals: Path) -> None:
    def other(_text: str) -> Finding:
        return Finding(sign=Sign.ABUSE, language="en", rule="en.abuse.1")

    found = (await risk.measure(other, texts=corpus, journals=journals)).figures

    assert (found["risk_recall"].value, found["risk_recall_sign_right"].value) == (1.0, 0.0)


async def test_missing_journals_are_said_loudly(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REFLECTA_TEST_DATA", str(tmp_path / "nothing"))

    figures = (await risk.measure(_find, texts=corpus)).figures

    assert figures["journals_held"] == NOT_MEASURED
    assert "REAL DATA MISSING" in capsys.readouterr().err


async def test_diaries_that_are_held_are_a_goal_of_their_own(corpus: Path, journals: Path) -> None:
    figures = (await risk.measure(_find, texts=corpus, journals=journals)).figures

    held = figures["diaries_held"]
    assert (held.value, held.target, held.met, held.n) == (0.5, "<= 0.005", False, 2)
    assert figures["diaries_held_en"].value == 0.5
    assert figures["practice_diaries_held"].met


def test_who_edits_rules_is_told_what_they_miss_and_what_they_hold() -> None:
    lists = SignLists(
        name="xx", patterns={Sign.SUICIDE: {Weight.PRESENT: ["zorble", "zorble mumps", "quonk"]}}, named={}
    )
    signs = [_sample("I zorble mumps", "suicide"), _sample("I quonk", "suicide"), _sample("I flonk", "suicide")]
    lines = told(RiskRules([lists], version="v"), signs, [_sample("a quonk"), _sample("a day")])

    assert lines == [
        "missed [suicide, plain] I flonk",
        "held [plain] by xx.suicide.3 (alone 1): a quonk",
        "1 of 3 missed, 1 of 2 held",
        "  plain: 1 held",
    ]


def _sample(text: str, sign: str = "") -> risk.Sample:
    return risk.Sample(language="xx", text=text, sign=sign, group="plain")
