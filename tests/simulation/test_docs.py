"""docs/simulating.md: its commands have options that exist, its scenario can be played."""

import re
import shlex
from pathlib import Path

import pytest
from tests.data import ROOT
from tests.entrypoints.cli.conftest import Cli, cli, folder

from reflecta.simulation.scenario import read_scenario

__all__ = ["cli", "folder"]
TEXT = Path(ROOT, "docs", "simulating.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^reflecta .*$", TEXT, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_exists(cli: Cli, command: str) -> None:
    options = {word for word in shlex.split(command, comments=True) if word.startswith("--")}
    assert options <= set(re.findall(r"--[\w-]+", cli("simulate", "--help").out))


def test_the_scenario_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(TEXT.partition("```toml\n")[2].partition("```")[0], encoding="utf-8")
    assert read_scenario(tmp_path / "s.toml").size == 50_000
