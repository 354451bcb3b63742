"""The same seed in another process, where sets and dictionaries of text have another order."""

import json
import subprocess
import sys
from pathlib import Path

from tests.entrypoints.cli.conftest import Cli, cli, folder, outside

__all__ = ["cli", "folder"]

ROUGH = """
size = 6
sample = 6
days = 2
[people]
zones = {"*" = 1}
launch = true
pauses_per_year = 50
moves_per_year = 50
[model]
failure_rate = 0.2
outages = [{from_hour = 8, hours = 4}]
[cron]
outages = [{from_hour = 25, hours = 5}]
"""


def test_the_log_does_not_depend_on_the_order_of_hashes(cli: Cli, folder: Path) -> None:
    (folder / "s.toml").write_text(ROUGH, encoding="utf-8")
    line = "simulate --scenario s.toml --at 2026-03-06T00:00:00Z --json".split()
    elsewhere = subprocess.run(
        [sys.executable, "-m", "reflecta", *line],
        cwd=folder,
        env=outside(PYTHONHASHSEED="1"),
        capture_output=True,
        check=True,
    )
    assert json.loads(elsewhere.stdout)["logSha256"] == cli(*line).document["logSha256"]
