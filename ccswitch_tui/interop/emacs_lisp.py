"""Backends of Emacs: gptel's `gptel-make-…` and the llm library's `make-llm-…`.

Pure; nothing is evaluated. What is no literal is a variable, or not in the text.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ccswitch_tui.interop.names import Pair
from ccswitch_tui.interop.variables import draft_from_pairs
from ccswitch_tui.profiles.draft import Draft
from ccswitch_tui.sentence import say

_CALL = re.compile(r"\((?:gptel-make|make-llm)-(?P<kind>[a-z-]+)")
_FIELD = re.compile(
    r"""(?<=\s):(?P<name>[a-z-]+)\s+(?:"(?P<text>(?:\\.|[^"\\])*)"|\(getenv\s+"(?P<variable>\w+)"\)"""
    r"""|'?\(\s*(?:list\s+)?\(?["']?(?P<first>[\w./:@-]+)|'(?P<symbol>[\w./:@-]+)|(?P<other>[^\s)]+))"""
)
_VENDOR = {"openai": "OPENAI", "anthropic": "ANTHROPIC", "claude": "ANTHROPIC"}
_PATH = {"anthropic": "/v1/messages"}
LONGEST_CALL = 4_000


class _Value(NamedTuple):
    text: str
    """The literal, `$NAME` for a variable, "" for what the program works out."""


def draft_from_lisp(text: str) -> Draft | None:
    """The endpoint of the first backend that names an address, else of the first; None where there is none."""
    drafts = []
    for call in _CALL.finditer(text):
        end = _CALL.search(text, call.end())
        drafts.append(
            _draft(call["kind"], text[call.end() : min(call.end() + LONGEST_CALL, end.start() if end else len(text))])
        )
    if not drafts:
        return None
    found = next((d for d in drafts if d.endpoint and (d.secret or d.key_ref)), None) or next(
        (d for d in drafts if d.endpoint), drafts[0]
    )
    if len(drafts) > 1 and found.endpoint:
        note = say("it contains {n} endpoints: the first one was used", n=len(drafts))
        return found._replace(notes=(*found.notes, note))
    return found


def _draft(kind: str, arguments: str) -> Draft:
    fields = {m["name"]: _value(m) for m in _FIELD.finditer(arguments)}
    vendor = _VENDOR.get(kind, "" if kind == "openai-compatible" else kind.upper().replace("-", "_"))
    models = fields.get("models") or fields.get("chat-model")
    pairs: list[Pair] = [("MODEL", models.text if models else "")]
    prefix = f"{vendor}_" if vendor else ""
    key = fields.get("key")
    if key:
        pairs.append((f"{prefix}API_KEY", key.text))
    address = _address(kind, fields)
    if address == "":
        return Draft(unusable=say("the code computes its address: it is not in this text"))
    if address is not None:
        pairs.append((f"{prefix}BASE_URL", address))
    return draft_from_pairs(pairs, "a configuration of Emacs")


def _address(kind: str, fields: dict[str, _Value]) -> str | None:
    """The address a backend asks; "" where it is worked out, None where the vendor's own is meant."""
    url, host = fields.get("url"), fields.get("host")
    if url is not None:
        return url.text
    if host is None:
        return None
    if not host.text:
        return ""
    path = fields.get("endpoint", _Value(_PATH.get(kind, "/v1/chat/completions" if kind != "ollama" else "")))
    protocol = fields.get("protocol", _Value("http" if kind == "ollama" else "https"))
    if not protocol.text:
        return ""
    return f"{protocol.text}://{host.text.rstrip('/')}{path.text}"


def _value(match: re.Match[str]) -> _Value:
    if match["variable"]:
        return _Value(f"${match['variable']}")
    if match["name"] in ("models", "chat-model"):
        return _Value(match["first"] or match["symbol"] or match["text"] or "")
    return _Value(match["text"] or "")
