"""The serverless project: its cron, its function and its settings; `tests.faults.serverless` runs it."""

import json
from typing import Any
from urllib.parse import urlsplit

from tests.data import ROOT
from tests.deploy.commands import DEPLOY, check_settings
from tests.entrypoints.opening import BASE, OpenApi

PROJECT = DEPLOY / "vercel"
DEPLOYED: Any = json.loads((PROJECT / "vercel.json").read_text(encoding="utf-8"))
MOST_CALLS = 7  # of models for one occasion: six, and one that looks for signs of risk


def given() -> dict[str, str]:
    lines = (PROJECT / "env.example").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("=", 1) for line in lines if line and not line.startswith("#"))
    return dict(pairs)


def test_every_setting_exists_and_no_secret_is_written_out() -> None:
    check_settings(given())


async def test_the_cron_calls_a_scheduler_that_answers_to_get_hourly(open_api: OpenApi) -> None:
    (cron,) = DEPLOYED["crons"]
    assert cron["schedule"] == "0 * * * *"
    api = await open_api(engine="http", processor_url=given()["REFLECTA_PROCESSOR_URL"])
    assert (await api.get(cron["path"])).json()["success"] is True


def test_the_tick_calls_the_processor_of_the_same_deployment() -> None:
    assert urlsplit(given()["REFLECTA_PROCESSOR_URL"]).path == f"{BASE}/processor"


def test_every_path_goes_to_the_one_function() -> None:
    ((name, function),) = DEPLOYED["functions"].items()
    assert (PROJECT / name).exists()
    assert DEPLOYED["rewrites"] == [{"source": "/(.*)", "destination": f"/{name.removesuffix('.py')}"}]
    assert float(given()["REFLECTA_HTTP_TIME_LIMIT"]) < function["maxDuration"]
    assert MOST_CALLS * float(given()["REFLECTA_MODEL_RETRY_TOTAL"]) < function["maxDuration"]


def test_its_requirements_are_this_project_with_firestore() -> None:
    lines = (PROJECT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    (needed,) = [line for line in lines if not line.startswith("#")]
    path, _, extra = needed.partition("[")
    assert (PROJECT / path).resolve() == ROOT.resolve()
    assert extra == "firestore]"
