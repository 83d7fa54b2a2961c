#!/usr/bin/env python3
"""Has every kind of client talk to the built server over every transport, and the official conformance suite look at it.

    run.py SERVER WORK

SERVER is the built binary; packages are installed below WORK by their names. One line a check: `ok …` or `not ok …`.
"""

import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
SERVER, WORK = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
NODE_PACKAGES = [
    "@modelcontextprotocol/sdk@1",
    "@modelcontextprotocol/client@2",
    "@modelcontextprotocol/inspector@2",
    "@modelcontextprotocol/conformance@0.2.0-alpha.12",
    # The conformance suite wants it.
    "node@22",
]
PYTHON_PACKAGES = {"python-2": "mcp>=2,<3", "python-1": "mcp>=1.30,<2"}
REVISIONS = ["2025-11-25", "2026-07-28"]
# Far longer than any conversation takes.
PATIENCE = 120


def install():
    node = WORK / "node"
    if not (node / "installed").exists():
        node.mkdir(parents=True, exist_ok=True)
        (node / "package.json").write_text('{"private": true}')
        subprocess.run(["npm", "install", "--silent", "--no-fund", "--no-audit", *NODE_PACKAGES], cwd=node, check=True)
        (node / "installed").touch()
    for name, package in PYTHON_PACKAGES.items():
        if not (WORK / name / "installed").exists():
            subprocess.run([sys.executable, "-m", "venv", WORK / name], check=True)
            pip = [WORK / name / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", package]
            subprocess.run(pip, check=True)
            (WORK / name / "installed").touch()
    return node


class Http:
    """The server over HTTP, its jobs on this machine."""

    def __init__(self, *flags):
        command = [SERVER, "--local", "--http", "127.0.0.1:0", "--http-calls-per-minute", "100000", *flags]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        for line in self.process.stderr:
            if found := re.search(r"(http://127\.0\.0\.1:\d+)/mcp", line):
                self.base = found.group(1)
                break
        else:
            raise SystemExit("the server did not start")
        # What it says after that is read by nobody, and must not stop it.
        self.log = concurrent.futures.ThreadPoolExecutor(1)
        self.log.submit(lambda: [None for _ in self.process.stderr])

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        self.log.shutdown()


def lines_of(name, command, **more):
    """Runs a client and returns its lines of checks; that it said nothing or ended badly is one, too."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, **more)
    except subprocess.TimeoutExpired:
        return [f"not ok {name}: it did not end"]
    checks = [line for line in done.stdout.splitlines() if line.startswith(("ok ", "not ok "))]
    if done.returncode != 0 and not any(line.startswith("not ok") for line in checks) or not checks:
        checks.append(f"not ok {name}: ended with {done.returncode}: {done.stderr[-1500:]!r}")
    return checks


def inspector(node, transport, target, header):
    """MCP Inspector's command line: it lists with its strict checks of schemas, and calls."""
    name = f"inspector {transport}"
    base = [node / "node_modules/.bin/mcp-inspector", "--cli"]
    where = [target, "--", "--local"] if transport == "stdio" else [target, "--transport", transport, "--header", header]

    def run(*arguments):
        # What belongs to the Inspector stands before `--`.
        command = [*base, where[0], *arguments, *where[1:]] if transport != "stdio" else [*base, *where, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
        try:
            return json.loads(done.stdout[done.stdout.index("{") :]), done
        except ValueError:
            return {}, done

    checks = []

    def check(what, holds, done):
        checks.append(f"ok {name}: {what}" if holds else f"not ok {name}: {what} ({done.stdout[-400:]!r} {done.stderr[-400:]!r})")

    strict = [] if transport == "stdio" else ["--strict"]
    listed, done = run("--method", "tools/list", *strict)
    check("lists the tools", len(listed.get("tools", [])) == 2 and done.returncode == 0, done)
    me, done = run("--method", "tools/call", "--tool-name", "hf_whoami")
    check("asks who it is", me.get("structuredContent", {}).get("name") == "local", done)
    call = ["--method", "tools/call", "--tool-name", "hf_jobs", "--tool-arg", "operation=run"]
    ran, done = run(*call, 'args={"command": ["echo", "hello"]}')
    check("runs a job to its end", ran.get("structuredContent", {}).get("logs", {}).get("lines") == ["hello"], done)
    refused, done = run(*call, 'args={"command": ["true"], "timout": "1h"}')
    code = refused.get("structuredContent", {}).get("error", {}).get("code")
    check("is told of a mistake", code == "invalid_arguments", done)
    return checks


def conformance(node, base, revision):
    """What needs no fixture and is offered must pass; what fails, and why, is in a file, which must not be longer than it has to."""
    binaries = node / "node_modules/.bin"
    suite = node / "node_modules/@modelcontextprotocol/conformance/dist/index.js"
    expected = HERE / f"expected-failures-{revision}.yml"
    command = [binaries / "node", suite, "server", "--url", f"{base}/mcp", "--requirements", revision]
    done = subprocess.run([*command, "--expected-failures", expected], capture_output=True, text=True, timeout=PATIENCE)
    total = re.findall(r"Total: .*", done.stdout)
    told = f"conformance {revision}: {total[0] if total else 'no total'}, the failures are those expected"
    return [f"ok {told}" if done.returncode == 0 else f"not ok {told} ({done.stdout[-2500:]!r} {done.stderr[-500:]!r})"]


def main():
    node = install()
    token_file = WORK / "door-token"
    token = os.urandom(24).hex()
    token_file.write_text(token)
    token_file.chmod(0o600)
    behind_door, open_door = Http("--http-token-file", token_file), Http("--http-no-auth")
    targets = {"stdio": str(SERVER), "http": f"{behind_door.base}/mcp", "sse": f"{behind_door.base}/sse"}
    header = f"Authorization: Bearer {token}"
    tasks = []
    for transport, target in targets.items():
        shown = [] if transport == "stdio" else [token]
        for major in "12":
            script = ["node", HERE / "typescript.mjs", node, major, transport, target, *shown]
            tasks.append((lines_of, f"typescript {major}.x {transport}", script))
        for name in PYTHON_PACKAGES:
            script = [WORK / name / "bin" / "python", HERE / "python_sdk.py", transport, target, *shown]
            tasks.append((lines_of, f"{name} {transport}", script))
        tasks.append((inspector, node, transport, target, header))
    tasks += [(conformance, node, open_door.base, revision) for revision in REVISIONS]
    try:
        # More at once than there are processors: they mostly wait for jobs.
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            checks = [line for lines in pool.map(lambda task: task[0](*task[1:]), tasks) for line in lines]
    finally:
        behind_door.stop()
        open_door.stop()
    print("\n".join(checks))
    failed = sum(line.startswith("not ok") for line in checks)
    print(f"{len(checks) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
