"""The same run with few users; the command does more."""

import pytest
from tests.faults import serverless
from tests.firestore import new_project
from tests.proof.audit import zeros


@pytest.mark.timeout(240)
async def test_what_the_network_drops_is_neither_lost_nor_doubled(firestore: str) -> None:
    found = await serverless.serve_and_drop(new_project(firestore), users=20, waves=5, functions=2, seed=2)

    assert found.gateway.dropped.total() > 0
    assert found.audit.users == 20
    assert set(zeros(found.audit).values()) == {0}
