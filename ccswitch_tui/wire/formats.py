"""The wire formats an endpoint may speak, one row each: every name, path and header in which they differ.

The one rule: nothing else compares a wire with one name and means "the other
one" by the rest. What differs by a value is a column here; what differs by code
is a table from `Wire` (READERS, BODIES, …) or a `match` that ends in
`assert_never`. So a wire that is forgotten is a type error, or fails
tests/wire/test_formats.py, which reads every such table. Pure data.

Sources: platform.claude.com/docs/en/api/messages;
platform.openai.com/docs/api-reference/chat and /responses.
"""

from __future__ import annotations

from collections.abc import Mapping

from ccswitch_tui.record import NamedTuple
from ccswitch_tui.sentence import Sentence, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final, Literal, TypeAlias

Wire: TypeAlias = "Literal['anthropic', 'openai-chat', 'openai-responses']"

WireName: TypeAlias = "Wire | Literal['']"
"""A wire, or "" where there is none: what a recorded request was in."""

MESSAGES: Final = "anthropic"
CHAT: Final = "openai-chat"
RESPONSES: Final = "openai-responses"

WIRES: tuple[Wire, ...] = (MESSAGES, CHAT, RESPONSES)

VERSION_REMOVED = "removed '/v1': Anthropic's client appends it itself"
"""A note on an address. An importer that knows better takes it back, and recognises it as a whole."""


class WireFormat(NamedTuple):
    """What is different about one wire, as far as it can be said without code."""

    name: Wire
    title: str
    """As a sentence calls it."""
    vendor: str
    """Whose format it is, as other tools name the kind of provider: `anthropic/MODEL`, `OPENAI_API_KEY`."""
    ask: str
    """Where an answer is asked for, below the base URL."""
    models: str
    """Where the list of models is."""
    count_tokens: str | None
    """Where tokens are counted; None where nobody does."""
    native: bool
    """Claude Code speaks it itself: no proxy is needed, its bytes pass through, and quirks do not apply."""
    stops: bool = True
    """A request can name stop sequences."""
    version: str = ""
    """The version segment that stands in the routes, so that the base URL has none; "" where the base ends in it."""
    headers: Mapping[str, str] = {}
    """What every request carries."""
    facts: Mapping[str, Any] = {}
    """Quirks that hold for every endpoint of this wire until somebody knows better."""
    fields: Mapping[str, str] = {}
    """Fields that this wire names otherwise than chat completions, its name → theirs. Quirks and the lessons of
    refusals are kept under the names of chat completions."""

    def fitted(self, base_url: str, notes: list[Sentence] | None = None) -> str:
        """The base URL as this wire's client is given it; `notes` is told what was taken off."""
        if not self.version or not base_url.endswith(self.version):
            return base_url
        if notes is not None:
            notes.append(say(VERSION_REMOVED))
        return base_url.removesuffix(self.version)


FORMATS: Mapping[Wire, WireFormat] = {
    "anthropic": WireFormat(
        name="anthropic",
        title="Anthropic's format",
        vendor="anthropic",
        ask="/v1/messages",
        models="/v1/models",
        count_tokens="/v1/messages/count_tokens",
        native=True,
        version="/v1",
        headers={"anthropic-version": "2023-06-01"},
    ),
    "openai-chat": WireFormat(
        name="openai-chat",
        title="chat completions",
        vendor="openai",
        ask="/chat/completions",
        models="/models",
        count_tokens=None,
        native=False,
    ),
    "openai-responses": WireFormat(
        name="openai-responses",
        title="the Responses API",
        vendor="openai",
        ask="/responses",
        models="/models",
        count_tokens=None,
        native=False,
        stops=False,
        facts={
            "stop_limit": 0,  # the answer is cut by us
            "stream_options": False,
            "tool_images": "inline",
            "reasoning_replay": "items",
            "reasoning_scope": "all",
            "effort": "responses",
            "drop_blanks": True,  # with `strict`, and now and then without, models fill in every argument
        },
        fields={
            "max_output_tokens": "max_tokens",
            "text.format": "response_format",
            "reasoning.effort": "reasoning_effort",
            "input": "messages",
        },
    ),
}


def format_of(wire: WireName | None) -> WireFormat:
    """The row of a wire. One that is not known yet is taken for chat completions: most endpoints speak them."""
    return FORMATS[wire or CHAT]


def wire_named(name: object) -> Wire | None:
    """The wire of that name, None where there is none."""
    return next((wire for wire in WIRES if wire == name), None)


def wire_of_vendor(vendor: str) -> Wire:
    """The wire another tool means by a kind of provider; nearly all of them copy OpenAI's chat completions."""
    return next((row.name for row in FORMATS.values() if row.vendor == vendor), CHAT)


def wire_names() -> str:
    """The names as a sentence lists them: 'anthropic' or 'openai-chat'."""
    quoted = [f"'{wire}'" for wire in WIRES]
    return f"{', '.join(quoted[:-1])} or {quoted[-1]}"
