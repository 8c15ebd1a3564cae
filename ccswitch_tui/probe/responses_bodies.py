"""The probe's questions in the Responses API: those of chat completions, rendered as the proxy renders them."""

from __future__ import annotations

from typing import Any

from ccswitch_tui.probe.chat_bodies import ChatBodies
from ccswitch_tui.translate.as_responses import as_responses
from ccswitch_tui.wire.quirks import Quirks

Json = dict[str, Any]


class ResponsesBodies(ChatBodies):
    """The Responses API."""

    def conversation(self, messages: list[Json], limit: int, **more: Any) -> Json:
        dropped = self.quirks.get("drop_fields", ())
        return as_responses(super().conversation(messages, limit, **more), Quirks(drop_fields=tuple(dropped)))

    def _stream_fields(self) -> Json:
        return {"stream": True}
