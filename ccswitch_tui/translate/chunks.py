"""What a piece of a chat completion is, before anything is made of it: ordinary, an error, a picture.

Pure.
"""

from __future__ import annotations

import re
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
    if "choices" in chunk:
        return False
    header = chunk.get("header")
    if isinstance(header, dict) and _fails(header):  # iFlytek
        return True
    return _is_named_error(chunk) or (name.lower() not in LIFE and _is_told_error(chunk))


ERROR_KEY = re.compile(
    r"err(?:or|no|num|code|msg)?s?(?:[_-]?(?:code|message|msg|info|detail|description|reason|type)s?)?$|\w*exception$|fault$|failure$",
    re.I,
)
SAYS = ("message", "msg", "detail", "reason", "error_msg", "errmsg", "Message")
LIFE = frozenset(
    {"ping", "heartbeat", "keepalive", "keep-alive", "keep_alive", "status", "queue", "progress", "info", "comment"}
)
"""Names of events that say that somebody is still there: a message in one is a notice."""
_LIFE_WORDS = re.compile(
    r"keep.?alive|heart.?beat|\bping\b|queue|position|waiting|warming|please wait|still (?:here|working)", re.I
)


def _is_named_error(chunk: Json) -> bool:
    """An error under one of the names it has: errors, Error, err, error_msg, errorMessage, fault, exception."""
    if any(value and ERROR_KEY.fullmatch(key) and not _is_good(value) for key, value in chunk.items()):
        return True
    inner = chunk.get("Response")  # Tencent Cloud
    return isinstance(inner, dict) and isinstance(inner.get("Error"), dict)


def _is_told_error(chunk: Json) -> bool:
    """A message where an answer should be, and no state in which it is a notice."""
    if _is_problem(chunk):
        return True
    if any(key in chunk for key in ("usage", "object")) or isinstance(chunk.get("type"), str):
        return False
    said = next((chunk[key] for key in SAYS if isinstance(chunk.get(key), str) and chunk[key]), "")
    if (
        not said
        or _is_good(said)
        or any(str(chunk.get(key)).lower() in UNDER_WAY for key in ("status", "state", "phase"))
    ):
        return False
    return _fails(chunk) or (
        "msg" not in chunk and not _LIFE_WORDS.search(said) and not _QUEUED.search(" ".join(chunk))
    )


def _is_problem(chunk: Json) -> bool:
    """RFC 9457's problem details, as NVIDIA sends them."""
    status = chunk.get("status")
    return isinstance(status, int) and 400 <= status < 600 and ("title" in chunk or "detail" in chunk)


_QUEUED = re.compile(r"queue|position|progress|eta\b", re.I)


def _fails(place: Json) -> bool:
    """Whether a code or status here is one of a failure."""
    stated = [place[key] for key in ("code", "ret", "status", "status_code", "success") if place.get(key) is not None]
    return any(not _is_good(value) for value in stated)


def _is_good(value: Any) -> bool:
    if isinstance(value, dict):
        return says_nothing(value)
    return value is True or str(value).lower() in GOOD


GOOD = frozenset({"0", "200", "ok", "success", "successful", "true", "none", "null", "", "no error"})


UNDER_WAY = frozenset(
    {"queued", "queueing", "in_queue", "pending", "waiting", "processing", "running", "started", "starting", "loading",
     "in_progress", "generating", "warming_up", "initializing", "scheduled", "ok", "success", "200"}
)  # fmt: skip
"""States that a relay reports before the answer: its message is a notice."""


def says_nothing(error: Any) -> bool:
    """An error object that a server puts into every chunk, with nothing in it: {"code": 0, "message": ""}."""
    if not isinstance(error, dict):
        return False
    return all(not value or str(value).lower() in GOOD for value in error.values())


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
