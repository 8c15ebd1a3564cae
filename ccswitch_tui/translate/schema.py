"""Tool schemas in the dialect of an endpoint.

Walks *schemas*, by position, never keys by name: a tool may well have an
argument called "format", "title" or "default". Whatever the dialect, the root
is an object schema with properties, because half of all servers insist.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ccswitch_tui.translate.schema_lenient import lenient

Json = dict[str, Any]
Step = Callable[[Json], Json]

IN_MAPS = ("properties", "$defs", "definitions", "patternProperties", "dependentSchemas")
IN_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
IN_PLACE = (
    "items",
    "additionalProperties",
    "not",
    "if",
    "then",
    "else",
    "contains",
    "propertyNames",
    "additionalItems",
)

PLAIN_DROPS = frozenset({"$schema", "$id", "$comment", "$anchor", "$vocabulary"})
GEMINI_DROPS = PLAIN_DROPS | {
    "additionalProperties", "propertyNames", "patternProperties", "default", "uniqueItems", "$defs", "definitions",
    "not", "if", "then", "else", "contains", "additionalItems", "prefixItems", "dependentSchemas", "dependentRequired",
    "unevaluatedProperties", "examples", "deprecated", "readOnly", "writeOnly", "multipleOf", "contentEncoding",
    "contentMediaType", "minContains", "maxContains",
}  # fmt: skip
"""Gemini: 'Unknown name "additionalProperties" … Cannot find field'."""
GEMINI_FORMATS = frozenset({"enum", "date-time", "int32", "int64", "float", "double"})

DEEPEST_REF = 8
"""A reference into itself is unfolded this often; then any object will do."""

ALIASED = {"type": "type_arg"}
"""NIM stumbles over an argument called "type"; it travels under this name."""


def complete_root(schema: Any) -> Json:
    """`schema` as an object schema with properties; a copy where something had to be added."""
    if not isinstance(schema, dict):
        return {"type": "object", "properties": {}}
    if schema.get("type") == "object" and isinstance(schema.get("properties"), dict):
        return schema
    properties = schema.get("properties")
    return {**schema, "type": "object", "properties": properties if isinstance(properties, dict) else {}}


def in_dialect(schema: Any, dialect: str) -> Json:
    """`schema` as an endpoint of this dialect accepts it."""
    root = complete_root(schema)
    if dialect == "as_is":
        return root
    if dialect in ("gemini", "lenient"):
        root = complete_root(_inline(root, root, 0))
    if dialect == "lenient":
        return lenient(root)
    walked = complete_root(_walk(root, _STEPS[dialect]))
    return _aliased(walked) if dialect == "nim" else walked


def _aliased(root: Json) -> Json:
    required = root.get("required")
    named = (
        {"required": [ALIASED.get(n, n) for n in required if isinstance(n, str)]} if isinstance(required, list) else {}
    )
    return {**root, "properties": {ALIASED.get(n, n): v for n, v in root["properties"].items()}, **named}


def _walk(schema: Json, step: Step) -> Json:
    """`step` over every schema inside, innermost first. A boolean schema stays one."""
    walked: Json = {}
    for key, value in schema.items():
        if key in IN_MAPS and isinstance(value, dict):
            walked[key] = {name: _walk(v, step) if isinstance(v, dict) else v for name, v in value.items()}
        elif key in IN_LISTS and isinstance(value, list):
            walked[key] = [_walk(v, step) if isinstance(v, dict) else v for v in value]
        elif key in IN_PLACE and isinstance(value, dict):
            walked[key] = _walk(value, step)
        else:
            walked[key] = value
    return step(walked)


def _plain(schema: Json) -> Json:
    return {k: v for k, v in schema.items() if k not in PLAIN_DROPS}


def _gemini(schema: Json) -> Json:
    kept = {k: v for k, v in schema.items() if k not in GEMINI_DROPS}
    if "const" in kept:
        kept["enum"] = [kept.pop("const")]
    if isinstance(kept.get("enum"), list):
        kept["enum"] = [v if isinstance(v, str) else str(v) for v in kept["enum"] if v is not None] or None
        if kept["enum"] is None or kept.get("type") not in (None, "string", ["string", "null"]):
            del kept["enum"]  # Gemini's enums are texts
    for strict, loose, step in (("exclusiveMinimum", "minimum", 1), ("exclusiveMaximum", "maximum", -1)):
        bound = kept.pop(strict, None)
        if isinstance(bound, int | float) and not isinstance(bound, bool) and loose not in kept:
            kept[loose] = bound + step
    if "format" in kept and kept["format"] not in GEMINI_FORMATS:
        del kept["format"]
    kind = kept.get("type")
    if isinstance(kind, list):
        named = [k for k in kind if k != "null"]
        kept["type"] = named[0] if named else "string"
        if "null" in kind:
            kept["nullable"] = True
    if "oneOf" in kept:
        kept.setdefault("anyOf", kept.pop("oneOf"))
    for part in kept.pop("allOf", None) or ():
        if isinstance(part, dict):
            kept = {**part, **kept, **_merged(part, kept)}
    if kept.get("type") == "array" and not isinstance(kept.get("items"), dict):
        kept["items"] = {"type": "string"}
    return _known_required(kept)


def _merged(part: Json, whole: Json) -> Json:
    out: Json = {}
    if isinstance(part.get("properties"), dict):
        out["properties"] = {**part["properties"], **(whole.get("properties") or {})}
    if isinstance(part.get("required"), list):
        out["required"] = list(dict.fromkeys([*(whole.get("required") or []), *part["required"]]))
    return out


def _known_required(schema: Json) -> Json:
    """`required` may name only what is in `properties`, or Gemini refuses the tool."""
    required, properties = schema.get("required"), schema.get("properties")
    if isinstance(required, list) and isinstance(properties, dict):
        known = [name for name in required if name in properties]
        schema = {**schema, "required": known}
        if not known:
            del schema["required"]
    return schema


def _inline(schema: Any, root: Json, depth: int) -> Any:
    """`schema` with every local `$ref` replaced by what it names."""
    if isinstance(schema, list):
        return [_inline(v, root, depth) for v in schema]
    if not isinstance(schema, dict):
        return schema
    ref = schema.get("$ref")
    if isinstance(ref, str):
        if depth >= DEEPEST_REF:
            return {"type": "object"}
        rest = {k: v for k, v in schema.items() if k != "$ref"}
        target = _resolve(ref, root)
        return _inline({**target, **rest} if isinstance(target, dict) else rest or {"type": "object"}, root, depth + 1)
    return {k: v if k in ("$defs", "definitions") else _inline(v, root, depth) for k, v in schema.items()}


def _resolve(ref: str, root: Json) -> Any:
    place: Any = root
    for name in ref.removeprefix("#").strip("/").split("/"):
        if not name:
            continue
        place = place.get(name.replace("~1", "/").replace("~0", "~")) if isinstance(place, dict) else None
    return place if ref.startswith("#") else None


def _nim(schema: Json) -> Json:
    kept = {k: v for k, v in _plain(schema).items() if not (k in IN_PLACE and isinstance(v, bool))}
    properties = kept.get("properties")
    if isinstance(properties, dict):
        kept["properties"] = {n: v for n, v in properties.items() if not isinstance(v, bool)}
    for key in IN_LISTS:
        if isinstance(kept.get(key), list):
            kept[key] = [v for v in kept[key] if not isinstance(v, bool)]
    return kept


def _strict(schema: Json) -> Json:
    kept = _plain(schema)
    properties = kept.get("properties")
    if kept.get("type") != "object" and not isinstance(properties, dict):
        return kept
    properties = properties if isinstance(properties, dict) else {}
    required = kept.get("required") if isinstance(kept.get("required"), list) else []
    return {
        **kept,
        "properties": {n: v if n in (required or []) else _or_null(v) for n, v in properties.items()},
        "required": list(properties),
        "additionalProperties": False,
    }


def _or_null(schema: Any) -> Any:
    if not isinstance(schema, dict) or allows_null(schema):
        return schema
    kind = schema.get("type")
    if isinstance(kind, str) and "enum" not in schema:
        return {**schema, "type": [kind, "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


_STEPS: dict[str, Step] = {"plain": _plain, "gemini": _gemini, "nim": _nim, "strict": _strict}


def allows_null(schema: Any) -> bool:
    """Whether null is a legal value of this schema, as far as it can be told without a validator."""
    if not isinstance(schema, dict):
        return schema is not False
    if schema.get("nullable") is True:
        return True
    if "enum" in schema and isinstance(schema["enum"], list):
        return None in schema["enum"]
    for key in ("anyOf", "oneOf"):
        if isinstance(schema.get(key), list):
            return any(allows_null(s) for s in schema[key])
    kind = schema.get("type")
    if isinstance(kind, list):
        return "null" in kind
    return kind in (None, "null") and "const" not in schema


def droppable_nulls(schema: Any) -> frozenset[str]:
    """Optional arguments for which null is illegal: Claude Code refuses the call; left out they mean the same."""
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict):
        return frozenset()
    required = schema.get("required")
    required = required if isinstance(required, list) else []
    return frozenset(n for n, s in properties.items() if n not in required and not allows_null(s))


def optional_texts(schema: Any) -> frozenset[str]:
    """Optional text arguments without a default: an empty one is a model's way to leave it out where it may not."""
    properties = schema.get("properties") if isinstance(schema, dict) else None
    required = schema.get("required") if isinstance(schema, dict) else None
    required = required if isinstance(required, list) else []
    return frozenset(
        name
        for name, inner in (properties if isinstance(properties, dict) else {}).items()
        if name not in required and isinstance(inner, dict) and inner.get("type") == "string" and "default" not in inner
    )


def qualifies_strict(schema: Any) -> bool:
    """Whether a response schema obeys the strict rules as it is: closed objects, everything required."""
    if not isinstance(schema, dict):
        return False
    found = True

    def look(inner: Json) -> Json:
        nonlocal found
        properties = inner.get("properties")
        if inner.get("type") == "object" or isinstance(properties, dict):
            names = set(properties) if isinstance(properties, dict) else set()
            required = inner.get("required")
            found &= inner.get("additionalProperties") is False and set(map(str, required or ())) == names
        return inner

    _walk(schema, look)
    return found and schema.get("type") == "object"
