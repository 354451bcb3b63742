import asyncio
import json
import shutil
from collections import deque
from importlib import resources
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest
from evals.__main__ import main
from evals.cases import Label, load_personas
from evals.judging import ASKED
from tests.model_server import ModelServer, answer, completion

from reflecta.adapters.prompts import load_prompts
from reflecta.testing import assessment_reply

JUDGED_MESSAGES = sum(candidate.label in ASKED for persona in load_personas() for candidate in persona.candidates)


@pytest.fixture(autouse=True)
def no_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Take away what the machine may have set: neither a key nor an .env file is to be found."""
    monkeypatch.chdir(tmp_path)
    for name in ("OPENROUTER_API_KEY", "ANTHROPIC_API_KEY", "REFLECTA_MODEL_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def other_prompts(tmp_path: Path) -> Path:
    """Give a folder of prompt texts, those of the package but for one sentence more to the judge."""
    folder = tmp_path / "other"
    folder.mkdir()
    for source in resources.files("reflecta").joinpath("prompts").iterdir():
        if source.name.endswith(".md"):
            shutil.copy(str(source), folder)
    judge = folder / "assessment.md"
    judge.write_text(judge.read_text(encoding="utf-8") + "\nBe brief.\n", encoding="utf-8")
    return folder


def _figures(folder: Path) -> dict[str, dict[str, Any]]:
    return json.loads((folder / "eval.json").read_text(encoding="utf-8"))


def test_without_a_model_the_checks_are_measured_and_the_judge_is_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["messages", "--out", str(tmp_path)])

    figures, printed = _figures(tmp_path), capsys.readouterr().out
    assert all(figure.keys() >= {"value", "target", "met", "n"} for figure in figures.values())
    assert all(f"refused_{label}" in figures for label in Label)
    assert figures[f"predicted_good_kept {load_prompts().assessment.version}"]["value"] == "not measured"
    assert "not measured: no model is configured" in printed


def test_every_prompt_version_has_a_table_of_its_own(
    tmp_path: Path, other_prompts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["messages", "--prompts", str(other_prompts), "--out", str(tmp_path)])

    versions = {load_prompts().assessment.version, load_prompts(other_prompts).assessment.version}
    printed = capsys.readouterr().out
    assert len(versions) == 2
    assert all(f"predicted_poor_refused {version}" in _figures(tmp_path) for version in versions)
    assert printed.count("messages that the judge refuses (predicted)") == 2


async def test_with_a_model_its_judge_is_asked_of_every_message_that_needs_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with ModelServer() as server:
        server.script = deque(repeat(answer(completion(assessment_reply(3))), JUDGED_MESSAGES))
        monkeypatch.setenv("REFLECTA_MODEL_BASE_URL", f"{server.base_url}/v1")
        await asyncio.to_thread(main, ["messages", "--out", str(tmp_path)])

    version = load_prompts().assessment.version
    figures = _figures(tmp_path)
    assert len(server.received) == JUDGED_MESSAGES
    assert figures[f"predicted_poor_refused {version}"]["value"] == 1.0
    assert figures[f"predicted_good_kept {version}"]["value"] == 0.0


def test_an_unknown_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["nonsense"])

    assert "invalid choice: 'nonsense'" in capsys.readouterr().err
