"""$EDITOR on a text: a private temporary file, taken away again whatever happens."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping

from ccswitch_tui.errors import UsageError
from ccswitch_tui.here import NAME_AN_EDITOR
from ccswitch_tui.sentence import say
from ccswitch_tui.workflows.editor import editor_command


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
                hint=say("name another one: {command}", command=NAME_AN_EDITOR),
            ) from None
        if done.returncode != 0:
            return None
        with open(path, encoding="utf-8-sig", errors="replace") as file:
            return file.read()
    finally:
        os.unlink(path)
