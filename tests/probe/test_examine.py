"""Probing for real over loopback: the demo provider healthy and with faults; fixes applied, quirks kept."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccswitch_tui.demo.provider import DemoProvider
from ccswitch_tui.errors import UsageError
from ccswitch_tui.findings import Fix
from ccswitch_tui.probe.model import BUDGETS, LADDERS, ProbeReport, Step
from ccswitch_tui.profiles.model import Endpoint, ModelTiers, Profile, SecretRef, Timeouts
from ccswitch_tui.profiles.store import save_profile
from ccswitch_tui.workflows.context import Context
from ccswitch_tui.workflows.examine import _patience_s, examine
from ccswitch_tui.workflows.learning import apply_fix, learn
from ccswitch_tui.workflows.reports import last_report
from kit import bad_endpoints


@pytest.fixture(scope="module")
def provider() -> Iterator[DemoProvider]:
    with DemoProvider(patience_s=0.2) as running:
        yield running


@pytest.fixture
def ctx(home: Path) -> Context:
    return Context({"HOME": str(home), "PATH": "/usr/bin:/bin"})


def profile(base_url: str, **more: object) -> Profile:
    made = Profile("work", Endpoint(base_url, "openai-chat"), models=ModelTiers(default="demo-large"))
    return made._replace(**more)  # type: ignore[arg-type]


async def probe(ctx: Context, provider: DemoProvider, fault: str = "", ladder: str = "default") -> ProbeReport:
    base = provider.base_url_with(fault) if fault else provider.base_url
    return await examine(ctx, profile(base), provider.key, ladder=ladder)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "stays"),
    [({}, True), ({"models": ModelTiers(default="demo-small")}, False), ({"key": SecretRef("env", "K")}, True)],
)
async def test_a_quick_look_keeps_what_a_longer_one_found_of_the_same_model(
    ctx: Context, provider: DemoProvider, change: dict[str, object], stays: bool
) -> None:
    """Of another model it says nothing: its tools were never tried."""
    work = profile(provider.base_url_with("no-tools"))
    save_profile(ctx.paths, work)
    assert "no-tools" in [f.kind for f in (await examine(ctx, work, provider.key)).findings]
    await examine(ctx, work._replace(**change), provider.key, ladder="quick")  # type: ignore[arg-type]
    kept = last_report(ctx, "work")
    assert kept is not None
    assert ("no-tools" in [f.kind for f in kept.findings], kept.ladder == "default") == (stays, stays)


async def test_a_healthy_endpoint_works_to_the_end_of_every_ladder(ctx: Context, provider: DemoProvider) -> None:
    for ladder in ("quick", "default", "full"):
        report = await probe(ctx, provider, ladder=ladder)
        assert report.verdict == "translate", report.findings
        assert [s.code for s in report.steps] == list(LADDERS[ladder])
        assert not [s for s in report.steps if s.verdict == "fail"]
        assert report.requests <= BUDGETS[ladder]


@pytest.mark.parametrize(
    ("fault", "verdict", "kind"),
    [
        ("html", "broken", "not-an-api"),
        ("blocked", "broken", "gateway-blocked"),
        ("redirect", "broken", "redirected"),
        ("no-route", "broken", "endpoint-not-found"),
        ("get-only", "broken", "method-not-allowed"),
        ("bad-key", "broken", "auth-invalid"),
        ("forbidden", "broken", "auth-forbidden"),
        ("client", "broken", "client-refused"),
        ("region", "broken", "region-blocked"),
        ("quota", "broken", "quota-exhausted"),
        ("overloaded", "broken", "overloaded"),
        ("server-error", "broken", "server-error"),
        ("bad-gateway", "broken", "server-error"),
        ("forbidden-model", "broken", "model-forbidden"),
        ("empty", "broken", "empty-answer"),
        ("error-in-200", "broken", "server-error"),
        ("wrong-shape", "broken", "bad-format"),
        ("x-api-key", "translate", "auth-header-style"),
        ("max-completion-tokens", "translate", "unsupported-parameter"),
        ("no-stream-options", "translate", "unsupported-parameter"),
        ("no-null-content", "translate", "unsupported-parameter"),
        ("reasoning-echo", "translate", "reasoning-echo-required"),
        ("no-streaming", "translate", "no-streaming"),
        ("stream-refused", "translate", "no-streaming"),
        ("cut", "limited", "stream-malformed"),
        ("no-end", "limited", "stream-malformed"),
        ("garbled", "limited", "stream-malformed"),
        ("no-tools", "limited", "no-tools"),
        ("ignores-tools", "limited", "no-tools"),
        ("tools-as-text", "limited", "tools-malformed"),
        ("broken-arguments", "limited", "tools-malformed"),
        ("no-usage", "translate", "no-usage"),
        ("other-models", "translate", "model-not-listed"),
    ],
)
async def test_each_fault_of_the_demo_provider_is_named(
    ctx: Context, provider: DemoProvider, fault: str, verdict: str, kind: str
) -> None:
    report = await probe(ctx, provider, fault)
    assert (report.verdict, report.findings[0].kind) == (verdict, kind), report.findings
    assert report.requests <= BUDGETS["default"]


@pytest.mark.parametrize(
    ("fault", "step", "verdict"),
    [
        ("max-tokens-8192", "long", "ok"),
        ("small-body", "size", "fail"),
        ("small-context", "size", "fail"),
        ("one-call", "parallel", "warn"),
    ],
)
async def test_the_full_ladder_finds_what_only_it_can(
    ctx: Context, provider: DemoProvider, fault: str, step: str, verdict: str
) -> None:
    report = await probe(ctx, provider, fault, "full")
    assert {s.code: s.verdict for s in report.steps}[step] == verdict


async def test_steps_arrive_as_they_finish_each_once_and_in_order(ctx: Context, provider: DemoProvider) -> None:
    seen: list[Step] = []
    report = await examine(ctx, profile(provider.base_url), provider.key, on_step=seen.append)
    assert sorted(s.code for s in seen) == sorted(s.code for s in report.steps)
    assert [s.code for s in seen][:8] == list(LADDERS["quick"])


@pytest.mark.parametrize(
    ("base_url", "timeouts", "patience_s"),
    [
        ("https://api.example.com/v1", Timeouts(), 25.0),
        ("http://127.0.0.1:11434/v1", Timeouts(), 60.0),
        ("http://gpu.lan:1234/v1", Timeouts(), 60.0),
        ("https://api.example.com:1234/v1", Timeouts(), 25.0),
        ("https://api.example.com/v1", Timeouts(first_byte_s=3000.0), 60.0),
        ("http://127.0.0.1:11434/v1", Timeouts(first_byte_s=5.0), 5.0),
    ],
)
def test_patience_suits_the_address_and_the_profile(base_url: str, timeouts: Timeouts, patience_s: float) -> None:
    assert _patience_s(profile(base_url, endpoint=Endpoint(base_url, "openai-chat", timeouts=timeouts))) == patience_s


async def test_a_probe_can_be_cancelled_at_any_moment(ctx: Context) -> None:
    with bad_endpoints.endpoint(bad_endpoints.silence) as origin:
        task = asyncio.create_task(examine(ctx, profile(f"{origin}/v1"), None))
        await asyncio.sleep(0.2)
        started = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - started < 2


async def test_nothing_of_a_report_holds_the_key(ctx: Context, provider: DemoProvider, home: Path) -> None:
    save_profile(ctx.paths, profile(provider.base_url))
    report = await probe(ctx, provider)
    key = provider.key.reveal()
    assert key not in json.dumps(report.to_json())
    for file in home.rglob("*"):
        if file.is_file():
            assert key.encode() not in file.read_bytes(), file


async def test_the_last_report_of_a_profile_is_kept_and_read_back(ctx: Context, provider: DemoProvider) -> None:
    save_profile(ctx.paths, profile(provider.base_url))
    report = await probe(ctx, provider, ladder="quick")
    kept = last_report(ctx, "work")
    assert kept is not None
    assert (kept.verdict, kept.steps[0], kept.at) == (report.verdict, report.steps[0], report.at)
    assert kept.verdict == "translate"


async def test_an_address_that_is_no_profile_leaves_no_file(ctx: Context, provider: DemoProvider, home: Path) -> None:
    await probe(ctx, provider, ladder="quick")
    assert [p for p in home.rglob("*") if p.is_file()] == []


async def test_a_key_given_for_another_host_is_not_sent(ctx: Context, provider: DemoProvider) -> None:
    before = len(provider.requests)
    with pytest.raises(UsageError, match="was given for"):
        await examine(ctx, profile(provider.base_url, key_host="other.example"), provider.key)
    assert len(provider.requests) == before


# ---------------------------------------------------------------- fixes and quirks


async def test_the_fix_of_a_finding_mends_the_profile(ctx: Context, provider: DemoProvider) -> None:
    save_profile(ctx.paths, profile(provider.origin))
    report = await examine(ctx, ctx.book().get("work"), provider.key, ladder="quick")
    fix = next(f.fix for f in report.findings if f.fix and f.fix.patch)
    assert apply_fix(ctx, "work", fix).endpoint.base_url == provider.base_url
    again = await examine(ctx, ctx.book().get("work"), provider.key, ladder="quick")
    assert again.verdict == "translate"


def test_a_fix_without_a_patch_says_what_to_do_instead(ctx: Context) -> None:
    with pytest.raises(UsageError) as caught:
        apply_fix(ctx, "work", Fix("start the server"))
    assert caught.value.hint == "start the server"


async def test_learned_quirks_are_kept_with_where_they_came_from(ctx: Context, provider: DemoProvider) -> None:
    save_profile(ctx.paths, profile(provider.base_url_with("max-completion-tokens")))
    report = await examine(ctx, ctx.book().get("work"), provider.key)
    learn(ctx, "work", report)
    kept = ctx.book().get("work").quirks["max_tokens_field"]
    assert (kept["value"], kept["from"]) == ("max_completion_tokens", "probe")
    assert "max_completion_tokens" in kept["because"]
    again = await examine(ctx, ctx.book().get("work"), provider.key)
    assert (again.findings, again.quirks) == ((), ())


async def test_a_quirk_that_is_no_longer_so_is_forgotten(ctx: Context, provider: DemoProvider) -> None:
    quirk = {"stop_limit": {"value": 0, "from": "probe", "at": "2026-01-01", "because": "it was so"}}
    save_profile(ctx.paths, profile(provider.base_url, quirks=quirk))
    report = await examine(ctx, ctx.book().get("work"), provider.key, ladder="full")
    assert report.disproved == ("stop_limit",)
    learn(ctx, "work", report)
    assert "stop_limit" not in ctx.book().get("work").quirks


async def test_a_quirk_set_by_hand_stays(ctx: Context, provider: DemoProvider) -> None:
    save_profile(ctx.paths, profile(provider.base_url, quirks={"stop_limit": 2}))
    report = await examine(ctx, ctx.book().get("work"), provider.key, ladder="full")
    learn(ctx, "work", report)
    assert ctx.book().get("work").quirks["stop_limit"] == 2


async def test_a_healthy_endpoint_takes_hardly_longer_than_its_requests(ctx: Context, provider: DemoProvider) -> None:
    report = await probe(ctx, provider, ladder="quick")
    requests_ms = sum(e.timings.total for e in report.exchanges)
    assert report.took_ms < requests_ms * 1.2 + 50  # 50 ms: a busy machine, not a bar
