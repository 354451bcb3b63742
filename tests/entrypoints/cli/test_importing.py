"""import."""

import io
import json
import os
import re
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.entrypoints.cli.conftest import AN_ENTRY, ANA, Cli, write_lines
from tests.entrypoints.cli.test_output import Terminal

GOOD: Mapping[str, Any] = {"lines": 2, "users": 1, "entries": 1, "insights": 0, "badLines": 0, "bad": []}


@pytest.mark.usefixtures("migrated")
def test_import_prints_what_it_stored(cli: Cli, folder: Path) -> None:
    ran = cli("import", write_lines(folder / "good.jsonl", AN_ENTRY, ANA), "--json")
    assert (ran.code, ran.document) == (0, GOOD)


@pytest.mark.usefixtures("migrated")
def test_good_lines_are_kept_and_bad_ones_told_by_line_field_and_reason(cli: Cli, folder: Path) -> None:
    wrong = {**ANA, "uid": "bea", "coachingConfig": {"coachingMessageFrequency": "hourly"}}
    ran = cli("import", write_lines(folder / "some.jsonl", ANA, "no json", wrong, AN_ENTRY))
    assert ran.code == 1
    assert ran.out.startswith("4 lines: 1 users, 1 entries, 0 insights stored\n2 lines were refused")
    told = [line.split()[:2] for line in ran.out.splitlines()[3:]]
    assert told == [["2", "line"], ["3", "coachingConfig.coachingMessageFrequency"]]
    assert cli("status", "ana", "--json").document["entryCount"] == 1


@pytest.mark.usefixtures("migrated")
def test_bad_lines_are_in_the_json_as_well(cli: Cli, folder: Path) -> None:
    ran = cli("import", write_lines(folder / "bad.jsonl", {"type": "diary"}), "--json")
    assert ran.code == 1
    assert [(bad["line"], bad["field"]) for bad in ran.document["bad"]] == [(1, "type")]


@pytest.mark.usefixtures("migrated")
def test_standard_input_is_read_for_a_dash(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = "\n".join(map(json.dumps, (AN_ENTRY, ANA)))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines.encode())))
    assert cli("import", "-", "--json").document == GOOD


@pytest.mark.usefixtures("migrated")
def test_a_named_pipe_is_read_like_a_file(cli: Cli, folder: Path) -> None:
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: write_lines(pipe, AN_ENTRY, ANA))
    writer.start()
    ran = cli("import", str(pipe), "--json")
    writer.join()
    assert ran.document == GOOD


@pytest.mark.usefixtures("migrated")
def test_nothing_of_what_was_read_from_a_pipe_stays_on_disk(
    cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(ANA).encode())))
    cli("import", "-")
    assert not list(folder.glob("reflecta-import-*"))


@pytest.mark.parametrize("path", ["missing.jsonl", "."])
def test_what_is_no_file_is_refused_before_anything_is_opened(cli: Cli, folder: Path, path: str) -> None:
    ran = cli("import", path)
    assert ran.code == 2
    assert "give a file of JSON lines" in ran.err
    assert not list(folder.glob("*.db"))


@pytest.mark.usefixtures("migrated")
def test_progress_is_shown_on_a_terminal_only(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_lines(folder / "good.jsonl", ANA)
    assert "importing" not in cli("import", path).err
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    cli("import", path)
    assert "[##############################] 100%\n" in terminal.getvalue()


@pytest.mark.usefixtures("migrated")
def test_progress_is_of_three_passes_where_a_new_user_waits_for_entries_and_of_two_elsewhere(
    cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_lines(folder / "good.jsonl", ANA, AN_ENTRY)
    shown: list[list[str]] = []
    for _ in range(2):
        monkeypatch.setattr(sys, "stderr", terminal := Terminal())
        cli("import", path)
        shown.append(re.findall(r"\d+%\n?", terminal.getvalue()))
    assert shown == [["33%", "67%", "100%\n"], ["50%", "100%\n"]]


@pytest.mark.usefixtures("migrated")
def test_reschedule_sets_due_times_anew(cli: Cli, folder: Path) -> None:
    later = {**ANA, "nextCoachingMessageDue": "2026-04-01T06:00:00Z"}
    before, after = write_lines(folder / "a.jsonl", ANA), write_lines(folder / "b.jsonl", later)
    dues: list[int] = []
    for arguments in ((before,), (after,), (after, "--reschedule")):
        cli("import", *arguments)
        dues.append(cli("status", "ana", "--json").document["nextCoachingMessageDue"])
    assert dues == [1773126000000, 1773126000000, 1775023200000]
