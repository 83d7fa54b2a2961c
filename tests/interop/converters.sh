#!/usr/bin/env bash
# Gives the tools' schemas to the libraries by which agents pass them on to Gemini and OpenAI. Takes no arguments, needs python3 with
# venv.
# shellcheck source=tests/interop/server.sh
source "$(dirname "${BASH_SOURCE[0]}")/server.sh"

python=$(python_with google-genai==3.6.1 openai-agents==0.24.0)
timeout 120 "$python" tests/interop/converters.py "$server"
