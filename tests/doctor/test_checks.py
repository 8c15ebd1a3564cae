"""Each check of this machine, over photographs: what is found, and silence where nothing is wrong."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ccswitch_tui.claude.differences import GONE
from ccswitch_tui.claude.layers import Layer
from ccswitch_tui.doctor import snapshot as snapshot_door
from ccswitch_tui.doctor.checks import CHECKS, run_checks
from ccswitch_tui.doctor.picture import (
    CertificateFile,
    ClaudeInstall,
    ClaudeState,
    ClosedFolder,
    ProxyLook,
    SettingsLook,
    Snapshot,
)
from ccswitch_tui.profiles.model import Endpoint, Profile, SecretRef
from ccswitch_tui.sentence import say
from ccswitch_tui.workflows.context import Context
from ccswitch_tui.workflows.diagnose import diagnose
from ccswitch_tui.workflows.status import status

CLAUDE = ClaudeInstall("/usr/bin/claude", "2.1.330")
HELPER = "/opt/bin/ccswitch-tui key work"
OURS = {
    "apiKeyHelper": HELPER,
    "env": {"ANTHROPIC_BASE_URL": "http://127.0.0.1:20001/p/work", "ANTHROPIC_AUTH_TOKEN": "", "ANTHROPIC_API_KEY": ""},
}
FINE = Snapshot(
    env={},
    platform="linux",
    claude=CLAUDE,
    state=ClaudeState(onboarded=True),
    executables=frozenset(["/opt/bin/ccswitch-tui"]),
    version="1.0",
)


def with_user(tree: Mapping[str, Any], env: Mapping[str, str] | None = None, **more: Any) -> Snapshot:
    """A machine whose user settings are `tree`."""
    look = SettingsLook("user", "/home/u/.claude/settings.json", tree)
    layers = (Layer("user", look.path, tree), Layer("environment", None, {"env": dict(env or {})}))
    return FINE._replace(settings=(look,), layers=layers, env=dict(env or {}), **more)


def kinds(snapshot: Snapshot) -> list[str]:
    return [finding.kind for finding in run_checks(snapshot)]


def profile(base_url: str = "https://api.example.com/v1", key: str = "keyring") -> Profile:
    return Profile("work", Endpoint(base_url), SecretRef(key, "work") if key != "none" else SecretRef("none"))


def test_nothing_wrong_finds_nothing() -> None:
    assert kinds(FINE) == []
    assert kinds(with_user(OURS, in_use="work", profiles={"work": profile()}, present={"work": True})) == []


VENDOR = {"env": {"ANTHROPIC_BASE_URL": "https://gw.example", "ANTHROPIC_AUTH_TOKEN": "${TOKEN}"}}
KEY = "sk-example-planted-0001"

THERE = r'set "CCSWITCH_HOME=D:\my files"&& "C:\Users\First Last (GmbH)\ccswitch-tui.exe" key work'

STORE = r"C:\Program Files\WindowsApps\PythonSoftwareFoundation.Python.3.13_3.13.1_x64__qbz5n2kfra8p0"
"""Where the Store puts it."""

TAKEN = say("another program is using port {port}", port=20001)

WRONG: list[tuple[str, Snapshot]] = [
    ("claude-missing", FINE._replace(claude=ClaudeInstall())),
    ("claude-broken", FINE._replace(claude=ClaudeInstall("/usr/bin/claude", "", "native binary not installed"))),
    ("claude-broken", FINE._replace(policy_faults={"/etc/x.json": "it is no JSON object"})),
    ("claude-old", FINE._replace(claude=ClaudeInstall("/usr/bin/claude", "1.0.88"))),
    ("settings-unparsable", FINE._replace(settings=(SettingsLook("user", "/s.json", {}, "/s.json, line 3: a comment"),))),  # noqa: E501
    ("settings-not-written", FINE._replace(settings=(SettingsLook("user", "/s.json", {}, "a key twice", is_read=True),))),  # noqa: E501
    ("settings-wrong-type", with_user({"permissions": "bad"})),
    ("settings-wrong-type", with_user({"env": "A=b"})),
    ("settings-null", with_user({"env": {"HTTP_PROXY": None}})),
    *(
        ("limit-misread", with_user({"env": {name: limit}}))
        for name, limit in (
            ("CLAUDE_CODE_MAX_OUTPUT_TOKENS", "8k"),
            ("CLAUDE_CODE_MAX_CONTEXT_TOKENS", "200,000"),
            ("CLAUDE_CODE_MAX_CONTEXT_TOKENS", " 1_000_000"),
        )
    ),
    ("login-leak", with_user({"env": {"ANTHROPIC_BASE_URL": "https://gw.example"}}, state=ClaudeState(True, True))),
    (
        "login-leak",
        with_user({"env": {"ANTHROPIC_BASE_URL": "https://gw.example", "ANTHROPIC_AUTH_TOKEN": "  "}},
                  state=ClaudeState(True, True)),
    ),
    ("credential-missing", with_user({"env": {"ANTHROPIC_BASE_URL": "https://gw.example"}})),
    ("credential-twice", with_user({**OURS, "env": {**OURS["env"], "ANTHROPIC_API_KEY": "x"}}, in_use="work")),  # type: ignore[dict-item]
    ("key-not-approved", with_user({}, {"ANTHROPIC_API_KEY": KEY})),
    ("key-not-approved", with_user({}, {"ANTHROPIC_API_KEY": KEY}, state=ClaudeState(False, True, (), (KEY[-8:],)))),
    ("key-in-clear", with_user({"env": {"ANTHROPIC_AUTH_TOKEN": KEY}})),
    ("provider-flag", with_user(OURS, {"CLAUDE_CODE_USE_BEDROCK": "1"}, in_use="work")),
    ("drift", with_user(OURS, in_use="work", drift=("requests go to profile 'other'",))),
    ("helper-unknown-profile", with_user(OURS, in_use="work", drift=(say(GONE, name="work"),))),
    ("helper-gone", with_user(OURS, in_use="work", executables=frozenset())),
    ("helper-gone", with_user(OURS | {"apiKeyHelper": THERE}, in_use="work")._replace(platform="win32")),
    ("base-url-version", with_user({"env": {"ANTHROPIC_BASE_URL": "https://gw.example/v1", "ANTHROPIC_AUTH_TOKEN": "t"}})),  # noqa: E501
    *(
        ("base-url-unusable", with_user({"env": {"ANTHROPIC_BASE_URL": base, "ANTHROPIC_AUTH_TOKEN": "t"}}))
        for base in ("${GW}", 5, None, "relay.example/v1", "https://", {"prod": "https://gw.example"})
    ),
    ("proxy-loopback", with_user(OURS, {"HTTP_PROXY": "http://proxy.corp.example:3128"}, in_use="work")),
    ("proxy-loopback", with_user(OURS, {"ALL_PROXY": "http://proxy.corp.example:3128"}, in_use="work")),
    ("proxy-loopback", with_user(OURS, {"HTTPS_PROXY": "http://p.example:1", "NO_PROXY": "localhost,127.*"})),
    ("proxy-loopback", with_user(OURS, {"all_proxy": "p.example:1", "NO_PROXY": "127.0.0.1:20002"}, in_use="work")),
    ("setting-unusable", with_user({}, {"ALL_PROXY": "socks5://127.0.0.1:1080"})),
    ("setting-unusable", with_user({}, {"HTTPS_PROXY": "socks4://127.0.0.1:1080"})),
    ("setting-unusable", with_user({}, {"HTTP_PROXY": "proxy.corp.example:3128"})),
    ("setting-unusable", with_user({"env": {"http_proxy": "//proxy.corp.example:3128"}})),
    ("setting-unusable", with_user({}, {"HTTPS_PROXY": "proxy.corp.example"})),
    ("ca-file", FINE._replace(certificates=(CertificateFile("SSL_CERT_FILE", "/nope", "no such file or directory"),))),
    ("tls-off", with_user({"env": {"NODE_TLS_REJECT_UNAUTHORIZED": "0"}})),
    ("plain-http", FINE._replace(profiles={"work": profile("http://api.example.com/v1")})),
    ("profile-broken", FINE._replace(broken={"old": "profile 'old': unknown key 'x'"})),
    ("profile-broken", FINE._replace(book_problem="profiles.toml cannot be read as TOML")),
    ("key-absent", FINE._replace(profiles={"work": profile()}, present={"work": False})),
    ("key-store-locked", FINE._replace(profiles={"work": profile()}, key_file_locked=True, in_use="work")),
    ("key-store-locked", FINE._replace(profiles={"work": profile()}, key_store_problem="the file is damaged")),
    ("proxy-taken", FINE._replace(proxy=ProxyLook(False, 20001, problem="taken", why=TAKEN))),
    ("proxy-stuck", FINE._replace(proxy=ProxyLook(False, 20001, 4711, problem="stuck"))),
    ("proxy-old", FINE._replace(proxy=ProxyLook(True, 20001, 4711, "0.9"))),
    ("state-open", FINE._replace(open_paths=("/home/u/.local/state/ccswitch-tui",))),
    ("state-closed", FINE._replace(closed_folders=(ClosedFolder("/home/u/a b", "file"),))),
    ("state-closed", FINE._replace(closed_folders=(ClosedFolder("/home/u/a b", "owner"),))),
    ("state-closed", FINE._replace(closed_folders=(ClosedFolder("/home/u/a b", "mode"),))),
    ("state-closed", FINE._replace(closed_folders=(ClosedFolder("/home/u/a b", "mount"),))),
    ("state-full", FINE._replace(state_dir="/home/u/.local/state", state_problem="no space left on device")),
    ("system-proxy", FINE._replace(profiles={"work": profile()}, system_proxy="http://127.0.0.1:7890")),
    ("store-python", FINE._replace(platform="win32", python_folder=STORE)),
    ("textual-log", FINE._replace(env={"TEXTUAL_LOG": "/tmp/t.log"})),
]  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such mounts")
def test_no_mode_is_blamed_where_the_file_system_is_read_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert snapshot_door._why_closed(str(tmp_path)) == "mode"
    monkeypatch.setattr(os, "statvfs", lambda path: SimpleNamespace(f_flag=os.ST_RDONLY))
    assert snapshot_door._why_closed(str(tmp_path)) == "mount"


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "ALL_PROXY"])
def test_a_socks_proxy_is_a_finding_only_for_sessions_that_go_without_our_proxy(name: str) -> None:
    through = with_user({}, {name: "socks5h://127.0.0.1:1080"}, profiles={"work": profile()}, in_use="work")
    assert "setting-unusable" not in kinds(through)
    direct = through._replace(profiles={"work": profile()._replace(route="direct")})
    (found,) = [f for f in run_checks(direct) if f.kind == "setting-unusable"]
    assert "our proxy can use it" in found.because
    assert found.fix is not None
    assert found.fix.commands[0] == "ccswitch-tui edit work --set route=proxy"


@pytest.mark.parametrize(("kind", "snapshot"), WRONG, ids=[kind for kind, _ in WRONG])
def test_what_is_wrong_is_found(kind: str, snapshot: Snapshot) -> None:
    assert kind in kinds(snapshot)


@pytest.mark.parametrize(("kind", "snapshot"), WRONG, ids=[kind for kind, _ in WRONG])
def test_every_finding_says_why_and_ends_in_something_to_run_and_shows_no_key(kind: str, snapshot: Snapshot) -> None:
    for finding in run_checks(snapshot):
        assert finding.because and finding.code and finding.fix is not None and finding.fix.text
        assert finding.fix.commands
        assert KEY not in repr(finding)


POSIX_ALONE = re.compile(r"(?:export|unset|df|chmod|ls|mv|sudo|printf)\b")


@pytest.mark.parametrize(("kind", "snapshot"), WRONG, ids=[kind for kind, _ in WRONG])
def test_on_windows_no_command_is_another_systems(kind: str, snapshot: Snapshot) -> None:
    """`state-open` is about modes, which are not looked at there."""
    found = [f for f in run_checks(snapshot._replace(platform="win32")) if f.fix is not None and f.kind != "state-open"]
    commands = [str(command) for finding in found for command in finding.fix.commands]  # type: ignore[union-attr]
    assert [command for command in commands if POSIX_ALONE.match(command)] == []


QUIET: list[tuple[str, Snapshot]] = [
    ("provider-flag", with_user(OURS, {"CLAUDE_CODE_USE_BEDROCK": "0"}, in_use="work")),
    ("provider-flag", with_user({**OURS, "env": {**OURS["env"], "CLAUDE_CODE_USE_BEDROCK": ""}},  # type: ignore[dict-item]
                                {"CLAUDE_CODE_USE_BEDROCK": "1"}, in_use="work")),
    ("provider-flag", FINE._replace(env={"CLAUDE_CODE_USE_BEDROCK": "1"})),
    ("login-leak", with_user({"env": {"ANTHROPIC_BASE_URL": "https://api.anthropic.com"}}, state=ClaudeState(True, True))),  # noqa: E501
    ("key-not-approved", with_user({}, {"ANTHROPIC_API_KEY": KEY}, state=ClaudeState(False, True, (KEY[-8:],)))),
    ("key-in-clear", with_user(VENDOR)),
    ("proxy-loopback", with_user(OURS, {"HTTP_PROXY": "http://p.example:1", "NO_PROXY": "127.0.0.1,localhost"})),
    ("proxy-loopback", with_user(OURS, {"HTTP_PROXY": "http://p.example:1", "NO_PROXY": "*"})),
    *(("proxy-loopback", with_user(OURS, {"HTTP_PROXY": "http://p.example:1", "NO_PROXY": exempt}))
      for exempt in ("localhost 127.0.0.1", "127.0.0.0/8", "127.0.0.1:20001", "[127.0.0.1]", ".127.0.0.1", "x, *")),
    ("proxy-loopback", with_user(OURS, {"ALL_PROXY": "socks5h://p.example:1"})),
    ("setting-unusable", with_user({}, {"HTTPS_PROXY": "p.example:1", "ALL_PROXY": "p.example:1", "HTTP_PROXY": ""})),
    ("plain-http", FINE._replace(profiles={"work": profile("http://192.168.1.7:8080/v1")})),
    ("plain-http", FINE._replace(profiles={"work": profile("http://api.example.com/v1", "none")})),
    ("key-absent", FINE._replace(profiles={"work": profile()}, present={"work": None})),
    ("key-store-locked", FINE._replace(profiles={"work": profile(key="env")}, key_file_locked=True)),
    ("proxy-taken", FINE._replace(proxy=ProxyLook(False, 20001))),
    *(("limit-misread", with_user({"env": {"CLAUDE_CODE_MAX_OUTPUT_TOKENS": limit}}))
      for limit in ("8000", " 8000 ", "", 8000, "many")),
    ("limit-misread", with_user({"env": {"MAX_THINKING_TOKENS": "8k"}})),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "snapshot"), QUIET, ids=[f"{kind}-{n}" for n, (kind, _) in enumerate(QUIET)])
def test_what_is_all_right_is_not_found(kind: str, snapshot: Snapshot) -> None:
    assert kind not in kinds(snapshot)


def test_a_locked_key_file_weighs_more_for_a_profile_in_use() -> None:
    machine = FINE._replace(profiles={"work": profile()}, key_file_locked=True)
    assert [f.severity for f in run_checks(machine)] == ["info"]
    assert [f.severity for f in run_checks(machine._replace(in_use="work"))] == ["warn"]


def test_the_gravest_comes_first() -> None:
    snapshot = with_user({"permissions": "bad", "env": {"HTTP_PROXY": None}}, {"TEXTUAL_LOG": "x"})
    severities = [finding.severity for finding in run_checks(snapshot)]
    assert severities == sorted(severities, key=["fail", "warn", "info"].index)


def test_every_check_has_a_name_and_a_docstring() -> None:
    assert all(check.__doc__ for check in CHECKS.values())


def test_a_full_disk_is_seen_by_doctor_and_status(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ctx = Context({"HOME": str(home), "PATH": "/usr/bin:/bin"})
    room = shutil.disk_usage(home)
    assert not ctx_findings(ctx) & {"state-full"}
    monkeypatch.setattr(shutil, "disk_usage", lambda path: room._replace(free=0))
    assert ctx_findings(ctx) & {"state-full"}
    assert [point.name for point in status(ctx).points if point.verdict == "fail"] == ["disk"]


def ctx_findings(ctx: Context) -> set[str]:
    return {finding.kind for finding in diagnose(ctx)[0]}


@pytest.mark.parametrize(
    "snapshot",
    [
        FINE._replace(profiles={"work": profile("http://127.0.0.1:8080/v1")}, system_proxy="http://127.0.0.1:7890"),
        FINE._replace(
            profiles={"work": profile()}, system_proxy="http://p.example:1", env={"HTTPS_PROXY": "http://q:1"}
        ),
        FINE._replace(profiles={}, system_proxy="http://127.0.0.1:7890"),
        FINE._replace(platform="win32", python_folder=r"C:\Users\u\AppData\Local\Programs\Python\Python313"),
    ],
)
def test_a_systems_proxy_that_changes_nothing_and_another_python_are_not_found(snapshot: Snapshot) -> None:
    assert not {"system-proxy", "store-python"} & set(kinds(snapshot))
