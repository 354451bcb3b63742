"""The proof of the wires in small: few faults of some classes at every place."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from tests.databases import postgres_database
from tests.faults.proxy import Fault
from tests.faults.wire import PLACES, Wire, figures, prove

SMALL: Sequence[Sequence[Fault]] = (
    (Fault.CUT_ANSWER,),
    (Fault.GARBLED,),
    (Fault.RESET,),
    (Fault.CUT_ANSWER, Fault.HALF_OPEN, Fault.RATE_LIMITED, Fault.REFUSED),
)


@pytest.mark.parametrize("number", range(len(PLACES)), ids=[place.name for place in PLACES])
async def test_a_broken_wire_loses_and_doubles_nothing(number: int, tmp_path: Path) -> None:
    place = replace(PLACES[number], faults=SMALL[number], one_off_in=4)
    if place.wire is Wire.DATABASE:
        place = replace(place, rate=0.03)
    with ExitStack() as stack:
        url = f"sqlite:///{tmp_path / 'wire.db'}"
        if place.store == "postgresql":
            url = stack.enter_context(postgres_database())
        found, crashes = await prove(place, url, injections=6, seed=number)

    named = figures(place, found, crashes, 6)
    assert {name: figure for name, figure in named.items() if not figure.met} == {}
