"""Instants as host apps write them: epoch milliseconds, ISO 8601 with an offset, Firestore Timestamps.

Whole milliseconds in UTC come out; what names no certain instant of this service's time is refused.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, cast

from pydantic import BeforeValidator, WithJsonSchema

from reflecta.adapters.documents.fields import refusal

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
# No journal was kept in an app before, and no due time lies behind; outside, a unit or a field was mistaken.
_FIRST: Final = (datetime(1990, 1, 1, tzinfo=UTC) - _EPOCH) // _MILLISECOND
_LAST: Final = (datetime(2100, 1, 1, tzinfo=UTC) - _EPOCH) // _MILLISECOND
_LONGEST_ISO: Final = 64
_FORMS: Final = "give epoch milliseconds or ISO 8601 with an offset, such as 2026-11-22T08:00:00Z"


def milliseconds(at: datetime | None) -> int | None:
    """Give epoch milliseconds, rounded down; null for None."""
    return None if at is None else (at - _EPOCH) // _MILLISECOND


def read_instant(value: object) -> datetime:
    """Read an instant; raises the refusal that Pydantic turns into a field's error."""
    match value:
        case bool():
            raise refusal(_FORMS)
        case int():
            return _from_number(value)
        case float():
            return _from_number(_whole(value))
        case str():
            return _from_text(value)
        case datetime():
            return _from_datetime(value)
        case Mapping():
            return _from_timestamp(cast("Mapping[object, object]", value))
        case _:
            raise refusal(_FORMS)


Instant = Annotated[
    datetime,
    BeforeValidator(read_instant),
    WithJsonSchema(
        {
            "description": "Epoch milliseconds, ISO 8601 with an offset, or a Firestore Timestamp",
            "anyOf": [{"type": "integer"}, {"type": "string", "format": "date-time"}, {"type": "object"}],
        }
    ),
]


def _whole(value: float) -> int:
    if not value.is_integer():
        raise refusal("give whole milliseconds since 1970")
    return int(value)


def _from_number(value: int) -> datetime:
    if _FIRST <= value * 1000 < _LAST:
        raise refusal("looks like seconds; give milliseconds since 1970")
    return _from_milliseconds(value)


def _from_milliseconds(value: int) -> datetime:
    if not _FIRST <= value < _LAST:
        raise refusal(f"lies before 1990 or after 2099; {_FORMS}")
    return _EPOCH + value * _MILLISECOND


def _from_text(value: str) -> datetime:
    text = value.strip()
    if len(text) > _LONGEST_ISO:
        raise refusal(_FORMS)
    try:
        at = datetime.fromisoformat(text.upper())
    except ValueError as error:
        raise refusal(_FORMS) from error
    return _from_datetime(at)


def _from_datetime(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise refusal("has no offset; give one, such as 2026-11-22T08:00:00Z")
    return _from_milliseconds((value - _EPOCH) // _MILLISECOND)


def _from_timestamp(value: Mapping[object, object]) -> datetime:
    seconds = value.get("_seconds", value.get("seconds"))
    nanoseconds = value.get("_nanoseconds", value.get("nanoseconds", 0))
    if type(seconds) is not int or type(nanoseconds) is not int or not 0 <= nanoseconds < 10**9:
        raise refusal('give a Timestamp as {"_seconds": …, "_nanoseconds": …} in whole numbers')
    return _from_milliseconds(seconds * 1000 + nanoseconds // 10**6)
