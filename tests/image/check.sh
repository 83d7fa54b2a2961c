#!/usr/bin/env bash
# Does what the Dockerfile does without a container engine, and runs the result as a container would. Takes no arguments; needs
# Linux, cargo, python3 (3.10 or newer) and openssl, and root or user namespaces. CARGO_PROFILE_RELEASE_* change how it is built.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
target=${CARGO_TARGET_DIR:-target}

cargo build --quiet --locked --example local_hub
exec python3 -B tests/image/check.py . "$target/image" "$target/debug/examples/local_hub"
