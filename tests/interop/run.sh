#!/bin/sh
# Drives the local Hub with clients from other ecosystems, which are the judges of whether it is true to the Hub, and compares
# what the server makes of scripts with what huggingface_hub does.
# Needs cargo, python3 (3.10 or newer), node with npm and a package index; everything is made below target/interop.
set -eu
cd "$(dirname "$0")/../.."

target=${CARGO_TARGET_DIR:-target}
work=$target/interop
python=$work/venv/bin/python

if ! "$python" -c 'import huggingface_hub' 2>/dev/null; then
    rm -rf "$work/venv"
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet --disable-pip-version-check 'huggingface_hub>=2.4'
fi
cargo build --quiet --bin hf-jobs-mcp --example local_hub
"$python" tests/interop/hf_jobs.py "$target/debug/examples/local_hub" "$work"
"$python" tests/interop/uv_scripts.py "$target/debug/examples/local_hub" "$target/debug/hf-jobs-mcp" "$work"
"$python" tests/interop/browser_login.py "$target/debug/examples/local_hub" "$target/debug/hf-jobs-mcp" "$work"
"$python" tests/interop/clients/run.py "$target/debug/hf-jobs-mcp" "$work"
