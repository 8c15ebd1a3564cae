"""What a finding says to run is run, and then it is asked again: the finding is gone."""

from __future__ import annotations

import io
import json
import os
import shlex
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ccswitch_tui.cli.main import main
from ccswitch_tui.demo.faults import FAULTS
from ccswitch_tui.demo.provider import DemoProvider
from ccswitch_tui.workflows.context import Context

World = Callable[[Context], None]


@pytest.fixture(scope="module")
def provider() -> Iterator[DemoProvider]:
    with DemoProvider(patience_s=0.2) as provider:
        yield provider


@pytest.fixture
def ctx(home: Path, tmp_path: Path, provider: DemoProvider) -> Iterator[Context]:
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "claude").write_text("#!/bin/sh\necho '2.1.330 (Claude Code)'\n")
    (tools / "claude").chmod(0o755)
    (home / ".claude").mkdir()
    project = home / "project"
    (project / ".claude").mkdir(parents=True)
    env = {"HOME": str(home), "PATH": f"{tools}:/usr/bin:/bin", "KEY": provider.key.reveal()}
    ctx = Context(env, cwd=str(project))
    words = ["add", "work", "--url", provider.base_url, "--model", "demo-large", "--wire", "openai-chat", "--key",
             "env:KEY", "--no-probe"]  # fmt: skip
    assert main(words, ctx) == 0
    yield ctx
    ctx.proxy.stop(at_once=True)


def found(ctx: Context, capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, list[str]]:
    """Kinds of findings with their commands."""
    capsys.readouterr()
    main([*words, "--json"], ctx)
    findings = json.loads(capsys.readouterr().out)["findings"]
    return {finding["kind"]: (finding["fix"] or {}).get("commands", []) for finding in findings}


def carry_out(ctx: Context, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a person at a shell would, with the profile's name where one is to be chosen, and the key when asked."""
    words = [word if word != "NAME" else "work" for word in shlex.split(command)]
    if words[0] == "ccswitch-tui":
        if "--key-stdin" in words:
            monkeypatch.setattr("sys.stdin", io.StringIO(ctx.env["KEY"] + "\n"))
            words += ["--no-verify"] if "--no-verify" not in words else []
        if words[1:3] != ["why"]:
            main(words[1:], ctx)
    elif words[0] == "unset":
        ctx.env.pop(words[1], None)
    else:
        subprocess.run(words, check=True)


def write(ctx: Context, scope: str, tree: dict[str, Any]) -> None:
    path = Path(ctx.settings.here()[scope])
    path.parent.mkdir(exist_ok=True)
    have = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**have, **tree, "env": {**have.get("env", {}), **tree.get("env", {})}}))


def project_of_a_gateway(ctx: Context) -> None:
    env = {"ANTHROPIC_BASE_URL": "https://gateway.example", "ANTHROPIC_API_KEY": "sk-example-gateway-0123456789"}
    write(ctx, "project", {"env": env})


def rival_in_the_users_file(ctx: Context) -> None:
    write(ctx, "user", {"env": {"ANTHROPIC_AUTH_TOKEN": "sk-example-rival-0123456789"}})


def another_address(ctx: Context) -> None:
    write(ctx, "user", {"env": {"ANTHROPIC_BASE_URL": "https://other.example"}})


def another_address_in_local(ctx: Context) -> None:
    write(ctx, "local", {"env": {"ANTHROPIC_BASE_URL": "https://other.example"}})


def helper_that_moved(ctx: Context) -> None:
    write(ctx, "user", {"apiKeyHelper": "/gone/ccswitch-tui key work"})


def provider_flag_of_a_project(ctx: Context) -> None:
    write(ctx, "project", {"env": {"CLAUDE_CODE_USE_BEDROCK": "1"}})


def provider_flag_in_the_users_file(ctx: Context) -> None:
    write(ctx, "user", {"env": {"CLAUDE_CODE_USE_VERTEX": "1"}})


def open_state(ctx: Context) -> None:
    os.chmod(ctx.paths.proxy_state, 0o644)


def file_where_the_reports_go(ctx: Context) -> None:
    Path(ctx.paths.reports).write_text("")
    os.chmod(ctx.paths.reports, 0o600)


def inherited_host(ctx: Context) -> None:
    ctx.env["CLAUDE_CODE_PROVIDER_MANAGED_BY_HOST"] = "1"


WORLDS: list[tuple[World, set[str]]] = [
    (project_of_a_gateway, {"drift", "credential-twice"}),
    (rival_in_the_users_file, {"credential-twice"}),
    (another_address, {"drift"}),
    (another_address_in_local, {"drift"}),
    (helper_that_moved, {"helper-gone"}),
    (provider_flag_of_a_project, {"provider-flag"}),
    (provider_flag_in_the_users_file, {"provider-flag"}),
    (open_state, {"state-open"}),
    (file_where_the_reports_go, {"state-closed"}),
    (inherited_host, {"host-managed"}),
]


@pytest.mark.parametrize(("world", "kinds"), WORLDS, ids=[world.__name__ for world, _ in WORLDS])
def test_the_doctors_commands_mend_what_it_found(
    ctx: Context, world: World, kinds: set[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    main(["use", "work"], ctx)
    world(ctx)
    before = found(ctx, capsys, "doctor")
    assert kinds <= set(before), before
    assert all(before.values()), before  # each names a command
    for commands in before.values():
        for command in commands:
            carry_out(ctx, command, monkeypatch)
    assert not kinds & set(found(ctx, capsys, "doctor"))


def test_a_port_that_is_taken_is_mended_by_moving(
    ctx: Context, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    main(["use", "work"], ctx)
    with socket.create_server(ctx.proxy.address()):
        for command in found(ctx, capsys, "doctor")["proxy-taken"]:
            carry_out(ctx, command, monkeypatch)
        assert "proxy-taken" not in found(ctx, capsys, "doctor")
    main(["use", "work", "--verify"], ctx)
    assert "answered through what was written" in capsys.readouterr().out


CHANGES = "ccswitch-tui edit work --set"


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_a_change_that_a_probe_offers_mends_what_it_found(
    ctx: Context,
    provider: DemoProvider,
    fault: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    main(["edit", "work", "--set", f"endpoint.base_url={provider.base_url_with(fault)}"], ctx)
    before = found(ctx, capsys, "probe", "work")
    offered = {kind: commands[0] for kind, commands in before.items() if commands and commands[0].startswith(CHANGES)}
    for command in offered.values():
        carry_out(ctx, command, monkeypatch)
    after = found(ctx, capsys, "probe", "work")
    # What cannot be mended is said once more, and what was done about it is not offered again.
    assert not {kind for kind, command in offered.items() if command in after.get(kind, [])}
    if fault != "forbidden-model":  # this key may use no model at all, so the other one is no better
        assert not set(offered) & {kind for kind, commands in after.items() if commands}
