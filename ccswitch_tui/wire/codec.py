"""JSON in and out: orjson where it is installed, the standard library where not, the same meaning from both.

Deterministic: keys keep the order they were given, no spaces, text as UTF-8.
A lone surrogate (half an emoji, cut by a tool) becomes U+FFFD: it cannot be
written as UTF-8, and refusing it would end the conversation for good.
Broken input of any kind raises ValueError and nothing else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

_fast_loads: Callable[[bytes], Any] | None
_fast_dumps: Callable[[Any], bytes] | None
try:
    import orjson
except ImportError:
    _fast_loads = _fast_dumps = None
else:
    _fast_loads, _fast_dumps = orjson.loads, orjson.dumps

_SURROGATES = re.compile("[\ud800-\udfff]")


def loads(data: bytes | str) -> Any:
    """The value of this JSON text. Invalid UTF-8 is read with U+FFFD in its place; ValueError for anything else."""
    if _fast_loads is not None:
        try:
            return _fast_loads(data)  # type: ignore[arg-type]  # it takes str as well
        except ValueError:
            pass  # perhaps only a lone surrogate, a NaN or a torn character: the slower reader forgives those
    text = data if isinstance(data, str) else data.decode("utf-8", "replace")
    if depth_of(text) > DEEPEST:
        raise ValueError("nested too deeply")
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


DEEPEST = 1024
"""Levels of lists and objects that are read. It is orjson's limit; the standard library's is another in each Python
(3.14 has none but the stack), and whatever walks the value later has one of its own."""

_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[{]|[\]}]', re.DOTALL)


def depth_of(text: str) -> int:
    """How deeply lists and objects stand in each other in this JSON text; no less where too few begin to matter."""
    if (most := text.count("[") + text.count("{")) <= DEEPEST:
        return most
    depth = deepest = 0
    for found in _BRACKETS.finditer(text):
        if found[0] in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif found[0] in "]}":
            depth -= 1
    return deepest


def string_body(body: bytes) -> str | None:
    """The text whose JSON string has exactly these bytes between its quotes; None if they are no such thing."""
    try:
        if _fast_loads is not None:
            text = _fast_loads(b'"%b"' % body)
        else:
            text = json.loads(f'"{body.decode()}"')
            if b"\\u" in body and _SURROGATES.search(text):
                return None
    except ValueError:
        return None
    return text if isinstance(text, str) else None


def dumps(value: Any) -> bytes:
    """`value` as compact UTF-8 JSON. ValueError if it is nested too deeply or is no JSON at all."""
    if _fast_dumps is not None:
        try:
            return _fast_dumps(value)
        except TypeError:
            pass  # a lone surrogate, an integer beyond 64 bits, or nesting: the slower writer sorts that out
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError:
        text = json.dumps(_without_nan(value), ensure_ascii=False, separators=(",", ":"))
    except (RecursionError, TypeError):
        raise ValueError("nested too deeply, or not JSON") from None
    return _SURROGATES.sub("�", text).encode()


def dumps_with(value: dict[str, Any], known: Mapping[str, list[bytes]]) -> list[bytes]:
    """As dumps(), in pieces. Of the fields in `known` the JSON is there; what they have in `value` is not read."""
    pieces: list[bytes] = []
    plain: dict[str, Any] = {}
    begin = b"{"
    for name, field in value.items():
        if name not in known:
            plain[name] = field
            continue
        before = dumps(plain)[1:-1] if plain else b""
        pieces += [begin + before + (b"," if before else b"") + dumps(name) + b":", *known[name]]
        begin, plain = b",", {}
    after = dumps(plain)[1:-1] if plain else b""
    pieces.append((begin + after if after or begin == b"{" else b"") + b"}")
    return pieces


def clean_text(text: str) -> str:
    """`text` as it can be written as UTF-8."""
    return text if text.isascii() else _SURROGATES.sub("�", text)


def _without_nan(value: Any) -> Any:
    """NaN and infinities as null, which is what orjson writes for them."""
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    if isinstance(value, dict):
        return {k: _without_nan(v) for k, v in value.items()}
    return [_without_nan(v) for v in value] if isinstance(value, list | tuple) else value
