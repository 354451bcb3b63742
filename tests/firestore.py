"""The Firestore emulator for tests: Google's own, from the Debian package `google-cloud-cli-firestore-emulator`.

Each test process starts one on a free port and stops it at the end; each test has a project of its own there.
"""

import asyncio
import shutil
import subprocess
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, cast
from urllib.error import URLError
from urllib.request import urlopen
from uuid import uuid4

import pytest
from tests.databases import SERVICES_REQUIRED
from tests.loopback import free_port

from reflecta.adapters.stores.firestore import FirestoreStore
from reflecta.adapters.stores.firestore.queries import ID, Query

_MAIN: Final = "com.google.cloud.datastore.emulator.firestore.CloudFirestore"
_PLACES: Final = ("/usr/lib/google-cloud-sdk", "/usr/share/google-cloud-sdk", "/opt/google-cloud-sdk")
_ADVICE: Final = (
    "the Firestore emulator is not installed: `apt-get install google-cloud-cli-firestore-emulator "
    "default-jre-headless` (the package is in Google's repository)"
)
_STARTS_WITHIN: Final = 60  # seconds
COLLECTIONS: Final = (
    *("users", "journal_entries", "userInsights", "coachingMessages"),
    *("reflectaUsers", "reflectaOccasions", "reflectaDeliveries", "reflectaFlags", "reflectaPrompts", "reflectaTicks"),
)


def jar() -> Path | None:
    """Find the emulator; None where it or Java is missing."""
    if shutil.which("java") is None:
        return None
    found = (path for place in _PLACES for path in Path(place).glob("platform/cloud-firestore-emulator/*.jar"))
    return next(found, None)


@contextmanager
def emulator() -> Generator[str]:
    """Start an emulator for a test; give its HOST:PORT."""
    program = jar()
    if program is None:
        if SERVICES_REQUIRED:
            pytest.fail(_ADVICE)
        pytest.skip(f"{_ADVICE}. With REQUIRE_SERVICES=1 this fails")
    with _started(program) as address:
        yield address


@contextmanager
def emulator_if_any() -> Generator[Sequence[str]]:
    """Start an emulator for a proof; give its HOST:PORT, or nothing where it is not installed and not required."""
    program = jar()
    if program is None:
        if SERVICES_REQUIRED:
            raise RuntimeError(_ADVICE)
        sys.stderr.write(f"LEFT OUT: {_ADVICE}\n")
        yield ()
        return
    with _started(program) as address:
        yield (address,)


@contextmanager
def _started(program: Path) -> Generator[str]:
    address = f"127.0.0.1:{free_port()}"
    host, _, port = address.partition(":")
    command = ["java", "-Duser.language=en", "-Xmx1g", "-cp", str(program), _MAIN, "--host", host, "--port", port]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(address, process)
        yield address
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(address: str, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + _STARTS_WITHIN
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the Firestore emulator ended at once with {process.returncode}")
        try:
            with urlopen(f"http://{address}/", timeout=1):
                return
        except (URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"the Firestore emulator does not answer at {address}")


def new_project(address: str) -> str:
    """Give the URL of a project that nobody has used."""
    return f"firestore://test-{uuid4().hex[:16]}?emulator={address}"


async def documents(store: FirestoreStore, collection: str) -> Mapping[str, Mapping[str, object]]:
    """Give every document of a collection, by id."""
    pages = store.wire.pages(Query(collection=collection, order=(ID,)))
    return {one.id: one.fields async for page in pages for one in page}


async def dump_documents(store: FirestoreStore) -> dict[str, list[str]]:
    """Give every document of every collection as text."""
    found = await asyncio.gather(*(documents(store, collection) for collection in COLLECTIONS))
    return {name: _told(one) for name, one in zip(COLLECTIONS, found, strict=True)}


def _told(found: Mapping[str, Mapping[str, object]]) -> list[str]:
    return sorted(f"{id_} {_sorted(fields)}" for id_, fields in found.items())


def _sorted(value: object) -> object:
    """Give maps in the order of their keys: Firestore gives them in any."""
    if isinstance(value, dict):
        return sorted((name, repr(_sorted(inner))) for name, inner in cast("dict[str, object]", value).items())
    if isinstance(value, list):
        return [_sorted(item) for item in cast("list[object]", value)]
    return value


async def delete_all(store: FirestoreStore, collections: Sequence[str]) -> None:
    """Delete every document of some collections, behind the store's back."""
    from reflecta.adapters.stores.firestore.wire import Write  # noqa: PLC0415

    for collection in collections:
        ids = list(await documents(store, collection))
        await store.wire.commit([Write(collection=collection, id=id_, fields=None) for id_ in ids])
