"""A tool's schema with nothing in it that some endpoint's grammar refuses: names, kinds, choices and what is required.

Left out are the constraints on values (patterns, lengths, bounds, formats, what
must not be), references, and combinations at the root; every schema has one
type, arrays have items. Nothing is lost that the client does not check itself.
Sources: the refusals of Moonshot, llama.cpp, OpenAI and xgrammar. Pure.
"""

from __future__ import annotations

from typing import Any

from ccswitch_tui.wire.codec import dumps

Json = dict[str, Any]

DEEPEST = 24
"""Schemas inside schemas; deeper than this any text will do."""

KINDS = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
TELLING = (
    ("object", ("properties", "required", "additionalProperties", "patternProperties", "minProperties")),
    ("array", ("items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains")),
    ("number", ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")),
)
"""What a schema without a type is about, told by the keywords it has; a text where none of them is there."""
KNOWN_TYPES = frozenset(KINDS.values()) | {"null"}


def lenient(root: Json) -> Json:
    """`root`, an object schema whose references are resolved, without its constraints."""
    merged = _flat_root(root)
    properties = merged.get("properties")
    kept: Json = {k: merged[k] for k in ("description",) if isinstance(merged.get(k), str)}
    kept |= {"type": "object", "properties": _properties(properties, 0)}
    return _with_required(kept, merged.get("required"))


def _flat_root(root: Json) -> Json:
    """The root without anyOf, oneOf and allOf: the members of all branches; required is what all of them require."""
    properties = dict(root["properties"]) if isinstance(root.get("properties"), dict) else {}
    required = _names(root.get("required"))
    for part in _branches(root.get("allOf")):
        properties |= {k: v for k, v in _members(part).items() if k not in properties}
        required += _names(part.get("required"))
    for key in ("anyOf", "oneOf"):
        branches = _branches(root.get(key))
        for branch in branches:
            properties |= {k: v for k, v in _members(branch).items() if k not in properties}
        if branches:
            common = set.intersection(*(set(_names(branch.get("required"))) for branch in branches))
            required += [name for name in properties if name in common]
    return {**root, "properties": properties, "required": list(dict.fromkeys(required))}


def _members(schema: Json) -> Json:
    properties = schema.get("properties")
    return properties if isinstance(properties, dict) else {}


def _branches(given: Any) -> list[Json]:
    return [b for b in given if isinstance(b, dict)] if isinstance(given, list) else []


def _names(given: Any) -> list[str]:
    return [n for n in given if isinstance(n, str)] if isinstance(given, list) else []


def _properties(given: Any, depth: int) -> Json:
    members = given.items() if isinstance(given, dict) else ()
    # a member whose schema is no schema (a text, a list, "never") cannot be asked for
    return {name: _schema(value, depth + 1) for name, value in members if isinstance(value, dict) or value is True}


def _with_required(schema: Json, required: Any) -> Json:
    known = [name for name in dict.fromkeys(_names(required)) if name in schema["properties"]]
    return {**schema, "required": known} if known else schema


def _schema(given: Any, depth: int) -> Json:
    if not isinstance(given, dict) or depth > DEEPEST:
        return {"type": "string"}
    for part in _branches(given.get("allOf")):
        given = {**part, **given, "properties": {**_members(part), **_members(given)}}
        if not given["properties"]:
            del given["properties"]
    said: Json = {"description": given["description"]} if isinstance(given.get("description"), str) else {}
    branches = [b for key in ("anyOf", "oneOf") for b in _branches(given.get(key))]
    branches = [b for b in branches if b.get("type") != "null" and set(b) - {"not", "required", "description", "title"}]
    kinds = _kinds(given)
    if len(kinds) > 1 and not branches:
        branches = [
            {**{k: v for k, v in given.items() if k not in ("description", "anyOf", "oneOf")}, "type": k} for k in kinds
        ]
    if len(branches) > 1:
        own = {"type": kinds[0]} if len(kinds) == 1 else {}
        made = [_schema({**own, **branch}, depth + 1) for branch in branches]
        unlike = list({dumps(schema): schema for schema in made}.values())
        return {**said, "anyOf": unlike} if len(unlike) > 1 else {**unlike[0], **said}
    if branches:
        return {
            **_schema({**{k: v for k, v in given.items() if k not in ("anyOf", "oneOf")}, **branches[0]}, depth),
            **said,
        }
    return {**said, **_simple(given, kinds[0] if kinds else "string", depth)}


def _kinds(schema: Json) -> list[str]:
    """The types of a schema but null, said or implied."""
    said = schema.get("type")
    named = [k for k in (said if isinstance(said, list) else [said]) if isinstance(k, str) and k in KNOWN_TYPES]
    named = [k for k in named if k != "null"]
    if named:
        return named
    listed = (
        schema.get("enum") if isinstance(schema.get("enum"), list) else [schema["const"]] if "const" in schema else []
    )
    values = [v for v in [*(listed or ()), schema.get("default")] if v is not None]
    if values:
        return [KINDS.get(type(values[0]), "string")]
    return [next((kind for kind, keys in TELLING if any(key in schema for key in keys)), "string")]


def _simple(given: Json, kind: str, depth: int) -> Json:
    if kind == "object":
        kept: Json = {"type": "object", "properties": _properties(given.get("properties"), depth)}
        if isinstance(given.get("additionalProperties"), bool):
            kept["additionalProperties"] = given["additionalProperties"]
        return _with_required(kept, given.get("required"))
    if kind == "array":
        items = given.get("items")
        items = items[0] if isinstance(items, list) and items else items
        return {"type": "array", "items": _schema(items, depth + 1)}
    listed = given.get("enum") if isinstance(given.get("enum"), list) else [given["const"]] if "const" in given else []
    values = [v for v in listed or () if KINDS.get(type(v)) == kind or (kind == "number" and type(v) is int)]
    return {"type": kind, "enum": values} if values else {"type": kind}
