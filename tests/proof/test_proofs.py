"""The proofs in small: each runs the same code as its command, on fewer cases."""

import asyncio
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import pytest
from tests.proof import boundaries, journals, kills, tick_zones

_PASSED = {
    "lease: after UPDATE occasions",
    "renew: before UPDATE occasions",
    "model screening: before the request",
    "model screening: after the answer",
    "save_screening: before UPDATE occasions",
    "model draft: held at the other end",
    "finish: before INSERT messages",
    "push: before the request",
    "receipts: after the answer",
}
_ALONE = {f"{act}: {when} COMMIT" for act in ("claim", "save_screening", "settle") for when in ("before", "after")}
# Whose commit is a group's depends on who waits at that moment.
_GROUPED = {"group: before COMMIT", "group: after COMMIT"}


async def test_every_due_user_of_the_real_journals_has_one_outcome_and_every_quotation_is_their_own() -> None:
    audit = await journals.prove()

    assert all(figure.met for figure in journals.figures(audit).values()), audit


async def test_ticks_around_clock_changes_send_once_a_day_inside_the_window() -> None:
    counts = await tick_zones.prove(islice(tick_zones.groups().items(), 5, 8))

    assert counts.sent > 0
    assert (counts.outside_window, counts.doubled, counts.starved) == (0, 0, 0)


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "place", range(4), ids=[*("sqlite-local", "postgresql-local", "postgresql-pgqueuer"), "firestore"]
)
def test_killed_at_random_moments_it_loses_and_doubles_nothing(place: int, tmp_path: Path) -> None:
    with ExitStack() as stack:
        setups = kills.set_ups(stack, tmp_path)
        if place == len(setups):
            pytest.skip("the Firestore emulator is not installed. With REQUIRE_SERVICES=1 this fails")
        setup = setups[place]
        audited = asyncio.run(kills.kill_often(setup, kills=4, users_each=3, seed=place))

    assert all(figure.met for figure in kills.figures(setup.name, audited).values()), audited
    assert audited.kills_of_two > 0


@pytest.mark.timeout(240)
@pytest.mark.parametrize("kind", boundaries.KINDS)
def test_killed_at_an_io_boundary_a_second_process_makes_it_good(kind: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        search = asyncio.run(boundaries.prove(boundaries.lanes_of(kind, 1, stack, tmp_path), every=80))

    assert not search.tally.faults
    assert search.tally.places == set(search.chosen)
    assert _PASSED | (_GROUPED if kind == boundaries.IN_GROUPS else _ALONE) <= {name for name, _ in search.known}
