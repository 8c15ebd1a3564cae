"""The probe proves the way that the proxy takes: for the same settings, every hop sees the same of both."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
import trustme
from proxy_client import KEY, profile
from scripted_endpoint import ScriptedEndpoint, refuse

from ccswitch_tui.probe.exchange import Ask
from ccswitch_tui.profiles.model import Profile
from ccswitch_tui.proxy.client.upstream import Upstream, UpstreamError
from ccswitch_tui.proxy.pump import read_limited
from ccswitch_tui.workflows.examine import way_to
from kit.net import Listener, pass_on, read_head

HOST = "api.example"
FAR = "https://nowhere.invalid/v1"
MODELS = refuse(200, {"data": []})


class Hop:
    """A proxy of either kind that leads everything to one port, and writes down what it was asked."""

    def __init__(self, port: int, *, tls: ssl.SSLContext | None = None) -> None:
        self.seen: list[tuple[bytes, ...]] = []
        self._to = port
        self._tls = tls
        self._listener = Listener(self._serve)
        self.address = self._listener.address

    def close(self) -> None:
        self._listener.close()

    def _serve(self, client: socket.socket) -> None:
        if self._tls is not None:
            client = self._tls.wrap_socket(client, server_side=True)
        first = client.recv(1)
        rest = self._socks(client) if first == b"\5" else self._http(client, first)
        server = socket.create_connection(("127.0.0.1", self._to))
        server.sendall(rest)
        pass_on(client, server)

    def _http(self, client: socket.socket, head: bytes) -> bytes:
        head = read_head(client, head)
        lines = head.split(b"\r\n")
        fields = [(name.lower(), value) for name, _, value in (line.partition(b": ") for line in lines[1:])]
        told = [b": ".join(field) for field in fields if field[0] in (b"host", b"proxy-authorization")]
        self.seen.append((lines[0], *sorted(told)))
        if not head.startswith(b"CONNECT"):
            return head
        client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        return b""

    def _socks(self, client: socket.socket) -> bytes:
        methods = client.recv(client.recv(1)[0])
        user = b""
        client.sendall(b"\5\2" if b"\2" in methods else b"\5\0")
        if b"\2" in methods:
            user = client.recv(512)
            client.sendall(b"\1\0")
        asked = client.recv(512)
        client.sendall(b"\5\0\0\1\0\0\0\0\0\0")
        self.seen.append((methods, user, asked))
        return b""


class Settings(NamedTuple):
    """What a user may say about the way."""

    profile: Profile
    env: dict[str, str]


def by_the_probe(settings: Settings) -> str:
    ctx = SimpleNamespace(env=settings.env, paths=SimpleNamespace(home="/nowhere"))
    way = way_to(ctx, settings.profile, KEY)  # type: ignore[arg-type]
    if isinstance(way, str):
        return way
    url = settings.profile.endpoint.base_url + "/models"
    exchange = asyncio.run(way.fetch(Ask("models", "GET", url, auth="bearer", patience_s=20)))
    return str(exchange.status or exchange.failure)


def by_the_proxy(settings: Settings) -> str:
    async def ask() -> str:
        upstream = Upstream(settings.env, "/nowhere")
        try:
            url = upstream.address(settings.profile).models
            answer = await upstream.send(settings.profile, url, KEY, body=None, headers=(), method="GET")
            await read_limited(answer, 1000, 20)
            return str(answer.status)
        except UpstreamError as error:
            return error.kind
        finally:
            await upstream.close()

    return asyncio.run(ask())


@pytest.fixture
def trusted(tmp_path: Path) -> trustme.CA:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return authority


def served(authority: trustme.CA, *, asks_for_certificate: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST, "127.0.0.1", "::1").configure_cert(context)
    if asks_for_certificate:
        context.verify_mode = ssl.CERT_REQUIRED
        authority.configure_trust(context)
    return context


@contextlib.contextmanager
def world(authority: trustme.CA, *, tls: bool, proxied: bool, **more: Any) -> Iterator[tuple[ScriptedEndpoint, Hop]]:
    with ScriptedEndpoint(MODELS, tls=served(authority, **more) if tls else None) as endpoint:
        hop = Hop(endpoint.port, tls=served(authority) if proxied else None)
        yield endpoint, hop
        hop.close()


PROXIES = {
    "none": "",
    "http": "http://{hop}",
    "http with a password": "http://corp:s3cret%40word@{hop}",
    "socks5h": "socks5h://{hop}",
    "socks5h with a password": "socks5h://corp:s3cret%40word@{hop}",
    "through TLS": "https://corp:s3cret%40word@{hop}",
}


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
@pytest.mark.parametrize("where", ["the profile", "the environment"])
@pytest.mark.parametrize("proxy", [name for name in PROXIES if name != "none"])
def test_every_hop_sees_the_same_of_both(
    proxy: str, where: str, tls: bool, trusted: trustme.CA, tmp_path: Path
) -> None:
    with world(trusted, tls=tls, proxied=proxy == "through TLS") as (endpoint, hop):
        url = PROXIES[proxy].format(hop=hop.address)
        own = {"ca_file": str(tmp_path / "ca.pem")} | ({"http_proxy": url} if where == "the profile" else {})
        base = f"{'https' if tls else 'http'}://{HOST}/v1"
        env = {"https_proxy" if tls else "http_proxy": url} if where == "the environment" else {}
        settings = Settings(profile(base, endpoint=own), env)
        assert (by_the_probe(settings), by_the_proxy(settings)) == ("200", "200")
    probed, proxied = hop.seen
    assert probed == proxied
    one, other = endpoint.requests
    assert (one.method, one.path, one.headers["host"]) == (other.method, other.path, other.headers["host"])
    assert one.headers["authorization"] == other.headers["authorization"]
    if "password" in proxy:
        assert b"s3cret@word" in b"".join(probed) or b"Y29ycDpzM2NyZXRAd29yZA==" in b"".join(probed)


def cases(endpoint: ScriptedEndpoint, hop: Hop, folder: Path) -> dict[str, Settings]:
    """Ways of which the proxy of the environment is no part, or that cannot be taken."""
    env = {"https_proxy": f"http://{hop.address}", "http_proxy": f"http://{hop.address}"}
    ca = {"ca_file": str(folder / "ca.pem")}
    return {
        "loopback": Settings(profile(endpoint.origin + "/v1", endpoint=ca), env),
        "an authority nobody knows": Settings(profile(endpoint.origin + "/v1"), env),
        "NO_PROXY": Settings(profile(FAR, endpoint=ca), {**env, "NO_PROXY": ".invalid"}),
        "no such proxy": Settings(profile(FAR, endpoint={"http_proxy": "http://127.0.0.1:1"}), {}),
        "a kind nobody speaks": Settings(profile(FAR), {"all_proxy": "socks4://127.0.0.1:1"}),
    }  # fmt: skip


TOLD: dict[str, tuple[str, str]] = {
    "loopback": ("200", "200"),
    "an authority nobody knows": ("tls-untrusted", "tls"),
    "NO_PROXY": ("dns", "dns"),
    "no such proxy": ("proxy-unreachable", "proxy"),
    "a kind nobody speaks": ("names a socks4 proxy", "proxy"),
}


@pytest.mark.parametrize("case", TOLD)
def test_both_go_past_the_same_proxies_and_fail_alike(case: str, trusted: trustme.CA, tmp_path: Path) -> None:
    with world(trusted, tls=True, proxied=False) as (endpoint, hop):
        settings = cases(endpoint, hop, tmp_path)[case]
        probed, proxied = by_the_probe(settings), by_the_proxy(settings)
    assert TOLD[case][0] in probed
    assert proxied == TOLD[case][1]
    assert hop.seen == []


def test_both_show_the_same_certificate(trusted: trustme.CA, tmp_path: Path) -> None:
    client = trusted.issue_cert("somebody.example")
    client.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "client.pem"))
    with world(trusted, tls=True, proxied=False, asks_for_certificate=True) as (endpoint, _):
        spot = {"ca_file": str(tmp_path / "ca.pem"), "client_cert": str(tmp_path / "client.pem")}
        shown = Settings(profile(endpoint.origin + "/v1", endpoint=spot), {})
        assert (by_the_probe(shown), by_the_proxy(shown)) == ("200", "200")
        bare = Settings(profile(endpoint.origin + "/v1", endpoint={"ca_file": spot["ca_file"]}), {})
        assert "200" not in (by_the_probe(bare), by_the_proxy(bare))


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_both_reach_an_ipv6_address(tls: bool, trusted: trustme.CA, tmp_path: Path) -> None:
    context = served(trusted) if tls else None
    with ScriptedEndpoint(MODELS, tls=context, family=socket.AF_INET6) as endpoint:
        spot = {"ca_file": str(tmp_path / "ca.pem")}
        settings = Settings(profile(endpoint.origin + "/v1", endpoint=spot), {})
        assert (by_the_probe(settings), by_the_proxy(settings)) == ("200", "200")


def test_a_name_with_a_dead_address_first_costs_neither_more_than_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """`localhost` is ::1 first on many systems, and most servers listen on 127.0.0.1 alone."""
    asked: list[str] = []
    real: Callable[..., Any] = socket.getaddrinfo

    def both(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        asked.append(str(host))
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", port, 0, 0)),
            *real("127.0.0.1", port, type=socket.SOCK_STREAM),
        ]

    with ScriptedEndpoint(MODELS) as endpoint:
        monkeypatch.setattr(socket, "getaddrinfo", both)
        settings = Settings(profile(f"http://localhost:{endpoint.port}/v1"), {})
        assert (by_the_probe(settings), by_the_proxy(settings)) == ("200", "200")
    assert asked == ["localhost", "localhost"]
