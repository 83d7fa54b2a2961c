"""The conversation that every client has, with the Python SDK: `python_sdk.py TRANSPORT TARGET [TOKEN]`; 1.x and 2.x."""

import asyncio
import contextlib
import json
import sys
from importlib.metadata import version

TRANSPORT, TARGET, *TOKEN = sys.argv[1:]
MAJOR = int(version("mcp").split(".")[0])
HEADERS = {"Authorization": f"Bearer {TOKEN[0]}"} if TOKEN else {}
failed = False


def check(name, holds, found=None):
    global failed
    failed |= not holds
    found = "" if holds else f" ({found})"
    print(f"{'ok' if holds else 'not ok'} python {MAJOR}.x {TRANSPORT}: {name}{found}", flush=True)


def transport():
    from mcp.client.sse import sse_client

    if TRANSPORT == "stdio":
        from mcp import StdioServerParameters
        from mcp.client.stdio import stdio_client

        return stdio_client(StdioServerParameters(command=TARGET, args=["--local"]))
    if TRANSPORT == "sse":
        return sse_client(TARGET, headers=HEADERS)
    from mcp.client import streamable_http

    if MAJOR == 1:
        return streamable_http.streamablehttp_client(TARGET, headers=HEADERS)
    return streamable_http.streamable_http_client(TARGET, http_client=streamable_http.create_mcp_http_client(headers=HEADERS))


@contextlib.asynccontextmanager
async def connected():
    if MAJOR == 1:
        from mcp import ClientSession

        async with transport() as streams, ClientSession(*streams[:2]) as session:
            await session.initialize()
            yield session
    else:
        from mcp import Client

        async with Client(transport()) as client:
            yield client


def structured(result):
    content = getattr(result, "structured_content", None) or getattr(result, "structuredContent", None)
    return content if content is not None else {}


def is_error(result):
    return getattr(result, "is_error", None) or getattr(result, "isError", False)


async def talk(client):
    def jobs(operation, args, **more):
        return client.call_tool("hf_jobs", {"operation": operation, "args": args}, **more)

    names = [tool.name for tool in (await client.list_tools()).tools]
    check("lists the tools", names == ["hf_jobs", "hf_whoami"], names)
    me = structured(await client.call_tool("hf_whoami", {}))
    check("asks who it is", me.get("name") == "local", me)

    notes = []
    heard = asyncio.Event()

    async def on_progress(progress, total, message):
        notes.append(message or "")
        heard.set()

    script = "echo first; sleep 2; echo second"
    ran = structured(await jobs("run", {"command": ["/bin/sh", "-c", script]}, progress_callback=on_progress))
    check("runs a job to its end", ran.get("logs", {}).get("lines") == ["first", "second"], json.dumps(ran)[:500])
    check("hears of its progress", any(ran["job"]["job_id"] in note for note in notes), notes)

    job = structured(await jobs("run", {"command": ["sleep", "300"], "detach": True}))["job"]["job_id"]
    heard.clear()
    following = asyncio.create_task(jobs("logs", {"job_id": job, "wait": "45s"}, progress_callback=on_progress))
    await asyncio.wait_for(heard.wait(), 30)
    following.cancel()
    with contextlib.suppress(asyncio.CancelledError, Exception):
        await following
    check("gives a following up", following.cancelled() or following.done())
    seen = structured(await jobs("inspect", {"job_id": job}))
    check("the job goes on", seen["jobs"][0]["stage"] == "RUNNING", seen)
    await jobs("cancel", {"job_id": job})

    refused = await jobs("run", {"command": ["true"], "timout": "1h"})
    code = structured(refused).get("error", {}).get("code")
    check("is told of a mistake", is_error(refused) and code == "invalid_arguments", refused)


async def main():
    async with connected() as client:
        await talk(client)


try:
    asyncio.run(main())
except* Exception as group:
    # 1.x may still be given the answer to what it gave up while it closes.
    if MAJOR != 1 or "BrokenResourceError" not in repr(group):
        raise
sys.exit(failed)
