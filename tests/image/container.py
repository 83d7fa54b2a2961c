"""Starts the image's program in its root, as an engine would, and checks how it serves and how it ends."""

import http.client
import json
import os
import queue
import re
import signal
import subprocess
import tempfile
import threading
import time

# How long an answer may take, on a machine that is busy.
SECONDS = 60
# Within this the program ends: an engine's client that is gone leaves the container to itself.
END_SECONDS = 2
REVISION = "2025-11-25"
JOB_ID = re.compile("[0-9a-f]{24}")
FOLLOW = {
    "operation": "run",
    "args": {"command": ["/bin/sh", "-c", "echo started; sleep 1000"], "wait": "45s"},
}


class Image:
    """A root folder, and how its program is started in it."""

    def __init__(self, root, user, entrypoint, environment):
        self.root, self.user, self.entrypoint = root, user, entrypoint
        # There is no HOME in it.
        self.environment = environment
        # What was put into the root, and is not the program's.
        self.given = set()

    def command(self, *arguments):
        if os.geteuid() == 0:
            enter = ["chroot", f"--userspec={self.user}", "--groups=", self.root]
        else:
            uid, _, gid = self.user.partition(":")
            enter = ["unshare", "--user", f"--map-user={uid}", f"--map-group={gid or uid}", f"--root={self.root}", "--wd=/"]
        return [*enter, *self.entrypoint, *arguments]

    def start(self, *arguments, **pipes):
        return subprocess.Popen(self.command(*arguments), env=self.environment, cwd="/", **pipes)

    def give(self, name, text):
        """Puts a file into the root as `docker run -v` does, readable by the program's user alone. Its path there."""
        file = self.root / "run" / name
        self.given |= {file, file.parent}
        file.parent.mkdir(exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(text)
        if os.geteuid() == 0:
            os.chown(file, *map(int, self.user.split(":")))
        return f"/run/{name}"

    def login(self, hub):
        self.environment |= {"HF_ENDPOINT": hub.endpoint, "HF_TOKEN_PATH": self.give("hf-token", hub.token)}

    def version(self):
        process = self.start("--version", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        output, errors = process.communicate(timeout=SECONDS)
        assert process.returncode == 0, (
            f"{errors}exit code {process.returncode}: entering the root needs root (chroot), "
            "or user namespaces that any user may create (unshare)"
        )
        return output.strip()


def initialize():
    client = {"name": "image-check", "version": "1"}
    return {"protocolVersion": REVISION, "capabilities": {}, "clientInfo": client}


def tool(name, arguments):
    return {"name": name, "arguments": arguments, "_meta": {"progressToken": "p"}}


class Server:
    """A started server: what it says on stderr, and how it ends."""

    def __init__(self, image, *arguments, **pipes):
        self.stderr = tempfile.TemporaryFile("w+")
        self.process = image.start(*arguments, **{"stderr": self.stderr, **pipes})
        self.last_id = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def message(self, method, params):
        self.last_id += 1
        return {"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params}

    def notes(self):
        self.stderr.seek(0)
        return self.stderr.read()

    def ends(self, begin):
        """Does what ends it, and waits for that. What it took."""
        started = time.monotonic()
        begin()
        try:
            code = self.process.wait(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {END_SECONDS} s\n{self.notes()}") from None
        assert code == 0, f"exit code {code}\n{self.notes()}"
        return f"after {time.monotonic() - started:.2f} s"

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)


class Stdio(Server):
    def __init__(self, image, *arguments):
        super().__init__(image, *arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.lines = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()
        self.ask("initialize", initialize())
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def read(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))
        self.lines.put(None)

    def send(self, message):
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def received(self):
        message = self.lines.get(timeout=SECONDS)
        assert message, f"the server ended\n{self.notes()}"
        return message

    def ask(self, method, params):
        request = self.message(method, params)
        self.send(request)
        while (answer := self.received()).get("id") != request["id"]:
            pass
        return answer["result"]

    def follow(self):
        """Submits a job and follows it. Its id, as soon as the job runs."""
        self.send(self.message("tools/call", tool("hf_jobs", FOLLOW)))
        return followed(iter(self.received, None))

    def close_input(self):
        self.process.stdin.close()


class Http(Server):
    def __init__(self, image, *arguments):
        token = os.urandom(24).hex()
        file = image.give("http-token", token)
        # Without `-i` an engine gives it an empty input, on which a server over HTTP must not end.
        super().__init__(image, "--http", "127.0.0.1:0", "--http-token-file", file, *arguments, stdin=subprocess.DEVNULL)
        self.headers = {
            "Accept": "application/json, text/event-stream",
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "Mcp-Protocol-Version": REVISION,
        }
        self.port = self.listens()
        answer = self.post(self.message("initialize", initialize()))
        if session := answer.headers["Mcp-Session-Id"]:
            self.headers["Mcp-Session-Id"] = session
        next(events(answer))
        self.post({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def listens(self):
        deadline = time.monotonic() + SECONDS
        while not (found := re.search(r"listening on http://127\.0\.0\.1:(\d+)", self.notes())):
            assert self.process.poll() is None and time.monotonic() < deadline, self.notes()
            time.sleep(0.02)
        return int(found[1])

    def post(self, message):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        connection.request("POST", "/mcp", json.dumps(message), self.headers)
        answer = connection.getresponse()
        assert answer.status in (200, 202), (answer.status, answer.read())
        return answer

    def ask(self, method, params):
        request = self.message(method, params)
        answers = events(self.post(request))
        return next(answer["result"] for answer in answers if answer.get("id") == request["id"])

    def follow(self):
        return followed(events(self.post(self.message("tools/call", tool("hf_jobs", FOLLOW)))))


def events(answer):
    """The messages of an answer, which is JSON or a stream of events."""
    if answer.headers["Content-Type"].startswith("application/json"):
        yield json.load(answer)
        return
    for line in answer:
        data = line.decode().removeprefix("data:").strip()
        if line.startswith(b"data:") and data:
            yield json.loads(data)


def followed(messages):
    job_id = None
    for message in messages:
        note = str(message.get("params", {}).get("message", ""))
        job_id = job_id or (found := JOB_ID.search(note)) and found.group()
        if job_id and (note == "started" or "RUNNING" in note):
            return job_id
        assert "result" not in message, f"answered before the job ran: {message}"
    raise AssertionError("the answer ended before the job ran")


def serves(kind):
    def body(image, hub):
        with kind(image) as server:
            tools = [tool["name"] for tool in server.ask("tools/list", {})["tools"]]
            assert tools == ["hf_jobs", "hf_whoami"], tools
            result = server.ask("tools/call", tool("hf_whoami", {}))
            assert not result["isError"] and result["structuredContent"]["name"] == hub.user, result

    return body


def ends(kind, how, following):
    def body(image, hub):
        with kind(image) as server:
            job_id = server.follow() if following else None
            took = server.ends(lambda: how(server))
            assert not job_id or hub.stage(job_id) == "RUNNING", hub.stage(job_id)
            return took

    return body


def ends_without_input(image, _hub):
    with Server(image, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as server:
        return server.ends(lambda: None)


CHECKS = [
    ("over stdio, serves its tools, and the Hub through the root's CA roots", serves(Stdio)),
    ("over stdio, ends at once without an input, as `docker run` without `-i` gives it", ends_without_input),
    ("over stdio, ends when its input closes", ends(Stdio, Stdio.close_input, following=False)),
    ("over stdio, ends on SIGTERM", ends(Stdio, Stdio.terminate, following=False)),
    ("over stdio, ends when its input closes while it follows a job, and the job goes on", ends(Stdio, Stdio.close_input, following=True)),
    ("over stdio, ends on SIGTERM while it follows a job, and the job goes on", ends(Stdio, Stdio.terminate, following=True)),
    ("over HTTP, serves its tools without an input, and the Hub through the root's CA roots", serves(Http)),
    ("over HTTP, ends on SIGTERM", ends(Http, Http.terminate, following=False)),
    ("over HTTP, ends on SIGTERM while it follows a job, and the job goes on", ends(Http, Http.terminate, following=True)),
]
