"""Settings: defaults, errors that name the variable, and when the service may start without a secret."""

import pytest

from reflecta.config import Environment, Settings, load
from reflecta.domain.errors import ConfigurationError


def test_by_default_the_judge_is_of_another_family_than_the_generator() -> None:
    """Models rate their own family too high."""
    settings = load()

    assert settings.generator_model.split("/")[0] != settings.judge_model.split("/")[0]


def test_a_wrong_value_is_named_by_its_variable_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFLECTA_GATE", "canary-11")

    with pytest.raises(ConfigurationError, match="REFLECTA_GATE") as refused:
        load()
    assert "canary" not in str(refused.value)


def test_no_secret_stands_in_the_settings_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CRON_SECRET", "OPENROUTER_API_KEY", "ANTHROPIC_API_KEY", "EXPO_ACCESS_TOKEN"):
        monkeypatch.setenv(name, "canary-secret")

    assert "canary" not in repr(load()) + str(load())


@pytest.mark.parametrize("value", ["", "   "])
def test_an_empty_secret_is_none(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("CRON_SECRET", value)

    assert load().cron_secret is None


@pytest.mark.parametrize(
    ("environment", "host"),
    [(Environment.PRODUCTION, "127.0.0.1"), (Environment.DEVELOPMENT, "0.0.0.0"), (Environment.PRODUCTION, "::")],  # noqa: S104
)
def test_outside_development_on_loopback_there_is_no_service_without_a_secret(
    environment: Environment, host: str
) -> None:
    settings: Settings = load().model_copy(update={"env": environment, "cron_secret": None})

    with pytest.raises(ConfigurationError, match="CRON_SECRET"):
        settings.require_secret(host)


def test_development_on_loopback_needs_no_secret() -> None:
    load().model_copy(update={"env": Environment.DEVELOPMENT, "cron_secret": None}).require_secret("127.0.0.1")


def test_fallback_models_are_a_list_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFLECTA_FALLBACK_MODELS", "a/b, c/d ,")

    assert load().fallback_models == ("a/b", "c/d")
