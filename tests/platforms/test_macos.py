"""What a user of macOS meets first, by the documented interfaces: the Keychain's answers, launchd, unlocking."""

from __future__ import annotations

import json
import plistlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from ccswitch_tui.credentials import bounded, os_keyring
from ccswitch_tui.credentials.os_keyring import MACOS, NO_NAME, OSKeyring
from ccswitch_tui.errors import KeyStoreError
from ccswitch_tui.paths import resolve_paths
from ccswitch_tui.proxy.background import service
from ccswitch_tui.workflows.context import Context
from ccswitch_tui.workflows.diagnose import diagnose


class Keychain:
    """Answers as keyring's macOS backend does in the child; notes what it was asked, and for how long we would wait."""

    def __init__(self, answer: Mapping[str, Any], *, asks_s: float = 0.0) -> None:
        self.answer = answer
        self.asks_s = asks_s
        self.asked: list[tuple[str, str, float]] = []

    def run_within(
        self, limit_s: float, command: Sequence[str], env: Mapping[str, str], *, given: bytes = b"", shell: bool = False
    ) -> bounded.Ran:
        message = json.loads(given)
        self.asked.append((message["op"], message["name"], limit_s))
        if message["name"] != NO_NAME and limit_s < self.asks_s:
            raise bounded.TookTooLong  # the dialog is still open, and goes with the child
        return bounded.Ran(0, b"\n" + json.dumps(self.answer).encode() + b"\n", b"")


@pytest.fixture
def store() -> OSKeyring:
    return OSKeyring(MACOS, service="ccswitch-tui", env={})


@pytest.mark.parametrize(
    ("error", "code", "kind", "hint"),
    [
        ("KeyringError", -25308, "key-store-locked", "security unlock-keychain"),
        ("KeyringError", -25293, "key-store-locked", "security unlock-keychain"),
        ("KeyringLocked", -128, "key-store-locked", "Always Allow"),
        ("KeyringError", -67030, "key-store", "unlock --create"),
    ],
)
def test_what_the_keychain_refuses_with_comes_with_its_way_out(
    store: OSKeyring, monkeypatch: pytest.MonkeyPatch, error: str, code: int, kind: str, hint: str
) -> None:
    detail = f"Can't get password from keychain: ({code}, 'Unknown Error')"
    monkeypatch.setattr(bounded, "run_within", Keychain({"error": error, "detail": detail}).run_within)
    with pytest.raises(KeyStoreError) as caught:
        store.get("work")
    assert caught.value.kind == kind
    assert hint in caught.value.hint
    assert "Unknown Error" not in caught.value.message


@pytest.mark.parametrize(
    ("env", "code", "told"), [({"SSH_TTY": "/dev/ttys001"}, 36, True), ({}, 36, False), ({"SSH_TTY": "x"}, 0, False)]
)
def test_the_doctor_says_over_ssh_that_the_keychain_is_locked(
    home: Path, monkeypatch: pytest.MonkeyPatch, env: dict[str, str], code: int, told: bool
) -> None:
    """Without SSH it does not ask: on a desktop that opens a dialog."""
    asked: list[Sequence[str]] = []

    def run(limit_s: float, command: Sequence[str], env: object) -> bounded.Ran:
        asked.append(command)
        return bounded.Ran(code, b"", b"")

    monkeypatch.setattr(os_keyring, "run_within", run)
    monkeypatch.setattr("sys.platform", "darwin")
    profiles = home / "ours" / "profiles.toml"
    profiles.parent.mkdir()
    profiles.write_text(PROFILE)
    ctx = Context({"HOME": str(home), "CCSWITCH_HOME": str(home / "ours"), **env})
    found = [one for one in diagnose(ctx)[0] if one.kind == "key-store-locked"]
    assert (len(found), bool(asked)) == (int(told), bool(env))
    assert asked in ([], [("/usr/bin/security", "show-keychain-info")]), (
        "as security(1) has it: tells, and opens nothing"
    )
    assert all(one.fix is not None and "security unlock-keychain" in one.fix.text for one in found)


PROFILE = """
version = 2
[profiles.work]
endpoint = { base_url = "https://gateway.example/v1", wire = "openai-chat" }
key = "keyring:work"
"""


def test_unlocking_reads_every_key_while_somebody_is_there_to_allow_it(
    store: OSKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    keychain = Keychain({"value": "sk-example-keychain"}, asks_s=15)
    monkeypatch.setattr(bounded, "run_within", keychain.run_within)
    with pytest.raises(KeyStoreError, match="did not answer"):
        store.get("work")
    store.unlock(120, ["work", "other"])
    assert keychain.asked[1:] == [("get", "work", 120), ("get", "other", 120)]


def test_a_store_without_such_questions_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    keychain = Keychain({"value": None})
    monkeypatch.setattr(bounded, "run_within", keychain.run_within)
    OSKeyring("keyring.backends.kwallet.DBusKeyring", service="ccswitch-tui", env={}).unlock(120, ["work", "other"])
    assert [name for _, name, _ in keychain.asked] == [NO_NAME]


LAUNCHD_KEYS = {
    "Label": str, "ProgramArguments": list, "EnvironmentVariables": dict, "RunAtLoad": bool, "KeepAlive": dict,
    "ExitTimeOut": int, "HardResourceLimits": dict, "ProcessType": str,
}  # fmt: skip
"""launchd.plist(5): the keys we write and their types. launchd ignores one it does not know, silently."""


def agent(home: Path, **env: str) -> service.ServicePlan:
    env = {"HOME": str(home), **env}
    command = ["/opt/homebrew/bin/python3", "-P", "-m", "ccswitch_tui", "proxy", "serve"]
    return service.plan_service(resolve_paths(env, platform="darwin"), env, command, platform="darwin")


def test_the_launch_agent_holds_only_what_launchd_knows(home: Path) -> None:
    tree = plistlib.loads(agent(home).text.encode())
    assert {name: type(value) for name, value in tree.items()} == LAUNCHD_KEYS
    assert all(isinstance(word, str) for word in tree["ProgramArguments"])
    assert tree["KeepAlive"] == {"SuccessfulExit": False}
    assert tree["ProcessType"] in ("Background", "Standard", "Adaptive", "Interactive")
    assert all(isinstance(value, str) for value in tree["EnvironmentVariables"].values())


def test_the_launch_agent_finds_the_programs_that_its_user_finds(home: Path) -> None:
    tree = plistlib.loads(agent(home, PATH="/opt/homebrew/bin:/usr/bin").text.encode())
    assert tree["EnvironmentVariables"]["PATH"] == "/opt/homebrew/bin:/usr/bin"


def test_installing_again_takes_the_old_agent_out_first(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(service, "_tell", lambda words, **_: told.append(words[1]))
    service.install_service(agent(home))
    service.install_service(agent(home))
    assert told == ["bootstrap", "bootout", "bootstrap"]


def test_a_bootstrap_that_comes_too_early_is_tried_again(tmp_path: Path) -> None:
    """`launchctl bootout` returns before the agent is gone: "Bootstrap failed: 5"."""
    program = tmp_path / "launchctl"
    program.write_text(f"#!/bin/sh\ntest -e {tmp_path}/gone && exit 0\ntouch {tmp_path}/gone\nexit 5\n")
    program.chmod(0o755)
    service._tell((str(program), "bootstrap"), patience_s=5)
