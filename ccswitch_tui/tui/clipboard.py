"""The clipboard of this machine through its own program; over SSH and elsewhere the terminal's (OSC 52) is used.

OSC 52 is silent where a terminal ignores it (macOS Terminal does), hence the
native program first. The caller has redacted the text.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping

PATIENCE_S = 2.0

PROGRAMS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("WAYLAND_DISPLAY", ("wl-copy",)),
    ("DISPLAY", ("xclip", "-selection", "clipboard")),
    ("DISPLAY", ("xsel", "--clipboard", "--input")),
    ("WSL_DISTRO_NAME", ("clip.exe",)),
)
"""The variable that says there is such a clipboard, and the program that fills it."""


def copy_natively(text: str, env: Mapping[str, str]) -> bool:
    """Whether a program of this machine took the text. Blocks for PATIENCE_S at most."""
    return any(_fed(command, text, env) for command in _candidates(env))


def _candidates(env: Mapping[str, str]) -> list[tuple[str, ...]]:
    if env.get("SSH_CONNECTION") or env.get("SSH_TTY"):
        return []  # the clipboard of the machine far away is nobody's
    if sys.platform == "darwin":
        return [("pbcopy",)]
    if sys.platform == "win32":
        return [("clip",)]
    return [command for variable, command in PROGRAMS if env.get(variable) and shutil.which(command[0])]


def _encoding(program: str) -> str:
    """Windows' clip reads its input in an old code page, unless it begins with the mark of UTF-16."""
    return "utf-16" if program in ("clip", "clip.exe") else "utf-8"


def _fed(command: tuple[str, ...], text: str, env: Mapping[str, str]) -> bool:
    if command[0] == "pbcopy":
        env = {**env, "LC_CTYPE": "UTF-8"}  # a program without a locale, such as one from the Dock, has MacRoman
    try:
        done = subprocess.run(
            command, input=text.encode(_encoding(command[0])), env=dict(env), timeout=PATIENCE_S,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
