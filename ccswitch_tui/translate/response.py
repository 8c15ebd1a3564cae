"""A chat completion that is complete → a message, by the same machine that translates streams."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ccswitch_tui.translate.errors import Failure
from ccswitch_tui.translate.request import Translation
from ccswitch_tui.translate.stream import StreamTranslator

PIECE_BYTES = 64 * 1024
"""Read at once: in a thread, where long answers are read, others have their turn between two pieces."""


def translate_response(body: bytes, translation: Translation) -> dict[str, Any] | Failure:
    """The message this body stands for, or why it stands for none. Never raises.

    `body` may be a JSON completion or, from servers that stream whatever they
    are asked, a whole event stream.
    """
    machine = StreamTranslator(replace(translation, stream=False) if translation.stream else translation)
    for begin in range(0, len(body), PIECE_BYTES):
        machine.feed(body[begin : begin + PIECE_BYTES])
    machine.finish()
    return machine.failure if machine.failure is not None else machine.message()
