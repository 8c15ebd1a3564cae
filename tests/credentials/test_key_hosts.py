"""A key goes only to the host it was given for, and a redirect never carries it on."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from ccswitch_tui.credentials.base import MemoryStore
from ccswitch_tui.credentials.hosts import allowed_host, bound_to, check_key_host, host_of
from ccswitch_tui.errors import KeyStoreError
from ccswitch_tui.profiles.model import Endpoint, ModelTiers, Profile, SecretRef
from ccswitch_tui.proxy.embedded import EmbeddedProxy
from ccswitch_tui.secret import Secret
from ccswitch_tui.sentence import say
from ccswitch_tui.workflows import keys
from ccswitch_tui.workflows.context import Context
from ccswitch_tui.workflows.examine import examine

KEY = Secret("sk-example-hosts-0123456789abcdef")


def profile(base_url: str, key_host: str | None = "api.acme.example") -> Profile:
    return Profile("acme", Endpoint(base_url, "openai-chat"), SecretRef("keyring", "acme"), key_host=key_host)


@pytest.mark.parametrize(
    ("base_url", "allowed"),
    [
        ("https://api.acme.example/v1", True),
        ("https://API.acme.example:8443/v1", True),
        ("https://api.acme.example./v1", True),
        ("http://api.acme.example", False),
        ("https://api.acme.example.evil.example/v1", False),
        ("https://evil.example/api.acme.example", False),
        ("https://evil.example?api.acme.example", False),
        ("https://evil.example#@api.acme.example", False),
        ("https://api.acme.example@evil.example/v1", False),
        ("https://evil.example\\@api.acme.example/v1", False),
        ("https://api.acme.example\\@evil.example/v1", False),
        ("https://api.acme.example\t.evil.example/v1", False),
        ("https://xapi.acme.example/v1", False),
        ("https:/api.acme.example", False),
        ("file://api.acme.example/v1", False),
        ("", False),
    ],
)
def test_only_the_very_host_gets_the_key(base_url: str, allowed: bool) -> None:
    assert allowed_host(profile(base_url)) is allowed
    if not allowed:
        with pytest.raises(KeyStoreError, match="given for api"):
            check_key_host(profile(base_url))


@pytest.mark.parametrize(
    ("given_for", "address", "allowed"),
    [
        ("https://api.acme.example/v1", "https://api.acme.example:8443/v2", True),
        ("https://api.acme.example/v1", "http://api.acme.example/v1", False),
        ("https://gw.lan/v1", "http://gw.lan/v1", True),
        ("http://gw.lan:8080/v1", "https://gw.lan/v1", True),
        ("http://gw.lan:8080/v1", "http://gw.lan:9090/v1", True),
        ("http://api.acme.example/v1", "http://api.acme.example:8080/v1", True),
        ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/other", True),
        ("http://127.0.0.1:8080/v1", "http://localhost:8080/v1", True),
        ("http://127.0.0.1:8080/v1", "http://127.0.0.1:9090/v1", False),
        ("http://[::1]:8080/v1", "http://[::1]:8080/v1", True),
        ("http://[::1]:8080/v1", "http://[::1]:8081/v1", False),
        ("https://localhost:8443/v1", "http://localhost:8443/v1", False),
        ("http://127.0.0.1/v1", "http://127.0.0.1:80/v1", True),
    ],
)
def test_a_key_is_bound_to_the_scheme_and_on_this_machine_to_the_port(
    given_for: str, address: str, allowed: bool
) -> None:
    assert allowed_host(profile(address, key_host=bound_to(given_for))) is allowed


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/v1", "https://127.0.0.1/v1", "http://127.0.0.1:9999"])
def test_a_bare_host_of_this_machine_stands_for_every_port_as_it_did(address: str) -> None:
    assert allowed_host(profile(address, key_host="127.0.0.1"))


def test_a_profile_written_by_hand_without_a_host_is_the_users_own_word() -> None:
    assert allowed_host(profile("https://anywhere.example/v1", key_host=None))


host_text = st.text(alphabet="abcXYZ019.-_:@/\\?#[]%\t é", max_size=24)


@given(host_text)
def test_whenever_a_host_is_found_every_client_finds_the_same(text: str) -> None:
    address = f"https://{text}"
    host = host_of(address)
    if not host:
        return
    for parse in (lambda a: urlsplit(a).hostname, lambda a: URL(a).host, lambda a: httpx.URL(a).host):
        try:
            theirs = parse(address)
        except (ValueError, httpx.InvalidURL):
            continue
        assert (theirs or "").rstrip(".").lower() == host


class Recorder(BaseHTTPRequestHandler):
    """Sends everything on to `target`, or remembers what arrived."""

    def do_POST(self) -> None:
        server: Any = self.server
        server.seen.append(dict(self.headers))
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(server.status)
        if server.target:
            self.send_header("Location", server.target + self.path)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_GET = do_POST

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(params=[302, 307, 308])
def redirect(request: pytest.FixtureRequest) -> Iterator[tuple[Any, Any]]:
    """An endpoint that redirects, and the place it redirects to."""
    servers = []
    for _ in range(2):
        server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
        server.seen, server.status, server.target = [], 200, ""
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
    first, second = servers
    first.status, first.target = request.param, f"http://localhost:{second.server_address[1]}"
    yield first, second
    for server in servers:
        server.shutdown()
        server.server_close()


def on(server: Any) -> Profile:
    base = f"http://127.0.0.1:{server.server_address[1]}/v1"
    return profile(base, "127.0.0.1")._replace(models=ModelTiers(default="m"))


def test_the_proxy_does_not_follow_a_redirect_with_the_key(redirect: tuple[Any, Any]) -> None:
    first, second = redirect
    with EmbeddedProxy({"acme": on(first)}, lambda asked: KEY) as proxy:
        place = urlsplit(proxy.base_url("acme"))
        connection = http.client.HTTPConnection(place.netloc, timeout=20)
        body = json.dumps({"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]})
        connection.request("POST", f"{place.path}/v1/messages", body, {"x-api-key": proxy.token.reveal()})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
    assert answer.status >= 400, text
    assert first.seen
    assert all(KEY.reveal() not in str(headers) for headers in second.seen)


async def test_a_probe_does_not_follow_a_redirect_with_the_key(redirect: tuple[Any, Any], home: Path) -> None:
    first, second = redirect
    ctx = Context({"HOME": str(home)}, cwd=str(home), store=MemoryStore())
    await examine(ctx, on(first), KEY, ladder="quick", on_step=lambda step: None)
    assert first.seen
    assert all(KEY.reveal() not in str(headers) for headers in second.seen)


# ---------------------------------------------------------------- rotation


@pytest.fixture
def ctx(home: Path) -> Context:
    context = Context({"HOME": str(home)}, cwd=str(home), store=MemoryStore())
    context.keys.put("acme", KEY)
    return context


NEW = Secret("sk-example-hosts-the-new-one-9876")


def test_a_store_that_fails_in_between_has_the_old_key_again(ctx: Context) -> None:
    class Torn(MemoryStore):
        fails = True

        def set(self, name: str, secret: Secret) -> None:
            super().set(name, Secret("sk-example-torn-write"))
            if self.fails:
                self.fails = False
                raise KeyStoreError(say("the store failed"))
            super().set(name, secret)

    torn = Torn()
    torn._secrets["acme"] = KEY
    ctx.keys._given = torn
    ctx.keys.forget_choice()
    with pytest.raises(KeyStoreError), keys.all_stored(ctx, {"acme": NEW}):
        pytest.fail("the new key was not stored")
    assert torn.get("acme") == KEY
