"""The `keyring` library in a process of its own: one JSON request on stdin, one JSON line on stdout.

A keyring backend may hang on a bus, ask on the terminal, or load the user's
own plugins. Here it has no terminal and can be killed. Run as a script with
`-P` (os_keyring.py does), so it imports nothing of ours.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def load(dotted: str) -> Any:
    """An instance of the backend class, without keyring's discovery. Raises what its `priority` raises."""
    from importlib import import_module

    module, _, name = dotted.rpartition(".")
    backend = getattr(import_module(module), name)
    if backend.priority <= 0:
        raise RuntimeError("not usable here")
    return backend()


def choose(request: dict[str, Any]) -> dict[str, Any]:
    """The first of `backends` that can be used here, and why the others cannot."""
    refused = {}
    for dotted in request["backends"]:
        try:
            load(dotted)
        except Exception as error:
            refused[dotted] = f"{error}"
        else:
            return {"backend": dotted, "refused": refused}
    return {"backend": None, "refused": refused}


def get(request: dict[str, Any]) -> dict[str, Any]:
    """The value, or null."""
    return {"value": load(request["backend"]).get_password(request["service"], request["name"])}


def put(request: dict[str, Any]) -> dict[str, Any]:
    """Stores the value; reading it back is the caller's, in another process."""
    load(request["backend"]).set_password(request["service"], request["name"], request["value"])
    return {}


def delete(request: dict[str, Any]) -> dict[str, Any]:
    """Removes every entry of that name; some backends keep several, and raise different things for none."""
    backend = load(request["backend"])
    removed = False
    for _ in range(8):
        if backend.get_password(request["service"], request["name"]) is None:
            return {"removed": removed, "left": False}
        backend.delete_password(request["service"], request["name"])
        removed = True
    return {"removed": removed, "left": True}


OPERATIONS = {"choose": choose, "get": get, "put": put, "delete": delete}


def main() -> None:
    request = json.loads(sys.stdin.buffer.read())
    sys.argv[0] = "ccswitch-tui"  # the name KWallet and the Keychain show in their dialogs
    try:
        answer = OPERATIONS[request["op"]](request)
    except BaseException as error:
        answer = {"error": type(error).__name__, "detail": _detail(error, request.get("value"))}
    sys.stdout.write("\n" + json.dumps(answer) + "\n")
    sys.stdout.flush()


def _detail(error: BaseException, value: str | None) -> str:
    text = str(error)
    return text.replace(value, "••••") if value else text


if __name__ == "__main__":
    main()
