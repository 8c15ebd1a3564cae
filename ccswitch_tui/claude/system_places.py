"""What Windows and macOS keep outside of files: users' variables and folders, and what an administrator set for Claude
Code.

Read only. Sources: "Environment Variables" of Microsoft's documentation; the
vendor's page on settings of administrators (registry `SOFTWARE\\Policies\\ClaudeCode`,
value `Settings`; preferences domain `com.anthropic.claudecode`).
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from ccswitch_tui.textfile import read_file

Json = dict[str, Any]

USER_VARIABLES = r"HKEY_CURRENT_USER\Environment"
MACHINE_VARIABLES = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Session Manager\Environment"
USER_FOLDERS = r"HKEY_CURRENT_USER\Software\Microsoft\Windows\CurrentVersion\Explorer\User Shell Folders"
POLICY = r"SOFTWARE\Policies\ClaudeCode"
PREFERENCES = "/Library/Managed Preferences"
DOMAIN = "com.anthropic.claudecode"


def variables_of_the_system(names: frozenset[str], *, platform: str = sys.platform) -> Iterator[tuple[str, str, str]]:
    """Name, value and place of each of these variables that Windows' own dialog, or `setx`, has set."""
    if platform != "win32":
        return
    for place in (USER_VARIABLES, MACHINE_VARIABLES):
        for name, value in _values(place).items():
            if name.upper() in names and isinstance(value, str):
                yield name.upper(), value, place


def below_home(home: str, name: str, env: Mapping[str, str], *, platform: str = sys.platform) -> str:
    """The path of a file named below the home folder; `Documents` is where Windows has it, OneDrive included."""
    if platform == "win32" and name.startswith("Documents/"):
        moved = _values(USER_FOLDERS).get("Personal")
        if isinstance(moved, str) and moved:
            home = re.sub("%([^%]+)%", lambda found: env.get(found[1].upper(), found[0]), moved)
            name = name.removeprefix("Documents/")
    return os.path.join(home, *name.split("/"))


def managed_by_the_system(
    env: Mapping[str, str], *, others: bool = False, platform: str = sys.platform
) -> list[tuple[str, Json]]:
    """Place and settings of each administrator's source that is no settings file, the strongest last.

    `others`: there are settings files of an administrator; what a user may write himself does not count beside them.
    """
    if platform == "win32":
        roots = ("HKEY_LOCAL_MACHINE",) if others else ("HKEY_CURRENT_USER", "HKEY_LOCAL_MACHINE")
        places = [rf"{root}\{POLICY}" for root in roots]
        found = [(place, _tree(_values(place).get("Settings"))) for place in places]
    elif platform == "darwin":
        user = env.get("USER", "")
        folders = [PREFERENCES, *([f"{PREFERENCES}/{user}"] if user else [])]
        found = [(path, _property_list(path)) for path in (f"{folder}/{DOMAIN}.plist" for folder in folders)]
    else:
        found = []
    given = [(place, tree) for place, tree in found if tree]
    return given[-1:] if platform == "win32" else given


def _tree(text: object) -> Json:
    try:
        tree = json.loads(text) if isinstance(text, str) else {}
    except ValueError:
        return {}
    return tree if isinstance(tree, dict) else {}


def _property_list(path: str) -> Json:
    import plistlib

    try:
        tree = plistlib.loads(read_file(path))
    except (OSError, ValueError, plistlib.InvalidFileException):
        return {}
    return tree if isinstance(tree, dict) else {}


def _values(place: str) -> dict[str, Any]:
    """The values of one key of the registry; {} where it is not there."""
    import winreg as registry

    root, _, key = place.partition("\\")
    found: dict[str, Any] = {}
    try:
        with registry.OpenKey(getattr(registry, root), key) as opened:  # type: ignore[attr-defined,unused-ignore]
            for number in range(registry.QueryInfoKey(opened)[1]):  # type: ignore[attr-defined,unused-ignore]
                name, value, _kind = registry.EnumValue(opened, number)  # type: ignore[attr-defined,unused-ignore]
                found[name] = value
    except OSError:
        pass
    return found
