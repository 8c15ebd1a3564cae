"""Chat completions: whole answers as streams, and what must hold of every request."""

from __future__ import annotations

import json
import re

from cases_base import short, walk


def as_stream(comp):
    """the same completion as a stream, for a proxy that always asks the upstream to stream"""
    choices = []
    for c in comp["choices"]:
        d = dict(c.get("message") or {})
        if isinstance(d.get("tool_calls"), list):
            d["tool_calls"] = [{"index": i, **t} for i, t in enumerate(d["tool_calls"])]
        choices.append(
            {
                **{k: v for k, v in c.items() if k != "message"},
                "delta": d,
                "finish_reason": c.get("finish_reason") or "stop",
            }
        )
    doc = {**comp, "choices": choices}
    if "object" in doc:
        doc["object"] = "chat.completion.chunk"
    return {"sse": ["data: " + json.dumps(doc) + "\n\n", "data: [DONE]\n\n"]}


def request_invariants(doc, skip):
    e = []
    if not isinstance(doc, dict):
        return ["R1 upstream body is not a JSON object"]
    msgs = doc.get("messages")
    if not isinstance(doc.get("model"), str) or not isinstance(msgs, list) or not msgs:
        return ["R1 upstream body lacks model or messages"]
    bad = [
        k
        for k in (
            "system",
            "anthropic_version",
            "anthropic_beta",
            "betas",
            "stop_sequences",
            "context_management",
            "mcp_servers",
            "container",
            "output_format",
            "cache_control",
            "input_schema",
        )
        if k in doc
    ]
    if bad:
        e.append(f"R2 Anthropic-only keys upstream: {bad}")
    i = 0
    while i < len(msgs):
        m = msgs[i]
        if not isinstance(m, dict) or m.get("role") not in ("system", "developer", "user", "assistant", "tool"):
            e.append(f"R4 role {m.get('role') if isinstance(m, dict) else m!r}")
            i += 1
            continue
        if m["role"] == "assistant":
            calls = m.get("tool_calls")
            if calls is not None and (not isinstance(calls, list) or not calls):
                e.append("R7 empty tool_calls array")
            if not calls and m.get("content") is None:
                e.append("R9 assistant message with neither content nor tool_calls")
            ids = []
            for c in calls or []:
                fn = c.get("function") or {}
                ids.append(c.get("id"))
                if not isinstance(c.get("id"), str) or not c["id"]:
                    e.append("R7 tool call without id")
                if c.get("type") != "function" or not isinstance(fn.get("name"), str) or not fn["name"]:
                    e.append("R7 tool call without type/name")
                try:
                    if not isinstance(json.loads(fn.get("arguments")), dict):
                        e.append("R7 arguments are not a JSON object")
                except (TypeError, ValueError):
                    e.append(f"R7 arguments are not JSON text: {short(fn.get('arguments'))}")
            j, got = i + 1, []
            while j < len(msgs) and isinstance(msgs[j], dict) and msgs[j].get("role") == "tool":
                got.append(msgs[j].get("tool_call_id"))
                j += 1
            if sorted(map(str, ids)) != sorted(map(str, got)):
                e.append(f"R3 tool messages {got} do not directly answer tool_calls {ids}")
            for k in range(i + 1, j):
                if msgs[k].get("content") is None or not isinstance(msgs[k]["content"], (str, list)):
                    e.append("R8 tool message content is null or not text")
            i = j
            continue
        if m["role"] == "tool":
            e.append("R3 tool message without a preceding assistant tool_calls message")
        elif m.get("content") is None:
            e.append(f"R8 {m['role']} message content is null")
        i += 1
    for k, _, p in walk(doc):
        if k == "cache_control":
            e.append("R5 cache_control at /" + "/".join(map(str, p)))
    tools = doc.get("tools")
    if tools is not None and (not isinstance(tools, list) or not tools):
        e.append("R6 empty tools array")
    for t in tools or []:
        fn = t.get("function") if isinstance(t, dict) else None
        if not isinstance(fn, dict) or t.get("type") != "function":
            e.append(f"R6 tool is not a function: {short(t)}")
            continue
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", str(fn.get("name"))):
            e.append(f"R6 tool name {short(fn.get('name'))}")
        pr = fn.get("parameters")
        if not isinstance(pr, dict) or pr.get("type") != "object" or not isinstance(pr.get("properties"), dict):
            e.append(f"R6 parameters of {fn.get('name')} are not an object schema with properties")
    if not tools and doc.get("tool_choice") not in (None, "none"):
        e.append("R6 tool_choice without tools")
    return [x for x in e if x.split()[0] not in skip]
