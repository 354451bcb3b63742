"""Reads what a model answered; InvalidReply says what is wrong with it, and never quotes it."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, cast

from reflecta.domain.errors import InvalidReply
from reflecta.domain.model import (
    COACHING_TYPES,
    Assessment,
    Dimension,
    Draft,
    Evidence,
    MessageType,
    Recommendation,
    ScreenedSign,
    Screening,
)
from reflecta.domain.prompt.schemas import Json
from reflecta.domain.text import clean

# An answer is a page of text; whatever is longer is no answer (a model that never stops).
MAX_REPLY_CHARS: Final = 64_000
MAX_EVIDENCE: Final = 12
MAX_FAULTS: Final = 12
MAX_FAULT_CHARS: Final = 400
MAX_REASON_CHARS: Final = 200
MAX_RATIONALE_CHARS: Final = 2000
MAX_ENTRY_IDS: Final = 12
RATINGS: Final = range(1, 11)
# Where an object may begin: braces in prose, templates and formulas are passed over.
_OPENING: Final = re.compile(r'\{\s*"')
_MAX_OPENINGS: Final = 20
_DECODER: Final = json.JSONDecoder(strict=False)  # small models break lines within strings
_TYPES: Final = frozenset(COACHING_TYPES)
_ADVICE: Final = frozenset(Recommendation)
_SIGNS: Final = frozenset(ScreenedSign)


def read_draft(reply: str, *, kind: MessageType | None = None, ai_generated: bool = True) -> Draft:
    """Read the answer to `ask_for_draft` or `ask_for_revision`, of that *kind* where one was asked for."""
    answer = _read_object(reply, required=("messageType", "message"))
    given = _string(answer, "messageType")
    if given not in _TYPES:
        # Not quoted: a model's words may be the person's, and errors outlive an erasure.
        raise InvalidReply("messageType: none of the eight types")
    if kind is not None and given != kind:
        raise InvalidReply(f"messageType: {given}, though {kind.value} was asked for")
    return Draft(
        type=MessageType(given),
        text=clean(_string(answer, "message")).strip(),
        push_text=clean(_string(answer, "pushNotification")).strip(),
        evidence=tuple(_evidence(answer)),
        ai_generated=ai_generated,
    )


def read_assessment(reply: str) -> Assessment:
    """Read the answer to `ask_for_assessment`; a rating for every dimension must be there."""
    answer = _read_object(reply, required=("dimensions", "recommendedAction"))
    advice = _string(answer, "recommendedAction")
    if advice not in _ADVICE:
        raise InvalidReply("recommendedAction: none of the three")
    return Assessment(
        dimensions=_dimensions(answer),
        recommendation=Recommendation(advice),
        faults=tuple(_faults(answer)),
        rationale=_rationale(answer),
    )


def read_screening(reply: str) -> Screening:
    """Read the answer to `ask_for_screening`: at least one sign of the closed set; 'none' counts only alone."""
    answer = _read_object(reply, required=("signs",))
    given = _list(answer, "signs")
    if not given or not all(isinstance(sign, str) and sign in _SIGNS for sign in given):
        raise InvalidReply("signs: not only signs of the set")
    signs = dict.fromkeys(ScreenedSign(cast("str", sign)) for sign in given)
    if len(signs) > 1:
        signs.pop(ScreenedSign.NONE, None)
    return Screening(signs=tuple(signs), entry_ids=tuple(_entry_ids(answer)))


def _entry_ids(answer: Json) -> Iterator[str]:
    for item in _list(answer, "entryIds")[:MAX_ENTRY_IDS]:
        if not isinstance(item, str):
            raise InvalidReply("entryIds: an item is no text")
        yield clean(item)


def _dimensions(answer: Json) -> Mapping[Dimension, int]:
    given = answer["dimensions"]
    if not isinstance(given, dict):
        raise InvalidReply("dimensions: not an object")
    ratings = cast("Json", given)
    return {dimension: _rating(ratings, dimension) for dimension in Dimension}


def _rating(ratings: Json, dimension: Dimension) -> int:
    rating = ratings.get(dimension.value)
    # In JSON 7.0 is the same number as 7.
    if isinstance(rating, bool) or not isinstance(rating, int | float) or rating not in RATINGS:
        raise InvalidReply(f"dimensions.{dimension.value}: not a whole number from 1 to 10")
    return int(rating)


def _rationale(answer: Json) -> str:
    """Give the reaction and, a line each, the reasons for the ratings."""
    reaction, reasons = answer.get("simulatedReaction"), answer.get("reasons")
    lines = [clean(reaction)] if isinstance(reaction, str) else []
    if isinstance(reasons, dict):
        given = cast("Json", reasons)
        told = ((d.value, given.get(d.value)) for d in Dimension)
        lines += [f"{name}: {clean(why)[:MAX_REASON_CHARS]}" for name, why in told if isinstance(why, str) and why]
    return "\n".join(lines)[:MAX_RATIONALE_CHARS]


def _evidence(answer: Json) -> Iterator[Evidence]:
    for item in _list(answer, "evidence")[:MAX_EVIDENCE]:
        if not isinstance(item, dict):
            raise InvalidReply("evidence: an item is not an object")
        pair = cast("Json", item)
        yield Evidence(entry_id=clean(_string(pair, "entryId")), quote=clean(_string(pair, "quote")).strip())


def _faults(answer: Json) -> Iterator[str]:
    for item in _list(answer, "faults")[:MAX_FAULTS]:
        if isinstance(item, str) and item.strip():
            yield clean(item).strip()[:MAX_FAULT_CHARS]


def _string(answer: Json, field: str) -> str:
    value = answer.get(field)
    if not isinstance(value, str):
        raise InvalidReply(f"{field}: no text")
    return value


def _list(answer: Json, field: str) -> Sequence[object]:
    value = answer.get(field, [])
    if not isinstance(value, list):
        raise InvalidReply(f"{field}: not a list")
    return cast("list[object]", value)


def _read_object(reply: str, *, required: Sequence[str]) -> Json:
    """Find the JSON object in an answer, alone or amid prose. Never rewrites what stands in strings."""
    if not reply.strip():
        raise InvalidReply("the model answered nothing")
    if len(reply) > MAX_REPLY_CHARS:
        raise InvalidReply(f"the model answered {len(reply)} characters, more than {MAX_REPLY_CHARS}")
    for found in _objects(reply):
        if all(field in found for field in required):
            return found
    raise InvalidReply(f"no JSON object with {', '.join(required)} in the answer (prose, or cut off)")


def _objects(reply: str) -> Iterator[Json]:
    """Give the outermost JSON objects that start within the answer, from its first 20 openings at most."""
    at = 0
    for _ in range(_MAX_OPENINGS):
        opening = _OPENING.search(reply, at)
        if opening is None:
            return
        try:
            value, at = cast("tuple[object, int]", _DECODER.raw_decode(reply, opening.start()))
        except (ValueError, RecursionError):
            at = opening.end()
            continue
        yield cast("Json", value)
