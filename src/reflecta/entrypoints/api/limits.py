"""Reads request bodies within limits of size and time. Knows no document."""

import asyncio
from http import HTTPStatus
from typing import Final

from starlette.requests import Request

from reflecta.adapters.documents import parse_json
from reflecta.domain.errors import InvalidInput
from reflecta.entrypoints.api.errors import Refused

MEGABYTE: Final = 2**20
# One journal entry may be 1 MB; with its JSON around it, it passes as a line of an import file does.
MAX_DOCUMENT: Final = 2 * MEGABYTE
MAX_BATCH: Final = 4 * MEGABYTE
_SECONDS: Final = 30.0


async def read_json(request: Request, *, limit: int = MEGABYTE) -> object:
    """Read a body of at most *limit* bytes as JSON, whatever its Content-Type says (the guide's curls vary)."""
    body = await read_body(request, limit=limit)
    if not body.strip():
        raise Refused(HTTPStatus.BAD_REQUEST, "the body is empty; send JSON")
    try:
        return parse_json(body)
    except InvalidInput as error:
        raise Refused(HTTPStatus.BAD_REQUEST, str(error)) from error


async def read_body(request: Request, *, limit: int) -> bytes:
    """Read the body, counted as it streams: a length that lies or is missing does not help."""
    announced = request.headers.get("content-length", "")
    if announced.isascii() and announced.isdecimal() and int(announced[:20]) > limit:
        raise _too_large(limit)
    body = bytearray()
    try:
        async with asyncio.timeout(_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise _too_large(limit)
    except TimeoutError as error:
        raise Refused(
            HTTPStatus.REQUEST_TIMEOUT, f"the body took more than {_SECONDS:g} s", {"Connection": "close"}
        ) from error
    return bytes(body)


def _too_large(limit: int) -> Refused:
    detail = f"the body is larger than {limit:,} bytes; send less at once"
    # The rest of the body is not read, so the connection cannot be used again.
    return Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail, {"Connection": "close"})
