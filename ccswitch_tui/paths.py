"""Every path this program reads or writes, computed from one environment mapping.

Pure: looks at no disk. `os.path` and plain strings, because a quick switch
cannot afford pathlib, and platformdirs reads os.environ, not a mapping.
Sources: XDG Base Directory Specification 0.8; Apple "File System Programming
Guide"; Claude Code's own resolution as measured (`CLAUDE_CONFIG_DIR`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from ccswitch_tui.record import NamedTuple

APP = "ccswitch-tui"


class Paths(NamedTuple):
    """Our files and Claude Code's, as absolute paths."""

    home: str
    config_dir: str
    """profiles.toml and config.toml: made to be kept in a dotfiles repository."""
    state_dir: str
    """Undo history, locks, proxy state, logs. Folders 0700, files 0600."""
    claude_dir: str
    """`$CLAUDE_CONFIG_DIR` or `~/.claude`."""
    claude_json: str
    """Claude Code's own state file: read, and never written."""

    @property
    def profiles(self) -> str:
        return os.path.join(self.config_dir, "profiles.toml")

    @property
    def app_config(self) -> str:
        return os.path.join(self.config_dir, "config.toml")

    @property
    def encrypted_keys(self) -> str:
        return os.path.join(self.state_dir, "keys.enc")

    @property
    def history(self) -> str:
        """Folder of the undo history: one numbered folder a write."""
        return os.path.join(self.state_dir, "history")

    @property
    def proxy_state(self) -> str:
        """Port, local token, pid and version of the background proxy."""
        return os.path.join(self.state_dir, "proxy.json")

    @property
    def proxy_log(self) -> str:
        return os.path.join(self.state_dir, "proxy.log")

    @property
    def learned_quirks(self) -> str:
        """What the proxy learned about endpoints, apart from the file the user edits."""
        return os.path.join(self.state_dir, "learned.json")

    @property
    def key_backend(self) -> str:
        """The name of the keyring backend that was chosen, so that nobody pays for discovery again."""
        return os.path.join(self.state_dir, "key-backend.json")

    @property
    def key_index(self) -> str:
        """The names of the keys that were stored, without their values."""
        return os.path.join(self.state_dir, "keys.json")

    @property
    def reports(self) -> str:
        """Folder of the last probe report of each profile."""
        return os.path.join(self.state_dir, "reports")

    @property
    def balances(self) -> str:
        """Folder of what was left when last asked, one file a profile."""
        return os.path.join(self.state_dir, "balances")

    @property
    def prices(self) -> str:
        """Folder of the price lists that the user had fetched."""
        return os.path.join(self.state_dir, "prices")

    @property
    def answers(self) -> str:
        """Folder of the last answers of each session: what a status line shows."""
        return os.path.join(self.state_dir, "answers")

    @property
    def user_settings(self) -> str:
        return os.path.join(self.claude_dir, "settings.json")


def file_name(name: str) -> str:
    """A name of the user's as part of a file's name: what urllib.parse.quote(name, safe="") makes of it, which the
    quick commands cannot afford."""
    safe = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~"
    return "".join(c if c in safe else "".join(f"%{byte:02X}" for byte in c.encode()) for c in name)


def project_settings(project: str) -> str:
    """The shared settings file of a project folder."""
    return os.path.join(project, ".claude", "settings.json")


def local_settings(project: str) -> str:
    """The personal settings file of a project folder."""
    return os.path.join(project, ".claude", "settings.local.json")


def managed_settings(platform: str = sys.platform) -> str:
    """The administrator's settings file; beside it may lie `managed-settings.d/*.json`."""
    if platform == "darwin":
        return "/Library/Application Support/ClaudeCode/managed-settings.json"
    if platform == "win32":
        return r"C:\Program Files\ClaudeCode\managed-settings.json"
    return "/etc/claude-code/managed-settings.json"


def home_of(env: Mapping[str, str], *, platform: str = sys.platform) -> str:
    """The user's folder, as Claude Code finds it: on Windows the profile, whatever HOME a Unix shell there has set."""
    first, second = ("USERPROFILE", "HOME") if platform == "win32" else ("HOME", "USERPROFILE")
    return env.get(first) or env.get(second) or os.path.expanduser("~")


def resolve_paths(env: Mapping[str, str], *, platform: str = sys.platform) -> Paths:
    """All paths for this environment. `CCSWITCH_HOME` moves everything of ours under one folder."""
    home = home_of(env, platform=platform)
    ours = env.get("CCSWITCH_HOME")
    if ours:
        config, state = ours, os.path.join(ours, "state")
    elif platform == "darwin":
        config = os.path.join(home, "Library", "Application Support", APP)
        state = os.path.join(config, "state")
    elif platform == "win32":
        config = os.path.join(env.get("APPDATA") or os.path.join(home, "AppData", "Roaming"), APP)
        state = os.path.join(env.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local"), APP)
    else:
        config = os.path.join(env.get("XDG_CONFIG_HOME") or os.path.join(home, ".config"), APP)
        state = os.path.join(env.get("XDG_STATE_HOME") or os.path.join(home, ".local", "state"), APP)
    claude = env.get("CLAUDE_CONFIG_DIR")
    # With CLAUDE_CONFIG_DIR set, Claude Code keeps its .claude.json inside that folder too.
    claude_json = os.path.join(claude or home, ".claude.json")
    return Paths(
        home=os.path.abspath(home),
        config_dir=os.path.abspath(config),
        state_dir=os.path.abspath(state),
        claude_dir=os.path.abspath(claude or os.path.join(home, ".claude")),
        claude_json=os.path.abspath(claude_json),
    )
