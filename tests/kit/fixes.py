"""Findings whose commands are run, as a person at a shell would, and then asked about again."""

from __future__ import annotations

import io
import json
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ccswitch_tui.cli.main import main
from ccswitch_tui.credentials.base import MemoryStore
from ccswitch_tui.demo.provider import DemoProvider
from ccswitch_tui.workflows.context import Context

CLAUDE = "#!/bin/sh\necho '2.1.330 (Claude Code)'\n"


@pytest.fixture(scope="session")
def provider() -> Iterator[DemoProvider]:
    with DemoProvider(patience_s=0.2) as provider:
        yield provider


@pytest.fixture
def ctx(home: Path, tmp_path: Path, provider: DemoProvider) -> Iterator[Context]:
    """A user with one profile, `work`, which works, and a Claude Code that says its version."""
    tools = tmp_path / "bin"
    tools.mkdir()
    program(tools / "claude", CLAUDE)
    (home / ".claude").mkdir()
    project = home / "project"
    (project / ".claude").mkdir(parents=True)
    env = {"HOME": str(home), "PATH": f"{tools}:/usr/bin:/bin", "KEY": provider.key.reveal(), "TOOLS": str(tools)}
    ctx = Context(env, cwd=str(project), store=MemoryStore())
    words = ["add", "work", "--url", provider.base_url, "--model", "demo-large", "--wire", "openai-chat", "--key",
             "env:KEY", "--no-probe"]  # fmt: skip
    assert main(words, ctx) == 0
    yield ctx
    ctx.proxy.stop(at_once=True)


def program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def found(ctx: Context, capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, list[str]]:
    """Kinds of findings with their commands."""
    capsys.readouterr()
    main([*words, "--json"], ctx)
    findings = json.loads(capsys.readouterr().out)["findings"]
    return {finding["kind"]: (finding["fix"] or {}).get("commands", []) for finding in findings}


def carry_out(
    ctx: Context, command: str, monkeypatch: pytest.MonkeyPatch, fill: Mapping[str, str] = {}, *, key: str = ""
) -> None:
    """As a person at a shell would: places to `fill` in are filled in, the profile `work` where one is to be chosen,
    and the key is given when asked for."""
    for place, value in {"NAME": "work", **fill}.items():
        command = command.replace(place, value)
    words = shlex.split(command)
    if words[0] == "ccswitch-tui":
        if "--key-stdin" in words:
            monkeypatch.setattr("sys.stdin", io.StringIO((key or ctx.env["KEY"]) + "\n"))
            words += ["--no-verify"] if "--no-verify" not in words else []
        if words[1:3] != ["why"]:
            main(words[1:], ctx)
    elif words[0] == "unset":
        for name in words[1:]:
            ctx.env.pop(name, None)
    elif words[0] == "export":
        name, _, value = words[1].partition("=")
        ctx.env[name] = value
    else:
        subprocess.run(["/bin/sh", "-c", command], check=True, env=dict(ctx.env), cwd=ctx.cwd)


def write(ctx: Context, scope: str, tree: dict[str, Any]) -> None:
    """Adds to a settings file."""
    path = Path(ctx.settings.here()[scope])
    path.parent.mkdir(exist_ok=True)
    have = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**have, **tree, "env": {**have.get("env", {}), **tree.get("env", {})}}))
