"""The Messages API, the client's side: answers read, rebuilt from events, and what must hold of each."""

from __future__ import annotations

import json

from cases_base import ETYPES, MISSING, STOPS, short
from cases_match import is_type, match


def usage_merge(a, b):
    out = dict(a or {})
    for k, v in (b or {}).items():
        if v is not None:
            out[k] = v
    return out


def message_invariants(m, skip):
    e = []
    if not isinstance(m, dict):
        return ["M1 not an object"]
    if m.get("type") != "message" or m.get("role") != "assistant":
        e.append("M1 type/role")
    if not isinstance(m.get("id"), str) or not m["id"]:
        e.append("M1 id")
    if not isinstance(m.get("model"), str) or not m["model"]:
        e.append("M1 model")
    if m.get("stop_reason") not in STOPS:
        e.append(f"M2 stop_reason {short(m.get('stop_reason'))}")
    if "stop_sequence" not in m or not (m["stop_sequence"] is None or isinstance(m["stop_sequence"], str)):
        e.append("M2 stop_sequence key")
    u = m.get("usage")
    for k in ("input_tokens", "output_tokens"):
        if not isinstance(u, dict) or not is_type(u.get(k), "integer") or u[k] < 0:
            e.append(f"M3 usage.{k}")
    for k, v in (u or {}).items() if isinstance(u, dict) else ():
        if k in ("cache_read_input_tokens", "cache_creation_input_tokens") and not (
            v is None or (is_type(v, "integer") and v >= 0)
        ):
            e.append(f"M3 usage.{k} {short(v)}")
    ids = []
    for b in m.get("content") if isinstance(m.get("content"), list) else [None]:
        t = b.get("type") if isinstance(b, dict) else None
        if t == "text":
            if not isinstance(b.get("text"), str):
                e.append("M4 text block")
        elif t == "thinking":
            if not isinstance(b.get("thinking"), str):
                e.append("M4 thinking block")
        elif t == "redacted_thinking":
            if not isinstance(b.get("data"), str):
                e.append("M4 redacted_thinking block")
        elif t == "tool_use":
            ids.append(b.get("id"))
            if not isinstance(b.get("id"), str) or not b["id"] or not isinstance(b.get("name"), str) or not b["name"]:
                e.append("M4 tool_use id/name")
            if not isinstance(b.get("input"), dict):
                e.append(f"M4 tool_use input is not an object: {short(b.get('input'))}")
        else:
            e.append(f"M4 block {short(b)}")
    if len(ids) != len(set(map(str, ids))):
        e.append("M5 tool_use ids are not unique")
    if (m.get("stop_reason") == "tool_use") and not ids:
        e.append("M6 stop_reason tool_use without a tool_use block")
    return [x for x in e if x.split()[0] not in skip]


def parse_sse(raw, e):
    evs = []
    text = raw.decode("utf-8", "replace").replace("\r\n", "\n")
    for frame in text.split("\n\n"):
        name, data = None, []
        for ln in frame.split("\n"):
            if ln.startswith("event:"):
                name = ln[6:].strip()
            elif ln.startswith("data:"):
                data.append(ln[5:].lstrip(" ") if ln[5:6] == " " else ln[5:])
        if not data:
            continue
        d = "\n".join(data)
        if d.strip() == "[DONE]":
            e.append("S1 [DONE] sent to the client")
            continue
        try:
            doc = json.loads(d)
        except ValueError:
            e.append(f"S1 frame is not JSON: {short(d)}")
            continue
        if not isinstance(doc, dict) or name != doc.get("type"):
            e.append(
                f"S1 event line {name!r} differs from data type {doc.get('type') if isinstance(doc, dict) else doc!r}"
            )
        evs.append(doc)
    return evs


def rebuild(evs, e):
    """-> (message or None, outcome, error)"""
    msg, live, blocks, stopped, err, last_stop = None, set(), [], False, None, None
    for ev in evs:
        t = ev.get("type")
        if t == "ping":
            continue
        if t == "error":
            err = ev.get("error")
            continue
        if stopped:
            e.append(f"S8 event {t} after message_stop")
            continue
        if err is not None:
            e.append(f"S9 event {t} after the error event")
        if t == "message_start":
            if msg is not None:
                e.append("S2 second message_start")
                continue
            m = ev.get("message") or {}
            msg = dict(m)
            if (
                m.get("content") != []
                or m.get("stop_reason") is not None
                or not isinstance(m.get("usage"), dict)
                or m.get("role") != "assistant"
                or m.get("type") != "message"
            ):
                e.append("S2 message_start skeleton")
            continue
        if msg is None:
            e.append(f"S2 event {t} before message_start")
            msg = {"type": "message", "role": "assistant"}
        if t == "content_block_start":
            b = dict(ev.get("content_block") or {})
            if live:
                e.append("S10 block opened while another is open")
            if ev.get("index") != len(blocks):
                e.append(f"S3 block index {ev.get('index')} instead of {len(blocks)}")
            if b.get("type") == "tool_use":
                if b.get("input") != {}:
                    e.append("S5 tool_use start without input {}")
                if not b.get("id") or not b.get("name"):
                    e.append("S5 tool_use start without id or name")
            elif b.get("type") == "text" and not isinstance(b.get("text"), str):
                e.append("S5 text start without text")
            elif b.get("type") == "thinking" and not isinstance(b.get("thinking"), str):
                e.append("S5 thinking start without thinking")
            b["_json"], b["_closed"] = "", False
            blocks.append(b)
            live.add(len(blocks) - 1)
        elif t == "content_block_delta":
            i, d = ev.get("index"), ev.get("delta") or {}
            if i not in live:
                e.append(f"S3 delta for block {i} while {sorted(live)} is open")
                continue
            b, dt = blocks[i], d.get("type")
            ok = {
                "text": ("text_delta", "citations_delta"),
                "thinking": ("thinking_delta", "signature_delta"),
                "tool_use": ("input_json_delta",),
            }.get(b.get("type"), ())
            if dt not in ok:
                e.append(f"S4 {dt} in a {b.get('type')} block")
            elif dt == "text_delta":
                b["text"] = b.get("text", "") + d.get("text", "")
            elif dt == "thinking_delta":
                b["thinking"] = b.get("thinking", "") + d.get("thinking", "")
            elif dt == "signature_delta":
                b["signature"] = d.get("signature")
            elif dt == "input_json_delta":
                if not isinstance(d.get("partial_json"), str):
                    e.append("S4 partial_json is not a string")
                else:
                    b["_json"] += d["partial_json"]
        elif t == "content_block_stop":
            i = ev.get("index")
            if i not in live:
                e.append(f"S3 stop for block {i} while {sorted(live)} is open")
                continue
            blocks[i]["_closed"] = True
            live.discard(i)
        elif t == "message_delta":
            if live:
                e.append("S6 message_delta while a block is open")
            d = ev.get("delta") or {}
            if d.get("stop_reason") is not None:
                last_stop = d["stop_reason"]
            msg["stop_reason"] = last_stop
            msg["stop_sequence"] = d.get("stop_sequence", msg.get("stop_sequence"))
            if isinstance(ev.get("usage"), dict):
                msg["usage"] = usage_merge(msg.get("usage"), ev["usage"])
            else:
                e.append("S6 message_delta without usage")
        elif t == "message_stop":
            if live:
                e.append("S8 message_stop while a block is open")
            if last_stop is None:
                e.append("S8 message_stop without a stop_reason")
            if err is not None:
                e.append("S9 message_stop after an error")
            stopped = True
        else:
            e.append(f"S1 unknown event {t}")
    if msg is not None:
        out = []
        for b in blocks:
            b = dict(b)
            js, closed = b.pop("_json"), b.pop("_closed")
            if b.get("type") == "tool_use":
                try:
                    b["input"] = json.loads(js) if js.strip() else {}
                except ValueError:
                    if last_stop != "max_tokens" and (closed or stopped):
                        e.append(f"S7 tool input is not JSON: {short(js)}")
                    b["input"] = {}
                b["closed"] = closed
            out.append(b)
        msg["content"] = out
    outcome = "stream_error" if err is not None else "message" if stopped else "broken"
    return msg, outcome, err


def tidy(content):
    """merge neighbours of the same kind, drop empty text and thinking"""
    out = []
    for b in content or []:
        if b.get("type") in ("text", "thinking"):
            k = b["type"]
            if not b.get(k):
                continue
            if out and out[-1].get("type") == k:
                out[-1] = {**out[-1], k: out[-1][k] + b[k]}
                continue
        out.append(b)
    return out


def block_match(b, want):
    for k, m in want.items():
        r = match(b.get(k, MISSING), m)
        if r:
            return f"{k}: {r}"
    return None


def content_match(got, want, mode):
    got = tidy(got)
    if mode == "exact":
        if len(got) != len(want):
            return f"{len(got)} blocks {short([b.get('type') for b in got])}, wanted {len(want)}"
        for i, (g, w) in enumerate(zip(got, want)):
            r = block_match(g, w)
            if r:
                return f"block {i} {r}"
        return None
    i = 0
    last = "no blocks"
    for w in want:
        while i < len(got):
            last = block_match(got[i], w)
            i += 1
            if last is None:
                break
        else:
            return f"no block like {short(w)} ({last}) in {short(got)}"
    if mode == "exact_no_thinking" and [
        b for b in got if b.get("type") not in ("thinking", "redacted_thinking")
    ].__len__() != len(want):
        return f"blocks {short([b.get('type') for b in got])}, wanted {len(want)} besides thinking"
    return None


def interpret(r, skip):
    """fills r.errors, r.message, r.outcome, r.error"""
    e = r.errors = []
    r.message = r.error = None
    ct = r.headers.get("content-type", "")
    if r.status == 0:
        r.outcome = "hang" if r.how == "hang" else "no_response"
        return
    if "text/event-stream" in ct or (r.raw[:6] in (b"event:", b"data: ") and r.status == 200):
        if "text/event-stream" not in ct:
            e.append("S1 content-type is not text/event-stream")
        if r.status != 200:
            e.append(f"S1 status {r.status} with an event stream")
        evs = r.events = parse_sse(r.raw, e)
        r.message, r.outcome, r.error = rebuild(evs, e)
        if r.how == "hang":
            r.outcome = "hang"
        if r.outcome == "message":
            e += message_invariants(r.message, skip)
        if r.outcome == "stream_error":
            e += envelope({"type": "error", "error": r.error})
    else:
        try:
            doc = json.loads(r.raw)
        except ValueError:
            doc = None
        r.doc = doc
        if r.status >= 400:
            r.outcome = "http_error"
            e += envelope(doc)
            r.error = doc.get("error") if isinstance(doc, dict) else None
        elif isinstance(doc, dict) and doc.get("type") == "message":
            r.outcome, r.message = ("message" if r.how == "eof" else r.how), doc
            e += message_invariants(doc, skip)
        else:
            r.outcome = "other" if r.how == "eof" else r.how
    r.errors = [x for x in e if x.split()[0] not in skip]


def envelope(doc):
    er = doc.get("error") if isinstance(doc, dict) else None
    out = []
    if not isinstance(doc, dict) or doc.get("type") != "error" or not isinstance(er, dict):
        return ["E1 error body is not {type:error,error:{…}}: " + short(doc)]
    if er.get("type") not in ETYPES:
        out.append(f"E2 error type {short(er.get('type'))}")
    if not isinstance(er.get("message"), str) or not er["message"]:
        out.append("E2 error message")
    return out
