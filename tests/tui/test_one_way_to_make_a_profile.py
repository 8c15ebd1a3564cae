"""The law of setting up: the same paste makes the same profile through `add` and through the wizard."""

from __future__ import annotations

import asyncio
import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from textual.widgets import Input
from tui_kit import paste, sees, until

from ccswitch_tui.cli.main import main
from ccswitch_tui.demo.world import DemoContext
from ccswitch_tui.profiles.model import Profile
from ccswitch_tui.profiles.table import profile_to_table
from ccswitch_tui.tui.screens.wizard.check import CheckPane
from conftest import OpenApp

KEY = "sk-example-0123456789abcdef"


class Gateway(BaseHTTPRequestHandler):
    """A LiteLLM whose API is under /v1 and nowhere else; `/SHORT/v1` serves one model, `/v1` four."""

    def do_GET(self) -> None:
        names = ["only"] if self.path.startswith("/short") else ["big", "big-mini", "other-nano", "embed-1"]
        listing = {"data": [{"id": name, "context_length": 64_000} for name in names]}
        self._answer(200 if self.path.endswith("/v1/models") else 404, listing)

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        message = {"role": "assistant", "content": "1 2 3"}
        answer = {
            "id": "1", "object": "chat.completion", "created": 1, "model": asked.get("model"),
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8},
        }  # fmt: skip
        if not self.path.endswith("/v1/chat/completions"):
            self._answer(404, {"detail": "Not Found"})
        elif KEY not in f"{self.headers.get('authorization')}{self.headers.get('api-key')}":
            self._answer(401, {"error": {"message": "no such key", "type": "auth_error", "code": "401"}})
        else:
            self._answer(200, answer)

    def _answer(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.send_header("x-litellm-version", "1.0")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@pytest.fixture
def gateway() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Gateway) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


PASTES = {
    "a curl command without the version": "curl {at}/chat/completions -H 'Authorization: Bearer {key}' "
    """-d '{{"model":"big","messages":[]}}'""",
    "a curl command for the one model": "curl {at}/short/v1/chat/completions -H 'Authorization: Bearer {key}' "
    """-d '{{"model":"only","messages":[]}}'""",
    "exports without a model": "export OPENAI_BASE_URL={at}/short/v1\nexport OPENAI_API_KEY={key}\n",
    "exports without the version": "OPENAI_BASE_URL={at}\nOPENAI_API_KEY={key}\nOPENAI_MODEL=big\n",
    "the wrong format": "ANTHROPIC_BASE_URL={at}\nANTHROPIC_AUTH_TOKEN={key}\nANTHROPIC_MODEL=big\n",
    "another header": "curl {at}/v1/chat/completions -H 'api-key: {key}' -H 'X-Title: mine' "
    """-d '{{"model":"big","messages":[]}}'""",
    "an unknown model": "OPENAI_BASE_URL={at}/v1\nOPENAI_API_KEY={key}\nOPENAI_MODEL=big-thinking\n",
    "a key that is refused": "OPENAI_BASE_URL={at}/v1\nOPENAI_API_KEY=sk-example-ffffffffffffffff\nOPENAI_MODEL=big\n",
    "nobody there": "OPENAI_BASE_URL=http://127.0.0.1:9/v1\nOPENAI_API_KEY={key}\nOPENAI_MODEL=big\n",
}


def facts(profile: Profile) -> dict[str, Any]:
    """All a profile says but what it is called."""
    table = profile_to_table(profile._replace(name="x"))
    assert str(table.pop("key")) == f"keyring:{profile.name}"
    return table


@pytest.mark.parametrize("kind", PASTES)
async def test_the_same_paste_makes_the_same_profile_in_both_faces(
    open_app: OpenApp, world: DemoContext, gateway: str, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    text = PASTES[kind].format(at=gateway, key=KEY)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert await asyncio.to_thread(main, ["add", "line", "--paste", "-"], world) == 0
    async with open_app((100, 30)) as pilot:
        await pilot.press("a")
        await sees(pilot, "Paste what works")
        await paste(pilot, text)
        await until(pilot, lambda: pilot.app.screen.query_one("#name", Input).display)
        pilot.app.screen.query_one("#name", Input).value = "app"
        await pilot.press("enter")
        await sees(pilot, "found in what you pasted")
        await pilot.press("enter")
        await until(pilot, lambda: any(pane.setup.report for pane in pilot.app.screen.query(CheckPane)))
        await until(pilot, lambda: not pilot.app.screen.query_one(CheckPane).running)
        for seen in ("Which model", "How does Claude", "[profiles.app]", "'app' is saved"):
            await pilot.press("enter")
            await sees(pilot, seen)
    book = world.book()
    assert facts(book.get("app")) == facts(book.get("line"))
