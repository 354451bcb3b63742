"""The openai SDK without its pass over what is sent: pydantic-ai hands it plain JSON already. Slow to import.

The SDK matches every value of a request with its declared type, to rename fields and encode dates and files. Chat
completions of text have none of these, and the pass takes a fifth of a call's CPU.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import httpx2
from openai import NOT_GIVEN, AsyncOpenAI, NotGiven, Omit, RequestOptions
from openai.resources.chat import AsyncChat, AsyncCompletions
from openai.types.chat import ChatCompletion


class PlainOpenAI(AsyncOpenAI):
    """`AsyncOpenAI` whose chat completions are sent as they are given, and never streamed."""

    @cached_property
    def chat(self) -> AsyncChat:  # pyright: ignore[reportIncompatibleMethodOverride] - to type checkers a property
        """See the SDK."""
        return _Chat(self)


class _Chat(AsyncChat):
    @cached_property
    def completions(self) -> AsyncCompletions:  # pyright: ignore[reportIncompatibleMethodOverride] - as above
        """See the SDK."""
        return _Completions(self._client)


class _Completions(AsyncCompletions):
    async def create(  # pyright: ignore[reportIncompatibleMethodOverride] - its overloads name forty fields
        self,
        *,
        extra_headers: Mapping[str, str | Omit] | None = None,
        extra_body: Mapping[str, object] | None = None,
        timeout: float | httpx2.Timeout | NotGiven | None = NOT_GIVEN,  # noqa: ASYNC109 - the SDK's own
        **fields: Any,  # noqa: ANN401 - as above
    ) -> ChatCompletion:
        """Ask for a completion; *fields* are those of the request."""
        options: RequestOptions = {"security": {"bearer_auth": True}}
        if extra_headers is not None:
            options["headers"] = extra_headers
        if extra_body is not None:
            options["extra_json"] = extra_body
        if not isinstance(timeout, NotGiven):
            options["timeout"] = timeout
        body = {name: value for name, value in fields.items() if not isinstance(value, Omit | NotGiven)}
        return await self._client.post("/chat/completions", cast_to=ChatCompletion, body=body, options=options)
