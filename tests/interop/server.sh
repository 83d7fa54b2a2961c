# shellcheck shell=bash
# Sourced by the checks with other people's clients: installs what they need below target/interop, kept by version, and serves
# over HTTP what was built.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
target=${CARGO_TARGET_DIR:-target}
work=$target/interop
server=$target/debug/hf-jobs-mcp
# The newest Node that the clients of 2026 ask for: the Inspector and the conformance suite don't load in Node 20.
node_version=22.23.3
node_least=22.19.0
servers=()

mkdir -p "$work"

# Where `$1` of npm is installed in version `$2`: installs it unless that was done before. Further arguments are npm's.
npm_package() {
  local folder="$work/npm/${1//\//-}-$2"
  if [[ ! -f "$folder/complete" ]]; then
    rm -rf "$folder"
    mkdir -p "$folder"
    npm install --prefix "$folder" --no-save --no-audit --no-fund --loglevel error "${@:3}" "$1@$2" >&2
    touch "$folder/complete"
  fi
  printf '%s\n' "$folder"
}

# The Python that has the packages `$@`, each as `name==version`.
python_with() {
  local folder="$work/${1//==/-}"
  if [[ ! -f "$folder/complete" ]]; then
    rm -rf "$folder"
    python3 -m venv "$folder"
    # Few of their modules are loaded.
    "$folder/bin/pip" install --quiet --disable-pip-version-check --no-compile "$@" >&2
    touch "$folder/complete"
  fi
  printf '%s\n' "$folder/bin/python"
}

# Puts a Node in front that is new enough.
use_new_node() {
  local folder
  node -e 'const [a, b] = process.argv.slice(1).map((v) => v.split(".").map(Number));
    process.exit(a[0] > b[0] || (a[0] === b[0] && a[1] >= b[1]) ? 0 : 1)' "$(node -p process.versions.node)" "$node_least" &&
    return
  # Its installation puts the program in place.
  folder=$(npm_package node "$node_version")
  PATH=$PWD/$folder/node_modules/.bin:$PATH
}

# A file of a token for the door that nobody has had before; its name tells it from others'.
door_token() {
  local file="$work/door-token-$1"
  rm -f "$file"
  (umask 077 && od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"$file")
  printf '%s\n' "$file"
}

# Serves over HTTP, logging to `$1.log`, until this script ends. Further arguments are the server's. Sets `origin`.
serve_http() {
  local line stderr log="$work/$1.log"
  exec {stderr}< <(exec "$server" --http 127.0.0.1:0 "${@:2}" 2>&1 >/dev/null)
  servers+=($!)
  trap stop_servers EXIT
  origin=
  : >"$log"
  while [[ -z $origin ]] && IFS= read -r -t 60 line <&"$stderr"; do
    printf '%s\n' "$line" >>"$log"
    [[ ! $line =~ ^listening\ on\ (http://[^/]+)/mcp ]] || origin=${BASH_REMATCH[1]}
  done
  cat <&"$stderr" >>"$log" &
  if [[ -z $origin ]]; then
    echo "not ok - the server listens"
    cat "$log"
    exit 1
  fi
}

# Their jobs end with them.
stop_servers() {
  local pid
  for pid in "${servers[@]}"; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  servers=()
}

# Ends the servers, and looks in `$1.log` that `$2` calls were dropped before their answer, as calls that are cancelled are. What a
# client can't see: one that hangs up hears nothing more in any case.
cancelled_calls_ended() {
  local count
  stop_servers
  count=$(grep -c 'its answer may not have been read' "$work/$1.log" || true)
  if [[ $count -eq $2 ]]; then
    echo "ok - $1: the server has dropped the $2 calls that were cancelled over HTTP"
  else
    echo "not ok - $1: the server has dropped $count of the $2 calls that were cancelled over HTTP"
    return 1
  fi
}
