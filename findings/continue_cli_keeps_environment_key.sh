#!/usr/bin/env bash
# Continue's cn writes a key that it was only given as an environment variable into a file.
#
# A good guess is that `ANTHROPIC_API_KEY=… cn -p` uses the variable for that one run, as other command lines do. With no
# configuration yet, it makes ~/.continue/config.yaml, with the key in plain text under each of its models.
# Needs node and npm. Nothing leaves the machine: the proxy named below listens nowhere.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$work/npm" @continuedev/cli@1.5.47 >/dev/null
mkdir "$work/home"
key=sk-example-finding-0123456789
env -i HOME="$work/home" PATH="$(dirname "$(command -v node)"):/usr/bin:/bin" CI=1 TERM=dumb \
    HTTPS_PROXY=http://127.0.0.1:9 ANTHROPIC_API_KEY=$key \
    timeout 60 "$work/npm/node_modules/.bin/cn" -p hi </dev/null >/dev/null 2>&1 || true
echo "@continuedev/cli $(node -p "require('$work/npm/node_modules/@continuedev/cli/package.json').version"), node $(node --version)"
file="$work/home/.continue/config.yaml"
[ -f "$file" ] || { echo "CHANGED: no config.yaml was made"; exit 1; }
count=$(grep -c "apiKey: $key" "$file" || true)
echo "config.yaml holds the variable's value $count times, mode $(stat -c %a "$file")"
[ "$count" -ge 1 ] || { echo "CHANGED: the key is not in it any more"; exit 1; }
