#!/usr/bin/env bash
# claude-code-router leaves the configuration of before, keys and all, beside the new one.
#
# A good guess is that a key which was replaced in its settings is gone from the disk. Saving through its own server keeps
# the old text as config.json.TIME.bak, so whoever looks for keys (or wants to be rid of one) has to look there too.
# Needs node, npm and curl. Listens on loopback for a few seconds.
set -euo pipefail
work=$(mktemp -d); server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$work/npm" @musistudio/claude-code-router@2.0.0 >/dev/null
mkdir -p "$work/home/.claude-code-router"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
config() {
    printf '{"PORT":%s,"HOST":"127.0.0.1","Providers":[{"name":"r","api_base_url":"https://relay.example/v1/chat/completions","api_key":"%s","models":["m"]}],"Router":{"default":"r,m"}}' "$port" "$1"
}
config sk-example-finding-old-0123456789 >"$work/home/.claude-code-router/config.json"
env -i HOME="$work/home" PATH="$(dirname "$(command -v node)"):/usr/bin:/bin" \
    "$work/npm/node_modules/.bin/ccr" start </dev/null >/dev/null 2>&1 &
server=$!
for _ in $(seq 60); do curl -s "http://127.0.0.1:$port/api/config" >/dev/null && break; sleep 0.5; done
curl -s -X POST "http://127.0.0.1:$port/api/config" -H 'content-type: application/json' \
    -d "$(config sk-example-finding-new-0123456789)" >/dev/null
echo "@musistudio/claude-code-router $(node -p "require('$work/npm/node_modules/@musistudio/claude-code-router/package.json').version"), node $(node --version)"
ls "$work/home/.claude-code-router" | grep config
grep -q finding-new "$work/home/.claude-code-router/config.json" || { echo "CHANGED: nothing was saved"; exit 1; }
grep -lq finding-old "$work/home/.claude-code-router/"config.json.*.bak || { echo "CHANGED: no copy with the old key"; exit 1; }
echo "the old key is still in config.json.TIME.bak"
