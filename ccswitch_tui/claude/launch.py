"""How Claude Code is started and asks us for a credential: the helper's command line, a child's environment.

The helper is named by an absolute path, because Claude Code runs it through a
shell from whatever folder and PATH it has: a terminal's, an editor's, a cron
job's. Never a plain `python -m`, which would import from the project's folder.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Mapping

from ccswitch_tui.claude.owned import variables

PROGRAM = "ccswitch-tui"
SCRIPTS = ("ccswitch-tui", "ccst", "ccswitch-tui.exe", "ccst.exe")


def helper_command(
    profile_name: str,
    *,
    env: Mapping[str, str],
    shared: bool = False,
    platform: str = sys.platform,
    argv0: str | None = None,
) -> str:
    """The `apiKeyHelper` of a profile, quoted for the shell Claude Code hands it to.

    `shared` is for a settings file that colleagues read too: their installation
    is elsewhere, so it names the bare command and leaves the rest to their PATH.
    """
    if shared:
        return f"{PROGRAM} key {quoted(profile_name, platform)}"
    return _at_our_home([*own_command(argv0), "key", profile_name], env, platform)


def _at_our_home(words: list[str], env: Mapping[str, str], platform: str) -> str:
    command = " ".join(quoted(word, platform) for word in words)
    # Only what was set for us is repeated: Claude Code may be started without it, from an editor for example.
    ours = env.get("CCSWITCH_HOME")
    if not ours:
        return command
    if platform == "win32":
        return f'set "CCSWITCH_HOME={ours}"&& {command}'
    return f"CCSWITCH_HOME={quoted(ours, platform)} {command}"


def helper_program(helper: str, platform: str = sys.platform) -> str:
    """The program that a helper starts, in the shell Claude Code hands it to; "" for what that shell would refuse."""
    if platform == "win32":
        found = re.match(r'(?:\s*set "[^"]*"\s*&&)*\s*(?:"([^"]+)"|([^\s"&|<>]+))', helper, re.IGNORECASE)
        return (found[1] or found[2]) if found else ""
    try:
        words = shlex.split(helper)
    except ValueError:
        return ""
    return next((word for word in words if "=" not in word.partition("/")[0]), "")


def status_line_command(*, env: Mapping[str, str], platform: str = sys.platform, argv0: str | None = None) -> str:
    """The command of our status line, quoted for the shell Claude Code hands it to."""
    return _at_our_home([*own_command(argv0), "statusline"], env, platform)


def own_command(argv0: str | None = None) -> list[str]:
    """The words that start this very program, from any folder."""
    started = os.path.abspath(sys.argv[0] if argv0 is None else argv0)
    beside = os.path.join(os.path.dirname(sys.executable), PROGRAM)
    for script in (started, beside, beside + ".exe"):
        if os.path.basename(script) in SCRIPTS and os.access(script, os.X_OK) and os.path.isfile(script):
            return [script]
    return [sys.executable, "-P", "-m", "ccswitch_tui"]


def quoted(word: str, platform: str = sys.platform) -> str:
    """One word for /bin/sh, or for cmd and the C runtime on Windows."""
    if platform == "win32":
        plain = word and all(c.isalnum() or c in "\\/:._-+@~" for c in word)  # cmd ends words at , ; = too
        return word if plain else '"' + word.replace('"', r"\"") + '"'
    if word and all((c.isalnum() and c.isascii()) or c in "@%+=:,./-_" for c in word):
        return word
    return "'" + word.replace("'", "'\"'\"'") + "'"


POWERSHELL_QUOTES = str.maketrans({quote: quote * 2 for quote in "'\u2018\u2019\u201a\u201b"})
"""What ends a '…' there, typographic ones included. Source: PowerShell language specification, 2.3.5.2."""


def in_powershell(word: str) -> str:
    """One word of a PowerShell line, none of which is read as anything else."""
    return f"'{word.translate(POWERSHELL_QUOTES)}'"


HOST_MANAGED = "CLAUDE_CODE_PROVIDER_MANAGED_BY_HOST"
"""layers.HOST_MANAGED says what it does. For programs that bring a Claude Code of their own, which no `--settings`
of ours reaches: with it the variables we give them count, and nothing of the user's other credentials, helpers or
headers goes to the profile's host. Never for a Claude Code that is to ask a helper: it would not run it."""

RIVALS = (*variables("route", "credential", "rival", "model", "label"), "ANTHROPIC_UNIX_SOCKET", HOST_MANAGED)
"""What must not reach a child from outside: each would decide where it goes, as whom, for which model."""


def child_env(env: Mapping[str, str], ours: Mapping[str, str]) -> dict[str, str]:
    """The environment of a child under a profile: rivals unset, ours set. "" means unset, too."""
    kept = {name: value for name, value in env.items() if name not in RIVALS and name not in ours}
    return {**kept, **{name: value for name, value in ours.items() if value}}
