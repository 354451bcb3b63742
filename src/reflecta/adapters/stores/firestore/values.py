# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAttributeAccessIssue=false
# The generated message types have no stubs.
"""Python values in Firestore's message types and back. Instants are aware datetimes, integers 64 bits wide."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias, cast

from google.cloud.firestore_v1.types import document

Fields: TypeAlias = Mapping[str, object]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

# The message type itself: the vendor's wrapper around it takes three quarters of a read's time.
Value: Any = document.Value.pb()


_PLAIN: Final[Mapping[type[object], str]] = {
    str: "string_value",
    int: "integer_value",
    bool: "boolean_value",
    float: "double_value",
}


def put(field: Any, value: object) -> None:
    """Write a value into a field's message; TypeError where Firestore has no such kind."""
    if (kind := _PLAIN.get(type(value))) is not None:
        setattr(field, kind, value)
        return
    match value:
        case None:
            field.null_value = 0
        case datetime():
            _put_instant(field.timestamp_value, value)
        case Mapping():
            _put_map(field.map_value, cast("Fields", value))
        case list() | tuple():
            _put_list(field.array_value, cast("list[object]", value))
        case str():
            field.string_value = str(value)  # an enum's wire value
        case _:
            raise TypeError(f"Firestore keeps no {type(value).__name__}")


def _put_map(target: Any, fields: Fields) -> None:
    target.SetInParent()
    put_fields(target.fields, fields)


def _put_list(target: Any, items: list[object]) -> None:
    target.SetInParent()
    for item in items:
        put(target.values.add(), item)


def put_fields(target: Any, fields: Fields) -> None:
    """Write the fields of a document or of a map."""
    for name, value in fields.items():
        put(target[name], value)


def _put_instant(target: Any, at: datetime) -> None:
    target.seconds, microseconds = divmod((at - _EPOCH) // _MICROSECOND, 1_000_000)
    target.nanos = microseconds * 1000


def a_value(value: object) -> Any:
    """Give a value as a message of its own."""
    made = Value()
    put(made, value)
    return made


def taken(value: Any) -> object:
    """Read a value; bytes, references and places on earth, of which no field here is made, come as they are."""
    kind: str | None = value.WhichOneof("value_type")
    match kind:
        case "map_value":
            return fields_of(value.map_value.fields)
        case "array_value":
            return [taken(item) for item in value.array_value.values]
        case "timestamp_value":
            at = value.timestamp_value
            return _EPOCH + timedelta(seconds=at.seconds, microseconds=at.nanos // 1000)
        case None | "null_value":
            return None
        case _:
            return getattr(value, kind)


def fields_of(fields: Any) -> dict[str, object]:
    """Read the fields of a document or of a map."""
    return {name: taken(value) for name, value in fields.items()}
