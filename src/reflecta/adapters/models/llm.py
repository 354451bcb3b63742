"""Builds language models for the three kinds of provider. Cheap to import; building the first takes a second or two.

Settings come in as plain values. One model belongs to one event loop.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit

from reflecta.application.ports import Clock, Model
from reflecta.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic
    from openai import AsyncOpenAI
    from pydantic_ai.models import Model as ProviderModel
    from pydantic_ai.settings import ModelSettings

OPENROUTER: Final = "https://openrouter.ai/api/v1"
ANTHROPIC: Final = "https://api.anthropic.com"
# Journals go only to providers that neither keep nor train on them, and that obey the schema we send,
# https://openrouter.ai/docs/features/provider-routing.
PRIVATE: Final[Mapping[str, bool | str]] = {"zdr": True, "data_collection": "deny", "require_parameters": True}
# OpenAI's newer models refuse max_tokens; everyone else may not know its successor.
_WANTS_MAX_COMPLETION_TOKENS: Final = ("openai.com", "openai.azure.com")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What holds for every call to one model.

    *timeout* bounds a whole call. *max_output_tokens* replaces the question's own limit: models that think spend
    it on thinking too. *connections* bounds the calls in flight that get a connection at once.
    """

    timeout: timedelta = timedelta(seconds=60)
    temperature: float | None = None
    max_output_tokens: int | None = None
    connections: int = 1000


def openrouter(
    model: str,
    api_key: str,
    *,
    clock: Clock,
    options: Options = Options(),
    base_url: str = OPENROUTER,
    provider: Mapping[str, object] = PRIVATE,
) -> Model:
    """Build a model at OpenRouter; *provider* is its routing object, by default the private one.

    ConfigurationError where *model* lacks its vendor.
    """
    from pydantic_ai.providers.openrouter import OpenRouterProvider  # noqa: PLC0415 - slow to import

    from reflecta.adapters.models.language import TAKES_A_SCHEMA, ChatModel  # noqa: PLC0415

    vendor, _, name = model.partition("/")
    if not vendor or not name:
        raise ConfigurationError(f"OpenRouter names its models vendor/model, such as acme/large; {model!r} is none")
    client = _openai_client(base_url, api_key, options)
    chat = ChatModel(model, provider=OpenRouterProvider(openai_client=client), profile=TAKES_A_SCHEMA)
    settings = cast("ModelSettings", {**_settings(options), "extra_body": {"provider": dict(provider)}})
    return _language_model(chat, settings, client, clock, options)


def openai_compatible(
    model: str, base_url: str, api_key: str | None = None, *, clock: Clock, options: Options = Options()
) -> Model:
    """Build a model behind any endpoint that speaks OpenAI's chat completions, with or without a key."""
    from pydantic_ai.profiles import merge_profile  # noqa: PLC0415 - slow to import
    from pydantic_ai.profiles.openai import OpenAIModelProfile  # noqa: PLC0415
    from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider  # noqa: PLC0415

    from reflecta.adapters.models.language import TAKES_A_SCHEMA, ChatModel  # noqa: PLC0415

    client = _openai_client(base_url, api_key or "none", options)
    host = urlsplit(base_url).hostname or ""
    limit = OpenAIModelProfile(openai_chat_supports_max_completion_tokens=host.endswith(_WANTS_MAX_COMPLETION_TOKENS))
    chat = ChatModel(
        model,
        provider=OpenAICompatibleProvider("openai-compatible", openai_client=client),
        profile=merge_profile(TAKES_A_SCHEMA, limit),
    )
    return _language_model(chat, _settings(options), client, clock, options)


def anthropic(
    model: str, api_key: str, *, clock: Clock, options: Options = Options(), base_url: str = ANTHROPIC
) -> Model:
    """Build a model at Anthropic."""
    from anthropic import AsyncAnthropic  # noqa: PLC0415 - slow to import
    from pydantic_ai.models.anthropic import AnthropicModel  # noqa: PLC0415
    from pydantic_ai.providers.anthropic import AnthropicProvider  # noqa: PLC0415

    from reflecta.adapters.models.language import TAKES_A_SCHEMA  # noqa: PLC0415
    from reflecta.adapters.models.transport import provider_client  # noqa: PLC0415

    http = provider_client(connections=options.connections, seconds=options.timeout.total_seconds())
    client = AsyncAnthropic(api_key=api_key, base_url=base_url, max_retries=0, http_client=http)
    chat = AnthropicModel(model, provider=AnthropicProvider(anthropic_client=client), profile=TAKES_A_SCHEMA)
    return _language_model(chat, _settings(options), client, clock, options)


def _openai_client(base_url: str, api_key: str, options: Options) -> AsyncOpenAI:
    from reflecta.adapters.models.completions import PlainOpenAI  # noqa: PLC0415 - slow to import
    from reflecta.adapters.models.transport import provider_client  # noqa: PLC0415

    http = provider_client(connections=options.connections, seconds=options.timeout.total_seconds())
    return PlainOpenAI(api_key=api_key, base_url=base_url, max_retries=0, http_client=http)


def _settings(options: Options) -> ModelSettings:
    return {} if options.temperature is None else {"temperature": options.temperature}


def _language_model(
    chat: ProviderModel[Any],
    settings: ModelSettings,
    client: AsyncOpenAI | AsyncAnthropic,
    clock: Clock,
    options: Options,
) -> Model:
    from reflecta.adapters.models.language import LanguageModel  # noqa: PLC0415 - slow to import

    return LanguageModel(
        name=chat.model_name,
        clock=clock,
        timeout=options.timeout.total_seconds(),
        max_output_tokens=options.max_output_tokens,
        model=chat,
        settings=settings,
        close=client.close,
    )
