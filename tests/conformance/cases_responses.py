"""The Responses API: answers as streams, what a case may point at in a request, and what must hold of each."""

from __future__ import annotations

import json
import re

from cases_base import FOREIGN, MISSING, PARTS, short, text_of, walk


def responses_stream(done):
    """a finished response as the event stream that OpenAI would have sent for it"""
    evs, bare = (
        [],
        {**done, "status": "in_progress", "output": [], "usage": None, "error": None, "incomplete_details": None},
    )
    add = lambda t, **k: evs.append({"type": t, "sequence_number": len(evs), **k})
    add("response.created", response=bare)
    add("response.in_progress", response=bare)
    for i, it in enumerate(done.get("output") or []):
        t, at = it.get("type"), {"item_id": it.get("id"), "output_index": i}
        hollow = {
            "message": {"content": []},
            "function_call": {"arguments": ""},
            "reasoning": {"summary": [], "content": [], "encrypted_content": None},
        }.get(t, {})
        add(
            "response.output_item.added",
            output_index=i,
            item={**it, **{k: v for k, v in hollow.items() if k in it}, "status": "in_progress"},
        )
        if t == "message":
            for j, p in enumerate(it.get("content") or []):
                kind, key = ("refusal", "refusal") if p.get("type") == "refusal" else ("output_text", "text")
                add("response.content_part.added", **at, content_index=j, part={**p, key: ""})
                more = {"logprobs": []} if key == "text" else {}
                add(f"response.{kind}.delta", **at, content_index=j, delta=p.get(key, ""), **more)
                add(f"response.{kind}.done", **at, content_index=j, **{key: p.get(key, "")}, **more)
                add("response.content_part.done", **at, content_index=j, part=p)
        elif t == "function_call":
            add("response.function_call_arguments.delta", **at, delta=it.get("arguments") or "")
            add("response.function_call_arguments.done", **at, name=it.get("name"), arguments=it.get("arguments") or "")
        elif t == "reasoning":
            for j, p in enumerate(it.get("summary") or []):
                add("response.reasoning_summary_part.added", **at, summary_index=j, part={**p, "text": ""})
                add("response.reasoning_summary_text.delta", **at, summary_index=j, delta=p.get("text", ""))
                add("response.reasoning_summary_text.done", **at, summary_index=j, text=p.get("text", ""))
                add("response.reasoning_summary_part.done", **at, summary_index=j, part=p)
            for j, p in enumerate(it.get("content") or []):
                add("response.reasoning_text.delta", **at, content_index=j, delta=p.get("text", ""))
                add("response.reasoning_text.done", **at, content_index=j, text=p.get("text", ""))
        add("response.output_item.done", output_index=i, item=it)
    add(
        {"incomplete": "response.incomplete", "failed": "response.failed"}.get(
            done.get("status"), "response.completed"
        ),
        response=done,
    )
    return {"sse": [f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in evs]}


def item_kind(it):
    t = it.get("type") or "message"
    return f"message:{'system' if it.get('role') == 'developer' else it.get('role')}" if t == "message" else str(t)


def item_text(it):
    t = it.get("type") or "message"
    return (
        text_of(it.get("content"))
        if t == "message"
        else it.get("arguments")
        if t == "function_call"
        else text_of(it.get("output"))
        if t == "function_call_output"
        else ""
    )


def item_parts(it):
    v = (
        it.get("output")
        if it.get("type") == "function_call_output"
        else it.get("content")
        if (it.get("type") or "message") == "message"
        else None
    )
    return [p for p in v if isinstance(p, dict)] if isinstance(v, list) else []


def virtual_responses(doc, raw, name):
    items = (
        [{"type": "message", "role": "user", "content": doc["input"]}]
        if isinstance(doc["input"], str)
        else [i for i in doc["input"] if isinstance(i, dict)]
    )
    lead = 0
    while lead < len(items) and item_kind(items[lead]) == "message:system":
        lead += 1
    if name == "@raw":
        return raw
    if name == "@kinds":
        return " ".join(map(item_kind, items))
    if name == "@roles":
        return " ".join(item_kind(i).removeprefix("message:") for i in items)
    if name == "@texts":
        return [item_text(i) for i in items]
    if name == "@user_texts":
        return [item_text(i) for i in items if item_kind(i) == "message:user"]
    if name == "@nonsystem_texts":
        return [item_text(i) for i in items[lead:]]
    if name == "@system_text":
        return "\n".join(
            ([doc["instructions"]] if isinstance(doc.get("instructions"), str) else [])
            + [item_text(i) for i in items[:lead]]
        )
    if name == "@system_count":
        return bool(doc.get("instructions")) + lead
    if name == "@images":
        return [p.get("image_url") for i in items for p in item_parts(i) if p.get("type") == "input_image"]
    if name == "@files":
        return [p for i in items for p in item_parts(i) if p.get("type") == "input_file"]
    if name == "@part_types":
        return [p.get("type") for i in items for p in item_parts(i)]
    if name == "@calls":
        return [i.get("call_id") for i in items if i.get("type") == "function_call"]
    if name == "@call_names":
        return [i.get("name") for i in items if i.get("type") == "function_call"]
    if name == "@answered":
        return [i.get("call_id") for i in items if i.get("type") == "function_call_output"]
    if name == "@outputs":
        return {str(i.get("call_id")): item_text(i) for i in reversed(items) if i.get("type") == "function_call_output"}
    if name == "@output_parts":
        return {
            str(i.get("call_id")): [p.get("type") for p in item_parts(i)]
            for i in reversed(items)
            if i.get("type") == "function_call_output"
        }
    if name == "@reasoning":
        return [i for i in items if i.get("type") == "reasoning"]
    if name == "@tool_names":
        return [t.get("name") for t in doc.get("tools") or [] if isinstance(t, dict)]
    if name == "@max_tokens":
        return doc.get("max_output_tokens", MISSING)
    if name == "@keys":
        return sorted({k for k, _, _ in walk(doc)})
    raise KeyError(name)


def responses_invariants(doc, skip):
    e = []
    if not isinstance(doc, dict):
        return ["Q1 upstream body is not a JSON object"]
    items = doc.get("input")
    if isinstance(items, str) and items:
        items = [{"type": "message", "role": "user", "content": items}]
    if not isinstance(doc.get("model"), str) or not isinstance(items, list) or not items:
        return ["Q1 upstream body lacks model or input"]
    bad = [k for k in FOREIGN if k in doc]
    if bad:
        e.append(f"Q2 keys of another wire upstream: {bad}")
    if doc.get("context_management") is not None and not isinstance(doc["context_management"], list):
        e.append("Q2 context_management is not the Responses list")
    if isinstance(doc.get("stream_options"), dict) and "include_usage" in doc["stream_options"]:
        e.append("Q2 stream_options.include_usage belongs to chat completions")
    open_, known = [], set()
    for n, it in enumerate(items):
        t = (it.get("type") or "message") if isinstance(it, dict) else None
        if open_ and t not in ("function_call", "function_call_output"):
            e.append(f"Q3 item {n} ({t}) stands between a call and its output: {open_} unanswered")
            open_ = []
        if t == "message":
            role, c = it.get("role"), it.get("content")
            if role not in PARTS:
                e.append(f"Q4 role {short(role)}")
                continue
            if not isinstance(c, (str, list)):
                e.append(f"Q4 {role} message content is null or not text")
            for p in c if isinstance(c, list) else []:
                pt = p.get("type") if isinstance(p, dict) else None
                if pt not in PARTS[role]:
                    e.append(f"Q4 part {short(pt)} in a {role} message")
                elif pt in ("input_text", "output_text") and not isinstance(p.get("text"), str):
                    e.append(f"Q4 {pt} without text")
                elif pt == "input_image" and not (isinstance(p.get("image_url"), str) or p.get("file_id")):
                    e.append("Q4 input_image.image_url is not a string")
        elif t == "function_call":
            cid = it.get("call_id")
            if not isinstance(cid, str) or not 1 <= len(cid) <= 64:
                e.append(f"Q7 call_id {short(cid)}")
            if cid in known:
                e.append(f"Q3 call_id {short(cid)} twice")
            known.add(cid)
            open_.append(cid)
            if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", str(it.get("name"))):
                e.append(f"Q7 function_call name {short(it.get('name'))}")
            try:
                if not isinstance(json.loads(it.get("arguments")), dict):
                    e.append("Q7 arguments are not a JSON object")
            except (TypeError, ValueError):
                e.append(f"Q7 arguments are not JSON text: {short(it.get('arguments'))}")
        elif t == "function_call_output":
            if it.get("call_id") in open_:
                open_.remove(it["call_id"])
            else:
                e.append(f"Q3 function_call_output {short(it.get('call_id'))} answers no open call")
            o = it.get("output")
            if not isinstance(o, (str, list)):
                e.append("Q8 function_call_output without output text")
            for p in o if isinstance(o, list) else []:
                if not isinstance(p, dict) or p.get("type") not in PARTS["user"]:
                    e.append(f"Q8 output part {short(p)}")
        elif t == "reasoning":
            if not isinstance(it.get("summary"), list):
                e.append("Q9 reasoning item without a summary list")
            nx = items[n + 1] if n + 1 < len(items) and isinstance(items[n + 1], dict) else {}
            nt = nx.get("type") or "message"
            if not (
                nt in ("reasoning", "function_call", "web_search_call", "custom_tool_call")
                or (nt == "message" and nx.get("role") == "assistant")
            ):
                e.append("Q9 reasoning item without its following item")
        elif t not in ("web_search_call",):
            e.append(f"Q4 item type {short(t)}")
    if open_:
        e.append(f"Q3 calls without output: {open_}")
    for k, _, p in walk(doc):
        if k == "cache_control":
            e.append("Q5 cache_control at /" + "/".join(map(str, p)))
    tools = doc.get("tools")
    if tools is not None and not isinstance(tools, list):
        e.append("Q6 tools is not a list")
        tools = []
    for t in tools or []:
        if not isinstance(t, dict) or t.get("type") != "function":
            if (
                not isinstance(t, dict)
                or not str(t.get("type")).startswith("web_search")
                or re.search(r"\d{8}", str(t.get("type")))
            ):
                e.append(f"Q6 tool {short(t)}")
            continue
        if "function" in t or "input_schema" in t:
            e.append("Q6 tool of another wire's shape")
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", str(t.get("name"))):
            e.append(f"Q6 tool name {short(t.get('name'))}")
        pr = t.get("parameters")
        if not isinstance(pr, dict) or pr.get("type") != "object" or not isinstance(pr.get("properties"), dict):
            e.append(f"Q6 parameters of {t.get('name')} are not an object schema with properties")
    if not tools and doc.get("tool_choice") not in (None, "none", "auto"):
        e.append("Q6 tool_choice without tools")
    tc = doc.get("tool_choice")
    if isinstance(tc, dict) and "function" in tc:
        e.append("Q6 tool_choice of chat completions' shape")
    return [x for x in e if x.split()[0] not in skip]
