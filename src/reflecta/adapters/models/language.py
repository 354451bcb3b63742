"""A language model behind a provider's API, through pydantic-ai. Slow to import: only the builders of `llm` do.

Asks once, without retries: those are `Retrying`'s. Knows no prompt and does not read answers.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from openai.types import chat
from pydantic_ai import direct
from pydantic_ai.exceptions import AgentRunError, UserError
from pydantic_ai.messages import ModelRequest, ModelResponse, UserPromptPart
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.output import OutputObjectDefinition
from pydantic_ai.profiles import ModelProfile
from pydantic_ai.settings import ModelSettings

from reflecta.adapters.models.failures import MISSHAPEN, broken_off, failure, filtered, timed_out
from reflecta.application.ports import Clock, Completion
from reflecta.domain.errors import ModelError
from reflecta.domain.model import Call
from reflecta.domain.prompt import Question

# Names are free and newer than any table: that the model takes a JSON schema is the operator's word.
TAKES_A_SCHEMA = ModelProfile(supports_json_schema_output=True, default_structured_output_mode="native")
_REPORTED = "reported_cost"


class ChatModel(OpenAIChatModel):
    """Any endpoint that speaks chat completions; keeps the cost that OpenRouter and some gateways report.

    Serves OpenRouter too: pydantic-ai's own class for it rejects answers that lack OpenRouter's extra fields and
    drops a cost of 0, and its usage.cost is an estimate from a price list, not what was charged.
    """

    def _process_provider_details(self, response: chat.ChatCompletion) -> dict[str, Any] | None:
        details = super()._process_provider_details(response)
        cost: object = (response.usage.model_extra or {}).get("cost") if response.usage else None
        if isinstance(cost, int | float) and cost >= 0:
            return {**(details or {}), _REPORTED: float(cost)}
        return details


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageModel:
    """Answers questions through one provider's API. *timeout* bounds a call in seconds, whatever trickles in."""

    name: str
    clock: Clock
    timeout: float
    max_output_tokens: int | None
    model: Model[Any] = field(repr=False)
    settings: ModelSettings = field(repr=False)
    close: Callable[[], Awaitable[None]] = field(repr=False)

    async def complete(self, question: Question) -> Completion:
        """Ask once."""
        done = await self._ask(question)
        if isinstance(done, ModelError):
            # Raised here and not where it was caught: the library's error quotes what was sent or answered, and
            # must not hang on ours as its cause or context.
            raise done
        return done

    async def aclose(self) -> None:
        """Close the connections."""
        await self.close()

    async def _ask(self, question: Question) -> Completion | ModelError:
        asked = [ModelRequest(parts=[UserPromptPart(question.content)], instructions=question.instructions)]
        settings, parameters = self._settings(question), _parameters(question)
        at, started = self.clock.now(), asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(self.timeout):
                response = await direct.model_request(
                    self.model,
                    asked,
                    model_settings=settings,
                    model_request_parameters=parameters,
                    instrument=False,  # spans would carry the journal to whatever collects them
                )
            return self._read(response, question, at=at, latency=asyncio.get_running_loop().time() - started)
        except TimeoutError:
            return timed_out(self.name)
        except (AgentRunError, UserError, *MISSHAPEN) as error:
            return failure(self.name, error)

    def _read(
        self, response: ModelResponse, question: Question, *, at: datetime, latency: float
    ) -> Completion | ModelError:
        refusal = _detail(response, "refusal")
        if response.finish_reason == "content_filter" and refusal is None:
            return filtered(self.name)
        if _detail(response, "finish_reason") == "error":
            return broken_off(self.name)
        call = Call(
            purpose=question.purpose,
            model=response.model_name or self.name,
            prompt_version=question.prompt_version,
            at=at,
            latency=latency,
            input_tokens=response.usage.input_tokens,
            output_tokens=response.usage.output_tokens,
            cost_reported=_reported(response),
            cost_estimated=_estimate(response),
        )
        return Completion(text=refusal if isinstance(refusal, str) else response.text or "", call=call)

    def _settings(self, question: Question) -> ModelSettings:
        limit = self.max_output_tokens or question.max_output_tokens
        return cast("ModelSettings", {**self.settings, "max_tokens": limit})


def _parameters(question: Question) -> ModelRequestParameters:
    answer = OutputObjectDefinition(json_schema=dict(question.schema), name=question.purpose.value, strict=True)
    return ModelRequestParameters(output_mode="native", output_object=answer)


def _detail(response: ModelResponse, name: str) -> object:
    return (response.provider_details or {}).get(name)


def _reported(response: ModelResponse) -> float | None:
    cost = _detail(response, _REPORTED)
    return cost if isinstance(cost, float) else None


def _estimate(response: ModelResponse) -> float | None:
    if not response.model_name:
        return None
    try:
        return float(response.cost().total_price)
    except (LookupError, ValueError):  # a model or a usage that the price list does not know
        return None
