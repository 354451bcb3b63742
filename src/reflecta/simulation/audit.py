"""Judges a run by its log of effects alone: who was to be written to when, and what came of it.

Shares nothing with the scheduler: windows, cadences and local dates are reckoned again from the zone data.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from reflecta.simulation.effects import DAY, HOUR, Effect, number, text
from reflecta.simulation.places import DAYS, TARGETS, in_window, wall_clock

_HANDLED: Final = frozenset({"sent", "held_back"})
# Of those who are held for a sign of risk the hold decides when they are due.
_HELD: Final = "safety_hold"
# A first due time is at most 25 hours away, then comes the next window.
_FIRST_DAYS: Final = 3
_SHOWN: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What the audit found. *faults* are broken promises by kind, with *examples*; all else is what happened.

    *promised* due dates of enabled users = *kept* (handled on that date) + *late* (excused by an outage or a
    failure, in *excuses*) + starved (a fault). *unsaved* model calls were answered, but the database was out or their
    user erased before the answer could be kept.
    """

    promised: int
    kept: int
    late: int
    excuses: Mapping[str, int]
    messages: int
    regular: int
    on_the_hour: int
    outcomes: Mapping[str, int]
    hours: Mapping[str, Sequence[int]]
    unsaved: int
    faults: Mapping[str, int]
    examples: Sequence[str]

    @property
    def is_clean(self) -> bool:
        """Say whether no promise was broken."""
        return not any(self.faults.values())


FAULTS: Final = ("doubled", "lost", "outside", "after_off", "erased", "starved", "unbalanced")
# A question on its way when its user is erased may be asked again this long; and this long after an outage of the
# database a worker may find that its lease went to another.
_ON_ITS_WAY: Final = HOUR // 12
# A push that is put off leaves later; one that is erased meanwhile never does.
_PUSHED_WITHIN: Final = HOUR


@dataclass(frozen=True, slots=True)
class _Span:
    """A time in which a user's settings stood still."""

    start: int
    end: int
    zone: str
    window: str
    cadence: str
    is_on: bool
    due_from: int


@dataclass(kw_only=True)
class _Audit:
    start: datetime
    end: int
    missed: Sequence[Effect]
    outages: Sequence[tuple[int, int]]
    unsaved: int = 0
    faults: Counter[str] = field(default_factory=Counter[str])
    excuses: Counter[str] = field(default_factory=Counter[str])
    examples: list[str] = field(default_factory=list[str])
    hours: dict[str, list[int]] = field(default_factory=lambda: {window: [0] * 24 for window in TARGETS})
    kept: int = 0
    late: int = 0
    regular: int = 0
    on_the_hour: int = 0

    def fault(self, kind: str, who: str, what: str, count: int = 1) -> None:
        self.faults[kind] += count
        if len(self.examples) < _SHOWN:
            self.examples.append(f"{kind}: {who}: {what}")

    def instant(self, at: int) -> datetime:
        return self.start + timedelta(microseconds=at)

    def user(self, who: str, effects: Sequence[Effect]) -> None:
        """Audit one user."""
        spans = _spans(effects, self.end)
        ended = list(_ended(effects))
        sent = [effect for effect in ended if effect.values["state"] == "sent"]
        for effect in sent:
            self._place(who, effect, spans)
        self._once_a_date(who, sent, spans)
        erased_at = next((effect.at for effect in effects if effect.step == "user.erase"), None)
        self._delivered(who, effects, sent, erased_at)
        self._devices(who, effects, sent)
        if erased_at is not None:
            self._erased(who, effects, erased_at)
        for span in spans:
            if span.is_on:
                self._served(who, span, [e for e in ended if span.start <= number(e, "created") < span.end])

    def _place(self, who: str, effect: Effect, spans: Sequence[_Span]) -> None:
        """See that a message came in its reader's window and not after switching off."""
        now = _span_at(spans, effect.at)
        before = _span_at(spans, int(number(effect, "started")))
        hour = wall_clock(self.instant(effect.at), now.zone).hour
        self.hours[now.window][hour] += 1
        # An edit made while the message was being written comes too late for it: either setting is right.
        if not any(in_window(self.instant(effect.at), span.zone, span.window) for span in (now, before)):
            self.fault("outside", who, f"written to at {hour}:xx in {now.zone}, window {now.window}")
        if not now.is_on and effect.at > now.start:
            self.fault("after_off", who, f"written to at {self.instant(effect.at)} after switching off")

    def _once_a_date(self, who: str, sent: Sequence[Effect], spans: Sequence[_Span]) -> None:
        # By the calendar of the zone that the reader was in when it was sent.
        dates = Counter(wall_clock(self.instant(e.at), _span_at(spans, e.at).zone).date() for e in sent)
        for day, count in dates.items():
            if count > 1:
                self.fault("doubled", who, f"{count} messages on {day}", count - 1)

    def _delivered(self, who: str, effects: Sequence[Effect], sent: Sequence[Effect], erased_at: int | None) -> None:
        """See that each sent occasion left one message with its entry, and one push at most for each device."""
        asked: Counter[str] = Counter()
        for effect in effects:
            if effect.step == "push.asked" and effect.values["result"] != "retry":
                asked[text(effect, "delivery")] += 1
        for delivery, count in asked.items():
            if count > 1:
                self.fault("doubled", who, f"push {delivery} left {count} times", count - 1)
        pushed = {text(effect, "message") for effect in effects if effect.step == "push.asked"}
        devices = _devices(effects)
        for effect in sent:
            if erased_at is None and (number(effect, "messages") != 1 or number(effect, "entries") != 1):
                self.fault("lost", who, f"occasion {effect.values['id']} is sent without its message or entry")
                continue
            is_kept = erased_at is None or effect.at + _PUSHED_WITHIN < erased_at
            if is_kept and _fewest(devices, effect) and f"message-{effect.values['id']}" not in pushed:
                self.fault("lost", who, f"message of occasion {effect.values['id']} was never pushed")

    def _devices(self, who: str, effects: Sequence[Effect], sent: Sequence[Effect]) -> None:
        """See that no later message is pushed to a device that its provider said is gone."""
        sent_at = {f"message-{effect.values['id']}": effect.at for effect in sent}
        gone: dict[str, int] = {}
        for effect in effects:
            device = text(effect, "device")
            if effect.step == "push.receipt" and effect.values["result"] == "gone":
                gone[device] = effect.at
            # What was sent before the receipt came may have been on its way.
            if effect.step == "push.asked" and sent_at.get(text(effect, "message"), effect.at) > gone.get(
                device, effect.at
            ):
                self.fault("after_off", who, f"push {effect.values['delivery']} to a device that was gone")

    def _erased(self, who: str, effects: Sequence[Effect], at: int) -> None:
        """See that nothing is written, asked or kept of somebody who was erased."""
        for effect in effects:
            match effect.step:
                case "occasion.ended":
                    is_late = effect.values["state"] == "sent" and effect.at > at
                case "occasion.open" | "erased.left":
                    is_late = True
                case "push.asked":
                    is_late = effect.at > at
                case "model.called":
                    is_late = effect.at > at + _ON_ITS_WAY
                case _:
                    is_late = False
            if is_late:
                self.fault("erased", who, f"{effect.step} {effect.line()}")

    def _served(self, who: str, span: _Span, ended: Sequence[Effect]) -> None:
        """See that due dates follow one another by the cadence as long as settings stand."""
        handled = [e for e in ended if e.values["state"] in _HANDLED and e.at < span.end]
        step = DAYS[span.cadence]
        for effect in handled:
            self._punctual(effect, span)
        for one, other in pairwise(handled):
            gap = (self._date(other, span) - self._date(one, span)).days
            if gap < step and one.values["reason"] != _HELD:
                self.fault("doubled", who, f"{gap} days between two occasions, {span.cadence}")
            self._missing((gap - 1) // step, who, span, ended, (one.at, other.at))
        first = handled[0].at if handled else span.end
        self._missing(
            (first - span.due_from - _FIRST_DAYS * DAY) // (step * DAY), who, span, ended, (span.start, first)
        )
        if handled:
            last = handled[-1].at
            self._missing((span.end - last - DAY) // (step * DAY), who, span, ended, (last, span.end))
        self.kept += len(handled)

    def _missing(self, count: int, who: str, span: _Span, ended: Sequence[Effect], between: tuple[int, int]) -> None:
        """Blame the due dates that nothing was made of between two instants."""
        if count <= 0:
            return
        excuse = self._excuse(ended, between)
        if excuse is None:
            when = f"{self.instant(between[0]):%Y-%m-%d %H:%M} to {self.instant(between[1]):%Y-%m-%d %H:%M}"
            self.fault("starved", who, f"{count} due dates passed from {when} UTC, {span.cadence}", count)
            return
        self.late += count
        self.excuses[excuse] += count

    def _excuse(self, ended: Sequence[Effect], between: tuple[int, int]) -> str | None:
        low, high = between
        others = [
            e
            for e in ended
            if low <= e.at <= high and (e.values["state"] not in _HANDLED or e.values["reason"] == _HELD)
        ]
        if others:
            return f"{others[0].values['state']}: {others[0].values['reason']}"
        return next((text(tick, "why") for tick in self.missed if low - HOUR <= tick.at <= high), None)

    def _punctual(self, effect: Effect, span: _Span) -> None:
        """Count regular due times, and those whose occasion ended within the target hour."""
        due = wall_clock(self.instant(int(number(effect, "due"))), span.zone)
        if (due.hour, due.minute, due.second, due.microsecond) != (TARGETS[span.window], 0, 0, 0):
            return
        self.regular += 1
        self.on_the_hour += effect.at < number(effect, "due") + HOUR

    def _date(self, effect: Effect, span: _Span) -> datetime:
        local = wall_clock(self.instant(effect.at), span.zone)
        return datetime(local.year, local.month, local.day, tzinfo=self.start.tzinfo)

    def balance(self, effects: Sequence[Effect]) -> None:
        """See that every figure is the sum of its parts."""
        total: Counter[str] = Counter()
        for effect in effects:
            self._add_up(effect, total)
        if total["queued"] != total["occasions"]:
            self.fault("unbalanced", "ticks", f"made {total['queued']} occasions, the ledger has {total['occasions']}")
        self.unsaved = total["answered"] - total["kept"]
        if not 0 <= self.unsaved <= self._excused_calls(effects):
            self.fault("unbalanced", "calls", f"{total['answered']} were answered, the ledger has {total['kept']}")

    def _excused_calls(self, effects: Sequence[Effect]) -> int:
        """Count the answers that there may have been nowhere to keep."""
        erased = {effect.user: effect.at for effect in effects if effect.step == "user.erase"}
        answered = [e for e in effects if e.step == "model.called" and e.values["end"] == "answered"]
        return sum(
            call.at + number(call, "took") >= erased.get(call.user, self.end)
            or any(
                call.at < until + _ON_ITS_WAY and call.at + number(call, "took") >= since
                for since, until in self.outages
            )
            for call in answered
        )

    def _add_up(self, effect: Effect, total: Counter[str]) -> None:
        match effect.step:
            case "tick":
                parts = [int(number(effect, name)) for name in ("jobs", "rescheduled", "errors")]
                if sum(parts) != effect.values["due"]:
                    self.fault("unbalanced", "tick", f"{effect.values['due']} due, parts {parts}")
                total["queued"] += parts[0] + parts[1]
            case "occasion.ended" | "occasion.open":
                total["occasions"] += 1
                total["kept"] += int(number(effect, "calls"))
                self._ends(effect)
            case "model.called" if effect.values["end"] == "answered":
                total["answered"] += 1
            case _:
                return

    def _ends(self, effect: Effect) -> None:
        """See that an occasion ended, in one outcome, or that its window is still open."""
        state, is_open = effect.values["state"], effect.step == "occasion.open"
        if is_open != (state in {"queued", "in_work"}):
            self.fault("unbalanced", effect.user, f"occasion {effect.values['id']} is {state}, ended: {not is_open}")
        missed_at_the_end = bool(self.missed) and self.missed[-1].at >= self.end - 2 * HOUR
        if is_open and number(effect, "closes") + HOUR < self.end and not missed_at_the_end:
            self.fault("unbalanced", effect.user, f"occasion {effect.values['id']} is open after its window")
        if state != "sent" and number(effect, "messages"):
            self.fault("unbalanced", effect.user, f"occasion {effect.values['id']} is {state} but has a message")


def audit(effects: Sequence[Effect], start: datetime, end: int) -> Findings:
    """Audit the effects of a run from *start* until *end* (virtual microseconds)."""
    work = _Audit(
        start=start,
        end=end,
        missed=[effect for effect in effects if effect.step == "tick.missed"],
        outages=[(e.at, int(number(e, "until"))) for e in effects if e.step == "database.out"],
    )
    of_user: defaultdict[str, list[Effect]] = defaultdict(list)
    for effect in effects:
        of_user[effect.user].append(effect)
    work.balance(effects)
    for who, theirs in of_user.items():
        if who:
            work.user(who, theirs)
    outcomes = Counter(text(effect, "state") for effect in effects if effect.step.startswith("occasion."))
    return Findings(
        promised=work.kept + work.late + work.faults["starved"],
        kept=work.kept,
        late=work.late,
        excuses=dict(sorted(work.excuses.items())),
        messages=outcomes["sent"],
        regular=work.regular,
        on_the_hour=work.on_the_hour,
        outcomes=dict(sorted(outcomes.items())),
        hours=work.hours,
        unsaved=work.unsaved,
        faults={kind: work.faults[kind] for kind in FAULTS},
        examples=tuple(work.examples),
    )


def _devices(effects: Sequence[Effect]) -> Sequence[tuple[int, int]]:
    """Give from when on a user had how many devices."""
    found: list[tuple[int, int]] = []
    for effect in effects:
        match effect.step:
            case "user.join":
                found.append((effect.at, int(number(effect, "devices"))))
            case "device.new":
                found.append((effect.at, found[-1][1] + 1))
            case "push.receipt" if effect.values["result"] == "gone":
                found.append((effect.at, found[-1][1] - 1))
            case _:
                pass
    return found


def _fewest(devices: Sequence[tuple[int, int]], sent: Effect) -> int:
    """Give the fewest devices that there were while a message was made: one that goes or comes then may miss it."""
    before = [count for at, count in devices if at <= number(sent, "started")]
    meanwhile = [count for at, count in devices if number(sent, "started") < at <= sent.at]
    return min([*before[-1:], *meanwhile], default=0)


def _spans(effects: Sequence[Effect], end: int) -> Sequence[_Span]:
    """Give the times between a user's edits, in order. A user of unknown zone is promised nothing."""
    return list(_cut([effect for effect in effects if effect.step.startswith("user.")], end))


def _cut(edits: Sequence[Effect], end: int) -> Iterator[_Span]:
    for place, edit in enumerate(edits):
        until = edits[place + 1].at if place + 1 < len(edits) else end
        yield _Span(
            edit.at,
            until,
            text(edit, "zone") or "UTC",
            text(edit, "window"),
            text(edit, "cadence"),
            bool(edit.values["enabled"]) and bool(text(edit, "zone")),
            max(edit.at, int(number(edit, "due"))),
        )


def _ended(effects: Sequence[Effect]) -> Iterator[Effect]:
    """Give the occasions that ended. Whom an erasure no longer shows as held is known from what a model saw."""
    is_erased = any(effect.step == "user.erase" for effect in effects)
    signs = [e.at for e in effects if e.step == "model.called" and e.values.get("sign")] if is_erased else []
    for effect in effects:
        if effect.step == "occasion.ended":
            was_held = any(number(effect, "started") <= at < effect.at for at in signs)
            yield replace(effect, values={**effect.values, "reason": _HELD}) if was_held else effect


def _span_at(spans: Sequence[_Span], at: int) -> _Span:
    return next((span for span in reversed(spans) if span.start <= at), spans[0])
