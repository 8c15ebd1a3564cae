"""Pointers into what was sent and got, and the matchers that a case may use on them."""

from __future__ import annotations

import json
import re

from cases_base import MISSING, same, short, split_ptr, text_of, walk
from cases_responses import virtual_responses


def expand(s, doc):
    def sub(m):
        kind, _, rest = m.group(1).partition(":")
        if kind == "req":
            v = resolve(doc, rest)
            return "" if v in (MISSING, None) else json.dumps(v)[1:-1] if isinstance(v, str) else json.dumps(v)
        if kind == "repeat":
            t, _, n = rest.rpartition(":")
            return t * int(n)
        return m.group(0)

    return re.sub(r"\{\{((?:req|repeat):[^}]*)\}\}", sub, s)


def virtual(doc, raw, name):
    if isinstance(doc, dict) and isinstance(doc.get("input"), (str, list)) and "messages" not in doc:
        return virtual_responses(doc, raw, name)
    msgs = doc.get("messages") if isinstance(doc, dict) and isinstance(doc.get("messages"), list) else []
    lead = []
    for m in msgs:
        if m.get("role") not in ("system", "developer"):
            break
        lead.append(text_of(m.get("content")))
    if name == "@raw":
        return raw
    if name == "@roles":
        return " ".join("system" if m.get("role") == "developer" else str(m.get("role")) for m in msgs)
    if name == "@texts":
        return [text_of(m.get("content")) for m in msgs]
    if name == "@nonsystem_texts":
        return [text_of(m.get("content")) for m in msgs[len(lead) :]]
    if name == "@system_text":
        return "\n".join(lead)
    if name == "@system_count":
        return len(lead)
    if name == "@images":
        out = []
        for m in msgs:
            for p in m.get("content") if isinstance(m.get("content"), list) else []:
                if isinstance(p, dict) and p.get("type") == "image_url":
                    u = p.get("image_url")
                    out.append(u.get("url") if isinstance(u, dict) else u)
        return out
    if name == "@part_types":
        return [
            p.get("type")
            for m in msgs
            for p in (m.get("content") if isinstance(m.get("content"), list) else [])
            if isinstance(p, dict)
        ]
    if name == "@tool_names":
        return [(t.get("function") or {}).get("name") for t in doc.get("tools") or []]
    if name == "@max_tokens":
        return doc.get("max_completion_tokens", doc.get("max_tokens", MISSING))
    if name == "@keys":
        return sorted({k for k, _, _ in walk(doc)})
    raise KeyError(name)


def resolve(doc, ptr, raw=""):
    if ptr.startswith("@"):
        head, _, rest = ptr.partition("/")
        v = virtual(doc, raw, head)
        return resolve(v, "/" + rest) if rest else v
    if ptr == "":
        return doc
    v = doc
    for tok in split_ptr(ptr):
        if isinstance(v, dict):
            if tok not in v:
                return MISSING
            v = v[tok]
        elif isinstance(v, list):
            m = re.fullmatch(r"\{([^=]+)=(.*)\}", tok)
            if m:
                for x in v:
                    y = x
                    for part in m.group(1).split("."):
                        y = y.get(part, MISSING) if isinstance(y, dict) else MISSING
                    if y is not MISSING and str(y) == m.group(2):
                        v = x
                        break
                else:
                    return MISSING
            else:
                try:
                    v = v[int(tok)]
                except (ValueError, IndexError):
                    return MISSING
        else:
            return MISSING
    return v


TYPES = {"string": str, "array": list, "object": dict, "boolean": bool, "null": type(None)}


OPS = {
    "equals",
    "not_equals",
    "one_of",
    "absent",
    "present",
    "null_or_absent",
    "type",
    "matches",
    "not_matches",
    "contains",
    "not_contains",
    "starts_with",
    "ends_with",
    "length",
    "lt",
    "lte",
    "gt",
    "gte",
    "json",
    "text",
    "keys_subset",
    "each",
    "any",
    "none",
    "fields",
    "ordered",
    "any_of",
    "count",
}


def is_type(v, t):
    if t == "integer":
        return isinstance(v, int) and not isinstance(v, bool)
    if t == "number":
        return isinstance(v, (int, float)) and not isinstance(v, bool)
    return isinstance(v, TYPES[t])


def match(v, m):
    """-> None, or a short reason."""
    if not (isinstance(m, dict) and m and set(m) <= OPS):
        return None if v is not MISSING and same(v, m) else f"{short(v)} is not {short(m)}"
    for op, a in m.items():
        if op == "any_of":
            why = [match(v, x) for x in a]
            if all(why):
                return f"{short(v)} meets none of {len(a)} ways ({why[0]})"
            continue
        if op == "absent":
            if (v is MISSING) != bool(a):
                return f"{short(v)} should be absent" if a else "is absent"
            continue
        if op == "present":
            if (v is not MISSING) != bool(a):
                return "is absent" if a else f"{short(v)} should be absent"
            continue
        if op == "null_or_absent":
            if (v is MISSING or v is None) != bool(a):
                return f"{short(v)} null_or_absent={a}"
            continue
        if v is MISSING:
            return f"absent (wanted {op} {short(a)})"
        bad = None
        if op == "equals":
            bad = not same(v, a)
        elif op == "not_equals":
            bad = same(v, a)
        elif op == "one_of":
            bad = not any(same(v, x) for x in a)
        elif op == "type":
            bad = not any(is_type(v, t) for t in ([a] if isinstance(a, str) else a))
        elif op in ("matches", "not_matches"):
            bad = not isinstance(v, str) or (re.search(a, v, re.S) is None) == (op == "matches")
        elif op in ("contains", "not_contains"):
            has = a in v if isinstance(v, str) else any(same(x, a) for x in v) if isinstance(v, list) else False
            bad = has != (op == "contains")
        elif op == "starts_with":
            bad = not (isinstance(v, str) and v.startswith(a))
        elif op == "ends_with":
            bad = not (isinstance(v, str) and v.endswith(a))
        elif op == "length":
            r = match(len(v), a) if hasattr(v, "__len__") else "has no length"
            if r:
                return "length: " + r
        elif op in ("lt", "lte", "gt", "gte"):
            bad = not is_type(v, "number") or not {"lt": v < a, "lte": v <= a, "gt": v > a, "gte": v >= a}[op]
        elif op == "json":
            try:
                r = match(json.loads(v), a)
            except (TypeError, ValueError):
                r = f"{short(v)} is not JSON text"
            if r:
                return "json: " + r
        elif op == "text":
            if not isinstance(v, (str, list)):
                return f"{short(v)} has no text"
            r = match(text_of(v), a)
            if r:
                return "text: " + r
        elif op == "keys_subset":
            bad = not isinstance(v, dict) or not set(v) <= set(a)
        elif op == "fields":
            for k, x in a.items():
                r = match(v.get(k, MISSING) if isinstance(v, dict) else MISSING, x)
                if r:
                    return f"{k}: {r}"
        elif op in ("each", "any", "none"):
            if not isinstance(v, list):
                return f"{short(v)} is not an array"
            rs = [match(x, a) for x in v]
            if op == "each" and any(rs):
                return f"element {next(i for i, r in enumerate(rs) if r)}: {next(r for r in rs if r)}"
            if op == "any" and all(rs):
                return f"no element is {short(a)}"
            if op == "none" and not all(rs):
                return f"element {rs.index(None)} is {short(a)}"
        elif op == "ordered":
            hay, pos = "\n".join(x if isinstance(x, str) else json.dumps(x) for x in v) if isinstance(v, list) else v, 0
            for needle in a:
                i = hay.find(needle, pos)
                if i < 0:
                    return f"{short(needle)} missing or out of order"
                pos = i + len(needle)
        if bad:
            return f"{short(v)} fails {op} {short(a)}"
    return None
