"""Real networks gone wrong: resolvers, ports, firewalls, certificates, corporate proxies, a real model server.

Each test is one row of the table in the README of faults: what broke, and what the probe must say first.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ccswitch_tui.probe import patience
from ccswitch_tui.probe.asks import LOCAL_PATIENCE_S
from ccswitch_tui.probe.model import ProbeReport
from ccswitch_tui.profiles.model import Endpoint, ModelTiers, Profile
from ccswitch_tui.secret import Secret
from ccswitch_tui.workflows.context import Context
from ccswitch_tui.workflows.examine import examine
from kit.llama import LlamaServer
from kit.net import TlsServer
from kit.proxies import microsocks, mitmproxy, squid, tinyproxy

KEY = Secret("sk-example-real-faults-01")

StartTls = Callable[..., TlsServer]


@pytest.fixture
def ctx(home: Path) -> Context:
    return Context({"HOME": str(home), "PATH": "/usr/bin:/bin"})


async def probe(ctx: Context, base_url: str, *, ladder: str = "quick", **endpoint: object) -> ProbeReport:
    spot = Endpoint(base_url, "openai-chat")._replace(**endpoint)  # type: ignore[arg-type]
    return await examine(ctx, Profile("work", spot, models=ModelTiers(default="m")), KEY, ladder=ladder)  # type: ignore[arg-type]


def first(report: ProbeReport) -> tuple[str, str]:
    return report.verdict, report.findings[0].kind


async def test_a_name_nobody_knows(ctx: Context) -> None:
    report = await probe(ctx, "https://no-such-host.invalid/v1")
    assert first(report) == ("broken", "dns-failed")
    assert report.requests == 1


async def test_a_closed_port(ctx: Context, free_port: int) -> None:
    report = await probe(ctx, f"http://127.0.0.1:{free_port}/v1")
    assert first(report) == ("broken", "connect-refused")
    assert f"port {free_port}" in report.findings[0].because


@pytest.mark.slow
async def test_a_firewall_that_drops(ctx: Context, black_hole: int) -> None:
    report = await probe(ctx, f"http://127.0.0.1:{black_hole}/v1")
    assert first(report) == ("broken", "connect-timeout")
    assert 9_000 < report.took_ms < 15_000


async def test_a_port_that_resets(ctx: Context, resetting_port: int) -> None:
    assert first(await probe(ctx, f"http://127.0.0.1:{resetting_port}/v1")) == ("broken", "connection-reset")


@pytest.mark.parametrize(
    ("kind", "finding"), [("good", "tls-untrusted"), ("expired", "tls-expired"), ("wrong-host", "tls-hostname")]
)
async def test_a_certificate_that_cannot_be_accepted(
    ctx: Context, tls_server: StartTls, kind: str, finding: str
) -> None:
    server = tls_server(kind)
    ca_file = None if kind == "good" else str(server.ca_file)
    report = await probe(ctx, f"{server.origin}/v1", ca_file=ca_file)
    assert first(report) == ("broken", finding)
    tls = report.exchanges[0].tls
    assert tls is not None and "trustme" in tls.issuer
    fix = report.findings[0].fix
    assert fix is not None and "verification" not in fix.text


async def test_a_private_authority_that_is_named(ctx: Context, tls_server: StartTls) -> None:
    server = tls_server("good")
    report = await probe(ctx, f"{server.origin}/v1", ca_file=str(server.ca_file))
    step = next(s for s in report.steps if s.code == "tls")
    assert step.verdict == "ok" and "TLS 1.3" in step.because


async def test_a_private_authority_in_the_environment(ctx: Context, tls_server: StartTls) -> None:
    server = tls_server("good")
    ctx.env["SSL_CERT_FILE"] = str(server.ca_file)
    report = await probe(ctx, f"{server.origin}/v1")
    assert next(s for s in report.steps if s.code == "tls").verdict == "ok"


async def test_https_to_a_plain_port(ctx: Context, demo_port: int) -> None:
    report = await probe(ctx, f"https://127.0.0.1:{demo_port}/v1")
    assert first(report) == ("broken", "tls-not-tls")
    assert report.findings[0].fix is not None
    assert report.findings[0].fix.patch == {"endpoint.base_url": f"http://127.0.0.1:{demo_port}/v1"}


async def test_http_to_a_tls_port(ctx: Context, tls_server: StartTls) -> None:
    server = tls_server("good")
    report = await probe(ctx, f"http://127.0.0.1:{server.port}/v1")
    assert report.verdict == "broken"
    assert report.findings[0].kind in ("connection-reset", "not-an-api", "https-needed")


@pytest.fixture
def demo_port() -> object:
    from ccswitch_tui.demo.provider import DemoProvider

    with DemoProvider(key=KEY) as provider:
        yield int(provider.origin.rpartition(":")[2])


# ---------------------------------------------------------------- HTTP proxies


@pytest.mark.real
async def test_tinyproxy_with_a_password_not_given(ctx: Context, tls_server: StartTls, tmp_path: Path) -> None:
    server = tls_server("good")
    with tinyproxy(tmp_path, password="s3cret") as proxy:
        report = await probe(ctx, f"{server.origin}/v1", http_proxy=proxy.url(), ca_file=str(server.ca_file))
    assert first(report) == ("broken", "proxy-auth")
    assert f"http://127.0.0.1:{proxy.port}" in report.findings[0].because


@pytest.mark.real
async def test_tinyproxy_with_its_password(ctx: Context, tls_server: StartTls, tmp_path: Path) -> None:
    server = tls_server("good")
    with tinyproxy(tmp_path, password="s3cret") as proxy:
        url = proxy.url("corp:s3cret")
        report = await probe(ctx, f"{server.origin}/v1", http_proxy=url, ca_file=str(server.ca_file))
    assert {s.code: s.verdict for s in report.steps}["tls"] == "ok"
    assert "s3cret" not in repr(report)


@pytest.mark.real
async def test_tinyproxy_on_plain_http_wants_its_password(ctx: Context, demo_port: int, tmp_path: Path) -> None:
    with tinyproxy(tmp_path, password="s3cret") as proxy:
        report = await probe(ctx, f"http://127.0.0.1:{demo_port}/v1", http_proxy=proxy.url())
        assert first(report) == ("broken", "proxy-auth")
        report = await probe(ctx, f"http://127.0.0.1:{demo_port}/v1", http_proxy=proxy.url("corp:s3cret"))
        assert next(s for s in report.steps if s.code == "http").verdict == "ok"


@pytest.mark.real
async def test_tinyproxy_that_forbids_the_port(ctx: Context, tls_server: StartTls, tmp_path: Path) -> None:
    server = tls_server("good")
    with tinyproxy(tmp_path, connect_port=443) as proxy:
        report = await probe(ctx, f"{server.origin}/v1", http_proxy=proxy.url(), ca_file=str(server.ca_file))
    assert first(report) == ("broken", "proxy-refused")


@pytest.mark.real
async def test_squid_that_forbids(ctx: Context, tls_server: StartTls, tmp_path: Path) -> None:
    server = tls_server("good")
    with squid(tmp_path, allow=False) as proxy:
        report = await probe(ctx, f"{server.origin}/v1", http_proxy=proxy.url(), ca_file=str(server.ca_file))
    assert first(report) == ("broken", "proxy-refused")


@pytest.mark.real
async def test_squid_that_cannot_reach_the_host(ctx: Context, tmp_path: Path) -> None:
    with squid(tmp_path) as proxy:
        report = await probe(ctx, "https://no-such-host.invalid/v1", http_proxy=proxy.url())
    assert first(report) == ("broken", "proxy-cannot-reach")


async def test_a_proxy_that_is_gone(ctx: Context, free_port: int) -> None:
    report = await probe(ctx, "https://api.example.invalid/v1", http_proxy=f"http://127.0.0.1:{free_port}")
    assert first(report) == ("broken", "proxy-unreachable")


async def test_a_proxy_of_the_environment_is_used_and_no_proxy_exempts(ctx: Context, free_port: int) -> None:
    ctx.env["HTTPS_PROXY"] = f"http://127.0.0.1:{free_port}"
    assert first(await probe(ctx, "https://api.example.invalid/v1"))[1] == "proxy-unreachable"
    ctx.env["NO_PROXY"] = ".example.invalid"
    assert first(await probe(ctx, "https://api.example.invalid/v1"))[1] == "dns-failed"


async def test_a_proxy_that_cannot_be_used_is_said_to_be_the_setting(ctx: Context) -> None:
    report = await probe(ctx, "https://api.example.invalid/v1", http_proxy="socks4://127.0.0.1:1080")
    assert first(report) == ("broken", "setting-unusable")


async def test_a_socks_proxy_that_is_gone(ctx: Context, free_port: int) -> None:
    report = await probe(ctx, "https://api.example.invalid/v1", http_proxy=f"socks5h://127.0.0.1:{free_port}")
    assert first(report) == ("broken", "proxy-unreachable")


@pytest.mark.real
@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
async def test_a_socks_proxy_leads_to_the_endpoint_and_its_certificate_is_checked(
    ctx: Context, tls_server: StartTls, scheme: str
) -> None:
    server = tls_server("good")
    with microsocks(password="s3cret") as proxy:
        way = proxy.url("corp:s3cret", scheme)
        report = await probe(ctx, f"{server.origin}/v1", http_proxy=way)
        assert first(report) == ("broken", "tls-untrusted")
        assert report.exchanges[0].tls is not None and report.exchanges[0].tls.issuer
        report = await probe(ctx, f"{server.origin}/v1", http_proxy=way, ca_file=str(server.ca_file))
        steps = {s.code: s for s in report.steps}
        assert (steps["tcp"].verdict, steps["tls"].verdict) == ("ok", "ok")
        assert "socks5" in steps["tcp"].because and "s3cret" not in str(report)


@pytest.mark.real
async def test_a_socks_proxy_wants_a_password(ctx: Context, tls_server: StartTls) -> None:
    server = tls_server("good")
    with microsocks(password="s3cret") as proxy:
        for user in ("", "corp:wrong"):
            report = await probe(ctx, f"{server.origin}/v1", http_proxy=proxy.url(user))
            assert first(report) == ("broken", "proxy-auth")
            assert "wrong" not in str(report)


@pytest.mark.real
async def test_a_socks_proxy_cannot_reach_the_host(ctx: Context, free_port: int) -> None:
    with microsocks() as proxy:
        report = await probe(ctx, f"https://127.0.0.1:{free_port}/v1", http_proxy=proxy.url())
        assert first(report) == ("broken", "proxy-cannot-reach")
        report = await probe(ctx, "https://api.example.invalid/v1", http_proxy=proxy.url(scheme="socks5"))
        assert first(report) == ("broken", "dns-failed")


@pytest.mark.real
async def test_mitmproxy_opens_the_encryption(ctx: Context, tls_server: StartTls, tmp_path: Path) -> None:
    server = tls_server("good")
    with mitmproxy(tmp_path) as proxy:
        report = await probe(ctx, f"{server.origin}/v1", http_proxy=proxy.url())
        assert first(report) == ("broken", "tls-intercepted")
        assert "mitmproxy" in report.findings[0].because
        report = await probe(ctx, f"{server.origin}/v1", http_proxy=proxy.url(), ca_file=str(proxy.ca_file))
        assert {s.code: s.verdict for s in report.steps}["tls"] == "warn"


@pytest.mark.real
async def test_mitmproxy_wants_a_password(ctx: Context, tls_server: StartTls, tmp_path: Path) -> None:
    server = tls_server("good")
    with mitmproxy(tmp_path, password="s3cret") as proxy:
        report = await probe(ctx, f"{server.origin}/v1", http_proxy=proxy.url())
    assert first(report) == ("broken", "proxy-auth")


# ---------------------------------------------------------------- a real model server, the real client


@pytest.mark.real
async def test_a_real_llama_server_works_and_speaks_both_formats(
    ctx: Context, llama_server: LlamaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "AFTER_HANG_S", LOCAL_PATIENCE_S)  # one slot, one thread: slow is not hanging
    monkeypatch.setattr("ccswitch_tui.workflows.examine.PATIENCE_S", LOCAL_PATIENCE_S)
    profile = Profile("work", Endpoint(llama_server.base_url, "openai-chat"), models=ModelTiers(default="smollm2"))
    report = await examine(ctx, profile, Secret(llama_server.key), ladder="default")
    steps = {s.code: s.verdict for s in report.steps}
    assert (steps["auth"], steps["message"], steps["stream"]) == ("ok", "ok", "ok")
    assert "native-available" in [f.kind for f in report.findings]
    assert report.verdict in ("translate", "limited")  # a model this small may not call tools
    wrong = await examine(ctx, profile, Secret("sk-example-wrong-000001"), ladder="quick")
    assert first(wrong) == ("broken", "auth-invalid")


@pytest.mark.real
async def test_a_real_llama_server_natively(ctx: Context, llama_server: LlamaServer) -> None:
    profile = Profile("work", Endpoint(llama_server.origin, "anthropic"), models=ModelTiers(default="smollm2"))
    report = await examine(ctx, profile, Secret(llama_server.key), ladder="quick")
    assert report.verdict == "native"


@pytest.mark.real
async def test_the_real_claude_code_climbs_the_last_rung(ctx: Context, claude_code: Path) -> None:
    from ccswitch_tui.demo.provider import DemoProvider

    ctx.env["PATH"] = f"{claude_code.parent}:/usr/bin:/bin"
    with DemoProvider(key=KEY) as provider:
        spot = Endpoint(provider.base_url, "openai-chat")
        profile = Profile("work", spot, models=ModelTiers(default="demo-large"))
        report = await examine(ctx, profile, KEY, ladder="full")
    step = next(s for s in report.steps if s.code == "claude")
    assert step.verdict == "ok", step
    assert report.verdict == "translate"
