"""What a probe says to run is run, and then it is asked again: the finding is gone."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, cast

import pytest
import trustme

from ccswitch_tui.cli.main import main
from ccswitch_tui.demo.faults import FAULTS, Fault, error
from ccswitch_tui.demo.provider import DemoProvider
from ccswitch_tui.demo.speech import Manner
from ccswitch_tui.secret import Secret
from ccswitch_tui.workflows.context import Context
from kit.fixes import carry_out, ctx, found, provider
from kit.net import TlsServer, free_port_number, is_listening, wait_until
from kit.parts import need_part
from kit.proxies import tinyproxy

__all__ = ["ctx", "provider"]


class Wrong(NamedTuple):
    """A profile that does not work, made by a hand in profiles.toml, and what a person fills into the commands."""

    kind: str
    change: Callable[[DemoProvider], tuple[str, str]]
    """What is replaced by what in the profile's table."""
    fill: dict[str, str] = {}


def at(path: str) -> Callable[[DemoProvider], tuple[str, str]]:
    return lambda provider: (provider.base_url, provider.origin + path)


def fault(name: str) -> Callable[[DemoProvider], tuple[str, str]]:
    return lambda provider: (provider.base_url, provider.base_url_with(name))


def instead(old: str, new: str) -> Callable[[DemoProvider], tuple[str, str]]:
    return lambda provider: (old, new)


CASES = [
    Wrong("url-version-missing", at("")),
    Wrong("url-version-doubled", at("/v1/v1")),
    Wrong("url-version-surplus", at("/v1/v2")),
    Wrong("url-suffix", at("/v1/chat/completions")),
    Wrong("url-other", at("/v2")),
    Wrong("wire-mismatch", instead("openai-chat", "anthropic")),
    Wrong("tls-not-tls", instead("http://", "https://")),
    Wrong("auth-missing", instead("env:KEY", "none")),
    Wrong("auth-invalid", instead("env:KEY", "env:WRONG")),
    Wrong("key-unsendable", instead("env:KEY", "keyring:odd")),
    Wrong("auth-header-style", fault("x-api-key")),
    Wrong("model-not-found", instead("demo-large", "no-such-model"), {"MODEL": "demo-large"}),
    Wrong("model-forbidden", fault("one-forbidden"), {"MODEL": "demo-small"}),
    Wrong("unsupported-parameter", fault("max-completion-tokens")),
    Wrong("no-streaming", fault("stream-refused")),
    Wrong("reasoning-echo-required", fault("reasoning-echo")),
    Wrong("thinks-first", fault("untagged")),
]

OTHERS = {"timeout", "https-needed", "tls-untrusted", "tls-intercepted", "tls-client-certificate", "proxy-auth",
          "proxy-required", "proxy-unreachable", "model-missing", "quota-exhausted"}  # fmt: skip
"""Of tests below that are not in the table."""

PROVED = {case.kind for case in CASES} | OTHERS


def changed(ctx: Context, old: str, new: str) -> None:
    profiles = Path(ctx.paths.profiles)
    before = profiles.read_text()
    assert old in before
    profiles.write_text(before.replace(old, new))


def move(ctx: Context, base_url: str) -> None:
    """To another server, which the key is for."""
    changed(ctx, ctx.book().get("work").endpoint.base_url.removesuffix("/v1"), base_url.removesuffix("/v1"))


@pytest.fixture
def more_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the demo's: one of its two models is not for this key; its thinking begins without a tag."""
    words = error(403, "You are not allowed to use this model.", "invalid_request_error", "model_not_allowed")
    one = Fault("refuses one model", judge=lambda body: words if body.get("model") == "demo-large" else None)
    faults = cast("dict[str, Fault]", FAULTS)
    monkeypatch.setitem(faults, "one-forbidden", one)
    untagged = Manner(reasoning_field="", thinks=True, opening_tag=False)
    monkeypatch.setitem(faults, "untagged", Fault("thinks without a tag", manner=untagged))


@pytest.mark.parametrize("case", CASES, ids=[case.kind for case in CASES])
def test_a_probes_commands_mend_what_it_found(
    ctx: Context,
    provider: DemoProvider,
    more_faults: None,
    case: Wrong,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ctx.env["WRONG"] = "sk-example-not-the-right-one-01"
    assert ctx.given_store is not None
    ctx.given_store.set("odd", Secret("sk-example-with\u2026-in-it"))
    changed(ctx, *case.change(provider))
    before = found(ctx, capsys, "probe", "work")
    assert before.get(case.kind), before
    for command in before[case.kind]:
        carry_out(ctx, command, monkeypatch, case.fill)
    assert not found(ctx, capsys, "probe", "work").get(case.kind)  # said once more at most, with nothing left to do


def test_more_patience_mends_a_slow_answer(ctx: Context, capsys: pytest.CaptureFixture[str]) -> None:
    with DemoProvider(key=Secret(ctx.env["KEY"]), patience_s=2.0) as slow:
        move(ctx, slow.base_url_with("slow"))
        (command,) = found(ctx, capsys, "probe", "work", "--quick", "--patience", "1")["timeout"]
        assert "timeout" not in found(ctx, capsys, *command.split()[1:], "--quick")


def test_another_profile_mends_an_empty_account(
    ctx: Context, provider: DemoProvider, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    main(["copy", "work", "other"], ctx)
    main(["use", "other"], ctx)
    main(["edit", "work", "--set", f"endpoint.base_url={provider.base_url_with('quota')}"], ctx)
    main(["use", "work"], ctx)
    assert main(["current", "--verify"], ctx) != 0
    for command in found(ctx, capsys, "probe", "work")["quota-exhausted"]:
        carry_out(ctx, command, monkeypatch)
    assert main(["current", "--verify"], ctx) == 0


def test_a_model_that_is_named_mends_a_profile_without_one(
    ctx: Context, provider: DemoProvider, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    main(["edit", "work", "--unset", "models.default", "--set",
          f"endpoint.base_url={provider.base_url_with('no-models')}"], ctx)  # fmt: skip
    for command in found(ctx, capsys, "probe", "work")["model-missing"]:
        carry_out(ctx, command, monkeypatch, {"MODEL": "demo-large"})
    assert "model-missing" not in found(ctx, capsys, "probe", "work")


# ---------------------------------------------------------------- certificates


@pytest.mark.parametrize("issuer", ["", "Zscaler Intermediate Root CA"])
def test_the_authoritys_certificate_mends_what_is_not_trusted(
    ctx: Context, issuer: str, tls_server: Callable[..., TlsServer], capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    server = tls_server("good", authority_of=issuer)
    kind = "tls-intercepted" if issuer else "tls-untrusted"
    move(ctx, f"{server.origin}/v1")
    for command in found(ctx, capsys, "probe", "work", "--quick")[kind]:
        carry_out(ctx, command, monkeypatch, {"/PATH/TO/CA.pem": str(server.ca_file)})
    assert not found(ctx, capsys, "probe", "work", "--quick").get(kind)  # who opens it is told, as a fact, once more


NGINX = """
daemon off; pid {folder}/pid; error_log {folder}/errors;
events {{}}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.pem;
    ssl_client_certificate {folder}/ca.pem; ssl_verify_client {wants};
    location / {{ proxy_pass {behind}; }}
  }}
}}
"""


@contextlib.contextmanager
def nginx_before(behind: str, folder: Path, *, wants_a_certificate: bool) -> Iterator[str]:
    """The endpoint, behind TLS; its origin. Beside it `ca.pem`, and `me.pem` for clients."""
    authority, port = trustme.CA(), free_port_number()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    authority.issue_cert("me@example.com").private_key_and_cert_chain_pem.write_to_path(str(folder / "me.pem"))
    wants = "on" if wants_a_certificate else "off"
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port, behind=behind, wants=wants))
    words = [need_part("nginx"), "-c", str(folder / "nginx.conf"), "-e", str(folder / "errors")]
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: is_listening(port), 20, "nginx")
            yield f"https://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(15)


@pytest.mark.real
def test_https_mends_http_on_a_port_that_wants_it(
    ctx: Context, provider: DemoProvider, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    with nginx_before(provider.origin, tmp_path, wants_a_certificate=False) as origin:
        main(["edit", "work", "--set", f"endpoint.ca_file={tmp_path}/ca.pem"], ctx)
        move(ctx, f"{origin.replace('https', 'http')}/v1")
        for command in found(ctx, capsys, "probe", "work", "--quick")["https-needed"]:
            carry_out(ctx, command, monkeypatch)
        assert found(ctx, capsys, "probe", "work", "--quick") == {}


@pytest.mark.real
def test_a_client_certificate_mends_a_server_that_requires_one(
    ctx: Context, provider: DemoProvider, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    with nginx_before(provider.origin, tmp_path, wants_a_certificate=True) as origin:
        main(["edit", "work", "--set", f"endpoint.ca_file={tmp_path}/ca.pem"], ctx)
        move(ctx, f"{origin}/v1")
        own = f"{tmp_path}/me.pem"
        for command in found(ctx, capsys, "probe", "work", "--quick")["tls-client-certificate"]:
            carry_out(ctx, command, monkeypatch, {"/PATH/TO/CERT.pem": own, "/PATH/TO/KEY.pem": own})
        assert found(ctx, capsys, "probe", "work", "--quick") == {}


# ---------------------------------------------------------------- HTTP proxies


def test_going_without_a_proxy_that_is_gone(
    ctx: Context, free_port: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    main(["edit", "work", "--set", f"endpoint.http_proxy=http://127.0.0.1:{free_port}"], ctx)
    ctx.env["HTTPS_PROXY"] = f"http://127.0.0.1:{free_port}"
    for command in found(ctx, capsys, "probe", "work", "--quick")["proxy-unreachable"]:
        carry_out(ctx, command, monkeypatch)
    assert "HTTPS_PROXY" not in ctx.env
    assert found(ctx, capsys, "probe", "work", "--quick") == {}


@pytest.mark.real
def test_user_and_password_mend_a_proxy_that_asks_for_them(
    ctx: Context, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with tinyproxy(tmp_path, password="s3cret") as proxy:
        main(["edit", "work", "--set", f"endpoint.http_proxy={proxy.url()}"], ctx)
        fill = {"USER:PASSWORD": "corp:s3cret", "PROXY:PORT": f"127.0.0.1:{proxy.port}"}
        for command in found(ctx, capsys, "probe", "work", "--quick")["proxy-auth"]:
            carry_out(ctx, command, monkeypatch, fill)
        assert "proxy-auth" not in found(ctx, capsys, "probe", "work", "--quick")
