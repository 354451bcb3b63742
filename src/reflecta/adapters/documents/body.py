"""Bytes from outside to JSON values, without the traps of the parser. Knows nothing of documents."""

import json
import math
from collections.abc import Sequence
from typing import Final, NoReturn

from reflecta.domain.errors import InvalidInput

# An integer of 64 bits has 19 digits and a sign; nothing in a document is larger.
_MAX_DIGITS: Final = 20


def parse_json(body: bytes, *, field: str = "body") -> object:
    """Read JSON in UTF-8 (with or without BOM); *field* names the whole in errors.

    Refused: other encodings, nesting that exhausts the parser (near 1,000 levels), a key given twice, numbers that
    are not finite or have more than 20 digits.
    """
    try:
        return json.loads(
            body.decode("utf-8-sig"),
            parse_int=_whole,
            parse_float=_finite,
            parse_constant=_constant,
            object_pairs_hook=_unique,
        )
    except UnicodeDecodeError as error:
        raise InvalidInput(field, f"is not UTF-8 (byte {error.start + 1}); send UTF-8") from error
    except json.JSONDecodeError as error:
        # The parser's own words name a position and never quote the text.
        reason = f"is not JSON: {error.msg} (line {error.lineno}, column {error.colno})"
        raise InvalidInput(field, reason) from error
    except RecursionError as error:
        raise InvalidInput(field, "is nested too deep; send documents as the guide has them") from error
    except ValueError as error:  # from the four below
        raise InvalidInput(field, str(error)) from error


def _whole(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise ValueError(f"has a number of {len(digits)} digits; give at most {_MAX_DIGITS}")
    return int(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("has a number that is too large; give finite numbers")
    return number


def _constant(name: str) -> NoReturn:
    raise ValueError(f"has {name}, which is no JSON; give a number or null")


def _unique(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("has an object with the same key twice; give each key once")
    return found
