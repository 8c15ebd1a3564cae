#!/usr/bin/env bash
# keyring's chain of backends deletes from the first backend only: the older password then comes back.
#
# With more than one backend installed, keyring chains them by itself: it reads from all of them and writes to the first.
# A good guess is that delete_password makes get_password answer None, and raises only when there was nothing to delete.
# After a second backend was installed beside an older one, a replaced key that is deleted gives way to the old one; and a
# key that only the older backend holds is still read, while deleting it raises "Password not found".
# Needs python3 with pip. No network, no prompt: both backends are files in the temporary folder.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv --without-pip "$work/venv"
python3 -m pip --python "$work/venv/bin/python" install -qq --no-compile --disable-pip-version-check \
    keyring==25.7.0 keyrings.alt==5.0.2 keyrings.cryptfile==1.3.9
cat >"$work/see.py" <<'EOF'
from importlib.metadata import version
import keyring
from keyring.errors import PasswordDeleteError
from keyrings.alt.file import PlaintextKeyring

old, new = "sk-example-finding-old-0123456789", "sk-example-finding-new-0123456789"
older = PlaintextKeyring()  # what the user had before the second package was installed
older.set_password("relay", "me", old)
older.set_password("other", "me", old)
chain = keyring.get_keyring()
chain.backends[0].keyring_key = "example"  # instead of its prompt
for name in ("keyring", "keyrings.alt", "keyrings.cryptfile"):
    print(name, version(name))
print("in use without any setting:", type(chain).__name__)
keyring.set_password("relay", "me", new)
replaced = keyring.get_password("relay", "me")
keyring.delete_password("relay", "me")
deleted = keyring.get_password("relay", "me")
try:
    keyring.delete_password("other", "me")
    refused = "deleted"
except PasswordDeleteError as error:
    refused = str(error)
print(f"after set_password: {replaced}; after delete_password: {deleted}")
print(f"the other one is read as {keyring.get_password('other', 'me')}; deleting it: {refused}")
same = (type(chain).__name__, replaced, deleted) == ("ChainerBackend", new, old) and refused != "deleted"
raise SystemExit(0 if same else "CHANGED")
EOF
env -i HOME="$work" PATH=/usr/bin:/bin "$work/venv/bin/python" "$work/see.py"
