"""Options and arguments that several commands share, and how their values are read."""

from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from reflecta.domain.errors import InvalidInput

_FORM: Final = "give ISO 8601 with an offset, such as 2026-11-22T08:00:00Z or 2026-11-22T08:00:00+01:00"
# Instants outside are slips of the keyboard; due times and journals lie within.
_YEARS: Final = range(1990, 2100)


def given_instant(text: str) -> datetime:
    """Read the instant of --at, in UTC; a local time without its offset names no instant and is refused."""
    try:
        at = datetime.fromisoformat(text.strip().upper())
    except ValueError as error:
        raise InvalidInput("--at", f"{text[:40]!r} is no instant; {_FORM}") from error
    if at.tzinfo is None:
        raise InvalidInput("--at", f"{text[:40]!r} has no offset, so it names no certain instant; {_FORM}")
    if at.year not in _YEARS:
        raise InvalidInput("--at", f"{text[:40]!r} lies before 1990 or after 2099; {_FORM}")
    return at.astimezone(UTC)


def given_id(text: str) -> str:
    """Take an id as it is, if it is text at all: what a terminal of another encoding sends is not."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput("id", f"{text[:40]!r} is not UTF-8; copy the id from `reflecta list`") from error
    return text


UserId = Annotated[str, typer.Argument(metavar="USER", help="The user's id in your app.", parser=given_id)]
At = Annotated[
    datetime | None,
    typer.Option(
        "--at",
        metavar="INSTANT",
        help="Act as if it were this instant: ISO 8601 with an offset.",
        parser=given_instant,
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else on standard output.")]
