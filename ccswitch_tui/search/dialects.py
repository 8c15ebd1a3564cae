"""Endpoints that search by themselves: how they are asked for it, and what proves that they did. Pure.

A model call of 5 to 50 seconds, believed only with a proof of a search: pages
named in the answer, or (Kimi) the search call that was echoed. Prose without one
is an answer from memory, and an error here. Sources by dialect: OpenRouter's
server tools, OpenAI's `web_search_options`, GLM's `web_search` tool, Kimi's
`$web_search`, Perplexity's Sonar, the Responses API's `web_search`, all from their public API references.
"""

from __future__ import annotations

from typing import Any

from ccswitch_tui.search.model import Answered, Json, RawHit, SearchFailed, Wanted
from ccswitch_tui.search.reading import hits, rows, text_in

ASK = (
    "Search the web for the question. Answer in a few sentences from the results only, "
    "with the facts, dates and versions they give."
)

KIMI_TOOL = "$web_search"

MOST_TURNS = 4
"""Kimi may search several times before it answers."""

FIELDS: dict[str, Json] = {
    "openrouter": {"tools": [{"type": "openrouter:web_search", "parameters": {"max_results": 5}}]},
    "options": {"web_search_options": {}},
    "glm": {"tools": [{"type": "web_search", "web_search": {"enable": True, "search_result": True, "count": 10}}]},
    "kimi": {
        "tools": [{"type": "builtin_function", "function": {"name": KIMI_TOOL}}],
        "thinking": {"type": "disabled"},
    },
    "sonar": {},
}


def talk_in(dialect: str, wanted: Wanted, model: str) -> Talk | ResponsesTalk:
    """The conversation in which an endpoint of this dialect searches."""
    return ResponsesTalk(wanted, model) if dialect == "responses" else Talk(dialect, wanted, model)


class ResponsesTalk:
    """One request of the Responses API with its own search tool."""

    path = "/responses"

    def __init__(self, wanted: Wanted, model: str) -> None:
        tool: Json = {"type": "web_search"}
        if wanted.allowed:
            tool["filters"] = {"allowed_domains": list(wanted.allowed)[:20]}
        self._body: Json = {
            "model": model,
            "instructions": ASK,
            "input": wanted.query,
            "tools": [tool],
            "tool_choice": "required",
            "include": ["web_search_call.action.sources"],
            "store": False,
        }

    def body(self) -> Json:
        """The request."""
        return self._body

    def take(self, got: Json) -> Answered:
        """Reads the answer. Raises SearchFailed when it shows no search."""
        texts: list[str] = []
        found: list[RawHit] = []
        searched = False
        for item in rows(got, "output"):
            if item.get("type") == "web_search_call":
                searched = item.get("status") in (None, "completed")
                found += hits(rows(item, "action", "sources"))
            for part in rows(item, "content"):
                texts += [part["text"]] if isinstance(part.get("text"), str) else []
                found = [*hits([n for n in rows(part, "annotations") if n.get("type") == "url_citation"]), *found]
        if not searched and not found:
            raise SearchFailed("unavailable", "answered without searching")
        return Answered(found, "\n".join(texts))


class Talk:
    """The conversation with an endpoint that searches: bodies to send, until `answered` is there."""

    path = "/chat/completions"

    def __init__(self, dialect: str, wanted: Wanted, model: str) -> None:
        self._fields = FIELDS[dialect]
        self._model = model
        self._turns: list[Json] = [
            {"role": "system", "content": ASK},
            {"role": "user", "content": wanted.query},
        ]
        self._searched = False

    def body(self) -> Json:
        """The next request."""
        return {"model": self._model, "stream": False, "messages": self._turns, **self._fields}

    def take(self, got: Json) -> Answered | None:
        """Reads one answer; None: the endpoint searches, and wants `body()` again. Raises SearchFailed."""
        message = next((r.get("message") for r in rows(got, "choices")), None)
        message = message if isinstance(message, dict) else {}
        calls = [c for c in rows(message, "tool_calls") if _name_of(c) == KIMI_TOOL]
        if calls:
            self._searched = True
            self._turns = [*self._turns, message, *map(_echo, calls)]
            return None
        found = [*_cited(message), *_listed(got), *_listed(message)]
        if not found and not self._searched:
            raise SearchFailed("unavailable", "answered without searching")
        return Answered(found, text_in(message.get("content")))


def _name_of(call: Json) -> Any:
    function = call.get("function")
    return function.get("name") if isinstance(function, dict) else None


def _echo(call: Json) -> Json:
    """Kimi's own servers run the search when its arguments come back unchanged."""
    arguments = call["function"].get("arguments")
    content = arguments if isinstance(arguments, str) and arguments else "{}"
    return {"role": "tool", "tool_call_id": call.get("id"), "name": KIMI_TOOL, "content": content}


def _cited(message: Json) -> list[RawHit]:
    cited = [note for note in rows(message, "annotations") if note.get("type") == "url_citation"]
    notes = [note.get("url_citation", note) for note in cited]
    pages = hits([note for note in notes if isinstance(note, dict)], "content")
    for tool in rows(message, "executed_tools"):  # Groq's compound models
        pages += hits(rows(tool, "search_results", "results"), "content")
    return [page for page in pages if page.url]


def _listed(got: Json) -> list[RawHit]:
    """Pages beside the answer: GLM's, Perplexity's, and the bare addresses of older ones and of xAI."""
    found = hits(rows(got, "web_search"), "content", age=("publish_date",))
    found += hits(rows(got, "search_results"), "snippet", age=("date",))
    return [page for page in found or hits(rows(got, "citations")) if page.url]
