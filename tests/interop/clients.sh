#!/usr/bin/env bash
# Connects the assistants that people use, each over stdio and over HTTP, without an account. Takes no arguments, needs node, npm and
# python3.
# shellcheck source=tests/interop/server.sh
source "$(dirname "${BASH_SOURCE[0]}")/server.sh"

use_new_node
# The programs of these two are put in place by their installation scripts.
claude=$(npm_package @anthropic-ai/claude-code 2.1.332)
opencode=$(npm_package opencode-ai 1.18.33)
codex=$(npm_package @openai/codex 0.171.0 --ignore-scripts)
gemini=$(npm_package @google/gemini-cli 0.61.0 --ignore-scripts)

token=$(door_token clients)
serve_http clients --local --http-token-file "$token"
timeout 300 python3 tests/interop/clients.py "$server" "$origin" "$token" "$work/clients" "$claude" "$codex" "$gemini" "$opencode"
