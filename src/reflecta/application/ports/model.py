"""How text is written and judged."""

from dataclasses import dataclass
from typing import Protocol

from reflecta.domain.model import Call
from reflecta.domain.prompt import Question


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """An answer: its text as it came, and what the call was and cost.

    *declined* says that the writer has nothing to say about this context; the text is empty then.
    """

    text: str
    call: Call
    ai_generated: bool = True
    declined: bool = False


class Model(Protocol):
    """Answers questions.

    Raises `ModelUnavailable`, `ModelTimeout` or `ModelRejected` when there is no answer; an answer that makes
    no sense is returned as it is, for `domain.prompt` to read and refuse. Every wrapper (limits, breaker,
    fallback, retries) is a Model itself.
    """

    async def complete(self, question: Question) -> Completion:
        """Answer one question."""
        ...

    async def aclose(self) -> None:
        """Release connections."""
        ...
