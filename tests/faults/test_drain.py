"""Two drains with a short grace; the command does more, with the grace that is the default."""

import pytest
from tests.faults import drain


@pytest.mark.timeout(300)
async def test_at_sigterm_work_is_done_or_given_back_and_answers_under_way_are_completed() -> None:
    drained = await drain.prove(2, grace=5.0, at_once=2, seed=1)

    found = drain.summary(drained)
    assert all(figure.met for figure in found.values()), found
    assert found["answers_under_way_given"].n == 1
