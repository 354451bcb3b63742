import pytest

from reflecta.adapters.models import Observed
from reflecta.domain.errors import ModelTimeout
from reflecta.domain.prompt import Question
from reflecta.testing import RecordingTelemetry, ScriptedModel


async def test_a_failed_call_is_told_by_its_class_alone(question: Question) -> None:
    telemetry = RecordingTelemetry()
    model = Observed(model=ScriptedModel([ModelTimeout("some words")]), name="m", telemetry=telemetry)
    with pytest.raises(ModelTimeout):
        await model.complete(question)
    assert telemetry.events == [
        ("model.call_failed", {"model": "m", "purpose": "draft", "error": "ModelTimeout"}),
    ]


async def test_an_answered_call_is_no_event(question: Question) -> None:
    telemetry = RecordingTelemetry()
    model = Observed(model=ScriptedModel(["here"]), name="m", telemetry=telemetry)
    assert (await model.complete(question)).text == "here"
    assert telemetry.events == []
