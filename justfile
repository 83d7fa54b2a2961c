# Recipes for what is not a part of `.ci/run`.

# Lists them.
default:
    @just --list

# All that a change has to pass.
ci:
    bash .ci/run

# What the Dockerfile does, without a container engine, and how the result starts and ends (minutes).
image:
    bash tests/image/check.sh

# A minute of each fuzz target (needs `cargo install cargo-fuzz`; the stable toolchain will do).
fuzz seconds="60":
    #!/usr/bin/env bash
    set -euo pipefail
    for target in sse clean scrub scan command volume arguments; do
        RUSTC_BOOTSTRAP=1 cargo fuzz run "$target" -- -max_total_time={{ seconds }}
    done

# Licences, sources, banned and vulnerable crates (needs `cargo install cargo-deny`).
deny:
    cargo deny check

# Whether the tests notice what is changed where the secrets are (needs `cargo install cargo-mutants`; hours).
mutants:
    cargo mutants -f 'src/secrets/**' -- --lib

# Lines a second, and whole logs.
bench:
    cargo bench
    cargo build --release
    python3 benches/logs.py
