"""Compares the job that a script's `[tool.hf-jobs]` table makes with what `hf jobs uv run` would send for it.

Usage: uv_scripts.py LOCAL_HUB_BINARY SERVER_BINARY WORK_DIRECTORY, with the Python that has huggingface_hub installed.
Prints `ok - name` or `not ok - name` for each check, and their count in the last line.
"""

import contextlib
import io
import itertools
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

HUB, SERVER, WORK = (Path(argument).resolve() for argument in sys.argv[1:4])

hub = subprocess.Popen([HUB], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
started = json.loads(hub.stdout.readline())

home = WORK / "scripts-home"
shutil.rmtree(home, ignore_errors=True)
scripts = home / "scripts"
scripts.mkdir(parents=True)
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": str(home),
    "HF_HOME": str(home / "hf"),
    "HF_ENDPOINT": started["endpoint"],
    "HF_TOKEN": started["token"],
    "HF_HUB_DISABLE_EXPERIMENTAL_WARNING": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    "NO_PROXY": "*",
    "EXTRA_KEY": "sesame",
}
os.environ.clear()
os.environ.update(ENVIRONMENT)

from huggingface_hub import HfApi, get_session  # noqa: E402 (it reads its environment when it is imported)
from huggingface_hub.cli.hf import app  # noqa: E402


class Refused(Exception):
    pass


class Sent(BaseException):
    """Carries what was about to be posted out of the command."""


class Server:
    """The server under test, spoken to in newline-delimited JSON-RPC."""

    def __init__(self):
        command = [SERVER, "--script-dir", scripts, "--secret-env", "EXTRA_KEY", "--log-level", "error"]
        self.process = subprocess.Popen(
            command, env=ENVIRONMENT, cwd=scripts, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.ids = itertools.count(1)
        client = {"name": "interop", "version": "1"}
        self.ask("initialize", {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client})
        self.tell({"method": "notifications/initialized"})

    def tell(self, message):
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self.process.stdin.flush()

    def ask(self, method, params):
        number = next(self.ids)
        self.tell({"id": number, "method": method, "params": params})
        for line in self.process.stdout:
            answer = json.loads(line)
            if answer.get("id") == number:
                return answer["result"]
        raise AssertionError("the server ended")

    def spec(self, operation, arguments):
        arguments = {"operation": operation, "args": {**arguments, "dry_run": True}}
        answer = self.ask("tools/call", {"name": "hf_jobs", "arguments": arguments})
        text = answer["content"][0]["text"]
        if answer["isError"]:
            raise Refused(text)
        (namespace,) = re.findall(r"namespace `(\S+)` would pay", text)
        return namespace, answer["structuredContent"]["request"]


def cli_spec(*arguments):
    """What `hf jobs …` would post, and to which namespace. Nothing is uploaded."""

    def post(url, *, json, **_):
        raise Sent(re.search(r"/api/(?:scheduled-)?jobs/([^/]+)$", str(url))[1], json)

    output = io.StringIO()
    try:
        with (
            mock.patch.object(HfApi, "_upload_scripts_to_bucket", return_value=[]),
            mock.patch.object(get_session(), "post", post),
            contextlib.redirect_stdout(output),
            contextlib.redirect_stderr(output),
        ):
            app(["jobs", *arguments], prog_name="hf", standalone_mode=False)
    except Sent as sent:
        return sent.args
    except Exception as error:
        raise Refused(f"{type(error).__name__}: {error}") from error
    raise AssertionError(f"nothing was sent: {output.getvalue()}")


def uv_call(command):
    """The options that uv is given, and the arguments of the script."""
    if command[:2] == ["uv", "run"]:
        (script,) = [at for at, word in enumerate(command) if word.startswith("/data/")]
        return command[2:script], command[script + 1 :]
    options, chunks = re.search(r"; shift (\d+); exec uv run (.*)\"\$d/", command[2]).group(2, 1)
    return shlex.split(options), command[4 + int(chunks) :]


def comparable(spec):
    """A job in a form that both ways to send the same script give."""
    spec = dict(spec)
    spec["uv"] = uv_call(spec.pop("command"))
    spec.pop("arguments", None)
    # The server's is a list of names already.
    spec["secrets"] = sorted(spec.get("secrets") or [])
    spec["volumes"] = [{key: item for key, item in volume.items() if item is not None} for volume in spec.get("volumes") or []]
    # What the default name's digest is made of is each client's own affair.
    labels = dict(spec.get("labels") or {})
    labels["name"] = re.sub(r"-[0-9a-f]{8}$", "-DIGEST", labels["name"])
    return {**{key: value for key, value in spec.items() if value not in (None, {}, [])}, "labels": labels}


@dataclass
class Case:
    """A script's table, what a caller gives beside it, and what both sides say in refusing it."""

    name: str
    table: str = ""
    args: dict = field(default_factory=dict)
    flags: list = field(default_factory=list)
    refused: str | None = None
    source: str | None = None
    schedule: str | None = None


FULL = """
    image = "ghcr.io/astral-sh/uv:python3.13-bookworm"
    flavor = "t4-small"
    python = "3.12"
    timeout = "1.5h"
    name = "from-script"
    namespace = "local"
    network_group = "train"
    secrets = ["HF_TOKEN", "EXTRA_KEY"]
    volumes = ["hf://datasets/org/set@main/part:/in", "hf://buckets/org/bucket:/out:ro"]
    network_aliases = ["worker", "w-2"]
    env = { MODE = "script", EMPTY = "" }
    labels = { team = "script", kind = "b" }
"""
FULL_ARGS = {
    "image": "python:3.13",
    "flavor": "cpu-upgrade",
    "python": "3.11",
    "timeout": "10m",
    "name": "called",
    "namespace": "local",
    "network": {"group": "called", "aliases": ["me"]},
    "secrets": ["HF_TOKEN"],
    "volumes": ["hf://org/model:/in"],
    "env": {"MODE": "called", "MORE": "1"},
    "labels": {"team": "called"},
    "dependencies": ["rich"],
    "script_args": ["--n", "1"],
}
FULL_FLAGS = shlex.split(
    "--image python:3.13 --flavor cpu-upgrade --python 3.11 --timeout 10m --name called --namespace local "
    "--network-group called --network-alias me --secrets HF_TOKEN -v hf://org/model:/in -e MODE=called -e MORE=1 "
    "-l team=called --with rich"
)
BLOCK = "# /// script\n# [tool.hf-jobs]\n# flavor = 't4-small'\n# ///\n"

CASES = [
    Case("no block at all", source="print(1)\n"),
    Case("a block without the table", source="# /// script\n# dependencies = ['rich']\n# ///\n"),
    Case("a block without the table is not parsed", source="# /// script\n# this is no TOML\n# ///\n"),
    Case("an empty table"),
    Case("every key", FULL),
    Case("every key, all of them overruled or completed", FULL, FULL_ARGS, FULL_FLAGS),
    Case("every argument, and no key", "", FULL_ARGS, FULL_FLAGS),
    Case("a whole number of seconds", "timeout = 90"),
    Case("a time-out in days", "timeout = '1d'"),
    Case("a Space as image", "image = 'hf.co/spaces/lhoestq/duckdb'"),
    Case("a name as label", "labels = { name = 'x' }"),
    Case("a name counts more than its label", "name = 'a'\nlabels = { name = 'b', team = 'c' }"),
    Case("a name given as label", "name = 'a'", {"labels": {"name": "c"}}, ["-l", "name=c"]),
    Case("a given name and a label", "labels = { name = 'b', k = 'v' }", {"name": "c"}, ["--name", "c"]),
    Case("secrets by name", "secrets = ['EXTRA_KEY']", {"secrets": ["HF_TOKEN"]}, ["--secrets", "HF_TOKEN"]),
    Case(
        "a literal secret replaces the script's",
        "secrets = ['EXTRA_KEY', 'OTHER']",
        {"secrets": {"OTHER": "open"}},
        ["--secrets", "OTHER=open"],
    ),
    Case(
        "volumes by mount path",
        "volumes = ['hf://org/a:/a', 'hf://org/b:/b']",
        {"volumes": ["hf://buckets/org/c:/b:rw", "hf://org/d:/d"]},
        ["-v", "hf://buckets/org/c:/b:rw", "-v", "hf://org/d:/d"],
    ),
    Case("a directory of a Space", "volumes = ['hf://spaces/org/a/dir:/a:ro']"),
    Case(
        "aliases for a group that is given",
        "network_group = 'one'\nnetwork_aliases = ['a', 'b']",
        {"network": {"group": "two"}},
        ["--network-group", "two"],
    ),
    Case(
        "aliases are replaced whole",
        "network_group = 'one'\nnetwork_aliases = ['a', 'b']",
        {"network": {"group": "one", "aliases": ["c"]}},
        ["--network-group", "one", "--network-alias", "c"],
    ),
    Case("a group alone", "network_group = 'one'"),
    Case("sub-tables", "[tool.hf-jobs.env]\nMODE = 'ä \"x\"'\n[tool.hf-jobs.labels]\nteam = 'ml'"),
    Case("dotted keys and escapes", "env.MODE = \"\\u00e4\\n$HOME\"\nlabels.team = 'ml'"),
    Case("Windows' ends of lines", source=BLOCK.replace("\n", "\r\n")),
    Case("old Macs' ends of lines", source=BLOCK.replace("\n", "\r")),
    Case("a block that is not the file's first words", source=f"#!/usr/bin/env python\n'''doc'''\n{BLOCK}print(1)\n"),
    Case("a block that comments follow", source=f"{BLOCK}# more\nprint(1)\n"),
    Case("a block after one of another type", source=f"# /// other\n# a\n# ///\n\n{BLOCK}"),
    Case("an indented block is none", source=textwrap.indent(BLOCK, " ") + "print(1)\n"),
    Case("a block without an end is none", source="# /// script\n# [tool.hf-jobs]\n# flavor = 't4-small'\nprint(1)\n"),
    Case("scheduled", FULL.replace("network_", "# network_"), schedule="@daily"),
    Case("scheduled, overruled", FULL.replace("network_", "# network_"), {"flavor": "cpu-upgrade"}, ["--flavor", "cpu-upgrade"], schedule="0 5 * * 1"),
    Case("an unknown key", "timout = 90", refused="timout"),
    Case("a key of uv's", "dependencies = ['rich']", refused="dependencies"),
    Case("a key that only the command line has", "attempts = 2", refused="attempts"),
    Case("a number as flavor", "flavor = 4", refused="flavor"),
    Case("a number as Python", "python = 3.12", refused="python"),
    Case("a fraction as time-out", "timeout = 1.5", refused="timeout"),
    Case("a boolean as time-out", "timeout = true", refused="timeout"),
    Case("a time-out of no unit", "timeout = 'soon'", refused="soon"),
    Case("a list as env", "env = ['MODE=1']", refused="env"),
    Case("a number in env", "env = { MODE = 1 }", refused="env.MODE"),
    Case("a boolean in labels", "labels = { gpu = true }", refused="labels.gpu"),
    Case("secrets with values", "secrets = { EXTRA_KEY = 'x' }", refused="secrets"),
    Case("a number among the secrets", "secrets = ['HF_TOKEN', 1]", refused="secrets"),
    Case("a secret that the caller does not have", "secrets = ['NOT_HERE']", refused="NOT_HERE"),
    Case("a string as volumes", "volumes = 'hf://org/a:/a'", refused="volumes"),
    Case("a volume without a mount path", "volumes = ['hf://org/a']", refused="hf://org/a"),
    Case("a volume that is no directory here", "volumes = ['./nowhere:/a']", refused="./nowhere"),
    Case("a string as aliases", "network_group = 'a'\nnetwork_aliases = 'b'", refused="network_aliases"),
    Case("aliases without a group", "network_aliases = ['b']", refused="network_aliases"),
    Case("no TOML", "flavor = t4-small", refused="TOML"),
    Case("a key twice", "flavor = 't4-small'\nflavor = 't4-small'", refused="TOML"),
    Case("a wrong kind, though it is overruled", "flavor = 4", {"flavor": "t4-small"}, ["--flavor", "t4-small"], refused="flavor"),
    Case("an array of tables", source="# /// script\n# [[tool.hf-jobs]]\n# flavor = 'a'\n# ///\n", refused="table"),
    Case("scheduled with a group", "network_group = 'one'", schedule="@daily", refused="network_group"),
    Case("scheduled with aliases", "network_aliases = ['one']", schedule="@daily", refused="network_aliases"),
]  # fmt: skip


def answer(ask, *arguments):
    try:
        return ask(*arguments), None
    except Refused as refused:
        return None, str(refused)


def reject(case, side, text):
    assert case.refused in text, f"{side} does not name `{case.refused}`: {text}"


def check(case, number, server):
    table = textwrap.dedent(case.table).strip()
    lines = [f"# {line}" for line in f"dependencies = []\n[tool.hf-jobs]\n{table}".strip().split("\n")]
    source = case.source or "\n".join(["# /// script", *lines, "# ///", "import sys", "print(sys.argv)", ""])
    path = scripts / f"case_{number}.py"
    path.write_bytes(source.encode())

    head = ["scheduled", "uv", "run", *case.flags, case.schedule] if case.schedule else ["uv", "run", *case.flags]
    theirs, their_reason = answer(cli_spec, *head, str(path), *case.args.get("script_args", []))
    operation = "scheduled uv" if case.schedule else "uv"
    scheduled = {"schedule": case.schedule} if case.schedule else {}
    for script in (path.name, source):
        ours, our_reason = answer(server.spec, operation, {**case.args, **scheduled, "script": script})
        if case.refused:
            assert theirs is None, f"hf jobs sends {theirs}"
            assert ours is None, f"the server sends {ours}"
            reject(case, "hf jobs", their_reason)
            reject(case, "the server", our_reason)
            continue
        assert theirs is not None, f"hf jobs refuses: {their_reason}"
        assert ours is not None, f"the server refuses: {our_reason}"
        assert ours[0] == theirs[0], f"namespace: hf jobs has {theirs[0]}, the server {ours[0]}"
        pairs = [dict(theirs[1]), dict(ours[1])]
        specs = [comparable(spec.pop("jobSpec") if case.schedule else spec) for spec in pairs]
        if script == source:
            # Code without a file has no name to be called after.
            for spec in specs:
                spec["labels"]["name"] = re.sub(r"^.*-DIGEST$", "DIGEST", spec["labels"]["name"])
        same(*specs)
        if case.schedule:
            # False is what the Hub takes where they are left out.
            same(*({key: value for key, value in pair.items() if value not in (None, False)} for pair in pairs))


def same(theirs, ours):
    different = {key: (theirs.get(key), ours.get(key)) for key in {*theirs, *ours} if theirs.get(key) != ours.get(key)}
    said = "".join(f"\n  {key}: hf jobs has {one!r}, the server {other!r}" for key, (one, other) in different.items())
    assert not different, said


def main():
    server = Server()
    failed = 0
    try:
        for number, case in enumerate(CASES):
            try:
                check(case, number, server)
                print(f"ok - {case.name}", flush=True)
            except Exception as error:
                failed += 1
                print(f"not ok - {case.name}", flush=True)
                reason = f"{type(error).__name__}: {error}".replace(started["token"], "TOKEN")
                print(textwrap.indent(reason, "    "), flush=True)
    finally:
        server.process.stdin.close()
        server.process.wait(timeout=10)
    print(f"{len(CASES) - failed} passed, {failed} failed")
    return 1 if failed else 0


try:
    sys.exit(main())
finally:
    hub.kill()
