"""The user's own editor, as a command with its options: one reading of $VISUAL and $EDITOR for both faces.

On Windows a path may lie bare or in quotes, backslashes mean themselves, and
`code` is code.cmd, which only a search finds. Source: "Parsing C command-line
arguments", Microsoft.
"""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from collections.abc import Mapping

from ccswitch_tui.errors import UsageError
from ccswitch_tui.here import NAME_AN_EDITOR
from ccswitch_tui.sentence import say

USUAL = ("sensible-editor", "nano", "vi")

_WORD = re.compile(r'(?:"[^"]*"|[^\s"])+')


def editor_command(env: Mapping[str, str], *, platform: str = sys.platform) -> list[str]:
    """The user's editor, with its options. Raises UsageError where none is named and none is usual."""
    for variable in ("VISUAL", "EDITOR"):
        if env.get(variable, "").strip():
            return _words(env[variable], env, platform)
    if platform == "win32":
        return ["notepad"]
    for program in USUAL:
        if shutil.which(program, path=env.get("PATH")):
            return [program]
    raise UsageError(say("there is no editor"), hint=say("name one: {command}", command=NAME_AN_EDITOR))


def _words(text: str, env: Mapping[str, str], platform: str) -> list[str]:
    if platform != "win32":
        return shlex.split(text)
    words = split_windows(text)
    if len(words) > 1 and shutil.which(text.strip(), path=env.get("PATH")):
        words = [text.strip()]  # a path with blanks, without quotes
    return [shutil.which(words[0], path=env.get("PATH")) or words[0], *words[1:]]


def split_windows(text: str) -> list[str]:
    """A command line as programs of Windows split it; a backslash means itself, as in any path."""
    return [word.replace('"', "") for word in _WORD.findall(text)]
