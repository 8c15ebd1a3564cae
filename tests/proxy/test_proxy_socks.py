"""Endpoints behind a real SOCKS5 server: with and without a password, TLS, IPv6, and what its refusals become."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
import trustme
from proxy_client import call, profile, proxy_for
from scripted_endpoint import ScriptedEndpoint, chat_text

from kit.net import free_port_number
from kit.proxies import SocksProxy, microsocks

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def socks() -> Iterator[SocksProxy]:
    with microsocks() as server:
        yield server


@pytest.fixture(scope="module")
def guarded_socks() -> Iterator[SocksProxy]:
    with microsocks(password="s3cret@word") as server:
        yield server


@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "socks"])
def test_a_socks_proxy_of_the_profile_is_used(socks: SocksProxy, scheme: str) -> None:
    with ScriptedEndpoint(chat_text("through")) as endpoint:
        by_name = endpoint.origin.replace("127.0.0.1", "localhost")
        with proxy_for(profile(by_name, endpoint={"http_proxy": socks.url(scheme=scheme)})) as proxy:
            assert [call(proxy).text for _ in range(3)] == ["through"] * 3
        assert endpoint.connections == 1


def test_with_a_password_and_tls(
    tls_endpoint: ScriptedEndpoint, authority: tuple[trustme.CA, str], guarded_socks: SocksProxy
) -> None:
    spot = {"ca_file": authority[1], "http_proxy": guarded_socks.url("corp:s3cret%40word")}
    with proxy_for(profile(tls_endpoint.origin, endpoint=spot)) as proxy:
        assert call(proxy).text == "over TLS"


def test_the_certificate_is_checked_behind_a_socks_proxy_too(tls_endpoint: ScriptedEndpoint, socks: SocksProxy) -> None:
    with proxy_for(profile(tls_endpoint.origin, endpoint={"http_proxy": socks.url()})) as proxy:
        assert "certificate" in call(proxy).error["message"]


@pytest.mark.parametrize("user", ["", "corp:wrong"])
def test_a_missing_or_wrong_password_is_named_without_saying_it(guarded_socks: SocksProxy, user: str) -> None:
    with (
        ScriptedEndpoint(chat_text("x")) as endpoint,
        proxy_for(profile(endpoint.origin, endpoint={"http_proxy": guarded_socks.url(user)})) as proxy,
    ):
        answer = call(proxy)
    assert answer.status == 502
    assert "socks5h://127.0.0.1" in answer.error["message"] and "auth" in answer.error["message"]
    assert "wrong" not in answer.error["message"]


def test_a_socks_proxy_that_is_not_there_and_a_closed_port_behind_it_are_told_apart(socks: SocksProxy) -> None:
    closed = f"http://127.0.0.1:{free_port_number()}/v1"
    gone = f"socks5://127.0.0.1:{free_port_number()}"
    with proxy_for(
        profile("https://api.example/v1", endpoint={"http_proxy": gone}),
        profile(closed, "closed", endpoint={"http_proxy": socks.url()}),
    ) as proxy:
        absent, refused = call(proxy), call(proxy, path="/p/closed/v1/messages")
    assert gone in absent.error["message"] and "onnection refused" in absent.error["message"]
    assert "refused" in refused.error["message"] and "answered" in refused.error["message"]


def test_a_server_that_speaks_no_socks_is_an_error() -> None:
    with (
        ScriptedEndpoint(chat_text("x")) as no_socks,
        proxy_for(
            profile("https://api.example/v1", endpoint={"http_proxy": no_socks.origin.replace("http", "socks5h")})
        ) as proxy,
    ):
        answer = call(proxy)
    assert answer.status in (502, 504)


def test_all_proxy_of_the_environment_is_honoured_and_loopback_is_not_sent_through_it() -> None:
    env = {"ALL_PROXY": f"socks5h://127.0.0.1:{free_port_number()}"}
    with (
        ScriptedEndpoint(chat_text("direct")) as endpoint,
        proxy_for(profile(endpoint.origin), profile("https://api.example/v1", "far"), env=env) as proxy,
    ):
        assert call(proxy).text == "direct"
        assert "socks5" in call(proxy, path="/p/far/v1/messages").error["message"]


def test_ipv6_behind_a_socks_proxy(socks: SocksProxy) -> None:
    try:
        endpoint = ScriptedEndpoint(chat_text("six"), family=socket.AF_INET6)
    except OSError:
        pytest.skip("no IPv6 loopback here")
    with endpoint, proxy_for(profile(endpoint.origin, endpoint={"http_proxy": socks.url()})) as proxy:
        assert call(proxy).text == "six"


def test_two_profiles_use_their_own_ways_at_once(socks: SocksProxy) -> None:
    with (
        ScriptedEndpoint(chat_text("x")) as endpoint,
        proxy_for(
            profile(endpoint.origin), profile(endpoint.origin, "behind", endpoint={"http_proxy": socks.url()})
        ) as proxy,
    ):
        for _ in range(2):
            assert call(proxy).status == call(proxy, path="/p/behind/v1/messages").status == 200
        assert endpoint.connections == 2
