"""`doctor` on real files: read-only, one line when nothing is wrong, exit code 1 with findings."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ccswitch_tui.cli.main import main
from ccswitch_tui.credentials import encrypted_file, index
from ccswitch_tui.credentials.base import MemoryStore
from ccswitch_tui.profiles.model import Endpoint, Profile, SecretRef
from ccswitch_tui.profiles.store import save_profile
from ccswitch_tui.secret import Secret
from ccswitch_tui.workflows.context import Context


@pytest.fixture
def ctx(home: Path, tmp_path: Path) -> Context:
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "claude").write_text("#!/bin/sh\necho '2.1.330 (Claude Code)'\n")
    (tools / "claude").chmod(0o755)
    (home / ".claude").mkdir()
    return Context({"HOME": str(home), "PATH": f"{tools}:/usr/bin:/bin"}, cwd=str(home), store=MemoryStore())


def photograph(home: Path) -> dict[str, tuple[float, bytes]]:
    return {str(p): (p.stat().st_mtime, p.read_bytes()) for p in home.rglob("*") if p.is_file()}


def test_nothing_wrong_is_one_line(ctx: Context, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"], ctx) == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 1 and "nothing wrong" in out


def test_looking_changes_nothing(ctx: Context, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_profile(ctx.paths, Profile("work", Endpoint("https://api.example.com/v1"), SecretRef("keyring", "work")))
    (home / ".claude/settings.json").write_text('{"env":{"ANTHROPIC_BASE_URL":"https://x.example"},}')
    main(["list"], ctx)  # what reading profiles remembers for the next time is not the doctor's
    before = photograph(home)
    folders = {p for p in home.rglob("*") if p.is_dir()}
    assert main(["doctor", "work"], ctx) == 1
    assert photograph(home) == before
    assert {p for p in home.rglob("*") if p.is_dir()} == folders


def test_a_comment_in_settings_is_found_with_its_line(
    ctx: Context, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / ".claude/settings.json").write_text('{\n  // mine\n  "env": {}\n}\n')
    assert main(["doctor", "--json"], ctx) == 1
    shown = json.loads(capsys.readouterr().out)
    assert shown["version"] == 1 and shown["checked"]
    assert shown["findings"][0]["kind"] == "settings-unparsable"
    assert "line 2" in shown["findings"][0]["because"]


def test_a_vendor_login_that_would_leak_is_found_without_reading_it(
    ctx: Context, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    token = "sk-example-oauth-0123456789"
    (home / ".claude/.credentials.json").write_text(json.dumps({"claudeAiOauth": {"accessToken": token}}))
    (home / ".claude/settings.json").write_text('{"env":{"ANTHROPIC_BASE_URL":"https://gw.example"}}')
    assert main(["doctor"], ctx) == 1
    out = capsys.readouterr().out
    assert "your vendor login would be sent to another host" in out
    assert token not in out


def test_a_missing_key_is_found_without_opening_the_store(ctx: Context, capsys: pytest.CaptureFixture[str]) -> None:
    save_profile(ctx.paths, Profile("work", Endpoint("https://api.example.com/v1"), SecretRef("env", "NO_SUCH_KEY")))
    assert main(["doctor"], ctx) == 1
    assert "$NO_SUCH_KEY is not set" in capsys.readouterr().out


def test_unlock_reads_the_keys(ctx: Context, capsys: pytest.CaptureFixture[str]) -> None:
    ref = ctx.keys.put("work", Secret("sk-example-doctor-000001"))
    save_profile(ctx.paths, Profile("work", Endpoint("https://api.example.com/v1"), ref))
    assert main(["doctor", "--unlock"], ctx) == 0


def keys_in_a_file(ctx: Context, home: Path) -> Context:
    """The same machine with its keys in an encrypted file, which nobody has opened."""
    index.remember(ctx.paths, index.Remembered(index.ENCRYPTED_FILE))
    encrypted_file.create(ctx.paths.encrypted_keys, ctx.paths.state_dir, Secret("correct horse battery")).set(
        "work", Secret("sk-example-0001")
    )
    index.note(ctx.paths, "work", stored=True)
    save_profile(ctx.paths, Profile("work", Endpoint("https://api.example.com/v1"), SecretRef("keyring", "work")))
    return Context(ctx.env, cwd=str(home))


def test_a_locked_key_file_is_told_with_what_opens_it(
    ctx: Context, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(encrypted_file, "SCRYPT", {"n": 2**14, "r": 8, "p": 1})
    world = keys_in_a_file(ctx, home)
    main(["list"], world)  # what reading profiles remembers for the next time is not the doctor's
    capsys.readouterr()
    before = photograph(home)
    assert main(["doctor", "--json"], world) == 1
    (found,) = json.loads(capsys.readouterr().out)["findings"]
    assert (found["kind"], found["severity"]) == ("key-store-locked", "info")
    assert world.paths.encrypted_keys in found["because"]
    assert found["fix"]["commands"] == ["ccswitch-tui unlock"]
    assert photograph(home) == before
    assert main(["doctor", "--unlock", "--json"], world) == 1
    assert len(json.loads(capsys.readouterr().out)["findings"]) == 1


def test_a_damaged_key_file_is_told(
    ctx: Context, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(encrypted_file, "SCRYPT", {"n": 2**14, "r": 8, "p": 1})
    world = keys_in_a_file(ctx, home)
    Path(ctx.paths.encrypted_keys).write_bytes(b"not any more")
    assert main(["doctor"], world) == 1
    out = capsys.readouterr().out
    assert "is damaged" in out and "unlock --from-copy" in out


def test_another_profile_than_the_one_asked_about_is_left_alone(
    ctx: Context, capsys: pytest.CaptureFixture[str]
) -> None:
    save_profile(ctx.paths, Profile("good", Endpoint("https://api.example.com/v1")))
    save_profile(ctx.paths, Profile("bad", Endpoint("https://api.example.com/v1"), SecretRef("env", "NO_SUCH_KEY")))
    assert main(["doctor", "good"], ctx) == 0
    assert main(["doctor", "bad"], ctx) == 1
    assert main(["doctor", "none"], ctx) == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_settings_file_that_cannot_be_read_is_a_finding(
    ctx: Context, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = home / ".claude/settings.json"
    file.write_text("{}")
    file.chmod(0)
    assert main(["doctor"], ctx) == 1


@pytest.mark.parametrize(
    "text", ["", "[]", "null", '{"env": []}', '{"env": {"ANTHROPIC_BASE_URL": 7}}', "\ufeff{}", "{" * 3000, "\x00"]
)
def test_odd_settings_never_crash_it(ctx: Context, home: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    (home / ".claude/settings.json").write_text(text, "utf-8")
    (home / ".claude.json").write_text(text, "utf-8")
    assert main(["doctor"], ctx) in (0, 1)
    assert "a mistake in ccswitch-tui" not in capsys.readouterr().err


def test_a_claude_that_hangs_or_fails_is_named(
    ctx: Context, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bin/claude").write_text("#!/bin/sh\necho 'native binary not installed' >&2\nexit 1\n")
    assert main(["doctor"], ctx) == 1
    assert "native binary not installed" in capsys.readouterr().out
