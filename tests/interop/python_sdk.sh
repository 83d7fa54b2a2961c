#!/usr/bin/env bash
# Drives the built server with the Python SDKs. Takes no arguments, needs python3 with venv.
# shellcheck source=tests/interop/server.sh
source "$(dirname "${BASH_SOURCE[0]}")/server.sh"

versions=(1.30.0 2.3.0)

token=$(door_token python)
serve_http python --local --http-token-file "$token"
failed=0
for version in "${versions[@]}"; do
  python=$(python_with "mcp==$version")
  timeout 180 "$python" tests/interop/python_sdk.py "$server" "$origin" "$token" || failed=1
done
# Over two transports, by the older version and by the newer one in its two modes.
cancelled_calls_ended python 6 || failed=1
exit "$failed"
