"""The judge of streams: what it must find."""

from __future__ import annotations

import pytest

from ccswitch_tui.wire.anthropic import MESSAGE_STOP, PING, error_envelope, event, violations

START = event({"type": "message_start", "message": {}})
TEXT = event({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})
DELTA = event({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "x"}})
CLOSE = event({"type": "content_block_stop", "index": 0})
END = event({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {}})
ERROR = event(error_envelope("api_error", "x"))


@pytest.mark.parametrize(
    "stream",
    [
        b"",
        PING + START + PING + TEXT + DELTA + PING + CLOSE + END + MESSAGE_STOP,
        START + END + MESSAGE_STOP,
        START + TEXT + DELTA + ERROR,
        ERROR,
    ],
)
def test_a_legal_stream(stream: bytes) -> None:
    assert violations(stream) == []


@pytest.mark.parametrize(
    "stream",
    [
        TEXT,
        START + START,
        START + DELTA,
        START + TEXT + TEXT,
        START + TEXT + END,
        START + MESSAGE_STOP,
        START + ERROR + END,
        START + END + MESSAGE_STOP + PING + DELTA,
        START + TEXT.replace(b'"index":0', b'"index":1'),
        START + TEXT + DELTA.replace(b"text_delta", b"input_json_delta"),
        START + END.replace(b"end_turn", b"stop"),
        START.replace(b"event: message_start", b"event: other"),
        START + TEXT.replace(b'"text":""', b'"text":"x"'),
    ],
)
def test_an_illegal_stream(stream: bytes) -> None:
    assert violations(stream)
