"""What a provider's failure means for us. Reads classes, statuses and codes, never a text: it may quote a journal."""

import re
from datetime import timedelta
from http import HTTPStatus
from typing import Final, cast

from pydantic import JsonValue
from pydantic_ai.exceptions import (
    ModelAPIError,
    ModelHTTPError,
    ModelQuotaExceededError,
    ModelTimeoutError,
    UserError,
)

from reflecta.domain.errors import ModelError, ModelRejected, ModelTimeout, ModelUnavailable

MAX_ERROR_CHARS: Final = 200
# The SDKs do not validate: JSON that is no answer at all surfaces as whatever the code that reads it stumbles over.
MISSHAPEN: Final = (LookupError, AttributeError, TypeError, ValueError, AssertionError, RecursionError)
# A code is one word; anything else in its place may be a sentence with a user's words in it.
_CODE: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
# Statuses below 500 that say "later", not "no".
_LATER: Final = frozenset({HTTPStatus.CONFLICT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
# OpenRouter's 402 for money that calls in flight hold back: it comes free when they end.
_IN_FLIGHT_BUDGET: Final = "openrouter_in_flight_budget"


def failure(model: str, error: Exception) -> ModelError:
    """Say who must act on an error of the client library."""
    if isinstance(error, ModelHTTPError):
        return _http_failure(model, error)
    if isinstance(error, ModelTimeoutError):
        return timed_out(model)
    if isinstance(error, UserError):
        return ModelRejected(_text(model, type(error).__name__, ""))
    # No connection, or an answer outside the protocol: the provider is not well.
    return ModelUnavailable(_text(model, type(error).__name__, _code(error)))


def timed_out(model: str) -> ModelTimeout:
    """Say that no answer came in time."""
    return ModelTimeout(_text(model, "no answer in time", ""))


def filtered(model: str) -> ModelRejected:
    """Say that the provider's content filter took the answer away."""
    return ModelRejected(_text(model, "content_filter", ""))


def broken_off(model: str) -> ModelUnavailable:
    """Say that the provider failed while the model wrote."""
    return ModelUnavailable(_text(model, "finish_reason error", ""))


def _http_failure(model: str, error: ModelHTTPError) -> ModelError:
    code = _code(error)
    text = _text(model, f"HTTP {error.status_code}", "" if code == str(error.status_code) else code)
    retry_after = None if error.retry_after is None else timedelta(seconds=error.retry_after)
    if error.status_code == HTTPStatus.REQUEST_TIMEOUT:
        return ModelTimeout(text)
    if _is_later(error):
        return ModelUnavailable(text, retry_after=retry_after)
    return ModelRejected(text)


def _is_later(error: ModelHTTPError) -> bool:
    if error.status_code == HTTPStatus.PAYMENT_REQUIRED:
        return error.retry_after is not None and _limit_source(error.body) == _IN_FLIGHT_BUDGET
    if isinstance(error, ModelQuotaExceededError):
        return False
    return error.status_code in _LATER or error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR


def _limit_source(body: object) -> JsonValue:
    match cast("JsonValue", body):
        case {"metadata": {"limit_source": source}} | {"error": {"metadata": {"limit_source": source}}}:
            return source
        case _:
            return None


def _code(error: Exception) -> str:
    if not isinstance(error, ModelAPIError):
        return ""
    for code in (error.provider_error_code, error.provider_error_type):
        if code is not None and _CODE.fullmatch(code):
            return code
    return ""


def _text(model: str, what: str, code: str) -> str:
    return f"{model}: {what} {code}".strip()[:MAX_ERROR_CHARS]
