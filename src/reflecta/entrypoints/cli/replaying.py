"""The command replay: what other prompts make of stored contexts, beside what was written then."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape
from itertools import zip_longest
from pathlib import Path
from typing import Final

from reflecta.adapters.prompts import load_prompts
from reflecta.application.explain import when, why
from reflecta.application.replay import FLAGGED, Replay, Replayed
from reflecta.bootstrap import Service
from reflecta.domain.errors import ConfigurationError, InvalidInput
from reflecta.domain.model import Attempt, Occasion, OccasionState
from reflecta.domain.prompt import Prompts
from reflecta.entrypoints import views
from reflecta.entrypoints.cli.exits import ExitCode
from reflecta.entrypoints.cli.output import Output, note, printable, width, write_json
from reflecta.entrypoints.cli.service import run
from reflecta.entrypoints.cli.session import Session

# Two such columns and what parts them fit a terminal of 120.
COLUMN: Final = 56
_BETWEEN: Final = " | "

_STYLE: Final = """
:root { color-scheme: light dark; --paper: #fdfdfb; --ink: #1d2327; --soft: #59636b; --line: #d9dee2; }
@media (prefers-color-scheme: dark) { :root { --paper: #14181b; --ink: #e6eaec; --soft: #a3adb4; --line: #333b41; } }
body { margin: 0 auto; max-width: 72rem; padding: 1rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; border-top: 1px solid var(--line); padding-top: 1rem; }
h3 { font-size: 1rem; margin: 0 0 .3rem; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); gap: 1rem 2rem; }
.said { white-space: pre-line; } .soft { color: var(--soft); margin: .2rem 0; }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two columns: how it ended, the message that was meant, and what is told of it."""

    ended: str
    said: str
    facts: Sequence[str]
    cost: float
    score: float | None
    is_sent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One occasion then and now."""

    heading: str
    then: Side
    now: Side


def run_replay(prompt: str, *, user_id: str | None, limit: int, as_json: bool, html: Path | None) -> ExitCode:
    """Write again from the newest stored contexts; nothing is stored or sent, but the models' calls are paid for."""
    session = Session.begin()
    if not session.settings.uses_model:
        raise ConfigurationError("no model is configured, so no prompt is asked; set OPENROUTER_API_KEY or another key")
    folder = _read_folder(prompt)

    async def replay(service: Service) -> Sequence[Replayed]:
        again = Replay(store=service.store, compose=service.process.compose)
        prompts = folder or await again.prompts(prompt, again.compose.prompts)
        done: list[Replayed] = []
        async for replayed in again(prompts, limit=limit, user_id=user_id):
            done.append(replayed)
            if not as_json:
                _print_pair(session.output, pair_of(replayed))
        return done

    done = run(session, replay, with_models=True)
    if as_json:
        write_json({"prompt": prompt, "occasions": [_view(replayed) for replayed in done]})
    if html is not None:
        _write_privately(html, page([pair_of(replayed) for replayed in done], prompt))
    _sum_up(session.output, done, as_json=as_json)
    broke_off = any(replayed.composed is None and replayed.error != FLAGGED for replayed in done)
    return ExitCode.FAILED if broke_off else ExitCode.OK


def _read_folder(given: str) -> Prompts | None:
    """Read the prompts of a folder; None where a version is named."""
    folder = Path(given)
    if folder.is_dir():
        return load_prompts(folder)
    if folder.name != given or folder.exists():
        raise InvalidInput("--prompt", f"{given[:80]!r} is no folder; give a folder or a version: draft-1a2b3c4d5e")
    return None


def _write_privately(path: Path, text: str) -> None:
    """Write a file that its owner alone may read: messages quote journals."""
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")


def pair_of(replayed: Replayed) -> Pair:
    """Give the two columns of an occasion."""
    occasion, composed = replayed.was.occasion, replayed.composed
    about = f"{when(occasion.due_at, occasion.timezone)}, user {occasion.user_id}, occasion {occasion.id}"
    is_sent = occasion.state is OccasionState.SENT
    then = _side(replayed.was.attempts, _how_it_ended(occasion), is_sent=is_sent)
    if composed is None:
        return Pair(heading=about, then=then, now=_side((), replayed.error or "nothing", is_sent=False))
    held_back = replace(occasion, state=OccasionState.HELD_BACK, reason=composed.reason, detail=None)
    ended = "would be sent" if composed.chosen else f"would be held back: {why(held_back)}"
    return Pair(heading=about, then=then, now=_side(composed.attempts, ended, is_sent=composed.chosen is not None))


def _how_it_ended(occasion: Occasion) -> str:
    reason = why(occasion)
    state = occasion.state.value.replace("_", " ")
    return f"{state}: {reason}" if reason else state


def _side(attempts: Sequence[Attempt], ended: str, *, is_sent: bool) -> Side:
    meant = next((attempt for attempt in reversed(attempts) if attempt.draft is not None), None)
    cost = sum(_cost(attempt) for attempt in attempts)
    score = meant.assessment.score if meant is not None and meant.assessment is not None else None
    return Side(
        ended=ended,
        said=meant.draft.text if meant is not None and meant.draft is not None else "",
        facts=[*_facts(meant), *_calls(attempts, cost)] if attempts else [],
        cost=cost,
        score=score,
        is_sent=is_sent,
    )


def _cost(attempt: Attempt) -> float:
    return sum(call.cost for call in attempt.calls if call.cost is not None)


def _facts(attempt: Attempt | None) -> Iterator[str]:
    """Tell of one candidate."""
    if attempt is None or attempt.draft is None:
        yield "no draft that can be read"
        return
    draft, assessment = attempt.draft, attempt.assessment
    yield f"{draft.type.value}{'' if draft.ai_generated else ', from a template'}"
    yield f"push text: {draft.push_text}"
    faults = [f"check {check.name.value}: {check.fault}" for check in attempt.checks if not check.passed]
    yield from faults or ["checks: all passed"]
    if assessment is not None:
        ratings = ", ".join(f"{dimension.value} {rating}" for dimension, rating in assessment.dimensions.items())
        yield f"predicted {assessment.score:g} of 10 ({ratings}), advice {assessment.recommendation.value}"
        yield from (f"fault: {fault}" for fault in assessment.faults)
    if attempt.error is not None:
        yield f"broke off: {attempt.error}"


def _calls(attempts: Sequence[Attempt], cost: float) -> Iterator[str]:
    versions = dict.fromkeys(call.prompt_version for attempt in attempts for call in attempt.calls)
    yield f"attempts: {len(attempts)}"
    yield f"prompts: {', '.join(versions) or 'none'}"
    yield f"cost: ${cost:.4f}"


def _print_pair(output: Output, pair: Pair) -> None:
    output.line(pair.heading)
    _print_row(output, "THEN", "NOW")
    _print_row(output, pair.then.ended, pair.now.ended)
    _print_row(output, "", "")
    _print_row(output, pair.then.said, pair.now.said)
    _print_row(output, "", "")
    for then, now in zip_longest(pair.then.facts, pair.now.facts, fillvalue=""):
        _print_row(output, then, now)
    output.line()


def _print_row(output: Output, left: str, right: str) -> None:
    """Print two texts side by side."""
    for one, other in zip_longest(wrapped(left), wrapped(right), fillvalue=""):
        output.line(f"{one}{' ' * (COLUMN - width(one))}{_BETWEEN}{other}".rstrip())


def wrapped(text: str) -> Sequence[str]:
    """Break a text into lines no wider than a column, at blanks where there are any."""
    return [line for part in printable(text).split("\n") for line in _lines_of(part)]


def _lines_of(paragraph: str) -> Iterator[str]:
    line = ""
    for word in paragraph.split(" "):
        joined = f"{line} {word}" if line else word
        if width(joined) <= COLUMN:
            line = joined
            continue
        if line:
            yield line
        *full, line = _pieces(word)
        yield from full
    yield line


def _pieces(word: str) -> Sequence[str]:
    """Cut a word that is wider than a column."""
    pieces = [""]
    for char in word:
        if width(pieces[-1] + char) > COLUMN:
            pieces.append("")
        pieces[-1] += char
    return pieces


def _view(replayed: Replayed) -> views.View:
    was, composed = replayed.was, replayed.composed
    now = replace(was, attempts=composed.attempts if composed else (), message_id=None, journal_entry_id=None)
    # What is written again is no message: as if its occasion were still open.
    unsent = replace(now, occasion=replace(was.occasion, state=OccasionState.QUEUED, reason=None))
    return {
        "occasionId": was.occasion.id,
        "userId": was.occasion.user_id,
        "then": {**views.occasion(was), "cost": pair_of(replayed).then.cost},
        "now": {
            "wouldSend": composed is not None and composed.chosen is not None,
            "reason": composed.reason.value if composed is not None and composed.reason is not None else None,
            "error": replayed.error,
            "attempts": views.occasion(unsent)["attempts"],
            "cost": pair_of(replayed).now.cost,
        },
    }


def page(pairs: Sequence[Pair], prompt: str) -> str:
    """Give an HTML page that needs nothing else; all that was written is escaped."""
    body = "".join(
        f'<h2>{escape(pair.heading)}</h2><div class="pair">{_column("Then", pair.then)}{_column("Now", pair.now)}</div>'
        for pair in pairs
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Replay</title><style>{_STYLE}</style></head><body><main>"
        f'<h1>Replay with {escape(prompt)}</h1><p class="soft">{escape(_told(pairs))}</p>{body}</main></body></html>\n'
    )


def _column(name: str, side: Side) -> str:
    facts = "".join(f'<p class="soft">{escape(fact)}</p>' for fact in side.facts)
    return f'<section><h3>{name}: {escape(side.ended)}</h3><p class="said">{escape(side.said)}</p>{facts}</section>'


def _sum_up(output: Output, done: Sequence[Replayed], *, as_json: bool) -> None:
    if not done:
        note("nothing can be replayed: no occasion has a context that is still kept")
    elif not as_json:
        output.line(_told([pair_of(replayed) for replayed in done]))


def _told(pairs: Sequence[Pair]) -> str:
    """Say in a line how the two compare."""
    then, now = [pair.then for pair in pairs], [pair.now for pair in pairs]
    return (
        f"{len(pairs)} occasions. Sent: {_count(then)} then, {_count(now)} now. "
        f"Predicted: {_mean(then)} then, {_mean(now)} now. "
        f"Cost: ${sum(side.cost for side in then):.4f} then, ${sum(side.cost for side in now):.4f} now. "
        "Nothing was stored or sent."
    )


def _count(sides: Sequence[Side]) -> int:
    return sum(side.is_sent for side in sides)


def _mean(sides: Sequence[Side]) -> str:
    scores = [side.score for side in sides if side.score is not None]
    return f"{sum(scores) / len(scores):.1f} of 10" if scores else "-"
