"""A language model behind a provider's API, through pydantic-ai. Slow to import: only the builders of `llm` do.

Asks once, without retries: those are `Retrying`'s. Knows no prompt and does not read answers.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
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
from reflecta.domain.model import Call, Purpose
from reflecta.domain.prompt import Question

# Names are free and newer than any table: that the model takes a JSON schema is the operator's word.
TAKES_A_SCHEMA = ModelProfile(supports_json_schema_output=True, default_structured_output_mode="native")
_REPORTED = "reported_cost"
_MOST_UNPRICED = 100


class ChatModel(OpenAIChatModel):
    """Any endpoint that speaks chat completions; keeps the cost that OpenRouter and some gateways report.

    Serves OpenRouter too: pydantic-ai's own class for it rejects answers that lack OpenRouter's extra fields and
    drops a cost of 0, and its usage.cost is an estimate from a price list, not what was charged.
    """

    @cached_property
    def _adapted(self) -> dict[int, tuple[OutputObjectDefinition, OutputObjectDefinition]]:
        return {}

    def customize_request_parameters(self, model_request_parameters: ModelRequestParameters) -> ModelRequestParameters:
        """Adapt the answer's schema to what the vendor takes: once, and not for every call."""
        asked = model_request_parameters.output_object
        if asked is None:
            return super().customize_request_parameters(model_request_parameters)
        known = self._adapted.get(id(asked))
        if known is not None and known[0] is asked:
            return replace(model_request_parameters, output_object=known[1])
        adapted = super().customize_request_parameters(model_request_parameters)
        if adapted.output_object is not None:
            self._adapted[id(asked)] = (asked, adapted.output_object)
        return adapted

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
    # By purpose, whose name the answer bears, and by the identity of the schema, of which there are a dozen.
    _asked: dict[tuple[Purpose, int], ModelRequestParameters] = field(default_factory=dict, init=False, repr=False)
    # Of the price list's answers it is "unknown" that takes it longest.
    _unpriced: set[str] = field(default_factory=set, init=False, repr=False)

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
        settings, parameters = self._settings(question), self._parameters(question)
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
            cost_estimated=self._estimate(response),
        )
        return Completion(text=refusal if isinstance(refusal, str) else response.text or "", call=call)

    def _settings(self, question: Question) -> ModelSettings:
        limit = self.max_output_tokens or question.max_output_tokens
        return cast("ModelSettings", {**self.settings, "max_tokens": limit})

    def _parameters(self, question: Question) -> ModelRequestParameters:
        """Bind the answer to the question's schema; the same object as long as that is the same."""
        key = (question.purpose, id(question.schema))
        known = self._asked.get(key)
        if known is not None and known.output_object is not None and known.output_object.json_schema is question.schema:
            return known
        schema = cast("dict[str, Any]", question.schema)
        answer = OutputObjectDefinition(json_schema=schema, name=question.purpose.value, strict=True)
        asked = self._asked[key] = ModelRequestParameters(output_mode="native", output_object=answer)
        return asked

    def _estimate(self, response: ModelResponse) -> float | None:
        if not response.model_name or response.model_name in self._unpriced:
            return None
        try:
            return float(response.cost().total_price)
        except LookupError:  # a model that the price list does not know
            self._remember_unpriced(response.model_name)
        except ValueError:  # a usage that it does not know
            pass
        return None

    def _remember_unpriced(self, name: str) -> None:
        if len(self._unpriced) < _MOST_UNPRICED:  # names come from outside
            self._unpriced.add(name)


def _detail(response: ModelResponse, name: str) -> object:
    return (response.provider_details or {}).get(name)


def _reported(response: ModelResponse) -> float | None:
    cost = _detail(response, _REPORTED)
    return cost if isinstance(cost, float) else None
