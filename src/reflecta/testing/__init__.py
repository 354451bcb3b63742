"""Doubles for tests of this service and of apps that embed it, and answers for them to give."""

from reflecta.testing.doubles import FakeClock, RecordingTelemetry, ScriptedModel
from reflecta.testing.replies import (
    answer,
    answer_sent,
    assessment_reply,
    draft_reply,
    facts_of,
    number_in,
    numbers_in,
    read_facts,
    screening_reply,
)

__all__ = [
    "FakeClock",
    "RecordingTelemetry",
    "ScriptedModel",
    "answer",
    "answer_sent",
    "assessment_reply",
    "draft_reply",
    "facts_of",
    "number_in",
    "numbers_in",
    "read_facts",
    "screening_reply",
]
