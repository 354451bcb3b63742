"""A few broken connections and a restart on each engine; the command does hundreds."""

import pytest
from tests.faults import cluster
from tests.faults.lives import figures

from reflecta.config import EngineName


@pytest.mark.timeout(300)
@pytest.mark.parametrize("engine", cluster.ENGINES)
async def test_a_server_that_cuts_connections_and_restarts_stops_nobody(engine: EngineName) -> None:
    found = await cluster.prove(engine, terminations=4, restarts=1, seed=1)

    assert found.refused.total() > 0
    assert all(figure.met for figure in figures(found).values()), found
