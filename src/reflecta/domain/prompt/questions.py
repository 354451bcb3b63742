"""What a model is asked: stable instructions first, then one user's data as JSON."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from reflecta.domain.context import Context, as_data, render
from reflecta.domain.model import Draft, MessageType, Purpose
from reflecta.domain.prompt.schemas import (
    ASSESSMENT_SCHEMA,
    DRAFT_SCHEMA,
    DRAFT_SCHEMAS,
    SCREENING_SCHEMA,
    Json,
    draft_as_json,
)

# So many of the newest entries are screened: what was written last is what a message would meet.
MAX_SCREENED: Final = 5
SCREENING_TOKENS: Final = 300

# The guide's 'when to use', in words for the writer.
_WHEN: Final[Mapping[MessageType, str]] = {
    MessageType.CHECK_IN: "They set out to do something in the last days: take up how it stands, without testing them.",
    MessageType.ENCOURAGEMENT: "Something went right or was kept up: name what they did, not what they are.",
    MessageType.CHALLENGE: "They have a goal and asked to be challenged: put a harder question to the goal.",
    MessageType.REMINDER: "They wanted something weeks ago and have not come back to it: bring it to mind.",
    MessageType.ALIGNMENT_REFLECTION: "Their aims may pull different ways: lay these out and ask what matters to them.",
    MessageType.GENERAL_REFLECTION: "Take up one concrete thing and ask them to look at it more closely.",
    MessageType.PERSONAL_INSIGHT: "Two of their sayings belong together or part ways: lay them side by side, and ask.",
    MessageType.RELEVANT_LESSON: "They struggle: offer one well-known idea that may fit, as an idea and no advice.",
}


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
    """The texts in use. *newcomer* takes the place of *draft* for people with few entries."""

    draft: PromptText
    newcomer: PromptText
    revision: PromptText
    assessment: PromptText
    screening: PromptText

    @property
    def all(self) -> Sequence[PromptText]:
        """Give every text."""
        return [self.draft, self.newcomer, self.revision, self.assessment, self.screening]


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


def ask_for_draft(prompts: Prompts, context: Context, *, kind: MessageType | None = None, variant: int = 0) -> Question:
    """Ask for a first draft, of a *kind* where one is chosen."""
    prompt = prompts.newcomer if context.is_newcomer else prompts.draft
    return Question(
        purpose=Purpose.DRAFT,
        instructions=prompt.text,
        content=f"The context, as JSON data:\n{render(context)}{_task(kind)}",
        schema=DRAFT_SCHEMA if kind is None else DRAFT_SCHEMAS[kind],
        prompt_version=prompt.version,
        context=context,
        variant=variant,
    )


def ask_for_revision(
    prompts: Prompts,
    context: Context,
    *,
    draft: Draft,
    faults: Sequence[str],
    kind: MessageType | None = None,
    variant: int = 0,
) -> Question:
    """Ask for a better draft, naming what to mend in the one before."""
    rejected = as_data({"draft": draft_as_json(draft), "faultsToMend": list(faults)})
    return Question(
        purpose=Purpose.REVISION,
        instructions=prompts.revision.text,
        content=f"The context, as JSON data:\n{render(context)}{_task(kind)}\n\n"
        f"The rejected draft and its faults:\n{rejected}",
        schema=DRAFT_SCHEMA if kind is None else DRAFT_SCHEMAS[kind],
        prompt_version=prompts.revision.version,
        context=context,
        variant=variant,
    )


def _task(kind: MessageType | None) -> str:
    """Name the kind to write; nothing where the writer may choose."""
    if kind is None:
        return ""
    return f"\n\nThe message to write:\n{as_data({'messageType': kind.value, 'whenToUse': _WHEN[kind]})}"


def ask_for_assessment(prompts: Prompts, context: Context, draft: Draft) -> Question:
    """Ask how this user would receive a draft."""
    candidate = as_data(draft_as_json(draft))
    return Question(
        purpose=Purpose.ASSESSMENT,
        instructions=prompts.assessment.text,
        content=f"The context, as JSON data:\n{render(context)}\n\nThe candidate message:\n{candidate}",
        schema=ASSESSMENT_SCHEMA,
        prompt_version=prompts.assessment.version,
        context=context,
        max_output_tokens=1000,
    )


def ask_for_screening(prompts: Prompts, context: Context) -> Question:
    """Ask for signs of risk in the newest entries; nothing else of the person is shown."""
    newest = [{"entryId": note.entry_id, "text": note.text} for note in context.notes[:MAX_SCREENED]]
    return Question(
        purpose=Purpose.SCREENING,
        instructions=prompts.screening.text,
        content=f"The entries, newest first, as JSON data:\n{as_data({'entries': newest})}",
        schema=SCREENING_SCHEMA,
        prompt_version=prompts.screening.version,
        context=context,
        max_output_tokens=SCREENING_TOKENS,
    )
