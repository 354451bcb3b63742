"""The commands that only read: list, status and explain."""

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from typing import Final

from reflecta.application.explain import UserExplanation, category, sentence, when
from reflecta.application.ports.store import Explanation
from reflecta.domain.errors import NotFound
from reflecta.domain.model import Assessment, Attempt, Call, Occasion, User
from reflecta.domain.safety import NEVER, is_held
from reflecta.entrypoints import views
from reflecta.entrypoints.cli.exits import ExitCode
from reflecta.entrypoints.cli.output import Output, note, write_json
from reflecta.entrypoints.cli.session import Ledger, Session

_PAGE: Final = 500
_COLUMNS: Final = ("USER", "CATEGORY", "DUE (USER'S CLOCK)", "DUE (UTC)", "WINDOW", "CADENCE", "HELD UNTIL (UTC)")


def show_users(*, at: datetime | None, as_json: bool, wanted: str | None, after: str, limit: int) -> ExitCode:
    """List users with where each stands, by id."""
    session = Session.begin(at)

    async def read(ledger: Ledger) -> tuple[Sequence[User], datetime]:
        now = ledger.now
        return [user async for user in _users(ledger, now, wanted, after, limit + 1)], now

    found, now = session.read(read)
    users = found[:limit]
    rest_after = users[-1].id if users and len(found) > limit else None
    if as_json:
        write_json({"users": [views.standing(user, now) for user in users], "next": rest_after})
    elif users:
        _print_users(session.output, users, now)
    else:
        note("nobody is listed; `reflecta import FILE` brings users in, `reflecta config` names the database")
    if rest_after is not None:
        note(f"there are more: reflecta list --after {rest_after!r}, or a higher --limit")
    return ExitCode.OK


async def _users(ledger: Ledger, now: datetime, wanted: str | None, after: str, limit: int) -> AsyncGenerator[User]:
    """Give users in order of id, of one category where one is wanted."""
    count = 0
    while page := await ledger.store.users(after=after, limit=_PAGE):
        after = page[-1].id
        for user in page:
            if wanted is None or category(user, now) == wanted:
                yield user
                count += 1
                if count == limit:
                    return


def _print_users(output: Output, users: Sequence[User], now: datetime) -> None:
    rows = [
        (
            user.id,
            category(user, now),
            when(user.next_due_at, user.timezone) if user.next_due_at else "-",
            f"{user.next_due_at:%Y-%m-%d %H:%MZ}" if user.next_due_at else "-",
            user.preferences.window.value,
            user.preferences.cadence.value,
            held_until_utc(user) if is_held(user, now) else "-",
        )
        for user in users
    ]
    output.table(_COLUMNS, rows)


def held_until_utc(user: User) -> str:
    """Give the end of a hold by UTC."""
    if user.held_until is None or user.held_until >= NEVER:
        return "a person's review"
    return f"{user.held_until:%Y-%m-%d %H:%MZ}"


def show_status(user_id: str, *, at: datetime | None, as_json: bool) -> ExitCode:
    """Show one user: preferences, what comes next and why, and how the last occasion ended."""
    session = Session.begin(at)

    async def read(ledger: Ledger) -> tuple[UserExplanation, Occasion | None, datetime]:
        explained = await ledger.explain.user(user_id, limit=1)
        return explained, await ledger.store.open_occasion(user_id), ledger.now

    explained, open_occasion, now = session.read(read)
    if as_json:
        write_json(views.status(explained, now, open_occasion))
    else:
        _print_status(session.output, explained, open_occasion)
    return ExitCode.OK


def _print_status(output: Output, explained: UserExplanation, open_occasion: Occasion | None) -> None:
    output.verdict(explained.category, explained.user.id)
    output.line(explained.next_step)
    output.line()
    facts = _facts(explained.user)
    if open_occasion is not None:
        facts["open occasion"] = f"{open_occasion.id} ({open_occasion.state.value})"
    if explained.occasions:
        facts["last occasion"] = sentence(explained.occasions[0])
    for name, value in facts.items():
        output.line(f"{name:<18}{value}")
    output.line()
    output.line(f"More: reflecta explain {explained.user.id}")


def _facts(user: User) -> dict[str, str]:
    wishes = user.preferences
    return {
        "time zone": user.timezone or f"unknown (given: {user.given_timezone!r})",
        "window": wishes.window.value,
        "cadence": wishes.cadence.value,
        "challenge, tone": f"{wishes.challenge.value}, {wishes.tone.value}",
        "push": f"{len(user.push.tokens)} device(s)" if user.push.enabled else "switched off",
        "journal entries": str(user.entry_count),
        "last message": when(user.last_sent_at, user.timezone),
        "failures in a row": str(user.failures),
    }


def show_explanation(
    user_id: str, *, at: datetime | None, as_json: bool, occasion_id: str | None, limit: int, with_context: bool
) -> ExitCode:
    """Tell what became of a user's occasions and why; of one occasion, also when its user is erased."""
    session = Session.begin(at)

    async def read(ledger: Ledger) -> UserExplanation | Explanation:
        if occasion_id is None:
            return await ledger.explain.user(user_id, limit=limit)
        found = await ledger.store.explanation(occasion_id)
        if found is None or found.occasion.user_id != user_id:
            raise NotFound(f"user {user_id[:64]!r} has no occasion {occasion_id[:64]!r}")
        return found

    found = session.read(read)
    if as_json:
        write_json(_view(found, with_context=with_context))
    else:
        _print_explained(session.output, found, with_context=with_context)
    return ExitCode.OK


def _view(found: UserExplanation | Explanation, *, with_context: bool) -> views.View:
    if isinstance(found, UserExplanation):
        return views.user_explanation(found, with_context=with_context)
    told = views.occasion(found, with_context=with_context)
    return {"userId": found.occasion.user_id, "occasions": [told]}


def _print_explained(output: Output, found: UserExplanation | Explanation, *, with_context: bool) -> None:
    if isinstance(found, Explanation):
        print_occasion(output, found, with_context=with_context)
        return
    output.verdict(found.category, found.user.id)
    output.line(found.next_step)
    if not found.occasions:
        output.line("There was no occasion yet.")
    for each in found.occasions:
        output.line()
        print_occasion(output, each, with_context=with_context)


def print_occasion(output: Output, explanation: Explanation, *, with_context: bool) -> None:
    """Print one occasion: its sentence, every attempt, every delivery."""
    output.line(sentence(explanation))
    output.line(f"  occasion {explanation.occasion.id}")
    _print_screening(output, explanation)
    for attempt in explanation.attempts:
        print_attempt(output, attempt, of=len(explanation.attempts))
    for delivery in explanation.deliveries:
        detail = f" ({delivery.detail})" if delivery.detail else ""
        output.line(f"  push by {delivery.address.channel}: {delivery.state.value}{detail}")
    if with_context:
        output.line("  context:")
        output.line(_indented(explanation.context or "none is kept"))


def _print_screening(output: Output, explanation: Explanation) -> None:
    screening, call = explanation.screening, explanation.screening_call
    if screening is None:
        return
    seen = ", ".join(screening.signs) or "no answer that can be read"
    output.line(f"  screening: {seen}")
    if call is not None:
        output.line(f"    {_told(call)}")


def print_attempt(output: Output, attempt: Attempt, *, of: int) -> None:
    """Print one candidate: its text, its checks, the prediction, what its calls cost."""
    draft, assessment = attempt.draft, attempt.assessment
    written = f": {draft.type.value}{'' if draft.ai_generated else ', from a template'}" if draft else ""
    output.line(f"  attempt {attempt.number} of {of}{written}")
    if draft is not None:
        output.line(_indented(draft.text))
        output.line(f"    push text: {draft.push_text}")
    for check in attempt.checks:
        output.line(f"    check {check.name.value}: {check.fault or 'passed'}")
    if assessment is not None:
        output.line(f"    {_predicted(assessment)}")
        for fault in assessment.faults:
            output.line(f"      fault: {fault}")
    for call in attempt.calls:
        output.line(f"    {_told(call)}")
    if attempt.error is not None:
        output.line(f"    broke off: {attempt.error}")


def _predicted(assessment: Assessment) -> str:
    ratings = ", ".join(f"{dimension.value} {rating}" for dimension, rating in assessment.dimensions.items())
    return f"predicted {assessment.score:g} of 10 ({ratings}), advice {assessment.recommendation.value}"


def _told(call: Call) -> str:
    cost = f", ${call.cost:.4f}" if call.cost is not None else ""
    tokens = f"{call.input_tokens} + {call.output_tokens} tokens"
    return f"{call.purpose.value} by {call.model} ({call.prompt_version}), {tokens}, {call.latency:.1f} s{cost}"


def _indented(text: str) -> str:
    return "\n".join(f"    | {line}" for line in text.splitlines())
