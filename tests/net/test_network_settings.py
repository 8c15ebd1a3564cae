"""Which HTTP proxy and which certificates, without a connection."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import trustme

from ccswitch_tui.net.proxies import HttpProxy, SocksProxy, proxy_from_url
from ccswitch_tui.net.tls import tls_context
from ccswitch_tui.net.way import NetworkSettingError, bypasses, proxy_for
from ccswitch_tui.profiles.model import Endpoint

ENV = {"HTTPS_PROXY": "http://corp.example:3128", "http_proxy": "plain.example:8080"}
ENDPOINT = Endpoint("https://api.example/v1")


def test_the_environment_names_the_proxy_by_scheme() -> None:
    assert proxy_for(ENDPOINT, "https", "api.example", 443, ENV) == "http://corp.example:3128"
    assert proxy_for(ENDPOINT, "http", "api.example", 80, ENV) == "http://plain.example:8080"
    assert (
        proxy_for(ENDPOINT, "https", "api.example", 443, {"ALL_PROXY": "http://all.example:1"})
        == "http://all.example:1"
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_loopback_never_goes_through_the_environments_proxy(host: str) -> None:
    assert proxy_for(ENDPOINT, "https", host, 8080, ENV) is None


def test_a_profiles_own_proxy_wins_even_for_loopback() -> None:
    endpoint = ENDPOINT._replace(http_proxy="http://user:pass@own.example:1")
    assert proxy_for(endpoint, "http", "127.0.0.1", 80, ENV) == "http://user:pass@own.example:1"


@pytest.mark.parametrize(
    ("no_proxy", "host", "port", "matches"),
    [
        ("api.example", "api.example", 443, True),
        ("example", "api.example", 443, True),
        (".example", "api.example", 443, True),
        ("*.example", "api.example", 443, True),
        ("ample", "api.example", 443, False),
        ("api.example:8443", "api.example", 443, False),
        ("api.example:443", "api.example", 443, True),
        ("*", "anything.test", 1, True),
        ("10.0.0.0/8", "10.1.2.3", 443, True),
        ("10.0.0.0/8", "11.1.2.3", 443, False),
        ("fd00::/8", "fd00::1", 443, True),
        ("a.test, b.test  c.test", "c.test", 1, True),
        ("", "api.example", 443, False),
        (",,", "api.example", 443, False),
    ],
)
def test_no_proxy_is_read_as_everywhere_else(no_proxy: str, host: str, port: int, matches: bool) -> None:
    assert bypasses(host, port, {"NO_PROXY": no_proxy}) is matches


def test_a_socks_proxy_is_told_apart_from_an_http_proxy() -> None:
    named = proxy_for(ENDPOINT, "https", "api.example", 443, {"ALL_PROXY": "SOCKS5h://127.0.0.1:1080"})
    assert named == "socks5h://127.0.0.1:1080"
    assert isinstance(proxy_from_url(named), SocksProxy)
    assert isinstance(proxy_from_url("http://socks5.example:3128"), HttpProxy)


def test_a_proxy_of_a_kind_we_do_not_speak_is_named_as_what_it_is() -> None:
    with pytest.raises(NetworkSettingError, match="ALL_PROXY names a socks4 proxy"):
        proxy_for(ENDPOINT, "https", "api.example", 443, {"ALL_PROXY": "socks4://127.0.0.1:1080"})


def test_a_missing_ca_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NetworkSettingError, match=r"ca_file = /nowhere/ca\.pem cannot be used: No such file"):
        tls_context(ENDPOINT._replace(ca_file="/nowhere/ca.pem"), {}, str(tmp_path))


def test_a_file_that_is_no_certificate_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("hello")
    with pytest.raises(NetworkSettingError, match="NODE_EXTRA_CA_CERTS"):
        tls_context(ENDPOINT, {"NODE_EXTRA_CA_CERTS": "~/ca.pem"}, str(tmp_path))


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the system's own store does not list what it holds")
def test_an_extra_authority_adds_to_the_systems_own(tmp_path: Path) -> None:
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = tls_context(ENDPOINT._replace(ca_file="~/ca.pem"), {}, str(tmp_path))
    subjects: list[Any] = [authority["subject"] for authority in context.get_ca_certs()]
    assert any(dict(x[0] for x in subject).get("organizationName", "").startswith("trustme") for subject in subjects)


def test_an_encrypted_client_key_is_an_error_and_no_question(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization

    issued = trustme.CA().issue_cert("me.example")
    issued.cert_chain_pems[0].write_to_path(str(tmp_path / "c.pem"))
    key = serialization.load_pem_private_key(issued.private_key_pem.bytes(), None)
    locked = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"pw")
    )
    (tmp_path / "k.pem").write_bytes(locked)
    with pytest.raises(NetworkSettingError, match="client_cert"):
        tls_context(ENDPOINT._replace(client_cert="~/c.pem", client_key="~/k.pem"), {}, str(tmp_path))
