"""A wire is a row, a reader and a renderer: with those three the translator speaks it, and nothing else knows of it."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest
from translate_kit import READ, request

from ccswitch_tui.translate.answer import Answer
from ccswitch_tui.translate.errors import failure_from_response
from ccswitch_tui.translate.readers import READERS
from ccswitch_tui.translate.refusals import in_names_of_chat
from ccswitch_tui.translate.rendering import RENDERERS
from ccswitch_tui.translate.request import Translation, translate_request
from ccswitch_tui.translate.response import translate_response
from ccswitch_tui.translate.stream import StreamTranslator
from ccswitch_tui.translate.words import Words
from ccswitch_tui.wire.anthropic import violations
from ccswitch_tui.wire.formats import CHAT, FORMATS, WIRES, Wire
from ccswitch_tui.wire.openai_chat import Fragment, Usage
from ccswitch_tui.wire.quirks import Quirks

Json = dict[str, Any]
PLAIN = cast(Wire, "plain")


class PlainReader:
    """{"say": text} | {"call": [id, name, arguments]} | {"end": word, "counts": [in, out]} | {"wrong": error}"""

    def event(self, name: str, data: Json, answer: Answer) -> None:
        answer.heard = True
        if "say" in data:
            answer.text(data["say"])
        if "call" in data:
            call_id, name, arguments = data["call"]
            answer.pieces([Fragment(None, call_id, name, arguments, "")])
        if "wrong" in data:
            answer.fail({"error": data["wrong"]})
        if "end" in data:
            answer.count(Usage(data["counts"][0], data["counts"][1], 0, 0))
            answer.finish("end_turn", data["end"])

    def document(self, body: Json, answer: Answer) -> None:
        for piece in body["pieces"]:
            self.event("", piece, answer)

    def model_of(self, data: Json) -> str:
        return ""

    def template_of(self, chunk: Json, data: bytes, **more: Any) -> None:
        return None


def rendered(chat: Json, quirks: Quirks) -> Json:
    return {"talk": chat["messages"], "most": chat["max_tokens"]}


@pytest.fixture(autouse=True)
def the_wire(monkeypatch: pytest.MonkeyPatch) -> None:
    row = FORMATS[CHAT]._replace(name=PLAIN, ask="/talk", fields={"most": "max_tokens", "talk": "messages"})
    monkeypatch.setitem(cast(Any, FORMATS), PLAIN, row)
    monkeypatch.setitem(cast(Any, READERS), PLAIN, PlainReader)
    monkeypatch.setitem(cast(Any, RENDERERS), PLAIN, rendered)


def asked(*, stream: bool = True) -> Translation:
    return translate_request(request(tools=[READ], stream=stream), model="m", quirks=Quirks(), wire=PLAIN)


PIECES = [
    {"say": "Reading "},
    {"say": "it."},
    {"call": ["c1", "Read", '{"file_path":"/a"}']},
    {"end": "over", "counts": [7, 9]},
]


def test_the_request_is_rendered_and_kept_as_a_chat_body() -> None:
    translation = asked()
    assert json.loads(translation.encoded()) == {"talk": translation.body["messages"], "most": 1024}


def test_its_answer_becomes_a_legal_stream_and_the_same_message() -> None:
    machine = StreamTranslator(asked())
    out = machine.feed(b"".join(b"data: " + json.dumps(piece).encode() + b"\n\n" for piece in PIECES))
    out += machine.finish()
    assert violations(out) == [] and machine.error is None
    assert (machine.stop_reason, machine.usage["input_tokens"], machine.usage["output_tokens"]) == ("tool_use", 7, 9)
    message = translate_response(json.dumps({"pieces": PIECES}).encode(), asked(stream=False))
    assert isinstance(message, dict)
    assert [block["type"] for block in message["content"]] == ["text", "tool_use"]
    assert message["content"][1]["input"] == {"file_path": "/a"}


def test_its_error_is_an_honest_one() -> None:
    machine = StreamTranslator(asked())
    machine.feed(b'data: {"wrong":{"message":"You exceeded your current quota","code":"insufficient_quota"}}\n\n')
    assert machine.failure is not None and machine.failure.status == 402


def test_a_refusal_in_its_names_teaches_what_is_kept_under_the_names_of_chat() -> None:
    body = json.dumps({"error": {"message": "most must be less than or equal to 512", "param": "most"}}).encode()
    failure = failure_from_response(400, {}, body, provider="p", model="m", translation=asked())
    assert failure.learned is not None
    assert (failure.learned.quirk, failure.learned.value) == ("max_output", 512)


def test_only_whole_names_are_called_otherwise() -> None:
    words = Words("the most utmost: most.of 'most'", param="most", refused=("most", "almost"))
    told = in_names_of_chat(words, {"most": "max_tokens"})
    assert (told.param, told.refused) == ("max_tokens", ("max_tokens", "almost"))
    assert "utmost" in told.message and "'max_tokens'" in told.message
    assert in_names_of_chat(words, {}) is words


def test_every_wire_has_a_reader_and_a_renderer() -> None:
    assert set(READERS) >= set(WIRES) and set(RENDERERS) >= set(WIRES)
