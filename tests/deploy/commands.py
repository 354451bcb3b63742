"""What files for platforms say of commands and settings, held to the project."""

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.data import ROOT
from tests.entrypoints.cli.conftest import Cli

from reflecta.config import Settings
from reflecta.entrypoints.cli.settings import list_settings

DEPLOY = Path(ROOT, "deploy")
_SECRETS = ("SECRET", "KEY", "TOKEN", "PASSWORD", "CREDENTIALS")
# Of the platforms' own.
_FOREIGN = frozenset({"PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"})


def variables(line: str) -> Mapping[str, str]:
    """Read the variables that one line sets, as a shell would."""
    return {name: value for name, _, value in (word.partition("=") for word in shlex.split(line))}


def check_command(cli: Cli, words: Sequence[str]) -> None:
    """See that a command line of `reflecta` has a command and options that exist."""
    command, *rest = words
    shown = cli(command, "--help")
    assert shown.code == 0, words
    assert {word for word in rest if word.startswith("--")} <= set(re.findall(r"--[\w-]+", shown.out)), words


def check_settings(given: Mapping[str, str]) -> None:
    """See that variables are settings that exist, and that no secret is written out."""
    known = {setting.name for setting in list_settings(Settings.model_construct())} | _FOREIGN
    assert given.keys() <= known, given.keys() - known
    for name, value in given.items():
        if any(word in name for word in _SECRETS):
            assert value == "" or value.startswith("${"), f"{name} is written out"
