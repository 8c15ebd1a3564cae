"""Coverage-guided fuzzing of the way back: `python tools/fuzz_translate.py [libFuzzer options] [corpus folder]`.

Needs atheris. Any bytes, in any chunking, with any quirks: never an exception,
always a legal stream, the same as a whole message and as a stream, and never a
success without a choice and an end. And of answers with calls, told on all three
wires with every kind of finish word, order and cut: what runs in the client was
finished upstream (tests/translate/told_answers.py). `-max_total_time=600` is a
good run; `-jobs=2` needs a corpus folder.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import atheris

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "translate"))

with atheris.instrument_imports(include=["ccswitch_tui"]):
    import told_answers

    from ccswitch_tui.translate.answer import Unusable
    from ccswitch_tui.translate.errors import failure_from_response
    from ccswitch_tui.translate.request import RequestRefused, translate_request
    from ccswitch_tui.translate.stream import StreamTranslator
    from ccswitch_tui.translate.writing import AnswerFailed
    from ccswitch_tui.wire.anthropic import ERROR_TYPES, violations
    from ccswitch_tui.wire.codec import loads
    from ccswitch_tui.wire.quirks import QUIRKS, Quirks

SCHEMA = {"type": "object", "properties": {"file_path": {"type": "string"}, "limit": {"type": "integer"}, "type": {}}}
ASKED = {
    "model": "claude",
    "max_tokens": 1000,
    "messages": [{"role": "user", "content": "hi"}],
    "tools": [{"name": "Read", "input_schema": SCHEMA}, {"name": "Bash", "input_schema": {}}],
    "stop_sequences": ["STOP"],
}
SETS: list[dict[str, Any]] = [
    {},
    {"text_tools": "hermes", "stop_limit": 0},
    {"text_tools": "mistral"},
    {"text_tools": "kimi"},
    {"text_tools": "qwen"},
    {"text_tools": "dsml"},
    {"text_tools": "xai"},
    {"schema": "nim", "reasoning_replay": "reasoning_details"},
]


def run(parts: list[bytes], quirks: Quirks, *, stream: bool, cause: str) -> tuple[bytes, StreamTranslator]:
    machine = StreamTranslator(translate_request({**ASKED, "stream": stream}, model="m", quirks=quirks))
    out = b""
    try:
        for part in parts:
            machine._take(part)  # not feed(): that would catch what we are looking for
            out += machine._given()
            if machine.done:
                break
        else:
            machine._upstream_gone(cause)
    except (AnswerFailed, Unusable) as told:
        machine._fail(told)
    return out + machine._given(), machine


def check_stream(data: bytes, how: int, cuts: list[int]) -> None:
    quirks = Quirks(**SETS[how % len(SETS)])
    cause = ("eof", "reset", "timeout")[how // 16 % 3]
    places = sorted(cut % (len(data) + 1) for cut in cuts)
    parts = [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]
    out, machine = run(parts, quirks, stream=True, cause=cause)
    assert machine.done
    assert violations(out) == [], violations(out)
    assert (b'"type":"message_stop"' in out) == (machine.error is None)
    if machine.error is None:
        assert b"choices" in data or b"\\u" in data
        _, one = run([data], quirks, stream=False, cause=cause)
        assert one.error is None, one.error
        assert one.usage == machine.usage
        assert json.dumps(one.message())


def check_error(data: bytes, how: int) -> None:
    translation = translate_request(ASKED, model="m", quirks=Quirks())
    failure = failure_from_response(
        (200, 400, 404, 413, 422, 429, 500, 503)[how % 8], {}, data, provider="p", model="m", translation=translation
    )
    assert ERROR_TYPES[failure.status] == failure.type
    assert failure.message
    if failure.learned is not None:
        assert failure.learned.quirk in QUIRKS


def check_request(data: bytes) -> None:
    try:
        body = loads(data)
    except ValueError:
        return
    try:
        translate_request(body, model="m", quirks=Quirks())
    except RequestRefused as refused:
        assert refused.failure.status == 400


WIRES = (told_answers.CHAT, told_answers.RESPONSES, told_answers.MESSAGES)
COUNTED: Counter[str] = Counter()
"""Inputs by what was looked at; printed at the end."""


def check_finished(data: bytes, how: int) -> None:
    left = list(reversed(data))

    def choose(below: int) -> int:
        return (left.pop() if left else 0) % below if below > 1 else 0

    answer = told_answers.told(choose, WIRES[how % 3])
    COUNTED[answer.wire] += 1
    broken = told_answers.broken_law(answer)
    assert not broken, (broken, answer)


def one_input(data: bytes) -> None:
    if len(data) < 4:
        return
    kind, how, first, second = data[0], data[1], data[2], data[3]
    rest = data[4:]
    if kind >= 128:
        check_finished(data[2:], how)
        return
    COUNTED["other"] += 1
    if kind % 8 == 0:
        check_error(rest, how)
    elif kind % 8 == 1:
        check_request(rest)
    else:
        check_stream(rest, how, [first * 7, second * 13] if kind % 2 else [])


if __name__ == "__main__":
    import atexit

    atexit.register(lambda: print(f"looked at: {dict(COUNTED)}"))
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
