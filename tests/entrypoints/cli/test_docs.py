"""docs/cli.md says what the command does, no more and no less."""

import re
import shlex
from pathlib import Path

import pytest
from tests.data import ROOT
from tests.entrypoints.cli.conftest import Cli
from tests.entrypoints.cli.test_surface import COMMANDS

TEXT = Path(ROOT, "docs", "cli.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^reflecta .*$", TEXT, re.MULTILINE)


def rows(heading: str) -> list[str]:
    """Give the first word of each row of the table below a heading."""
    return re.findall(r"^\| `?([\w-]+)", TEXT.partition(heading)[2].partition("\n\n#")[0], re.MULTILINE)


def test_every_command_stands_in_the_table() -> None:
    assert list(dict.fromkeys(row for row in rows("# The command line") if row in COMMANDS)) == COMMANDS


def test_the_exit_codes_are_those_of_help(cli: Cli) -> None:
    told = re.findall(r"^ +(\d+)  ", cli("--help").out, re.MULTILINE)
    assert [row for row in rows("## Exit codes") if row.isdigit()] == told


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_has_options_that_exist(cli: Cli, example: str) -> None:
    _, command, *rest = shlex.split(example)
    options = {word for word in rest if word.startswith("--")}
    step = rest[: 2 if rest[:1] == ["legacy"] else 1] if command == "migrate" and rest[0] not in options else []
    assert options <= set(re.findall(r"--[\w-]+", cli(command, *step, "--help").out))
