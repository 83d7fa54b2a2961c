"""Does what the Dockerfile does without a container engine, and checks the result.

Usage: check.py REPOSITORY CACHE_DIRECTORY LOCAL_HUB_BINARY. Each stage is an empty folder: COPY copies into it what .dockerignore lets
through, RUN runs there with no program besides those of the stage's base. The last stage, with the files and libraries that its base
has, is the root of the processes that are checked. Prints `ok - name` or `not ok - name` for each check.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

import container
import dockerfile
from hub import Hub, authority

REPOSITORY, CACHE, HUB = (Path(argument).resolve() for argument in sys.argv[1:])


@dataclass
class Base:
    """What the check knows of an image that a stage begins with."""

    debian: int
    # The programs that a RUN may use. Of what the image has, list what is needed.
    programs: tuple[str, ...] = ()
    # The shared libraries, as regular expressions.
    libraries: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()


BASES = {
    # Debian's essential packages, ca-certificates, gcc and libc6-dev, and Rust (rust-lang/docker-rust, stable/bookworm/slim).
    "rust:1-slim-bookworm": Base(
        debian=12,
        programs=("cargo", "rustc", "cc", "ar", "as", "ld", "sh", "find", "touch", "cp"),
    ),
    # GoogleContainerTools/distroless: base/config.bzl and cc/config.bzl name libc6, libssl3, libgcc-s1, libstdc++6 and libgomp1, and
    # Debian's packages of these names hold these files. The environment is from static/static.bzl.
    "gcr.io/distroless/cc-debian12:nonroot": Base(
        debian=12,
        libraries=(
            r"ld-linux.*\.so\.\d",
            r"lib(c|m|mvec|dl|pthread|rt|util|resolv|anl|nsl|nss_\w+|BrokenLocale|thread_db)\.so\.\d",
            r"lib(ssl|crypto)\.so\.3",
            r"libgcc_s\.so\.1",
            r"libstdc\+\+\.so\.6",
            r"libgomp\.so\.1",
        ),
        environment=(
            ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
            ("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt"),
        ),
    ),
}
# What must never be in a layer.
PRIVATE = (".env", ".git/config", "target/release/hf-jobs-mcp", "token", "home/.cache/huggingface/token")
# These would change the build; the image has none of them.
FOREIGN_SETTINGS = re.compile("RUSTFLAGS|CARGO_ENCODED_RUSTFLAGS|CARGO_(BUILD|TARGET)_.*|RUSTC_.*")


class Builder:
    """Builds the stages below `folder`."""

    def __init__(self, folder):
        self.folder = folder
        self.ignored = dockerfile.Ignored((REPOSITORY / ".dockerignore").read_text())
        self.roots = {}

    def root(self, stage):
        return self.roots.setdefault(stage.name, self.folder / (stage.name or "final"))

    def copy(self, stage, workdir, step):
        source_root = self.roots[step.stage] if step.stage else REPOSITORY
        target = inside(self.root(stage), workdir, step.target)
        several = len(step.sources) > 1 or step.target.endswith("/")
        for source in step.sources:
            path = inside(source_root, "/", source)
            files = sorted(path.rglob("*")) if path.is_dir() else [path]
            copied = 0
            for file in filter(Path.is_file, files):
                if step.stage or not self.ignored(file.relative_to(REPOSITORY)):
                    # A folder's content is copied, not the folder.
                    name = file.relative_to(path) if path.is_dir() else Path(path.name if several else "")
                    place = target / name
                    place.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(file, place)
                    copied += 1
            assert copied, f"COPY {source}: no such file in what the builder is sent"

    def run(self, stage, workdir, step):
        absolute = [word for word in shlex.split(step.command) if word.startswith("/")]
        assert not absolute, f"RUN names {absolute}: here that would be a file of this machine"
        folder = inside(self.root(stage), workdir, ".")
        folder.mkdir(parents=True, exist_ok=True)
        mounts = []
        for cache in step.caches:
            place = inside(self.root(stage), "/", cache)
            # Other caches are cargo's own, which this machine has too.
            if folder in place.parents:
                kept = CACHE / cache.strip("/").replace("/", "-")
                kept.mkdir(parents=True, exist_ok=True)
                place.symlink_to(kept)
                mounts.append(place)
        environment = {name: value for name, value in os.environ.items() if not FOREIGN_SETTINGS.fullmatch(name)}
        environment["PATH"] = str(self.programs(BASES[stage.base].programs))
        subprocess.run(["/bin/sh", "-c", step.command], cwd=folder, env=environment, check=True)
        for place in mounts:
            place.unlink()

    def programs(self, names):
        folder = self.folder / "programs"
        folder.mkdir(exist_ok=True)
        for name in names:
            if not (folder / name).exists():
                (folder / name).symlink_to(shutil.which(name) or f"/missing/{name}")
        return folder

    def build(self, stage):
        self.root(stage).mkdir()
        for workdir, step in stage.steps:
            (self.copy if isinstance(step, dockerfile.Copy) else self.run)(stage, workdir, step)


def inside(root, workdir, path):
    """Where a path of a stage is on this machine."""
    place = Path(os.path.normpath(root / os.path.join(workdir, path).lstrip("/")))
    assert place == root or root in place.parents, f"{path} is outside of its stage"
    return place


def libraries(program):
    """The shared libraries that a program loads."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    assert "not found" not in listed, listed
    return sorted({Path(path) for path in re.findall(r"(/\S+\.so\S*) \(0x", listed)})


def add_libraries(root, program, base):
    """Adds the libraries that the final stage has to the root, when it has all that are needed."""
    needed = libraries(program)
    names = [library.name for library in needed]
    missing = [name for name in names if not any(re.fullmatch(known, name) for known in base.libraries)]
    assert not missing, f"the final stage has no {', '.join(missing)}"
    for library in needed:
        place = root / library.relative_to("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, place)
    return ", ".join(names)


def add_base_files(root, authority_file, user):
    """Adds what the base has and what an engine mounts, as far as the program may read it."""
    uid = user.partition(":")[0]
    for path, text in {
        "etc/passwd": f"root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:{uid}:{uid}:nonroot:/home/nonroot:/sbin/nologin\n",
        "etc/nsswitch.conf": "hosts: files dns\n",
        "etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
        "etc/ssl/certs/ca-certificates.crt": authority_file.read_text(),
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    (root / "tmp").mkdir()
    (root / "tmp").chmod(0o1777)


failed = 0


def check(name, body, *arguments):
    """Runs one check, and prints what it returns after its name; what it returns, or `None` when it failed."""
    global failed
    started = time.monotonic()
    try:
        result = body(*arguments)
        print(f"ok - image: {name}{f' ({result})' if isinstance(result, str) else ''}", flush=True)
        return result
    except Exception as error:
        failed += 1
        print(f"not ok - image: {name} (after {time.monotonic() - started:.1f} s)")
        print("".join(f"#   {line}\n" for line in "".join(traceback.format_exception(error)).splitlines()), flush=True)
        return None


def nothing_private(ignored):
    sent = [path for path in PRIVATE if not ignored(path)]
    assert not sent, f"the builder is sent {sent}"


def same_debian(stages):
    unknown = [stage.base for stage in stages if stage.base not in BASES]
    assert not unknown, f"BASES does not say what {unknown} hold"
    releases = {BASES[stage.base].debian for stage in stages}
    assert len(releases) == 1, f"the stages are of Debian {releases}: the program may need a newer glibc than there is"
    return f"Debian {releases.pop()}"


def build(builder, stages):
    started = time.monotonic()
    for stage in stages:
        builder.build(stage)
    program = inside(builder.root(stages[-1]), "/", stages[-1].entrypoint[0])
    return f"{program.stat().st_size / 1e6:.1f} MB in {time.monotonic() - started:.0f} s"


def nothing_written(image, before):
    written = set(image.root.rglob("*")) - before - image.given
    assert not written, f"written: {sorted(written)}"


def main(scratch):
    stages = dockerfile.parse((REPOSITORY / "Dockerfile").read_text())
    final = stages[-1]
    builder = Builder(scratch)
    check("the builder is sent no login, no history and no build", nothing_private, builder.ignored)
    if not check("its stages have the same glibc", same_debian, stages):
        return
    if not check("builds from what COPY and .dockerignore let through", build, builder, stages):
        return
    root = builder.root(final)
    program = inside(root, "/", final.entrypoint[0])
    if not check("needs no library that the final stage does not have", add_libraries, root, program, BASES[final.base]):
        return
    certificates = authority(scratch)
    add_base_files(root, certificates.authority, final.user)
    image = container.Image(root, final.user, final.entrypoint, dict(BASES[final.base].environment))
    with Hub(HUB, certificates) as hub:
        image.login(hub)
        before = set(root.rglob("*"))
        if check(f"starts as {final.user}, with no HOME and nothing else in its root", image.version):
            for name, body in container.CHECKS:
                check(name, body, image, hub)
            check("needs no file that it may write", nothing_written, image, before)


with tempfile.TemporaryDirectory(prefix="image-") as folder:
    main(Path(folder))
sys.exit(1 if failed else 0)
