"""Reasoning that must come back: packed into a thinking block's signature, and replayed in the upstream's dialect.

Some endpoints want their opaque reasoning data returned unchanged. Claude Code
keeps a thinking block's `signature` verbatim in its transcript, so the data
ride there behind our own prefix: no state on our side, and a session resumed
tomorrow still has them. A signature without the prefix is somebody else's and
is never sent anywhere.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from typing import Any

from ccswitch_tui.wire.codec import dumps, loads

PREFIX = "ccst1."
LARGEST_UNPACKED = 4 * 1024 * 1024
"""A signature comes from the transcript, and a transcript from anywhere: a small one must not unfold without bound."""

GOOGLE_SKIP = "skip_thought_signature_validator"
"""Gemini's own word for "there is no signature"; without any it answers "missing a thought_signature"."""

Json = dict[str, Any]


def pack(carried: Json) -> str:
    """Opaque data as a signature of ours; "" data make the bare mark that the thinking is ours."""
    if not carried:
        return PREFIX
    return PREFIX + base64.urlsafe_b64encode(zlib.compress(dumps(carried))).decode()


def unpack(signature: Any) -> Json:
    """The data of a signature of ours; {} for any other."""
    if not isinstance(signature, str) or not signature.startswith(PREFIX):
        return {}
    try:
        unfolding = zlib.decompressobj()
        plain = unfolding.decompress(base64.urlsafe_b64decode(signature[len(PREFIX) :]), LARGEST_UNPACKED)
        carried = loads(plain) if unfolding.eof else {}
    except (ValueError, binascii.Error, zlib.error):
        return {}
    return carried if isinstance(carried, dict) else {}


def sealed(details: list[Any], origin: str) -> str:
    """Reasoning data with the mark of the endpoint and model they are good for: nobody else can read them."""
    return pack({"details": details, "of": _mark(origin)}) if details else pack({})


def _mark(origin: str) -> str:
    return hashlib.sha256(f"ccswitch-tui reasoning {origin}".encode("utf-8", "replace")).hexdigest()[:12]


def items_in_place(blocks: list[Json], origin: str) -> list[list[Any]]:
    """Reasoning items of one turn that this endpoint made, each as [place, item]: -1 in front of the turn's text,
    n in front of its call n. What nothing follows is left out: it is refused there."""
    placed: list[list[Any]] = []
    waiting: list[Json] = []
    calls = 0
    for block in blocks:
        kind = block.get("type")
        if kind in ("thinking", "redacted_thinking"):
            carried = unpack(block.get("signature") or block.get("data"))
            details = carried.get("details") if carried.get("of") == _mark(origin) else None
            waiting += [d for d in details or () if isinstance(d, dict) and d.get("type") == "reasoning"]
        elif kind == "tool_use" or (kind == "text" and block.get("text")):
            placed += [[calls if kind == "tool_use" else -1, _sendable(item)] for item in waiting]
            waiting = []
            calls += kind == "tool_use"
    return placed


def _sendable(item: Json) -> Json:
    """A reasoning item as it may be sent: without its id, which was stored nowhere; a summary always."""
    kept = {key: item[key] for key in ("content", "encrypted_content") if item.get(key)}
    summary = item.get("summary")
    return {"type": "reasoning", "summary": summary if isinstance(summary, list) else [], **kept}


class Thought:
    """What one assistant turn thought: its text, and what it carried."""

    def __init__(self, blocks: list[Json]) -> None:
        texts = [b["thinking"] for b in blocks if isinstance(b.get("thinking"), str) and b["thinking"]]
        self.text = "\n".join(texts)
        self.details: list[Any] = []
        self.google: str | None = None
        for block in blocks:
            carried = unpack(block.get("signature"))
            details = carried.get("details")
            if isinstance(details, list):
                self.details += details
            google = carried.get("google")
            if isinstance(google, str):
                self.google = google


def replay(message: Json, thought: Thought, dialect: str, *, in_loop: bool) -> None:
    """Give `message` its reasoning back in this dialect. `in_loop`: the turn belongs to what is replayed."""
    calls = message.get("tool_calls")
    if dialect == "google_signature":
        if calls and (thought.google or in_loop):
            calls[0]["extra_content"] = {"google": {"thought_signature": thought.google or GOOGLE_SKIP}}
        return
    if not in_loop or dialect == "none":
        return
    if dialect == "reasoning_content" and (thought.text or calls):
        message["reasoning_content"] = thought.text  # DeepSeek wants the key on every call, be it empty
    elif dialect == "reasoning" and thought.text:
        message["reasoning"] = thought.text
    elif dialect == "reasoning_details" and thought.details:
        message["reasoning_details"] = thought.details
    elif dialect == "reasoning_details" and thought.text:
        message["reasoning"] = thought.text
    elif dialect == "mistral_parts" and thought.text:
        said = message.get("content")
        message["content"] = [
            {"type": "thinking", "thinking": [{"type": "text", "text": thought.text}]},
            *([{"type": "text", "text": said}] if isinstance(said, str) and said else said or []),
        ]
