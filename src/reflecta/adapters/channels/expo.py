"""Pushes through Expo's push service, https://docs.expo.dev/push-notifications/sending-notifications/.

Expo has no idempotency key, so the one question behind every branch is whether a push can have been taken.
Of Expo's errors only status and code are kept: its messages contain push tokens. Knows no store and no retry.
"""

import gzip
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

import aiohttp
from pydantic import JsonValue, TypeAdapter

from reflecta.application.ports.channel import Result, ResultKind
from reflecta.domain.model import Delivery

MAX_PUSHES: Final = 100  # a request, Expo's documentation
MAX_RECEIPTS: Final = 300  # a request, as Expo's Node SDK asks; the server's own limit is 1,000
_GZIP_ABOVE: Final = 1024  # bytes, as in Expo's Node SDK
_CONNECT_AT_MOST: Final = timedelta(seconds=10)
_RETRY_AFTER_AT_MOST: Final = timedelta(days=1)
# Shorter than any server's own limit: reusing a connection that is being closed ends as an unknown outcome.
_IDLE_SECONDS: Final = 2.0

_NEVER_LEFT: Final = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
_MAY_HAVE_LEFT: Final = (aiohttp.ClientError, OSError)  # TimeoutError is an OSError
_CODE: Final = re.compile(r"[A-Za-z_]{1,64}")
_JSON: Final = TypeAdapter[JsonValue](JsonValue)
# One bad push makes Expo refuse the request it came in with; halves find it.
_MAY_BE_ONE_PUSH: Final = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What came back. *body* is None when it is no JSON."""

    status: int
    body: JsonValue
    retry_after: timedelta | None

    @property
    def code(self) -> str | None:
        """Give Expo's word for why it refused the whole request."""
        match self.body:
            case {"errors": [{"code": str() as code}, *_]} if _CODE.fullmatch(code):
                return code
            case _:
                return None

    @property
    def detail(self) -> str:
        """Give status and code, which name no address."""
        return f"HTTP {self.status} {self.code}" if self.code else f"HTTP {self.status}"

    @property
    def says_wait(self) -> bool:
        """Say whether the request was refused for its rate alone."""
        return self.status == HTTPStatus.TOO_MANY_REQUESTS or (self.is_refusal and self.code == "TOO_MANY_REQUESTS")

    @property
    def is_refusal(self) -> bool:
        """Say whether Expo took none of the request."""
        return HTTPStatus.BAD_REQUEST <= self.status < HTTPStatus.INTERNAL_SERVER_ERROR

    def verdict(self) -> Result:
        """Give the one result that holds for every push of a request that brought no tickets."""
        if self.says_wait:
            return Result(kind=ResultKind.RETRY, detail=self.detail, retry_after=self.retry_after)
        if self.is_refusal:
            return Result(kind=ResultKind.REFUSED, detail=self.detail)
        return Result(kind=ResultKind.UNKNOWN, detail=self.detail)


@dataclass(slots=True, kw_only=True, eq=False)
class ExpoChannel:
    """Sends pushes and reads their receipts. *timeout* bounds one request, connecting included."""

    base_url: str = "https://exp.host/--/api/v2"
    access_token: str | None = field(default=None, repr=False)
    timeout: timedelta = timedelta(seconds=30)
    name: str = "expo"
    batch_size: int = MAX_PUSHES
    _session: aiohttp.ClientSession | None = field(default=None, init=False, repr=False)

    async def send(self, deliveries: Sequence[Delivery]) -> Sequence[Result]:
        """Send one request; after a refusal that need not concern every push, once more in parts."""
        try:
            answer = await self._post("push/send", [_push(delivery) for delivery in deliveries])
        except _NEVER_LEFT as error:
            return _all(deliveries, ResultKind.RETRY, type(error).__name__)
        except _MAY_HAVE_LEFT as error:
            return _all(deliveries, ResultKind.UNKNOWN, type(error).__name__)
        if answer.status == HTTPStatus.OK:
            return _tickets(answer.body, len(deliveries))
        return await self._send_parts(deliveries, answer)

    async def _send_parts(self, deliveries: Sequence[Delivery], answer: _Answer) -> Sequence[Result]:
        """Send apart what a refused request mixed; every part is smaller than the whole, so this ends."""
        results = [answer.verdict()] * len(deliveries)
        for part in _parts(deliveries, answer):
            sent = await self.send([deliveries[index] for index in part])
            for index, result in zip(part, sent, strict=True):
                results[index] = result
        return results

    async def receipts(self, tickets: Sequence[str]) -> Sequence[Result]:
        """Ask for receipts; a request that fails leaves its tickets waiting, because reading is repeatable."""
        results: list[Result] = []
        for start in range(0, len(tickets), MAX_RECEIPTS):
            results += await self._receipts(tickets[start : start + MAX_RECEIPTS])
        return results

    async def _receipts(self, tickets: Sequence[str]) -> Sequence[Result]:
        try:
            answer = await self._post("push/getReceipts", {"ids": list(tickets)})
        except _MAY_HAVE_LEFT as error:
            return _all(tickets, ResultKind.WAITING, type(error).__name__)
        match answer:
            case _Answer(status=HTTPStatus.OK, body={"data": dict() as receipts}):
                return [_receipt(receipts.get(ticket)) for ticket in tickets]
            case _:
                return _all(tickets, ResultKind.WAITING, answer.detail)

    async def aclose(self) -> None:
        """Close the connections; the next request opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _post(self, path: str, payload: object) -> _Answer:
        body, headers = _encoded(payload)
        if self.access_token is not None:
            headers["Authorization"] = f"Bearer {self.access_token}"
        url = f"{self.base_url.rstrip('/')}/{path}"
        # A redirect is not followed: it would carry the tokens to a host that nobody named.
        async with self._open().post(url, data=body, headers=headers, allow_redirects=False) as response:
            return _Answer(
                status=response.status,
                body=_parsed(await response.read()),
                retry_after=_retry_after(response.headers),
            )

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            # Connecting must run out of time before the request does, or the two could not be told apart.
            connect = min(self.timeout / 2, _CONNECT_AT_MOST)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(keepalive_timeout=_IDLE_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=self.timeout.total_seconds(), connect=connect.total_seconds()),
            )
        return self._session


def _push(delivery: Delivery) -> Mapping[str, object]:
    return {
        "to": delivery.address.value,
        "title": delivery.title,
        "body": delivery.body,
        "data": dict(delivery.data),
    }


def _encoded(payload: object) -> tuple[bytes, dict[str, str]]:
    body = json.dumps(payload, separators=(",", ":")).encode()
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    if len(body) <= _GZIP_ABOVE:
        return body, headers
    return gzip.compress(body, mtime=0), headers | {"Content-Encoding": "gzip"}


def _parsed(body: bytes) -> JsonValue:
    try:
        return _JSON.validate_json(body)
    except ValueError:
        return None


def _retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """Read seconds or a date; a date counts from the server's own clock, so that ours does not matter."""
    given = headers.get("Retry-After", "").strip()
    try:
        seconds = float(given) if given.isdecimal() else _seconds_between(headers.get("Date", ""), given)
    except ValueError:
        return None
    return timedelta(seconds=max(0.0, min(seconds, _RETRY_AFTER_AT_MOST.total_seconds())))


def _seconds_between(start: str, end: str) -> float:
    return (_http_date(end) - _http_date(start)).total_seconds()


def _http_date(text: str) -> datetime:
    return parsedate_to_datetime(text).replace(tzinfo=UTC)  # HTTP dates are in GMT by definition


def _all(items: Sequence[object], kind: ResultKind, detail: str) -> Sequence[Result]:
    return [Result(kind=kind, detail=detail)] * len(items)


def _tickets(body: JsonValue, count: int) -> Sequence[Result]:
    match body:
        # Expo documents a bare ticket for a single push.
        case {"data": {"status": str()} as ticket} if count == 1:
            return [_ticket(ticket)]
        case {"data": [*tickets]} if len(tickets) == count:
            return [_ticket(ticket) for ticket in tickets]
        case _:
            return [Result(kind=ResultKind.UNKNOWN, detail="unreadable answer")] * count


def _ticket(ticket: JsonValue) -> Result:
    match ticket:
        case {"status": "ok", "id": str() as ticket_id}:
            return Result(kind=ResultKind.ACCEPTED, ticket=ticket_id)
        case {"status": "ok"}:
            return Result(kind=ResultKind.ACCEPTED)
        case {"status": "error"}:
            code = _error_code(ticket)
            kind = ResultKind.RETRY if code == "MessageRateExceeded" else _refusal(code)
            return Result(kind=kind, detail=code)
        case _:
            return Result(kind=ResultKind.UNKNOWN, detail="unreadable ticket")


def _receipt(receipt: JsonValue) -> Result:
    match receipt:
        case {"status": "ok"}:
            return Result(kind=ResultKind.DELIVERED)
        case {"status": "error"}:
            code = _error_code(receipt)
            return Result(kind=_refusal(code), detail=code)
        case _:
            return Result(kind=ResultKind.WAITING)


def _refusal(code: str) -> ResultKind:
    return ResultKind.GONE if code == "DeviceNotRegistered" else ResultKind.REFUSED


def _error_code(item: JsonValue) -> str:
    match item:
        case {"details": {"error": str() as code}} if _CODE.fullmatch(code):
            return code
        case _:
            return "unnamed error"


def _parts(deliveries: Sequence[Delivery], answer: _Answer) -> Iterable[Sequence[int]]:
    """Give the positions to send apart after a refusal; none when parts would be refused as well."""
    if answer.says_wait or not answer.is_refusal:
        return ()
    match answer.body:
        case {"errors": [{"code": "PUSH_TOO_MANY_EXPERIENCE_IDS", "details": dict() as projects}, *_]}:
            return _by_project(deliveries, projects)
        case _ if answer.status in _MAY_BE_ONE_PUSH and len(deliveries) > 1:
            half = len(deliveries) // 2
            return (range(half), range(half, len(deliveries)))
        case _:
            return ()


def _by_project(deliveries: Sequence[Delivery], projects: Mapping[str, JsonValue]) -> Iterable[Sequence[int]]:
    """Group positions by the Expo project of their token; those that Expo does not list are in none."""
    project_of = {
        token: project
        for project, tokens in projects.items()
        if isinstance(tokens, list)
        for token in tokens
        if isinstance(token, str)
    }
    groups: dict[str, list[int]] = {}
    for index, delivery in enumerate(deliveries):
        project = project_of.get(delivery.address.value)
        if project is not None:
            groups.setdefault(project, []).append(index)
    return [group for group in groups.values() if len(group) < len(deliveries)]
