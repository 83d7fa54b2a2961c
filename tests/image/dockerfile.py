"""Reads a Dockerfile and a .dockerignore, as far as this repository's use of them goes. What is not understood is an error, so that
nothing is skipped without notice.

Sources: the Dockerfile reference (docs.docker.com/reference/dockerfile), and moby/patternmatcher for .dockerignore.
"""

import json
import re
import shlex
from dataclasses import dataclass, field
from pathlib import PurePosixPath

HEREDOC = re.compile(r"<<-?['\"]?\w")


class Unsupported(Exception):
    """An instruction, or a form of one, that this reader does not know."""


@dataclass
class Copy:
    sources: list[str]
    target: str
    stage: str | None


@dataclass
class Run:
    command: str
    # Where each cache is mounted.
    caches: list[str]


@dataclass
class Stage:
    base: str
    name: str | None
    # Where COPY and RUN work: the WORKDIR at that point.
    steps: list[tuple[str, Copy | Run]] = field(default_factory=list)
    user: str | None = None
    entrypoint: list[str] = field(default_factory=list)
    workdir: str = "/"


def instructions(text):
    """Each instruction with what follows it; comments and line continuations are resolved."""
    whole = ""
    for line in text.splitlines():
        # Comments are dropped within a continued instruction too; so are empty lines.
        if line.lstrip().startswith("#") or not line.strip():
            continue
        whole += line.removesuffix("\\")
        if line.endswith("\\"):
            continue
        keyword, _, rest = whole.strip().partition(" ")
        yield keyword.upper(), rest.strip()
        whole = ""
    if whole:
        raise Unsupported(f"the last line continues: {whole}")


def flags(rest):
    """Splits `--name=value` words off the front."""
    found = []
    while rest.startswith("--"):
        word, _, rest = rest.partition(" ")
        name, _, value = word.removeprefix("--").partition("=")
        found.append((name, value))
        rest = rest.strip()
    return found, rest


def copy(rest):
    options, rest = flags(rest)
    stage = None
    for name, value in options:
        if name != "from":
            raise Unsupported(f"COPY --{name}")
        stage = value
    words = json.loads(rest) if rest.startswith("[") else shlex.split(rest)
    if len(words) < 2 or any(re.search(r"[*?$\[]", word) for word in words) or HEREDOC.search(rest):
        raise Unsupported(f"COPY {rest}")
    return Copy(words[:-1], words[-1], stage)


def run(rest):
    options, command = flags(rest)
    caches = []
    for name, value in options:
        settings = dict(part.partition("=")[::2] for part in value.split(","))
        if name != "mount" or settings.pop("type", None) != "cache" or settings.keys() - {"target", "id", "sharing"}:
            raise Unsupported(f"RUN --{name}={value}")
        caches.append(settings["target"])
    if command.startswith("[") or HEREDOC.search(command):
        raise Unsupported(f"RUN {command}")
    return Run(command, caches)


def parse(text):
    """The stages of a Dockerfile, in their order."""
    stages = []
    for keyword, rest in instructions(text):
        if keyword == "FROM":
            words = rest.split()
            if len(words) not in (1, 3) or (len(words) == 3 and words[1].upper() != "AS"):
                raise Unsupported(f"FROM {rest}")
            stages.append(Stage(words[0], words[2] if len(words) == 3 else None))
            continue
        if not stages:
            raise Unsupported(f"{keyword} before FROM")
        stage = stages[-1]
        match keyword:
            case "WORKDIR":
                stage.workdir = str(PurePosixPath(stage.workdir) / rest)
            case "COPY":
                stage.steps.append((stage.workdir, copy(rest)))
            case "RUN":
                stage.steps.append((stage.workdir, run(rest)))
            case "USER":
                stage.user = rest
            case "ENTRYPOINT":
                # In its other form a shell starts the program, and there is none.
                stage.entrypoint = json.loads(rest)
            # They change nothing that runs here: labels, and the arguments that labels are made of.
            case "ARG" | "LABEL":
                pass
            case _:
                raise Unsupported(f"{keyword} {rest}")
    return stages


class Ignored:
    """What .dockerignore keeps from the builder."""

    def __init__(self, text):
        self.rules = []
        for line in map(str.strip, text.splitlines()):
            if line and not line.startswith("#"):
                pattern = line.removeprefix("!").strip().strip("/")
                self.rules.append((self.expression(pattern), line.startswith("!")))

    @staticmethod
    def expression(pattern):
        if re.search(r"[\[\\]", pattern):
            raise Unsupported(f"{pattern} in .dockerignore")
        wild = {"**/": "(.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
        parts = re.findall(r"\*\*/|\*\*|\*|\?|[^*?]+", pattern)
        return re.compile("".join(wild.get(part, re.escape(part)) for part in parts))

    def __call__(self, path):
        """Whether a file is ignored: the last rule decides that matches it or a folder that it is in."""
        path = PurePosixPath(path)
        names = [str(path), *map(str, path.parents)][:-1]
        ignored = False
        for expression, excepted in self.rules:
            if any(expression.fullmatch(name) for name in names):
                ignored = not excepted
        return ignored
