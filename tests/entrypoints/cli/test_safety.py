"""safety: report, held, hold and release, and what the other commands say of a held user."""

import re
import shlex
from pathlib import Path

import pytest
from tests.data import ROOT
from tests.entrypoints.cli.conftest import AN_ENTRY, ANA, DUE, EARLY, Cli, write_lines
from tests.entrypoints.cli.test_doctor_command import finding

from reflecta.application.holds import SIGNS
from reflecta.entrypoints.cli.commands.safety import Sign

DAY_OF_HOLD = "2026-03-09T07:30:00Z"
AFTER_HOLD = "2026-03-12T07:30:00Z"
HELD = "Held until 2026-03-12 08:30 (Europe/Berlin), because a person saw a sign of risk."
GRIM = {**AN_ENTRY, "content": "<p>I want to kill myself. I have thought about how I would do it.</p>"}
EXAMPLES = re.findall(r"`(reflecta safety [^`]+)`", Path(ROOT, "docs", "safety.md").read_text(encoding="utf-8"))


@pytest.fixture
def held_ana(cli: Cli, ana: str) -> str:
    """Hold ana from the morning before she is due."""
    assert cli("safety", "hold", ana, "--at", DAY_OF_HOLD).code == 0
    return ana


@pytest.fixture
def cared_for(cli: Cli, migrated: Path) -> str:
    """Import ana with an entry that shows a sign of risk, and work on what is due."""
    assert cli("import", write_lines(migrated.parent / "x.jsonl", ANA, GRIM)).code == 0
    assert cli("tick", "--at", DUE).code == 0
    return "ana"


def test_a_hold_says_until_when_and_what_comes_then(cli: Cli, ana: str) -> None:
    ran = cli("safety", "hold", ana, "--at", DAY_OF_HOLD)
    assert ran.code == 0
    assert ran.out == f"{HELD} Next due 2026-03-13 08:00 (Europe/Berlin), in the morning window.\n"


def test_a_hold_until_a_review_names_no_time(cli: Cli, ana: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFLECTA_SAFETY_REVIEW", "true")
    told = cli("safety", "hold", ana).out
    assert told.startswith("Held until a person has reviewed, because")
    assert told.endswith("Until then every occasion is deferred.\n")
    assert "9000" not in told + cli("safety", "held").out


@pytest.mark.usefixtures("held_ana")
def test_who_is_held_is_listed_by_both_clocks_and_with_what_comes_then(cli: Cli) -> None:
    header, *rows = cli("safety", "held", "--at", EARLY).out.splitlines()
    assert re.split(r"  +", header) == ["USER", "HELD UNTIL (USER'S CLOCK)", "HELD UNTIL (UTC)", "THEN"]
    assert [re.split(r"  +", row) for row in rows] == [
        [
            "ana",
            "2026-03-12 08:30 (Europe/Berlin)",
            "2026-03-12 07:30Z",
            "Next due 2026-03-13 08:00 (Europe/Berlin), in the morning window.",
        ]
    ]


@pytest.mark.usefixtures("held_ana")
def test_held_users_come_as_json_in_the_guides_words(cli: Cli) -> None:
    document = cli("safety", "held", "--json", "--at", EARLY).document
    (ana,) = document["held"]
    assert (ana["userId"], ana["heldUntil"], document["next"]) == ("ana", 1773300600000, None)
    assert (ana["heldUntilUtc"], ana["heldUntilLocal"]) == ("2026-03-12T07:30:00+00:00", "2026-03-12T08:30:00+01:00")


@pytest.mark.usefixtures("held_ana")
def test_whose_hold_has_run_out_is_not_listed(cli: Cli) -> None:
    ran = cli("safety", "held", "--at", AFTER_HOLD)
    assert (ran.code, ran.out) == (0, "")
    assert "nobody is held" in ran.err


def test_held_users_come_in_pages(cli: Cli, migrated: Path) -> None:
    names = ["ana", "bea", "cem"]
    cli("import", write_lines(migrated.parent / "x.jsonl", *({**ANA, "uid": name} for name in names)))
    for name in names:
        cli("safety", "hold", name)
    first = cli("safety", "held", "--limit", "2", "--json").document
    rest = cli("safety", "held", "--after", first["next"], "--json").document
    assert [[user["userId"] for user in page["held"]] for page in (first, rest)] == [["ana", "bea"], ["cem"]]
    assert rest["next"] is None


def test_a_release_says_what_comes_next(cli: Cli, held_ana: str) -> None:
    ran = cli("safety", "release", held_ana, "--at", EARLY)
    assert ran.code == 0
    assert ran.out == "Released.\nNext due 2026-03-10 08:00 (Europe/Berlin), in the morning window.\n"
    assert cli("safety", "held", "--at", EARLY).out == ""


def test_without_a_hold_there_is_nothing_to_release_and_that_is_no_error(cli: Cli, ana: str) -> None:
    ran = cli("safety", "release", ana, "--at", EARLY)
    assert ran.code == 0
    assert ran.out.startswith("There is nothing to release")


@pytest.mark.usefixtures("migrated")
@pytest.mark.parametrize("command", ["hold", "release"])
def test_an_unknown_user_is_neither_held_nor_released(cli: Cli, command: str) -> None:
    ran = cli("safety", command, "nobody")
    assert (ran.code, ran.out) == (4, "")
    assert "reflecta list" in ran.err


@pytest.mark.usefixtures("held_ana")
def test_the_report_counts_by_sign_and_by_who_saw_it(cli: Cli) -> None:
    cli("safety", "hold", "ana", "--sign", "self_harm", "--at", DUE)
    document = cli("safety", "report", "--json", "--at", DUE).document
    assert (document["since"], document["total"]) == (1767225600000, 2)
    assert document["signs"] == [
        {"sign": "distress", "source": "person", "count": 1},
        {"sign": "self_harm", "source": "person", "count": 1},
    ]


@pytest.mark.usefixtures("held_ana")
@pytest.mark.parametrize(
    ("since", "count"),
    [("2026-03-09", 1), ("2026-03-10", 0), ("2026-03-09T08:30:00+01:00", 1), ("2026-03-09T07:31:00Z", 0)],
)
def test_the_report_begins_with_a_utc_date_or_an_instant(cli: Cli, since: str, count: int) -> None:
    assert cli("safety", "report", "--since", since, "--json").document["total"] == count
    assert cli("safety", "report", "--since", since).out.splitlines()[0].endswith(f": {count}")


@pytest.mark.usefixtures("held_ana")
def test_the_report_begins_with_the_year_of_the_instant_it_is_asked_about(cli: Cli) -> None:
    assert cli("safety", "report", "--at", "2027-01-01T00:00:00Z").out == ("Signs of risk since 2027-01-01 00:00Z: 0\n")


@pytest.mark.usefixtures("migrated")
@pytest.mark.parametrize("line", ["report --since yesterday", "report --since 2026-02-30", "hold x --sign none"])
def test_a_wrong_value_is_refused_with_what_is_right(cli: Cli, line: str) -> None:
    ran = cli("safety", *line.split())
    assert (ran.code, ran.out) == (2, "")
    assert "2026-01-01" in ran.err or "distress" in ran.err


def test_status_list_and_explain_name_the_hold(cli: Cli, held_ana: str) -> None:
    assert HELD in cli("status", held_ana, "--at", EARLY).out
    assert HELD in cli("explain", held_ana, "--at", EARLY).out
    header, row = cli("list", "--at", EARLY).out.splitlines()
    assert (header[-16:], row[-17:]) == ("HELD UNTIL (UTC)", "2026-03-12 07:30Z")
    assert cli("status", held_ana, "--json", "--at", EARLY).document["heldUntil"] == 1773300600000


def test_when_a_hold_has_run_out_nothing_is_said_of_it(cli: Cli, held_ana: str) -> None:
    assert "Held" not in cli("status", held_ana, "--at", AFTER_HOLD).out
    assert cli("list", "--at", AFTER_HOLD).out.splitlines()[1].endswith("  -")
    assert cli("list", "--json", "--at", AFTER_HOLD).document["users"][0]["heldUntil"] is None


def test_an_occasion_of_a_held_user_says_why_nothing_was_sent(cli: Cli, held_ana: str) -> None:
    cli("tick", "--at", DUE)
    (occasion,) = cli("explain", held_ana, "--json").document["occasions"]
    assert (occasion["outcome"], occasion["reason"]) == ("deferred", "safety_hold")
    assert "the user was held because of a sign of risk" in occasion["sentence"]


def test_a_text_with_helplines_is_told_as_what_it_is(cli: Cli, cared_for: str) -> None:
    ran = cli("explain", cared_for, "--at", DUE)
    assert "Sent: a text with helplines, because the journal showed a sign of risk, 2026-03-10 08:30" in ran.out
    assert "Held until 2026-03-13 08:30 (Europe/Berlin), because the journal showed a sign of risk." in ran.out


def test_the_document_of_a_text_with_helplines_is_complete(cli: Cli, cared_for: str) -> None:
    (occasion,) = cli("explain", cared_for, "--json", "--at", DUE).document["occasions"]
    (attempt,) = occasion["attempts"]
    assert (attempt["messageType"], attempt["aiGenerated"], attempt["effectivenessRating"]) == ("care", False, None)
    assert (attempt["wasSent"], attempt["failureReason"], occasion["screening"]) == (True, None, None)


@pytest.mark.usefixtures("cared_for")
def test_the_journal_appears_nowhere(cli: Cli) -> None:
    told = [cli("safety", "held", "--at", DUE), cli("safety", "report"), cli("tick", "--at", AFTER_HOLD)]
    assert "kill" not in "".join(ran.out + ran.err for ran in told)


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_command_of_the_safety_document_has_options_that_exist(cli: Cli, example: str) -> None:
    _, *command, last = shlex.split(example)
    words = [*command, last]
    options = {word for word in words if word.startswith("--")}
    assert options <= set(re.findall(r"--[\w-]+", cli("safety", words[1], "--help").out))


def test_doctor_names_regions_without_a_helpline_of_their_own(cli: Cli, migrated: Path) -> None:
    lines = [
        {**ANA, "uid": "ana"},
        {**ANA, "uid": "bea", "region": "aq"},
        {**ANA, "uid": "cem", "userTimezone": "Antarctica/Troll"},
        {**ANA, "uid": "dan", "userTimezone": "America/Nuuk"},
        {**ANA, "uid": "eve", "userTimezone": "Mars/Crater"},
    ]
    cli("import", write_lines(migrated.parent / "x.jsonl", *lines))
    ran = cli("doctor", "--json")
    found = finding(ran, "helplines")
    assert (ran.code, found["level"]) == (0, "warn")
    assert "AQ (2), GL (1)" in found["text"]
    assert "DE" not in found["text"]


def test_doctor_reads_the_care_texts_of_the_operator(cli: Cli, migrated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cli("import", write_lines(migrated.parent / "x.jsonl", ANA))
    folder = migrated.parent / "care"
    folder.mkdir()
    monkeypatch.setenv("REFLECTA_CARE_TEXTS", str(folder))
    table = '[emergency]\n[[helpline]]\nregion = "*"\nname = "Help"\nurl = "help.example"\nlanguages = ["en"]\n'
    (folder / "helplines.toml").write_text(table, encoding="utf-8")
    assert "DE (1)" in finding(cli("doctor", "--json"), "helplines")["text"]
    (folder / "helplines.toml").write_text("[emergency]\n", encoding="utf-8")
    ran = cli("doctor", "--json")
    assert (ran.code, finding(ran, "helplines")["level"]) == (3, "fail")


def test_doctor_says_where_it_stopped_reading(cli: Cli, ana: str, monkeypatch: pytest.MonkeyPatch) -> None:
    del ana
    monkeypatch.setattr("reflecta.entrypoints.cli.doctor.users.USERS_READ", 1)
    assert "the first 1 users" in finding(cli("doctor", "--json"), "helplines")["text"]


def test_the_signs_of_the_command_are_those_that_a_person_may_have_seen() -> None:
    assert [str(sign) for sign in Sign] == [str(sign) for sign in SIGNS]
