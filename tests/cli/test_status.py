"""`status`: one look, and exit code 1 when anything in it is bad."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ccswitch_tui.cli.main import main
from ccswitch_tui.demo.provider import DemoProvider
from ccswitch_tui.workflows.context import Context


@pytest.fixture
def provider() -> Iterator[DemoProvider]:
    with DemoProvider() as provider:
        yield provider


@pytest.fixture
def ctx(tmp_path: Path, provider: DemoProvider) -> Iterator[Context]:
    env = {"HOME": str(tmp_path), "CCSWITCH_HOME": str(tmp_path / "ours"), "PATH": os.environ["PATH"],
           "KEY": provider.key.reveal()}  # fmt: skip
    ctx = Context(env, cwd=str(tmp_path))
    words = ["add", "work", "--url", provider.base_url, "--model", "demo-large", "--wire", "openai-chat", "--key",
             "env:KEY", "--no-probe"]  # fmt: skip
    assert main(words, ctx) == 0
    yield ctx
    ctx.proxy.stop(at_once=True)


def look(ctx: Context, capsys: pytest.CaptureFixture[str], code: int = 0) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["status", "--json"], ctx) == code
    shown: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert shown["ok"] is (code == 0)
    return {point["name"]: point for point in shown["points"]} | {"": shown}


def test_nothing_in_use_is_nothing_bad(ctx: Context, capsys: pytest.CaptureFixture[str]) -> None:
    assert look(ctx, capsys)["settings"]["verdict"] == "skip"


def test_all_is_well_and_said_so_for_people_and_for_programs(ctx: Context, capsys: pytest.CaptureFixture[str]) -> None:
    main(["use", "work"], ctx)
    main(["probe", "work", "--quick"], ctx)
    ctx.proxy.ensure_running()
    found = look(ctx, capsys)
    assert {name: found[name]["verdict"] for name in ("settings", "key", "proxy", "probe")} == dict.fromkeys(
        ("settings", "key", "proxy", "probe"), "ok"
    )
    assert "quick look" in found["probe"]["text"]
    assert found[""]["model"] == "demo-large"
    assert main(["status"], ctx) == 0
    shown = capsys.readouterr().out
    assert "work  demo-large" in shown and "✓ proxy" in shown and "today" in shown


@pytest.mark.parametrize("variable", [{"ALL_PROXY": "http://127.0.0.1:9"}, {"HTTP_PROXY": "127.0.0.1:9"}])
def test_what_keeps_claude_code_from_our_proxy_is_bad_though_we_are_answered(
    ctx: Context, variable: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Our own requests pass HTTP proxies by; Claude Code's would not, or it does not even start (measured)."""
    main(["use", "work"], ctx)
    assert main(["current", "--verify"], ctx) == 0
    here = Context({**ctx.env, **variable}, cwd=ctx.cwd)
    capsys.readouterr()
    assert main(["current", "--verify"], here) == 1
    told = capsys.readouterr().out
    assert "answered through what was written" in told and next(iter(variable)) in told
    assert look(here, capsys, 1)["settings"]["verdict"] == "fail"


def test_a_missing_key_is_bad_and_comes_with_what_mends_it(ctx: Context, capsys: pytest.CaptureFixture[str]) -> None:
    main(["use", "work"], ctx)
    bare = Context({name: value for name, value in ctx.env.items() if name != "KEY"}, cwd=ctx.cwd)
    assert look(bare, capsys, 1)["key"]["commands"] == ["export KEY=…"]


def test_a_port_that_is_somebody_elses_is_bad(ctx: Context, capsys: pytest.CaptureFixture[str]) -> None:
    main(["use", "work"], ctx)
    with socket.create_server(ctx.proxy.address()):
        assert "another program is using" in look(ctx, capsys, 1)["proxy"]["text"]


def test_a_proxy_that_is_down_under_a_session_is_bad_and_its_command_mends_it(
    ctx: Context, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["use", "work"], ctx)
    folder = Path(ctx.paths.claude_dir) / "sessions"
    folder.mkdir(parents=True)
    (folder / "1.json").write_text(json.dumps({"pid": os.getpid(), "cwd": ctx.cwd, "entrypoint": "cli"}))
    found = look(ctx, capsys, 1)
    for command in found["proxy"]["commands"]:
        main(command.split()[1:], ctx)
    assert look(ctx, capsys)["proxy"]["verdict"] == "ok"


def test_a_red_verdict_is_bad_and_use_says_it_too(
    ctx: Context, provider: DemoProvider, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = Context({**ctx.env, "KEY": "sk-example-wrong-0123456789"}, cwd=ctx.cwd)
    main(["probe", "work"], wrong)
    capsys.readouterr()
    assert main(["use", "work"], ctx) == 0
    assert "found that it does not work" in capsys.readouterr().err
    assert look(ctx, capsys, 1)["probe"]["verdict"] == "fail"
    for command in look(ctx, capsys, 1)["probe"]["commands"]:
        main(command.split()[1:], ctx)
    assert look(ctx, capsys)["probe"]["verdict"] == "ok"


def test_use_proves_itself_on_request_and_fails_where_it_does_not_work(
    ctx: Context, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["use", "work", "--verify"], ctx) == 0
    assert "ready: run 'claude'" in capsys.readouterr().out
    main(["edit", "work", "--set", "models.default=demo-gone"], ctx)
    capsys.readouterr()
    assert main(["use", "work", "--verify", "--json"], ctx) == 1
    shown = json.loads(capsys.readouterr().out)
    assert shown["verified"] is False and shown["checks"][-1]["verdict"] == "fail"
    assert main(["use", "work", "--no-verify"], ctx) == 0


def test_a_quick_probe_does_not_take_back_what_a_longer_one_found(
    ctx: Context, provider: DemoProvider, capsys: pytest.CaptureFixture[str]
) -> None:
    from ccswitch_tui.workflows.reports import last_report

    main(["edit", "work", "--set", f"endpoint.base_url={provider.base_url_with('no-tools')}"], ctx)
    main(["probe", "work"], ctx)
    before = last_report(ctx, "work")
    assert before is not None and before.verdict == "limited"
    main(["probe", "work", "--quick"], ctx)
    after = last_report(ctx, "work")
    assert after is not None and (after.verdict, after.ladder) == ("limited", before.ladder)
    tools = next(step for step in after.steps if step.code == "tools")
    assert tools.verdict == next(step.verdict for step in before.steps if step.code == "tools")
    assert "(seen " in tools.because
    assert {finding.kind for finding in before.findings} == {finding.kind for finding in after.findings}
