#!/usr/bin/env bash
# Drives the built server with the TypeScript SDKs. Takes no arguments, needs node and npm.
# shellcheck source=tests/interop/server.sh
source "$(dirname "${BASH_SOURCE[0]}")/server.sh"

packages=(@modelcontextprotocol/sdk@1.32.2 @modelcontextprotocol/client@2.4.0)

token=$(door_token typescript)
serve_http typescript --local --http-token-file "$token"
failed=0
for package in "${packages[@]}"; do
  folder=$(npm_package "${package%@*}" "${package##*@}" --ignore-scripts)
  timeout 180 node tests/interop/typescript.mjs "$folder" "$server" "$origin" "$token" || failed=1
done
# Over two transports, by the older version and by the newer one in its two modes.
cancelled_calls_ended typescript 6 || failed=1
exit "$failed"
