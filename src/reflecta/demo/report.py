"""What the demonstration prints: progress, some messages, why others were held back, the account, what next."""

import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from textwrap import fill, indent
from typing import Final

from reflecta.application.explain import category, sentence, when
from reflecta.application.importing import Imported
from reflecta.application.ports.store import Explanation
from reflecta.application.tick import TickReport
from reflecta.bootstrap import Service
from reflecta.domain.model import Attempt, OccasionState, User

Say = Callable[[str], None]
_WIDTH: Final = 92
_SHOWN_MESSAGES: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """Every occasion of the two days with its explanation, and what the ticks counted."""

    ticks: TickReport
    users: Sequence[User]
    occasions: Sequence[Explanation]
    quotes: int
    quotes_found: int

    @property
    def counts(self) -> Mapping[OccasionState, int]:
        """Count occasions by how they stand."""
        return Counter(explained.occasion.state for explained in self.occasions)

    @property
    def adds_up(self) -> bool:
        """Say whether each due user became one occasion and each occasion ended in one outcome."""
        due = self.ticks.jobs_created + self.ticks.users_rescheduled
        still_open = sum(explained.occasion.state.is_open for explained in self.occasions)
        return (
            due == len(self.occasions)
            and still_open == 0
            and self.ticks.errors == 0
            and self.quotes == self.quotes_found
        )


async def collect(service: Service, ticks: TickReport) -> Outcomes:
    """Read everything from the ledger."""
    found = [await service.store.explanation(o.id) for o in await service.store.occasions(limit=10_000)]
    explained = sorted((e for e in found if e is not None), key=lambda e: (e.occasion.due_at, e.occasion.user_id))
    drafts = [(e.occasion.user_id, a.draft) for e in explained if (a := _chosen(e)) is not None and a.draft]
    quotes = [(user, evidence) for user, draft in drafts for evidence in draft.evidence]
    entries = [await service.store.entry(evidence.entry_id) for _, evidence in quotes]
    return Outcomes(
        ticks=ticks,
        users=await service.store.users(limit=1000),
        occasions=explained,
        quotes=len(quotes),
        quotes_found=sum(
            entry is not None and entry.user_id == user and evidence.quote in entry.text
            for (user, evidence), entry in zip(quotes, entries, strict=True)
        ),
    )


def opening(imported: Imported, start: datetime, hours: int) -> str:
    """Say what is about to be played."""
    return (
        f"Reflecta demo: {imported.users} people, {imported.entries} journal entries, no key, no network.\n"
        f"The real service runs {hours} hours from {start:%A %Y-%m-%d %H:%M} UTC, one tick an hour.\n"
    )


def happened(at: datetime, line: str) -> str:
    """Tell an event of the script."""
    return f"  {at:%a %H:%M}  · {line}"


def progress(at: datetime, ticked: TickReport, done: int, hours: int, *, is_terminal: bool) -> str:
    """Tell one tick, with a bar on a terminal."""
    bar = f"{'█' * (done * 20 // hours):<20}  " if is_terminal else ""
    parts = [f"{ticked.users_due} due"]
    if ticked.users_bootstrapped:
        parts.append(f"{ticked.users_bootstrapped} given a first due time")
    if ticked.users_rescheduled:
        parts.append(f"{ticked.users_rescheduled} outside their window, put off")
    return f"  {at:%a %H:%M}  {bar}{', '.join(parts)}"


async def closing(service: Service, outcomes: Outcomes, path: Path) -> str:
    """Show messages, reasons, the account and what to type next."""
    sent = [e for e in outcomes.occasions if e.occasion.state is OccasionState.SENT]
    names = {user.id: user.first_name or user.id for user in outcomes.users}
    blocks = [_heading("Some of the messages")]
    blocks += [_message(e, names) for e in _varied(sent, outcomes.users)]
    blocks += [_heading("Why others got none"), _silent(outcomes, names, service.clock.now())]
    blocks += [_heading("Every occasion and its outcome"), _account(outcomes, names)]
    blocks += [_heading("It adds up" if outcomes.adds_up else "IT DOES NOT ADD UP"), _sum(outcomes)]
    blocks += [_heading("What to type next"), _next_commands(sent, path, service.clock.now())]
    return "\n".join(blocks)


def _heading(text: str) -> str:
    return f"\n── {text} {'─' * (_WIDTH - len(text) - 4)}"


def _varied(sent: Sequence[Explanation], users: Sequence[User]) -> Sequence[Explanation]:
    """Choose messages of different types, people and languages."""
    languages = {user.id: user.language for user in users}
    chosen: dict[str, Explanation] = {}
    for explained in sent:
        attempt = _chosen(explained)
        draft = attempt.draft if attempt else None
        language = languages.get(explained.occasion.user_id)
        key = draft.type.value if draft and language == "en" else (language or "")
        chosen.setdefault(key, explained)
    return list(chosen.values())[:_SHOWN_MESSAGES]


def _chosen(explained: Explanation) -> Attempt | None:
    return next((attempt for attempt in reversed(explained.attempts) if attempt.draft is not None), None)


def _message(explained: Explanation, names: Mapping[str, str]) -> str:
    attempt = _chosen(explained)
    if attempt is None or attempt.draft is None:
        return ""
    draft, occasion = attempt.draft, explained.occasion
    head = (
        f"\n{names.get(occasion.user_id, occasion.user_id)}, {when(explained.sent_at, occasion.timezone)}: {draft.type}"
    )
    paragraphs = (fill(part, _WIDTH - 4) for part in draft.text.split("\n") if part.strip())
    push = f"lock screen: {draft.push_text}"
    return "\n".join([head, indent("\n\n".join(paragraphs), "    "), indent(push, "    ")])


def _silent(outcomes: Outcomes, names: Mapping[str, str], now: datetime) -> str:
    """Tell, one line each, whoever was not written to on an occasion, or never had one."""
    lines = [
        f"  {names.get(e.occasion.user_id, e.occasion.user_id):<10} {sentence(e)}"
        for e in outcomes.occasions
        if e.occasion.state is not OccasionState.SENT
    ]
    had = {e.occasion.user_id for e in outcomes.occasions}
    lines += [f"  {names[user.id]:<10} {_never(user, now)}" for user in outcomes.users if user.id not in had]
    return "\n".join(lines)


def _never(user: User, now: datetime) -> str:
    match category(user, now):
        case "disabled":
            return "never due: coaching messages are switched off"
        case "needs-timezone":
            given = (
                f"time zone {user.given_timezone!r} is not known" if user.given_timezone else "no time zone was sent"
            )
            return f"never due: {given}, and none is guessed"
        case _:
            return f"not due within these two days; next due {when(user.next_due_at, user.timezone)}"


def _account(outcomes: Outcomes, names: Mapping[str, str]) -> str:
    return "\n".join(
        f"  {names.get(e.occasion.user_id, e.occasion.user_id):<10} {_one_line(e)}" for e in outcomes.occasions
    )


def _one_line(explained: Explanation) -> str:
    occasion, attempt = explained.occasion, _chosen(explained)
    at = when(explained.sent_at or occasion.due_at, occasion.timezone)
    what = attempt.draft.type if attempt and attempt.draft else occasion.reason or "erased since"
    return f"{occasion.state.replace('_', ' '):<10} {at:<48} {what}"


def _sum(outcomes: Outcomes) -> str:
    ticks, counts = outcomes.ticks, outcomes.counts
    parts = " + ".join(f"{number} {state}" for state, number in sorted(counts.items()))
    return (
        f"  {ticks.users_due} times due = {ticks.jobs_created} jobs + {ticks.users_rescheduled} put off"
        f" + {ticks.errors} errors\n"
        f"  {len(outcomes.occasions)} occasions = {parts}\n"
        f"  {outcomes.quotes} quotations, {outcomes.quotes_found} of them word for word in their reader's own journal"
    )


def _next_commands(sent: Sequence[Explanation], path: Path, now: datetime) -> str:
    program = sys.argv[0] if sys.argv[0].endswith("reflecta") else "reflecta"
    user = sent[0].occasion.user_id if sent else "amara"
    at = f"{now:%Y-%m-%dT%H:%MZ}"
    commands = (
        (f"explain {user} --at {at}", "what happened to one person, and why"),
        (f"list --at {at}", "who is due next"),
        (f"dry-run {user} --at {at}", "what would be written now; sends nothing"),
        ("serve", "the HTTP API on http://127.0.0.1:3000/docs"),
    )
    return "\n".join(
        [
            f"  export REFLECTA_DATABASE_URL=sqlite:///{path}",
            *(f"  {program} {command:<42} # {what}" for command, what in commands),
        ]
    )


def as_json(outcomes: Outcomes) -> Mapping[str, object]:
    """Give the figures as one document."""
    return {
        "addsUp": outcomes.adds_up,
        "usersDue": outcomes.ticks.users_due,
        "jobsCreated": outcomes.ticks.jobs_created,
        "usersRescheduled": outcomes.ticks.users_rescheduled,
        "errors": outcomes.ticks.errors,
        "occasions": {state.value: number for state, number in outcomes.counts.items()},
    }
