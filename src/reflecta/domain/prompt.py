"""Each question to a model beside the reading of its answer. Prompt texts come in as data (prompts/*.md)."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, cast

from reflecta.domain.context import Context, as_data, render
from reflecta.domain.errors import InvalidReply
from reflecta.domain.model import Assessment, Draft, Evidence, MessageType, Purpose, Recommendation
from reflecta.domain.text import clean

Json = Mapping[str, object]

# An answer is a page of text; whatever is longer is no answer (a model that never stops).
MAX_REPLY_CHARS: Final = 64_000
MAX_EVIDENCE: Final = 12
MAX_FAULTS: Final = 12
MAX_FAULT_CHARS: Final = 400
MAX_RATIONALE_CHARS: Final = 2000
# Where an object may begin: braces in prose, templates and formulas are passed over.
_OPENING: Final = re.compile(r'\{\s*"')
_MAX_OPENINGS: Final = 20
_DECODER: Final = json.JSONDecoder(strict=False)  # small models break lines within strings
_TYPES: Final = frozenset(MessageType)
_ADVICE: Final = frozenset(Recommendation)


# No slots: the version is reckoned once, not for every question.
@dataclass(frozen=True, kw_only=True)
class PromptText:
    """The stable text of one prompt; its version is the hash of its content, so a change is a new version."""

    name: str
    text: str

    @cached_property
    def version(self) -> str:
        """Give the version that is recorded on every call."""
        return f"{self.name}-{hashlib.sha256(self.text.encode()).hexdigest()[:10]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompts:
    """The texts in use."""

    draft: PromptText
    revision: PromptText
    assessment: PromptText


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question to a model.

    *instructions* is the same for all users of one prompt version and comes first (providers cache it);
    *content* holds this user's data; *schema* is the JSON schema of the answer. *context* and *variant* serve
    a writer that needs no model: the facts themselves, and a stable number to vary by.
    """

    purpose: Purpose
    instructions: str
    content: str
    schema: Json
    prompt_version: str
    context: Context
    variant: int = 0
    max_output_tokens: int = 1500


_DRAFT_SCHEMA: Final[Json] = {
    "type": "object",
    "properties": {
        "messageType": {"type": "string", "enum": [kind.value for kind in MessageType]},
        "message": {"type": "string"},
        "pushNotification": {"type": "string"},
        "evidence": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"entryId": {"type": "string"}, "quote": {"type": "string"}},
                "required": ["entryId", "quote"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["messageType", "message", "pushNotification", "evidence"],
    "additionalProperties": False,
}

_ASSESSMENT_SCHEMA: Final[Json] = {
    "type": "object",
    "properties": {
        "simulatedReaction": {"type": "string"},
        "faults": {"type": "array", "items": {"type": "string"}},
        "overallEffectiveness": {"type": "number", "minimum": 1, "maximum": 10},
        "recommendedAction": {"type": "string", "enum": [kind.value for kind in Recommendation]},
    },
    "required": ["simulatedReaction", "faults", "overallEffectiveness", "recommendedAction"],
    "additionalProperties": False,
}


def ask_for_draft(prompts: Prompts, context: Context, *, variant: int = 0) -> Question:
    """Ask for a first draft."""
    return Question(
        purpose=Purpose.DRAFT,
        instructions=prompts.draft.text,
        content=f"The context, as JSON data:\n{render(context)}",
        schema=_DRAFT_SCHEMA,
        prompt_version=prompts.draft.version,
        context=context,
        variant=variant,
    )


def ask_for_revision(
    prompts: Prompts, context: Context, *, draft: Draft, faults: Sequence[str], variant: int = 0
) -> Question:
    """Ask for a better draft, naming what to mend in the one before."""
    rejected = as_data({"draft": _as_json(draft), "faultsToMend": list(faults)})
    return Question(
        purpose=Purpose.REVISION,
        instructions=prompts.revision.text,
        content=f"The context, as JSON data:\n{render(context)}\n\nThe rejected draft and its faults:\n{rejected}",
        schema=_DRAFT_SCHEMA,
        prompt_version=prompts.revision.version,
        context=context,
        variant=variant,
    )


def ask_for_assessment(prompts: Prompts, context: Context, draft: Draft) -> Question:
    """Ask how this user would receive a draft."""
    candidate = as_data(_as_json(draft))
    return Question(
        purpose=Purpose.ASSESSMENT,
        instructions=prompts.assessment.text,
        content=f"The context, as JSON data:\n{render(context)}\n\nThe candidate message:\n{candidate}",
        schema=_ASSESSMENT_SCHEMA,
        prompt_version=prompts.assessment.version,
        context=context,
        max_output_tokens=1000,
    )


def _as_json(draft: Draft) -> Json:
    return {
        "messageType": draft.type,
        "message": draft.text,
        "pushNotification": draft.push_text,
        "evidence": [{"entryId": e.entry_id, "quote": e.quote} for e in draft.evidence],
    }


def write_draft(draft: Draft) -> str:
    """Give a draft in the form of an answer, for writers that are no language model."""
    return json.dumps(_as_json(draft), ensure_ascii=False)


def read_draft(reply: str, *, ai_generated: bool = True) -> Draft:
    """Read the answer to `ask_for_draft` or `ask_for_revision`; InvalidReply says what is wrong with it."""
    answer = _read_object(reply, required=("messageType", "message"))
    kind = _string(answer, "messageType")
    if kind not in _TYPES:
        # Not quoted: a model's words may be the person's, and errors outlive an erasure.
        raise InvalidReply("messageType: none of the eight types")
    return Draft(
        type=MessageType(kind),
        text=clean(_string(answer, "message")).strip(),
        push_text=clean(_string(answer, "pushNotification")).strip(),
        evidence=tuple(_evidence(answer)),
        ai_generated=ai_generated,
    )


def read_assessment(reply: str) -> Assessment:
    """Read the answer to `ask_for_assessment`; InvalidReply says what is wrong with it."""
    answer = _read_object(reply, required=("overallEffectiveness", "recommendedAction"))
    score = answer["overallEffectiveness"]
    if isinstance(score, bool) or not isinstance(score, int | float) or not 1 <= score <= 10:  # noqa: PLR2004
        raise InvalidReply("overallEffectiveness: not a number from 1 to 10")
    action = _string(answer, "recommendedAction")
    if action not in _ADVICE:
        raise InvalidReply("recommendedAction: none of the three")
    return Assessment(
        score=float(score),
        recommendation=Recommendation(action),
        faults=tuple(_faults(answer)),
        rationale=_rationale(answer),
    )


def _rationale(answer: Json) -> str:
    given = answer.get("simulatedReaction")
    return clean(given)[:MAX_RATIONALE_CHARS] if isinstance(given, str) else ""


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
