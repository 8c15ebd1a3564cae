"""Endpoints behind HTTP proxies, own certificate authorities, client certificates, IPv6."""

from __future__ import annotations

import base64
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from proxy_client import call, profile, proxy_for
from scripted_endpoint import ScriptedEndpoint, chat_text

from ccswitch_tui.net.way import Way
from ccswitch_tui.proxy.client.dial import dial
from ccswitch_tui.proxy.client.upstream import Upstream
from kit.net import Listener, free_port_number, pass_on, read_head


class ConnectProxy:
    """A small HTTP proxy: CONNECT and absolute URLs, with or without a password."""

    def __init__(self, password: str | None = None) -> None:
        self.seen: list[str] = []
        self._wanted = "Basic " + base64.b64encode(password.encode()).decode() if password else None
        self._listener = Listener(self._serve)
        self.address = self._listener.address

    def close(self) -> None:
        self._listener.close()

    def _serve(self, client: socket.socket) -> None:
        head = read_head(client)
        text = head.partition(b"\r\n\r\n")[0].decode()
        self.seen.append(text.split("\r\n")[0])
        given = [line.partition(": ")[2] for line in text.split("\r\n") if line.lower().startswith("proxy-auth")]
        if self._wanted and given != [self._wanted]:
            client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        method, target, _ = text.split("\r\n")[0].split(" ")
        if method == "CONNECT":
            host, _, port = target.rpartition(":")
            server = socket.create_connection((host.strip("[]"), int(port)))
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        else:
            host, _, port = target.removeprefix("http://").partition("/")[0].rpartition(":")
            server = socket.create_connection((host, int(port)))
            server.sendall(head.replace(target.encode(), b"/v1/chat/completions", 1))
        pass_on(client, server)


@pytest.fixture
def connect_proxy() -> Iterator[ConnectProxy]:
    proxy = ConnectProxy("corp:s3cret@word")
    yield proxy
    proxy.close()


def test_an_own_authority_is_trusted_by_its_file(
    tls_endpoint: ScriptedEndpoint, authority: tuple[trustme.CA, str]
) -> None:
    with proxy_for(profile(tls_endpoint.origin, endpoint={"ca_file": authority[1]})) as proxy:
        assert call(proxy).text == "over TLS"


async def test_a_name_with_a_final_dot_has_the_certificate_of_the_name(
    tls_endpoint: ScriptedEndpoint, authority: tuple[trustme.CA, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = socket.getaddrinfo("127.0.0.1", tls_endpoint.port, type=socket.SOCK_STREAM)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    context = ssl.create_default_context(cafile=authority[1])
    connection = await dial(Way("https", "localhost.", tls_endpoint.port), context, 5)
    assert connection.alive
    connection.close()


def test_the_authority_claude_code_was_given_is_trusted_too(
    tls_endpoint: ScriptedEndpoint, authority: tuple[trustme.CA, str]
) -> None:
    with proxy_for(profile(tls_endpoint.origin), env={"NODE_EXTRA_CA_CERTS": authority[1]}) as proxy:
        assert call(proxy).text == "over TLS"


def test_an_unknown_certificate_is_an_error_that_says_so(tls_endpoint: ScriptedEndpoint) -> None:
    with proxy_for(profile(tls_endpoint.origin)) as proxy:
        answer = call(proxy)
    assert answer.status == 502
    assert "certificate" in answer.error["message"].lower()
    assert tls_endpoint.requests == []


def test_a_client_certificate_is_shown(authority: tuple[trustme.CA, str], tmp_path: Path) -> None:
    ca, ca_file = authority
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    ca.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    mine = ca.issue_cert("me@work.example")
    mine.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "me.pem"))
    with ScriptedEndpoint(chat_text("known to you"), tls=context) as endpoint:
        with proxy_for(profile(endpoint.origin, endpoint={"ca_file": ca_file})) as proxy:
            assert call(proxy).status == 502
        shown = {"ca_file": ca_file, "client_cert": str(tmp_path / "me.pem")}
        with proxy_for(profile(endpoint.origin, endpoint=shown)) as proxy:
            assert call(proxy).text == "known to you"


def test_an_endpoint_that_wants_a_client_certificate_says_so(authority: tuple[trustme.CA, str]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority[0].issue_cert("127.0.0.1").configure_cert(context)
    authority[0].configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    with (
        ScriptedEndpoint(chat_text("x"), tls=context) as endpoint,
        proxy_for(profile(endpoint.origin, endpoint={"ca_file": authority[1]})) as proxy,
    ):
        assert "certificate required" in call(proxy).error["message"]


def test_a_proxy_with_a_password_is_passed(
    tls_endpoint: ScriptedEndpoint, authority: tuple[trustme.CA, str], connect_proxy: ConnectProxy
) -> None:
    spot = {"ca_file": authority[1], "http_proxy": f"http://corp:s3cret%40word@{connect_proxy.address}"}
    with proxy_for(profile(tls_endpoint.origin, endpoint=spot)) as proxy:
        assert call(proxy).text == "over TLS"
    assert connect_proxy.seen == [f"CONNECT 127.0.0.1:{tls_endpoint.port} HTTP/1.1"]


def test_a_plain_endpoint_goes_through_the_proxy_too(connect_proxy: ConnectProxy) -> None:
    with ScriptedEndpoint(chat_text("plain")) as endpoint:
        spot = {"http_proxy": f"http://corp:s3cret%40word@{connect_proxy.address}"}
        with proxy_for(profile(f"{endpoint.origin}/v1", endpoint=spot)) as proxy:
            assert call(proxy).text == "plain"
    assert connect_proxy.seen[0].startswith(f"POST {endpoint.origin}/v1/chat/completions")


def test_a_proxy_that_refuses_the_password_is_named(
    tls_endpoint: ScriptedEndpoint, authority: tuple[trustme.CA, str], connect_proxy: ConnectProxy
) -> None:
    spot = {"ca_file": authority[1], "http_proxy": f"http://corp:wrong@{connect_proxy.address}"}
    with proxy_for(profile(tls_endpoint.origin, endpoint=spot)) as proxy:
        answer = call(proxy)
    assert answer.status == 502
    assert "407" in answer.error["message"]
    assert "wrong" not in answer.error["message"]


def test_a_proxy_that_is_not_there_is_named() -> None:
    spot = {"http_proxy": f"http://127.0.0.1:{free_port_number()}"}
    with proxy_for(profile("https://api.example/v1", endpoint=spot)) as proxy:
        answer = call(proxy)
    assert answer.status == 502
    assert "proxy" in answer.error["message"]


def test_a_proxy_whose_port_is_no_number_is_named() -> None:
    with proxy_for(profile("https://api.example/v1", endpoint={"http_proxy": "http://127.0.0.1:808O"})) as proxy:
        answer = call(proxy)
    assert answer.status == 502
    assert "proxy" in answer.error["message"]


def test_an_unknown_kind_of_proxy_in_the_environment_is_an_error_and_no_silent_detour() -> None:
    with proxy_for(profile("https://api.example/v1"), env={"ALL_PROXY": "socks4://127.0.0.1:1"}) as proxy:
        assert "socks4" in call(proxy).error["message"]


def test_loopback_is_reached_directly_whatever_the_environment_says() -> None:
    env = {"HTTP_PROXY": "http://127.0.0.1:1", "HTTPS_PROXY": "http://127.0.0.1:1"}
    with ScriptedEndpoint(chat_text("direct")) as endpoint, proxy_for(profile(endpoint.origin), env=env) as proxy:
        assert call(proxy).text == "direct"


def test_a_name_that_does_not_resolve_and_a_closed_port_are_told_apart() -> None:
    with proxy_for(
        profile("https://no-such-host.invalid/v1"), profile(f"http://127.0.0.1:{free_port_number()}/v1", "closed")
    ) as proxy:
        unknown, closed = call(proxy), call(proxy, path="/p/closed/v1/messages")
    assert (unknown.status, closed.status) == (502, 502)
    assert "no-such-host.invalid" in unknown.error["message"]
    assert unknown.error["message"] != closed.error["message"]


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.skipif(not _has_ipv6(), reason="no IPv6 loopback here")
def test_ipv6_works_on_both_sides() -> None:
    with (
        ScriptedEndpoint(chat_text("six"), family=socket.AF_INET6) as endpoint,
        proxy_for(profile(f"{endpoint.origin}/v1"), host="::1") as proxy,
    ):
        assert proxy.base_url("work") == f"http://[::1]:{proxy.port}/p/work"
        assert call(proxy).text == "six"


async def test_after_the_machine_slept_no_old_connection_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    from ccswitch_tui.net.url import parse_url
    from ccswitch_tui.proxy.pump import read_limited

    with ScriptedEndpoint(chat_text("x")) as endpoint:
        upstream = Upstream({}, "/")
        spot = profile(endpoint.origin)

        async def ask() -> None:
            response = await upstream.send(spot, parse_url(endpoint.origin), None, body=[b"{}"], headers=())
            await read_limited(response, 10_000, 5)

        await ask()
        await ask()
        assert endpoint.connections == 1
        real = __import__("time").time
        monkeypatch.setattr("ccswitch_tui.proxy.client.upstream.time.time", lambda: real() + 3600)
        await ask()
        await ask()
        assert endpoint.connections == 2
        await upstream.close()
