"""config."""

from pathlib import Path

import pytest
from tests.entrypoints.cli.conftest import Cli, Ran

from reflecta.config import Settings
from reflecta.entrypoints.cli.settings import masked_url


def by_name(ran: Ran) -> dict[str, tuple[object, str]]:
    return {each["name"]: (each["value"], each["origin"]) for each in ran.document["settings"]}


def test_every_setting_is_listed_by_the_name_of_its_variable(cli: Cli) -> None:
    listed = by_name(cli("config", "--json"))
    assert len(listed) == len(Settings.model_fields)
    assert {"REFLECTA_DATABASE_URL", "CRON_SECRET", "OPENROUTER_API_KEY", "EXPO_BASE_URL"} <= set(listed)


def test_each_value_is_told_with_its_origin(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / ".env").write_text("REFLECTA_GATE=7\nREFLECTA_ENGINE=http\n")
    monkeypatch.setenv("REFLECTA_ENGINE", "local")
    listed = by_name(cli("config", "--json"))
    assert listed["REFLECTA_GATE"] == (7.0, ".env")
    assert listed["REFLECTA_ENGINE"] == ("local", "env")
    assert listed["REFLECTA_REVISIONS"] == (2, "default")


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_no_secret_is_shown(cli: Cli, form: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "CRON_SECRET",
        "OPENROUTER_API_KEY",
        "ANTHROPIC_API_KEY",
        "REFLECTA_MODEL_API_KEY",
        "EXPO_ACCESS_TOKEN",
    ):
        monkeypatch.setenv(name, "hunter2")
    monkeypatch.setenv("REFLECTA_DATABASE_URL", "postgresql://me:hunter2@host/name?sslpassword=hunter2")
    ran = cli("config", *form)
    assert ran.code == 0
    assert "hunter2" not in ran.out + ran.err
    assert ran.out.count("***") == 7


def test_the_other_name_of_the_secret_is_shown_where_it_is_used(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFLECTA_CRON_SECRET", "hunter2")
    assert by_name(cli("config", "--json"))["REFLECTA_CRON_SECRET"] == ("***", "env")


def test_wrong_settings_are_listed_without_their_values_and_named(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFLECTA_GATE", "hunter2")
    ran = cli("config", "--json")
    assert ran.code == 3
    assert by_name(ran)["REFLECTA_GATE"] == ("?", "env")
    assert "REFLECTA_GATE" in ran.err
    assert "hunter2" not in ran.err


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:p@ss:word@host/db", "postgresql://me:***@host/db"),
        ("postgresql://me@host/db?password=x&a=1", "postgresql://me@host/db?password=***&a=1"),
        ("https://host/v1?api_key=x", "https://host/v1?api_key=***"),
        ("sqlite:///reflecta.db", "sqlite:///reflecta.db"),
        ("me:x@host", "me:x@host"),
    ],
)
def test_what_is_secret_in_a_url_is_masked(url: str, shown: str) -> None:
    assert masked_url(url) == shown
