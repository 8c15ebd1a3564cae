"""What a source sent, read forgivingly: the JSON in it, the rows in that, and the error that stands in a hit's place.

Pure. A source that fails under status 200 is never "found nothing": the model
would be told that there is nothing to be found.
"""

from __future__ import annotations

import re
from typing import Any

from ccswitch_tui.search.clean import plain
from ccswitch_tui.search.model import Json, RawHit, SearchFailed
from ccswitch_tui.translate.words import read_words, words_of
from ccswitch_tui.wire.codec import loads

LONGEST_WORDS = 200
DEEPEST = 3
"""Lists inside lists, objects inside objects."""

_CALLBACK = re.compile(rb"\s*[\w.$]{1,60}\s*\((.*)\)\s*;?\s*", re.DOTALL)
_USED_UP = re.compile(r"rate.?limit|too many|quota|credits?\b|billing|balance|usage limit|throttl", re.I)
WRAPPED_IN = ("data", "response", "result", "payload")
"""Where gateways put the answer of the source behind them."""
LISTS = frozenset({"results", "organic", "web", "output", "choices", "web_search", "search_results", "answers"})
"""What one of the answers that are read here has."""


def document_in(raw: bytes, kind: str) -> Json:
    """The answer as an object; a bare list is its results. `kind` is its content type. Raises SearchFailed."""
    text = raw.removeprefix(b"\xef\xbb\xbf").strip()
    if not text:
        raise SearchFailed("unavailable", "sent an empty answer")
    found = _loaded(text)
    if found is None and (called := _CALLBACK.fullmatch(text)):
        found = _loaded(called[1])
    if found is None and text[:1] == b"{":
        found = _loaded(text[: text.rfind(b"}") + 1])  # a gateway's comment behind it
    if isinstance(found, list) and (not found or any(isinstance(row, dict | str) for row in found)):
        return {"results": found}
    if isinstance(found, dict):
        inner = [found[key] for key in WRAPPED_IN if isinstance(found.get(key), dict | list)]
        if inner and LISTS.isdisjoint(found):
            return {"results": inner[0]} if isinstance(inner[0], list) else {**inner[0]}
        return found
    words = found if isinstance(found, str) else said_in(raw) if text[:1] == b"<" else ""
    told = plain(words, LONGEST_WORDS) or kind
    raise SearchFailed("unavailable", f"returned an answer that is not JSON ({told})")


def _loaded(text: bytes) -> Any:
    try:
        return loads(text)
    except (ValueError, RecursionError):
        return None


def said_in(raw: bytes) -> str:
    """The words of an error body, or the title of a page."""
    return plain(read_words(raw).message, LONGEST_WORDS)


def refuse_errors(got: Json, *, found: bool) -> None:
    """Raises SearchFailed for an error in the clothes of an answer. `found`: there are hits in it."""
    if found:
        return
    bad = got.get("success") is False or str(got.get("status")).lower() in ("error", "failed", "failure")
    told = any(got.get(key) for key in ("error", "errors", "error_message", "errorMessage", "err"))
    said = any(isinstance(got.get(key), str) and got[key] for key in ("message", "msg", "detail", "Message"))
    if bad or told or (said and not any(isinstance(got.get(key), list | dict) for key in LISTS)):
        words = plain(words_of(got).message, LONGEST_WORDS) or "it does not say why"
        code = "too_many_requests" if _USED_UP.search(words) else "unavailable"
        raise SearchFailed(code, f"answered with an error: {words}")


def rows(value: Any, *path: str) -> list[Json]:
    """The objects of the list at `path`, were it an object of them, a list of lists, or a list of addresses."""
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return _flat(value, 0)


def _flat(value: Any, depth: int) -> list[Json]:
    if isinstance(value, dict) and depth == 0:
        value = [row for row in value.values() if isinstance(row, dict)]
    found: list[Json] = []
    for row in value if isinstance(value, list) and depth < DEEPEST else ():
        if isinstance(row, dict):
            found.append(row)
        elif isinstance(row, str):
            found.append({"url": row})
        else:
            found += _flat(row, depth + 1)
    return found


def listed(value: Any) -> list[Any]:
    """A list as it is; nothing where it is something else."""
    return value if isinstance(value, list) else []


def first(row: Json, *names: str) -> Any:
    """The first of these fields that says something."""
    return next((row[name] for name in names if row.get(name)), None)


def text_in(value: Any, depth: int = 0) -> str:
    """A text, or the texts in a list or an object where a text should be."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and depth < DEEPEST:
        return text_in(first(value, "text", "snippet", "content", "value", "answer"), depth + 1)
    if isinstance(value, list) and depth < DEEPEST:
        return " ".join(text for part in value[:20] if (text := text_in(part, depth + 1)))
    return ""


ADDRESSES = ("url", "link", "href", "uri")
TITLES = ("title", "name", "heading")
SNIPPETS = (
    "content", "snippet", "description", "text", "summary", "excerpt", "snippets", "highlights", "extra_snippets",
    "body", "raw_content",
)  # fmt: skip
"""Names of a hit's parts in answers that nobody has documented, the likeliest first."""


def hits(found: list[Json], *snippet: str, age: tuple[str, ...] = ()) -> list[RawHit]:
    """Rows as hits; `snippet` and `age` name the fields to look in, the best first. Others are looked in after them."""
    return [
        RawHit(
            first(row, *TITLES),
            first(row, *ADDRESSES),
            next((text for name in (*snippet, *SNIPPETS) if (text := text_in(row.get(name)))), None),
            first(row, *age),
        )
        for row in found
    ]
