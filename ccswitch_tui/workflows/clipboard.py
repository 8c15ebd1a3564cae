"""What is on the clipboard, read by this machine's own program, and only when the user asks.

A terminal's OSC 52 can fill a clipboard; hardly any terminal lets a program
read it back. Sources: wl-paste(1), xclip(1), xsel(1x), pbpaste(1), PowerShell
`Get-Clipboard`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping

from ccswitch_tui.errors import CcswitchError, UsageError
from ccswitch_tui.sentence import say

PATIENCE_S = 5.0
"""PowerShell needs up to two seconds to start; an X11 owner that hangs answers never."""

LONGEST = 1_000_000

POWERSHELL = (
    "-NoProfile",
    "-NonInteractive",
    "-Command",
    "[Console]::OutputEncoding = [Text.Encoding]::UTF8; Get-Clipboard -Raw",
)

PROGRAMS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("WAYLAND_DISPLAY", ("wl-paste", "--no-newline", "--type", "text")),
    ("DISPLAY", ("xclip", "-selection", "clipboard", "-o")),
    ("DISPLAY", ("xsel", "--clipboard", "--output")),
    ("WSL_DISTRO_NAME", ("powershell.exe", *POWERSHELL)),
)
"""The variable that says there is such a clipboard, and the program that prints it."""


def read_clipboard(env: Mapping[str, str]) -> str:
    """The text on the clipboard. Raises UsageError where none can be read, and says what would help."""
    if env.get("SSH_CONNECTION") or env.get("SSH_TTY"):
        raise UsageError(
            say("this is a remote session, and your clipboard is on the machine you sit at"),
            hint=say("paste it here instead: ccswitch-tui explain -"),
        )
    tried = list(_candidates(env))
    if not tried:
        raise UsageError(
            say("no program here can read the clipboard"),
            hint=say("install wl-clipboard (Wayland) or xclip (X11), or paste it: ccswitch-tui explain -"),
        )
    problems = []
    for command in tried:
        try:
            ran = subprocess.run(
                command, env=dict(env), timeout=PATIENCE_S, stdin=subprocess.DEVNULL, capture_output=True, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            problems.append(f"{command[0]}: {getattr(error, 'strerror', None) or type(error).__name__}")
            continue
        if ran.returncode == 0:
            return ran.stdout[:LONGEST].decode("utf-8", "replace").replace("\r\n", "\n")
        problems.append(f"{command[0]}: {ran.stderr.decode('utf-8', 'replace').strip()[:200] or ran.returncode}")
    raise CcswitchError(
        say("the clipboard could not be read: {problems}", problems="; ".join(problems)),
        hint=say("paste it here instead: ccswitch-tui explain -"),
    )


def _candidates(env: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    if sys.platform == "darwin":
        yield ("pbpaste",)
    elif sys.platform == "win32":
        yield ("powershell", *POWERSHELL)
    else:
        yield from (
            command for variable, command in PROGRAMS
            if env.get(variable) and shutil.which(command[0], path=env.get("PATH"))
        )  # fmt: skip
