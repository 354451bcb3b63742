"""What the command shows of itself, and how it ends."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.entrypoints.cli.conftest import Cli, outside

from reflecta import __version__
from reflecta.domain.errors import (
    ConfigurationError,
    Conflict,
    InvalidInput,
    ModelTimeout,
    NotFound,
    StoreUnavailable,
)
from reflecta.entrypoints.cli.exits import judge

COMMANDS = (
    "demo simulate serve worker tick list status test force dry-run explain import doctor config replay safety migrate"
).split()

MIGRATE = "indexes copy legacy".split()
LEGACY = [f"migrate legacy {step}" for step in "check bootstrap shadow cut-over verify".split()]


def test_help_names_every_command_and_every_exit_code(cli: Cli) -> None:
    ran = cli("--help")
    listed = [line.split()[0] for line in ran.out.splitlines() if line.startswith("  ") and line.strip()]
    assert [word for word in listed if word in COMMANDS] == COMMANDS
    assert [word for word in listed if word.isdigit()] == ["0", "1", "2", "3", "4", "5", "130"]


def test_no_summary_in_help_is_cut_off(cli: Cli) -> None:
    commands = cli("--help").out.partition("Commands:")[2]
    assert "..." not in commands


def test_help_loads_the_parser_alone(folder: Path) -> None:
    """Speed is what this is for: pydantic, SQLAlchemy and structlog take ten times as long as the parser."""
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "reflecta", "--help"],
        cwd=folder,
        env=outside(),
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in ran.stderr.splitlines()}
    assert "typer" in loaded
    assert loaded.isdisjoint({"pydantic", "sqlalchemy", "structlog", "asyncio", "rich", "fastapi", "tzdata", "aiohttp"})


@pytest.mark.parametrize("command", [*COMMANDS, *(f"migrate {name}" for name in MIGRATE), *LEGACY])
def test_every_command_explains_itself(cli: Cli, command: str) -> None:
    ran = cli(*command.split(), "--help")
    assert ran.code == 0
    assert ran.out.startswith(f"Usage: reflecta {command}")


def test_version_is_told(cli: Cli) -> None:
    assert cli("--version").out == f"reflecta {__version__}\n"


def test_without_a_command_help_is_shown_and_nothing_is_done(cli: Cli) -> None:
    ran = cli()
    assert (ran.code, ran.out.split()[0]) == (2, "Usage:")


@pytest.mark.parametrize("line", ["lst", "list --foo", "list --limit 0", "status", "serve --port x"])
def test_a_wrong_command_line_ends_with_one_line_and_code_2(cli: Cli, line: str) -> None:
    ran = cli(*line.split())
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: ")
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    ("instant", "why"),
    [
        ("2026-03-10T07:30:00", "no offset"),
        ("2026-03-10", "no offset"),
        ("tomorrow", "no instant"),
        ("1700000000000", "no instant"),
        ("0001-01-01T00:00:00Z", "before 1990"),
    ],
)
def test_an_instant_that_is_none_is_refused_with_advice(cli: Cli, instant: str, why: str) -> None:
    ran = cli("list", "--at", instant)
    assert ran.code == 2
    assert why in ran.err
    assert "2026-11-22T08:00:00Z" in ran.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Conflict("an occasion is open"), 1),
        (InvalidInput("FILE", "is a folder"), 2),
        (ConfigurationError("a setting is wrong"), 3),
        (NotFound("no such user"), 4),
        (StoreUnavailable("gone"), 5),
        (ModelTimeout("no answer"), 5),
        (ExceptionGroup("tasks", [StoreUnavailable("gone")]), 5),
        (ZeroDivisionError("I wrote this in my journal"), 1),
    ],
)
def test_each_error_has_its_code(error: Exception, code: int) -> None:
    assert judge(error)[0] == code


def test_the_text_of_an_unforeseen_error_is_not_shown() -> None:
    assert "journal" not in judge(ZeroDivisionError("I wrote this in my journal"))[1]
