"""Drafts, checks, assesses and revises until a candidate may go out or is held back. Knows no store."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from reflecta.application.leases import Permit, permit_all
from reflecta.application.ports import Clock, Completion, Model, Telemetry
from reflecta.domain import gate, prompt, rotation
from reflecta.domain.checks import Likeness, check_draft
from reflecta.domain.context import Context
from reflecta.domain.errors import InvalidReply, ModelError
from reflecta.domain.model import Attempt, Check, CheckName, Draft, MessageType, Purpose, Reason
from reflecta.domain.prompt import Prompts, Question
from reflecta.domain.wording import TemplateSet

Save = Callable[[Attempt], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """How composing ended: with *chosen*, or held back for *reason*; *attempts* holds every candidate.

    *unsaved* is the last of them where nothing followed the call that made it: the caller saves it with the outcome.
    """

    attempts: Sequence[Attempt]
    chosen: Attempt | None = None
    reason: Reason | None = None
    unsaved: Attempt | None = None


class Fallback(StrEnum):
    """When the composer may write instead of a model: never, when the checks refused all its candidates, or also
    when it brought none.
    """

    NEVER = "never"
    WHEN_REFUSED = "when_refused"
    ALWAYS = "always"


# What a check refused can be said in other words; what the judge or the safety check refused is not said at all.
_REFUSED_BY_CHECKS: Final = frozenset({Reason.MALFORMED, Reason.UNGROUNDED, Reason.REPETITIVE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Compose:
    """Asks *writer* for drafts and *judge* for one assessment each.

    *composer*, whose words *templates* are, steps in for the writer where the caller allows it. At most
    1 + *revisions* candidates. *likeness* tells repeats that use other words.
    """

    writer: Model
    judge: Model
    composer: Model
    templates: TemplateSet
    prompts: Prompts
    clock: Clock
    telemetry: Telemetry
    revisions: int = 2
    threshold: float = gate.DEFAULT_THRESHOLD
    likeness: Likeness | None = None

    @property
    def uses_model(self) -> bool:
        """Say whether a language model writes."""
        return self.writer is not self.composer

    async def __call__(
        self,
        context: Context,
        *,
        occasion_id: str,
        save: Save,
        saved: Sequence[Attempt] = (),
        fallback: Fallback = Fallback.NEVER,
        without_model: bool = False,
        permit: Permit = permit_all,
    ) -> Composed:
        """Go on from the *saved* attempts to a decision, saving what a call brought before the next one is made.

        *without_model* the composer writes. What *permit* raises before a call goes through, as does ModelError when
        a model brought nothing and *fallback* does not allow the composer; all is saved then.
        """
        work = _Work(use=self, context=context, occasion_id=occasion_id, save=save, permit=permit, attempts=list(saved))
        try:
            if without_model:
                return await work.decide(self.composer, afresh=True)
            return await self._with_model(work, fallback)
        except Exception:
            await work.flush()
            raise

    async def _with_model(self, work: "_Work", fallback: Fallback) -> Composed:
        try:
            composed = await work.decide(self.writer)
        except ModelError as error:
            if fallback is not Fallback.ALWAYS:
                raise
            work.close_candidate(error)
            return await work.decide(self.composer, afresh=True)
        if composed.reason not in _REFUSED_BY_CHECKS or fallback is Fallback.NEVER or not self.uses_model:
            return composed
        instead = await work.decide(self.composer, afresh=True)
        return instead if instead.chosen is not None else replace(instead, reason=composed.reason)


async def keep_nothing(*_: object) -> None:
    """Save nothing of what a call brought: for dry runs."""


@dataclass(slots=True, kw_only=True)
class _Work:
    """One occasion's candidates on their way."""

    use: Compose
    context: Context
    occasion_id: str
    save: Save
    permit: Permit
    attempts: list[Attempt]
    declined: bool = False
    unsaved: Attempt | None = None
    _kind: MessageType | None = None

    @property
    def kind(self) -> MessageType:
        """Give the type that a model is to write: the controller's choice, not the model's."""
        if self._kind is None:
            context = self.context
            language = context.language_among(self.use.templates)
            self._kind = rotation.choose(context, language)
        return self._kind

    async def decide(self, writer: Model, *, afresh: bool = False) -> Composed:
        if afresh:
            await self._draft(writer, self._ask_draft())
        while (decision := await self._step(writer)) is None:
            pass
        return decision

    async def _step(self, writer: Model) -> Composed | None:
        """Do what the attempts so far call for; None when there is more to do."""
        if self.declined:
            return self._composed(reason=Reason.NOTHING_TO_SAY)
        match gate.next_step(self.attempts, revisions=self.use.revisions, threshold=self.use.threshold):
            case gate.AskDraft():
                await self._draft(writer, self._ask_draft())
            case gate.AskRevision(draft=draft, faults=faults):
                await self._draft(writer, self._ask_revision(draft, faults))
            case gate.AskAssessment(attempt=attempt):
                await self._assess(attempt)
            case gate.Deliver(attempt=attempt):
                return self._composed(chosen=attempt)
            case gate.HoldBack(reason=reason):
                return self._composed(reason=reason)
            case gate.GiveUp(error=error):
                raise InvalidReply(error)
        return None

    def _composed(self, *, chosen: Attempt | None = None, reason: Reason | None = None) -> Composed:
        return Composed(attempts=self.attempts, chosen=chosen, reason=reason, unsaved=self.unsaved)

    def _ask_draft(self) -> Question:
        return prompt.ask_for_draft(self.use.prompts, self.context, kind=self.kind, variant=self._variant())

    def _ask_revision(self, draft: Draft, faults: Sequence[str]) -> Question:
        return prompt.ask_for_revision(
            self.use.prompts, self.context, draft=draft, faults=faults, kind=self.kind, variant=self._variant()
        )

    def _variant(self) -> int:
        """Give a number that is the same whenever this candidate of this occasion is asked for."""
        return int(self.occasion_id[:8], 16) + len(self.attempts)

    def close_candidate(self, error: ModelError) -> None:
        """Mark a candidate that will get no verdict, so that nothing unjudged goes out."""
        last = self.attempts[-1] if self.attempts else None
        if last is not None and last.draft is not None and last.assessment is None and last.error is None:
            self._keep(replace(last, error=f"not assessed: {_say(error)}"))

    async def _draft(self, writer: Model, question: Question) -> None:
        number = len(self.attempts) + 1
        attempt = Attempt(number=number, created_at=self.use.clock.now())
        try:
            completion = await self._ask(writer, question, number)
        except ModelError as error:
            self._keep(replace(attempt, error=_say(error)))
            raise
        attempt = replace(attempt, calls=(completion.call,))
        if completion.declined:
            self.declined = True
            self._keep(replace(attempt, error="the writer has nothing to say"))
            return
        try:
            kind = self.kind if completion.ai_generated else None
            draft = prompt.read_draft(completion.text, kind=kind, ai_generated=completion.ai_generated)
        except InvalidReply as error:
            self._keep(replace(attempt, error=_say(error)))
            return
        self._keep(replace(attempt, draft=draft, checks=self._check(draft)))

    def _check(self, draft: Draft) -> tuple[Check, ...]:
        checks = check_draft(draft, self.context, likeness=self.use.likeness)
        if not draft.ai_generated or not prompt.repeats_instructions(draft, self.use.prompts):
            return checks
        fault = "The message repeats its instructions; speak only to the person."
        return tuple(replace(c, fault=c.fault or fault) if c.name is CheckName.FORM else c for c in checks)

    async def _assess(self, attempt: Attempt) -> None:
        assert attempt.draft is not None  # noqa: S101 - the gate asks for candidates with a draft
        question = prompt.ask_for_assessment(self.use.prompts, self.context, attempt.draft)
        completion = await self._ask(self.use.judge, question, attempt.number)
        judged = replace(attempt, calls=(*attempt.calls, completion.call))
        try:
            assessment = prompt.read_assessment(completion.text)
        except InvalidReply as error:
            # No second judgement of the same candidate, not even after an unreadable one.
            self._keep(replace(judged, error=_say(error)))
            return
        self._keep(replace(judged, assessment=assessment))

    async def _ask(self, model: Model, question: Question, number: int) -> Completion:
        await self.flush()
        await self.permit()
        phase = "assessment" if question.purpose is Purpose.ASSESSMENT else "draft"
        ids = {"occasion_id": self.occasion_id, "user_id": self.context.user_id}
        self.use.telemetry.event(f"{phase}.requested", **ids, attempt=number)
        completion = await model.complete(question)
        call = completion.call
        self.use.telemetry.event(
            f"{phase}.received",
            **ids,
            attempt=number,
            model=call.model,
            seconds=call.latency,
            input_tokens=call.input_tokens,
            output_tokens=call.output_tokens,
            cost=call.cost,
        )
        return completion

    def _keep(self, attempt: Attempt) -> None:
        """Take up an attempt; a later state of the same number replaces the earlier."""
        self.attempts[attempt.number - 1 :] = [attempt]
        self.unsaved = attempt

    async def flush(self) -> None:
        """Save what was not saved yet; what a store refused is not offered again."""
        attempt, self.unsaved = self.unsaved, None
        if attempt is not None:
            await self.save(attempt)


def _say(error: ModelError) -> str:
    return f"{type(error).__name__}: {error}"[:300]
