"""A disk that is full, and one that fails, while the service ticks, works and delivers.

    python -m tests.faults.disk --injections 200 --seed 1

SQLite: no page more than there are (max_page_count); a small tmpfs filled up; writes beyond a point of the file that
fail with an I/O error (RLIMIT_FSIZE, set from outside: SQLite sees EFBIG in the midst of a write). PostgreSQL: a
cluster of the proof's own whose tables lie on a small tmpfs. Prints a table and writes out/disk.json.
"""

import argparse
import random
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.databases import SERVICES_REQUIRED
from tests.faults.cluster import Cluster, own_cluster, reachable_folder
from tests.faults.lives import Fault, Found, alive, figures, inject, run, settle, tell
from tests.proof.audit import Set
from tests.proof.figures import Figure, report
from tests.proof.kills import add_due
from tests.proof.world import World

from reflecta.config import EngineName

KINDS = ("page_limit", "file_size", "tmpfs", "tablespace")
_SMALL = 96 * 2**20  # bytes
_PAGE = 4096
_BLOCK = bytes(2**20)
_SYS_ADMIN = 21  # the capability that mounting takes


@dataclass
class PageLimit:
    """SQLite may grow by a few pages, or by none."""

    told_in: Path

    async def begin(self, chance: random.Random) -> None:
        self.told_in.write_text(str(chance.choice((0, 0, 1, 3))), encoding="ascii")

    async def end(self) -> None:
        self.told_in.write_text("", encoding="ascii")


@dataclass
class FileSize:
    """A write of the process that goes beyond a point of a file fails, half written: SQLite calls it an I/O error."""

    database: Path
    pid: int

    async def begin(self, chance: random.Random) -> None:
        _empty_wal(self.database)
        self._limit(chance.randrange(_PAGE, 24 * _PAGE))

    async def end(self) -> None:
        self._limit(resource.RLIM_INFINITY)

    def _limit(self, size: int) -> None:
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@dataclass
class Ballast:
    """A file that fills its disk up to the last pages."""

    folder: Path
    database: Path | None = None

    async def begin(self, chance: random.Random) -> None:
        if self.database is not None:
            _empty_wal(self.database)
        with self._file.open("wb", buffering=0) as file:
            with suppress(OSError):  # no space left: that is what it is for
                while file.write(_BLOCK):
                    pass
            file.truncate(max(0, file.tell() - chance.choice((0, 0, 1, 5, 20)) * _PAGE))

    async def end(self) -> None:
        self._file.unlink()

    @property
    def _file(self) -> Path:
        return self.folder / "ballast"


def _empty_wal(database: Path) -> None:
    """Let the log begin anew, as far as nobody is reading: only where it grows does it need the disk."""
    with closing(sqlite3.connect(database, timeout=0.05)) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@contextmanager
def small_disk(folder: Path, size: int = _SMALL) -> Generator[Path]:
    """Mount a tmpfs of *size* bytes; skip, and say so, where this machine does not allow it."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        done = subprocess.CompletedProcess(command, 127, "", "there is no mount")
    if done.returncode != 0:
        _do_without(done.stderr.strip())
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def _do_without(reason: str) -> None:
    advice = f"a tmpfs cannot be mounted ({reason}): run as root with CAP_SYS_ADMIN to see a full disk"
    if SERVICES_REQUIRED and _may_mount():
        pytest.fail(advice)
    pytest.skip(advice)


def _may_mount() -> bool:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    effective = next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff:"))
    return bool(int(effective, 16) >> _SYS_ADMIN & 1)


async def prove(kind: str, *, injections: int, seed: int) -> Found:
    """Run one kind of fault to its end."""
    with ExitStack() as stack:
        folder = stack.enter_context(reachable_folder())
        if kind == "tablespace":
            return await _on_postgres(kind, stack, folder, injections=injections, seed=seed)
        if kind == "tmpfs":
            stack.enter_context(small_disk(folder))
        return await _on_sqlite(kind, folder, injections=injections, seed=seed)


async def _on_sqlite(kind: str, folder: Path, *, injections: int, seed: int) -> Found:
    database, limit = folder / "reflecta.db", folder / "limit"
    setup = Set(f"sqlite/{kind}", EngineName.LOCAL, f"sqlite:///{database}")
    await add_due(setup, "first", 0)
    async with World(seed=seed) as world, alive(setup, world, str(limit)) as subject:
        faults: dict[str, Fault] = {
            "page_limit": PageLimit(limit),
            "file_size": FileSize(database, subject.process.pid),
            "tmpfs": Ballast(folder, database),
        }
        felt = await inject(subject, faults[kind], injections=injections, seed=seed)
        found = await settle(subject, {"injections": felt})
    with closing(sqlite3.connect(database)) as file:
        assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    return found


async def _on_postgres(kind: str, stack: ExitStack, folder: Path, *, injections: int, seed: int) -> Found:
    cluster = stack.enter_context(own_cluster())
    disk = stack.enter_context(small_disk(folder))
    setup = Set(f"postgresql/{kind}", EngineName.LOCAL, await _on_disk(cluster, disk))
    await add_due(setup, "first", 0)
    async with World(seed=seed) as world, alive(setup, world) as subject:
        felt = await inject(subject, Ballast(disk), injections=injections, seed=seed)
        return await settle(subject, {"injections": felt})


async def _on_disk(cluster: Cluster, disk: Path) -> str:
    """Make a database whose tables and indexes lie on that disk."""
    space = disk / "tables"
    space.mkdir(mode=0o700)
    cluster.give(space)
    await cluster.execute(f"CREATE TABLESPACE small LOCATION '{space}'")
    await cluster.execute("CREATE DATABASE full_disk TABLESPACE small")
    return cluster.url("full_disk")


async def main(kinds: Sequence[str], injections: int, seed: int) -> int:
    found: dict[str, Figure] = {}
    for kind in kinds:
        try:
            done = await prove(kind, injections=injections, seed=seed)
        except pytest.skip.Exception as skipped:
            sys.stdout.write(f"{kind} SKIPPED: {skipped}\n")
            continue
        tell(done)
        found |= figures(done)
    return report("disk", found)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--injections", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    given = parser.parse_args()
    sys.exit(run(main(given.kinds, given.injections, given.seed)))
