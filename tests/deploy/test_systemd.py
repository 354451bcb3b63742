"""The systemd unit, by systemd's own checks, which need no running systemd; and under its hardest rule."""

import ctypes
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from tests.databases import SERVICES_REQUIRED
from tests.deploy.commands import DEPLOY, check_command, check_settings, variables
from tests.deploy.serving import serving
from tests.entrypoints.cli.conftest import Cli, outside
from tests.loopback import free_port

UNIT: Final = DEPLOY / "systemd" / "reflecta.service"
# Of systemd's scale from 0 (confined) to 10; services without any setting have 9.6.
EXPOSED_AT_MOST: Final = 1.5
_SET_MEMORY_DENY_WRITE_EXECUTE: Final = 65  # prctl(2), since Linux 6.3
_LINUX: Final = ctypes.CDLL(None, use_errno=True)


def values(name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.fixture
def analyze() -> str:
    """Give systemd-analyze; skip loudly where there is none, or fail where services are required."""
    program = shutil.which("systemd-analyze")
    if program is not None:
        return program
    advice = "systemd-analyze is not installed: `apt-get install systemd`"
    if SERVICES_REQUIRED:
        pytest.fail(advice)
    pytest.skip(f"{advice}. With REQUIRE_SERVICES=1 this fails")


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """Give the unit with a program that is there: verify asks for it."""
    path = tmp_path / UNIT.name
    path.write_text(UNIT.read_text(encoding="utf-8").replace("/opt/reflecta/bin/reflecta", sys.executable))
    return path


def test_every_setting_of_the_unit_is_one_of_systemds(analyze: str, unit: Path) -> None:
    checked = subprocess.run([analyze, "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_unit_is_confined(analyze: str, unit: Path) -> None:
    command = [analyze, "security", "--offline=true", "--no-pager", str(unit)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    (exposure,) = re.findall(r"exposure level for \S+: ([\d.]+)", told)
    assert float(exposure) <= EXPOSED_AT_MOST, told


def test_the_units_command_and_settings_exist(cli: Cli) -> None:
    (command,) = values("ExecStart")
    program, *words = shlex.split(command)
    assert program.endswith("/reflecta")
    check_command(cli, words)
    (environment,) = values("Environment")
    check_settings(variables(environment))


def test_it_is_stopped_later_than_its_own_grace_ends() -> None:
    assert values("TimeoutStopSec") == ["35"]


def _deny() -> None:
    _LINUX.prctl(_SET_MEMORY_DENY_WRITE_EXECUTE, 1, 0, 0, 0)


def _can_deny() -> bool:
    """Say whether this kernel knows the rule, in a process of its own: it cannot be taken back."""
    code = f"import ctypes, sys; sys.exit(ctypes.CDLL(None).prctl({_SET_MEMORY_DENY_WRITE_EXECUTE}, 1, 0, 0, 0) != 0)"
    return subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.skipif(not _can_deny(), reason="this kernel has no PR_SET_MDWE (Linux 6.3)")
async def test_the_service_lives_without_memory_that_is_written_and_run(tmp_path: Path) -> None:
    assert values("MemoryDenyWriteExecute") == ["yes"]
    port = free_port()
    command = [sys.executable, "-m", "reflecta", "serve", "--host", "127.0.0.1", "--port", str(port)]
    environment = outside(CRON_SECRET="x" * 32, REFLECTA_DATABASE_URL=f"sqlite:///{tmp_path}/reflecta.db")
    async with serving(command, f"http://127.0.0.1:{port}", cwd=tmp_path, env=environment, preexec_fn=_deny):
        pass  # it became ready, and ends well
