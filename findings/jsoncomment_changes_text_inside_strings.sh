#!/usr/bin/env bash
# JsonComment takes commas out of strings: plain JSON without any comment comes back with other text in it.
#
# It reads JSON with comments and trailing commas, as settings files of editors have them. A good guess is that such a
# reader gives for strict JSON what json.loads gives. It removes a comma before a closing bracket wherever it stands, so a
# glob, a regular expression or a shell command in a string changes silently; the line separator U+2028 vanishes as well.
# Needs python3 with pip.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv --without-pip "$work/venv"
python3 -m pip --python "$work/venv/bin/python" install -qq --no-compile --disable-pip-version-check jsoncomment==0.4.2
cat >"$work/see.py" <<'EOF'
import json
from importlib.metadata import version
from jsoncomment import JsonComment

source = r'{"command": "ls {a,b,}", "pattern": "[0-9,]+", "text": "one' + "\u2028" + 'two"}'
strict, lenient = json.loads(source), JsonComment().loads(source)
print("jsoncomment", version("jsoncomment"))
for name, value in strict.items():
    print(f"{name}: {value!r} is read as {lenient[name]!r}")
same = lenient == {"command": "ls {a,b}", "pattern": "[0-9]+", "text": "onetwo"}
raise SystemExit(0 if same else "CHANGED: strings are left alone")
EOF
env -i HOME="$work" PATH=/usr/bin:/bin "$work/venv/bin/python" "$work/see.py"
