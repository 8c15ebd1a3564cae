"""What others may write is read the same as editors of Windows leave it: a mark in front, two bytes a line end."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ccswitch_tui.claude.surroundings import find_exports
from ccswitch_tui.credentials.os_keyring import _default_keyring
from ccswitch_tui.language import chosen_in
from ccswitch_tui.proxy.background.state_record import state_of
from ccswitch_tui.workflows import plain_text_keys, sources
from ccswitch_tui.workflows.context import Context
from ccswitch_tui.workflows.why import why

KEY = "sk-example-0123456789abcdef0123"
URL = "ANTHROPIC_BASE_URL"
SETTINGS = '{\n  "env": {\n    "ANTHROPIC_BASE_URL": "https://gateway.example"\n  }\n}\n'
PROFILES = """\
version = 2
# mine
[profiles.work]
endpoint = { base_url = "https://gateway.example/v1", wire = "openai-chat" }
key = "env:WORK_KEY"
"""
SHELL = "export ANTHROPIC_BASE_URL=https://shell.example\n# mine\n"
POWERSHELL = f"$env:ANTHROPIC_API_KEY = '{KEY}'\n$env:ANTHROPIC_BASE_URL = 'https://shell.example'\n"
EDITOR = (
    '{\n  // mine\n  "claudeCode.environmentVariables": [\n'
    '    {"name": "ANTHROPIC_BASE_URL", "value": "https://editor.example"},\n  ]\n}\n'
)
LITELLM = (
    "model_list:\n  - model_name: big\n    litellm_params:\n      model: openai/big\n"
    "      api_base: https://gateway.example/v1\n      api_key: os.environ/WORK_KEY\n"
)
SESSION = {"pid": os.getpid(), "cwd": "here", "entrypoint": "cli"}


def effective(ctx: Context, path: Path) -> object:
    return [(place.layer, place.value) for place in why(ctx, URL)[0].places()]


def exported(ctx: Context, path: Path) -> object:
    names = frozenset({URL})
    return [(one.value, one.line) for one in find_exports(ctx.paths, ctx.env, ctx.cwd, names) if one.file == str(path)]


def keys_in(ctx: Context, path: Path) -> object:
    return [(place.name, place.line, place.secret.reveal()) for place in plain_text_keys._in_text(str(path), "shell")]


def imported(ctx: Context, path: Path) -> object:
    _, found = sources.read_source(ctx, str(path))
    return [(draft.endpoint, draft.models, draft.secret, draft.key_ref) for one in found if (draft := one.draft)]


def language_in(ctx: Context, path: Path) -> object:
    return chosen_in(str(path))


def backend_in(ctx: Context, path: Path) -> object:
    return _default_keyring(str(path))


READ: dict[str, tuple[str, str, Callable[[Context, Path], Any]]] = {
    "user settings": (".claude/settings.json", SETTINGS, effective),
    "personal settings": ("project/.claude/settings.local.json", SETTINGS, effective),
    "a project's settings": ("project/.claude/settings.json", SETTINGS, effective),
    "Claude Code's own state": (".claude.json", SETTINGS, effective),
    "a session": (
        ".claude/sessions/1.json", json.dumps(SESSION, indent=1),
        lambda ctx, path: [session.cwd for session in ctx.settings.listeners("user")],
    ),
    "profiles": ("ours/profiles.toml", PROFILES, lambda ctx, path: ctx.book().get("work")),
    "the app's own settings": ("ours/config.toml", 'theme = "nord"\nlanguage = "zh-CN"\n', language_in),
    "a shell's start-up file": (".bashrc", SHELL, exported),
    "PowerShell's": ("Documents/PowerShell/profile.ps1", POWERSHELL, exported),
    "a key in PowerShell's": ("Documents/PowerShell/profile.ps1", POWERSHELL, keys_in),
    "a key in a shell's": (".zshrc", f"# mine\nexport ACME_API_KEY={KEY}\n", keys_in),
    "an editor's settings": (".config/Code/User/settings.json", EDITOR, exported),
    "keyring's own configuration": (
        "keyringrc.cfg", "[backend]\ndefault-keyring=keyring.backends.fail.Keyring\n", backend_in,
    ),
    "a file of variables": (
        "import.env", f"OPENAI_BASE_URL=https://gateway.example/v1\nOPENAI_API_KEY={KEY}\nOPENAI_MODEL=big\n", imported,
    ),
    "LiteLLM's": ("config.yaml", LITELLM, imported),
    "the proxy's state": (
        "proxy.json", json.dumps({"host": "127.0.0.1", "port": 20001, "token": "ccst-0123456789abcdef"}, indent=1),
        lambda ctx, path: state_of(path.read_bytes()),
    ),
}  # fmt: skip


def test_what_windows_own_powershell_appends_to_a_new_file_is_read(home: Path) -> None:
    path = home / "Documents/WindowsPowerShell/profile.ps1"
    path.parent.mkdir(parents=True)
    path.write_bytes(SHELL.replace("\n", "\r\n").encode("utf-16"))
    assert exported(Context({"HOME": str(home), "USERPROFILE": str(home)}, cwd=str(home)), path)


@pytest.mark.parametrize("what", READ)
def test_it_says_the_same(home: Path, what: str) -> None:
    name, text, read = READ[what]
    (home / "project").mkdir()
    env = {"HOME": str(home), "USERPROFILE": str(home), "CCSWITCH_HOME": str(home / "ours"), "WORK_KEY": KEY}
    path = home / name
    path.parent.mkdir(parents=True, exist_ok=True)
    told = []
    for written in (text.encode(), b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()):
        path.write_bytes(written)
        told.append(read(Context(env, cwd=str(home / "project")), path))
    assert told[0], "it says something"
    assert told[1] == told[0]
