"""Where the tests find real data that nobody on this project wrote; says loudly when it is not there."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def data_root() -> Path:
    """Give the folder of real data: REFLECTA_TEST_DATA, by default ../shared/data beside the repository."""
    return Path(os.environ.get("REFLECTA_TEST_DATA") or ROOT / ".." / "shared" / "data").resolve()


def find_data(relative: str) -> Path | None:
    """Give a file of the real data, or None where it is absent."""
    path = data_root() / relative
    return path if path.exists() else None


def need_data(relative: str) -> Path:
    """Give a file of the real data; skip the test where it is absent, or fail it with REQUIRE_SERVICES=1."""
    path = find_data(relative)
    if path is not None:
        return path
    missing = (
        f"REAL DATA MISSING: no {relative!r} under REFLECTA_TEST_DATA. "
        "Set REFLECTA_TEST_DATA to the folder that holds it (default: ../shared/data beside the repository)."
    )
    if os.environ.get("REQUIRE_SERVICES") == "1":
        pytest.fail(missing)
    pytest.skip(missing)
