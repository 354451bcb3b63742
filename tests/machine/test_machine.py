"""The state machine in small, on SQLite in memory; `python -m tests.machine` runs it large, on every store."""

import pytest
from hypothesis.stateful import run_state_machine_as_test
from tests.machine.__main__ import chosen
from tests.machine.machine import machine_on
from tests.machine.stage import on_stage


@pytest.mark.timeout(300)
def test_whatever_users_clocks_models_and_dying_workers_do_between_two_steps_every_promise_holds() -> None:
    with on_stage("sqlite://") as stage:
        machine = machine_on(stage, seed=3)

        run_state_machine_as_test(machine, settings=chosen(examples=25, steps=30))

        assert machine.messages > 25, "too few messages were sent to have tried anything"
