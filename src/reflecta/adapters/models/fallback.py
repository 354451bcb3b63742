"""Asks the next model when one does not answer."""

from collections.abc import Sequence
from dataclasses import dataclass

from reflecta.application.ports import Completion, Model
from reflecta.domain.errors import ConfigurationError, ModelRejected, ModelTimeout, ModelUnavailable
from reflecta.domain.prompt import Question


@dataclass(frozen=True, slots=True)
class Fallback:
    """Tries *models* in order until one answers; an answer that makes no sense is an answer.

    A refusal moves on too: another vendor has its own credit, keys and filters.
    """

    models: Sequence[Model]

    def __post_init__(self) -> None:
        if not self.models:
            raise ConfigurationError("A fallback list names no model; name at least one.")

    async def complete(self, question: Question) -> Completion:
        """Answer, or raise the last model's error."""
        *earlier, last = self.models
        for model in earlier:
            try:
                return await model.complete(question)
            except (ModelUnavailable, ModelTimeout, ModelRejected):
                continue
        return await last.complete(question)

    async def aclose(self) -> None:
        """Release all connections."""
        for model in self.models:
            await model.aclose()
