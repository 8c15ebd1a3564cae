#!/usr/bin/env python3
"""Run the same load against any number of proxies, interleaved, and print ratios.

    python compare.py [--only direct,nginx,litellm] [--rounds 3] [--scenarios ...]
                      [--extra more.toml] [--out result] [--compat]

Recipes are in proxies.toml (one table a proxy, see README.md). All are started on
loopback with a scratch HOME and dummy keys, warmed, then loaded in interleaved
rounds (A B C A B C ...), then ended by pid. Writes OUT.json and OUT.md.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import statistics as st
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import contextlib

import load


def fill(v, ctx: dict):
    if isinstance(v, str):
        return re.sub(r"\$\{(\w+)\}", lambda m: str(ctx[m.group(1)]), v)
    if isinstance(v, list):
        return [fill(x, ctx) for x in v]
    if isinstance(v, dict):
        return {k: fill(x, ctx) for k, x in v.items()}
    return v


def port_owner(port: int) -> int:
    """pid that listens on 127.0.0.1:port or any:port, 0 if none"""
    inodes = set()
    for f in ("/proc/net/tcp", "/proc/net/tcp6"):
        for ln in open(f).readlines()[1:]:
            p = ln.split()
            if p[3] == "0A" and int(p[1].rpartition(":")[2], 16) == port:
                inodes.add(p[9])
    best = 0
    for d in os.listdir("/proc"):
        if d.isdigit():
            try:
                for fd in os.listdir(f"/proc/{d}/fd"):
                    t = os.readlink(f"/proc/{d}/fd/{fd}")
                    if t.startswith("socket:[") and t[8:-1] in inodes:
                        best = int(d) if not best else min(best, int(d))
            except OSError:
                pass
    return best


class Proxy:
    def __init__(self, name: str, rec: dict, a) -> None:
        self.name, self.rec, self.a = name, rec, a
        self.port = rec.get("port") or a.next_port()
        self.home = Path(a.work) / f"home-{name}"
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(parents=True)
        self.ctx = {
            "port": self.port,
            "upstream": a.upstream,
            "upstream_port": a.upstream.rpartition(":")[2],
            "home": self.home,
            "root": a.root,
            "here": HERE,
            "repo": a.repo,
            "bin": Path(sys.executable).parent,
        }
        self.proc: subprocess.Popen | None = None
        self.pid = 0

    def env(self) -> dict:
        e = {
            "HOME": str(self.home),
            "PATH": fill(self.rec.get("path", ""), self.ctx) + ":/usr/local/bin:/usr/bin:/bin:/usr/sbin",
            # nothing outside loopback: calls home fail at once instead of stalling in DNS
            "HTTPS_PROXY": "http://127.0.0.1:9",
            "https_proxy": "http://127.0.0.1:9",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            "LANG": "C.UTF-8",
            "TERM": "xterm",
            "PYTHONUNBUFFERED": "1",
            "NO_COLOR": "1",
        }
        e.update({k: fill(v, self.ctx) for k, v in self.rec.get("env", {}).items()})
        return e

    def start(self) -> float:
        if self.rec.get("direct"):
            self.pid = self.a.upstream_pid
            return 0.0
        for rel, text in self.rec.get("files", {}).items():
            f = self.home / rel
            f.parent.mkdir(parents=True, exist_ok=True)
            f.write_text(fill(text, self.ctx))
            if text.startswith("#!"):
                f.chmod(0o755)
        cwd = fill(self.rec.get("cwd", str(self.home)), self.ctx)
        log = open(self.home / "out.log", "wb")
        for cmd in self.rec.get("setup", []):
            subprocess.run(
                fill(cmd, self.ctx),
                env=self.env(),
                cwd=cwd,
                stdout=log,
                stderr=log,
                timeout=90,
                stdin=subprocess.DEVNULL,
            )
        t0 = time.monotonic()
        self.proc = subprocess.Popen(
            fill(self.rec["start"], self.ctx),
            env=self.env(),
            cwd=cwd,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        if self.rec.get("daemon"):
            self.proc.wait(60)
        health = fill(self.rec.get("health", "/"), self.ctx)
        end = t0 + self.rec.get("start_timeout", 60)
        while time.monotonic() < end:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{health}", timeout=5):
                    pass
                break
            except urllib.error.HTTPError:
                break
            except OSError:
                if self.proc.poll() is not None and not self.rec.get("daemon"):
                    raise RuntimeError(
                        f"{self.name} ended with {self.proc.returncode}: {(self.home / 'out.log').read_bytes()[-300:]!r}"
                    )
                time.sleep(0.02)
        else:
            raise RuntimeError(f"{self.name} not up: {(self.home / 'out.log').read_bytes()[-300:]!r}")
        up = time.monotonic() - t0
        self.pid = port_owner(self.port) if self.rec.get("daemon") else self.proc.pid
        if "token_cmd" in self.rec:
            o = subprocess.run(
                fill(self.rec["token_cmd"], self.ctx),
                env=self.env(),
                cwd=cwd,
                capture_output=True,
                text=True,
                timeout=60,
            ).stdout
            m = re.search(self.rec["token_re"], o)
            if m:
                self.rec.setdefault("headers", [])
                self.rec["headers"] += [f"x-api-key: {m[1]}", f"authorization: Bearer {m[1]}"]
        return up

    def stop(self) -> None:
        if self.rec.get("direct"):
            return
        for p in reversed(load.tree(self.pid)) if self.pid else []:
            with contextlib.suppress(OSError):
                os.kill(p, signal.SIGTERM)
        if self.proc:
            try:
                self.proc.wait(5)
            except subprocess.TimeoutExpired:
                self.proc.kill()
        time.sleep(0.1)
        left = port_owner(self.port)
        if left and left != os.getpid():
            os.kill(left, signal.SIGKILL)

    def load_cmd(self, py: str, scen: str, timeout: float) -> dict:
        cmd = [
            py,
            str(HERE / "load.py"),
            "--url",
            f"http://127.0.0.1:{self.port}",
            "--upstream",
            self.a.upstream,
            "--pid",
            str(self.pid),
            "--path",
            self.rec.get("api_path", "/v1/messages"),
            "--model",
            self.rec.get("model", "claude-sonnet-4-5"),
            "--scenarios",
            scen,
            "--json",
            "--timeout",
            str(timeout),
        ]
        for h in self.rec.get("headers", []):
            cmd += ["--header", fill(h, self.ctx)]
        try:
            r = subprocess.run(cmd, capture_output=True, timeout=timeout * 3 + 60)
            return json.loads(r.stdout)[scen]
        except (subprocess.TimeoutExpired, ValueError, KeyError) as e:
            return {"ok": 0, "bad": 1, "why": [f"load client: {e}"[:200]]}


def med(rs: list[dict], key: str):
    v = [r[key] for r in rs if r.get(key) is not None]
    return st.median(v) if v else None


def fmt(v, nd=1):
    return "–" if v is None else (f"{v:,.{nd}f}" if isinstance(v, float) else str(v))


COLS = {
    "cpu_us_req": "CPU µs/req",
    "cpu_us_chunk": "CPU µs/chunk",
    "ttft_p50": "TTFT ms",
    "total_p50": "total ms",
    "req_s": "req/s",
    "chunks_s": "chunks/s",
    "lat_p50_us": "chunk p50 µs",
    "lat_p99_us": "chunk p99 µs",
    "rss_peak_mb": "peak RSS MB",
    "close_ms_p50": "close ms",
    "never_within_4s": "never closed",
    "upstream_sent_mb_at_hold": "sent at hold MB",
    "growth_mb": "RSS growth MB",
    "events_per_req": "events/req",
    "bad": "bad",
}


def show(res: dict, a) -> str:
    names = list(res)
    scens = list(a.scenarios)
    out = [
        f"# Proxy comparison\n\nrounds {a.rounds}, interleaved; medians over rounds; `×` = ratio to `{a.baseline}`. ",
        "CPU = utime+stime of the proxy and its children (for `direct` the upstream's own).\n",
    ]
    out.append("| proxy | start s | idle RSS MB |\n|---|---|---|")
    for n in names:
        out.append(
            f"| {n} | {fmt(res[n].get('start_s'), 2)} | {fmt(res[n].get('idle_rss_mb'))} |"
            + (f" DIED before: {res[n]['died_before']}" if "died_before" in res[n] else "")
        )
    for s in scens:
        keys = [k for k in COLS if any(med(res[n]["runs"].get(s, []), k) is not None for n in names)]
        out.append(f"\n## {s}\n\n| proxy | " + " | ".join(COLS[k] for k in keys) + " |\n|---|" + "---|" * len(keys))
        for n in names:
            rs = res[n]["runs"].get(s, [])
            cells = []
            for k in keys:
                v, b = med(rs, k), med(res.get(a.baseline, {}).get("runs", {}).get(s, []), k)
                c = fmt(v)
                if (
                    v is not None
                    and b
                    and n != a.baseline
                    and k in ("cpu_us_req", "cpu_us_chunk", "ttft_p50", "total_p50", "req_s", "chunks_s", "lat_p50_us")
                ):
                    c += f" (×{v / b:.2g})"
                cells.append(c)
            why = next((r["why"][0] for r in rs if r.get("why")), "")
            out.append(f"| {n} | " + " | ".join(cells) + f" | {why[:110] if why else ''}")
    # cost model: CPU = requests * A + chunks * B
    out.append(
        "\n## Cost model (CPU): fixed µs a request, µs a chunk\n\n| proxy | small req µs | 100 kB req µs | 2 MB req µs | µs/chunk (c16) | CPU s per 1000 reqs (100 kB, 300 chunks) | CPU s per 1M chunks |\n|---|---|---|---|---|---|---|"
    )
    for n in names:
        R = res[n]["runs"]
        small, cc, lng = (med(R.get(k, []), "cpu_us_req") for k in ("req_small_c16", "req_cc_c1", "req_long_c1"))
        tot = med(R.get("stream_c16", []), "cpu_us_req")
        per = (tot - small) / 299 if tot is not None and small is not None else None
        whole = (cc + 299 * per) / 1e6 * 1000 if cc is not None and per is not None else None
        out.append(f"| {n} | {fmt(small)} | {fmt(cc)} | {fmt(lng)} | {fmt(per, 2)} | {fmt(whole, 2)} | {fmt(per, 1)} |")
    return "\n".join(out) + "\n"


def value(res: dict, proxy: str, scenario: str, key: str):
    return med(res.get(proxy, {}).get("runs", {}).get(scenario, []), key)


def times(res: dict, ours: str, scenario: str, key: str):
    """Our figure as a multiple of nginx' in the same run."""
    mine, theirs = value(res, ours, scenario, key), value(res, "nginx", scenario, key)
    return mine / theirs if mine is not None and theirs else None


def added(res: dict, name: str, scenario: str, key: str):
    """What a proxy adds to the figure of the bare upstream."""
    mine, theirs = value(res, name, scenario, key), value(res, "direct", scenario, key)
    return mine - theirs if mine is not None and theirs is not None else None


def in_ms(us):
    return None if us is None else us / 1000


def bars(res: dict, ours: str) -> str:
    """Our bars, what this run measured, and whether it holds. Ratios are to nginx in the same run."""
    rows = [
        ("CPU per paced chunk, 128 streams", 2.2, "x nginx", times(res, ours, "paced_c128", "cpu_us_chunk")),
        ("CPU per burst chunk, 16 streams", 2.0, "x nginx", times(res, ours, "stream_c16", "cpu_us_chunk")),
        ("CPU per 100 kB request (20 tools)", 0.9, "ms", in_ms(value(res, ours, "req_cc_c1", "cpu_us_req"))),
        ("CPU per 2 MB request", 6.0, "ms", in_ms(value(res, ours, "req_long_c1", "cpu_us_req"))),
        ("added time to first token, 100 kB", 1.0, "ms", added(res, ours, "req_cc_c1", "ttft_p50")),
        ("p99 latency of a chunk, 16 paced streams", 2.0, "x nginx", times(res, ours, "paced_c16", "lat_p99_us")),
        ("client gone -> upstream closed (max)", 5.0, "ms", value(res, ours, "cancel", "close_ms_max")),
        ("128 slow readers x 1 MB: memory growth", 60.0, "MB", value(res, ours, "slow128", "growth_mb")),
        ("idle memory", 55.0, "MB", res.get(ours, {}).get("idle_rss_mb")),
    ]
    out = [f"\n## Bars of {ours}\n\n| what | bar | measured | holds |\n|---|---|---|---|"]
    for what, limit, unit, got in rows:
        holds = "–" if got is None else ("yes" if got <= limit else "no")
        out.append(f"| {what} | <= {limit:g} {unit} | {fmt(got, 2)} {unit} | {holds} |")
    score = res.get(ours, {}).get("compat", {}).get("_score")
    if score:
        out.append(
            f"| protocol probes (compat.py) | all | {score} | {'yes' if len(set(score.split('/'))) == 1 else 'no'} |"
        )
    return "\n".join(out) + "\n"


PLAIN = ("nginx", "haproxy")
"""Hops that translate nothing."""


def side_by_side(res: dict, ours: str) -> str:
    """Ours, nginx as a plain hop, and every rival of this run: the table that the README quotes."""

    def closes(name: str):
        if value(res, name, "cancel", "never_within_4s"):
            return "never"
        ms = value(res, name, "cancel", "close_ms_p50")
        return "dies" if ms is None else fmt(ms, 1)

    rows = [
        ("processor µs a token, 128 streams", lambda n: fmt(value(res, n, "paced_c128", "cpu_us_chunk"), 0)),
        ("processor µs a token, in bursts", lambda n: fmt(value(res, n, "stream_c16", "cpu_us_chunk"), 0)),
        (
            "processor ms a request of 100 kB, 20 tools",
            lambda n: fmt(in_ms(value(res, n, "req_cc_c1", "cpu_us_req")), 1),
        ),
        ("processor ms a request of 2 MB", lambda n: fmt(in_ms(value(res, n, "req_long_c1", "cpu_us_req")), 1)),
        ("ms added to the first token, 100 kB", lambda n: fmt(added(res, n, "req_cc_c1", "ttft_p50"), 1)),
        ("ms until the endpoint knows that the client left", closes),
        ("MB more for 128 clients that stop reading", lambda n: fmt(value(res, n, "slow128", "growth_mb"), 0)),
        ("protocol probes passed", lambda n: "–" if n in PLAIN else res[n].get("compat", {}).get("_score", "–")),
    ]
    names = [ours, *(n for n in res if n not in ("direct", ours))]
    out = [f"\n## Side by side\n\n| | {' | '.join(names)} |\n|---|{'---|' * len(names)}"]
    out += [f"| {what} | {' | '.join(cell(name) for name in names)} |" for what, cell in rows]
    return "\n".join(out) + "\n"


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--recipes", default=str(HERE / "proxies.toml"))
    p.add_argument("--extra", action="append", default=[])
    p.add_argument("--only", default="")
    p.add_argument("--skip", default="")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument(
        "--scenarios",
        default="req_small_c1,req_small_c16,req_cc_c1,req_long_c1,grow_cc_c1,grow_long_c1,stream_c1,stream_c16,stream_c128,batched_c16,tool_c16,paced_c16,paced_c128,cancel,slow128",
    )
    p.add_argument("--baseline", default="nginx")
    p.add_argument("--root", default=os.environ.get("BENCH_ROOT", ".bench"), help="where the peers are installed")
    p.add_argument("--repo", default=os.environ.get("BENCH_REPO", "."), help="our project's checkout")
    p.add_argument("--work", default="")
    p.add_argument("--upstream-port", type=int, default=19000)
    p.add_argument("--out", default="compare-result")
    p.add_argument("--timeout", type=float, default=40)
    p.add_argument("--compat", action="store_true", help="also run compat.py against each")
    a = p.parse_args()
    a.root = str(Path(a.root).resolve())
    a.work = a.work or str(Path(a.root) / "work")
    a.upstream = f"http://127.0.0.1:{a.upstream_port}"
    a.scenarios = [s for s in a.scenarios.split(",") if s]
    ports = iter(range(a.upstream_port + 1, a.upstream_port + 90))
    a.next_port = lambda: next(ports)
    recs: dict = {}
    for f in [a.recipes, *a.extra]:
        recs |= tomllib.loads(Path(f).read_text())
    only = [x for x in a.only.split(",") if x]
    skip = set(a.skip.split(","))
    names = [n for n in (only or recs) if n not in skip and (only or recs[n].get("default", True))]
    py = sys.executable
    up = subprocess.Popen(
        [py, str(HERE / "upstream.py"), "--port", str(a.upstream_port), "--no-record"]
        if not a.compat
        else [py, str(HERE / "upstream.py"), "--port", str(a.upstream_port)]
    )
    a.upstream_pid = up.pid
    time.sleep(0.7)
    res, live = {}, []

    def ended(*_):
        raise SystemExit("ended by a signal")

    signal.signal(signal.SIGTERM, ended)
    signal.signal(signal.SIGINT, ended)
    try:
        for n in names:
            px = Proxy(n, recs[n], a)
            if recs[n].get("direct"):
                px.port = a.upstream_port
            try:
                s = px.start()
            except (RuntimeError, OSError, subprocess.TimeoutExpired) as e:
                print(f"{n}: DID NOT START {e}", file=sys.stderr, flush=True)
                px.stop()
                continue
            live.append(px)
            time.sleep(0.5)
            res[n] = {"start_s": round(s, 3), "idle_rss_mb": round(load.rss(load.tree(px.pid)), 1), "runs": {}}
            w = px.load_cmd(py, "req_small_c1", 20)  # warm up, and does it answer at all?
            print(
                f"{n}: up in {s:.2f}s pid {px.pid} rss {res[n]['idle_rss_mb']} warm ok={w.get('ok')} bad={w.get('bad')} {w.get('why', '')}",
                file=sys.stderr,
                flush=True,
            )
            res[n]["warm"] = w
        if a.compat:
            import compat

            for px in live:

                def revive(px=px):
                    if load.tree(px.pid) and port_owner(px.port):
                        return None
                    time.sleep(0.2)
                    px.start()
                    return px.rec.get("headers", [])

                res[px.name]["compat"] = compat.run(
                    f"http://127.0.0.1:{px.port}",
                    a.upstream,
                    px.rec.get("model", "claude-sonnet-4-5"),
                    px.rec.get("api_path", "/v1/messages"),
                    px.rec.get("headers", []),
                    revive,
                )
                print(px.name, json.dumps(res[px.name]["compat"]), flush=True)
        for r in range(a.rounds):
            for s in a.scenarios:
                if s in ("cancel", "slow128") and r > 0:
                    continue
                for px in live:
                    if not res[px.name]["warm"].get("ok") or s in px.rec.get("skip", []):
                        continue
                    if not load.tree(px.pid):
                        res[px.name].setdefault("died_before", []).append(f"{r} {s}")
                        print(f"{px.name} IS DEAD before {s}: restarting", file=sys.stderr, flush=True)
                        try:
                            px.start()
                        except (RuntimeError, OSError, subprocess.TimeoutExpired):
                            continue
                    got = px.load_cmd(py, s, a.timeout)
                    res[px.name]["runs"].setdefault(s, []).append(got)
                    print(r, s, px.name, json.dumps(got)[:330], file=sys.stderr, flush=True)
                Path(a.out + ".json").write_text(json.dumps(res, indent=1))
    finally:
        for px in live:
            px.stop()
        up.terminate()
    Path(a.out + ".json").write_text(json.dumps(res, indent=1))
    md = show(res, a)
    if "ccswitch" in res:
        md += bars(res, "ccswitch") + side_by_side(res, "ccswitch")
    Path(a.out + ".md").write_text(md)
    print(md)


if __name__ == "__main__":
    main()
