"""`probe` and `explain` as a shell sees them: exit codes, JSON, Markdown, nothing saved, no key anywhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccswitch_tui.cli.main import main
from ccswitch_tui.demo.provider import DemoProvider
from ccswitch_tui.workflows.context import Context


@pytest.fixture(scope="module")
def provider() -> Iterator[DemoProvider]:
    with DemoProvider(patience_s=0.2) as running:
        yield running


@pytest.fixture
def ctx(home: Path, provider: DemoProvider) -> Context:
    return Context({"HOME": str(home), "PATH": "/usr/bin:/bin", "MY_KEY": provider.key.reveal()})


def probe(ctx: Context, provider: DemoProvider, *options: str, fault: str = "") -> int:
    base = provider.base_url_with(fault) if fault else provider.base_url
    return main(["probe", "--url", base, "--key", "env:MY_KEY", "--model", "demo-large", *options], ctx)


@pytest.mark.parametrize(
    ("fault", "code"),
    [("", 0), ("max-completion-tokens", 0), ("no-tools", 1), ("html", 3), ("quota", 3), ("bad-key", 4)],
)
def test_the_exit_code_says_what_the_verdict_means(
    ctx: Context, provider: DemoProvider, fault: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert probe(ctx, provider, fault=fault) == code


def test_the_json_has_the_documented_fields_and_no_key(
    ctx: Context, provider: DemoProvider, capsys: pytest.CaptureFixture[str]
) -> None:
    assert probe(ctx, provider, "--json", fault="no-tools") == 1
    out = capsys.readouterr().out
    report = json.loads(out)
    assert report["version"] == 1
    assert {"profile", "base_url", "at", "verdict", "steps", "findings", "quirks", "exchanges"} <= set(report)
    assert {"code", "title", "verdict", "took_ms", "proves", "because", "finding"} <= set(report["steps"][0])
    finding = report["findings"][0]
    assert {"kind", "code", "severity", "title", "because", "fix", "evidence"} <= set(finding)
    assert {"text", "commands", "patch"} <= set(finding["fix"])
    assert provider.key.reveal() not in out
    ids = {exchange["id"] for exchange in report["exchanges"]}
    assert set(finding["evidence"]) <= ids
    assert "$API_KEY" in report["exchanges"][1]["curl"]


def test_markdown_holds_the_evidence_and_no_key(
    ctx: Context, provider: DemoProvider, capsys: pytest.CaptureFixture[str]
) -> None:
    probe(ctx, provider, "--markdown", fault="bad-key")
    out = capsys.readouterr().out
    assert out.startswith("## Probe of")
    assert "curl -sS" in out and "$API_KEY" in out
    assert provider.key.reveal() not in out


@pytest.mark.parametrize(
    ("depth", "said"),
    [
        ("--quick", "; streaming, tool calls and request size not tested (--full tests everything)"),
        (None, "; request size not tested (--full tests everything)"),
        ("--full", ""),
    ],
)
def test_works_does_not_promise_what_was_not_tested(
    ctx: Context, provider: DemoProvider, depth: str | None, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert probe(ctx, provider, *([depth] if depth else [])) == 0
    line = capsys.readouterr().out.splitlines()[-1]
    assert "works, translated by our proxy" in line
    assert re.search(r"\d+ requests, [\d.]+ m?s" + re.escape(said) + "$", line), line


def test_verbose_shows_every_exchange_as_curl_would(
    ctx: Context, provider: DemoProvider, capsys: pytest.CaptureFixture[str]
) -> None:
    probe(ctx, provider, "--quick", "--verbose")
    out = capsys.readouterr().out
    assert "> GET /v1/models HTTP/1.1" in out and "< HTTP/1.1 401" in out
    assert provider.key.reveal() not in out


def test_probing_an_address_saves_nothing(
    ctx: Context, provider: DemoProvider, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    probe(ctx, provider, "--full")
    assert [p for p in home.rglob("*") if p.is_file()] == []


@pytest.mark.parametrize(
    "words",
    [
        ["probe"],
        ["probe", "work", "--url", "https://x.example"],
        ["probe", "nobody"],
        ["probe", "--learn", "--url", "https://x.example"],
    ],
)
def test_what_does_not_make_sense_is_a_usage_error(
    ctx: Context, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words, ctx) == 2


def test_explain_reads_an_argument_and_answers_in_json(ctx: Context, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "--json", "curl: (60) SSL certificate problem"], ctx) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["version"] == 1
    assert shown["explanations"][0]["rung"] == "tls"


def test_explain_says_when_it_does_not_know(ctx: Context, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "the moon is full"], ctx) == 1


def test_explain_proves_with_a_profile(
    ctx: Context, provider: DemoProvider, capsys: pytest.CaptureFixture[str]
) -> None:
    from ccswitch_tui.profiles.model import Endpoint, ModelTiers, Profile, SecretRef
    from ccswitch_tui.profiles.store import save_profile

    made = Profile("work", Endpoint(provider.base_url_with("bad-key"), "openai-chat"), SecretRef("env", "MY_KEY"),
                   models=ModelTiers(default="demo-large"))  # fmt: skip
    save_profile(ctx.paths, made)
    assert main(["explain", "--profile", "work", "Failed to authenticate. API Error: 401 nope"], ctx) == 0
    out = capsys.readouterr().out
    assert "the endpoint does not accept the key" in out
