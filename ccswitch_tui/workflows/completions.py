"""Puts a completion script where a shell finds it, and takes it out again.

The script is a file of ours; a marked block in the shell's start-up file loads
it (fish looks into a folder by itself). What the start-up file was before is
kept. Undo brings its bytes back; where somebody changed it since, only the
block goes. Sources: bash(1), INVOCATION; zsh(1), STARTUP/SHUTDOWN FILES;
fish(1), "Where to put completions"; PowerShell, about_Profiles.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from ccswitch_tui.claude.launch import in_powershell
from ccswitch_tui.claude.system_places import below_home
from ccswitch_tui.errors import UsageError
from ccswitch_tui.language import said
from ccswitch_tui.sentence import say, to_paste
from ccswitch_tui.textfile import locked, make_private_dir, read_bytes, remove_file, replace_text, sha256_of

if TYPE_CHECKING:
    from ccswitch_tui.workflows.context import Context

SHELLS = ("bash", "zsh", "fish", "powershell")

BEGIN, END = "# >>> ccswitch-tui completions >>>", "# <<< ccswitch-tui completions <<<"

LOADS = {
    "bash": "[ -r {file} ] && . {file}",
    "zsh": "(( $+functions[compdef] )) || {{ autoload -Uz compinit && compinit; }}; [ -r {file} ] && . {file}",
    "powershell": "if (Test-Path -LiteralPath {file}) {{ . {file} }}",
}
"""How a start-up file loads the script. zsh's script needs what compinit defines."""


class Change(NamedTuple):
    """One file as it is to be."""

    path: str
    before: bytes | None
    after: bytes
    added: tuple[str, ...]
    """The lines a preview shows."""


def shell_of(env: Mapping[str, str]) -> str:
    """The user's shell. Raises UsageError where there is no completion for it."""
    name = "powershell" if sys.platform == "win32" else os.path.basename(env.get("SHELL", ""))
    if name not in SHELLS:
        raise UsageError(
            say("which shell?"), hint=to_paste(f"ccswitch-tui completions install --shell {'|'.join(SHELLS)}")
        )
    return name


def plan(ctx: Context, shell: str, script: str) -> list[Change]:
    """What installing writes: the script, and where the shell needs it the block in its start-up file."""
    path = _script_path(ctx, shell)
    shown = (said("… ({count} lines)", count=script.count("\n")),)
    changes = [Change(path, read_bytes(path), script.encode(), shown)]
    start = start_up_file(ctx.env, shell)
    if start is None:
        return changes
    before = read_bytes(start)
    load = LOADS[shell].format(file=_quoted(path, shell))
    kept = _without_block((before or b"").decode("utf-8", "surrogateescape"))
    gap = "" if not kept or kept.endswith("\n") else "\n"
    after = f"{kept}{gap}{BEGIN}\n{load}\n{END}\n".encode("utf-8", "surrogateescape")
    return [*changes, Change(start, before, after, (BEGIN, load, END))]


def write(ctx: Context, shell: str, change: Change) -> bool:
    """Writes one file, its old bytes kept first; whether anything was to be written. Raises ConflictError."""
    if change.before == change.after:
        return False
    with locked(change.path, ctx.paths.state_dir):
        if change.path == start_up_file(ctx.env, shell):
            _keep(ctx, shell, change)
        replace_text(change.path, change.after, expected_sha256=sha256_of(change.before), new_mode=0o644)
    return True


def take_out(ctx: Context, shell: str) -> list[str]:
    """Undoes an installation; the files that changed by that. Raises UsageError where nothing is installed."""
    done = []
    start, script = start_up_file(ctx.env, shell), _script_path(ctx, shell)
    now = read_bytes(start) if start else None
    if start and now and BEGIN.encode() in now:
        before, after = _kept(ctx, shell)
        text = now.decode("utf-8", "surrogateescape")
        back = before if after == sha256_of(now) else _without_block(text).encode("utf-8", "surrogateescape")
        with locked(start, ctx.paths.state_dir):
            if back is None:
                remove_file(start, expected_sha256=sha256_of(now))
            else:
                replace_text(start, back, expected_sha256=sha256_of(now))
        done.append(start)
    old = read_bytes(script)
    if old is not None:
        remove_file(script, expected_sha256=sha256_of(old))
        done.append(script)
    if not done:
        raise UsageError(
            say("no completion for '{shell}' is installed", shell=shell),
            hint=to_paste("ccswitch-tui completions install"),
        )
    return done


def start_up_file(env: Mapping[str, str], shell: str) -> str | None:
    """The file a new interactive shell reads; None for fish, which finds scripts in a folder."""
    folders = ("USERPROFILE",) if sys.platform == "win32" else ("HOME", "USERPROFILE")
    home = next(filter(None, map(env.get, folders)), None) or os.path.expanduser("~")
    if shell == "bash":
        return os.path.join(home, ".bashrc")
    if shell == "zsh":
        return os.path.join(env.get("ZDOTDIR") or home, ".zshrc")
    if shell == "powershell":
        folder = "Documents/PowerShell" if sys.platform == "win32" else ".config/powershell"
        return below_home(home, f"{folder}/Microsoft.PowerShell_profile.ps1", env)
    return None


def _script_path(ctx: Context, shell: str) -> str:
    if shell == "fish":
        home = ctx.env.get("HOME") or os.path.expanduser("~")
        config = ctx.env.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
        return os.path.join(config, "fish", "completions", "ccswitch-tui.fish")
    return os.path.join(ctx.paths.state_dir, f"completions.{'ps1' if shell == 'powershell' else shell}")


def _quoted(path: str, shell: str) -> str:
    return in_powershell(path) if shell == "powershell" else shlex.quote(path)


def _without_block(text: str) -> str:
    """The text without our block, wherever it was moved to."""
    before, begin, rest = text.partition(BEGIN + "\n")
    _, end, after = rest.partition(END + "\n")
    return before + after if begin and end else text


# ---------------------------------------------------------------- what it was before


def _record(ctx: Context, shell: str) -> str:
    return os.path.join(ctx.paths.state_dir, "completions", f"{shell}.json")


def _keep(ctx: Context, shell: str, change: Change) -> None:
    """The bytes of before the first installation, which an undo brings back."""
    if BEGIN.encode() in (change.before or b""):
        before, _ = _kept(ctx, shell)
    else:
        before = change.before
    record = {"before": None if before is None else before.decode("latin-1"), "after": sha256_of(change.after)}
    path = _record(ctx, shell)
    make_private_dir(os.path.dirname(path))
    old = read_bytes(path)
    replace_text(path, json.dumps(record).encode(), expected_sha256=sha256_of(old), private=True)


def _kept(ctx: Context, shell: str) -> tuple[bytes | None, str]:
    raw = read_bytes(_record(ctx, shell))
    try:
        record = json.loads(raw or b"{}")
        before = record.get("before")
        return (None if before is None else before.encode("latin-1")), str(record.get("after", ""))
    except (ValueError, AttributeError):
        return None, ""
