"""Which hosts are this machine: one answer for the guard, for NO_PROXY and for who needs a key."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccswitch_tui.net.hosts import host_in, is_loopback, is_this_machine

HERE = (
    "localhost", "LOCALHOST", "localhost.", "api.localhost", "127.0.0.1", "127.8.8.8", "::1", "[::1]",
    "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1", "ip6-localhost",
)  # fmt: skip
ELSEWHERE = (
    "127.corp.example", "localhost.corp.example", "notlocalhost", "127.0.0.1.example", "127.0.0", "127.0.0.256",
    "10.0.0.1", "0.0.0.0", "::", "::2", "", "example.com", "1270.0.0.1", "127.0.0.١",
)  # fmt: skip


@pytest.mark.parametrize("host", HERE)
def test_this_machine_is_known_by_all_its_names(host: str) -> None:
    assert is_loopback(host) and is_this_machine(host)


@pytest.mark.parametrize("host", ELSEWHERE)
def test_a_host_that_only_looks_like_it_is_another(host: str) -> None:
    assert not is_loopback(host) and not is_this_machine(host)


def test_a_container_sees_this_machine_under_a_name_that_is_no_loopback() -> None:
    assert is_this_machine("Host.Docker.Internal") and not is_loopback("host.docker.internal")


@given(st.ip_addresses())
def test_an_address_is_judged_as_the_standard_library_judges_it(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    mapped = getattr(address, "ipv4_mapped", None)
    assert is_loopback(str(address)) == (address.is_loopback or bool(mapped and mapped.is_loopback))


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://127.0.0.1:4000/p", "127.0.0.1"),
        ("http://[::1]:4000", "::1"),
        ("https://user:secret@API.example/v1", "api.example"),
        ("http://localhost?x=1", "localhost"),
        ("localhost", ""),
    ],
)
def test_the_host_of_a_url(url: str, host: str) -> None:
    assert host_in(url) == host
