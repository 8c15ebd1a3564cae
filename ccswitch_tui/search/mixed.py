"""Conversations that have the vendor's web search among other tools: the model gets a function in its place. Pure.

Agent SDK programs send such lists. The model decides when to search; each
search it asks for is made by the user's source and becomes the pair of blocks
that the vendor's servers would have made, up to the tool's own `max_uses`.
"""

from __future__ import annotations

from typing import Any

from ccswitch_tui.record import NamedTuple
from ccswitch_tui.search.model import Json, Wanted
from ccswitch_tui.search.wanted import SERVER_TOOL, domains

MOST_USES = 8
"""As Claude Code itself allows for one request."""

DESCRIPTION = "Search the web. Returns titles, addresses and excerpts of pages."
SCHEMA: Json = {
    "type": "object",
    "properties": {"query": {"type": "string", "description": "What to search for"}},
    "required": ["query"],
}


class SearchTool(NamedTuple):
    """The vendor's search tool of one request."""

    name: str
    allowed: tuple[str, ...]
    blocked: tuple[str, ...]
    max_uses: int


def search_tool(body: Json) -> SearchTool | None:
    """The search tool among this request's tools, or None."""
    tools = body.get("tools")
    for tool in tools if isinstance(tools, list) else ():
        if isinstance(tool, dict) and isinstance(tool.get("type"), str) and tool["type"].startswith(SERVER_TOOL):
            name, uses = tool.get("name"), tool.get("max_uses")
            return SearchTool(
                name=name if isinstance(name, str) and name else "web_search",
                allowed=domains(tool.get("allowed_domains")),
                blocked=domains(tool.get("blocked_domains")),
                max_uses=min(uses, MOST_USES) if isinstance(uses, int) and uses > 0 else MOST_USES,
            )
    return None


def with_function(body: Json, tool: SearchTool) -> Json:
    """The request with a function in place of the server tool, to be answered whole."""
    others = [t for t in body["tools"] if not (isinstance(t, dict) and str(t.get("type", "")).startswith(SERVER_TOOL))]
    function = {"name": tool.name, "description": DESCRIPTION, "input_schema": SCHEMA}
    return {**body, "stream": False, "tools": [*others, function]}


def searches_of(answer: Json, tool: SearchTool) -> list[Json]:
    """The `tool_use` blocks of an answer that ask for a search."""
    return [b for b in answer["content"] if b.get("type") == "tool_use" and b.get("name") == tool.name]


def wanted_by(call: Json, tool: SearchTool, model: str) -> Wanted:
    """The search a call asks for."""
    given = call.get("input")
    query = given.get("query") if isinstance(given, dict) else None
    return Wanted(
        query=query.strip() if isinstance(query, str) else "",
        allowed=tool.allowed,
        blocked=tool.blocked,
        tool_name=tool.name,
        model=model,
    )


def continued(body: Json, answer: Json, results: list[tuple[str, str]]) -> Json:
    """The next request: what the model said, and the text of each search it asked for by the call's id."""
    told = [{"type": "tool_result", "tool_use_id": call, "content": text} for call, text in results]
    turns = [{"role": "assistant", "content": answer["content"]}, {"role": "user", "content": told}]
    return {**body, "messages": [*body["messages"], *turns], "tool_choice": {"type": "auto"}}


def summed(usages: list[Json], searches: int) -> Json:
    """The usage of all turns together."""
    total: dict[str, Any] = {}
    for usage in usages:
        for name, count in usage.items():
            if isinstance(count, int) and not isinstance(count, bool):
                total[name] = total.get(name, 0) + count
    return {**total, "server_tool_use": {"web_search_requests": searches, "web_fetch_requests": 0}}
