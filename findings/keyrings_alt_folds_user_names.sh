#!/usr/bin/env bash
# The file keyrings of keyrings.alt do not tell "Me" from "me": the second password overwrites the first.
#
# keyring hands service and user name on as they are, and the Secret Service keeps them apart letter by letter. A good
# guess is that the backend one falls back to on a server without a desktop does the same. Its file is an INI file whose
# option names are folded to lower case, while the service (a section) keeps its case. Tools that use a profile's name or
# an account as the user name lose a key without an error.
# Needs python3 with pip.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv --without-pip "$work/venv"
python3 -m pip --python "$work/venv/bin/python" install -qq --no-compile --disable-pip-version-check keyring==25.7.0 keyrings.alt==5.0.2
cat >"$work/see.py" <<'EOF'
from importlib.metadata import version
from keyrings.alt.file import PlaintextKeyring

ring = PlaintextKeyring()
ring.set_password("relay", "Work", "sk-example-finding-first")
ring.set_password("relay", "work", "sk-example-finding-second")
ring.set_password("RELAY", "work", "sk-example-finding-third")
upper, lower = ring.get_password("relay", "Work"), ring.get_password("relay", "work")
print("keyring", version("keyring"), "keyrings.alt", version("keyrings.alt"))
print(f"relay/Work: {upper}; relay/work: {lower}; RELAY/work: {ring.get_password('RELAY', 'work')}")
raise SystemExit(0 if upper == lower == "sk-example-finding-second" else "CHANGED: they are kept apart")
EOF
env -i HOME="$work" PATH=/usr/bin:/bin "$work/venv/bin/python" "$work/see.py"
