"""Tool names as upstreams accept them, and back.

Chat completions takes names of at most 64 characters `[A-Za-z0-9_-]`; MCP
names are longer. The short form depends on the name alone, so the same
conversation always gives the same bytes; a collision is resolved by hash.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

LONGEST_NAME = 64

_GOOD_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_BAD = re.compile(r"[^A-Za-z0-9_-]")
_WORD = re.compile(r"[A-Za-z0-9_-]+")
_MARKS = frozenset(
    {
        "functions", "function", "default_api", "tools", "tool", "tool_call", "tool_calls", "tool_use", "assistant",
        "channel", "commentary", "analysis", "final", "message", "call", "start", "end", "constrain", "json", "to",
        "recipient", "name", "arg_key", "arg_value", "args", "arguments", "parameter", "parameters", "invoke", "python",
        "api", "namespace", "repo_browser", "multi_tool_use", "tool_sep", "im_start", "im_end", "xml", "type",
        "tool_name",
    }
)  # fmt: skip
"""Words of name spaces and chat templates that models write around a tool's name; Claude Code knows no tool of that
name (measured). Sources: reports of vLLM, SGLang, llama.cpp and Fireworks with gpt-oss, GLM and Kimi."""


_TAGS = re.compile(r"</?[^<>\s][^<>]*>?")
"""Markup of a chat template, closed or cut: </s>, <|call|>, <｜tool▁sep｜>."""
_BLANK = re.compile(r"\s")
_TAIL = re.compile(r"(?:[_-]\d{1,3}|json|commentary|analysis|_?tool)$", re.I)
_HEAD = re.compile(r"^(?:functions?|tools?|call|default_api)_")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class ToolNames:
    """The names of one request in both directions. `known` are the request's tools as the client calls them."""

    def __init__(self, known: Iterable[str]) -> None:
        self.known = list(dict.fromkeys(known))
        self._short: dict[str, str] = {}
        self._long: dict[str, str] = {}
        for name in self.known:
            if _GOOD_NAME.fullmatch(name):
                self._short[name] = self._long[name] = name
        for name in self.known:
            if name not in self._short:
                self.short(name)

    def is_tool(self, name: str) -> bool:
        """Whether this is a tool of the request: a name that is none may be the first half of one."""
        return self.restore(name) in self.known

    def may_grow(self, name: str) -> bool:
        """Whether the name may be only the beginning of a tool's name."""
        shorts = [self.short(known) for known in self.known]
        return any(short.startswith(name) and short != name for short in shorts) or not self.is_tool(name)

    def copy(self) -> ToolNames:
        """The same names, for a request of its own: its history may have more."""
        twin = ToolNames(())
        twin.known, twin._short, twin._long = self.known, dict(self._short), dict(self._long)
        return twin

    @property
    def only_known(self) -> bool:
        """No name was met that is not among the request's tools."""
        return len(self._short) == len(self.known)

    def short(self, name: str) -> str:
        """The name as the upstream gets it."""
        short = self._short.get(name)
        if short is None:
            short = self._shorten(name)
            self._short[name] = short
            self._long[short] = name
        return short

    def _shorten(self, name: str) -> str:
        if _GOOD_NAME.fullmatch(name):
            short = name
        elif len(name) <= LONGEST_NAME and name:
            short = _BAD.sub("_", name)
        else:
            short = f"{_BAD.sub('_', name)[:55]}_{_digest(name)[:8]}"
        if short in self._long:
            short = f"{short[:55]}_{_digest(name)[:8]}"
        return short

    def restore(self, name: str) -> str:
        """The tool the model meant: our short form undone, markup around it removed, case forgiven where unique."""
        if name in self._long:
            return self._long[name]
        bare = name.strip()
        if bare in self._long:
            return self._long[bare]
        return self._meant(bare) or bare or name

    def _meant(self, name: str) -> str:
        """The only tool of the request that these letters can stand for; "" where there is none or more than one."""
        bare = _TAGS.sub("", name).strip()
        for said in (name, bare) if bare != name else (name,):
            alike = [known for known in self.known if known.lower() == said.lower()]
            if len(alike) == 1:
                return alike[0]
        squeezed = _squeezed(name)
        same = [known for known in self.known if squeezed and _squeezed(self.short(known)) == squeezed]
        if len(same) == 1:
            return same[0]
        words = [self._without_tail(m[0]) for m in _WORD.finditer(name)]
        among = self._among(name, words)
        if among:
            return among
        # an MCP tool without its server, or without the word mcp: read_file, fs__read_file, mcp.fs.read_file
        inner = [known for known in self.known if known.startswith("mcp__") and _ends_in(known, words)]
        return inner[0] if len(inner) == 1 else ""

    def _without_tail(self, word: str) -> str:
        """A tool's name without the call's number or the word of markup that was glued to it: Bash_0, Bashjson,
        functions_Bash."""
        if word in self._long:
            return word
        for glued in (_TAIL, _HEAD):
            bare = glued.sub("", word, count=1)
            meant = [short for short in self._long if short.lower() == bare.lower()] if bare != word else []
            if len(meant) == 1:
                return meant[0]
        return word

    def _among(self, name: str, words: list[str]) -> str:
        """The tool that is one of these words, if all the others are markup or a call's number."""
        called = [w for w in words if w in self._long]
        others = [w for w in words if w not in self._long and w.lower() not in _MARKS and not w.isdecimal()]
        behind_a_space = words[-1:] == called[-1:] and not _BLANK.search(name)  # repo_browser.Bash
        if len(set(called)) == 1 and (not others or behind_a_space):
            return self._long[called[0]]
        if called:
            return ""
        forgiven = {known for w in words for known in self.known if known.lower() == w.lower()}
        strangers = [w for w in words if w.lower() not in _MARKS and not w.isdecimal()]
        return forgiven.pop() if len(forgiven) == 1 and len(strangers) == 1 else ""


def _squeezed(name: str) -> str:
    """A name without what models and servers put between its words."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _ends_in(known: str, words: list[str]) -> bool:
    """Whether these words, markup aside, are the end of an MCP tool's name."""
    said = _squeezed("".join(w for w in words if w.lower() not in _MARKS))
    parts = known.split("__")
    tails = {_squeezed("".join(parts[place:])) for place in range(1, len(parts))}
    return bool(said) and said in tails
