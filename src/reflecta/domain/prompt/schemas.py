"""The JSON that models are asked for: one schema object for each question, since clients know schemas by identity."""

import json
from collections.abc import Mapping, Sequence
from typing import Final

from reflecta.domain.model import COACHING_TYPES, Dimension, Draft, MessageType, Recommendation, ScreenedSign

Json = Mapping[str, object]


def _object_of(properties: Json) -> Json:
    """Give the schema of an object with exactly these fields."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _one_of(values: Sequence[str]) -> Json:
    return {"type": "string", "enum": list(values)}


_TEXT: Final[Json] = {"type": "string"}
_TEXTS: Final[Json] = {"type": "array", "items": _TEXT}


def _draft(kinds: Sequence[MessageType]) -> Json:
    evidence = _object_of({"entryId": _TEXT, "quote": _TEXT})
    return _object_of(
        {
            "messageType": _one_of([kind.value for kind in kinds]),
            "message": _TEXT,
            "pushNotification": _TEXT,
            "evidence": {"type": "array", "items": evidence},
        }
    )


DRAFT_SCHEMA: Final = _draft(COACHING_TYPES)
DRAFT_SCHEMAS: Final[Mapping[MessageType, Json]] = {kind: _draft([kind]) for kind in COACHING_TYPES}

# The reasons come before the numbers: a model that has written its reasons rates by them.
ASSESSMENT_SCHEMA: Final = _object_of(
    {
        "simulatedReaction": _TEXT,
        "faults": _TEXTS,
        "reasons": _object_of({dimension.value: _TEXT for dimension in Dimension}),
        "dimensions": _object_of(
            {dimension.value: {"type": "integer", "minimum": 1, "maximum": 10} for dimension in Dimension}
        ),
        "recommendedAction": _one_of([advice.value for advice in Recommendation]),
    }
)

SCREENING_SCHEMA: Final = _object_of(
    {"signs": {"type": "array", "items": _one_of([sign.value for sign in ScreenedSign])}, "entryIds": _TEXTS}
)


def draft_as_json(draft: Draft) -> Json:
    """Give a draft as the object that `DRAFT_SCHEMA` describes."""
    return {
        "messageType": draft.type,
        "message": draft.text,
        "pushNotification": draft.push_text,
        "evidence": [{"entryId": e.entry_id, "quote": e.quote} for e in draft.evidence],
    }


def write_draft(draft: Draft) -> str:
    """Give a draft in the form of an answer, for writers that are no language model."""
    return json.dumps(draft_as_json(draft), ensure_ascii=False)
