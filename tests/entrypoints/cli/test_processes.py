"""What only a process of its own can show: pipes that close, and signals."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.entrypoints.cli.conftest import DUE, Cli, outside
from tests.model_server import ModelServer, trickle

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
async def test_ctrl_c_gives_back_what_a_tick_had_in_work(folder: Path, cli: Cli) -> None:
    """The model is asked and never answers; the next tick finds the occasion queued, not under a lease."""
    async with ModelServer() as server:
        server.script.append(trickle)
        environment = outside(REFLECTA_MODEL_BASE_URL=f"{server.base_url}/v1", REFLECTA_LOG_LEVEL="error")
        process = await asyncio.create_subprocess_exec(
            *REFLECTA, "tick", "--at", DUE, cwd=folder, env=environment, stdout=asyncio.subprocess.PIPE
        )
        await server.arrived.wait()
        process.send_signal(signal.SIGINT)
        out, _ = await process.communicate()
    explained = await asyncio.to_thread(cli, "explain", "ana", "--json")
    assert (process.returncode, out) == (130, b"")
    assert explained.document["occasions"][0]["state"] == "queued"
