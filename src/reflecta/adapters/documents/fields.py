"""The kinds of values in the guide's documents: strict on meaning, lenient on form. Knows no document.

Null is the same as missing, unknown fields are ignored. Errors never quote what a person wrote.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Final, TypeVar, cast

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictStr,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails, PydanticCustomError

from reflecta.domain.errors import InvalidInput
from reflecta.domain.text import clean

E = TypeVar("E", bound=StrEnum)

_SHOWN: Final = 40
# Control, format and surrogate characters and line ends: an id with one of these is a mistake or a disguise.
_NO_ID: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def refusal(reason: str) -> PydanticCustomError:
    """Make the error that a validator raises; *reason* reaches the caller word for word."""
    return PydanticCustomError("refused", "{reason}", {"reason": reason})


class Document(BaseModel):
    """A JSON object of the guide: fields bear their wire names outside, snake case inside."""

    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", frozen=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, document: object) -> object:
        if not isinstance(document, Mapping):
            raise refusal("give a JSON object")
        given = cast("Mapping[object, object]", document)
        return {name: value for name, value in given.items() if value is not None}


D = TypeVar("D", bound=Document)


def read_document(model: type[D], document: object) -> D:
    """Validate a parsed document, or raise `InvalidInput` for the first field that is wrong."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise InvalidInput(_path(first["loc"]), _reason(first)) from error


def _path(location: Sequence[int | str]) -> str:
    """Give a field's path as the caller would write it: ``mainFocus.sources[2].quote``."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in location)
    return "".join(steps).lstrip(".") or "body"


_REASONS: Final[Mapping[str, str]] = {
    "missing": "is required",
    "bool_type": "give true or false",
    "string_type": "give a text",
    "string_too_short": "must not be empty",
    "string_too_long": "give at most {max_length} characters",
    "tuple_type": "give a list",
    "too_long": "give at most {max_length} items",
    "int_type": "give a whole number",
    "float_type": "give a number",
    "finite_number": "give a finite number",
    "greater_than_equal": "must not be below {ge}",
    "less_than_equal": "must not be above {le}",
}


def _reason(error: ErrorDetails) -> str:
    template = _REASONS.get(error["type"])
    return error["msg"] if template is None else template.format_map(error.get("ctx", {}))


def _one_line(value: object) -> object:
    return " ".join(clean(value).split()) if isinstance(value, str) else value


def _cleaned(value: object) -> object:
    return clean(value) if isinstance(value, str) else value


def _without_gaps(value: object) -> object:
    return [item for item in cast("list[object]", value) if item is not None] if isinstance(value, list) else value


def _checked_id(value: object) -> object:
    if isinstance(value, str) and any(unicodedata.category(character) in _NO_ID for character in value):
        raise refusal("must not hold control or invisible characters")
    return value


def one_of(kind: type[E]) -> BeforeValidator:
    """Accept exactly the wire values of an enum."""

    def check(value: object) -> object:
        if isinstance(value, str) and value in kind.__members__.values():
            return kind(value)
        shown = repr(value[:_SHOWN]) if isinstance(value, str) else f"a {type(value).__name__}"
        raise refusal(f"give one of {', '.join(kind)}; {shown} is none of them")

    return BeforeValidator(check)


Flag = StrictBool
Id = Annotated[StrictStr, BeforeValidator(_checked_id), StringConstraints(min_length=1, max_length=256)]
# Cleaned texts: words and names on one line, addresses, and what may have paragraphs.
Word = Annotated[StrictStr, BeforeValidator(_one_line), StringConstraints(max_length=40)]
Line = Annotated[StrictStr, BeforeValidator(_one_line), StringConstraints(max_length=200)]
Prose = Annotated[StrictStr, BeforeValidator(_cleaned), StringConstraints(max_length=10_000)]
Url = Annotated[StrictStr, BeforeValidator(_one_line), StringConstraints(max_length=2_000)]
AnyText = Annotated[StrictStr, BeforeValidator(_cleaned)]
Name = Annotated[StrictStr, BeforeValidator(_one_line), StringConstraints(max_length=100)]
Email = Annotated[StrictStr, BeforeValidator(_one_line), StringConstraints(max_length=320)]
# The guide names no scale for clarity and stress; apps use 1-5, 1-10 or per cent.
Degree = Annotated[StrictFloat, Field(ge=0, le=100, allow_inf_nan=False)]
WITHOUT_GAPS: Final = BeforeValidator(_without_gaps)
