"""What a piece of a chat completion is, before anything is made of it: ordinary, an error, a picture.

Pure.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

HARMLESS = frozenset(
    {"id", "object", "created", "model", "system_fingerprint", "service_tier", "choices", "usage", "timings"}
)
"""Keys of an ordinary chunk: one that has no other is no error, unless its `object` says so."""

PLAIN = frozenset({"role", "content"})
"""Keys of the delta of an ordinary chunk."""


def is_ordinary(chunk: Json) -> bool:
    """A chunk that can be no error, judged by its keys alone: nearly all are."""
    return HARMLESS.issuperset(chunk) and chunk.get("object") != "error"


def is_error(chunk: Json, name: str, *, whole: bool) -> bool:
    """Whether this is an error rather than a piece of an answer; `whole`: it is the answer's whole body."""
    base = chunk.get("base_resp")
    if name == "error" or chunk.get("object") == "error" or chunk.get("type") == "error":
        return True
    if chunk.get("error") and not (says_nothing(chunk["error"]) and "choices" in chunk):
        return True
    if isinstance(base, dict) and base.get("status_code") not in (0, None, "0"):
        return True
    if whole:
        return not isinstance(chunk.get("choices"), list | dict) or not chunk["choices"]
    if any(key in chunk for key in ("choices", "usage", "object")) or isinstance(chunk.get("type"), str):
        return False
    if str(chunk.get("status")).lower() in UNDER_WAY:
        return False
    return any(isinstance(chunk.get(key), str) for key in ("message", "detail"))


UNDER_WAY = frozenset(
    {"queued", "queueing", "in_queue", "pending", "waiting", "processing", "running", "started", "starting", "loading",
     "in_progress", "generating", "ok", "success", "200"}
)  # fmt: skip
"""States that a relay reports before the answer: its message is a notice."""


def says_nothing(error: Any) -> bool:
    """An error object that a server puts into every chunk, with nothing in it: {"code": 0, "message": ""}."""
    if not isinstance(error, dict):
        return False
    return all(
        not value or str(value).lower() in ("0", "200", "ok", "success", "none", "null") for value in error.values()
    )


def unsaid(chunk: Json) -> str:
    if chunk.get("error"):
        return "the endpoint failed without saying why"
    if "choices" in chunk:
        return "the endpoint answered without any choice"
    return "the endpoint answered something else than an answer"


def image_note(address: str) -> str:
    """What the client sees of an image the model made: it cannot show one."""
    if address.startswith("data:"):
        media = address[5:].partition(";")[0][:40] or "image"
        return f"\n[The model made an image ({media}, about {len(address) * 3 // 4096} kB). It cannot be shown here.]\n"
    return f"\n![image]({address[:2000]})\n"
