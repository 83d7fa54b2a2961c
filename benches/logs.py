#!/usr/bin/env python3
"""How long the built server takes to read logs, and how much memory, beside the raw transfer of the same bytes.

    cargo build --release && python3 benches/logs.py [target/release/hf-jobs-mcp]

A Hub in this process streams prepared logs of 10,000 to 1,000,000 lines. Prints a table; all times are the median of several runs.
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

SERVER = sys.argv[1] if len(sys.argv) > 1 else "target/release/hf-jobs-mcp"
SIZES = [10_000, 100_000, 1_000_000]
FOLLOWERS = 100
LIVE_FOLLOWERS = 200
LIVE = 7
LIVE_LINES = 200
RUNS = 5
ID = "66f0a1b2c3d4e5f6%08x"


def event(number):
    line = json.dumps({"data": f"epoch 1 step {number}: loss=0.{number % 9973:04d} lr=1.0e-4 tokens/s=48213", "timestamp": f"2026-11-23T10:{number // 60 % 60:02d}:{number % 60:02d}.{number % 1000:03d}Z"}, separators=(",", ":"))
    return f"data: {line}\n\n".encode()


LOGS = {size: b"".join(event(number) for number in range(size)) for size in SIZES}
TAILS = {size: b"".join(event(number) for number in range(size - 20, size)) for size in SIZES}
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"


def job(size, stage="COMPLETED"):
    return {
        "id": ID % size, "createdAt": "2026-11-23T10:00:00Z", "owner": {"name": "alice", "type": "user"}, "command": ["true"],
        "dockerImage": "python:3.12", "flavor": "cpu-basic", "status": {"stage": stage},
    }


class Hub:
    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.over_at = 0.0
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.answer, args=(client,), daemon=True).start()

    def answer(self, client):
        with client:
            request = b""
            while b"\r\n\r\n" not in request:
                piece = client.recv(65536)
                if not piece:
                    return
                request += piece
            method, path, _ = request.split(b"\r\n", 1)[0].decode().split(" ")
            path, _, query = path.partition("?")
            parts = path.split("/")
            try:
                if path.endswith("/logs"):
                    size = int(parts[4][16:], 16)
                    client.sendall(HEAD)
                    if size == LIVE:
                        self.live(client)
                        return
                    client.sendall(TAILS[size] if query == "tail=20" else LOGS[size])
                elif path == "/api/whoami-v2":
                    self.json(client, {"type": "user", "id": "1", "name": "alice", "orgs": []})
                elif path == "/api/jobs/hardware":
                    self.json(client, [{"name": "cpu-basic", "unitCostMicroUSD": 167, "unitLabel": "minute"}])
                elif method == "POST":
                    head, _, body = request.partition(b"\r\n\r\n")
                    length = int(next(line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")))
                    while len(body) < length:
                        body += client.recv(65536)
                    self.json(client, job(int(json.loads(body)["environment"]["SIZE"])))
                elif len(parts) == 4:
                    self.json(client, [])
                else:
                    size = int(parts[4][16:], 16)
                    self.json(client, job(size, "RUNNING" if size == LIVE and time.monotonic() < self.over_at else "COMPLETED"))
            except OSError:
                pass

    def live(self, client):
        """A job that prints for two seconds or so, and is over a while later."""
        for number in range(LIVE_LINES):
            client.sendall(event(number))
            if time.monotonic() < self.over_at:
                time.sleep(0.01)
        time.sleep(max(0, self.over_at - time.monotonic()))

    def json(self, client, value):
        body = json.dumps(value).encode()
        client.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(body) + body)

    def raw(self, path):
        """Reads an answer as fast as this machine can, and throws it away."""
        start = time.perf_counter()
        with socket.create_connection(("127.0.0.1", self.port)) as client:
            client.sendall(f"GET {path} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
            buffer = bytearray(1 << 20)
            while client.recv_into(buffer):
                pass
        return time.perf_counter() - start


class Server:
    def __init__(self, hub):
        self.home = tempfile.TemporaryDirectory()
        environment = {"PATH": os.environ["PATH"], "HOME": self.home.name, "HF_ENDPOINT": f"http://127.0.0.1:{hub.port}", "HF_TOKEN": "hf" + "_" + "aB3" * 11 + "x"}
        self.process = subprocess.Popen([SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
        self.number = 0
        self.call("initialize", {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}})
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        self.jobs("ps", {})

    def send(self, message):
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()

    def begin(self, method, params):
        self.number += 1
        self.send({"jsonrpc": "2.0", "id": self.number, "method": method, "params": params})

    def answer(self):
        return json.loads(self.process.stdout.readline())["result"]

    def call(self, method, params):
        self.begin(method, params)
        return self.answer()

    def jobs(self, operation, args):
        result = self.call("tools/call", {"name": "hf_jobs", "arguments": {"operation": operation, "args": args}})
        assert not result.get("isError"), result
        return result["structuredContent"]

    def memory(self, field):
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith(field)) / 1024

    def forget_peak(self):
        with open(f"/proc/{self.process.pid}/clear_refs", "w") as file:
            file.write("5")

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def measured(hub, call, raw):
    """Median of the server's time, of the raw one, and how the peak of its memory grew over what it holds when idle."""
    times, raws, grown = [], [], []
    for _ in range(RUNS):
        server = Server(hub)
        server.forget_peak()
        idle = server.memory("VmRSS")
        start = time.perf_counter()
        call(server)
        times.append(time.perf_counter() - start)
        grown.append(server.memory("VmHWM") - idle)
        server.end()
        raws.append(raw())
    return statistics.median(times), statistics.median(raws), max(grown)


def row(name, seconds, raw, grown):
    print(f"{name:<44} {seconds * 1000:>9.1f} {raw * 1000:>9.1f} {seconds / raw:>7.2f} {(seconds - raw) * 1000:>9.1f} {grown:>9.1f}")


def main():
    hub = Hub()
    print(f"{'':<44} {'ms':>9} {'raw ms':>9} {'ratio':>7} {'more ms':>9} {'+MiB':>9}")
    for size in SIZES:
        reference = f"alice/{ID % size}"
        log = f"/api/jobs/alice/{ID % size}/logs"

        def tail(server):
            logs = server.jobs("logs", {"job_id": reference, "tail": 20})["logs"]
            assert len(logs["lines"]) == 20 and logs["finished"], logs

        row(f"tail 20 of {size:,} lines", *measured(hub, tail, lambda: hub.raw(log.removesuffix("/logs")) + hub.raw(log + "?tail=20")))

        def whole(server):
            args = {"command": ["true"], "env": {"SIZE": str(size)}, "wait": "45s"}
            logs = server.jobs("run", args)["logs"]
            assert logs["finished"] and logs["dropped"] == size - len(logs["lines"]), logs

        row(f"whole follow of {size:,} lines ({len(LOGS[size]) / 1e6:.0f} MB)", *measured(hub, whole, lambda: hub.raw(log)))

        def grep(server):
            logs = server.jobs("logs", {"job_id": reference, "grep": "step 9999:"})["logs"]
            assert logs["finished"] and len(logs["lines"]) == 1, logs

        row(f"grep in {size:,} lines, each of them cleaned", *measured(hub, grep, lambda: hub.raw(log)))
    size = SIZES[0]

    def followers(server):
        args = {"command": ["true"], "env": {"SIZE": str(size)}, "wait": "45s"}
        for _ in range(FOLLOWERS):
            server.begin("tools/call", {"name": "hf_jobs", "arguments": {"operation": "run", "args": args}})
        for _ in range(FOLLOWERS):
            assert server.answer()["structuredContent"]["logs"]["finished"]

    def raws():
        start = time.perf_counter()
        readers = [threading.Thread(target=hub.raw, args=(f"/api/jobs/alice/{ID % size}/logs",)) for _ in range(FOLLOWERS)]
        [reader.start() for reader in readers]
        [reader.join() for reader in readers]
        return time.perf_counter() - start

    row(f"{FOLLOWERS} followers of {size:,} lines each", *measured(hub, followers, raws))

    server = Server(hub)
    hub.over_at = time.monotonic() + 5
    for _ in range(LIVE_FOLLOWERS):
        args = {"job_id": f"alice/{ID % LIVE}", "cursor": "n0", "wait": "45s"}
        server.begin("tools/call", {"name": "hf_jobs", "arguments": {"operation": "logs", "args": args}})
    for _ in range(LIVE_FOLLOWERS):
        logs = server.answer()["structuredContent"]["logs"]
        assert logs["finished"] and len(logs["lines"]) == LIVE_LINES, len(logs["lines"])
    print(f"{LIVE_FOLLOWERS} followers of one live job: {server.memory('VmHWM'):.1f} MiB at most")
    server.end()


main()
