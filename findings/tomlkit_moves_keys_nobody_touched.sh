#!/usr/bin/env bash
# tomlkit, asked to add a table beside dotted keys, moves the keys that stood behind them into the new table.
#
# tomlkit is what one takes to change somebody's configuration and leave the rest as it is. A good guess is that a value
# which was not assigned to still has its path and value after dumps(). Adding a table to one that is written with dotted
# keys puts the new header, without its parent's name, between these lines, so what follows now belongs to it. The document
# in memory is still right and the file is valid TOML, but the program that reads it finds no timeout and no retries.
# Needs python3 (3.11 or later) with pip.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv --without-pip "$work/venv"
python3 -m pip --python "$work/venv/bin/python" install -qq --no-compile --disable-pip-version-check tomlkit==0.15.2
cat >"$work/see.py" <<'EOF'
import tomllib
import tomlkit

source = '[relay]\nhttp.proxy = "none"\nhttp.timeout = 30\nretries = 2\n'
document = tomlkit.parse(source)
document["relay"]["http"]["headers"] = {"x-team": "a"}
text = tomlkit.dumps(document)
read = tomllib.loads(text)
print("tomlkit", tomlkit.__version__)
print(text)
print("read again:", read)
moved = "retries" not in read["relay"] and "timeout" not in read["relay"]["http"]
inside = document["relay"]["retries"] == 2
print(f"the document in memory still has relay.retries: {inside}")
raise SystemExit(0 if moved and inside else "CHANGED: retries and timeout are where they were")
EOF
env -i HOME="$work" PATH=/usr/bin:/bin "$work/venv/bin/python" "$work/see.py"
