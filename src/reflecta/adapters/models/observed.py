"""Tells telemetry of every call that brought no answer. Knows no text of question or error."""

from dataclasses import dataclass

from reflecta.application.ports import Completion, Model, Telemetry
from reflecta.domain.errors import ModelError
from reflecta.domain.prompt import Question


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """Records ``model.call_failed`` with the class of the error; calls that succeed are on the attempt."""

    model: Model
    name: str
    telemetry: Telemetry

    async def complete(self, question: Question) -> Completion:
        """Answer, or record the failure and raise it."""
        try:
            return await self.model.complete(question)
        except ModelError as error:
            self.telemetry.event(
                "model.call_failed", model=self.name, purpose=question.purpose.value, error=type(error).__name__
            )
            raise

    async def aclose(self) -> None:
        """Release connections."""
        await self.model.aclose()
