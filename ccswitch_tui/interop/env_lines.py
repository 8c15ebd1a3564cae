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
    text = _IN_FRONT_OF_A_COMMAND.sub(_apart, _joined(text))
    for match in _ENV_LINE.finditer(_SEVERAL_IN_A_LINE.sub("\n", text)):
        value = match["value"]
        spaced = "=" not in match[0].split(match["name"], 1)[1][:3]
        # `set -x NAME value` (fish) and `setx NAME value` have no equals sign; prose does not either.
        if spaced and not match["how"]:
            continue
        if match["how"] in ("export", "-e", "--env", "ENV"):
            first = re.match(r"(\"[^\"]*\"|'[^']*'|[^\s\"']*)", value)[0]  # type: ignore[index]
            value = value if _cut_in_the_host(first, value[len(first) :]) else first
        found.append((match["name"], unquoted(value)))
    return found


def _apart(match: re.Match[str]) -> str:
    """Assignments before a command, each on a line of its own; as they are where a blank cuts an address in two."""
    if any(
        _cut_in_the_host(word.partition("=")[2], match[0][match.end(1) - match.start() :])
        for word in match[1].split()[-1:]
    ):
        return match[0]
    return re.sub(r"(?<=\S)[ \t]+(?=\w+=)", "\n", match[1]) + "\n"


def _cut_in_the_host(value: str, rest: str) -> bool:
    """Whether an address ends in half a host (`https://exa mple`): then the blank is a mistake, and ends no word."""
    follows = re.match(r"[ \t]*([\w./-]+)", rest)
    half = re.fullmatch(r"https?://[\w-]+\.?", value, re.IGNORECASE) is not None and "localhost" not in value.lower()
    return half and follows is not None and follows[1] not in COMMANDS


COMMANDS = frozenset({"claude", "codex", "npx", "node", "python", "python3", "uvx", "bunx", "aider", "opencode"})
"""What people start with variables in front: then a host without a dot is a machine of their own network."""


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
