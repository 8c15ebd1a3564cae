"""$EDITOR on a text: a private temporary file, taken away again whatever happens."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping

from ccswitch_tui.errors import UsageError
from ccswitch_tui.sentence import say


def editor_command(env: Mapping[str, str]) -> list[str]:
    """The user's editor, with its options. Raises UsageError where none is named and none is usual."""
    for variable in ("VISUAL", "EDITOR"):
        if env.get(variable, "").strip():
            return shlex.split(env[variable])
    if sys.platform == "win32":
        return ["notepad"]
    import shutil

    for program in ("sensible-editor", "nano", "vi"):
        if shutil.which(program, path=env.get("PATH")):
            return [program]
    raise UsageError(say("there is no editor"), hint=say("name one: export EDITOR=nano"))


def edit_text(text: str, env: Mapping[str, str], *, suffix: str) -> str | None:
    """The text after the user's editor; None when the editor failed. The terminal must be free for it."""
    command = editor_command(env)
    handle, path = tempfile.mkstemp(prefix="ccswitch-", suffix=suffix)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        try:
            done = subprocess.run([*command, path], env=dict(env), check=False)
        except OSError as error:
            raise UsageError(
                say("cannot start the editor '{command}': {reason}", command=command[0], reason=error.strerror),
                hint=say("name another one: export EDITOR=nano"),
            ) from None
        if done.returncode != 0:
            return None
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    finally:
        os.unlink(path)
