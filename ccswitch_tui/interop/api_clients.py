"""Requests as API clients and browsers keep them: Postman, Insomnia, Bruno, HAR.

Pure. Such a file holds the address, a list of headers, how the request signs in,
its body as a text, and variables that stand elsewhere in the same file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ccswitch_tui.interop.headers import read_headers, with_headers
from ccswitch_tui.interop.names import Pair
from ccswitch_tui.interop.variables import draft_from_pairs
from ccswitch_tui.profiles.draft import Draft
from ccswitch_tui.sentence import Sentence

Json = Mapping[str, Any]

_MODEL = re.compile(r"""["'`]?\bmodel["'`]?\s*:\s*["'`]([^"'`\\\n]{1,120})""")
_TEMPLATE = re.compile(r"\{\{\s*(?:_\.)?([\w.-]{1,80})\s*\}\}")
_MOST_VARIABLES = 500


def draft_from_request(node: Json) -> Draft | None:
    """The endpoint of one request; None when the object is none."""
    given = node.get("headers") or node.get("header") or []
    url = node["url"].get("raw") if isinstance(node.get("url"), dict) else node.get("url")
    signs_in = _sign_in(node)
    if not isinstance(url, str) or not url or not isinstance(given, list | dict) or not (given or signs_in):
        return None
    pairs = given.items() if isinstance(given, dict) else [
        (h.get("name") or h.get("key"), h.get("value")) for h in given if isinstance(h, dict) and not h.get("disabled")
    ]  # fmt: skip
    notes: list[Sentence] = []
    warnings: list[Sentence] = []
    headers = read_headers([(str(n), str(v)) for n, v in (*pairs, *signs_in) if n and v], notes, warnings)
    model = _MODEL.search(_body(node))
    known = [("url", url), ("model", model[1])] if model else [("url", url)]
    draft = with_headers(draft_from_pairs(known, "JSON"), headers)
    return draft._replace(notes=(*draft.notes, *notes), warnings=tuple(warnings))


def _sign_in(node: Json) -> list[Pair]:
    """The header that a client makes of its form for signing in."""
    auth = node.get("auth") or node.get("authentication")
    if not isinstance(auth, dict):
        return []
    kind = str(auth.get("type") or "").lower()
    listed = auth.get(kind)
    if isinstance(listed, str):  # Thunder Client
        return [("Authorization", f"Bearer {listed}")] if kind == "bearer" else []
    form: dict[str, Any] = dict(listed) if isinstance(listed, dict) else auth
    if isinstance(listed, list):  # Postman: [{"key": "token", "value": "…"}]
        form = {str(f.get("key")): f.get("value") for f in listed if isinstance(f, dict)}
    if kind == "bearer" and form.get("token"):
        return [("Authorization", f"{form.get('prefix') or 'Bearer'} {form['token']}")]
    if kind == "apikey" and form.get("key") and form.get("value"):
        return [(str(form["key"]), str(form["value"]))]
    return []


def _body(node: Json) -> str:
    for place in ("body", "postData"):
        body = node.get(place)
        if isinstance(body, dict):
            body = body.get("raw") or body.get("text") or body.get("json")
        if isinstance(body, str):
            return body
    return ""


def filled(text: str, tree: Any) -> str:
    """A client's file with its own variables in the places that name them."""
    if "{{" not in text:
        return text
    known = dict(_variables(tree, 8))
    for _ in range(3):  # variables made of variables
        text = _TEMPLATE.sub(lambda m: json.dumps(known[m[1]])[1:-1] if m[1] in known else m[0], text)
    return text


def with_inherited_sign_in(tree: Any, auth: Any = None, depth: int = 8) -> Any:
    """A Postman collection, each request with the form for signing in that it has from its folder."""
    if not isinstance(tree, dict) or not isinstance(tree.get("item"), list) or depth == 0:
        return tree
    auth = tree.get("auth") or auth
    items = []
    for item in tree["item"]:
        request = item.get("request") if isinstance(item, dict) else None
        if isinstance(request, dict) and auth and not request.get("auth"):
            item = {**item, "request": {**request, "auth": auth}}
        items.append(with_inherited_sign_in(item, auth, depth - 1))
    return {**tree, "item": items}


def named_values(tree: Any) -> list[Pair]:
    """The variables of an environment that was exported by itself."""
    return list(_variables(tree, 8))


def _variables(tree: Any, depth: int) -> Iterator[Pair]:
    """`variable: [{key, value}]` and `values` of Postman, `data` of an environment of Insomnia's."""
    if depth == 0:
        return
    if isinstance(tree, list):
        for item in tree[:_MOST_VARIABLES]:
            yield from _variables(item, depth - 1)
    elif isinstance(tree, dict):
        for place in ("variable", "values"):
            listed = tree.get(place)
            for one in listed[:_MOST_VARIABLES] if isinstance(listed, list) else []:
                if isinstance(one, dict) and isinstance(one.get("value"), str) and one.get("enabled", True):
                    yield str(one.get("key") or ""), one["value"]
        data = tree.get("data")
        if isinstance(data, dict) and str(tree.get("_type", "")) == "environment":
            yield from ((str(n), v) for n, v in data.items() if isinstance(v, str))
        for value in tree.values():
            if isinstance(value, dict | list):
                yield from _variables(value, depth - 1)
