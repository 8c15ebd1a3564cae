"""Where Claude Code looks for its settings from a folder, and which profile of ours a file uses. Only looks.

Apart from files.py, which reads strictly, writes and keeps the history: `list`
needs none of that.
"""

from __future__ import annotations

import json
import os

from ccswitch_tui.claude.reading import profile_in
from ccswitch_tui.errors import UsageError
from ccswitch_tui.paths import Paths, local_settings, project_settings
from ccswitch_tui.sentence import say
from ccswitch_tui.textfile import read_file

SCOPES = ("user", "project", "local")


def settings_file(paths: Paths, cwd: str, scope: str) -> str:
    """The file of a scope, where Claude Code looks for it from `cwd`. Raises UsageError for a scope that is none."""
    if scope == "user":
        return paths.user_settings
    if scope not in SCOPES:
        raise UsageError(
            say("there is no scope '{scope}'", scope=scope), hint=say("one of {names}", names=", ".join(SCOPES))
        )
    if scope == "project":
        return project_settings(cwd)
    return local_settings(local_root(cwd, paths.home))


def settings_here(paths: Paths, cwd: str) -> dict[str, str]:
    """Scope to file, for the files that are different ones (in the home folder they are not)."""
    found: dict[str, str] = {}
    for scope in SCOPES:
        path = settings_file(paths, cwd, scope)
        if path not in found.values():
            found[scope] = path
    return found


def profile_used_by(path: str) -> str | None:
    """The profile a file uses, quickly; None also when the file cannot be read."""
    try:
        tree = json.loads(read_file(path))
    except (OSError, ValueError, RecursionError):
        return None
    return profile_in(tree) if isinstance(tree, dict) else None


def local_root(cwd: str, home: str) -> str:
    """The folder whose `.claude/settings.local.json` Claude Code reads from `cwd`: the repository's root.

    Measured with 2.1.330: the personal file is looked up at the root of the git
    repository (of the main one, from a worktree), also when the folder has one of
    its own; the shared file only in the folder itself. The home folder does not count.
    """
    folder = os.path.realpath(cwd)
    while True:
        mark = os.path.join(folder, ".git")
        if os.path.exists(mark):
            root = _main_worktree(mark) or folder
            return cwd if root == os.path.realpath(home) else root
        parent = os.path.dirname(folder)
        if parent == folder:
            return cwd
        folder = parent


def _main_worktree(mark: str) -> str | None:
    """Of a worktree's `.git` file: the folder of the repository it belongs to."""
    try:
        line = read_file(mark, 4096, head=True).decode().partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError):
        return None
    place = line.removeprefix("gitdir:").strip().replace("/", os.sep)  # git writes "/" on Windows, too
    before, found, _ = place.partition(f"{os.sep}.git{os.sep}worktrees{os.sep}")
    return before if found and os.path.isabs(before) else None
