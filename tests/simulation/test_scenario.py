"""Scenario files: what is left out has its default, what is wrong is named."""

from pathlib import Path

import pytest

from reflecta.domain.errors import InvalidInput
from reflecta.simulation.scenario import Scenario, read_scenario


def written(path: Path, text: str) -> Path:
    """Write a scenario file."""
    file = path / "scenario.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_what_is_printed_reads_back_as_the_same_scenario(tmp_path: Path) -> None:
    given = Scenario.model_validate({"days": 3, "cron": {"outages": [{"from_hour": 5, "hours": 24}]}})
    assert read_scenario(written(tmp_path, given.to_toml())) == given


def test_what_the_command_line_says_wins(tmp_path: Path) -> None:
    assert read_scenario(written(tmp_path, "days = 3\nseed = 9"), days=5, seed=None).model_dump(
        include={"days", "seed"}
    ) == {"days": 5, "seed": 9}


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("day = 3", "day"),
        ("days = 0", "days"),
        ("[model]\nfailure_rate = 2", "model.failure_rate"),
        ("[model]\nlatency_median = 20", "model"),
        ("[people]\nzones = {'Europe/Atlantis' = 1}", "people"),
        ("[people]\nzones = {}", "people.zones"),
        ("[cron]\noutages = [{from_hour = 1, hours = 0}]", "cron.outages.0.hours"),
        ("days = ", "--scenario"),
    ],
)
def test_a_fault_is_named(tmp_path: Path, text: str, where: str) -> None:
    with pytest.raises(InvalidInput) as fault:
        read_scenario(written(tmp_path, text))
    assert fault.value.field == where


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_scenario(tmp_path / "nowhere.toml")
