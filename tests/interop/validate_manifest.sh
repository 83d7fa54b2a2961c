#!/usr/bin/env bash
# Checks mcp-manifest.json with the validator that MCPB publishes on npm. Takes no arguments, needs node and npm.
set -euo pipefail

validator=@anthropic-ai/mcpb
version=2.1.2

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
folder="${CARGO_TARGET_DIR:-target}/interop/mcpb-$version"
mcpb="$folder/node_modules/.bin/mcpb"
test_name="mcp-manifest.json is valid ($validator $version)"

fail() {
  echo "not ok - $test_name: $1"
  exit 1
}

if [[ ! -x "$mcpb" ]]; then
  command -v npm >/dev/null || fail "npm is needed to install the validator"
  mkdir -p "$folder"
  npm install --prefix "$folder" --no-save --no-audit --no-fund --ignore-scripts --loglevel error \
    "$validator@$version" >/dev/null || fail "the validator could not be installed"
fi

"$mcpb" validate mcp-manifest.json || fail "the validator refused it"
echo "ok - $test_name"
