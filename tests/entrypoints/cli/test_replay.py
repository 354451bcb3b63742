"""replay: other prompts beside the old, on a terminal, as JSON and as a page."""

import asyncio
import json
import re
import stat
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib import resources
from itertools import repeat
from pathlib import Path

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from tests.entrypoints.cli.conftest import DUE, Cli, Ran
from tests.model_server import ModelServer, completion

from reflecta.adapters.prompts import load_prompts
from reflecta.adapters.stores.sql import SqlStore
from reflecta.domain.prompt import PromptText
from reflecta.entrypoints.cli.output import width
from reflecta.entrypoints.cli.replaying import COLUMN, Pair, Side, page, wrapped
from reflecta.testing import assessment_reply, draft_reply, read_facts

PRICED = {"cost": 0.002}


async def obliging(request: web.Request) -> web.StreamResponse:
    """Answer any question well."""
    body = await request.json()
    content = str(body["messages"][-1]["content"])
    text = assessment_reply(9) if "candidate message" in content else draft_reply(read_facts(content), 7)
    return web.json_response(completion(text, usage=PRICED))


@asynccontextmanager
async def a_model(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[ModelServer]:
    async with ModelServer() as server:
        server.script = deque(repeat(obliging, 20))
        monkeypatch.setenv("REFLECTA_MODEL_BASE_URL", f"{server.base_url}/v1")
        yield server


@pytest.fixture
def other_prompts(folder: Path) -> Path:
    """Give a folder of prompt texts, those of the package with a sentence more for newcomers."""
    other = folder / "other"
    other.mkdir()
    for source in resources.files("reflecta").joinpath("prompts").iterdir():
        if source.name.endswith(".md"):
            (other / source.name).write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    with (other / "newcomer.md").open("a", encoding="utf-8") as file:
        file.write("\nBe brief.\n")
    return other


@pytest.fixture
def written(cli: Cli, ana: str) -> str:
    """Let the composer write to ana."""
    assert cli("tick", "--at", DUE).code == 0
    return ana


async def replayed(cli: Cli, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Ran:
    async with a_model(monkeypatch):
        return await asyncio.to_thread(cli, "replay", *arguments)


async def test_old_and_new_stand_side_by_side(
    cli: Cli, written: str, other_prompts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = await replayed(cli, monkeypatch, "--prompt", str(other_prompts))

    assert ran.code == 0, ran.err
    heading, columns, ended, *rest = ran.out.splitlines()
    assert f"user {written}" in heading
    assert re.split(r" +\| ", columns) == ["THEN", "NOW"]
    assert re.split(r" +\| ", ended) == ["sent", "would be sent"]
    assert load_prompts(other_prompts).newcomer.version in "".join(rest)
    assert "cost: $0.0000" in ran.out
    assert "cost: $0.0040" in ran.out
    assert rest[-1].startswith("1 occasions. Sent: 1 then, 1 now. Predicted: - then, 9.0 of 10 now.")
    assert all(width(line) <= 2 * COLUMN + 3 for line in rest[:-1])


@pytest.mark.usefixtures("written")
async def test_json_holds_both_and_nothing_is_stored(
    cli: Cli, other_prompts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (await asyncio.to_thread(cli, "explain", "ana", "--json")).document

    ran = await replayed(cli, monkeypatch, "--prompt", str(other_prompts), "--json")

    (told,) = ran.document["occasions"]
    assert (told["then"]["outcome"], told["now"]["wouldSend"], told["now"]["error"]) == ("sent", True, None)
    (attempt,) = told["now"]["attempts"]
    assert (attempt["wasSent"], attempt["contextUsed"], attempt["assessment"]["predictedScore"]) == (False, None, 9)
    assert told["now"]["cost"] == pytest.approx(0.004)
    assert (await asyncio.to_thread(cli, "explain", "ana", "--json")).document == before


@pytest.mark.usefixtures("written")
async def test_a_version_that_was_in_use_is_found_in_the_database(
    cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = PromptText(name="newcomer", text="Write as we did in spring.")
    store = SqlStore.at(f"sqlite:///{folder / 'reflecta.db'}")
    await store.open()
    await store.keep_prompts([text], now=datetime(2026, 1, 1, tzinfo=UTC))
    await store.aclose()

    ran = await replayed(cli, monkeypatch, "--prompt", text.version, "--user", "ana", "--limit", "1")

    assert (ran.code, text.version in ran.out) == (0, True)


@pytest.mark.usefixtures("written")
async def test_the_page_is_for_its_owner_alone(
    cli: Cli, folder: Path, other_prompts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = await replayed(cli, monkeypatch, "--prompt", str(other_prompts), "--html", "page.html")

    written_page = folder / "page.html"
    assert ran.code == 0
    assert stat.S_IMODE(written_page.stat().st_mode) == 0o600
    assert "would be sent" in written_page.read_text(encoding="utf-8")


@pytest.mark.usefixtures("migrated")
async def test_where_nothing_is_kept_that_is_said(
    cli: Cli, other_prompts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = await replayed(cli, monkeypatch, "--prompt", str(other_prompts), "--json")

    assert (ran.code, json.loads(ran.out)["occasions"]) == (0, [])
    assert "nothing can be replayed" in ran.err


@pytest.mark.usefixtures("migrated")
@pytest.mark.parametrize(("prompt", "code"), [("draft-1a2b3c4d5e", 4), ("no/such/folder", 2), ("reflecta.db", 2)])
async def test_what_is_no_prompt_is_refused(cli: Cli, prompt: str, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = await replayed(cli, monkeypatch, "--prompt", prompt)

    assert (ran.code, ran.out) == (code, "")


def test_without_a_model_no_prompt_is_asked(cli: Cli, written: str, other_prompts: Path) -> None:
    del written
    ran = cli("replay", "--prompt", str(other_prompts))

    assert (ran.code, ran.out) == (3, "")
    assert "no model is configured" in ran.err


@pytest.mark.usefixtures("written")
def test_a_model_that_is_down_ends_in_code_1(cli: Cli, other_prompts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFLECTA_MODEL_BASE_URL", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("REFLECTA_MODEL_ATTEMPTS", "1")

    ran = cli("replay", "--prompt", str(other_prompts))

    assert ran.code == 1
    assert "ModelUnavailable" in ran.out


def test_a_page_escapes_all_that_was_written() -> None:
    evil = "<script>alert('x')</script>&\"'"
    side = Side(ended=evil, said=evil, facts=[evil], cost=0.0, score=None, is_sent=False)

    shown = page([Pair(heading=evil, then=side, now=side)], evil)

    assert "<script" not in shown
    assert "alert('" not in shown
    assert set(re.findall(r"</?(\w+)", shown.partition("<body>")[2])) == {
        *("main", "h1", "h2", "h3", "p", "div", "section", "body", "html")
    }


@given(st.text())
def test_no_line_is_wider_than_its_column_and_no_letter_is_lost(text: str) -> None:
    lines = wrapped(text)

    assert all(width(line) <= COLUMN for line in lines)
    letters = "".join(text.split())
    assert len("".join("".join(lines).split())) >= len(letters)
