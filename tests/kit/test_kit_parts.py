"""The real parts start, answer and end as the kit says."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from kit.aimock import Aimock
from kit.claude import RunClaude
from kit.llama import LlamaServer
from kit.net import TlsServer
from kit.secret_service import SecretService
from kit.sentinel import Sentinel
from kit.tmux import Tmux


@pytest.mark.real
def test_claude_without_a_credential_says_so_and_sends_nothing(
    run_claude: RunClaude, home: Path, tmp_path: Path
) -> None:
    run = run_claude(home, tmp_path / "project", "hello", env={"ANTHROPIC_BASE_URL": "http://127.0.0.1:9"})
    assert run.code == 1
    assert "Not logged in" in run.text


@pytest.mark.real
def test_llama_answers_a_chat(llama_server: LlamaServer) -> None:
    asked = {"model": "smollm2", "max_tokens": 8, "messages": [{"role": "user", "content": "Say hi."}]}
    request = urllib.request.Request(
        f"{llama_server.base_url}/chat/completions",
        data=json.dumps(asked).encode(),
        headers={"content-type": "application/json", "authorization": f"Bearer {llama_server.key}"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert json.load(answer)["choices"][0]["message"]["content"]


@pytest.mark.real
def test_a_secret_service_keeps_a_secret_over_a_restart(secret_service: SecretService) -> None:
    names = ["service", "example", "username", "me"]
    secret_service.run(["secret-tool", "store", "--label=x", *names], stdin="sk-example-kept")
    secret_service.stop()
    secret_service.start()
    assert secret_service.lookup("example", "me") == "sk-example-kept"
    assert all(b"sk-example-kept" not in path.read_bytes() for path in secret_service.files())


@pytest.mark.real
def test_a_locked_secret_service_gives_nothing_away(secret_service: SecretService) -> None:
    names = ["service", "example", "username", "me"]
    secret_service.run(["secret-tool", "store", "--label=x", *names], stdin="sk-example-kept")
    secret_service.lock()
    assert secret_service.lookup("example", "me") is None


def test_a_black_hole_neither_accepts_nor_refuses(black_hole: int) -> None:
    with pytest.raises(TimeoutError):
        socket.create_connection(("127.0.0.1", black_hole), timeout=0.5)


@pytest.mark.parametrize("kind", ["good", "expired", "wrong-host"])
def test_a_tls_server_is_as_good_as_its_certificate(kind: str, tls_server: Callable[[str], TlsServer]) -> None:
    server = tls_server(kind)
    trusting = ssl.create_default_context(cafile=str(server.ca_file))
    if kind == "good":
        assert urllib.request.urlopen(server.origin, context=trusting, timeout=5).status == 200
    else:
        with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
            urllib.request.urlopen(server.origin, context=trusting, timeout=5)
    with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
        urllib.request.urlopen(server.origin, timeout=5)


@pytest.mark.parametrize("prefix", ["", "a", "ab"])
@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text,
        lambda text: base64.b64encode(text.encode()).decode(),
        lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
        json.dumps,
        urllib.parse.quote_plus,
        lambda text: text.encode().hex(),
    ],
)
def test_a_planted_key_is_found_in_any_form(
    encode: Callable[[str], str], prefix: str, sentinel: Sentinel, tmp_path: Path
) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "log").write_text(f"x{encode(prefix + sentinel.key + ' after')}")
    assert len(sentinel.search_files(tmp_path)) == 1


def test_a_clean_tree_holds_no_planted_key(sentinel: Sentinel, tmp_path: Path) -> None:
    (tmp_path / "log").write_text("nothing of the kind: sk-example-SENTINEL")
    assert sentinel.search_files(tmp_path) == []


@pytest.mark.real
def test_tmux_shows_what_a_program_writes_and_tells_how_it_ended(tmux: Tmux) -> None:
    tmux.start("read word; echo heard $word; exit 7", env={})
    tmux.text("hello")
    tmux.keys("Enter")
    tmux.wait_for("heard hello")
    assert tmux.wait_until_ended() == 7


@pytest.mark.real
def test_aimock_answers_by_its_fixtures_and_keeps_a_journal(start_aimock: Callable[..., Aimock]) -> None:
    server = start_aimock([{"match": {"userMessage": "hello"}, "response": {"content": "Hello yourself."}}])
    asked = {"model": "any", "messages": [{"role": "user", "content": "hello"}]}
    request = urllib.request.Request(
        f"{server.base_url}/chat/completions",
        data=json.dumps(asked).encode(),
        headers={"content-type": "application/json", "authorization": f"Bearer {server.key}"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert json.load(answer)["choices"][0]["message"]["content"] == "Hello yourself."
    assert server.journal()[0]["path"] == "/v1/chat/completions"
