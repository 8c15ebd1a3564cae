"""Tools and tool_choice: built from scratch, so that no key of the client's slips through to a strict server."""

from __future__ import annotations

from typing import Any

from ccswitch_tui.record import NamedTuple
from ccswitch_tui.translate.notices import Notice, Notices
from ccswitch_tui.translate.schema import ALIASED, complete_root, droppable_nulls, in_dialect, optional_texts
from ccswitch_tui.translate.tokens import tools_text, tools_tokens
from ccswitch_tui.translate.tool_names import ToolNames
from ccswitch_tui.wire.quirks import Quirks

Json = dict[str, Any]

PLACEHOLDER = "DeferredToolPlaceholder"
"""A tool Claude Code sends while its own tool search waits: not to be called by anybody."""
MOST_TOOLS = 128
"""OpenAI: "Invalid 'tools': array too long" above this; others take more, so it is only said."""
DUMMY: Json = {
    "type": "function",
    "function": {
        "name": "unavailable",
        "description": "No tool is available now. Never call this.",
        "parameters": {"type": "object", "properties": {}},
    },
}


class ToolFacts(NamedTuple):
    """What the way back needs to know about one tool."""

    droppable: frozenset[str]
    """Arguments that are left out when the model sends null for them."""
    renamed: dict[str, str]
    """Names under which arguments travelled → their own."""
    required: frozenset[str] = frozenset()
    """Arguments without which a call cannot be whole."""
    blanks: frozenset[str] = frozenset()
    """Arguments that are left out when the model sends an empty text for them."""
    nests: bool = False
    """An argument may be an object or a list."""


NO_FACTS = ToolFacts(frozenset(), {})


class Tools(NamedTuple):
    """The tools of one request, sorted: what goes upstream, and what cannot."""

    custom: list[Json]
    server: list[str]
    """Names of tools that only the vendor's own servers can run."""


def sort_tools(given: Any, notices: Notices) -> Tools:
    """The usable tools of a request and the names of the server-side ones."""
    custom: list[Json] = []
    server: list[str] = []
    seen: set[str] = set()
    for tool in given if isinstance(given, list) else ():
        if not isinstance(tool, dict):
            continue
        name, kind = tool.get("name"), tool.get("type")
        name = name if isinstance(name, str) else ""
        if kind not in (None, "custom", "function") and not isinstance(tool.get("input_schema"), dict):
            server.append(name or str(kind))
            notices.add("dropped", f"the tool '{name or kind}': only the vendor's own servers can run it")
        elif name and name != PLACEHOLDER and name not in seen:
            seen.add(name)
            custom.append(tool)
    if len(custom) > MOST_TOOLS:
        notices.add("limit", f"{len(custom)} tools: some endpoints take {MOST_TOOLS} at most")
    return Tools(custom, server)


def chat_tools(custom: list[Json], names: ToolNames, quirks: Quirks) -> list[Json]:
    """The `tools` of the chat request."""
    made = []
    dropped, lenient, usual = quirks.drop_tools, quirks.lenient_tools, quirks.schema
    passes_marks, longest = quirks.cache_control == "pass", quirks.max_description
    for tool in custom:
        function: Json = {"name": names.short(tool["name"])}
        if function["name"] in dropped:
            continue
        description = tool.get("description")
        if isinstance(description, str) and description:
            function["description"] = description[:longest]
        dialect = "lenient" if function["name"] in lenient else usual
        function["parameters"] = in_dialect(tool.get("input_schema"), dialect)
        if usual == "strict":
            function["strict"] = True
        entry: Json = {"type": "function", "function": function}
        if passes_marks and isinstance(tool.get("cache_control"), dict):
            entry["cache_control"] = tool["cache_control"]
        made.append(entry)
    return made


def facts_of(tool: Json, quirks: Quirks) -> ToolFacts:
    """What must be undone in this tool's arguments on the way back."""
    schema = complete_root(tool.get("input_schema"))
    renamed = {alias: name for name, alias in ALIASED.items() if name in schema["properties"]}
    required = schema.get("required")
    required = [name for name in required if isinstance(name, str)] if isinstance(required, list) else []
    return ToolFacts(
        droppable_nulls(schema),
        renamed if quirks.schema == "nim" else {},
        frozenset(required),
        optional_texts(schema) if quirks.drop_blanks else frozenset(),
        any(map(_may_nest, schema["properties"].values())),
    )


def _may_nest(argument: Any) -> bool:
    if not isinstance(argument, dict):
        return True
    kinds = argument.get("type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    return "enum" not in argument and not all(isinstance(kind, str) and kind in SCALARS for kind in kinds)


SCALARS = frozenset({"string", "integer", "number", "boolean", "null"})


class ToolSet(NamedTuple):
    """The tools of a request and all that depends on them alone. Shared between requests: not to be changed."""

    quirks: Quirks
    by_name: dict[str, Json]
    """The usable tools, by the client's names."""
    server: list[str]
    """Names of tools that only the vendor's own servers can run."""
    names: ToolNames
    chat: list[Json]
    """The `tools` of the chat request."""
    notices: list[Notice]
    text: str
    """As JSON."""
    tokens: float
    """Of it, as tools_tokens() counts them."""
    given: Any
    """What the client sent."""
    written: dict[str, bytes]
    """`chat` as JSON, by the wire that has been asked for it."""


def tool_set(given: Any, quirks: Quirks, text: str | None = None) -> ToolSet:
    """A request's `tools` at an endpoint with these quirks. `text` is their tools_text(), where it is known."""
    notices = Notices()
    tools = sort_tools(given, notices)
    names = ToolNames(tool["name"] for tool in tools.custom)
    by_name = {tool["name"]: tool for tool in tools.custom}
    chat = chat_tools(tools.custom, names, quirks)
    for name in quirks.drop_tools:
        if names.restore(name) in by_name:
            notices.add("dropped", f"the tool '{names.restore(name)}': this endpoint refuses its schema")
    text = tools_text(given) if text is None else text
    tokens = tools_tokens(given, text)
    return ToolSet(quirks, by_name, tools.server, names, chat, notices, text, tokens, given, {})


def choice_fields(choice: Any, names: ToolNames, quirks: Quirks, notices: Notices) -> Json:
    """`tool_choice` and `parallel_tool_calls` for a request that has tools."""
    if not isinstance(choice, dict):
        return {}
    fields: Json = {}
    wanted = _wanted(choice, names, quirks.drop_tools, notices)
    if wanted is not None:
        if isinstance(wanted, dict) and quirks.tool_choice == "strings_only":
            notices.add("guessed", "this endpoint cannot be told which tool to use: any tool is asked for")
            wanted = "required"
        if isinstance(wanted, str) and quirks.tool_choice == "objects_only":
            return _without_words(wanted, names, notices) | _one_at_a_time(choice, quirks, notices)
        if wanted not in ("auto", "none") and quirks.tool_choice == "auto_only":
            notices.add("dropped", "this endpoint cannot be made to use a tool: it is left to the model")
            wanted = "auto"
        fields["tool_choice"] = wanted
    return fields | _one_at_a_time(choice, quirks, notices)


def _one_at_a_time(choice: Json, quirks: Quirks, notices: Notices) -> Json:
    if choice.get("disable_parallel_tool_use") is not True:
        return {}
    if quirks.parallel_tools:
        return {"parallel_tool_calls": False}
    notices.add("dropped", "this endpoint cannot be told to use one tool at a time")
    return {}


def _without_words(wanted: str, names: ToolNames, notices: Notices) -> Json:
    """For endpoints that take no word here: the only tool there is can still be named."""
    if wanted == "required" and len(names.known) == 1:
        return {"tool_choice": {"type": "function", "function": {"name": names.short(names.known[0])}}}
    if wanted != "auto":
        notices.add("dropped", "this endpoint cannot be told whether to use a tool: it is left to the model")
    return {}


def _wanted(choice: Json, names: ToolNames, dropped: tuple[str, ...], notices: Notices) -> str | Json | None:
    kind, name = choice.get("type"), choice.get("name")
    words = {"auto": "auto", "any": "required", "none": "none"}
    if kind == "tool":
        if isinstance(name, str) and name in names.known and names.short(name) not in dropped:
            return {"type": "function", "function": {"name": names.short(name)}}
        notices.add("dropped", f"tool_choice names '{name}', which is not among the tools sent")
        return None
    return words.get(kind) if isinstance(kind, str) else None
