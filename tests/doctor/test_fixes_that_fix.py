"""What the doctor says to run is run, and then it is asked again: the finding is gone. And no finding is left out."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from broken_worlds import WORLDS, Mend, key_in_the_open

from ccswitch_tui.cli.main import main
from ccswitch_tui.findings import catalogue
from ccswitch_tui.workflows.context import Context
from kit.fixes import carry_out, ctx, found, provider
from kit.net import wait_until

__all__ = ["ctx", "provider"]


@pytest.mark.parametrize("case", WORLDS, ids=[mend.world.__name__ for mend in WORLDS])
def test_the_doctors_commands_mend_what_it_found(
    ctx: Context, case: Mend, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    main(["use", "work"], ctx)
    case.world(ctx)
    before = found(ctx, capsys, "doctor")
    assert case.kinds <= set(before), before
    for kind in case.kinds:
        assert before[kind], kind  # it names a command
        for command in before[kind]:
            carry_out(ctx, command, monkeypatch, case.fill)
    assert not case.kinds & set(found(ctx, capsys, "doctor"))


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


def proxys_commands(
    ctx: Context, kind: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = found(ctx, capsys, "doctor")[kind]
    assert commands
    for command in commands:
        carry_out(ctx, command, monkeypatch)
    assert kind not in found(ctx, capsys, "doctor")
    assert ctx.proxy.status().running


def test_a_proxy_that_is_down_under_a_session_is_mended(
    ctx: Context, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    main(["use", "work"], ctx)
    ctx.proxy.ensure_running()
    ctx.proxy.stop()
    with subprocess.Popen(["sleep", "60"]) as process:
        sessions = Path(ctx.paths.claude_dir, "sessions")
        sessions.mkdir()
        (sessions / f"{process.pid}.json").write_text(json.dumps({"pid": process.pid, "cwd": ctx.cwd}))
        proxys_commands(ctx, "proxy-down", capsys, monkeypatch)
        process.kill()


def test_a_proxy_that_hangs_is_mended(
    ctx: Context, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ccswitch_tui.proxy.background.seen.ANSWER_S", 0.5)
    os.kill(ctx.proxy.ensure_running().pid or 0, signal.SIGSTOP)
    proxys_commands(ctx, "proxy-stuck", capsys, monkeypatch)


def test_a_proxy_of_another_version_is_mended(
    ctx: Context, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = ctx.proxy.ensure_running().pid
    with monkeypatch.context() as patch:
        patch.setattr("ccswitch_tui._version.__version__", "99.0.0")  # as if it had been installed meanwhile
        commands = found(ctx, capsys, "doctor")["proxy-old"]
    for command in commands:
        carry_out(ctx, command, monkeypatch)
    wait_until(lambda: ctx.proxy.status().pid not in (None, pid), 15, "another proxy")
    assert "proxy-old" not in found(ctx, capsys, "doctor")


def test_a_proxy_that_lacks_the_key_is_mended(
    ctx: Context, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Context({name: value for name, value in ctx.env.items() if name != "KEY"}).proxy.ensure_running()
    proxys_commands(ctx, "proxy-lacks-key", capsys, monkeypatch)


def test_a_locked_key_file_is_mended(
    ctx: Context, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the key file of a machine without a keyring."""
    alone = Context(ctx.env, cwd=ctx.cwd)
    give = {"unlock": "unlock --passphrase-stdin"}
    for command in ("ccswitch-tui unlock --create --passphrase-stdin", "ccswitch-tui edit work --key-stdin"):
        monkeypatch.setattr("sys.stdin", io.StringIO("an example of a passphrase\n"))
        carry_out(alone, command, monkeypatch)
    main(["lock"], alone)
    commands = found(alone, capsys, "doctor")["key-store-locked"]
    for command in commands:
        monkeypatch.setattr("sys.stdin", io.StringIO("an example of a passphrase\n"))
        carry_out(alone, command, monkeypatch, give)
    assert "key-store-locked" not in found(alone, capsys, "doctor")


def test_a_proxy_of_the_systems_settings_is_named_in_the_profile(
    ctx: Context, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    key_in_the_open(ctx)  # an endpoint that is not this machine
    monkeypatch.setattr("ccswitch_tui.doctor.snapshot.system_proxy", lambda: "http://proxy.example:3128")
    for command in found(ctx, capsys, "doctor")["system-proxy"]:
        carry_out(ctx, command, monkeypatch)
    assert "system-proxy" not in found(ctx, capsys, "doctor")


ON_THEIR_OWN = {
    "system-proxy", "proxy-taken", "proxy-down", "proxy-stuck", "proxy-old", "proxy-lacks-key", "key-store-locked",
}  # fmt: skip
"""Of the tests above that are not in a table."""


def test_every_finding_has_a_command_that_was_proved_or_says_why_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "probe")
    from test_fixes_of_a_probe import PROVED

    proved = {kind for mend in WORLDS for kind in mend.kinds} | ON_THEIR_OWN | PROVED
    by_hand = {kind for kind, row in catalogue().items() if row.by_hand}
    assert not (proved | by_hand) - set(catalogue())
    assert set(catalogue()) - proved - by_hand == set()  # a new finding: prove its command, or say `by_hand`
    assert proved & by_hand == set()
