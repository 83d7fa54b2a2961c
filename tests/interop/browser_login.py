"""Renews browser logins from huggingface_hub and from this server at once, in one home, and looks that nothing is lost.

Usage: browser_login.py LOCAL_HUB_BINARY SERVER_BINARY WORK_DIRECTORY, with the Python that has huggingface_hub installed.
Prints `ok - name` or `not ok - name` for each check, and their count in the last line. No token is ever printed.
"""

import configparser
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

LOCAL_HUB, SERVER, WORK = (Path(argument).resolve() for argument in sys.argv[1:4])
ROUNDS = 8
SERVERS = 2
LIBRARIES = 3
CALLS = 4
SECONDS = 60
RENEWAL_SECONDS = 0.1

hub = subprocess.Popen(
    [LOCAL_HUB, "--browser-logins", str(ROUNDS + 1)],
    stdin=subprocess.PIPE,
    stdout=subprocess.PIPE,
    stderr=subprocess.DEVNULL,
    text=True,
)
started = json.loads(hub.stdout.readline())
LOGINS = started["browser_logins"]
spent = []


class Slow(BaseHTTPRequestHandler):
    """Passes everything on to the Hub, and lets renewals take the time that they take over a network."""

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0))) or None
        if self.path == "/oauth/token":
            spent.append(parse_qs(body.decode())["refresh_token"][0])
            time.sleep(RENEWAL_SECONDS)
        hub = HTTPConnection(urlsplit(started["endpoint"]).netloc, timeout=SECONDS)
        hub.request(self.command, self.path, body, {**self.headers, "connection": "close"})
        answer = hub.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET

    def log_message(self, *_):
        pass


proxy = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
threading.Thread(target=proxy.serve_forever, daemon=True).start()

home = WORK / "browser-login"
shutil.rmtree(home, ignore_errors=True)
home.mkdir(parents=True)
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": str(home),
    "HF_HOME": str(home),
    "HF_ENDPOINT": f"http://127.0.0.1:{proxy.server_port}",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    "NO_PROXY": "*",
}
TOKEN_FILE, STORED_TOKENS = home / "token", home / "stored_tokens"
# What another token of the user's looks like: it is nobody's business here.
OTHER = {"hf_token": "another-token"}

# Asks for the token when it is told to, as each call of the library does, and tells what it would have sent. The library
# empties the token file before it writes it, so that another process of its own may find none: that one asks again.
LIBRARY = """
import hashlib, json, sys, time
from huggingface_hub import HfApi, get_token
from huggingface_hub.errors import LocalTokenNotFoundError
def ask():
    for _ in range(20):
        try:
            token = get_token()
            if token:
                return {"token": hashlib.sha256(token.encode()).hexdigest(), "name": HfApi().whoami()["name"]}
        except LocalTokenNotFoundError:
            pass
        time.sleep(0.01)
    return {"error": "no token"}
for line in sys.stdin:
    try:
        answer = ask()
    except Exception as error:
        answer = {"error": type(error).__name__}
    print(json.dumps(answer), flush=True)
"""


def digest(token):
    return hashlib.sha256(token.encode()).hexdigest()


class Child:
    """A process that answers lines by lines; what it says on standard error is kept."""

    def __init__(self, *command):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self.process = subprocess.Popen(command, env=ENVIRONMENT, text=True, **pipes)
        self.errors = []
        self.reader = threading.Thread(target=lambda: self.errors.extend(self.process.stderr), daemon=True)
        self.reader.start()

    def write(self, line):
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def read(self):
        return json.loads(self.process.stdout.readline())

    def end(self):
        self.process.stdin.close()
        self.process.wait(timeout=SECONDS)
        self.reader.join()
        return "".join(self.errors)


class Server(Child):
    def __init__(self):
        super().__init__(SERVER)
        client = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
        self.send(id=0, method="initialize", params=client)
        self.read()
        self.send(method="notifications/initialized")

    def send(self, **message):
        self.write(json.dumps({"jsonrpc": "2.0", **message}))

    def ask(self):
        for number in range(CALLS):
            arguments = {"operation": "ps"} if number % 2 else {"operation": "run", "args": {"command": ["true"], "detach": True}}
            self.send(id=number + 1, method="tools/call", params={"name": "hf_jobs", "arguments": arguments})

    def answers(self):
        found = [self.read() for _ in range(CALLS)]
        return [answer["result"].get("isError", False) for answer in found]


def stored(login):
    config = configparser.ConfigParser(interpolation=None)
    config["another"] = OTHER
    config["oauth-local"] = {
        "hf_token": login["token"],
        "refresh_token": login["refresh_token"],
        "expires_at": str(login["expires_at"]),
    }
    config["work"] = OTHER
    return config


def log_in(login):
    writers = {STORED_TOKENS: stored(login).write, TOKEN_FILE: lambda file: file.write(login["token"])}
    for path, write in writers.items():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            write(file)


def now_stored():
    config = configparser.ConfigParser(interpolation=None)
    config.read(STORED_TOKENS, encoding="utf-8")
    return {name: dict(config.items(name)) for name in config.sections()}


servers = [Server() for _ in range(SERVERS)]
libraries = [Child(sys.executable, "-c", LIBRARY) for _ in range(LIBRARIES)]
# The first question has the library imported.
log_in(LOGINS[0])
for library in libraries:
    library.write("")
    library.read()

failed = passed = 0


def check(name, holds):
    global failed, passed
    print(f"{'ok' if holds else 'not ok'} - {name}", flush=True)
    passed, failed = passed + bool(holds), failed + (not holds)


try:
    for number, login in enumerate(LOGINS[1:], 1):
        log_in(login)
        # Now one, now the other begins.
        for child in libraries + servers if number % 2 else servers + libraries:
            child.ask() if isinstance(child, Server) else child.write("")
        refused = [answer for server in servers for answer in server.answers()]
        told = [library.read() for library in libraries]
        token, sections = TOKEN_FILE.read_text(), now_stored()
        fields = sections.get("oauth-local", {})
        check(f"login {number}: every call of the server's is answered", not any(refused))
        check(f"login {number}: every call of the library's is answered", all("error" not in answer for answer in told))
        # The library writes one file after the other: who reads in between has the old token, which is good for an hour.
        known = {digest(token), digest(login["token"])}
        check(f"login {number}: the library has no token but these", {answer.get("token") for answer in told} <= known)
        check(
            f"login {number}: both files hold a new token",
            token != login["token"]
            and fields.get("hf_token") == token
            and fields.get("refresh_token") not in (None, login["refresh_token"])
            and int(fields.get("expires_at", 0)) > login["expires_at"],
        )
        check(f"login {number}: other tokens are kept", sections.get("another") == OTHER == sections.get("work"))
        modes = {path.stat().st_mode & 0o777 for path in (TOKEN_FILE, STORED_TOKENS)}
        check(f"login {number}: nobody else can read them", modes == {0o600})
    errors = [child.end() for child in servers + libraries]
    check("every refresh token was sent once", sorted(spent) == sorted(login["refresh_token"] for login in LOGINS))
    check("no renewal failed", not any("could not" in text.lower() for text in errors))
    secrets = [text for login in LOGINS for text in (login["token"], login["refresh_token"])]
    check("no token was shown", not any(secret in text for text in errors for secret in secrets))
    known = {"token", "stored_tokens", "stored_tokens.lock", ".agent_harnesses.json"}
    check("nothing is left behind", {path.name for path in home.iterdir()} <= known)
finally:
    for child in servers + libraries:
        child.process.kill()
    hub.kill()
print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
