"""An independent client: the vendor's own SDK reads what the proxy makes of a scripted endpoint."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from translate_kit import BASH, DONE, READ, call_chunk, chunk, piece

from ccswitch_tui.profiles.model import Endpoint, ModelTiers, Profile
from ccswitch_tui.proxy.embedded import EmbeddedProxy
from ccswitch_tui.secret import Secret

TOKEN = "local-token-of-this-test"
FINISH = chunk({}, "stop", usage={"prompt_tokens": 30, "completion_tokens": 5}) + DONE


class Endpoint_:
    """A chat completions server that gives one scripted answer after another and keeps what it was asked."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.asked: list[dict[str, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *words: Any) -> None: ...

            def do_POST(self) -> None:
                size = int(self.headers.get("content-length") or 0)
                outer.asked.append(json.loads(self.rfile.read(size)))
                status, headers, body = outer.answers[min(len(outer.asked), len(outer.answers)) - 1]
                self.send_response(status)
                for name, value in {"content-length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def streams(self, *reads: bytes) -> None:
        self.answers.append((200, {"content-type": "text/event-stream"}, b"".join(reads)))

    def refuses(self, status: int, message: str, **headers: str) -> None:
        body = json.dumps({"error": {"message": message}}).encode()
        self.answers.append((status, {"content-type": "application/json", **headers}, body))


@pytest.fixture(scope="module")
def anthropic() -> Any:
    """Two seconds to import, so not before a test asks for it: every worker collects this file."""
    return pytest.importorskip("anthropic")


@pytest.fixture
def endpoint() -> Iterator[Endpoint_]:
    endpoint = Endpoint_()
    yield endpoint
    endpoint.server.shutdown()
    endpoint.server.server_close()


@pytest.fixture
def client(endpoint: Endpoint_, anthropic: Any) -> Iterator[Any]:
    port = endpoint.server.server_address[1]
    profile = Profile(
        name="scripted",
        endpoint=Endpoint(base_url=f"http://127.0.0.1:{port}/v1", wire="openai-chat"),
        models=ModelTiers(default="m"),
    )
    with (
        EmbeddedProxy({"scripted": profile}, lambda _: None, token=Secret(TOKEN), root_profile="scripted") as proxy,
        anthropic.Anthropic(base_url=f"http://127.0.0.1:{proxy.port}", api_key=TOKEN, max_retries=0) as client,
    ):
        yield client


ASKED: dict[str, Any] = {
    "model": "claude-opus-5-5",
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "hi"}],
}


def test_the_streaming_helper_puts_the_message_together(endpoint: Endpoint_, client: Any) -> None:
    endpoint.streams(
        chunk({"reasoning_content": "hm"}),
        chunk({"content": "Grüße "}),
        chunk({"content": "😀"}),
        call_chunk(piece('{"file_path":"/a"}', 0, "c1", "Read"), piece('{"command":"ls"}', 1, "c2", "Bash")),
        FINISH,
    )
    with client.messages.stream(**ASKED, tools=[READ, BASH]) as stream:
        assert "".join(stream.text_stream) == "Grüße 😀"
        message = stream.get_final_message()
    assert [block.type for block in message.content] == ["thinking", "text", "tool_use", "tool_use"]
    assert [block.input for block in message.content[2:]] == [{"file_path": "/a"}, {"command": "ls"}]
    assert message.stop_reason == "tool_use"
    assert (message.usage.input_tokens, message.usage.output_tokens) == (30, 5)


def test_a_plain_message_is_the_same(endpoint: Endpoint_, client: Any) -> None:
    endpoint.streams(chunk({"content": "hello"}), FINISH)
    message = client.messages.create(**ASKED)
    assert message.content[0].text == "hello"
    assert message.model == "claude-opus-5-5"
    assert client.messages.count_tokens(model="m", messages=ASKED["messages"]).input_tokens > 0


def test_the_tool_runner_goes_round(endpoint: Endpoint_, client: Any, anthropic: Any) -> None:
    @anthropic.beta_tool
    def add(a: int, b: int) -> str:
        """Add two numbers."""
        return str(a + b)

    endpoint.streams(call_chunk(piece('{"a": 2, "b": 3}', 0, "call_0", "add")), chunk({}, "tool_calls") + DONE)
    endpoint.streams(call_chunk(piece('{"a": 5, "b": 5}', 0, "call_0", "add")), chunk({}, "tool_calls") + DONE)
    endpoint.streams(chunk({"content": "It is 10."}), FINISH)
    runner = client.beta.messages.tool_runner(**ASKED, tools=[add])
    assert runner.until_done().content[0].text == "It is 10."
    assert [m["role"] for m in endpoint.asked[-1]["messages"]] == ["user", "assistant", "tool", "assistant", "tool"]
    assert [m["content"] for m in endpoint.asked[-1]["messages"] if m["role"] == "tool"] == ["5", "10"]
    ids = [m["tool_call_id"] for m in endpoint.asked[-1]["messages"] if m["role"] == "tool"]
    assert ids == ["call_0", "call_0"]  # as the endpoint gave them; the client's own are two


def test_structured_output_is_asked_for_as_a_schema(endpoint: Endpoint_, client: Any) -> None:
    endpoint.streams(chunk({"content": '{"title": "x"}'}), FINISH)
    schema = {
        "type": "object",
        "properties": {"title": {"type": "string"}},
        "required": ["title"],
        "additionalProperties": False,
    }
    message = client.messages.create(
        **ASKED, extra_body={"output_config": {"format": {"type": "json_schema", "schema": schema}}}
    )
    assert json.loads(message.content[0].text) == {"title": "x"}
    asked = endpoint.asked[0]["response_format"]
    assert asked["json_schema"]["schema"] == schema
    assert asked["json_schema"]["strict"] is True


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, "BadRequestError"),
        (401, "AuthenticationError"),
        (403, "PermissionDeniedError"),
        (404, "NotFoundError"),
        (429, "RateLimitError"),
        (500, "InternalServerError"),
    ],
)
def test_failures_are_the_clients_own_exceptions(
    status: int, error: str, endpoint: Endpoint_, client: Any, anthropic: Any
) -> None:
    endpoint.refuses(status, "no, because QX1", **{"retry-after": "7"})
    with pytest.raises(getattr(anthropic, error)) as caught:
        client.messages.create(**ASKED)
    assert "QX1" in caught.value.message
    if status == 429:
        assert caught.value.response.headers["retry-after"] == "7"


def test_a_stream_that_breaks_raises_in_the_middle(endpoint: Endpoint_, client: Any, anthropic: Any) -> None:
    endpoint.streams(chunk({"content": "one"}), b'data: {"error": {"message": "gone QX2"}}\n\n')
    with pytest.raises(anthropic.APIStatusError), client.messages.stream(**ASKED) as stream:
        stream.get_final_message()
