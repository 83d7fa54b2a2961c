#!/usr/bin/env bash
# Runs the official conformance suite against the built server over HTTP, in each revision that it knows. Takes no arguments,
# needs node and npm. `conformance.yml` has what is expected to fail.
# shellcheck source=tests/interop/server.sh
source "$(dirname "${BASH_SOURCE[0]}")/server.sh"

version=0.2.0-alpha.12
revisions=(2025-11-25 2026-07-28)

use_new_node
folder=$(npm_package @modelcontextprotocol/conformance "$version" --ignore-scripts)
serve_http conformance --local --http-no-auth
failed=0
for revision in "${revisions[@]}"; do
  log="$work/conformance-$revision.log"
  # `all` holds what a revision requires, and what came after its release; extensions, of which the server has none, are apart.
  if timeout 240 node "$folder/node_modules/@modelcontextprotocol/conformance/dist/index.js" server --url "$origin/mcp" \
    --suite all --spec-version "$revision" --expected-failures tests/interop/conformance.yml >"$log" 2>&1; then
    verdict=ok
  else
    verdict='not ok'
    failed=1
    sed 's/^/#   /' "$log"
  fi
  echo "$verdict - conformance $version, $revision: $(grep -c '^✓' "$log") scenarios pass whole, $(grep -c '^ *~' "$log") checks fail as expected, $(grep -a '^Total:' "$log")"
done
# The suite takes an entry of which it has heard nothing for one whose turn didn't come.
unheard=$(comm -23 <(sed -n 's/^  - \([^ ]*\).*/\1/p' tests/interop/conformance.yml | sort) \
  <(sed -n 's/^ *~ \([^ ]*\).*/\1/p' "$work"/conformance-20*.log | sort -u))
if [[ -n $unheard ]]; then
  echo "not ok - every expected failure is one: ${unheard//$'\n'/ }"
  failed=1
fi
exit "$failed"
