#!/bin/sh
# Drives the local Hub with clients from other ecosystems, which are the judges of whether it is true to the Hub, compares
# what the server makes of scripts with what huggingface_hub does, and drives the server with the MCP clients there are, over
# each of their transports.
# Needs cargo, bash, python3 (3.10 or newer) with venv, node (20 or newer) with npm, and their package indexes; everything is made
# below target/interop.
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

# What MCP clients need is installed by each of these. They wait more than they work: three lanes, each printed whole.
lane() {
    failed=0
    for checks; do
        bash "tests/interop/$checks.sh" || failed=1
    done
    return "$failed"
}
# Once, before two lanes want it at the same time.
bash -c 'source tests/interop/server.sh && use_new_node'
lane inspector conformance >"$work/second-lane.log" 2>&1 &
second=$!
lane clients converters >"$work/third-lane.log" 2>&1 &
third=$!
failed=0
lane typescript python_sdk || failed=1
wait "$second" || failed=1
cat "$work/second-lane.log"
wait "$third" || failed=1
cat "$work/third-lane.log"
exit "$failed"
