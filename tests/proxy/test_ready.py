"""What a first request would wait for is done when the port is open."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import Any

import pytest

from ccswitch_tui.net.sockets import _as_bytes
from ccswitch_tui.net.way import NetworkSettingError
from ccswitch_tui.profiles.model import Endpoint, Profile
from ccswitch_tui.proxy.client import upstream as upstream_module
from ccswitch_tui.proxy.client.upstream import Upstream, UpstreamError
from ccswitch_tui.proxy.server import ProxySettings, RunningProxy
from ccswitch_tui.proxy.sources import FixedProfiles

FAR = Profile("far", Endpoint("https://api.far.example/v1", "openai-chat"))
NEAR = Profile("near", Endpoint("http://127.0.0.1:9/v1", "openai-chat"))


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The endpoints whose certificates were read."""
    found: list[str] = []

    def read_certificates(endpoint: Endpoint, env: Any, home: str) -> ssl.SSLContext:
        found.append(endpoint.base_url)
        if endpoint.ca_file:
            raise NetworkSettingError(f"ca_file {endpoint.ca_file} cannot be read")
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    monkeypatch.setattr(upstream_module, "tls_context", read_certificates)
    return found


async def test_a_proxy_reads_certificates_before_anybody_asks(read: list[str]) -> None:
    profiles = {"near": NEAR, "far": FAR, "further": FAR._replace(name="further")}
    proxy = RunningProxy(ProxySettings(FixedProfiles(profiles), lambda profile: None, None, {}, "/nowhere"))
    await proxy.start()
    try:
        async with asyncio.timeout(20):
            while not proxy._upstream._tls:
                await asyncio.sleep(0.005)
    finally:
        await proxy.close()
    assert read == [FAR.endpoint.base_url]


async def test_certificates_are_read_once_however_many_requests_wait_for_them(read: list[str]) -> None:
    upstream = Upstream({}, "/nowhere")
    first = asyncio.create_task(upstream.make_ready(FAR))
    await asyncio.sleep(0)
    first.cancel()  # a client that leaves takes nothing from those who wait
    assert await asyncio.gather(*(upstream.make_ready(FAR) for _ in range(5))) == [True] * 5
    assert await upstream.make_ready(FAR)
    assert not await upstream.make_ready(NEAR)
    assert len(read) == 1


async def test_what_cannot_be_read_is_said_by_the_request_and_tried_again(read: list[str]) -> None:
    upstream = Upstream({}, "/nowhere")
    broken = FAR._replace(endpoint=FAR.endpoint._replace(ca_file="/nowhere/ca.pem"))
    assert not await upstream.make_ready(broken)
    with pytest.raises(UpstreamError, match="cannot be read"):
        await upstream._tls_for(broken.endpoint, "api.far.example")
    assert len(read) == 2


def test_an_address_goes_to_the_loop_as_bytes_where_the_loop_takes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    found = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", 443, 0, 0))
    monkeypatch.setattr("sys.platform", "linux")
    assert _as_bytes(found) == (*found[:4], (b"::1", 443, 0, 0))
    monkeypatch.setattr("sys.platform", "win32")
    assert _as_bytes(found) == found
