"""The requests a probe makes: where each goes, with which headers, how long it may take.

What is in them is in `bodies`, one class a wire.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never

from ccswitch_tui.probe.bodies import Bodies, Place
from ccswitch_tui.probe.chat_bodies import ChatBodies
from ccswitch_tui.probe.exchange import Ask
from ccswitch_tui.probe.features import features_of
from ccswitch_tui.probe.messages_bodies import MessagesBodies
from ccswitch_tui.probe.responses_bodies import ResponsesBodies
from ccswitch_tui.wire.codec import dumps
from ccswitch_tui.wire.formats import FORMATS, Wire

Json = dict[str, Any]

PATIENCE_S = 25.0
"""Until an answer begins. Reasoning models behind busy gateways were seen at 12 s, a few at twice that."""
LOCAL_PATIENCE_S = 60.0
"""The same for a local model server, which may have to load the model first, and in the full ladder."""
AFTER_HANG_S = 12.0
"""The same once the endpoint has kept us waiting for nothing: whoever hangs is not waited for again and again."""
MESSAGE_PATIENCE_S = 60.0
"""For a whole answer: some hundred tokens of a slow local model."""
LIST_PATIENCE_S = 10.0
MOST_BYTES = 256 * 1024
"""Of an answer to a few hundred tokens: what is longer does not end."""

SIZE_PATIENCE_S = 180.0
"""A local model reads 100 kB at some hundred tokens a second."""


def bodies_for(place: Place, quirks: Mapping[str, Any], *, whole: bool = False) -> Bodies:
    """The request bodies of a place's wire; `whole`: ask for whole answers, the endpoint refuses to stream."""
    match place.wire:
        case "anthropic":
            return MessagesBodies(place, quirks, whole=whole)
        case "openai-chat":
            return ChatBodies(place, quirks, whole=whole)
        case "openai-responses":
            return ResponsesBodies(place, quirks, whole=whole)
    assert_never(place.wire)


def list_ask(rung: str, base_url: str, wire: Wire, auth: str, variant: str = "") -> Ask:
    """GET the list of models."""
    row = FORMATS[wire]
    return Ask(rung, "GET", base_url + row.models, auth, row.headers, b"", variant, LIST_PATIENCE_S, "", wire)


def ask(
    rung: str, place: Place, body: Json, *, variant: str = "", patience_s: float = MESSAGE_PATIENCE_S, beta: str = ""
) -> Ask:
    """POST one inference."""
    row = FORMATS[place.wire]
    headers = dict(row.headers)
    if beta:
        headers["anthropic-beta"] = beta
    url = place.base_url + row.ask
    return Ask(
        rung, "POST", url, place.auth, headers, dumps(body), variant, patience_s, place.model, place.wire, MOST_BYTES,
        asks=features_of(body),
    )  # fmt: skip
