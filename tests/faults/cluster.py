"""A PostgreSQL of the proof's own, whose connections are cut and which is restarted while the service works.

    python -m tests.faults.cluster --injections 200 --restarts 12 --seed 1

The shared server is never touched. Backends of the service are terminated at random moments; apart from that the
server is stopped in each of its ways and started again, at once or after a while. The service must go on by
itself. Prints a table and writes out/cluster.json.
"""

import argparse
import asyncio
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import asyncpg  # pyright: ignore[reportMissingTypeStubs] - it has none
import pytest
from tests.databases import SERVICES_REQUIRED
from tests.faults.lives import Found, alive, figures, inject, run, settle, tell
from tests.loopback import free_port
from tests.proof.audit import Set
from tests.proof.figures import Figure, report
from tests.proof.kills import add_due
from tests.proof.world import World

from reflecta.config import EngineName

ENGINES = (EngineName.LOCAL, EngineName.PGQUEUER)
_OWNER = "postgres"  # root may not run the server
_PORTS_TRIED = 3
_DATABASE = "reflecta"


@contextmanager
def reachable_folder() -> Generator[Path]:
    """Make a folder that the server's user can get into."""
    with tempfile.TemporaryDirectory(prefix="reflecta-fault-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@dataclass(frozen=True, slots=True)
class Cluster:
    """A server on loopback; *programs* is where initdb and pg_ctl are."""

    programs: Path
    folder: Path
    port: int

    @property
    def data(self) -> Path:
        """Give the data directory."""
        return self.folder / "data"

    def url(self, database: str = "postgres") -> str:
        """Give the URL of a database."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def make(self) -> None:
        """Make the data directory."""
        self.give(self.folder)
        self._run("initdb", "-A", "trust", "-U", "postgres", "-D", str(self.data), "--no-sync")

    def start(self) -> None:
        """Start and wait until it answers; CalledProcessError where it does not."""
        # Without sockets in the file system; no power is cut here, so that nothing waits for a disk.
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        self._run("pg_ctl", "-D", str(self.data), "-l", str(self.folder / "log"), "-w", "-o", options, "start")

    def stop(self, mode: str) -> None:
        """Stop: *mode* is fast (transactions are rolled back) or immediate (as if it had crashed)."""
        self._run("pg_ctl", "-D", str(self.data), "-w", "-m", mode, "stop")

    def give(self, path: Path) -> None:
        """Let a file be the server's own."""
        if os.geteuid() == 0:
            shutil.chown(path, _OWNER)

    async def execute(self, statement: str, database: str = "postgres") -> Sequence[Any]:
        """Run a statement as the server's superuser, outside any transaction."""
        connection = cast("Any", await asyncpg.connect(self.url(database)))  # pyright: ignore[reportUnknownMemberType]
        try:
            return await connection.fetch(statement)
        finally:
            await connection.close()

    def _run(self, program: str, *arguments: str) -> None:
        owner = ("runuser", "-u", _OWNER, "--") if os.geteuid() == 0 else ()
        command = [*owner, str(self.programs / program), *arguments]
        # Not to pipes: the server would keep them open for as long as it runs.
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder)


@contextmanager
def own_cluster() -> Generator[Cluster]:
    """Make a cluster on a free port, start it, and leave nothing of it."""
    programs = _programs()
    with reachable_folder() as folder:
        cluster = Cluster(programs, folder, free_port())
        cluster.make()
        for attempt in range(_PORTS_TRIED):
            try:
                cluster.start()
                break
            except subprocess.CalledProcessError:  # somebody took the port meanwhile
                if attempt == _PORTS_TRIED - 1:
                    raise
                cluster = Cluster(programs, folder, free_port())
        try:
            yield cluster
        finally:
            if (cluster.data / "postmaster.pid").exists():
                cluster.stop("immediate")


def _programs() -> Path:
    """Find initdb and pg_ctl; skip, and say so, where there are none."""
    on_path = shutil.which("pg_ctl")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3]))
    if found or on_path:
        return found[-1].parent if found else Path(str(on_path)).resolve().parent
    advice = "PostgreSQL's own programs (initdb, pg_ctl) are missing: install the server's package"
    if SERVICES_REQUIRED:
        pytest.fail(advice)
    return pytest.skip(f"{advice}. With REQUIRE_SERVICES=1 this fails")


@dataclass
class Termination:
    """One backend of the service, two, or all of them are ended by the administrator, those at work first."""

    cluster: Cluster

    async def begin(self, chance: random.Random) -> None:
        limit = chance.choice(("ALL", "1", "2"))
        await self.cluster.execute(
            "SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity "  # noqa: S608
            "WHERE datname = current_database() AND pid <> pg_backend_pid() "
            f"ORDER BY state = 'idle', md5(pid::text || '{chance.random()}') LIMIT {limit}) AS chosen",
            _DATABASE,
        )

    async def end(self) -> None:
        """Leave it: new connections are welcome at once."""


@dataclass
class Restart:
    """The server stops and comes back, at once or after a while."""

    cluster: Cluster

    async def begin(self, chance: random.Random) -> None:
        await asyncio.to_thread(self.cluster.stop, chance.choice(("fast", "immediate")))
        await asyncio.sleep(chance.choice((0.0, 0.0, 0.5, 2.0)))

    async def end(self) -> None:
        await asyncio.to_thread(self.cluster.start)


async def prove(engine: EngineName, *, terminations: int, restarts: int, seed: int) -> Found:
    """Run both faults on one engine, one process living through all of them."""
    with own_cluster() as cluster:
        await cluster.execute(f"CREATE DATABASE {_DATABASE}")
        setup = Set(f"postgresql/{engine.value}", engine, cluster.url(_DATABASE))
        await add_due(setup, "first", 0)
        async with World(seed=seed) as world, alive(setup, world) as subject:
            cut = await inject(subject, Termination(cluster), injections=terminations, seed=seed)
            # One restart after the other would be one long outage: each must be got over.
            down = await inject(subject, Restart(cluster), injections=restarts, seed=seed, each_recovers=True)
            return await settle(subject, {"terminations": cut, "restarts": down})


async def main(injections: int, restarts: int, seed: int) -> int:
    found: dict[str, Figure] = {}
    for engine in ENGINES:
        done = await prove(engine, terminations=injections, restarts=restarts, seed=seed)
        tell(done)
        found |= figures(done)
    return report("cluster", found)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--injections", type=int, default=200, help="connections cut, each time one, two or all")
    parser.add_argument("--restarts", type=int, default=12, help="restarts of the server")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    sys.exit(run(main(given.injections, given.restarts, given.seed)))
