"""A proxy outlives the terminal it was started from: what a new session finds its key with is lent to it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from proxy_client import BODY
from scripted_endpoint import ScriptedEndpoint, chat_text

from ccswitch_tui.cli.main import main
from ccswitch_tui.workflows.context import Context
from ccswitch_tui.workflows.lending import BUS, Lent, lacking, withheld

PROFILE = """
version = 2
[profiles.work]
endpoint = {{ base_url = "{url}/v1", wire = "openai-chat" }}
models = {{ default = "m" }}
key = "env:WORK_KEY"
"""
KEY = "sk-example-work-0123456789"


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Context]:
    """The environment of an editor that was started from the desktop: without the variable."""
    ctx = Context({"HOME": str(tmp_path), "CCSWITCH_HOME": str(tmp_path / "ours"), "PATH": os.environ["PATH"]})
    yield ctx
    ctx.proxy.stop(at_once=True)


def here(bare: Context) -> Context:
    """The environment of a terminal that exports it."""
    return Context({**bare.env, "WORK_KEY": KEY})


def helper(ctx: Context) -> str:
    """What Claude Code calls at the start of a session."""
    words = [sys.executable, "-P", "-m", "ccswitch_tui", "key", "work"]
    return subprocess.run(words, env=ctx.env, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


def asked(ctx: Context, token: str) -> tuple[int, str]:
    with contextlib.closing(http.client.HTTPConnection(*ctx.proxy.address(), timeout=15)) as connection:
        connection.request("POST", "/p/work/v1/messages", json.dumps(BODY), {"x-api-key": token})
        response = connection.getresponse()
        return response.status, response.read().decode()


def test_a_proxy_started_without_the_variable_heals_with_the_next_session(bare: Context) -> None:
    with ScriptedEndpoint(chat_text("hello")) as endpoint:
        Path(bare.paths.config_dir).mkdir(parents=True)
        Path(bare.paths.profiles).write_text(PROFILE.format(url=endpoint.origin))
        status, words = asked(bare, helper(bare))
        assert status >= 400 and "WORK_KEY" in words and "proxy stop" in words
        assert lacking(bare) == ("WORK_KEY",)
        status, words = asked(bare, helper(here(bare)))
        assert status == 200 and "hello" in words
        assert lacking(bare) == ()
    assert endpoint.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_doctor_finds_it_and_its_command_mends_it(bare: Context, capsys: pytest.CaptureFixture[str]) -> None:
    Path(bare.paths.config_dir).mkdir(parents=True)
    Path(bare.paths.profiles).write_text(PROFILE.format(url="http://127.0.0.1:1"))
    bare.proxy.ensure_running()

    def found() -> dict[str, list[str]]:
        capsys.readouterr()
        main(["doctor", "--json"], here(bare))
        findings = json.loads(capsys.readouterr().out)["findings"]
        return {f["kind"]: f["fix"]["commands"] for f in findings if f["kind"] == "proxy-lacks-key"}

    for command in found()["proxy-lacks-key"]:
        main(command.split()[1:], here(bare))
    assert found() == {}
    here(bare).proxy.stop(at_once=True)


def said_by(ctx: Context, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    main(list(words), ctx)
    captured = capsys.readouterr()
    return captured.out + captured.err


def test_probe_use_status_and_explain_say_that_the_proxy_lacks_the_key_and_what_heals_it(
    bare: Context, capsys: pytest.CaptureFixture[str]
) -> None:
    """A probe carries this terminal's key, so it is green while every session fails."""
    with ScriptedEndpoint(*[chat_text("hello")] * 20) as endpoint:
        Path(bare.paths.config_dir).mkdir(parents=True)
        Path(bare.paths.profiles).write_text(PROFILE.format(url=endpoint.origin))
        status, refusal = asked(bare, helper(bare))
        assert status >= 400
        terminal = here(bare)
        report = json.loads(said_by(terminal, capsys, "probe", "work", "--quick", "--json"))
        (found,) = [finding for finding in report["findings"] if finding["kind"] == "proxy-lacks-key"]
        assert "WORK_KEY" in found["because"]
        assert "started without WORK_KEY" in said_by(terminal, capsys, "use", "work")
        assert "started without WORK_KEY" in said_by(terminal, capsys, "status")
        assert "started elsewhere" in said_by(terminal, capsys, "explain", json.loads(refusal)["error"]["message"])
        kept = Path(bare.paths.reports)
        assert kept.exists() and "proxy-lacks-key" not in "".join(p.read_text() for p in kept.rglob("*") if p.is_file())
        for command in found["fix"]["commands"]:
            main(command.split()[1:], terminal)
        assert "proxy-lacks-key" not in said_by(terminal, capsys, "probe", "work", "--quick", "--json")
        assert asked(terminal, helper(terminal))[0] == 200
    terminal.proxy.stop(at_once=True)


def test_what_use_says_hands_the_key_over_is_enough(bare: Context, capsys: pytest.CaptureFixture[str]) -> None:
    with ScriptedEndpoint(*[chat_text("hello")] * 20) as endpoint:
        Path(bare.paths.config_dir).mkdir(parents=True)
        Path(bare.paths.profiles).write_text(PROFILE.format(url=endpoint.origin))
        bare.proxy.ensure_running()
        terminal = here(bare)
        advice = said_by(terminal, capsys, "use", "work")
        (command,) = re.findall(r"'ccswitch-tui (use [^']+)'", advice.replace("\n", " ").split("without WORK_KEY")[1])
        assert "answered through what was written" in said_by(terminal, capsys, *command.split())
        assert "without WORK_KEY" not in said_by(terminal, capsys, "use", "work")


def test_a_proxy_that_sleeps_or_does_not_run_is_left_so(bare: Context, capsys: pytest.CaptureFixture[str]) -> None:
    Path(bare.paths.config_dir).mkdir(parents=True)
    Path(bare.paths.profiles).write_text(PROFILE.format(url="http://127.0.0.1:1"))
    profile = bare.book().get("work")
    assert withheld(here(bare), profile) is None
    assert not Path(bare.paths.proxy_state).exists()
    bare.proxy.ensure_running()
    assert withheld(here(bare), profile) == "WORK_KEY"
    bare.proxy.stop(asleep=True)
    assert withheld(here(bare), profile) is None
    assert sys.platform == "win32" or bare.proxy.asleep()


def test_only_what_is_asked_for_is_taken() -> None:
    lent = Lent({"PATH": "/bin", BUS: "unix:path=/old"}, lambda: {"WORK_KEY"})
    assert lent.lacks() == ["WORK_KEY"]
    assert lent.take({"WORK_KEY": "k", "PATH": "/evil", "LD_PRELOAD": "x", "WORK_KEY2": "y", BUS: ["no"]})
    assert lent.environments() == [{"PATH": "/bin", BUS: "unix:path=/old", "WORK_KEY": "k"}]
    assert not lent.take({"WORK_KEY": "k"}) and not lent.take({"WORK_KEY": "x" * 5000})
    assert lent.lacks() == []


def test_a_new_login_sessions_bus_is_tried_after_the_old_one() -> None:
    lent = Lent({BUS: "unix:path=/old"}, set)
    assert lent.take({BUS: "unix:path=/new"})
    assert [env[BUS] for env in lent.environments()] == ["unix:path=/old", "unix:path=/new"]
