"""Drives the built server with the Python SDK, 1.x or 2.x, over each of its transports.

Usage: python_sdk.py SERVER_BINARY ORIGIN DOOR_TOKEN_FILE, with the Python that has `mcp` installed; the server is served at ORIGIN.
Prints `ok - name` or `not ok - name` for each check.
"""

import re
import sys
import traceback
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

import anyio
from mcp import ClientSession, StdioServerParameters
from mcp.client import streamable_http
from mcp.client.sse import sse_client
from mcp.client.stdio import stdio_client

try:
    from mcp.client.client import Client
except ImportError:
    Client = None

SERVER, ORIGIN = sys.argv[1:3]
HEADERS = {"Authorization": f"Bearer {Path(sys.argv[3]).read_text().strip()}"}
VERSION = version("mcp")
SECONDS = 60
JOB_ID = re.compile("[0-9a-f]{24}")
# How a client of 2.x begins, or `None` for 1.x, and what is spoken then.
MODES = [("auto", "2026-07-28"), ("legacy", "2025-11-25")] if Client else [(None, "2025-11-25")]


@asynccontextmanager
async def streamable():
    """Streamable HTTP, with the headers where each version takes them."""
    url = f"{ORIGIN}/mcp"
    if Client:
        import httpx2

        async with (
            httpx2.AsyncClient(headers=HEADERS, timeout=SECONDS) as http,
            streamable_http.streamable_http_client(url, http_client=http) as streams,
        ):
            yield streams
    else:
        async with streamable_http.streamablehttp_client(url, HEADERS) as (read, write, _):
            yield read, write


@asynccontextmanager
async def stdio():
    with open("/dev/null", "w") as nowhere:
        async with stdio_client(StdioServerParameters(command=SERVER, args=["--local"]), errlog=nowhere) as streams:
            yield streams


TRANSPORTS = {
    "stdio": stdio,
    "streamable http": streamable,
    "sse": lambda: sse_client(f"{ORIGIN}/sse", headers=HEADERS),
}


class Connection:
    """A connected client of either version."""

    def __init__(self):
        self.client = None
        self.spoken = None
        # What came that belongs to no request.
        self.unasked = []
        # By which name 1.x, which cancels nothing by itself, knows the request that is followed.
        self.followed = None

    async def received(self, message):
        if isinstance(message, Exception):
            self.unasked.append(message)
        elif getattr(getattr(message, "root", None), "method", None) == "notifications/progress":
            self.followed = message.root.params.progressToken

    @asynccontextmanager
    async def connected(self, transport, mode):
        if Client:
            async with Client(transport, mode=mode, message_handler=self.received, read_timeout_seconds=SECONDS) as client:
                self.client, self.spoken = client, client.protocol_version
                yield
        else:
            async with transport as (read, write), ClientSession(read, write, message_handler=self.received) as session:
                begun = await session.initialize()
                self.client, self.spoken = session, begun.protocolVersion
                yield

    async def call(self, name, arguments, note=None):
        result = await self.client.call_tool(name, arguments, progress_callback=note)
        return result.model_dump(by_alias=True)

    async def jobs(self, operation, args, note=None):
        result = await self.call("hf_jobs", {"operation": operation, "args": args}, note)
        assert not result["isError"], result
        return result["structuredContent"]

    async def begin_and_cancel(self, args):
        """Runs a job, and cancels the call once it tells of its progress; what was told."""
        told = []
        noted = anyio.Event()

        async def note(_progress, _total, message):
            told.append(message)
            noted.set()

        async def follow():
            answer = await self.jobs("run", args, note)
            raise AssertionError(f"answered before it was cancelled: {answer}")

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(follow)
            await noted.wait()
            if not Client:
                from mcp.types import CancelledNotification, CancelledNotificationParams, ClientNotification

                params = CancelledNotificationParams(requestId=self.followed)
                await self.client.send_notification(ClientNotification(CancelledNotification(params=params)))
            tasks.cancel_scope.cancel()
        return told


def stage(answer):
    return (answer.get("job") or answer["jobs"][0])["stage"]


async def lists_the_tools(connection):
    listed = await connection.client.list_tools()
    assert [tool.name for tool in listed.tools] == ["hf_jobs", "hf_whoami"], listed


async def calls_hf_whoami(connection):
    result = await connection.call("hf_whoami", {})
    assert not result["isError"], result
    name = result["structuredContent"]["name"]
    assert name and name in result["content"][0]["text"], result


async def runs_a_job_to_its_end_with_progress(connection):
    notes = []

    async def note(progress, _total, message):
        notes.append((progress, message))

    answer = await connection.jobs("run", {"command": ["/bin/sh", "-c", "echo one; echo two"], "wait": "40s"}, note)
    assert answer["job"]["stage"] == "COMPLETED", answer
    assert answer["logs"]["lines"] == ["one", "two"], answer
    assert notes and answer["job"]["job_id"] in notes[0][1], notes
    counts = [progress for progress, _ in notes]
    assert all(before < after for before, after in zip(counts, counts[1:])), notes


async def cancels_a_follow_and_the_job_goes_on(connection):
    told = await connection.begin_and_cancel({"command": ["sleep", "1000"], "wait": "45s"})
    job = {"job_id": JOB_ID.search(told[0]).group()}
    assert stage(await connection.jobs("wait", {**job, "until": "running", "timeout": "45s"})) == "RUNNING"
    assert stage(await connection.jobs("cancel", job)) == "CANCELED"


async def gets_an_error_as_a_result(connection):
    result = await connection.call("hf_jobs", {"operation": "run", "args": {"command": ["true"], "timout": "5m"}})
    assert result["isError"], result
    assert result["structuredContent"]["error"]["code"] == "invalid_arguments", result
    assert "`timeout`" in result["content"][0]["text"], result


CHECKS = [
    ("lists the tools", lists_the_tools),
    ("calls hf_whoami", calls_hf_whoami),
    ("runs a job to its end, with progress", runs_a_job_to_its_end_with_progress),
    ("cancels a follow, and the job goes on", cancels_a_follow_and_the_job_goes_on),
    ("gets an error as a result", gets_an_error_as_a_result),
]
failed = 0


def said(name, error=None):
    global failed
    failed += error is not None
    print(f"{'not ok' if error else 'ok'} - {name}", flush=True)
    if error:
        print("".join(f"#   {line}\n" for line in "".join(traceback.format_exception(error)).splitlines()), flush=True)


async def drive(prefix, transport, mode, speaks):
    connection = Connection()
    going = f"{prefix}: goes away, and nothing came that was not asked for"
    try:
        async with connection.connected(transport, mode):
            assert connection.spoken == speaks, connection.spoken
            said(f"{prefix}: connects, speaking {speaks}")
            for what, check in CHECKS:
                name = f"{prefix}: {what}"
                try:
                    with anyio.fail_after(SECONDS):
                        await check(connection)
                    said(name)
                except Exception as error:
                    said(name, error)
        assert not connection.unasked, connection.unasked
        said(going)
    except Exception as error:
        said(going, error)


async def main():
    for name, transport in TRANSPORTS.items():
        for mode, speaks in MODES:
            how = " with a handshake" if mode == "legacy" else ""
            await drive(f"python {VERSION}, {name}{how}", transport(), mode, speaks)


anyio.run(main)
sys.exit(1 if failed else 0)
