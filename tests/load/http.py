#!/usr/bin/env python3
"""Loads the server over HTTP and looks whether it gives back what it took.

    python3 tests/load/http.py target/release/hf-jobs-mcp

64 sessions of 200 calls each, then 500 idle SSE sessions, then 200 followers of one job, then 200 clients that vanish in the
middle of a call; against the server's own Hub (`--local`). Prints rates, memory and open files after each step, and exits with 1
if files or memory do not come back. Only the standard library is needed.
"""

import asyncio
import json
import os
import re
import statistics
import sys
import tempfile
import time

SESSIONS, CALLS = 64, 200
IDLE = 500
FOLLOWERS = 200
VANISHING = 200
# What may stay for a while: 128 connections kept to the Hub, both ends of which are in this one process. What may stay for good:
# buffers of the allocator, some logs.
FILES_MORE, FILES_MORE_AT_END, MEMORY_MORE_MIB = 2 * 128 + 20, 10, 80
# Idle connections are kept for 90 s, and looked at as often.
SETTLES_WITHIN, SETTLES_AT_END_WITHIN = 20, 200

CLIENT = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "load", "version": "1"}}


class Server:
    """The server as a process of its own."""

    async def start(self, binary):
        self.token_file = tempfile.NamedTemporaryFile("w", suffix=".token", delete=False)
        self.token = os.urandom(24).hex()
        self.token_file.write(self.token)
        self.token_file.close()
        os.chmod(self.token_file.name, 0o600)
        flags = ["--local", "--http", "127.0.0.1:0", "--http-token-file", self.token_file.name]
        flags += ["--http-max-sessions", "2000", "--http-max-streams", "2000", "--http-calls-per-minute", "1000000"]
        self.process = await asyncio.create_subprocess_exec(
            binary, *flags, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
        )
        seen = b""
        while True:
            line = await asyncio.wait_for(self.process.stderr.readline(), 20)
            seen += line
            # The Hub of its own has an address as well.
            found = re.search(rb"http://127\.0\.0\.1:(\d+)/mcp", line)
            if found:
                break
            if not line:
                raise SystemExit(f"the server did not start: {seen.decode()}")
        self.port = int(found.group(1))
        self.drain = asyncio.create_task(self.read_log())

    async def read_log(self):
        while await self.process.stderr.readline():
            pass

    def cost(self):
        """Open files and resident memory in MiB."""
        proc = f"/proc/{self.process.pid}"
        with open(f"{proc}/status") as status:
            memory = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
        return len(os.listdir(f"{proc}/fd")), memory / 1024

    async def stop(self):
        self.process.terminate()
        code = await asyncio.wait_for(self.process.wait(), 20)
        os.unlink(self.token_file.name)
        return code


class Connection:
    """One HTTP connection, as little of HTTP as the load needs."""

    def __init__(self, server):
        self.server = server

    async def open(self):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.server.port)
        return self

    async def send(self, method, path, body=None, headers=()):
        text = json.dumps(body).encode() if body is not None else b""
        lines = [
            f"{method} {path} HTTP/1.1",
            f"Host: 127.0.0.1:{self.server.port}",
            f"Authorization: Bearer {self.server.token}",
            "Accept: application/json, text/event-stream",
            f"Content-Length: {len(text)}",
            *(["Content-Type: application/json"] if text else []),
            *headers,
        ]
        self.writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + text)
        await self.writer.drain()
        head = await self.reader.readuntil(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
        fields = dict(
            (name.strip().lower(), value.strip())
            for name, _, value in (line.partition(":") for line in head.decode("latin1").split("\r\n")[1:])
        )
        return status, fields

    async def body(self, fields):
        """The pieces of a body, chunked or not."""
        if fields.get("transfer-encoding") == "chunked":
            while size := int((await self.reader.readline()).split(b";")[0], 16):
                yield await self.reader.readexactly(size)
                await self.reader.readexactly(2)
            await self.reader.readline()
        elif length := int(fields.get("content-length", 0)):
            yield await self.reader.readexactly(length)

    async def answer(self, fields, id):
        """The answer to a request: the body, or an event of a stream."""
        found, rest = None, b""
        async for piece in self.body(fields):
            rest += piece
            if "event-stream" not in fields.get("content-type", ""):
                continue
            *events, rest = rest.split(b"\n\n")
            for event in events:
                data = b"".join(line[5:].strip() for line in event.split(b"\n") if line.startswith(b"data:"))
                message = json.loads(data) if data else {}
                if message.get("id") == id:
                    found = message
        return found or (json.loads(rest) if rest.strip() else None)

    def close(self):
        self.writer.close()


class Session(Connection):
    """A session of Streamable HTTP."""

    async def open(self):
        await super().open()
        self.id, self.headers = 0, []
        status, fields = await self.send("POST", "/mcp", self.request("initialize", CLIENT))
        assert status == 200, status
        await self.answer(fields, self.id)
        self.headers = [f"Mcp-Session-Id: {fields['mcp-session-id']}", f"MCP-Protocol-Version: {CLIENT['protocolVersion']}"]
        note = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        status, fields = await self.send("POST", "/mcp", note, self.headers)
        async for _ in self.body(fields):
            pass
        return self

    def request(self, method, params):
        self.id += 1
        return {"jsonrpc": "2.0", "id": self.id, "method": method, "params": params}

    async def begin(self, operation, args):
        params = {"name": "hf_jobs", "arguments": {"operation": operation, "args": args}, "_meta": {"progressToken": "p"}}
        status, fields = await self.send("POST", "/mcp", self.request("tools/call", params), self.headers)
        assert status == 200, status
        return fields

    async def call(self, operation, args):
        answer = await self.answer(await self.begin(operation, args), self.id)
        return answer["result"]["structuredContent"]

    async def end(self):
        _, fields = await self.send("DELETE", "/mcp", None, self.headers)
        async for _ in self.body(fields):
            pass
        self.close()


async def many(count, what):
    return await asyncio.gather(*(what() for _ in range(count)))


async def calls(server):
    times = []

    async def one():
        session = await Session(server).open()
        for _ in range(CALLS):
            started = time.perf_counter()
            answer = await session.call("ps", {"all": True})
            times.append(time.perf_counter() - started)
            assert answer["ok"], answer
        await session.end()

    started = time.perf_counter()
    await many(SESSIONS, one)
    rate = len(times) / (time.perf_counter() - started)
    times.sort()
    p50, p99 = statistics.median(times), times[int(len(times) * 0.99)]
    return f"{len(times)} calls, {rate:.0f} a second, p50 {p50 * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms"


async def idle(server):
    async def one():
        connection = await Connection(server).open()
        status, fields = await connection.send("GET", "/sse")
        assert status == 200, status
        async for piece in connection.body(fields):
            assert b"event: endpoint" in piece, piece
            break
        return connection

    connections = await many(IDLE, one)
    held = "{} files, {:.1f} MiB while open".format(*server.cost())
    for connection in connections:
        connection.close()
    return f"{IDLE} SSE sessions: {held}"


async def followers(server):
    first = await Session(server).open()
    script = "i=0; while [ $i -lt 120 ]; do echo line $i; i=$((i+1)); sleep 0.1; done"
    submitted = await first.call("run", {"command": ["/bin/sh", "-c", script], "detach": True})
    job = submitted["job"]["job_id"]

    async def one():
        session = await Session(server).open()
        answer = await session.call("logs", {"job_id": job, "wait": "30s", "cursor": "n0"})
        await session.end()
        return answer["logs"]

    logs = await many(FOLLOWERS, one)
    await first.end()
    whole = sum(log["finished"] and len(log["lines"]) == 120 for log in logs)
    assert whole == FOLLOWERS, f"{whole} of {FOLLOWERS} followers got all lines"
    return f"{FOLLOWERS} followers, each with all lines"


async def vanishing(server):
    first = await Session(server).open()
    submitted = await first.call("run", {"command": ["sleep", "300"], "detach": True})
    job = submitted["job"]["job_id"]

    async def one():
        session = await Session(server).open()
        params = {"name": "hf_jobs", "arguments": {"operation": "logs", "args": {"job_id": job, "wait": "45s"}}}
        text = json.dumps(session.request("tools/call", params)).encode()
        head = [
            "POST /mcp HTTP/1.1",
            f"Host: 127.0.0.1:{server.port}",
            f"Authorization: Bearer {server.token}",
            "Accept: application/json, text/event-stream",
            "Content-Type: application/json",
            f"Content-Length: {len(text)}",
            *session.headers,
        ]
        session.writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + text)
        await session.writer.drain()
        await asyncio.sleep(1)
        session.writer.transport.abort()

    await many(VANISHING, one)
    state = await first.call("inspect", {"job_id": job})
    assert state["jobs"][0]["stage"] == "RUNNING", state
    await first.call("cancel", {"job_id": job})
    await first.end()
    return f"{VANISHING} clients vanished in the middle of a call, the job went on"


async def main(binary):
    server = Server()
    await server.start(binary)
    session = await Session(server).open()
    await session.call("ps", {})
    await session.end()
    files, memory = server.cost()
    print(f"start: {files} files, {memory:.1f} MiB", flush=True)
    kept = True
    for step in (calls, idle, followers, vanishing):
        told = await step(server)
        end = time.monotonic() + SETTLES_WITHIN
        while server.cost()[0] > files + FILES_MORE and time.monotonic() < end:
            await asyncio.sleep(0.2)
        left, now = server.cost()
        good = left <= files + FILES_MORE and now <= memory + MEMORY_MORE_MIB
        kept &= good
        print(f"{'ok' if good else 'not ok'} {told}; afterwards {left} files, {now:.1f} MiB", flush=True)
    end = time.monotonic() + SETTLES_AT_END_WITHIN
    while server.cost()[0] > files + FILES_MORE_AT_END and time.monotonic() < end:
        await asyncio.sleep(1)
    left, now = server.cost()
    kept &= left <= files + FILES_MORE_AT_END
    print(f"once idle connections are closed: {left} files, {now:.1f} MiB", flush=True)
    code = await server.stop()
    print(f"ended with {code}")
    return 0 if kept and code == 0 else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1])))
