"""The guide's own curl commands, run by a shell as they are printed; host, port and user id apart."""

import asyncio
import json
import re
import shutil
import socket
from pathlib import Path

import pytest
from tests.entrypoints.opening import BASE, SECRET
from tests.entrypoints.processes import running, store_due_user

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="NO curl HERE: the guide's commands were NOT run")
API_REFERENCE = Path(__file__).parents[3] / "docs" / "api.md"
PRINTED_AT = "http://localhost:3000"

# Copied from the guide's 'Manual curl Testing' and 'Debug Commands', in its order.
COMMANDS = {
    "list": """\
curl -X POST http://localhost:3000/api/coaching/generateCoachingMessage/test \\
  -H "Content-Type: application/json" \\
  -d '{"action":"list-eligible"}'""",
    "test-user": """\
curl -X POST http://localhost:3000/api/coaching/generateCoachingMessage/test \\
  -H "Content-Type: application/json" \\
  -d '{"action":"test-user","userId":"USER_ID","bypassChecks":true}'""",
    "scheduler": """\
curl -X POST http://localhost:3000/api/coaching/generateCoachingMessage/test \\
  -H "Content-Type: application/json" \\
  -d '{"action":"test-scheduler"}'""",
    "scheduler | jq": """\
curl -X POST http://localhost:3000/api/coaching/generateCoachingMessage/test \\
  -H "Content-Type: application/json" \\
  -d '{"action":"test-scheduler"}' | jq""",
    "status | jq": """\
curl -X POST http://localhost:3000/api/coaching/generateCoachingMessage/test \\
  -H "Content-Type: application/json" \\
  -d '{"action":"user-status","userId":"USER_ID"}' | jq""",
    "force | jq": """\
curl -X POST http://localhost:3000/api/coaching/generateCoachingMessage/test \\
  -H "Content-Type: application/json" \\
  -d '{"action":"test-user","userId":"USER_ID","bypassChecks":true}' | jq""",
}
# The command stays as it is; an error answer makes it fail.
STRICT = 'set -e -o pipefail; curl() { command curl --fail-with-body "$@"; }'
# The guide prints these as HTTP, without a command.
REQUESTS = {
    "POST /scheduler": f'curl -X POST {PRINTED_AT}{BASE}/scheduler -H "Authorization: Bearer $CRON_SECRET"',
    "GET /scheduler, as Vercel sends it": f'curl {PRINTED_AT}{BASE}/scheduler -H "Authorization: Bearer $CRON_SECRET"',
    "POST /processor": f'curl -X POST {PRINTED_AT}{BASE}/processor -H "Authorization: Bearer $CRON_SECRET" '
    """-H "Content-Type: application/json" -d '{"userId": "USER_ID"}'""",
    "the deprecated route": f'curl -X POST {PRINTED_AT}{BASE} -H "Authorization: Bearer $CRON_SECRET"',
}


async def run(command: str, url: str) -> str:
    """Run a command with the server's address and our user; give what it printed."""
    command = command.replace(PRINTED_AT, url).replace("USER_ID", "u1")
    if shutil.which("jq") is None:
        command = command.removesuffix(" | jq")
    shell = await asyncio.create_subprocess_exec(
        "bash",
        "-c",
        f"{STRICT}\n{command}",
        env={"CRON_SECRET": SECRET, "PATH": "/usr/local/bin:/usr/bin:/bin"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    printed, _ = await shell.communicate()
    assert shell.returncode == 0, (command, printed)
    return printed.decode()


@needs_curl
async def test_every_command_of_the_guide_works_as_printed(database_url: str, tmp_path: Path) -> None:
    await store_due_user(database_url)
    assert socket.gethostbyname("localhost") == "127.0.0.1"
    async with running(tmp_path, database_url) as server:
        await server.says("occasion.sent")
        url = server.url.replace("127.0.0.1", "localhost")
        answers = {name: json.loads(await run(command, url)) for name, command in {**COMMANDS, **REQUESTS}.items()}
    assert {name: answer["success"] for name, answer in answers.items()} == dict.fromkeys(answers, True)
    assert answers["list"]["users"][0]["userId"] == answers["status | jq"]["userId"] == "u1"
    assert answers["force | jq"]["messageGenerated"] is answers["test-user"]["messageGenerated"]
    assert answers["POST /scheduler"]["results"].keys() == answers["scheduler"]["results"].keys()


@needs_curl
async def test_every_command_of_the_api_reference_works_in_its_order(database_url: str, tmp_path: Path) -> None:
    commands = re.findall(r"^```sh\n(.*?)^```", API_REFERENCE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    async with running(tmp_path, database_url) as server:
        for command in commands:
            await run(command, server.url)
    assert len(commands) > 10
