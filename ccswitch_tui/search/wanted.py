"""Which Messages requests are a web search and nothing else. Pure.

Claude Code asks for a search by a request of its own whose only tool is the
vendor's server tool, with the query in its one user message. It forces the tool
for old model ids only and says "auto" for every id it does not know, so
`tool_choice` decides nothing here (measured with 2.1.330 and 2.1.332,
tests/search/test_real_search.py).
"""

from __future__ import annotations

from typing import Any

from ccswitch_tui.search.model import Json, Wanted

PREFIX = "perform a web search for the query:"
"""How Claude Code words it."""

HARMLESS_QUERY = "example domain"
"""What a trial search asks for when the user names nothing."""

LONGEST_BARE_QUERY = 500
"""A lone search tool with a short message and other words is a search too: a coming client may word it anew."""

LONGEST_QUERY = 2000
SHORTEST_QUERY = 2

SERVER_TOOL = "web_search_"
"""The types are versioned by date: web_search_20250305, web_search_20260209, web_search_20260318 so far."""


def is_lone_search(body: Json) -> bool:
    """The request's only tool is the vendor's web search, and the client does not forbid it."""
    tools = body.get("tools")
    if not isinstance(tools, list) or len(tools) != 1 or not isinstance(tools[0], dict):
        return False
    kind = tools[0].get("type")
    choice = body.get("tool_choice")
    forbidden = isinstance(choice, dict) and choice.get("type") == "none"
    return isinstance(kind, str) and kind.startswith(SERVER_TOOL) and not forbidden


def is_the_clients_own(body: Json) -> bool:
    """The request is worded as Claude Code words its searches."""
    return _said(body).lower().startswith(PREFIX)


def wanted(body: Json) -> Wanted | None:
    """The search this request is, or None for any other request."""
    if not is_lone_search(body):
        return None
    said = _said(body)
    if said.lower().startswith(PREFIX):
        said = said[len(PREFIX) :].strip()
    elif len(_turns(body)) != 1 or not said or len(said) > LONGEST_BARE_QUERY:
        return None
    tool = body["tools"][0]
    name = tool.get("name")
    return Wanted(
        query=said,
        allowed=domains(tool.get("allowed_domains")),
        blocked=domains(tool.get("blocked_domains")),
        tool_name=name if isinstance(name, str) and name else "web_search",
        model=body.get("model") if isinstance(body.get("model"), str) else "",  # type: ignore[arg-type]
        stream=body.get("stream") is True,
    )


def _turns(body: Json) -> list[Json]:
    turns = body.get("messages")
    return [turn for turn in turns if isinstance(turn, dict)] if isinstance(turns, list) else []


def _said(body: Json) -> str:
    """The last message, if it is the user's."""
    last = next(iter(_turns(body)[-1:]), {})
    return _text_of(last.get("content")).strip() if last.get("role") == "user" else ""


def _text_of(content: Any) -> str:
    if isinstance(content, str):
        return content
    blocks = [b for b in content or () if isinstance(b, dict)] if isinstance(content, list) else []
    return "\n".join(b["text"] for b in blocks if b.get("type") == "text" and isinstance(b.get("text"), str))


def domains(given: Any) -> tuple[str, ...]:
    """A domain list of a search tool; what is no text is left out."""
    return tuple(d.strip() for d in given if isinstance(d, str) and d.strip()) if isinstance(given, list) else ()
