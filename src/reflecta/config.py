"""Settings: the environment and .env, read once into a frozen model. The defaults run on one machine.

The only place that reads the environment. Durations are in seconds; money is in US dollars.
"""

from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from reflecta.application.process import OnModelFailure
from reflecta.domain.errors import ConfigurationError
from reflecta.domain.push import PushPrivacy

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class Environment(StrEnum):
    """Where the service runs; development opens the /test routes on loopback."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class EngineName(StrEnum):
    """How occasions get to workers."""

    LOCAL = "local"
    PGQUEUER = "pgqueuer"
    HTTP = "http"


class ChannelName(StrEnum):
    """How messages get to devices; auto means expo where Expo is configured, else log."""

    AUTO = "auto"
    EXPO = "expo"
    LOG = "log"


class LogFormat(StrEnum):
    """How log lines look; guide prints the lines of the implementation guide."""

    CONSOLE = "console"
    JSON = "json"
    GUIDE = "guide"


Seconds = Annotated[float, Field(gt=0)]


class Settings(BaseSettings):
    """Every setting, with its default and its reason where that was measured."""

    model_config = SettingsConfigDict(
        env_prefix="REFLECTA_", env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True
    )

    env: Environment = Environment.DEVELOPMENT
    database_url: str = "sqlite:///reflecta.db"
    firestore_emulator_host: Annotated[str | None, Field(validation_alias="FIRESTORE_EMULATOR_HOST")] = None
    """Where a firestore:// database is an emulator, as Google's own tools are told."""
    firestore_credentials: SecretStr | None = None
    """A service account's key as JSON, where a platform has no files to keep it in."""
    database_pool: Annotated[int, Field(ge=1, le=200)] = 10
    migrate: bool = True
    """Bring the schema up to date at start."""

    engine: EngineName = EngineName.LOCAL
    concurrency: Annotated[int, Field(ge=1, le=10_000)] = 100
    """Occasions in work at once in one process."""
    tick_every: Seconds = 60.0
    """How often `serve` ticks."""
    lease: Seconds = 60.0
    lease_renewal: Seconds = 10.0
    grace: Seconds = 25.0
    """How long work in hand may take to finish after SIGTERM."""
    processor_url: str | None = None
    """Where the http engine sends occasions: the full URL of /processor."""
    http_time_limit: Seconds = 60.0
    """The platform's time limit of one request, for the http engine."""

    cron_secret: SecretStr | None = Field(None, validation_alias=AliasChoices("CRON_SECRET", "REFLECTA_CRON_SECRET"))

    openrouter_api_key: SecretStr | None = Field(None, validation_alias="OPENROUTER_API_KEY")
    anthropic_api_key: SecretStr | None = Field(None, validation_alias="ANTHROPIC_API_KEY")
    model_base_url: str | None = None
    """Any OpenAI-compatible endpoint; used instead of OpenRouter."""
    model_api_key: SecretStr | None = None
    generator_model: str = "anthropic/claude-sonnet-4.5"
    judge_model: str = "openai/gpt-5-mini"
    """Another family than the generator's: models rate their own family too high."""
    fallback_models: Annotated[tuple[str, ...], NoDecode] = ()
    """Asked in order when the generator or the judge has no answer; separated by commas."""
    model_timeout: Seconds = 60.0
    model_temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    model_concurrency: Annotated[int, Field(ge=1)] = 100
    model_requests_per_minute: Annotated[int, Field(ge=1)] | None = None
    model_attempts: Annotated[int, Field(ge=1, le=10)] = 3
    model_retry_total: Seconds = 90.0
    """All attempts of one call together, waiting included."""
    on_model_failure: OnModelFailure = OnModelFailure.RETRY

    screening: bool = True
    """Ask a model for signs of risk, besides the local rules, where a model is configured."""
    screening_model: str | None = None
    """The model that is asked; the judge's by default."""
    safety_hold_hours: Annotated[float, Field(gt=0, le=24 * 365)] = 72.0
    """How long nothing ordinary is sent after a sign of risk."""
    safety_review: bool = False
    """Hold until a person has reviewed, however long that takes, instead."""
    safety_rules: Path | None = None
    """A folder with files of local risk rules to use besides or instead of the built-in ones."""
    care_texts: Path | None = None
    """A folder with care texts or helplines.toml to use instead of the built-in ones."""

    budget_per_user: Annotated[float, Field(ge=0)] | None = None
    """US dollars that one user's messages may cost on a local date."""
    budget_per_day: Annotated[float, Field(ge=0)] | None = None
    """US dollars that all messages may cost on a UTC date."""
    push_privacy: PushPrivacy = PushPrivacy.GENERIC
    """What a lock screen may show: a neutral line, a line without the journal's words, or the writer's own."""

    likeness: bool = True
    """Tell repeats in other words, where `reflecta[likeness]` is installed; loading it takes half a second."""
    gate: Annotated[float, Field(ge=1, le=10)] = 6.0
    revisions: Annotated[int, Field(ge=0, le=2)] = 2
    context_tokens: Annotated[int, Field(ge=200)] = 6000
    context_entries: Annotated[int, Field(ge=1, le=200)] = 80
    """How many of the newest entries are read: those that fit the tokens whole, of older ones what to keep in mind."""
    prompts: Path | None = None
    """A folder with draft.md, newcomer.md, revision.md, assessment.md and screening.md instead of the built-in ones."""
    templates: Path | None = None
    """A folder with the composer's template files to use instead of the built-in ones."""

    channel: ChannelName = ChannelName.AUTO
    push_timeout: Seconds = 30.0
    """How long a push request may take; twice that after a crash, what was being sent counts as unknown."""
    expo_access_token: SecretStr | None = Field(None, validation_alias="EXPO_ACCESS_TOKEN")
    expo_base_url: str | None = Field(None, validation_alias="EXPO_BASE_URL")

    log_format: LogFormat = LogFormat.CONSOLE
    log_level: str = "info"
    no_color: str = Field("", validation_alias="NO_COLOR")

    @field_validator("fallback_models", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator(
        "cron_secret", "openrouter_api_key", "anthropic_api_key", "model_api_key", "expo_access_token", mode="before"
    )
    @classmethod
    def _no_empty_secret(cls, value: object) -> object:
        """Take an empty variable as none: an empty secret must never be one that matches."""
        return None if isinstance(value, str) and not value.strip() else value

    @property
    def pushes_to_expo(self) -> bool:
        """Say whether messages go to devices through Expo."""
        if self.channel is ChannelName.AUTO:
            return bool(self.expo_access_token or self.expo_base_url or self.env is Environment.PRODUCTION)
        return self.channel is ChannelName.EXPO

    @property
    def store_url(self) -> str:
        """Give the database's URL, with the emulator where one is named."""
        url, emulator = self.database_url, self.firestore_emulator_host
        if emulator is None or not url.startswith("firestore:") or "emulator=" in url:
            return url
        return f"{url}{'&' if '?' in url else '?'}emulator={emulator}"

    @property
    def firestore_key(self) -> str | None:
        """Give the key that is among the settings, if one is."""
        return self.firestore_credentials.get_secret_value() if self.firestore_credentials else None

    @property
    def uses_model(self) -> bool:
        """Say whether a language model is configured; without one the composer writes."""
        return bool(self.model_base_url or self.openrouter_api_key or self.anthropic_api_key)

    def require_secret(self, host: str) -> None:
        """Refuse to serve without a secret, except in development on loopback."""
        if self.cron_secret is not None:
            return
        if self.env is Environment.DEVELOPMENT and host in LOOPBACK:
            return
        raise ConfigurationError(
            f"CRON_SECRET is not set and the service would listen on {host!r} in {self.env}: anybody could run it. "
            "Set CRON_SECRET to at least 32 random characters, "
            "or use REFLECTA_ENV=development with --host 127.0.0.1"
        )


def seconds(value: float) -> timedelta:
    """Give a setting in seconds as a duration."""
    return timedelta(seconds=value)


def load() -> Settings:
    """Read the settings; ConfigurationError names each variable that is wrong, without its value."""
    try:
        return Settings()  # pyright: ignore[reportCallIssue] - the values come from the environment
    except ValidationError as error:
        faults = "; ".join(f"{_variable(fault['loc'])}: {fault['msg']}" for fault in error.errors(include_input=False))
        raise ConfigurationError(f"settings are wrong: {faults}. `reflecta config` lists what is in force") from None


def _variable(location: tuple[int | str, ...]) -> str:
    name = str(location[0]) if location else "?"
    return name if name.isupper() else f"REFLECTA_{name.upper()}"
