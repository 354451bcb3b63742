"""What only a process of its own can show: pipes that close, terminals, signals."""

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.entrypoints.cli.conftest import Cli, ana, migrated, outside  # noqa: F401

REFLECTA = (sys.executable, "-m", "reflecta")


@pytest.mark.usefixtures("ana")
def test_a_reader_who_has_had_enough_is_no_error(folder: Path) -> None:
    """The pipe is closed before the first line is written, as `head` does after its last."""
    reader, writer = os.pipe()
    os.close(reader)
    ran = subprocess.run(
        [*REFLECTA, "list"], cwd=folder, env=outside(), stdout=writer, stderr=subprocess.PIPE, check=False
    )
    os.close(writer)
    assert (ran.returncode, ran.stderr) == (0, b"")


def on_a_terminal(folder: Path, *arguments: str, **variables: str) -> str:
    """Run a command whose standard output is a terminal; give what appears there."""
    ours, theirs = pty.openpty()
    subprocess.run([*REFLECTA, *arguments], cwd=folder, env=outside(**variables), stdout=theirs, check=True)
    os.close(theirs)
    shown = os.read(ours, 65536).decode()
    os.close(ours)
    return shown


@pytest.mark.usefixtures("ana")
def test_a_terminal_gets_colours_unless_no_color_is_set(folder: Path) -> None:
    assert "\x1b[36mdue" in on_a_terminal(folder, "list")
    assert "\x1b" not in on_a_terminal(folder, "list", NO_COLOR="1")


def test_ctrl_c_ends_in_130_without_a_traceback(folder: Path) -> None:
    """It waits for standard input, where nothing comes."""
    environment = outside(TMPDIR=str(folder))
    command = [*REFLECTA, "import", "-"]
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        while not list(folder.glob("reflecta-import-*")):
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (130, b"")


@pytest.mark.usefixtures("ana")
def test_an_ascii_terminal_gets_json_that_can_be_read(folder: Path, cli: Cli) -> None:
    cli("force", "ana")
    raw = subprocess.run(
        [*REFLECTA, "explain", "ana", "--json"],
        cwd=folder,
        env=outside(PYTHONIOENCODING="ascii"),
        capture_output=True,
        check=True,
    ).stdout
    assert raw.isascii()
    assert b'"sent"' in raw
