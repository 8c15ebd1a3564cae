#!/usr/bin/env python3
"""An hour of a proxy's life in one table: streams, tools, faults, refusals and clients that leave, all mixed.

    python soak.py --minutes 60 [--rate 20] [--out soak]      # starts upstream.py and `ccswitch-tui proxy serve` itself

A leak shows as growth from the second minute to the last, in memory, open files
(sockets) or threads. Every answer is judged: a broken stream must not look like a
finished one, and nothing may hang. Ends only what it started, by pid.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import load

WHOLE = (
    "n=40",
    "n=200,batch=16",
    "n=30,delay=10",
    "n=20,mode=think",
    "n=20,uni=1,split=1,size=60",
    "n=20,crlf=1",
    "n=10,ttft=200",
)
TOOLS = ("n=30,mode=tool", "n=10,mode=tools2", "mode=toolwhole", "n=8,mode=mixed")
BROKEN = ("n=20,fault=cut", "n=20,fault=rst", "n=20,fault=errchunk", "n=20,fault=badjson", "mode=zero")
REFUSED = ("status=400", "status=401", "status=429", "status=500", "status=529", "status=500,htmlerr=1")
STALLED = "n=50,delay=5,fault=stall,at=10"


def proc(pid: int) -> dict:
    """Memory, open files and threads of a process."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return {
        "rss_mb": round(int(status["VmRSS"].split()[0]) / 1024, 1),
        "files": len(os.listdir(f"/proc/{pid}/fd")),
        "threads": int(status["Threads"]),
    }


async def one(client: load.Client, bodies: dict, outcomes: Counter) -> None:
    kind = random.choices(("whole", "tools", "broken", "refused", "leaves", "leaves silent"), (40, 15, 12, 12, 12, 9))[
        0
    ]
    directive = {
        "whole": random.choice(WHOLE), "tools": random.choice(TOOLS), "broken": random.choice(BROKEN),
        "refused": random.choice(REFUSED), "leaves": "n=500,delay=5", "leaves silent": STALLED,
    }[kind]  # fmt: skip
    raw = bodies[random.choices(("small", "cc"), (4, 1))[0]].replace(
        b"@@bench:n=1@@", b"@@bench:%s@@" % directive.encode()
    )
    if kind.startswith("leaves"):
        got = await client.run(raw, 10_000, stop_after=random.choice((1, 5, 9)), timeout=20)
        outcomes[f"{kind}: {'left' if 'closed_at' in got else got.get('bad')}"] += 1
        return
    want = -1
    got = await client.run(raw, want, timeout=20)
    client.close()
    said = got.get("bad", "")
    # the client counts markers and wants message_stop; for a stream without a known count it says how many came
    finished = said.endswith(f"for {want}") or "out of order" in said or not said  # parallel calls come one by one
    verdict = "hang" if "Timeout" in said else "finished" if finished else "error" if said else "?"
    outcomes[f"{kind}: {verdict}"] += 1


async def soak(args: argparse.Namespace, port: int, pid: int) -> list[dict]:
    model = "claude-sonnet-4-5"
    bodies = {kind: load.make_body(kind, model, "n=1") for kind in ("small", "cc")}
    outcomes: Counter = Counter()
    rows: list[dict] = []
    gate = asyncio.Semaphore(64)
    started = time.monotonic()
    tasks: set[asyncio.Task] = set()

    async def guarded() -> None:
        async with gate:
            client = load.Client("127.0.0.1", port, "/v1/messages", {"x-api-key": "sk-bench"})
            try:
                await one(client, bodies, outcomes)
            finally:
                client.close()

    next_row = started + 60
    while time.monotonic() - started < args.minutes * 60:
        task = asyncio.create_task(guarded())
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        await asyncio.sleep(random.expovariate(args.rate))
        if time.monotonic() >= next_row:
            next_row += 60
            rows.append({"minute": len(rows) + 1, **proc(pid), "requests": sum(outcomes.values())})
            print(json.dumps(rows[-1]), flush=True)
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(3)
    rows.append(
        {"minute": "idle", **proc(pid), "requests": sum(outcomes.values()), "outcomes": dict(sorted(outcomes.items()))}
    )
    print(json.dumps(rows[-1]), flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=float, default=20, help="requests a second")
    parser.add_argument("--port", type=int, default=19800)
    parser.add_argument("--out", default="soak")
    args = parser.parse_args()
    upstream = subprocess.Popen([sys.executable, str(HERE / "upstream.py"), "--port", str(args.port), "--no-record"])
    serve = [sys.executable, "-m", "ccswitch_tui", "proxy", "serve", "--upstream", f"http://127.0.0.1:{args.port}/v1"]
    serve += [
        "--model",
        "bench-model",
        "--key",
        "env:BENCH_KEY",
        "--token",
        "none",
        "--port",
        str(args.port + 1),
        "--quiet",
    ]
    env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "BENCH_KEY": "sk-example-bench"}
    proxy = subprocess.Popen(serve, env=env, stdout=subprocess.PIPE, text=True)
    try:
        assert proxy.stdout is not None
        proxy.stdout.readline()
        rows = asyncio.run(soak(args, args.port + 1, proxy.pid))
        Path(args.out + ".json").write_text(json.dumps(rows, indent=1))
    finally:
        for process in (proxy, upstream):
            process.terminate()
            process.wait(20)


if __name__ == "__main__":
    main()
