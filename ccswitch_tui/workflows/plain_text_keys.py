"""Where keys lie in the clear on this machine: the usual places, looked at and left alone.

Claude Code's settings, shells' start-up files, .env files of the current
folder, other switchers' files; and the shells' histories, for a key that was
pasted inside a command.
"""

from __future__ import annotations

import glob
import hashlib
import os
import re
from typing import TYPE_CHECKING, NamedTuple

from ccswitch_tui.claude.system_places import below_home
from ccswitch_tui.credentials import plain_text
from ccswitch_tui.credentials.plain_text import PLACEHOLDER, KeyInText
from ccswitch_tui.errors import CcswitchError
from ccswitch_tui.secret import Secret
from ccswitch_tui.sentence import NOTHING, Sentence, say
from ccswitch_tui.textfile import read_file

if TYPE_CHECKING:
    from ccswitch_tui.workflows.context import Context

SHELL_FILES = {
    # below the home folder: the shell whose syntax it is in
    ".bashrc": "bash", ".bash_profile": "bash", ".bash_login": "bash", ".bash_aliases": "bash", ".profile": "bash",
    ".zshrc": "zsh", ".zshenv": "zsh", ".zprofile": "zsh", ".zlogin": "zsh", ".xprofile": "bash",
    ".config/fish/config.fish": "fish",
    **{
        f"{folder}/{name}profile.ps1": "powershell"  # of one host, and of all
        for folder in (".config/powershell", "Documents/PowerShell", "Documents/WindowsPowerShell")
        for name in ("Microsoft.PowerShell_", "")
    },
}  # fmt: skip

PROJECT_FILES = (".env", ".env.local", ".env.development", ".env.production", ".envrc")

HISTORY_FILES = (
    ".bash_history", ".zsh_history", ".zhistory", ".histfile", ".sh_history", ".local/share/fish/fish_history",
    ".local/share/powershell/PSReadLine/ConsoleHost_history.txt",
    "AppData/Roaming/Microsoft/Windows/PowerShell/PSReadLine/ConsoleHost_history.txt",
)  # fmt: skip

LARGEST_FILE = 8_000_000


class Place(NamedTuple):
    """One key that lies in the clear."""

    id: str
    """Six hex digits, the same at every look as long as the key stands there."""
    file: str
    line: int
    """0 in a database."""
    name: str
    secret: Secret
    kind: str
    """`settings`, `shell`, `text`, `read-only`, or `history` for our own."""
    remark: Sentence = NOTHING
    """What to know before, or why it can only be copied."""
    spot: KeyInText | None = None
    scope: str | None = None
    shell: str = ""

    def to_json(self) -> dict[str, object]:
        """The documented form; the key only as a hint."""
        shown = {"id": self.id, "file": self.file, "line": self.line, "name": self.name, "kind": self.kind}
        return {**shown, "key": self.secret.hint(), "remark": self.remark}


def find_plain_text_keys(ctx: Context) -> list[Place]:
    """Every key that lies in the clear where it usually does. Writes nothing, keeps nothing."""
    places: dict[tuple[str, int, str], Place] = {}
    everywhere = (_settings, _claude_state, _shell_files, _project_files, _other_tools, _own_history)
    for place in (place for look in everywhere for place in look(ctx)):
        places.setdefault((os.path.realpath(place.file), place.line, place.secret.reveal()), place)
    return list(places.values())


def _settings(ctx: Context) -> list[Place]:
    from ccswitch_tui.paths import managed_settings

    found = []
    for scope, path in ctx.settings.here().items():
        found += _in_text(path, "settings", scope=scope)
    managed = _in_text(managed_settings(), "read-only", remark=say("the administrator's file: ask them to take it out"))
    return found + managed


def _claude_state(ctx: Context) -> list[Place]:
    remark = say("Claude Code's own file, which is never written here: '/logout' in Claude Code removes it")
    found = _in_text(ctx.paths.claude_json, "read-only", remark=remark)
    return [place for place in found if place.name == "primaryApiKey"]


def _shell_files(ctx: Context) -> list[Place]:
    found = []
    for name, shell in SHELL_FILES.items():
        found += _in_text(below_home(ctx.paths.home, name, ctx.env), "shell", shell=shell)
    return found


def _project_files(ctx: Context) -> list[Place]:
    remark = say("programs that read this file find a placeholder, and stop working until they are given a key again")
    return [p for name in PROJECT_FILES for p in _in_text(os.path.join(ctx.cwd, name), "text", remark=remark)]


def _other_tools(ctx: Context) -> list[Place]:
    from ccswitch_tui.workflows.sources import find_sources

    found = []
    for source in find_sources(ctx):
        if not source.path or source.source.id in ("claude-settings", "project-settings"):
            continue
        if source.path.endswith((".db", ".sqlite", ".sqlite3")):
            found += _in_database(ctx, source.path, source.source.id)
        else:
            remark = say(
                "{title} finds a placeholder, and stops working until it is given a key again",
                title=source.source.title,
            )
            found += _in_text(source.path, "text", remark=remark)
            found += [p for path in _beside(source.path) for p in _in_text(path, "text", remark=remark)]
    return found


def _own_history(ctx: Context) -> list[Place]:
    """Old texts that our undo history keeps to the byte, from before the keys in them were moved."""
    remark = say(
        "the undo history keeps the old text; 'undo' and 'restore' need it: delete this folder when you do not"
    )
    found = []
    for path in sorted(glob.glob(os.path.join(glob.escape(ctx.paths.history), "*", "before"))):
        found += _in_text(path, "history", remark=remark)
    return found


def _beside(path: str) -> list[str]:
    """Further files a tool keeps keys in: ccs has one settings file a profile, Continue an .env, Codex an auth.json;
    and the copies that claude-code-router (`config.json.DATE.bak`) and zcf (`config.backup.DATE.toml`) leave."""
    folder, name = os.path.split(path)
    owned = os.path.basename(folder) in (".ccs", ".continue", ".codex")
    stem = name.partition(".")[0]

    def holds(other: str) -> bool:
        if owned and (other.endswith(".settings.json") or other in (".env", "auth.json")):
            return True
        return other != name and other.startswith(f"{stem}.") and re.search(r"\bbak\b|\bbackup\b", other) is not None

    return [os.path.join(folder, other) for other in sorted(os.listdir(folder)) if stem and holds(other)]


def _in_database(ctx: Context, path: str, source: str) -> list[Place]:
    from ccswitch_tui.workflows.sources import SOURCES

    remark = say(
        (
            "a database, which we only read: import it with 'ccswitch-tui import {source}', then "
            "delete it in its own program"
        ),
        source=source,
    )
    found = []
    try:
        candidates = SOURCES[source].read(ctx, path, False)
    except CcswitchError:
        return []
    for candidate in candidates:
        if candidate.draft is not None and candidate.draft.secret is not None:
            secret = candidate.draft.secret
            found.append(Place(_id(path, candidate.name, secret), path, 0, candidate.name, secret, "read-only", remark))
    return found


def _in_text(
    path: str, kind: str, *, remark: Sentence = NOTHING, scope: str | None = None, shell: str = ""
) -> list[Place]:
    text = text_of(path)
    found = []
    for spot in plain_text.find_keys(text) if text else ():
        about = remark
        if kind == "shell" and plain_text.shell_stand_in(spot, text, shell, "x").strip("\"'") == PLACEHOLDER:
            about = say("line {line} keeps a placeholder: it is a comment, or more than one assignment", line=spot.line)
        place_id = _id(path, spot.name, spot.secret)
        found.append(Place(place_id, path, spot.line, spot.name, spot.secret, kind, about, spot, scope, shell))
    return found


def text_of(path: str) -> str:
    """The file as UTF-8 text, "" when it is absent, unreadable, huge or something else."""
    try:
        return read_file(path, LARGEST_FILE).decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _id(path: str, name: str, secret: Secret) -> str:
    return hashlib.sha256(f"{path}\0{name}\0{secret.reveal()}".encode("utf-8", "surrogateescape")).hexdigest()[:6]


# ---------------------------------------------------------------- exposure


LARGEST_HISTORY = 512 * 2**20


def exposed_in_history(secret: Secret, ctx: Context) -> list[Sentence]:
    """The shells' history files that hold this key, as `FILE, line N`. A pasted curl leaves it there."""
    wanted = secret.reveal().encode("utf-8", "surrogateescape")
    if len(wanted) < plain_text.SHORTEST:
        return []
    files = [os.path.join(ctx.paths.home, *name.split("/")) for name in HISTORY_FILES]
    files += [ctx.env["HISTFILE"]] if ctx.env.get("HISTFILE") else []
    found: list[Sentence] = []
    for path in dict.fromkeys(files):
        try:
            found += [
                say("{file}, line {line}", file=path, line=number)
                for number, line in enumerate(read_file(path, LARGEST_HISTORY).split(b"\n"), 1)
                if wanted in line
            ]
        except OSError:
            continue
    return found


def exposures(ctx: Context, place: Place) -> list[Sentence]:
    found: list[Sentence] = [
        say("it is also in the shell's history: {spot}", spot=spot) for spot in exposed_in_history(place.secret, ctx)
    ]
    if _is_in_git(place.file):
        found.append(say("{file} is in a git repository: its history may contain the key too", file=place.file))
    if _others_can_read(place.file):
        found.append(say("{file} could be read by other users of this machine", file=place.file))
    return found


def _others_can_read(path: str) -> bool:
    """Whether mode bits let anybody in: to the file, and into every folder on the way."""
    if os.name != "posix":
        return False
    try:
        open_to = os.stat(path).st_mode & 0o044
        while path != os.path.dirname(path):
            path = os.path.dirname(path)
            open_to &= (os.stat(path).st_mode & 0o011) << 2
    except OSError:
        return False
    return bool(open_to)


def _is_in_git(path: str) -> bool:
    folder = os.path.dirname(os.path.realpath(path))
    while folder != os.path.dirname(folder):
        if os.path.exists(os.path.join(folder, ".git")):
            return True
        folder = os.path.dirname(folder)
    return False
