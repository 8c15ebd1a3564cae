"""NAME=value lines as shells, .env files, PowerShell, docker and systemd write them.

Pure; nothing is expanded: a value that names another variable keeps its name.
"""

from __future__ import annotations

import re

from ccswitch_tui.interop.variables import Pair

_ENV_LINE = re.compile(
    r"""^[ \t]*(?:(?P<how>export|setx|set(?:[ \t]+-[a-zA-Z]+)*|declare(?:[ \t]+-x)?|ENV|-e|--env)[ \t]+"""
    r"""|Environment=)?"""
    r"""(?:\$env:|\$Env:)?"?(?P<name>[A-Za-z_][A-Za-z0-9_]*)"?[ \t]*(?:=|(?<=\w)[ \t]+(?=["'\w$]))"""
    r"""[ \t]*(?P<value>.*?)[ \t]*;?[ \t]*$""",
    re.MULTILINE,
)
_SEVERAL_IN_A_LINE = re.compile(
    r";[ \t]*(?=(?:export|set|setx)[ \t]|\$env:)|[ \t]+(?=(?:-e|--env)[ \t]+\w+=)|[ \t]*&&[ \t]*"
)
_IN_FRONT_OF_A_COMMAND = re.compile(
    r"""^[ \t]*(?:env[ \t]+)?((?:[A-Za-z_]\w*=(?:"[^"\n]*"|'[^'\n]*'|[^\s"']*)[ \t]+)+)(?=[\w./~$])[^\n=]*$""",
    re.MULTILINE,
)
"""`A=1 B=2 claude -p hi`: variables for one command."""


def env_pairs(text: str) -> list[Pair]:
    """NAME=value lines as shells, .env files, PowerShell and docker write them."""
    found = []
    text = _IN_FRONT_OF_A_COMMAND.sub(lambda m: re.sub(r"(?<=\S)[ \t]+(?=\w+=)", "\n", m[1]) + "\n", _joined(text))
    for match in _ENV_LINE.finditer(_SEVERAL_IN_A_LINE.sub("\n", text)):
        value = match["value"]
        spaced = "=" not in match[0].split(match["name"], 1)[1][:3]
        # `set -x NAME value` (fish) and `setx NAME value` have no equals sign; prose does not either.
        if spaced and not match["how"]:
            continue
        if match["how"] in ("export", "-e", "--env", "ENV"):
            value = re.match(r"(\"[^\"]*\"|'[^']*'|[^\s\"']*)", value)[0]  # type: ignore[index]
        found.append((match["name"], unquoted(value)))
    return found


def _joined(text: str) -> str:
    """Lines that end in a backslash joined with the next."""
    return re.sub(r"\\[ \t]*\n[ \t]*", " ", text)


def unquoted(value: str) -> str:
    """A shell value without its quotes or the comment behind it."""
    value = value.strip()
    if value.count('"') == 1 and value.endswith('"'):
        value = value[:-1]  # the quote was opened before the name: Environment="A=b"
    if value[:1] in ("'", '"') and (end := value.find(value[0], 1)) > 0:
        return value[1:end]
    return re.split(r"\s+#|\s*;\s*(?=export|set\b)|\s+&&", value, maxsplit=1)[0].strip().rstrip("\\").strip()
