"""What a keyring may answer, each once: whatever it is, the user reads what it means and what to do."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ccswitch_tui.credentials import os_keyring, secret_service
from ccswitch_tui.credentials.bounded import Ran, TookTooLong
from ccswitch_tui.credentials.os_keyring import (
    MACOS,
    NO_NAME,
    NOBODY_TO_ASK,
    SECRET_SERVICE,
    OSKeyring,
    configured,
    discover,
    keychain_closed_to,
)
from ccswitch_tui.errors import KeyStoreError
from ccswitch_tui.secret import Secret
from ccswitch_tui.sentence import say

KEY = Secret("sk-example-answers-0123456789")
PASS = "keyring_pass.PasswordStoreBackend"
BUS = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere"}
Child = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch) -> Child:
    """Answers in the child's place, one after another; returns the messages it got."""

    def answering(*answers: Any) -> list[dict[str, Any]]:
        asked: list[dict[str, Any]] = []
        left = list(answers)

        def ask(env: Any, label: str, message: dict[str, Any], limit_s: float = 0.0) -> Any:
            asked.append(message)
            answer = left.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(os_keyring, "_ask", ask)
        return asked

    return answering


def of(backend: str, **env: str) -> OSKeyring:
    return OSKeyring(backend, service="ccswitch-tui-test", env={**BUS, **env})


def reads(monkeypatch: pytest.MonkeyPatch, answer: str | Exception | None) -> None:
    """What the quick way to the Secret Service comes to."""

    def read(*given: object) -> str | None:
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(secret_service, "read", read)


# ---------------------------------------------------------------- reading and removing


def test_the_quick_way_is_for_the_plain_secret_service_alone(child: Child, monkeypatch: pytest.MonkeyPatch) -> None:
    reads(monkeypatch, "sk-example-quick")
    asked = child({"value": None}, {"value": "sk-example-slow"})
    assert of(SECRET_SERVICE).get("work") == Secret("sk-example-quick")
    assert of(SECRET_SERVICE, KEYRING_PROPERTY_SCHEME="KeePassXC").get("work") is None
    assert of(PASS).get("work/spare") == Secret("sk-example-slow")
    assert [message["name"] for message in asked] == ["work", "work%2Fspare"]


def test_a_locked_keyring_is_asked_again_where_somebody_may_open_it(
    child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads(monkeypatch, secret_service.Locked())
    child({"value": "sk-example-unlocked"})
    assert of(SECRET_SERVICE).get("work") == Secret("sk-example-unlocked")
    assert of(SECRET_SERVICE).is_unlocked() is False


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        (secret_service.Unreachable("nobody there"), "key-store-absent"),
        (TookTooLong(), "key-store-slow"),
        (ValueError("odd"), "key-store"),
    ],
)
def test_what_goes_wrong_on_the_quick_way_has_its_kind(
    trouble: Exception, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads(monkeypatch, trouble)
    for act in (lambda: of(SECRET_SERVICE).get("work"), of(SECRET_SERVICE).is_unlocked):
        with pytest.raises(KeyStoreError) as told:
            act()
        assert told.value.kind == kind


def test_whether_it_is_open_is_known_of_the_secret_service_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    reads(monkeypatch, None)
    assert of(SECRET_SERVICE).is_unlocked() is True
    assert of(PASS).is_unlocked() is None


@pytest.mark.parametrize(
    ("answers", "removed"),
    [
        ([{"left": False, "removed": False}], False),
        ([{"left": False, "removed": True}, {"value": None}], True),
        ([{"left": True, "removed": False}], None),
        ([{"left": False, "removed": True}, {"value": "sk-example-still-there"}], None),
    ],
)
def test_a_key_counts_as_removed_when_it_is_gone(child: Child, answers: list[Any], removed: bool | None) -> None:
    child(*answers)
    if removed is None:
        with pytest.raises(KeyStoreError, match="did not remove"):
            of(PASS).delete("work")
    else:
        assert of(PASS).delete("work") is removed


def test_a_key_is_stored_when_it_was_read_back(child: Child) -> None:
    asked = child({}, {"value": KEY.reveal()})
    of(PASS).set("work", KEY)
    assert [message["op"] for message in asked] == ["put", "get"]


# ---------------------------------------------------------------- waiting for a person


@pytest.mark.parametrize(
    ("backend", "names", "asked_for"),
    [(MACOS, ("a", "b"), ["a", "b"]), (MACOS, (), [NO_NAME]), (PASS, ("a",), [NO_NAME])],
)
def test_macos_asks_for_each_key_and_others_once(
    child: Child, backend: str, names: tuple[str, ...], asked_for: list[str]
) -> None:
    asked = child(*[{"value": None}] * 2)
    of(backend).unlock(60, names)
    assert [message["name"] for message in asked] == asked_for


@pytest.mark.parametrize(("kind", "points"), [("key-store-locked", True), ("key-store", False)])
def test_a_dialog_nobody_answered_points_to_the_desktop(child: Child, kind: str, points: bool) -> None:
    child(KeyStoreError(say("no"), hint=say("as it was"), kind=kind))
    with pytest.raises(KeyStoreError) as told:
        of(PASS).unlock(60)
    assert ("desktop" in told.value.hint) is points


# ---------------------------------------------------------------- the child


@pytest.mark.parametrize(
    ("outcome", "kind", "words"),
    [
        (TookTooLong(), "key-store-slow", "did not answer"),
        (OSError(2, "No such file"), "key-store", "cannot start"),
        (Ran(1, b"", b"Traceback\nImportError: no keyring"), "key-store", "ImportError: no keyring"),
        (Ran(3, b"not json", b""), "key-store", "exit code 3"),
        (Ran(0, b'{"error": "KeyringLocked", "detail": ""}', b""), "key-store-locked", "is locked"),
        (Ran(0, b'{"error": "InitError", "detail": "x"}', b""), "key-store-promptless", "never set up"),
        (Ran(0, b'{"error": "X", "detail": "Prompt dismissed.."}', b""), "key-store-promptless", "nobody to ask"),
        (Ran(0, b'{"error": "RuntimeError", "detail": "away"}', b""), "key-store-absent", "cannot be reached: away"),
        (Ran(0, b'{"error": "Odd", "detail": "y"}', b"warned\nof it"), "key-store", "Odd: y (of it)"),
        (Ran(0, b'{"error": "Odd", "detail": "(-25308, x)"}', b""), "key-store", "Odd: (-25308, x)"),
    ],
)
def test_whatever_the_child_comes_to_is_told(
    outcome: Ran | Exception, kind: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*given: object, **more: object) -> Ran:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr("ccswitch_tui.credentials.bounded.run_within", run)
    with pytest.raises(KeyStoreError) as told:
        of(PASS).get("work")
    assert (told.value.kind, words in told.value.message) == (kind, True), told.value.message


@pytest.mark.parametrize("address", [True, False])
def test_the_child_has_the_bus_where_there_is_one(address: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []

    def run(limit_s: float, command: list[str], env: dict[str, str], **more: object) -> Ran:
        given.append(env)
        return Ran(0, b'{"value": "sk-example-child"}', b"")

    monkeypatch.setattr("ccswitch_tui.credentials.bounded.run_within", run)
    keyring = OSKeyring(PASS, service="s", env=BUS if address else {})
    assert keyring.get("work") == Secret("sk-example-child")
    assert given == [BUS if address else {}]


def test_a_service_that_cannot_be_reached_is_told_by_what_the_environment_lacks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer = Ran(0, b'{"error": "RuntimeError", "detail": "Unable to initialize SecretService: odd"}', b"")
    monkeypatch.setattr("ccswitch_tui.credentials.bounded.run_within", lambda *given, **more: answer)
    for env, words in (({}, "DBUS_SESSION_BUS_ADDRESS is not set"), (BUS, "cannot be reached: odd")):
        with pytest.raises(KeyStoreError, match=words):
            OSKeyring(SECRET_SERVICE, service="s", env=env)._request("get", "work")


# ---------------------------------------------------------------- which one


@pytest.mark.parametrize(
    ("text", "named"),
    [(f"[backend]\ndefault-keyring={PASS}", PASS), ("[backend]\n", None), ("no table", None), (b"\xff\xfe", None)],
)
def test_keyrings_own_file_names_one_or_none(text: str | bytes, named: str | None, home: Path) -> None:
    env = {"HOME": str(home)}
    assert configured(env) is None, "there is no file"
    folder = home / ".config" / "python_keyring"
    folder.mkdir(parents=True)
    (folder / "keyringrc.cfg").write_bytes(text if isinstance(text, bytes) else text.encode())
    assert configured(env) == named


@pytest.mark.parametrize(("platform", "first"), [("linux", SECRET_SERVICE), ("darwin", MACOS)])
def test_the_first_safe_one_of_the_system_is_taken(child: Child, platform: str, first: str) -> None:
    asked = child({"backend": first})
    assert discover({}, platform=platform) == first
    assert asked[0]["backends"][0] == first and PASS not in asked[0]["backends"]


@pytest.mark.parametrize("refused", [{}, {SECRET_SERVICE: "nobody there"}])
def test_where_none_is_safe_the_reason_is_the_secret_services(child: Child, refused: dict[str, str]) -> None:
    child({"backend": "", "refused": refused})
    with pytest.raises(KeyStoreError) as told:
        discover(BUS, platform="linux")
    assert told.value.kind == "key-store-absent"
    assert ("nobody there" in told.value.message) is bool(refused)


def test_windows_is_asked_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert discover({}, platform="win32") == os_keyring.WINDOWS


# ---------------------------------------------------------------- macOS


@pytest.mark.parametrize("code", os_keyring.KEYCHAIN)
def test_the_keychains_numbers_have_words_and_others_numbers_are_theirs(code: int) -> None:
    told = os_keyring._explain("macOS Keychain", "PasswordError", f"({code}, 'x')")
    assert told.message == os_keyring.KEYCHAIN[code][0]
    assert os_keyring._explain("KWallet", "E", f"({code}, 'x')").kind == "key-store"


@pytest.mark.parametrize(
    ("env", "outcome", "closed"),
    [
        ({}, Ran(NOBODY_TO_ASK, b"", b""), False),
        ({"SSH_TTY": "/dev/pts/1"}, Ran(NOBODY_TO_ASK, b"", b""), True),
        ({"SSH_CONNECTION": "1 2"}, Ran(0, b"", b""), False),
        ({"SSH_TTY": "/dev/pts/1"}, OSError(2, "no such program"), False),
        ({"SSH_TTY": "/dev/pts/1"}, TookTooLong(), False),
    ],
)
def test_over_ssh_a_closed_keychain_is_known_without_a_dialog(
    env: dict[str, str], outcome: Ran | Exception, closed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*given: object) -> Ran:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(os_keyring, "run_within", run)
    told = keychain_closed_to(env)
    assert (told is not None) is closed
    assert told is None or told.kind == "key-store-locked"
