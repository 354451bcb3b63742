"""A clock, an event log and a model that do as they are told."""

from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from reflecta.application.ports import Completion
from reflecta.domain.model import Call
from reflecta.domain.prompt import Question


class FakeClock:
    """A clock that stands still until told to move."""

    def __init__(self, at: datetime | None = None) -> None:
        self._now = at or datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        """Give the instant it was set to."""
        return self._now

    def advance(self, by: timedelta) -> None:
        """Move on."""
        self._now += by

    def set(self, at: datetime) -> None:
        """Move to an instant."""
        self._now = at


class RecordingTelemetry:
    """Keeps every event in *events* as (name, values)."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, str | float | bool | None]]] = []

    def event(self, name: str, **values: str | float | bool | None) -> None:
        """Keep one event."""
        self.events.append((name, values))


class ScriptedModel:
    """Gives *answers* in order: a text or a completion is answered, an exception raised. Keeps every question."""

    def __init__(self, answers: Iterable[str | Exception | Completion]) -> None:
        self._answers = deque(answers)
        self.questions: list[Question] = []
        self.closed = False

    async def complete(self, question: Question) -> Completion:
        """Give the next answer."""
        self.questions.append(question)
        if not self._answers:
            raise AssertionError(f"Question {len(self.questions)} has no answer: script one more.")
        answer = self._answers.popleft()
        if isinstance(answer, Exception):
            raise answer
        return self._completion(question, answer) if isinstance(answer, str) else answer

    async def aclose(self) -> None:
        """Note that it was closed."""
        self.closed = True

    def _completion(self, question: Question, text: str) -> Completion:
        call = Call(
            purpose=question.purpose,
            model="scripted",
            prompt_version=question.prompt_version,
            at=datetime(2026, 1, 1, tzinfo=UTC),
            latency=0.0,
        )
        return Completion(text=text, call=call)
