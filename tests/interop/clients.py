"""Connects Claude Code, Codex, Gemini CLI and opencode to the built server, over stdio and over HTTP, as their users configure it.

Usage: clients.py SERVER_BINARY ORIGIN ACCESS_TOKEN_FILE HOMES_DIRECTORY and the folder of each client's npm package; the server is
served at ORIGIN. Every client has an empty home and an environment of its own. Prints `ok - name` or `not ok - name` for each check,
and at the end a table of clients and transports.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SERVER, ORIGIN, TOKEN_FILE, HOMES, *PACKAGES = sys.argv[1:]
URL = f"{ORIGIN}/mcp"
# Most of a command is the start of a large program, while three others start.
SECONDS = 120
STDIO, HTTP, REFUSED = "hf-jobs", "hf-jobs-http", "hf-jobs-refused"
TOKEN, WRONG_TOKEN = "HF_JOBS_MCP_TOKEN", "HF_JOBS_MCP_WRONG_TOKEN"
# By the variable that has the access token.
OVER_HTTP = {HTTP: TOKEN, REFUSED: WRONG_TOKEN}
LOCAL = ["hf-jobs-mcp", "--local"]
TOOLS = {"hf_jobs", "hf_whoami"}
COLORS = re.compile(r"\x1b\[[0-9;]*m")


class Client:
    """A client, and which of its servers are connected. Each subclass says how it is configured and asked."""

    title: str
    package: str
    program: str
    settings: dict[str, str] = {}

    def __init__(self, folder):
        installed = Path(folder).resolve() / "node_modules"
        self.executable = installed / ".bin" / self.program
        self.version = json.loads((installed / self.package / "package.json").read_text())["version"]
        self.home = Path(HOMES).resolve() / self.program
        shutil.rmtree(self.home, ignore_errors=True)
        self.project = self.home / "project"
        self.project.mkdir(parents=True)
        programs = [Path(SERVER).resolve().parent, Path(shutil.which("node")).parent, "/usr/local/bin", "/usr/bin", "/bin"]
        self.environment = {
            "HOME": str(self.home),
            "PATH": ":".join(map(str, programs)),
            TOKEN: Path(TOKEN_FILE).read_text().strip(),
            WRONG_TOKEN: "0" * 48,
            **self.settings,
        }

    def begin(self, *arguments, **pipes):
        return subprocess.Popen([self.executable, *arguments], cwd=self.project, env=self.environment, text=True, **pipes)

    def run(self, *arguments):
        process = self.begin(*arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            output = COLORS.sub("", process.communicate(timeout=SECONDS)[0])
        finally:
            process.kill()
        assert process.returncode == 0, f"{arguments}: exit code {process.returncode}\n{output}"
        return output

    def write(self, name, content):
        file = self.home / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content))

    def configure(self):
        raise NotImplementedError

    def listed(self):
        """What the client says of its servers."""
        raise NotImplementedError

    def is_connected(self, server, listed):
        """Whether a line of the list says so; `None` when no line is about the server."""
        lines = [line.split() for line in listed.splitlines()]
        found = [line for line in lines if server in (word.rstrip(":") for word in line)]
        return found[0][-1].lower() == "connected" if found else None


class ClaudeCode(Client):
    title, package, program = "Claude Code", "@anthropic-ai/claude-code", "claude"
    settings = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}

    def configure(self):
        add = ("mcp", "add", "--scope", "user")
        self.run(*add, STDIO, "--", *LOCAL)
        for server, token in OVER_HTTP.items():
            self.run(*add, "--transport", "http", server, URL, "--header", f"Authorization: Bearer ${{{token}}}")

    def listed(self):
        return self.run("mcp", "list")


class Codex(Client):
    title, package, program = "Codex", "@openai/codex", "codex"

    def configure(self):
        self.run("mcp", "add", STDIO, "--", *LOCAL)
        for server, token in OVER_HTTP.items():
            self.run("mcp", "add", server, "--url", URL, "--bearer-token-env-var", token)
        configured = self.run("mcp", "list")
        assert all(server in configured for server in (STDIO, *OVER_HTTP)), configured

    def listed(self):
        """Its list for people doesn't connect; that of its app server, which IDEs use, has the tools."""
        server = self.begin("app-server", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            client = {"name": "check", "title": "Check", "version": "1"}
            for message in (
                {"method": "initialize", "id": 0, "params": {"clientInfo": client}},
                {"method": "initialized"},
                {"method": "mcpServerStatus/list", "id": 1, "params": {}},
            ):
                server.stdin.write(json.dumps(message) + "\n")
            server.stdin.flush()
            for line in server.stdout:
                if json.loads(line).get("id") == 1:
                    return line
            raise AssertionError("the app server ended")
        finally:
            server.kill()
            server.wait()

    def is_connected(self, server, listed):
        found = [entry for entry in json.loads(listed)["result"]["data"] if entry["name"] == server]
        return set(found[0]["tools"]) == TOOLS if found else None


class Gemini(Client):
    title, package, program = "Gemini CLI", "@google/gemini-cli", "gemini"
    # Otherwise it starts no server in a folder that the user does not trust.
    settings = {"GEMINI_CLI_TRUST_WORKSPACE": "true"}

    def configure(self):
        self.run("mcp", "add", "--scope", "user", STDIO, *LOCAL[:1], "--", *LOCAL[1:])
        name = ".gemini/settings.json"
        settings = json.loads((self.home / name).read_text())
        for server, token in OVER_HTTP.items():
            settings["mcpServers"][server] = {"httpUrl": URL, "headers": {"Authorization": f"Bearer ${token}"}}
        self.write(name, {**settings, "privacy": {"usageStatisticsEnabled": False}})

    def listed(self):
        return self.run("mcp", "list")


class OpenCode(Client):
    title, package, program = "opencode", "opencode-ai", "opencode"
    settings = {"OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_MODELS_FETCH": "1"}

    def configure(self):
        servers = {STDIO: {"type": "local", "command": LOCAL, "enabled": True}}
        for server, token in OVER_HTTP.items():
            headers = {"Authorization": f"Bearer {{env:{token}}}"}
            servers[server] = {"type": "remote", "url": URL, "headers": headers, "oauth": False, "enabled": True}
        self.write(".config/opencode/opencode.json", {"mcp": servers})

    def listed(self):
        return self.run("mcp", "list")


def connections(client):
    """Whether each server is connected, and the evidence."""
    try:
        client.configure()
        listed = client.listed()
        return {server: client.is_connected(server, listed) for server in (STDIO, *OVER_HTTP)}, listed
    except Exception:
        return {}, traceback.format_exc()


clients = [kind(folder) for kind, folder in zip((ClaudeCode, Codex, Gemini, OpenCode), PACKAGES, strict=True)]
with ThreadPoolExecutor() as pool:
    results = list(pool.map(connections, clients))

failed = 0
for client, (connected, listed) in zip(clients, results):
    for server, expected, name in (
        (STDIO, True, "connects over stdio"),
        (HTTP, True, "connects over HTTP, with the access token"),
        (REFUSED, False, "says that it is not connected when the access token is wrong"),
    ):
        passed = connected.get(server) is expected
        failed += not passed
        print(f"{'ok' if passed else 'not ok'} - {client.title} {client.version}: {name}")
        if not passed:
            print("".join(f"#   {line}\n" for line in listed.splitlines()))

print(f"# {'client':<22} {'stdio':<14} HTTP")
for client, (connected, _) in zip(clients, results):
    words = ["connected" if connected.get(server) else "NOT CONNECTED" for server in (STDIO, HTTP)]
    print(f"# {f'{client.title} {client.version}':<22} {words[0]:<14} {words[1]}")
sys.exit(1 if failed else 0)
