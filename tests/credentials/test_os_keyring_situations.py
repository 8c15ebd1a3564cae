"""The OS keyring locked, absent, promptless, slow, lost or unsafe: each a clear error in time, never a hang."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ccswitch_tui.credentials.base import MemoryStore, read_back
from ccswitch_tui.credentials.keys import Keys
from ccswitch_tui.credentials.os_keyring import SAFE_BACKENDS, SECRET_SERVICE, OSKeyring, configured, discover
from ccswitch_tui.errors import KeyStoreError
from ccswitch_tui.paths import resolve_paths
from ccswitch_tui.profiles.model import SecretRef
from ccswitch_tui.secret import Secret
from kit.secret_service import SecretService

KEY = Secret("sk-example-situation-0123456789")


def keyring_on(session: SecretService, limit_s: float = 10.0) -> OSKeyring:
    return OSKeyring(SECRET_SERVICE, service="ccswitch-tui", env=session.env, limit_s=limit_s)


@pytest.mark.real
def test_another_program_reads_what_was_stored(secret_service: SecretService) -> None:
    keyring_on(secret_service).set("work", KEY)
    assert secret_service.lookup("ccswitch-tui", "work") == KEY.reveal()


@pytest.mark.real
def test_keys_are_there_again_in_the_next_session(new_secret_service: Callable[[], SecretService]) -> None:
    first = new_secret_service().start()
    keyring_on(first).set("work", KEY)
    first.stop()
    second = new_secret_service().start()
    assert keyring_on(second).get("work") == KEY


@pytest.mark.real
def test_a_locked_keyring_says_that_it_is_locked(secret_service: SecretService) -> None:
    store = keyring_on(secret_service)
    store.set("work", KEY)
    secret_service.lock()
    began = time.monotonic()
    for attempt in (lambda: store.get("work"), lambda: store.set("work", KEY), lambda: store.delete("work")):
        with pytest.raises(KeyStoreError) as refused:
            attempt()
        assert refused.value.kind == "key-store-locked"
        assert "ccswitch-tui unlock" in refused.value.hint
    assert time.monotonic() - began < 30


@pytest.mark.real
def test_a_keyring_nobody_ever_set_up_says_so(new_secret_service: Callable[[], SecretService]) -> None:
    session = new_secret_service().start(unlocked=False)
    with pytest.raises(KeyStoreError) as refused:
        keyring_on(session).set("work", KEY)
    assert refused.value.kind in ("key-store-promptless", "key-store-absent", "key-store-locked")
    assert refused.value.hint


def test_without_a_session_bus_the_keyring_is_absent(home: Path) -> None:
    env = {"HOME": str(home), "PATH": os.environ["PATH"]}
    store = OSKeyring(SECRET_SERVICE, service="ccswitch-tui", env=env)
    for attempt in (lambda: store.get("work"), lambda: store.set("work", KEY), lambda: store.delete("work")):
        with pytest.raises(KeyStoreError) as refused:
            attempt()
        assert refused.value.kind == "key-store-absent"
        assert "unlock --create" in refused.value.hint


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (None, "there is no D-Bus session here (DBUS_SESSION_BUS_ADDRESS is not set)"),
        ("", "there is no D-Bus session here (DBUS_SESSION_BUS_ADDRESS is not set)"),
        ("x:y", "DBUS_SESSION_BUS_ADDRESS is not the address of a D-Bus session"),
        ("nonsense", "DBUS_SESSION_BUS_ADDRESS is not the address of a D-Bus session"),
    ],
)
def test_a_bus_that_is_not_there_is_told_in_our_words(home: Path, address: str | None, words: str) -> None:
    env = {"HOME": str(home), "PATH": os.environ["PATH"]}
    env |= {} if address is None else {"DBUS_SESSION_BUS_ADDRESS": address}
    store = OSKeyring(SECRET_SERVICE, service="ccswitch-tui", env=env)
    for attempt in (lambda: discover(env, platform="linux"), lambda: store.get("work"), lambda: store.set("work", KEY)):
        with pytest.raises(KeyStoreError) as refused:
            attempt()
        assert refused.value.message.endswith(words), refused.value.message


def test_a_bus_address_that_leads_nowhere_is_absent_too(home: Path) -> None:
    for address in ("unix:path=/nonexistent/bus", "tcp:host=127.0.0.1,port=1", "nonsense"):
        env = {"HOME": str(home), "PATH": os.environ["PATH"], "DBUS_SESSION_BUS_ADDRESS": address}
        with pytest.raises(KeyStoreError) as refused:
            OSKeyring(SECRET_SERVICE, service="ccswitch-tui", env=env).get("work")
        assert refused.value.kind == "key-store-absent"


@pytest.mark.real
def test_a_keyring_that_stopped_answering_ends_in_time(secret_service: SecretService) -> None:
    store = keyring_on(secret_service, limit_s=2.0)
    store.set("work", KEY)
    daemon = next(process for process in secret_service._processes if "gnome-keyring-daemon" in str(process.args))
    daemon.send_signal(signal.SIGSTOP)
    try:
        for attempt in (lambda: store.get("work"), lambda: store.set("work", KEY), lambda: store.delete("work")):
            began = time.monotonic()
            with pytest.raises(KeyStoreError) as refused:
                attempt()
            assert refused.value.kind == "key-store-slow"
            assert time.monotonic() - began < 4
    finally:
        daemon.send_signal(signal.SIGCONT)
    assert store.get("work") == KEY


@pytest.mark.real
def test_a_keyring_that_went_away_is_absent(secret_service: SecretService) -> None:
    store = keyring_on(secret_service)
    store.set("work", KEY)
    secret_service.stop()
    with pytest.raises(KeyStoreError) as refused:
        store.get("work")
    assert refused.value.kind == "key-store-absent"


class Forgetful(MemoryStore):
    """Takes everything and keeps nothing, as keyring's null backend does."""

    label = "forgetful store"

    def set(self, name: str, secret: Secret) -> None:
        read_back(self, name, secret)


def test_a_store_that_swallows_a_key_is_found_out() -> None:
    with pytest.raises(KeyStoreError, match="does not return it") as refused:
        Forgetful().set("work", KEY)
    assert KEY.reveal() not in str(refused.value)


@pytest.mark.parametrize(
    "backend",
    [
        "keyring.backends.null.Keyring",
        "keyring.backends.fail.Keyring",
        "keyring.backends.chainer.ChainerBackend",
        "keyrings.alt.file.PlaintextKeyring",
        "keyrings.cryptfile.cryptfile.CryptFileKeyring",
        "os.system",
    ],
)
def test_an_unsafe_backend_is_refused_by_name(backend: str, home: Path) -> None:
    with pytest.raises(KeyStoreError) as refused:
        configured({"HOME": str(home), "PYTHON_KEYRING_BACKEND": backend})
    assert backend in refused.value.message
    assert refused.value.kind == "key-store-unsafe"


def test_an_unsafe_backend_in_keyrings_own_configuration_is_refused(home: Path) -> None:
    folder = home / ".config" / "python_keyring"
    folder.mkdir(parents=True)
    (folder / "keyringrc.cfg").write_text("[backend]\ndefault-keyring=keyring.backends.null.Keyring\n")
    with pytest.raises(KeyStoreError, match="keyringrc"):
        configured({"HOME": str(home)})


def test_a_safe_backend_named_by_the_user_is_taken(home: Path) -> None:
    for backend in SAFE_BACKENDS:
        assert configured({"HOME": str(home), "PYTHON_KEYRING_BACKEND": backend}) == backend


@pytest.mark.real
def test_the_secret_service_is_found_where_there_is_one(secret_service: SecretService) -> None:
    assert discover(secret_service.env) == SECRET_SERVICE


def test_where_there_is_no_keyring_the_way_out_is_named(home: Path) -> None:
    with pytest.raises(KeyStoreError) as refused:
        discover({"HOME": str(home), "PATH": os.environ["PATH"]})
    assert "unlock --create" in refused.value.hint


@pytest.mark.real
def test_the_choice_is_remembered_once_a_key_is_stored_and_not_before(secret_service: SecretService) -> None:
    paths = resolve_paths(secret_service.env)
    keys = Keys(paths, secret_service.env)
    with pytest.raises(KeyStoreError, match="no key for"):
        keys.resolve(SecretRef("keyring", "work"))
    assert not Path(paths.state_dir).exists()
    keys.put("work", KEY)
    assert SECRET_SERVICE in Path(paths.key_backend).read_text()
    assert keys.present(SecretRef("keyring", "work")) is True
    assert keys.remove("work") is True
    assert keys.present(SecretRef("keyring", "work")) is False


@pytest.mark.real
def test_two_homes_of_ours_keep_their_keys_apart(secret_service: SecretService, tmp_path: Path) -> None:
    homes = []
    for name in ("one", "two"):
        env = {**secret_service.env, "CCSWITCH_HOME": str(tmp_path / name)}
        homes.append(Keys(resolve_paths(env), env))
    homes[0].put("work", KEY)
    homes[1].put("work", Secret("sk-example-of-the-second-home"))
    assert homes[0].resolve(SecretRef("keyring", "work")) == KEY


@pytest.mark.real
def test_a_helper_started_without_the_bus_variable_finds_the_usual_bus(secret_service: SecretService) -> None:
    keyring_on(secret_service).set("work", KEY)
    env = {n: v for n, v in secret_service.env.items() if n != "DBUS_SESSION_BUS_ADDRESS"}
    socket = secret_service.env["DBUS_SESSION_BUS_ADDRESS"].partition("path=")[2].partition(",")[0]
    if not socket:
        pytest.skip("this bus has no path")
    os.symlink(socket, secret_service.runtime / "bus")
    store = OSKeyring(SECRET_SERVICE, service="ccswitch-tui", env=env)
    assert store.get("work") == KEY
    store.set("more", KEY)


@pytest.mark.real
def test_the_key_is_on_no_command_line_and_in_no_environment(
    secret_service: SecretService, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = home / "seen"
    spy = home / "spy"
    spy.write_text(f'#!/bin/sh\ncat /proc/$$/cmdline /proc/$$/environ >> {seen}\nexec {sys.executable} "$@"\n')
    spy.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(spy))
    store = keyring_on(secret_service)
    store.set("work", KEY)
    store.get("work")
    store.delete("work")
    assert b"keyring_child" in seen.read_bytes()
    assert KEY.reveal().encode() not in seen.read_bytes()
