"""Each question to a model beside the reading of its answer. Prompt texts come in as data (prompts/*.md)."""

from reflecta.domain.prompt.leaks import repeats_instructions
from reflecta.domain.prompt.questions import (
    MAX_SCREENED,
    SCREENING_TOKENS,
    Prompts,
    PromptText,
    Question,
    ask_for_assessment,
    ask_for_draft,
    ask_for_revision,
    ask_for_screening,
)
from reflecta.domain.prompt.replies import (
    MAX_EVIDENCE,
    MAX_FAULTS,
    MAX_RATIONALE_CHARS,
    MAX_REPLY_CHARS,
    read_assessment,
    read_draft,
    read_screening,
)
from reflecta.domain.prompt.schemas import write_draft

__all__ = [
    "MAX_EVIDENCE",
    "MAX_FAULTS",
    "MAX_RATIONALE_CHARS",
    "MAX_REPLY_CHARS",
    "MAX_SCREENED",
    "SCREENING_TOKENS",
    "PromptText",
    "Prompts",
    "Question",
    "ask_for_assessment",
    "ask_for_draft",
    "ask_for_revision",
    "ask_for_screening",
    "read_assessment",
    "read_draft",
    "read_screening",
    "repeats_instructions",
    "write_draft",
]
