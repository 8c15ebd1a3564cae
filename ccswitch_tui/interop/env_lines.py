"""NAME=value as shells, .env files, PowerShell, cmd, docker, systemd and Kubernetes write it.

Pure; nothing is run. A variable that the same text assigned before is put in
its place, any other keeps its name; of two assignments the last counts, as it
does in a shell.
"""

from __future__ import annotations

import re

from ccswitch_tui.interop.names import Pair

_JOINED = re.compile(r"(?:\\|(?<=[ \t])[`^])[ \t]*\n(?:[ \t]*\n){0,3}[ \t]*")
"""The end of a line that goes on: of a POSIX shell, PowerShell, cmd. An empty line after it is a pasting accident."""

COMMANDS = ("claude", "codex", "npx", "node", "python", "python3", "uvx", "bunx", "aider", "opencode")
"""What people start with variables in front: then a host without a dot is a machine of their own network."""

_ANOTHER = r"(?:export|setx?|setenv|declare|typeset|unset|echo|call|start|curl|cd|source|" + "|".join(COMMANDS) + r")\b"
_AFTER_SEMICOLON = re.compile(rf"[ \t]*(?:\n|\Z)|[ \t]+\S|(?:{_ANOTHER}|\$env:|[A-Z][A-Z0-9_]{{2,}}=)")
_AFTER_AMPERSAND = re.compile(rf"&|[ \t]*(?:\n|\Z)|[ \t]*(?:{_ANOTHER}|[A-Z][A-Z0-9_]{{2,}}=)", re.IGNORECASE)

LONGEST_QUOTE = 4_000
"""Characters; a quote that is not closed within them is an apostrophe."""

_WORD = r"(?:\$?\"[^\"]*\"|\$?'[^']*'|[^\s\"';]*)"
_SEVERAL = re.compile(rf"(?:^|(?<=\s))(?P<name>[A-Za-z_]\w*)=(?P<value>{_WORD})(?=\s|$)")
_EXPORT = re.compile(
    r"[ \t]*(?:-[ \t]+)?(?:export|declare|typeset|ENV|env|cross-env(?:-shell)?)(?:[ \t]+-\w+)*[ \t]+(?=[A-Za-z_]\w*=)",
    re.IGNORECASE,
)
_DOCKER = re.compile(rf"(?:^|\s)(?:-e|--env|-v)(?:[ \t]+|=)[\"']?(?P<name>[A-Za-z_]\w*)=(?P<value>{_WORD})")
_FOR_ONE_COMMAND = re.compile(rf"[ \t]*(?:[A-Za-z_]\w*={_WORD}[ \t]+)+(?=[\w./~$])[^=]*$")
"""`A=1 B=2 claude -p hi`: variables for one command."""
_SET_VARIABLE = re.compile(
    r"SetEnvironmentVariable\(\s*[\"'](?P<name>\w+)[\"']\s*,\s*[\"'](?P<value>[^\"'\n]*)[\"']", re.IGNORECASE
)
_KUBERNETES = re.compile(
    r"^[ \t]*-?[ \t]*name:[ \t]*[\"']?(?P<name>[A-Z][A-Z0-9_]+)[\"']?[ \t]*\n[ \t]*value:[ \t]*(?P<value>[^\n]+)",
    re.MULTILINE,
)
_PREFACE = re.compile(
    r"(?:[ \t]*(?:(?:and|then|do|else)[ \t]+|(?:function[ \t]+)?[\w-]+[ \t]*\(\)[ \t]*(?=\{)"
    r"|[\w.-]+[ \t]*=[ \t]*(?=\{[ \t])|\{[ \t]+))*"
)
"""What may stand before a statement: fish's `and`, the head of a function, of an attribute set of Nix."""

_INSIDE = re.compile(r"[ \t]*(?:echo[ \t]+|alias[ \t]+[\w.-]+=)(?P<quote>[\"'])(?P<inside>[^\n]{1,2000}?)(?P=quote)")
"""Assignments that a command would write into a file, or an alias holds."""

_LINE = re.compile(
    r"""[ \t]*(?:-[ \t]+)?(?:(?P<how>export|setx|setenv|set(?:[ \t]+-[-a-zA-Z]+)*"""
    r"""|(?:declare|typeset)(?:[ \t]+-\w+)*|ENV|-e|--env|Set-Item(?:[ \t]+-Path)?)[ \t]+"""
    r"""|(?:Environment|export[ \t]+)=?)?"""
    r"""(?:\$\{?env[:.]|Env:|\$(?=[A-Z_]+[ \t]*=))?["']?(?P<name>[A-Za-z_][A-Za-z0-9_]*)["'}]?[ \t]*"""
    r"""(?P<mark>:?=|(?<=[\w}"'])[ \t]+(?=["'\w$]))"""
    r"""[ \t]*(?P<value>.*?)[ \t]*;?[ \t]*$""",
    re.DOTALL,
)
_REFERENCE = re.compile(r"\$(?:\{(?:env:)?(\w+)(?::?-[^}]*)?\}|(?:env:)?([A-Za-z_]\w*))|%([A-Za-z_]\w*)%")
_WITHOUT_EQUALS = ("set", "setx", "setenv", "env", "set-item")


def env_pairs(text: str) -> list[Pair]:
    """The variables a text sets, each with what it holds at the end."""
    found: dict[str, str] = {}
    for match in _KUBERNETES.finditer(text):
        found[match["name"]] = unquoted(match["value"])
    for statement in _statements(_JOINED.sub(" ", text)):
        for name, raw in _assignments(statement):
            found[name] = _filled(raw, found)
    return list(found.items())


def _statements(text: str) -> list[str]:
    """The text cut where a shell would: at line ends, `;`, `&&` and cmd's `&`, not inside quotes."""
    found, start, at = [], 0, 0
    while at < len(text):
        char = text[at]
        if char in "\"'" and (at == start or text[at - 1] in "= \t(,$[@"):
            end = text.find(char, at + 1, at + LONGEST_QUOTE)
            at = end + 1 if end > 0 and (text.count("\n", at, end) <= 20) else at + 1
            continue
        if (
            char == "\n"
            or (char == ";" and _AFTER_SEMICOLON.match(text, at + 1))
            or (char == "&" and _AFTER_AMPERSAND.match(text, at + 1))
        ):
            found.append(text[start:at])
            start = at + 1
        at += 1
    return [part for part in [*found, text[start:]] if part.strip()]


def _assignments(statement: str) -> list[Pair]:
    """The names and raw values of one statement."""
    statement = statement[_PREFACE.match(statement).end() :]  # type: ignore[union-attr]
    inside = _INSIDE.match(statement)
    if inside:
        return [pair for part in _statements(inside["inside"]) for pair in _assignments(part)]
    docker = [(m["name"], m["value"]) for m in _DOCKER.finditer(statement)]
    if docker:
        return docker
    called = _SET_VARIABLE.search(statement)
    if called:
        return [(called["name"], called["value"])]
    export = _EXPORT.match(statement)
    several = list(_SEVERAL.finditer(statement, export.end() if export else 0))
    if several and (export or _FOR_ONE_COMMAND.match(statement) or _is_all(several, statement)):
        last = several[-1]
        if last["value"].lower() in ("bearer", "token"):
            return [*((m["name"], m["value"]) for m in several[:-1]), (last["name"], statement[last.start("value") :])]
        if _cut_in_the_host(last["value"], statement[last.end() :]):
            return [*((m["name"], m["value"]) for m in several[:-1]), (last["name"], statement[last.start("value") :])]
        return [(m["name"], m["value"]) for m in several]
    line = _LINE.match(statement)
    if line is None:
        return []
    how = (line["how"] or "").split()[0].lower() if line["how"] else ""
    # `set -x NAME value` (fish), `setx NAME value` and `ENV NAME value` have no equals sign; prose has none either.
    if "=" not in line["mark"] and how not in _WITHOUT_EQUALS:
        return []
    value = line["value"]
    if how == "setx" and "=" not in line["mark"]:
        value = re.sub(r"[ \t]+/[mM]$", "", value)
    return [(line["name"], value)]


def _is_all(several: list[re.Match[str]], statement: str) -> bool:
    """Whether a statement is assignments and nothing else, more than one."""
    return len(several) > 1 and sum(m.end() - m.start() for m in several) + len(several) >= len(
        statement.split("#")[0].strip()
    )


def _filled(raw: str, known: dict[str, str]) -> str:
    """A raw value without its quotes, what is known put in the place of variables; '…' keeps them, as in a shell."""
    value = unquoted(raw)
    if raw.lstrip()[:1] == "'":
        return value
    return _REFERENCE.sub(lambda m: known.get(m[1] or m[2] or m[3], m[0]), value)


def _cut_in_the_host(value: str, rest: str) -> bool:
    """Whether an address ends in half a host (`https://exa mple`): then the blank is a mistake, and ends no word."""
    follows = re.match(r"[ \t]*([\w./-]+)", rest)
    half = re.fullmatch(r"https?://[\w-]+\.?", value, re.IGNORECASE) is not None and "localhost" not in value.lower()
    return half and follows is not None and follows[1] not in COMMANDS


def unquoted(value: str) -> str:
    """A value without its quotes or the comment behind it."""
    value = value.strip()
    if value.count('"') == 1 and value.endswith('"'):
        value = value[:-1]  # the quote was opened before the name: Environment="A=b"
    if value[:2] in ("$'", '$"'):
        value = value[1:]
    if value[:1] in ("'", '"') and (end := value.find(value[0], 1)) > 0:
        return value[1:end]
    return re.split(r"(?<![ \t])[ \t]+(?:#|//)", value, maxsplit=1)[0].strip().rstrip("\\").strip()
