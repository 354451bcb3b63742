"""Runs this folder's small programs as processes that begin their work at the same moment."""

import asyncio
import sys
from collections.abc import Sequence


async def race(module: str, arguments: Sequence[Sequence[str]]) -> list[str]:
    """Start a process for each list of arguments, let all go when all are ready; give what each printed."""
    pipe = asyncio.subprocess.PIPE
    processes = await asyncio.gather(
        *(
            asyncio.create_subprocess_exec(sys.executable, "-m", module, *given, stdin=pipe, stdout=pipe, stderr=pipe)
            for given in arguments
        )
    )
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n", (await process.communicate())[1].decode()
    outputs = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    assert [process.returncode for process in processes] == [0] * len(processes), outputs
    return [output.decode() for output, _ in outputs]
