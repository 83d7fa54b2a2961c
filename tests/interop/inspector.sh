#!/usr/bin/env bash
# Drives the built server with MCP Inspector's command line. Takes no arguments, needs node and npm.
# shellcheck source=tests/interop/server.sh
source "$(dirname "${BASH_SOURCE[0]}")/server.sh"

use_new_node
folder=$(npm_package @modelcontextprotocol/inspector 2.12.0 --ignore-scripts)
# One Hub for all servers: each command over pipes starts one, with which a Hub of its own would end.
coproc hub { exec "$target/debug/examples/local_hub" 2>/dev/null; }
read -r -t 60 started <&"${hub[0]}"
field() { node -p 'JSON.parse(process.argv[1])[process.argv[2]]' "$started" "$1"; }
HF_ENDPOINT=$(field endpoint)
HF_TOKEN=$(field token)
# Its settings, and the server's.
HOME=$PWD/$work/inspector-home
mkdir -p "$HOME"
export HF_ENDPOINT HF_TOKEN HOME

token=$(door_token inspector)
serve_http inspector --http-token-file "$token"
timeout 240 node tests/interop/inspector.mjs "$folder" "$server" "$origin" "$token"
