"""Gateways that stand before other models: LiteLLM, new-api, one-api, told by how they answer.

Pure. A profile that points at one is native or translated by what the gateway
itself serves, and its errors are about *its* channels and tokens. Sources:
QuantumNous/new-api router/relay-router.go; songquanpeng/one-api router/relay.go;
BerriAI/litellm proxy headers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ccswitch_tui.sentence import say
from ccswitch_tui.wire.formats import CHAT, MESSAGES, Wire


class Gateway(NamedTuple):
    """What kind of gateway an endpoint is, and what that means for a profile."""

    name: str
    wire: Wire
    """The better format to speak with it."""
    advice: str


NEW_API = Gateway(
    "new-api",
    MESSAGES,
    say(
        "it serves /v1/messages itself; a model its site lists may still be forbidden to this token "
        "(by its allow-list, its group or its address range)"
    ),
)
ONE_API = Gateway(
    "one-api",
    CHAT,
    say(
        "it relays OpenAI's routes only, so the proxy translates; a 503 about channels means that no upstream "
        "of your group serves the model"
    ),
)
LITELLM = Gateway(
    "LiteLLM",
    MESSAGES,
    say(
        "it serves /v1/messages itself; its list of models has OpenAI's form, and a key may be limited to some of them"
    ),
)

TELLING_HEADERS = {
    "x-new-api-version": NEW_API,
    "x-oneapi-request-id": ONE_API,
    "x-litellm-version": LITELLM,
    "x-litellm-call-id": LITELLM,
    "x-litellm-model-id": LITELLM,
}
"""Response header → gateway; new-api also sends one-api's, so the first that matches in this order counts."""


def recognise_gateway(headers: Mapping[str, str]) -> Gateway | None:
    """The gateway that answered with these response headers, if it is one of those known."""
    names = {name.lower() for name in headers}
    return next((gateway for header, gateway in TELLING_HEADERS.items() if header in names), None)
