"""list, status and explain."""

import sys
from pathlib import Path

import pytest
from tests.entrypoints.cli.conftest import AN_ENTRY, ANA, DUE, EARLY, Cli, write_lines
from tests.entrypoints.cli.test_output import Terminal

SISTER = "call my sister"


@pytest.fixture
def five(cli: Cli, migrated: Path) -> None:
    """Import a user of each category."""
    off = {"coachingConfig": {"enableCoachingMessages": False}}
    lines = [
        ANA,
        {**ANA, "uid": "bea", "nextCoachingMessageDue": None},
        {**ANA, "uid": "cem", "nextCoachingMessageDue": "2026-03-11T07:00:00Z"},
        {**ANA, "uid": "dan", **off},
        {**ANA, "uid": "eve", "userTimezone": "PST"},
    ]
    assert cli("import", write_lines(migrated.parent / "five.jsonl", *lines)).code == 0


@pytest.mark.usefixtures("five")
def test_list_says_where_each_user_stands(cli: Cli) -> None:
    users = cli("list", "--json", "--at", DUE).document["users"]
    assert {user["userId"]: user["category"] for user in users} == {
        "ana": "due",
        "bea": "needs-bootstrap",
        "cem": "scheduled",
        "dan": "disabled",
        "eve": "needs-timezone",
    }


@pytest.mark.usefixtures("five")
def test_list_gives_due_times_in_the_guides_words_and_on_both_clocks(cli: Cli) -> None:
    ana = cli("list", "--json", "--at", DUE, "--limit", "1").document["users"][0]
    assert ana["nextCoachingMessageDue"] == 1773126000000
    assert (ana["nextDueUtc"], ana["nextDueLocal"]) == ("2026-03-10T07:00:00+00:00", "2026-03-10T08:00:00+01:00")


@pytest.mark.usefixtures("five")
def test_list_depends_on_the_instant_it_is_asked_about(cli: Cli) -> None:
    assert [u["userId"] for u in cli("list", "--json", "--category", "due", "--at", EARLY).document["users"]] == []


@pytest.mark.usefixtures("five")
def test_list_goes_on_where_it_left_off(cli: Cli) -> None:
    first = cli("list", "--json", "--limit", "3").document
    rest = cli("list", "--json", "--after", first["next"]).document
    assert ([u["userId"] for u in rest["users"]], rest["next"]) == (["dan", "eve"], None)


@pytest.mark.usefixtures("five")
def test_list_prints_a_line_for_each_user_and_no_colour_into_a_pipe(cli: Cli) -> None:
    lines = cli("list", "--at", DUE).out.splitlines()
    assert [line.split()[:2] for line in lines[1:3]] == [["ana", "due"], ["bea", "needs-bootstrap"]]
    assert "\x1b" not in "".join(lines)


@pytest.mark.usefixtures("ana")
def test_a_terminal_gets_colours_unless_no_color_is_set(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    terminals = [Terminal(), Terminal()]
    for terminal, setting in zip(terminals, ("", "1"), strict=True):
        monkeypatch.setenv("NO_COLOR", setting)
        monkeypatch.setattr(sys, "stdout", terminal)
        cli("list", "--at", DUE)
    assert ["\x1b[36mdue" in terminal.getvalue() for terminal in terminals] == [True, False]


@pytest.mark.usefixtures("migrated")
def test_an_empty_list_says_what_to_do(cli: Cli) -> None:
    ran = cli("list")
    assert ran.out == ""
    assert "reflecta import FILE" in ran.err


def test_status_tells_what_comes_next_and_why(cli: Cli, ana: str) -> None:
    ran = cli("status", ana, "--at", EARLY)
    assert "Next due 2026-03-10 08:00 (Europe/Berlin), in the morning window." in ran.out


def test_status_gives_the_users_document_without_keys_to_their_devices(cli: Cli, ana: str) -> None:
    ran = cli("status", ana, "--json", "--at", EARLY)
    assert ran.document["user"]["mobilePushNotifications"]["expoPushTokens"] == ["…efgh"]
    assert ran.document["category"] == "scheduled"


@pytest.mark.usefixtures("migrated")
@pytest.mark.parametrize("command", ["status", "explain", "test", "force", "dry-run"])
def test_an_unknown_user_is_not_found(cli: Cli, command: str) -> None:
    ran = cli(command, "nobody")
    assert (ran.code, ran.out) == (4, "")
    assert "reflecta list" in ran.err


@pytest.mark.usefixtures("migrated")
def test_an_id_that_is_no_text_is_refused(cli: Cli) -> None:
    assert cli("status", "ana\udcff").code == 2


def test_explain_shows_the_draft_its_checks_and_what_its_calls_cost(cli: Cli, ana: str) -> None:
    cli("test", ana, "--at", DUE)
    occasion = cli("explain", ana, "--json").document["occasions"][0]
    attempt = occasion["attempts"][0]
    assert occasion["outcome"] == "sent"
    assert attempt["messageContent"]
    assert {check["name"] for check in attempt["checks"]} >= {"grounding", "freshness"}
    assert attempt["calls"][0]["promptVersion"]


def test_explain_keeps_the_journal_to_itself_unless_asked(cli: Cli, ana: str) -> None:
    cli("test", ana, "--at", DUE)
    quiet, told = (cli("explain", ana, "--json", *more).document for more in ((), ("--context",)))
    assert quiet["occasions"][0]["attempts"][0]["contextUsed"] is None
    assert SISTER in told["occasions"][0]["attempts"][0]["contextUsed"]


def test_explain_says_in_a_sentence_what_happened(cli: Cli, ana: str) -> None:
    cli("test", ana, "--at", DUE)
    ran = cli("explain", ana)
    assert "2026-03-10 08:00 (Europe/Berlin): Sent: 2026-03-10 08:30 (Europe/Berlin)" in ran.out
    assert "push by log: accepted" in ran.out


def test_explain_tells_of_one_occasion(cli: Cli, ana: str) -> None:
    cli("test", ana, "--at", DUE)
    cli("force", ana, "--at", "2026-03-10T09:00:00Z")
    wanted = cli("explain", ana, "--json").document["occasions"][1]["id"]
    told = cli("explain", ana, "--json", "--occasion", wanted).document["occasions"]
    assert [occasion["id"] for occasion in told] == [wanted]


def test_an_occasion_of_somebody_else_is_not_found(cli: Cli, ana: str) -> None:
    ran = cli("test", ana, "--at", DUE, "--json")
    assert cli("explain", "bob", "--occasion", ran.document["occasionId"]).code == 4


def test_explain_tells_why_nothing_was_written(cli: Cli, migrated: Path) -> None:
    empty = {**AN_ENTRY, "content": ""}
    cli("import", write_lines(migrated.parent / "x.jsonl", ANA, empty))
    cli("tick", "--at", DUE)
    occasion = cli("explain", "ana", "--json").document["occasions"][0]
    assert (occasion["outcome"], occasion["reason"]) == ("held_back", "nothing_to_say")
    assert "the newest entries hold nothing to write about" in occasion["sentence"]
