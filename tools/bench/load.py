#!/usr/bin/env python3
"""Load client for one Anthropic-Messages proxy in front of upstream.py.

    load.py --url http://127.0.0.1:PORT --pid PROXY_PID [--scenarios a,b] [--json]

Scenarios are in SCENARIOS below. Every answer is checked: the number of time markers
got must be the number sent, in order, and the stream must end in message_stop; what
is not so counts under `bad`. CPU is utime+stime of the pid and all its children.
Markers carry CLOCK_MONOTONIC of the upstream's send, so one-way latency per chunk is
exact on one machine. Standard library only (uvloop used when present).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import socket
import statistics as st
import sys
import time
import urllib.request

MARK = re.compile(rb"~(\d{6,20})~")
TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


# ------------------------------------------------------------------ proc figures
def tree(pid: int) -> list[int]:
    kids: dict[int, list[int]] = {}
    dead: set[int] = set()
    for d in os.listdir("/proc"):
        if d.isdigit():
            try:
                with open(f"/proc/{d}/stat") as f:
                    v = f.read().rpartition(")")[2].split()
                if v[0] == "Z":
                    dead.add(int(d))
                ppid = int(v[1])
                kids.setdefault(ppid, []).append(int(d))
            except (OSError, ValueError, IndexError):
                pass
    out, todo = [], [pid]
    while todo:
        p = todo.pop()
        if p not in dead and os.path.exists(f"/proc/{p}"):
            out.append(p)
        todo += kids.get(p, [])
    return out


def cpu(pids: list[int]) -> float:
    """CPU seconds; schedstat (ns) summed over threads, or stat where it is larger."""
    total = 0.0
    for p in pids:
        try:
            with open(f"/proc/{p}/stat") as f:
                v = f.read().rpartition(")")[2].split()
            ticks = (int(v[11]) + int(v[12])) / TICK
            ns = 0
            for t in os.listdir(f"/proc/{p}/task"):
                with open(f"/proc/{p}/task/{t}/schedstat") as f:
                    ns += int(f.read().split()[0])
            total += ns / 1e9 if abs(ns / 1e9 - ticks) < 0.05 + 0.02 * ticks else ticks
        except (OSError, ValueError, IndexError):
            pass
    return total


def rss(pids: list[int], key: str = "VmRSS") -> float:
    total = 0
    for p in pids:
        try:
            with open(f"/proc/{p}/status") as f:
                for ln in f:
                    if ln.startswith(key):
                        total += int(ln.split()[1])
        except OSError:
            pass
    return total / 1024


def reset_peak(pids: list[int]) -> None:
    for p in pids:
        try:
            with open(f"/proc/{p}/clear_refs", "w") as f:
                f.write("5")
        except OSError:
            pass


# ----------------------------------------------------------------------- bodies
WORDS = [
    "river",
    "stone",
    "lantern",
    "copper",
    "meadow",
    "signal",
    "harbor",
    "violet",
    "engine",
    "paper",
    "winter",
    "cobalt",
    "thread",
    "orchard",
    "mirror",
    "falcon",
    "granite",
    "saddle",
    "ember",
    "quartz",
    "ripple",
    "canyon",
    "beacon",
    "willow",
]


def prose(rng: random.Random, chars: int) -> str:
    out, n = [], 0
    while n < chars:
        s = " ".join(rng.choice(WORDS) for _ in range(rng.randint(6, 14))).capitalize() + "."
        out.append(s)
        n += len(s) + 1
    return " ".join(out)[:chars]


def make_body(kind: str, model: str, directive: str) -> bytes:
    rng = random.Random(7)
    last = {"role": "user", "content": [{"type": "text", "text": f"Go on. @@bench:{directive}@@"}]}
    if kind == "small":
        doc = {
            "model": model,
            "max_tokens": 1024,
            "stream": True,
            "messages": [{"role": "user", "content": f"Hello. @@bench:{directive}@@"}],
        }
        return json.dumps(doc).encode()
    tools = []
    for i in range(20):
        props: dict = {"text": {"type": "string", "description": prose(rng, 60)}}
        props |= {
            f"field_{j}": {"type": rng.choice(["string", "integer", "boolean"]), "description": prose(rng, 120)}
            for j in range(rng.randint(2, 6))
        }
        props["items"] = {
            "type": "array",
            "items": {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "number"}}},
        }
        tools.append(
            {
                "name": f"tool_{i}",
                "description": prose(rng, 900),
                "input_schema": {
                    "type": "object",
                    "properties": props,
                    "required": ["text"],
                    "additionalProperties": False,
                    "$schema": "http://json-schema.org/draft-07/schema#",
                },
            }
        )
    system = [
        {"type": "text", "text": prose(rng, 80)},
        {"type": "text", "text": prose(rng, 14000), "cache_control": {"type": "ephemeral"}},
    ]
    goal = {"cc": 100_000, "long": 2_000_000}[kind]
    msgs: list = [{"role": "user", "content": [{"type": "text", "text": prose(rng, 2500)}]}]
    size = len(json.dumps([tools, system]))
    step = 0
    while size < goal:
        tid = f"toolu_{step:06d}"
        chars = rng.randint(800, 3000) if kind == "cc" else rng.randint(8000, 30000)
        a = {
            "role": "assistant",
            "content": [
                {"type": "text", "text": prose(rng, 200)},
                {
                    "type": "tool_use",
                    "id": tid,
                    "name": f"tool_{step % 20}",
                    "input": {"text": prose(rng, 60), "items": [{"a": "x", "b": step}]},
                },
            ],
        }
        u = {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": tid,
                    "content": [{"type": "text", "text": prose(rng, chars)}] if step % 2 else prose(rng, chars),
                }
            ],
        }
        msgs += [a, u]
        size += len(json.dumps(a)) + len(json.dumps(u))
        step += 1
    msgs[-1]["content"][-1]["cache_control"] = {"type": "ephemeral"}
    msgs.append({"role": "assistant", "content": [{"type": "text", "text": "Done."}]})
    msgs.append(last)
    doc = {
        "model": model,
        "max_tokens": 8192,
        "stream": True,
        "system": system,
        "tools": tools,
        "metadata": {"user_id": "bench"},
        "messages": msgs,
    }
    return json.dumps(doc).encode()


def grown_bodies(kind: str, model: str, directive: str, count: int) -> list[bytes]:
    """A conversation as a client sends it turn after turn: each body has one exchange more, and the cache mark moves."""
    doc = json.loads(make_body(kind, model, directive))
    rng = random.Random(11)
    *turns, last = doc["messages"]
    for turn in turns:
        for block in turn["content"]:
            block.pop("cache_control", None)
    out = []
    for step in range(count):
        tid = f"toolu_g{step:05d}"
        call = {"type": "tool_use", "id": tid, "name": f"tool_{step % 20}", "input": {"text": prose(rng, 60)}}
        turns.append({"role": "user", "content": [{"type": "text", "text": prose(rng, 200)}]})
        turns.append({"role": "assistant", "content": [{"type": "text", "text": prose(rng, 200)}, call]})
        result = {"type": "tool_result", "tool_use_id": tid, "content": prose(rng, 2000)}
        turns.append({"role": "user", "content": [result]})
        turns.append({"role": "assistant", "content": [{"type": "text", "text": prose(rng, 100)}]})
        newest = {"role": "user", "content": [{**last["content"][0], "cache_control": {"type": "ephemeral"}}]}
        out.append(json.dumps({**doc, "messages": [*turns, newest]}).encode())
    return out


# ----------------------------------------------------------------------- client
class Bad(Exception):
    pass


class Client:
    """One keep-alive connection; reads with sock_recv, so a pause of reading is real."""

    def __init__(self, host: str, port: int, path: str, headers: dict, rcvbuf: int = 0):
        self.host, self.port, self.rcvbuf = host, port, rcvbuf
        hs = {
            "host": f"{host}:{port}",
            "content-type": "application/json",
            "accept": "text/event-stream, application/json",
            "anthropic-version": "2023-06-01",
            "user-agent": "bench/1",
            **headers,
        }
        self.pre = (f"POST {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in hs.items())).encode()
        self.sock: socket.socket | None = None

    async def connect(self) -> None:
        s = socket.socket()
        s.setblocking(False)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.rcvbuf:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.rcvbuf)
        await asyncio.get_running_loop().sock_connect(s, (self.host, self.port))
        self.sock = s

    def close(self) -> None:
        if self.sock is not None:
            self.sock.close()
            self.sock = None

    async def send(self, body: bytes) -> None:
        if self.sock is None:
            await self.connect()
        assert self.sock is not None
        await asyncio.get_running_loop().sock_sendall(
            self.sock, self.pre + b"content-length: %d\r\n\r\n" % len(body) + body
        )

    async def run(
        self,
        body: bytes,
        want: int,
        lat: list | None = None,
        timeout: float = 60.0,
        stop_after: int = 0,
        hold_after: int = 0,
        hold_s: float = 0.0,
    ) -> dict:
        try:
            return await asyncio.wait_for(self._run(body, want, lat, stop_after, hold_after, hold_s), timeout)
        except (TimeoutError, Bad, OSError, ConnectionError, ValueError) as e:
            self.close()
            return {"bad": f"{type(e).__name__}: {e}"[:200]}

    async def _run(self, body, want, lat, stop_after, hold_after, hold_s) -> dict:
        loop = asyncio.get_running_loop()
        if self.sock is None:
            await self.connect()
        t0 = time.monotonic_ns()
        await self.send(body)
        sock = self.sock
        assert sock is not None
        head: bytes | None = b""
        tail = b""
        ttfb = ttft = 0
        chunked = close_delim = False
        need = -1
        got = events = 0
        prev = 0
        ended = stopped = False
        buf = b""
        while not ended:
            data = await loop.sock_recv(sock, 65536)
            now = time.monotonic_ns()
            if not data:
                if close_delim:
                    ended = True
                    self.close()
                    data = b""
                else:
                    raise Bad(f"closed early after {got}/{want} markers")
            if head is not None:
                head += data
                i = head.find(b"\r\n\r\n")
                if i < 0:
                    continue
                hb, data = head[:i].lower(), head[i + 4 :]
                status = int(hb.split(b" ", 2)[1])
                chunked = b"transfer-encoding: chunked" in hb
                m = re.search(rb"content-length: *(\d+)", hb)
                need = int(m.group(1)) if m else -1
                close_delim = not chunked and need < 0
                head = None
                if status != 200:
                    while len(data) < min(need, 300) or (need < 0 and b"0\r\n\r\n" not in data and len(data) < 300):
                        more = await loop.sock_recv(sock, 65536)
                        if not more:
                            break
                        data += more
                    raise Bad(f"status {status}: {data[:160]!r}")
            if chunked:  # de-chunk
                buf += data
                pos, parts = 0, []
                while True:
                    j = buf.find(b"\r\n", pos)
                    if j < 0:
                        break
                    size = int(buf[pos:j].split(b";")[0] or b"0", 16)
                    if len(buf) < j + 4 + size:
                        break
                    if size == 0:
                        ended = True
                        pos = j + 4
                        break
                    parts.append(buf[j + 2 : j + 2 + size])
                    pos = j + 4 + size
                buf = buf[pos:]
                data = b"".join(parts)
            elif need >= 0:
                need -= len(data)
                ended = need <= 0
            if data and not ttfb:
                ttfb = now - t0
            text = tail + data
            last_end = 0
            for m in MARK.finditer(text):
                ts = int(m.group(1))
                if ts < prev:
                    raise Bad("markers out of order")
                prev = ts
                got += 1
                last_end = m.end()
                if not ttft:
                    ttft = now - t0
                if lat is not None:
                    lat.append(now - ts)
            events += text.count(b"\nevent: ") if False else data.count(b"data:")
            if b"message_stop" in text:
                stopped = True
            tail = text[max(last_end, len(text) - 64) :]
            if stop_after and got >= stop_after:
                t_close = time.monotonic_ns()
                self.close()
                return {"closed_at": t_close, "got": got}
            if hold_after and got >= hold_after:
                hold_after = 0
                await asyncio.sleep(hold_s)
        if not stopped:
            raise Bad(f"no message_stop ({got}/{want})")
        if got != want:
            raise Bad(f"{got} markers for {want}")
        return {"ttfb": ttfb / 1e6, "ttft": ttft / 1e6, "total": (time.monotonic_ns() - t0) / 1e6, "events": events}


# -------------------------------------------------------------------- scenarios
#  name: (body, directive, concurrency, requests, chunks, notes)
SCENARIOS = {
    # CPU a request (one chunk): fixed cost
    "req_small_c1": {"body": "small", "d": "n=1", "c": 1, "reqs": 120, "n": 1},
    "req_small_c16": {"body": "small", "d": "n=1", "c": 16, "reqs": 320, "n": 1},
    "req_cc_c1": {"body": "cc", "d": "n=1", "c": 1, "reqs": 40, "n": 1},
    "req_long_c1": {"body": "long", "d": "n=1", "c": 1, "reqs": 6, "n": 1},
    # the same conversations, one exchange longer with each request: what people have
    "grow_cc_c1": {"body": "cc", "d": "n=1", "c": 1, "reqs": 40, "n": 1, "grows": True},
    "grow_long_c1": {"body": "long", "d": "n=1", "c": 1, "reqs": 16, "n": 1, "grows": True},
    # CPU a chunk and throughput, upstream unpaced
    "stream_c1": {"body": "small", "d": "n=2000", "c": 1, "reqs": 2, "n": 2000},
    "stream_c16": {"body": "small", "d": "n=300", "c": 16, "reqs": 32, "n": 300},
    "stream_c128": {"body": "small", "d": "n=100", "c": 128, "reqs": 128, "n": 100},
    "batched_c16": {"body": "small", "d": "n=300,batch=16", "c": 16, "reqs": 32, "n": 300},
    "tool_c16": {"body": "cc", "d": "n=200,mode=tool", "c": 16, "reqs": 16, "n": 200},
    # added latency a chunk, paced like a model
    "paced_c1": {"body": "small", "d": "n=60,delay=20", "c": 1, "reqs": 1, "n": 60, "lat": True},
    "paced_c16": {"body": "cc", "d": "n=60,delay=20", "c": 16, "reqs": 16, "n": 60, "lat": True},
    "paced_c128": {"body": "small", "d": "n=60,delay=50", "c": 128, "reqs": 128, "n": 60, "lat": True},
}
SPECIAL = ("cancel", "slow128")


def pct(v: list, q: float) -> float:
    if not v:
        return float("nan")
    v = sorted(v)
    return v[min(len(v) - 1, int(q * len(v)))]


BEGUN = 2
"""Turns of a growing conversation that are not measured: it is known to nobody before."""


async def run_scenario(a, name: str) -> dict:
    sc: dict = SCENARIOS[name]
    grown = grown_bodies(sc["body"], a.model, sc["d"], BEGUN + sc["reqs"]) if sc.get("grows") else []
    begun, bodies = grown[:BEGUN], grown[BEGUN:]
    body = bodies[0] if bodies else make_body(sc["body"], a.model, sc["d"])
    pids = tree(a.pid) if a.pid else []
    cl = [Client(a.host, a.port, a.path, a.headers) for _ in range(sc["c"])]
    for c in cl:  # connections are not measured
        await c.connect()
    for early in begun:
        await cl[0].run(early, sc["n"], None, a.timeout)
    reset_peak(pids)
    left = sc["reqs"]
    outs: list[dict] = []
    lat: list = []

    async def worker(c: Client) -> None:
        nonlocal left
        while left > 0:
            left -= 1
            asked = bodies[sc["reqs"] - 1 - left] if bodies else body
            outs.append(await c.run(asked, sc["n"], lat if sc.get("lat") else None, a.timeout))

    c0, t0 = cpu(pids), time.monotonic()
    own0 = time.process_time()
    await asyncio.gather(*(worker(c) for c in cl))
    wall, used = time.monotonic() - t0, cpu(pids) - c0
    for c in cl:
        c.close()
    ok = [o for o in outs if "bad" not in o]
    bad = [o["bad"] for o in outs if "bad" in o]
    r: dict = {
        "ok": len(ok),
        "bad": len(bad),
        "wall_s": round(wall, 4),
        "cpu_s": round(used, 4),
        "client_cpu_s": round(time.process_time() - own0, 4),
        "body_bytes": len(body),
        "chunks": sc["n"] * len(ok),
        "rss_peak_mb": round(rss(pids, "VmHWM"), 1),
        "rss_mb": round(rss(pids), 1),
    }
    if bad:
        r["why"] = sorted(set(bad))[:3]
    if ok:
        r |= {
            "ttfb_p50": round(st.median(o["ttfb"] for o in ok), 3),
            "ttft_p50": round(st.median(o["ttft"] for o in ok), 3),
            "ttft_p99": round(pct([o["ttft"] for o in ok], 0.99), 3),
            "total_p50": round(st.median(o["total"] for o in ok), 3),
            "req_s": round(len(ok) / wall, 1),
            "chunks_s": round(sc["n"] * len(ok) / wall, 0),
            "cpu_us_req": round(used / len(ok) * 1e6, 1),
            "cpu_us_chunk": round(used / (sc["n"] * len(ok)) * 1e6, 2),
            "events_per_req": round(sum(o["events"] for o in ok) / len(ok), 1),
        }
    if lat:
        r |= {
            "lat_p50_us": round(pct(lat, 0.5) / 1e3, 1),
            "lat_p90_us": round(pct(lat, 0.9) / 1e3, 1),
            "lat_p99_us": round(pct(lat, 0.99) / 1e3, 1),
        }
    return r


def ctl(a, path: str):
    with urllib.request.urlopen(f"{a.upstream}{path}", timeout=10) as f:
        return json.loads(f.read())


async def run_cancel(a, tries: int = 12) -> dict:
    """Client closes mid-stream: when does the upstream see its connection end?"""
    body = make_body("small", a.model, "n=3000,delay=10")
    out, missed = [], 0
    for _ in range(tries):
        await asyncio.to_thread(ctl, a, "/__reset")
        c = Client(a.host, a.port, a.path, a.headers)
        r = await c.run(body, 3000, stop_after=5, timeout=15)
        if "closed_at" not in r:
            return {"bad": 1, "why": [r.get("bad", "?")]}
        deadline = time.monotonic() + 4
        seen = None
        while time.monotonic() < deadline and seen is None:
            await asyncio.sleep(0.02)
            s = await asyncio.to_thread(ctl, a, "/__stats")
            if s["closes"]:
                seen = (s["closes"][-1][0] - r["closed_at"]) / 1e6
        if seen is None:
            missed += 1
            if missed >= 3:
                break
        else:
            out.append(seen)
    return {
        "ok": len(out),
        "never_within_4s": missed,
        "bad": 0,
        "close_ms_p50": round(st.median(out), 2) if out else None,
        "close_ms_max": round(max(out), 2) if out else None,
    }


async def run_slow(a, streams: int = 128, mb: float = 1.0, hold: float = 4.0) -> dict:
    """`streams` clients read 20 chunks, then stop reading for `hold` s while the upstream has `mb` MB each to send;
    then they read on to the end. How much does the proxy (and the upstream) buffer?"""
    size = 4000
    n = int(mb * 1e6 / size)
    body = make_body("small", a.model, f"n={n},size={size}")
    pids = tree(a.pid) if a.pid else []
    await asyncio.to_thread(ctl, a, "/__reset")
    cl = [Client(a.host, a.port, a.path, a.headers, rcvbuf=16384) for _ in range(streams)]
    for c in cl:
        await c.connect()
    reset_peak(pids)
    r0, c0, t0 = rss(pids), cpu(pids), time.monotonic()
    tasks = [asyncio.create_task(c.run(body, n, timeout=90, hold_after=20, hold_s=hold)) for c in cl]
    await asyncio.sleep(hold * 0.9)
    mid = await asyncio.to_thread(ctl, a, "/__stats")
    r_mid = rss(pids)
    outs = await asyncio.gather(*tasks)
    used, wall = cpu(pids) - c0, time.monotonic() - t0
    peak = rss(pids, "VmHWM")
    for c in cl:
        c.close()
    await asyncio.sleep(0.3)
    bad = [o["bad"] for o in outs if "bad" in o]
    return {
        "ok": len(outs) - len(bad),
        "bad": len(bad),
        "why": sorted(set(bad))[:3],
        "total_mb": round(streams * n * size / 1e6, 1),
        "upstream_sent_mb_at_hold": round(mid["bytes"] / 1e6, 1),
        "rss_start_mb": round(r0, 1),
        "rss_hold_mb": round(r_mid, 1),
        "rss_peak_mb": round(peak, 1),
        "rss_end_mb": round(rss(pids), 1),
        "growth_mb": round(peak - r0, 1),
        "wall_s": round(wall, 2),
        "cpu_s": round(used, 2),
    }


async def amain(a) -> dict:
    res = {}
    for name in a.scenarios:
        if name == "cancel":
            res[name] = await run_cancel(a)
        elif name == "slow128":
            res[name] = await run_slow(a)
        else:
            res[name] = await run_scenario(a, name)
        if not a.json:
            print(name, json.dumps(res[name]), flush=True)
    return res


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--url", default="http://127.0.0.1:19000", help="proxy base (loopback only)")
    p.add_argument("--path", default="/v1/messages")
    p.add_argument("--upstream", default="http://127.0.0.1:19000")
    p.add_argument("--pid", type=int, default=0)
    p.add_argument("--model", default="claude-sonnet-4-5")
    p.add_argument("--header", action="append", default=[], help="'name: value'")
    p.add_argument("--scenarios", default=",".join(SCENARIOS))
    p.add_argument("--timeout", type=float, default=60)
    p.add_argument("--json", action="store_true")
    a = p.parse_args()
    m = re.match(r"http://(127\.0\.0\.1|localhost):(\d+)$", a.url)
    if not m:
        sys.exit("loopback only")
    a.host, a.port = "127.0.0.1", int(m.group(2))
    a.headers = {"x-api-key": "sk-bench", "authorization": "Bearer sk-bench"}
    for h in a.header:
        k, _, v = h.partition(":")
        a.headers[k.strip()] = v.strip()
    a.scenarios = [s for s in a.scenarios.split(",") if s]
    try:
        import uvloop

        uvloop.install()
    except ImportError:
        pass
    res = asyncio.run(amain(a))
    if a.json:
        print(json.dumps(res))


if __name__ == "__main__":
    main()
