"""Who sets a variable before Claude Code starts: shell start-up files, login environments, editors.

Read only. A line that sets a name is found by its form; a file that is sourced
from another, or made by a program, is not followed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ccswitch_tui.claude.jsontext import BOM, JsonFault, decode, parse_object, repaired
from ccswitch_tui.claude.system_places import below_home, variables_of_the_system
from ccswitch_tui.paths import Paths
from ccswitch_tui.textfile import read_file

LARGEST_FILE = 2_000_000
"""Bytes; a start-up file is kilobytes."""

START_UP_FILES = (
    ".bashrc", ".bash_profile", ".bash_login", ".profile", ".bash_aliases", ".zshrc", ".zshenv", ".zprofile", ".zlogin",
    ".kshrc", ".cshrc", ".tcshrc", ".pam_environment", ".config/fish/config.fish", ".config/powershell/profile.ps1",
    ".config/powershell/Microsoft.PowerShell_profile.ps1", "Documents/PowerShell/profile.ps1",
    "Documents/PowerShell/Microsoft.PowerShell_profile.ps1", "Documents/WindowsPowerShell/profile.ps1",
    "Documents/WindowsPowerShell/Microsoft.PowerShell_profile.ps1",
)  # fmt: skip
START_UP_FOLDERS = ((".config/fish/conf.d", ".fish"), (".config/environment.d", ".conf"))
SYSTEM_FILES = ("/etc/environment", "/etc/profile", "/etc/bash.bashrc", "/etc/zsh/zshenv")

EDITORS = ("Code", "Code - Insiders", "VSCodium", "Cursor", "Windsurf")
"""Folders of VS Code and its kin, whose extension has the setting `claudeCode.environmentVariables`."""


class Export(NamedTuple):
    """One line that sets a variable."""

    name: str
    value: str
    file: str
    line: int
    by: str
    """`shell`, `editor` or `system` (Windows' registry, which has no lines)."""

    @property
    def where(self) -> str:
        """File and line."""
        return f"{self.file}:{self.line}" if self.line else self.file


_EXPORT = re.compile(
    r"""^\s*(?:export\s+|declare\s+-gx\s+|typeset\s+-gx\s+|set\s+-(?:gx|xg|Ux|x)\s+|set\s+--export\s+|setenv\s+|\$env:)?
        (?P<name>[A-Za-z_][A-Za-z0-9_]*)(?:\s*=\s*|\s+(?:DEFAULT=)?)(?P<value>"[^"]*"|'[^']*'|[^\s;#]*)""",
    re.VERBOSE,
)


def exports_in(text: str, names: frozenset[str] | None = None) -> Iterator[tuple[int, str, str]]:
    """Line, name and value of every assignment in a start-up file of sh, bash, zsh, fish, csh or PowerShell."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.lstrip().startswith("#"):
            continue
        for part in re.split(r";|&&", line):
            found = _EXPORT.match(part)
            if found and (names is None or found["name"] in names):
                value = found["value"]
                yield number, found["name"], value[1:-1] if value[:1] in ("'", '"') else value


def find_exports(paths: Paths, env: Mapping[str, str], cwd: str, names: frozenset[str]) -> list[Export]:
    """Every line in the user's start-up files and editors' settings that sets one of these variables."""
    found: list[Export] = []
    for path in _start_up_files(paths, env, cwd):
        text = _text(path)
        found.extend(Export(name, value, path, line, "shell") for line, name, value in exports_in(text, names))
    for path in _editor_files(paths, env, cwd):
        found.extend(_in_editor(path, names))
    found.extend(Export(name, value, place, 0, "system") for name, value, place in variables_of_the_system(names))
    return found


def _start_up_files(paths: Paths, env: Mapping[str, str], cwd: str) -> list[str]:
    files = [below_home(paths.home, name, env) for name in START_UP_FILES]
    if env.get("ZDOTDIR"):
        files += [os.path.join(env["ZDOTDIR"], name) for name in (".zshrc", ".zshenv", ".zprofile", ".zlogin")]
    for folder, suffix in START_UP_FOLDERS:
        where = os.path.join(paths.home, folder)
        try:
            files += [os.path.join(where, name) for name in sorted(os.listdir(where)) if name.endswith(suffix)]
        except OSError:
            continue
    return list(dict.fromkeys([*files, *SYSTEM_FILES, os.path.join(cwd, ".envrc")]))


def _editor_files(paths: Paths, env: Mapping[str, str], cwd: str) -> list[str]:
    roots = [os.path.join(paths.home, ".config"), os.path.join(paths.home, "Library", "Application Support")]
    roots += [env["APPDATA"]] if env.get("APPDATA") else []
    files = [os.path.join(root, editor, "User", "settings.json") for root in roots for editor in EDITORS]
    files += [
        os.path.join(paths.home, folder, "data", "Machine", "settings.json")
        for folder in (".vscode-server", ".cursor-server")
    ]
    return [*files, os.path.join(cwd, ".vscode", "settings.json")]


def _in_editor(path: str, names: frozenset[str]) -> Iterator[Export]:
    text = _text(path)
    if "claudeCode" not in text:
        return
    try:
        tree = parse_object(repaired(text) or text)  # editors allow comments
    except JsonFault:
        return
    rows = tree.get("claudeCode.environmentVariables")
    if isinstance(rows, dict):
        rows = [{"name": name, "value": value} for name, value in rows.items()]
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict) and row.get("name") in names:
            at = text.find(f'"{row["name"]}"')
            line = text.count("\n", 0, max(at, 0)) + 1
            yield Export(str(row["name"]), str(row.get("value", "")), path, line, "editor")


def _text(path: str) -> str:
    try:
        raw = read_file(path, LARGEST_FILE)
        if raw.startswith((b"\xff\xfe", b"\xfe\xff")):  # what `>` of Windows' own PowerShell writes
            return raw.decode("utf-16", "replace")
        return decode(raw).removeprefix(BOM)
    except (OSError, JsonFault):
        return ""
