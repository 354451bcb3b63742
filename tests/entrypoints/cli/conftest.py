"""Runs command lines in this process, each test with a folder, a database and an environment of its own."""

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reflecta.config import Settings
from reflecta.entrypoints.cli import main

ANA: Mapping[str, Any] = {
    "type": "user",
    "uid": "ana",
    "userTimezone": "Europe/Berlin",
    "coachingConfig": {"enableCoachingMessages": True, "coachingMessageTimePreference": "morning"},
    "mobilePushNotifications": {"enabled": True, "expoPushTokens": ["ExponentPushToken[abcdefgh]"]},
    "nextCoachingMessageDue": "2026-03-10T07:00:00Z",
}
AN_ENTRY: Mapping[str, Any] = {
    "type": "entry",
    "id": "e1",
    "uid": "ana",
    "timestamp": "2026-03-08T20:00:00Z",
    "content": "<p>I want to call my sister this week. I keep putting it off, and I do not know why that is so.</p>",
}
DUE = "2026-03-10T07:30:00Z"
EARLY = "2026-03-09T07:30:00Z"


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command line gave."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Read standard output as the one JSON document it must be."""
        return json.loads(self.out)


Cli = Callable[..., Ran]


def outside(**variables: str) -> dict[str, str]:
    """Give this process's environment without any setting of ours, and *variables*."""
    ours = {name.upper() for name in _variables()}
    return {name: value for name, value in os.environ.items() if name.upper() not in ours} | variables


def _variables() -> Sequence[str]:
    own = [f"REFLECTA_{name}" for name in Settings.model_fields]
    return [
        *own,
        "CRON_SECRET",
        "OPENROUTER_API_KEY",
        "ANTHROPIC_API_KEY",
        "EXPO_ACCESS_TOKEN",
        "EXPO_BASE_URL",
        "NO_COLOR",
    ]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to an empty folder, with none of our settings in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in _variables():
        monkeypatch.delenv(name.upper(), raising=False)
    return tmp_path


@pytest.fixture
def cli(folder: Path, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Run a command line in the test's folder."""
    del folder

    def run(*arguments: str) -> Ran:
        capsys.readouterr()
        code = main(arguments)
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return run


@pytest.fixture
def migrated(folder: Path, migrated_file: Path) -> Path:
    """Put a migrated, empty database where the settings look for it."""
    return Path(shutil.copy(migrated_file, folder / "reflecta.db"))


def write_lines(path: Path, *documents: Mapping[str, Any] | str) -> str:
    """Write an import file; texts are written as they are."""
    lines = [each if isinstance(each, str) else json.dumps(each) for each in documents]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


@pytest.fixture
def ana(cli: Cli, migrated: Path) -> str:
    """Import one user who is due in the morning of 2026-03-10, with one entry; give the id."""
    ran = cli("import", write_lines(migrated.parent / "ana.jsonl", ANA, AN_ENTRY), "--json")
    assert ran.code == 0, ran.err
    return "ana"
