"""The door a request leaves by: the chat body, which all rules are kept on, as each translated wire writes it.

Quirks, lessons of refusals and the laws of requests are defined on the chat
body alone; a wire that says the same in other words is rendered from it here,
at the very end, so that none of them has to know it. Pure and deterministic:
the same body gives the same bytes, because prefix caches live on that.

To add a wire (the whole list; tests/wire/test_formats.py names what is missing):
1. `wire.formats`: its name in `Wire` and its row in `FORMATS`, `fields` naming what it calls otherwise;
2. `translate/readers/`: who reads its answers, and a row in `READERS`;
3. here: who renders a chat body in it, and a row in `RENDERERS`;
4. `probe/`: its request bodies (`bodies.Bodies`, a case in `asks.bodies_for`), and a row in `form.FORMS`;
5. `profiles.presets.Preset.address` (a case), and `wire_short.NAME` in both languages of the app.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ccswitch_tui.record import NamedTuple
from ccswitch_tui.translate.as_responses import as_responses, frame_of, items_of, tools_of
from ccswitch_tui.wire.formats import Wire
from ccswitch_tui.wire.quirks import Quirks

Json = dict[str, Any]


def as_it_is(chat: Json, quirks: Quirks) -> Json:
    """Chat completions themselves."""
    return chat


def never(chat: Json, quirks: Quirks) -> Json:
    """A wire of Claude Code's own passes through untouched: nothing is rendered in it."""
    raise AssertionError("a native endpoint is not translated to")


RENDERERS: Mapping[Wire, Callable[[Json, Quirks], Json]] = {
    "anthropic": never,
    "openai-chat": as_it_is,
    "openai-responses": as_responses,
}
"""Wire → the request body it is sent, made of the chat body."""


class Piecewise(NamedTuple):
    """A wire that writes each message for itself, so that what was written of a conversation before serves again."""

    field: str
    """Where the messages stand in the body."""
    turned: Callable[[list[Json]], list[Json]]
    """Messages → what stands there for them."""
    tools: Callable[[list[Json], Quirks], list[Json]]
    """The tools of a chat body → what stands in `tools`."""
    frame: Callable[[Json, Quirks, list[Json]], tuple[Json, list[Json]]]
    """The body, in which those two may be any list, and what the given first messages become: a system prompt may go
    elsewhere."""


def _same(messages: list[Json]) -> list[Json]:
    return messages


def _same_tools(tools: list[Json], quirks: Quirks) -> list[Json]:
    return tools


def _same_frame(chat: Json, quirks: Quirks, leading: list[Json]) -> tuple[Json, list[Json]]:
    return chat, leading


PIECEWISE: Mapping[Wire, Piecewise | None] = {
    "anthropic": None,
    "openai-chat": Piecewise("messages", _same, _same_tools, _same_frame),
    "openai-responses": Piecewise("input", items_of, tools_of, frame_of),
}
"""Wire → how it is written in pieces; None for one that is written anew each time, or never."""
