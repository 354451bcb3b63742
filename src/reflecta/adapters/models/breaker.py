"""Stops asking a model that keeps failing, and lets one call try it again after a while."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reflecta.application.ports import Clock, Completion, Model, Telemetry
from reflecta.domain.errors import ModelRejected, ModelTimeout, ModelUnavailable
from reflecta.domain.prompt import Question


@dataclass(slots=True, kw_only=True)
class Breaker:
    """Opens after *threshold* consecutive `ModelUnavailable` or `ModelTimeout`; a refusal is an answer.

    While open it raises `ModelUnavailable` at once, with the time left as retry_after. After *cooldown* one call
    goes through as a probe, the others still fail at once; the probe's end closes the circuit or opens it anew.
    """

    model: Model
    name: str
    clock: Clock
    telemetry: Telemetry
    threshold: int = 5
    cooldown: timedelta = timedelta(seconds=30)
    _failures: int = field(default=0, init=False)
    _opened_at: datetime | None = field(default=None, init=False)
    _probing: bool = field(default=False, init=False)

    async def complete(self, question: Question) -> Completion:
        """Answer, unless the circuit is open."""
        if self._opened_at is None:
            return await self._ask(question)
        self._admit_probe(self._opened_at)
        try:
            return await self._ask(question)
        finally:
            self._probing = False

    async def aclose(self) -> None:
        """Release connections."""
        await self.model.aclose()

    def _admit_probe(self, opened_at: datetime) -> None:
        # Nobody knows how long the probe takes: who comes meanwhile comes back a whole cooldown later.
        left = self.cooldown if self._probing else opened_at + self.cooldown - self.clock.now()
        if left > timedelta(0):
            raise ModelUnavailable(
                f"{self.name}: not asked, it failed {self._failures} times running", retry_after=left
            )
        self._probing = True

    async def _ask(self, question: Question) -> Completion:
        try:
            completion = await self.model.complete(question)
        except (ModelUnavailable, ModelTimeout):
            self._failed()
            raise
        except ModelRejected:
            self._reached()
            raise
        self._reached()
        return completion

    def _failed(self) -> None:
        self._failures += 1
        if self._opened_at is not None and not self._probing:
            return  # a call that was under way when the circuit opened
        if self._failures >= self.threshold:
            self._opened_at = self.clock.now()
            self.telemetry.event("model.circuit_opened", model=self.name, failures=self._failures)

    def _reached(self) -> None:
        was_open, self._failures, self._opened_at = self._opened_at is not None, 0, None
        if was_open:
            self.telemetry.event("model.circuit_closed", model=self.name)
