"""One exchange taken out of traffic: as a curl command to try again, as a HAR file for a colleague. Pure.

Bodies are masked already when the proxy hands them out; the key is named by a
variable. Source: HAR 1.2, http://www.softwareishard.com/blog/har-12-spec/.
"""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Mapping
from typing import Any

from ccswitch_tui._version import __version__


def curl_of(url: str, headers: Mapping[str, str], body: str) -> str:
    """The endpoint's side of an exchange as a command; the key is read from $API_KEY."""
    given = " ".join(f"-H {shlex.quote(f'{name}: {value}')}" for name, value in headers.items())
    return f'curl {shlex.quote(url)} -H "Authorization: Bearer $API_KEY" {given} --data-raw {shlex.quote(body)}'


def har_of(exchange: Mapping[str, Any], bodies: Mapping[str, str], url: str) -> str:
    """Both sides of an exchange as HAR 1.2: the client's first, then the endpoint's."""
    ours = f"http://127.0.0.1/p/{exchange.get('profile', '')}/v1/messages"
    entries = [
        _entry(exchange, ours, exchange.get("status"), bodies.get("request", ""), bodies.get("returned", "")),
        _entry(exchange, url, exchange.get("upstream_status"), bodies.get("sent", ""), bodies.get("received", "")),
    ]
    log = {"version": "1.2", "creator": {"name": "ccswitch-tui", "version": __version__}, "entries": entries}
    return json.dumps({"log": log}, ensure_ascii=False, indent=1) + "\n"


def _entry(exchange: Mapping[str, Any], url: str, status: Any, sent: str, received: str) -> dict[str, Any]:
    began = float(exchange.get("at") or 0.0)
    total, first = float(exchange.get("total_ms") or 0.0), float(exchange.get("first_byte_ms") or 0.0)
    streamed = bool(exchange.get("streamed"))
    nothing: dict[str, Any] = {"httpVersion": "HTTP/1.1", "cookies": [], "headers": [], "headersSize": -1}
    return {
        "startedDateTime": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(began)) + f".{int(began * 1000) % 1000:03}Z",
        "time": total,
        "request": {
            **nothing, "method": "POST", "url": url, "queryString": [], "bodySize": len(sent.encode()),
            "postData": {"mimeType": "application/json", "text": sent},
        },
        "response": {
            **nothing, "status": int(status or 0), "statusText": "", "redirectURL": "", "bodySize": -1,
            "content": {
                "size": len(received.encode()), "text": received,
                "mimeType": "text/event-stream" if streamed else "application/json",
            },
        },
        "cache": {},
        "timings": {"send": 0, "wait": first, "receive": max(0.0, total - first)},
    }  # fmt: skip
