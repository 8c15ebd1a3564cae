#!/usr/bin/env python3
"""What a proxy's Anthropic side does with each upstream behaviour. Used by compare.py --compat, or alone:

    python compat.py http://127.0.0.1:PORT [--upstream http://127.0.0.1:19000]

Each probe answers "ok", or a short word on what went wrong. The stream checker is strict about the
Messages protocol: message_start first; every block opened, filled with deltas of its own type and
closed before the next opens, indices 0,1,2..; message_delta with a stop_reason; message_stop last.
"""

from __future__ import annotations

import json
import re
import sys
import urllib.error
import urllib.request

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
TOOLS = [
    {
        "name": f"tool_{i}",
        "description": "a tool",
        "input_schema": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
    }
    for i in range(3)
]


class P:
    def __init__(self, url, upstream, model, path, headers):
        self.url, self.up, self.model, self.path = url, upstream, model, path
        self.revive, self.crashes, self.probe = None, [], ""
        self.h = {
            "content-type": "application/json",
            "anthropic-version": "2023-06-01",
            "x-api-key": "sk-bench",
            "authorization": "Bearer sk-bench",
        }
        for h in headers:
            k, _, v = h.partition(":")
            self.h[k.strip()] = v.strip()

    def post(self, directive, stream=True, path=None, timeout=8, extra=None, msgs=None):
        if self.revive and (hs := self.revive()) is not None:
            self.crashes.append(self.probe)
            for h in hs:
                k, _, v = h.partition(":")
                self.h[k.strip()] = v.strip()
        self.probe = directive
        doc = {
            "model": self.model,
            "max_tokens": 500,
            "messages": msgs or [{"role": "user", "content": f"Hi @@bench:{directive}@@"}],
        }
        if stream:
            doc["stream"] = True
        doc.update(extra or {})
        req = urllib.request.Request(self.url + (path or self.path), data=json.dumps(doc).encode(), headers=self.h)
        out = b""
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(req, timeout=timeout) as f:
                st, hd = f.status, dict(f.headers)
                try:
                    while True:
                        b = f.read1(65536)
                        if not b:
                            return st, hd, out, "eof"
                        out += b
                except TimeoutError:
                    return st, hd, out, "hang"
                except Exception as e:  # IncompleteRead, reset
                    return st, hd, out + getattr(e, "partial", b""), "broken"
        except urllib.error.HTTPError as e:
            try:
                return e.code, {k.lower(): v for k, v in e.headers.items()}, e.read(), "eof"
            except Exception:
                return e.code, {}, b"", "broken"
        except TimeoutError:
            return 0, {}, b"", "hang"
        except Exception as e:
            return 0, {}, repr(e).encode(), "broken"

    def last(self):
        with urllib.request.urlopen(self.up + "/__last?k=1") as f:
            d = json.loads(f.read())
        try:
            return json.loads(d[-1]["body"])
        except (ValueError, IndexError):
            return {}


def parse(raw: bytes):
    evs = []
    for block in re.split(r"\r?\n\r?\n", raw.decode("utf-8", "replace")):
        data = "\n".join(ln[5:].strip() for ln in block.splitlines() if ln.startswith("data:"))
        if data and data != "[DONE]":
            try:
                evs.append(json.loads(data))
            except ValueError:
                evs.append({"type": "!unparsable"})
    return evs


def check(raw: bytes):
    """-> (problems, blocks, final) where blocks = [(type, text, start)]"""
    prob: list = []
    blocks: list = []
    seen: list = []
    final, open_i = {}, None
    started = stopped = False
    types = {"text": "text_delta", "thinking": "thinking_delta", "tool_use": "input_json_delta"}
    for e in parse(raw):
        t = e.get("type")
        seen.append(t)
        if stopped and t != "ping":
            prob.append("event after message_stop")
        if t == "message_start":
            if started:
                prob.append("two message_start")
            started = True
            final["start_usage"] = e.get("message", {}).get("usage")
        elif t == "content_block_start":
            if not started:
                prob.append("block before message_start")
            if open_i is not None:
                prob.append("block opened inside another")
            if e.get("index") != len(blocks):
                prob.append(f"index {e.get('index')} for block {len(blocks)}")
            cb = e.get("content_block", {})
            blocks.append([cb.get("type"), "", cb])
            open_i = e.get("index")
        elif t == "content_block_delta":
            i, d = e.get("index"), e.get("delta", {})
            if open_i is None or i != open_i:
                prob.append("delta for a block that is not open")
            if isinstance(i, int) and 0 <= i < len(blocks):
                if d.get("type") == "signature_delta":
                    continue
                if d.get("type") != types.get(blocks[i][0]):
                    prob.append(f"{d.get('type')} in {blocks[i][0]}")
                blocks[i][1] += d.get("text") or d.get("thinking") or d.get("partial_json") or ""
        elif t == "content_block_stop":
            if open_i is None or e.get("index") != open_i:
                prob.append("stop of a block that is not open")
            open_i = None
        elif t == "message_delta":
            if open_i is not None:
                prob.append("block left open")
            final["stop_reason"] = e.get("delta", {}).get("stop_reason")
            final["usage"] = e.get("usage")
        elif t == "message_stop":
            stopped = True
        elif t == "error":
            final["error"] = e.get("error")
        elif t != "ping":
            prob.append(f"event {t}")
    if not started:
        prob.append("no message_start")
    if not stopped and "error" not in final:
        prob.append("no message_stop")
    if stopped and not final.get("stop_reason"):
        prob.append("no stop_reason")
    final["stopped"] = stopped
    return sorted(set(prob)), blocks, final


MK = re.compile(r"~\d{6,20}~")


def run(url, upstream, model="claude-sonnet-4-5", path="/v1/messages", headers=(), revive=None):
    """revive() -> None if the proxy lives, else it was restarted and these are its headers"""
    p = P(url, upstream, model, path, headers)
    p.revive = revive
    R = {}

    def stream(name, d, want, types, stop, **kw):
        st, _hd, raw, end = p.post(d, **kw)
        if st != 200:
            R[name] = f"status {st or end}"
            return None
        prob, bl, fin = check(raw)
        if end != "eof":
            prob.append(end)
        n = sum(len(MK.findall(b[1])) for b in bl)
        if n != want:
            prob.append(f"{n}/{want} markers")
        got = [b[0] for b in bl if not (b[0] == "text" and not b[1])]
        if types and got != types:
            prob.append("blocks " + "+".join(map(str, got)))
        if stop and fin.get("stop_reason") != stop:
            prob.append(f"stop_reason {fin.get('stop_reason')}")
        for b in bl:
            if b[0] == "tool_use":
                try:
                    json.loads(b[1] or json.dumps(b[2].get("input")))
                except ValueError:
                    prob.append("tool JSON broken")
        R[name] = "; ".join(prob) or "ok"
        return bl, fin

    t = {"tools": TOOLS}
    r = stream("text", "n=8", 8, ["text"], "end_turn")
    if r:
        u = dict(r[1].get("start_usage") or {}) | {k: v for k, v in (r[1].get("usage") or {}).items() if v}
        R["usage"] = (
            "ok"
            if u.get("output_tokens") == 45 and (u.get("input_tokens") in (123, 23))
            else f"in {u.get('input_tokens')} out {u.get('output_tokens')}"
        )
        R["cache_usage"] = (
            "ok"
            if u.get("cache_read_input_tokens") == 100 and u.get("input_tokens") == 23
            else f"in {u.get('input_tokens')} read {u.get('cache_read_input_tokens')}"
        )
    stream("tool", "n=6,mode=tool", 6, ["tool_use"], "tool_use", extra=t)
    stream("tools2 interleaved", "n=6,mode=tools2", 12, ["tool_use", "tool_use"], "tool_use", extra=t)
    stream("tool whole", "mode=toolwhole", 1, ["tool_use"], "tool_use", extra=t)
    stream("tool id+name repeated", "n=6,mode=toolrep", 6, ["tool_use"], "tool_use", extra=t)
    stream("text+tool", "n=8,mode=mixed", 10, ["text", "tool_use"], "tool_use", extra=t)
    stream("reasoning_content", "n=8,mode=think", 8, ["thinking", "text"], "end_turn")
    stream("reasoning", "n=8,mode=thinkr", 8, ["thinking", "text"], "end_turn")
    stream("CRLF", "n=8,crlf=1", 8, ["text"], "end_turn")
    stream("torn UTF-8", "n=8,split=1,uni=1,size=60", 8, ["text"], "end_turn")
    stream("comments", "n=8,mode=ping", 8, ["text"], "end_turn")
    stream("empty answer", "mode=empty", 0, None, "end_turn")
    stream("no [DONE]", "n=8,fault=nodone,at=9", 8, ["text"], "end_turn")
    stream("no usage", "n=8,usage=0", 8, ["text"], "end_turn")
    stream("usage each chunk", "n=8,usage=2", 8, ["text"], "end_turn")

    # a stream that dies must not look like a finished answer
    def fault(f):
        st, _hd, raw, end = p.post(f"n=8,fault={f},at=4")
        prob, bl, fin = check(raw)
        n = sum(len(MK.findall(b[1])) for b in bl)
        if st >= 500 and raw.lstrip()[:1] == b"{":
            R[f] = f"ok (status {st})"
        elif st != 200:
            R[f] = f"status {st or end}"
        elif "error" in fin:
            R[f] = "ok (error event)"
        elif fin["stopped"] and n == 8 and not prob:
            R[f] = "ok (skipped over)"
        elif fin["stopped"]:
            R[f] = f"SILENT: ended normally with {n}/8, stop_reason {fin.get('stop_reason')}"
        else:
            R[f] = f"{end} after {n}/8"

    for f in ("cut", "errchunk", "badjson", "garbage"):
        fault(f)
    for code, kind in (
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (529, "overloaded_error"),
    ):
        st, hd, raw, end = p.post(f"status={code}", timeout=20)
        try:
            d = json.loads(raw)
            et = d.get("error", {}).get("type") if d.get("type") == "error" else "not Anthropic-shaped"
        except (ValueError, AttributeError):
            et = "not JSON"
        if st == 200:
            prob, bl, fin = check(raw)
            et = f"200 + {'error event ' + str((fin.get('error') or {}).get('type')) if 'error' in fin else 'no error'}"
        R[f"err{code}"] = "ok" if st == code and et == kind else f"{st or end} {et}"
        if code == 429:
            R["retry-after"] = "ok" if {k.lower(): v for k, v in hd.items()}.get("retry-after") else "dropped"
    for name, d in (
        ("err401 detail shape", "status=401,shape=detail"),
        ("err400 error is a string", "status=400,shape=str"),
        ("err500 HTML", "status=500,htmlerr=1"),
    ):
        st, hd, raw, end = p.post(d, timeout=20)
        try:
            doc = json.loads(raw)
            good = (
                doc.get("type") == "error"
                and isinstance(doc["error"].get("message"), str)
                and ("bench upstream" in json.dumps(doc) or "htmlerr" in d)
            )
        except Exception:
            good = False
        want = int(re.search(r"status=(\d+)", d)[1])
        R[name] = "ok" if st == want and good else f"{st or end}{'' if good else ' body not usable'}"
    st, hd, raw, end = p.post("mode=zero")
    _prob, _bl, fin = check(raw)
    R["200 with empty body"] = (
        "ok (error)"
        if st != 200 or "error" in fin
        else ("SILENT empty answer" if fin["stopped"] else f"{end}, no events")
    )
    st, hd, raw, end = p.post("n=3", stream=False)
    try:
        d = json.loads(raw)
        R["non-stream"] = (
            "ok"
            if d["content"][0]["type"] == "text" and d["stop_reason"] == "end_turn" and d["type"] == "message"
            else "odd"
        )
    except Exception:
        R["non-stream"] = f"{st or end}"
    st, hd, raw, end = p.post("n=3,mode=tools2", stream=False, extra=t)
    try:
        d = json.loads(raw)
        R["non-stream tools"] = (
            "ok"
            if [b["type"] for b in d["content"] if b["type"] == "tool_use"] == ["tool_use"] * 2
            and d["stop_reason"] == "tool_use"
            and isinstance(d["content"][-1]["input"], dict)
            else "odd"
        )
    except Exception:
        R["non-stream tools"] = f"{st or end}"
    st, hd, raw, end = p.post("n=1", stream=False, path=path + "/count_tokens", extra=t)
    try:
        R["count_tokens"] = f"ok ({json.loads(raw)['input_tokens']})" if st == 200 else f"status {st}"
    except Exception:
        R["count_tokens"] = f"status {st or end}"
    # what goes up
    msgs = [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "look"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "s"},
                {"type": "text", "text": "calling"},
                {"type": "tool_use", "id": "toolu_1", "name": "tool_0", "input": {"text": "a"}},
                {"type": "tool_use", "id": "toolu_2", "name": "tool_1", "input": {"text": "b"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "toolu_1",
                    "content": [
                        {"type": "text", "text": "res1"},
                        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
                    ],
                },
                {"type": "tool_result", "tool_use_id": "toolu_2", "content": "res2", "is_error": True},
                {"type": "text", "text": "go @@bench:n=2@@"},
            ],
        },
    ]
    p.post("n=1")
    st, hd, raw, end = p.post(
        "",
        msgs=msgs,
        extra={
            **t,
            "system": [
                {"type": "text", "text": "sys1"},
                {"type": "text", "text": "sys2", "cache_control": {"type": "ephemeral"}},
            ],
            "tool_choice": {"type": "tool", "name": "tool_1"},
            "stop_sequences": ["END"],
            "temperature": 0.5,
        },
    )
    b = p.last()
    ms = b.get("messages", [])
    s = json.dumps(b)
    if st != 200 or not ms:
        R["history with thinking"] = f"status {st or end}"
        msgs[1]["content"].pop(0)
        msgs[2]["content"][0]["content"].pop()
        st, hd, raw, end = p.post(
            "",
            msgs=msgs,
            extra={
                **t,
                "system": "sys1 sys2",
                "tool_choice": {"type": "tool", "name": "tool_1"},
                "stop_sequences": ["END"],
            },
        )
        b = p.last()
        ms, s = b.get("messages", []), json.dumps(b)
    else:
        R["history with thinking"] = "ok"
    if st != 200 or not ms:
        R["history plain"] = f"status {st or end}"
    else:
        R["image up"] = (
            "ok"
            if any(
                isinstance(m.get("content"), list) and any(c.get("type") == "image_url" for c in m["content"])
                for m in ms
                if m["role"] == "user"
            )
            else "lost"
        )
        R["image in tool_result"] = "ok" if s.count("data:image/png") >= 2 else "lost"
        roles = [m["role"] for m in ms]
        i = roles.index("assistant") if "assistant" in roles else -1
        R["tool results right after calls"] = (
            "ok"
            if i >= 0 and roles[i + 1 : i + 3] == ["tool", "tool"] and len(ms[i].get("tool_calls") or []) == 2
            else "roles " + ",".join(roles)
        )
        R["system"] = "ok" if "sys1" in s and "sys2" in s else "lost"
        R["tool_choice tool"] = (
            "ok"
            if (b.get("tool_choice") or {}) == {"type": "function", "function": {"name": "tool_1"}}
            else str(b.get("tool_choice"))
        )
        R["stop_sequences"] = "ok" if b.get("stop") == ["END"] else str(b.get("stop"))
        R["max_tokens"] = (
            "ok" if 500 in (b.get("max_tokens"), b.get("max_completion_tokens")) else str(b.get("max_tokens"))
        )
        R["include_usage"] = "ok" if (b.get("stream_options") or {}).get("include_usage") else "not asked"
    p.post("n=1", extra={**t, "tool_choice": {"type": "any"}})
    R["tool_choice any"] = "ok" if p.last().get("tool_choice") == "required" else str(p.last().get("tool_choice"))
    # a client that goes away must not leave the upstream running; two requests must not mix
    st, hd, raw, end = p.post("n=3", msgs=[{"role": "user", "content": "x"}], extra={"messages": []})
    R["empty messages"] = "ok" if st in (200, 400) else f"status {st or end}"
    st, hd, raw, end = p.post(
        "n=3",
        extra={
            "system": "",
            "metadata": {"user_id": "u"},
            "thinking": {"type": "enabled", "budget_tokens": 1024},
            "max_tokens": 2000,
            "context_management": {"edits": []},
            "anything_new": {"x": 1},
        },
    )
    R["unknown fields"] = "ok" if st == 200 else f"status {st or end}"
    fault("rst")
    st, hd, raw, end = p.post("n=3")
    R["process died"] = "ok (never)" if not p.crashes else f"{len(p.crashes)}x after: " + ", ".join(p.crashes)
    R["alive after all that"] = (
        "ok" if st == 200 and len(MK.findall(raw.decode("utf-8", "replace"))) == 3 else f"NO: {st or end}"
    )
    good = sum(str(v).startswith("ok") for v in R.values())
    R["_score"] = f"{good}/{len(R)}"
    return R


def table(all_: dict) -> str:
    names = list(all_)
    keys = list(next(iter(all_.values())))
    for v in all_.values():
        keys += [k for k in v if k not in keys]
    out = ["| probe | " + " | ".join(names) + " |", "|---|" + "---|" * len(names)]
    for k in keys:
        out.append(f"| {k} | " + " | ".join(str(all_[n].get(k, "–")).replace("|", "/")[:70] for n in names) + " |")
    return "\n".join(out)


if __name__ == "__main__":
    up = sys.argv[sys.argv.index("--upstream") + 1] if "--upstream" in sys.argv else "http://127.0.0.1:19000"
    for k, v in run(sys.argv[1], up).items():
        print(f"{k:34} {v}")
