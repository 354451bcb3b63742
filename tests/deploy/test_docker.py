"""The image and the compose files, checked without a container engine: what they say, and what they would run."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from tests.data import ROOT
from tests.deploy.commands import DEPLOY, check_command, check_settings, variables
from tests.deploy.serving import serving
from tests.entrypoints.cli.conftest import Cli, outside
from tests.loopback import answers, free_port

DOCKERFILE = DEPLOY / "docker" / "Dockerfile"
COMPOSE = sorted(DEPLOY.glob("docker/compose.*.yaml"))
NOBODY = 65534


@dataclass
class Image:
    """The last stage of a Dockerfile, and all that is copied from the project."""

    instructions: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    copied: list[str] = field(default_factory=list[str])

    def one(self, name: str) -> str:
        (value,) = [given for instruction, given in self.instructions if instruction == name]
        return value


def read_image() -> Image:
    text = re.sub(r"^#.*\n", "", DOCKERFILE.read_text(encoding="utf-8"), flags=re.MULTILINE).replace("\\\n", " ")
    image = Image()
    for line in filter(None, text.splitlines()):
        name, _, given = line.strip().partition(" ")
        if name == "FROM":
            image.instructions.clear()
        image.instructions.append((name, given.strip()))
        if name == "COPY" and "--from" not in given:
            image.copied += given.split()[:-1]
    return image


def read_compose(path: Path) -> Mapping[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def ours(path: Path) -> Mapping[str, Mapping[str, Any]]:
    """Give the services that are made of this project's image."""
    return {name: one for name, one in read_compose(path)["services"].items() if "build" in one}


def test_the_image_runs_as_nobody_special_and_says_how_it_is() -> None:
    image = read_image()
    assert image.one("USER") == "10001:10001"
    assert "/healthz" in image.one("HEALTHCHECK")
    assert image.one("VOLUME") == "/data"


def test_its_base_is_the_python_that_is_tested() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(bases) == {"python:3.11-slim-bookworm"}


def test_what_is_copied_is_there_and_let_through() -> None:
    let_through = set(re.findall(r"^!(.+)$", Path(ROOT, ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE))
    for source in read_image().copied:
        assert Path(ROOT, source).exists(), source
        assert source in let_through, f".dockerignore keeps {source} out"


def test_each_set_of_requirements_that_may_be_chosen_is_locked() -> None:
    for name in ("runtime", "firestore"):
        assert "--hash=sha256:" in Path(ROOT, "requirements", f"{name}.txt").read_text(encoding="utf-8")


def test_the_images_command_and_settings_exist(cli: Cli) -> None:
    image = read_image()
    assert json.loads(image.one("ENTRYPOINT")) == ["reflecta"]
    check_command(cli, json.loads(image.one("CMD")))
    check_settings(variables(image.one("ENV")))


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.name)
def test_every_service_of_ours_is_confined(path: Path) -> None:
    for name, service in ours(path).items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "/tmp" in service["tmpfs"], name  # noqa: S108 - where an import from a pipe is kept
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), name
        context = (path.parent / service["build"]["context"]).resolve()
        assert context == ROOT.resolve(), name
        assert (context / service["build"]["dockerfile"]).exists(), name


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.name)
def test_every_command_and_setting_of_a_service_exists(path: Path, cli: Cli) -> None:
    for service in ours(path).values():
        check_command(cli, service.get("command") or json.loads(read_image().one("CMD")))
        check_settings(service["environment"])


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.name)
def test_what_a_service_waits_for_and_keeps_is_there(path: Path) -> None:
    file = read_compose(path)
    for name, service in file["services"].items():
        for other, how in service.get("depends_on", {}).items():
            is_healthy = how["condition"] == "service_healthy"
            assert "healthcheck" in file["services"][other] or not is_healthy, f"{name} waits for {other}"
        for volume in service.get("volumes", ()):
            assert volume.partition(":")[0] in file["volumes"], f"{name} keeps {volume}"
        if "restart" in service and "stop_grace_period" in service:
            assert service["stop_grace_period"] == "35s"  # longer than REFLECTA_GRACE


# The virtual environment's Python may lie in a home that others cannot enter; the system's own does as well.
_CODE: Final = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def _python_of_nobody() -> str | None:
    """Give a Python that somebody without rights can run this checkout with; None where there is no such."""
    if os.geteuid() != 0:
        return None
    asked = f"import sys; assert sys.version_info[:2] == {sys.version_info[:2]}; import reflecta, pydantic, sqlalchemy"
    for program in (sys.executable, "/usr/bin/python3"):
        try:
            tried = subprocess.run([program, "-c", asked], user=NOBODY, group=NOBODY, cwd="/", env=_CODE, check=False)
        except OSError:
            continue
        if tried.returncode == 0:
            return program
    return None


@pytest.fixture(scope="module")
def python() -> str:
    program = _python_of_nobody()
    if program is None:
        pytest.skip("SKIPPED: needs root, and a Python and a checkout that others may read")
    return program


async def test_the_service_lives_where_it_may_write_to_its_data_alone(tmp_path: Path, python: str) -> None:
    """As in the container: a user without rights, code that belongs to another, one folder of its own."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    os.chown(data, NOBODY, NOBODY)
    _let_through(tmp_path)
    image = read_image()
    words: Sequence[str] = json.loads(image.one("CMD"))
    port = free_port()
    arguments = [*words[: words.index("--host")], "--host", "127.0.0.1", "--port", str(port)]
    here = {"CRON_SECRET": "x" * 32, "HOME": "/nonexistent", "REFLECTA_DATABASE_URL": f"sqlite:///{data}/reflecta.db"}
    given = {name: value for name, value in variables(image.one("ENV")).items() if name != "PATH"}
    environment = outside(**given | here | _CODE)
    command, url = [python, "-m", "reflecta", *arguments], f"http://127.0.0.1:{port}"
    async with serving(command, url, cwd=data, env=environment, user=NOBODY, group=NOBODY, extra_groups=[]):
        assert answers(f"{url}/healthz")
    assert {path.owner() for path in data.iterdir()} == {"nobody"}


def _let_through(path: Path) -> None:
    """Let others pass the folders of pytest, which are its own."""
    for folder in (path, *path.parents):
        if folder.stat().st_uid == os.geteuid() and "pytest" in str(folder):
            folder.chmod(folder.stat().st_mode | 0o011)
