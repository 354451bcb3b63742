"""The rules: what users, operators, clocks, models and dying workers may do between any two steps.

Drives the real service step by step and audits the store from outside after each.
"""

import sys
from collections import deque
from collections.abc import Coroutine
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final

import hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.machine import audit, holds, kept
from tests.machine.acts import Acts
from tests.machine.doubles import Mood, Receipt, Reception
from tests.machine.known import Known, Person, Wish
from tests.machine.stage import Stage

from reflecta.application.process import OnModelFailure
from reflecta.domain.model import Cadence, Window

MOST_USERS: Final = 3
# Days around which clocks change somewhere among the zones, and one on which none does.
STARTS: Final = [
    datetime(2026, *day, tzinfo=UTC) for day in ((3, 7, 3), (3, 28, 20), (4, 4, 1), (6, 10, 9), (10, 31, 5))
]
ZONES: Final = (
    "Europe/Berlin",
    "America/New_York",
    "Pacific/Easter",
    "Australia/Lord_Howe",
    "America/Vancouver",
    "Asia/Kathmandu",
    "Pacific/Kiritimati",
    "Etc/UTC",
)
MEANWHILE: Final = (
    "switch",
    "erase",
    "edit",
    "write",
    "tick",
    "dawdle",
    "outage",
    "stale",
    "delete",
    "react",
    "import",
    "put back",
    "hold",
)
AT_ONCE: Final = ("edit", "switch", "erase", "delete", "write", "tick", "process", "react", "deliver", "hold")

picks = st.integers(0, 11)
zones = st.sampled_from(ZONES)
receptions = st.lists(st.sampled_from(Reception), max_size=3)
receipts = st.lists(st.sampled_from([*Receipt, Receipt.GONE]), max_size=3)
givens = st.one_of(st.none(), st.integers(-48, 140).map(lambda n: timedelta(hours=n)))
moods = st.one_of(
    st.just([]),
    st.lists(st.sampled_from([Mood.GOOD, *Mood]), max_size=5),
    st.sampled_from(Mood).map(lambda mood: [mood] * 6),
)
wishes = st.builds(
    Wish,
    enabled=st.sampled_from([True, True, True, False]),
    zone=st.one_of(zones, zones, zones, st.none()),
    window=st.sampled_from(Window),
    cadence=st.sampled_from(Cadence),
    tokens=st.sampled_from([("phone",), ("phone", "tablet"), ()]),
)
spans = st.one_of(
    st.integers(1, 90).map(lambda n: timedelta(minutes=n)),
    st.integers(1, 30).map(lambda n: timedelta(hours=n)),
    st.integers(1, 9).map(lambda n: timedelta(days=n)),
)


class Machine(RuleBasedStateMachine):
    """One example: a few users on an empty store."""

    stage: ClassVar[Stage]
    steps: ClassVar[int] = 0
    messages: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.known = Known()
        self.stage.clear()
        self.stage.model.canary_of = self.known.canary_of
        self.acts = Acts(self.stage, self.known)
        self.stage.model.reader = self.acts.see_what_is_read
        self.stage.channel.witness = self.acts.witness
        self.stage.channel.on_gone = self.acts.forget_address

    # Beginning and end

    @initialize(start=st.sampled_from(STARTS), wish=wishes, on_failure=st.sampled_from(OnModelFailure))
    def begin(self, start: datetime, wish: Wish, on_failure: OnModelFailure) -> None:
        self.stage.clock.set(start)
        self.acts.on_failure = on_failure
        self._run(self.acts.add(replace(wish, enabled=True, zone=wish.zone or ZONES[0])))

    def teardown(self) -> None:
        if sys.exc_info()[0] is None and self.known.people:
            self.known.step += 1
            self._run(self.acts.serve_all())
            self.audited()
        type(self).messages += len(self.known.sent)

    @invariant()
    def audited(self) -> None:
        stage, known = self.stage, self.known
        seen = self.stage.run(self.acts.snapshot())
        audit.note_messages(known, seen)
        holds.note_flagged(known, seen)
        kept.note_attempts(known, seen)
        others = [*stage.model.complaints, *kept.broken(known, seen, stage.channel.told), *holds.broken(known, seen)]
        audit.check(known, seen, stage.clock.now(), others)
        audit.repeated_calls(known, seen, stage.model.answered)
        for event in stage.telemetry.events:
            if "canary" in repr(event[1]):
                raise audit.Violated(f"the log holds text: {event}")
        stage.telemetry.events.clear()
        known.step += 1
        type(self).steps += 1

    # Users and their apps

    @precondition(lambda self: len(self.known.people) < MOST_USERS)
    @rule(wish=wishes)
    def a_user_comes(self, wish: Wish) -> None:
        self._run(self.acts.add(wish))

    @precondition(lambda self: self.known.people)
    @rule(pick=picks, wish=wishes)
    def a_user_edits_everything(self, pick: int, wish: Wish) -> None:
        self._run(self.acts.edit(self._someone(pick), wish))

    @precondition(lambda self: self.known.people)
    @rule(pick=picks, zone=zones, window=st.sampled_from(Window), cadence=st.sampled_from(Cadence))
    def a_user_edits_one_thing(self, pick: int, zone: str, window: Window, cadence: Cadence) -> None:
        person = self._someone(pick)
        one = [{"zone": zone}, {"window": window}, {"cadence": cadence}][pick % 3]
        self._run(self.acts.edit(person, replace(person.wish, **one)))  # pyright: ignore[reportArgumentType]  one field each

    @precondition(lambda self: self.known.people)
    @rule(pick=picks)
    def a_user_switches(self, pick: int) -> None:
        self._run(self.acts.switch(self._someone(pick)))

    @precondition(lambda self: self.known.people)
    @rule(pick=picks, blank=st.sampled_from([False, False, True]))
    def a_user_writes(self, pick: int, blank: bool) -> None:  # noqa: FBT001 - hypothesis passes by name
        self._run(self.acts.write(self._someone(pick), blank=blank))

    @precondition(lambda self: any(len(p.entries) > 1 for p in self.known.people.values()))
    @rule(pick=picks)
    def an_entry_is_deleted(self, pick: int) -> None:
        writers = [person for person in self.known.people.values() if len(person.entries) > 1]
        self._run(self.acts.delete_entry(writers[pick % len(writers)]))

    @precondition(lambda self: self.known.people)
    @rule(pick=picks, wish=wishes, is_edited=st.booleans(), given=givens, reschedule=st.booleans())
    def a_user_is_imported_again(
        self,
        pick: int,
        wish: Wish,
        is_edited: bool,  # noqa: FBT001 - hypothesis passes by name
        given: timedelta | None,
        reschedule: bool,  # noqa: FBT001 - as above
    ) -> None:
        person, due = self._someone(pick), None if given is None else self.acts.now + given
        new = wish if is_edited else person.wish
        self._run(self.acts.import_again(person, new, due, reschedule=reschedule))

    @precondition(lambda self: self.known.people)
    @rule(pick=picks)
    def insights_come(self, pick: int) -> None:
        self._run(self.acts.give_insights(self._someone(pick)))

    # Not only where a message was sent: of two acts at once nobody can say beforehand what comes of them, and which
    # rules are enabled must not depend on it.
    @precondition(lambda self: self.known.people)
    @rule(pick=picks, kind=st.sampled_from(["opened", "helpful", "not_helpful"]), rating=st.sampled_from([None, 1, 5]))
    def a_user_reacts(self, pick: int, kind: str, rating: int | None) -> None:
        self._run(self.acts.react(pick, kind, rating))

    @precondition(lambda self: self.known.people)
    @rule(pick=picks)
    def a_user_is_erased(self, pick: int) -> None:
        self._run(self.acts.erase(self._someone(pick)))

    @precondition(lambda self: self.known.people)
    @rule(pick=picks)
    def somebody_sees_a_sign_of_risk(self, pick: int) -> None:
        self._run(self.acts.hold(self._someone(pick)))

    @precondition(lambda self: self.known.people)
    @rule(pick=picks)
    def a_hold_is_reviewed(self, pick: int) -> None:
        self._run(self.acts.release(self._someone(pick)))

    @precondition(lambda self: self.known.people)
    @rule(pick=picks)
    def a_run_is_forced(self, pick: int) -> None:
        self._run(self.acts.force(self._someone(pick)))

    # Time

    @rule(span=spans)
    def time_passes(self, span: timedelta) -> None:
        self.stage.clock.advance(span)

    @rule(seconds=st.integers(1, 600))
    def the_clock_is_put_back(self, seconds: int) -> None:
        self.stage.clock.advance(timedelta(seconds=-seconds))

    @precondition(lambda self: self.known.people)
    @rule(pick=picks, late=st.sampled_from([-30, 1, 600]))
    def somebody_comes_due(self, pick: int, late: int) -> None:
        self._run(self.acts.go_to_due(self._someone(pick), timedelta(seconds=late)))

    @precondition(lambda self: self.known.people)
    @rule(pick=picks)
    def work_comes_up(self, pick: int) -> None:
        self._run(self.acts.have_work(pick))

    # Ticks and workers

    @rule()
    def a_tick(self) -> None:
        self._run(self.acts.tick())

    @rule()
    def two_ticks_at_once(self) -> None:
        self._run(self.acts.both(self.acts.tick, self.acts.tick))

    @precondition(lambda self: self.known.people)
    @rule(pick=picks, how=moods, late=st.sampled_from([1, 900]), pushed=receptions)
    def a_due_hour_is_worked_through(self, pick: int, how: list[Mood], late: int, pushed: list[Reception]) -> None:
        self.stage.model.moods = deque(how)
        self.stage.channel.receptions = deque(pushed)
        self._run(self.acts.due_hour(self._someone(pick), timedelta(seconds=late)))

    @rule(pick=picks, how=moods)
    def an_occasion_is_processed(self, pick: int, how: list[Mood]) -> None:
        self.stage.model.moods = deque(how)
        self._run(self.acts.process_one(pick))

    @precondition(lambda self: self.known.people)
    @rule(pick=picks, how=moods)
    def a_waiting_occasion_is_processed(self, pick: int, how: list[Mood]) -> None:
        self.stage.model.moods = deque(how)
        self._run(self.acts.process_waiting(pick))

    @rule(pick=picks, how=moods)
    def an_occasion_is_processed_twice_at_once(self, pick: int, how: list[Mood]) -> None:
        self.stage.model.moods = deque(how)
        self._run(self.acts.both(lambda: self.acts.process_one(pick), lambda: self.acts.process_one(pick)))

    @precondition(lambda self: self.stage.service.queue is not None)
    @rule(pick=picks, how=moods)
    def the_queues_worker_works(self, pick: int, how: list[Mood]) -> None:
        self._run(self.acts.have_work(pick))
        self.stage.model.moods = deque(how)
        self._run(self.acts.work_off_queue())

    @precondition(lambda self: self.known.people)
    @rule(pick=picks)
    def the_processor_is_asked_for_a_user(self, pick: int) -> None:
        self._run(self.acts.ask_for(self._someone(pick)))

    @precondition(lambda self: self.known.people)
    @rule(pick=picks, at=st.integers(1, 8), after=st.booleans())
    def a_worker_dies(self, pick: int, at: int, after: bool) -> None:  # noqa: FBT001 - hypothesis passes by name
        self._run(self.acts.die(pick, at, after=after))

    @precondition(lambda self: self.known.people)
    @rule(pick=picks, how=moods, what=st.sampled_from(MEANWHILE), passes=st.integers(0, 2))
    def something_happens_while_the_model_thinks(self, pick: int, how: list[Mood], what: str, passes: int) -> None:
        self.stage.model.moods, self.stage.model.passes = deque(how), passes
        self._run(self.acts.process_with(pick, what))

    @precondition(lambda self: self.known.people)
    @rule(
        pick=picks,
        at=st.one_of(st.none(), st.integers(1, 7)),
        mood=st.sampled_from([Mood.GOOD, Mood.POOR, Mood.DOWN]),
        passes=st.integers(0, 2),
    )
    def a_worker_is_stopped(self, pick: int, at: int | None, mood: Mood, passes: int) -> None:
        self.stage.model.moods, self.stage.model.passes = deque([mood] * 6), passes
        self._run(self.acts.stop_while_thinking(pick) if at is None else self.acts.stop(pick, at))

    @precondition(lambda self: self.known.people)
    @rule(pick=picks, how=moods, what=st.sampled_from(AT_ONCE))
    def something_happens_at_once_with_work(self, pick: int, how: list[Mood], what: str) -> None:
        self.stage.model.moods = deque(how)
        self._run(self.acts.process_beside(pick, what))

    # Deliveries

    @precondition(lambda self: self.known.people)
    @rule(pick=picks, how=receptions, what=st.sampled_from(["erase", "switch", "switch"]), before=st.booleans())
    def something_happens_while_pushes_leave(
        self,
        pick: int,
        how: list[Reception],
        what: str,
        before: bool,  # noqa: FBT001 - hypothesis passes by name
    ) -> None:
        self.stage.model.moods.clear()
        self.stage.channel.receptions = deque(how)
        self._run(self.acts.deliver_with(pick, what, before=before))

    @rule(how=receptions)
    def pushes_leave(self, how: list[Reception]) -> None:
        self.stage.channel.receptions = deque(how)
        self._run(self.acts.deliver())

    @rule(how=receipts, wait=st.sampled_from([0, 16, 16, 25 * 60]))
    def receipts_are_collected(self, how: list[Receipt], wait: int) -> None:
        self.stage.clock.advance(timedelta(minutes=wait))
        self.stage.channel.receipt_moods = deque(how)
        self._run(self.acts.collect())

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        self.stage.run(work)

    def _someone(self, pick: int) -> Person:
        people = list(self.known.people.values())
        return people[pick % len(people)]


def machine_on(stage: Stage, *, seed: int | None = None) -> type[Machine]:
    """Give the machine for one stage; with a seed it draws the same examples each time."""
    machine = type("MachineOnStage", (Machine,), {"stage": stage, "steps": 0, "messages": 0})
    return machine if seed is None else hypothesis.seed(seed)(machine)
