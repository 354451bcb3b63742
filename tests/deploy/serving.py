"""A service started as a platform would start it."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from tests.entrypoints.processes import until
from tests.loopback import answers


@asynccontextmanager
async def serving(command: Sequence[str], url: str, **how: Any) -> AsyncGenerator[None]:
    """Run a command until the block ends; it must be ready meanwhile, and end well when it is told to."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE, **how
    )
    try:
        await until(lambda: process.returncode is not None or answers(f"{url}/readyz"))
        assert process.returncode is None, (await process.communicate())[1].decode()
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()
    assert process.returncode == 0
