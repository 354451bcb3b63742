"""Decides who may call: whoever shows the secret; in development on loopback without one, programs of this machine.

Browsers are programs of this machine too, so what they send for a foreign page is refused there.
"""

import hmac
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request

from reflecta.config import LOOPBACK
from reflecta.entrypoints.api.errors import Refused

# What scripts send when their variable is not set. No secret of ours is one of these words.
_UNSET: Final = frozenset({b"", b"undefined", b"null", b"none", b"nil"})
_FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-real-ip")
_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="reflecta"'}


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """Checks requests against *secret*, byte by byte in constant time; None asks for local callers instead."""

    secret: bytes | None

    async def require(self, request: Request) -> None:
        """Let pass who shows the secret, or, where there is none, who is local."""
        if self.secret is None:
            _require_local(request)
            return
        self._require_secret(request, self.secret)

    async def require_unless_local(self, request: Request) -> None:
        """Let local callers pass without credentials; wrong ones are refused to all."""
        is_asked = "authorization" in request.headers or not _is_local_client(request)
        if self.secret is not None and is_asked:
            self._require_secret(request, self.secret)
            return
        _require_local(request)

    def _require_secret(self, request: Request, secret: bytes) -> None:
        token = _token(request)
        if token is None:
            raise _unauthorized("send the header Authorization: Bearer, a space, and CRON_SECRET")
        if token.lower() in _UNSET or not hmac.compare_digest(token, secret):
            raise _unauthorized("the secret in the Authorization header is not CRON_SECRET")


def _unauthorized(detail: str) -> Refused:
    return Refused(HTTPStatus.UNAUTHORIZED, detail, _CHALLENGE)


def _token(request: Request) -> bytes | None:
    """Give the bearer token as it was sent; None without one, or with more than one header."""
    given = request.headers.getlist("authorization")
    if len(given) != 1:
        return None
    # Latin-1 gives back the bytes of the header, whatever the client encoded.
    scheme, _, token = given[0].encode("latin-1").strip().partition(b" ")
    return token.strip() if scheme.lower() == b"bearer" else None


def _require_local(request: Request) -> None:
    if not _is_local_client(request):
        raise Refused(HTTPStatus.FORBIDDEN, "without CRON_SECRET only programs on this machine may call")
    if not _is_loopback(request.headers.get("host", "")) or not _is_same_site(request):
        raise Refused(HTTPStatus.FORBIDDEN, "this was sent by a web page of another site; call it directly")


def _is_local_client(request: Request) -> bool:
    """Say whether the caller is on this machine, and no proxy of this machine speaks for another."""
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    try:
        address = ip_address(request.client.host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def _is_same_site(request: Request) -> bool:
    origin = request.headers.get("origin")
    return origin is None or _is_loopback(urlsplit(origin).netloc)


def _is_loopback(authority: str) -> bool:
    """Say whether HOST or HOST:PORT names this machine; a name that merely resolves to it does not."""
    try:
        return urlsplit(f"//{authority}").hostname in LOOPBACK
    except ValueError:
        return False
