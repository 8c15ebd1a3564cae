"""Variables and an administrator's settings that are in no file: Windows' registry, property lists of macOS."""

from __future__ import annotations

import contextlib
import json
import plistlib
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ccswitch_tui.claude import system_places
from ccswitch_tui.claude.system_places import below_home, managed_by_the_system, variables_of_the_system
from kit import needs

BASE_URL = {"env": {"ANTHROPIC_BASE_URL": "https://gateway.example"}}


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    """winreg, over a table."""
    keys: dict[str, dict[str, Any]] = {}
    module = types.ModuleType("winreg")

    @contextlib.contextmanager
    def open_key(root: str, key: str) -> Iterator[list[tuple[str, Any, int]]]:
        if f"{root}\\{key}" not in keys:
            raise FileNotFoundError(2, "The system cannot find the file specified")
        yield [(name, value, 1) for name, value in keys[f"{root}\\{key}"].items()]

    given: dict[str, Any] = {
        "HKEY_CURRENT_USER": "HKEY_CURRENT_USER",
        "HKEY_LOCAL_MACHINE": "HKEY_LOCAL_MACHINE",
        "OpenKey": open_key,
        "QueryInfoKey": lambda opened: (0, len(opened), 0),
        "EnumValue": lambda opened, number: opened[number],
    }
    for name, value in given.items():
        setattr(module, name, value)
    monkeypatch.setitem(sys.modules, "winreg", module)
    return keys


def test_a_variable_of_the_settings_dialog_is_found_with_its_place(registry: dict[str, dict[str, Any]]) -> None:
    registry[system_places.USER_VARIABLES] = {"Anthropic_Api_Key": "sk-example-1", "Path": r"C:\x", "OTHER": 5}
    found = list(variables_of_the_system(frozenset({"ANTHROPIC_API_KEY", "OTHER"}), platform="win32"))
    assert found == [("ANTHROPIC_API_KEY", "sk-example-1", r"HKEY_CURRENT_USER\Environment")]
    assert list(variables_of_the_system(frozenset({"ANTHROPIC_API_KEY"}), platform="darwin")) == []


@needs.not_on_windows("compares paths as this system writes them")
def test_documents_are_where_windows_has_moved_them(registry: dict[str, dict[str, Any]]) -> None:
    name, home, env = "Documents/PowerShell/profile.ps1", "/Users/ada", {"ONEDRIVE": "/Users/ada/OneDrive - GmbH"}
    assert below_home(home, name, env, platform="win32") == "/Users/ada/Documents/PowerShell/profile.ps1"
    registry[system_places.USER_FOLDERS] = {"Personal": "%OneDrive%/Dokumente"}
    moved = "/Users/ada/OneDrive - GmbH/Dokumente/PowerShell/profile.ps1"
    assert below_home(home, name, env, platform="win32") == moved
    assert below_home(home, ".bashrc", env, platform="win32") == "/Users/ada/.bashrc"
    assert below_home(home, name, env, platform="darwin") == "/Users/ada/Documents/PowerShell/profile.ps1"


def test_an_administrator_s_settings_in_the_registry_beat_the_user_s_own(registry: dict[str, dict[str, Any]]) -> None:
    user, machine = (rf"HKEY_{root}\SOFTWARE\Policies\ClaudeCode" for root in ("CURRENT_USER", "LOCAL_MACHINE"))
    registry[user] = {"Settings": json.dumps({"model": "mine"})}
    assert managed_by_the_system({}, platform="win32") == [(user, {"model": "mine"})]
    assert managed_by_the_system({}, others=True, platform="win32") == []
    registry[machine] = {"Settings": json.dumps(BASE_URL)}
    assert managed_by_the_system({}, platform="win32") == [(machine, BASE_URL)]
    registry[machine] = {"Settings": "no json"}
    assert managed_by_the_system({}, others=True, platform="win32") == []


def test_an_administrator_s_property_list_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_places, "PREFERENCES", str(tmp_path))
    (tmp_path / "ada").mkdir()
    (tmp_path / "com.anthropic.claudecode.plist").write_bytes(plistlib.dumps({"model": "all"}))
    own = tmp_path / "ada" / "com.anthropic.claudecode.plist"
    own.write_bytes(plistlib.dumps(BASE_URL, fmt=plistlib.FMT_BINARY))
    found = managed_by_the_system({"USER": "ada"}, platform="darwin")
    assert [tree for _, tree in found] == [{"model": "all"}, BASE_URL]
    own.write_bytes(b"bplist00 broken")
    assert [tree for _, tree in managed_by_the_system({"USER": "ada"}, platform="darwin")] == [{"model": "all"}]
    assert managed_by_the_system({"USER": "ada"}, platform="linux") == []
