"""The one door to keys: which store it opens, what it says of a key without opening any, whose trouble it names."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ccswitch_tui.credentials import index, os_keyring
from ccswitch_tui.credentials.agent_client import AgentStore
from ccswitch_tui.credentials.base import MemoryStore
from ccswitch_tui.credentials.hosts import check_key_host
from ccswitch_tui.credentials.index import ENCRYPTED_FILE, Remembered
from ccswitch_tui.credentials.keys import Keys, choose_store, header_error
from ccswitch_tui.credentials.os_keyring import SAFE_BACKENDS, SECRET_SERVICE, OSKeyring
from ccswitch_tui.errors import KeyStoreError
from ccswitch_tui.paths import Paths, resolve_paths
from ccswitch_tui.profiles.model import Endpoint, Profile, SecretRef
from ccswitch_tui.proxy.background.control import ProxyControl
from ccswitch_tui.secret import Secret
from ccswitch_tui.sentence import say

KEY = Secret("sk-example-door-0123456789")
STORED, NONE = SecretRef("keyring", "work"), SecretRef("none", "")
PASS = "keyring_pass.PasswordStoreBackend"


@pytest.fixture
def env(home: Path) -> dict[str, str]:
    return {"HOME": str(home), "PATH": "/usr/bin:/bin"}


@pytest.fixture
def paths(env: dict[str, str]) -> Paths:
    return resolve_paths(env)


def profile(key: SecretRef, **more: Any) -> Profile:
    return Profile("work", Endpoint("https://api.acme.example/v1", "openai-chat"), key=key)._replace(**more)


def remember(paths: Paths, store: str) -> None:
    index.remember(paths, Remembered(store))


def make_key_file(paths: Paths) -> None:
    Path(paths.encrypted_keys).parent.mkdir(parents=True, exist_ok=True)
    Path(paths.encrypted_keys).touch()


# ---------------------------------------------------------------- which store


def test_a_store_that_was_given_takes_the_place_of_all_others(paths: Paths, env: dict[str, str]) -> None:
    remember(paths, ENCRYPTED_FILE)
    given = MemoryStore()
    keys = Keys(paths, env, store=given)
    assert keys.is_given and keys.store is given
    assert (keys.in_key_file(), keys.where()) == (False, given.label)


def test_the_choice_is_made_once_until_it_is_forgotten(paths: Paths, env: dict[str, str]) -> None:
    remember(paths, SECRET_SERVICE)
    keys = Keys(paths, env)
    assert isinstance(keys.store, OSKeyring)
    remember(paths, ENCRYPTED_FILE)
    assert keys.chosen().store == SECRET_SERVICE
    keys.forget_choice()
    assert isinstance(keys.store, AgentStore)
    keys.forget_choice()
    keys.forget_choice()  # before a store was opened
    assert keys.chosen().store == ENCRYPTED_FILE


def test_windows_store_is_opened_by_windows_alone(
    paths: Paths, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    remember(paths, os_keyring.WINDOWS)
    assert isinstance(Keys(paths, env).store, OSKeyring)


@pytest.mark.parametrize("has_key_file", [False, True])
def test_what_the_user_configured_counts_most_then_what_is_remembered_then_a_key_file(
    paths: Paths, env: dict[str, str], has_key_file: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os_keyring, "discover", lambda env: "found by looking")
    if has_key_file:
        make_key_file(paths)
    named = {**env, "PYTHON_KEYRING_BACKEND": PASS}
    assert choose_store(paths, env).store == (ENCRYPTED_FILE if has_key_file else "found by looking")
    assert choose_store(paths, named).store == PASS
    remember(paths, SECRET_SERVICE)
    assert choose_store(paths, env).store == SECRET_SERVICE
    remember(paths, ENCRYPTED_FILE)
    assert choose_store(paths, env).store == ENCRYPTED_FILE
    assert choose_store(paths, named).store == PASS


def test_where_keys_are_is_told_without_opening_anything(paths: Paths, env: dict[str, str]) -> None:
    keys = Keys(paths, env)
    assert (keys.where(), keys.in_key_file()) == ("nowhere yet: the first key decides", False)
    make_key_file(paths)
    assert keys.in_key_file() and paths.encrypted_keys in keys.where()
    assert not Keys(paths, {**env, "PYTHON_KEYRING_BACKEND": PASS}).in_key_file()
    for store, (label, _) in SAFE_BACKENDS.items():
        remember(paths, store)
        assert (keys.where(), keys.in_key_file()) == (f"the {label}", False)
    remember(paths, "somebody.elses.Keyring")
    assert keys.where() == "an unknown store"
    remember(paths, ENCRYPTED_FILE)
    assert keys.in_key_file()


# ---------------------------------------------------------------- a key


def test_a_profile_without_a_key_has_none_and_asking_for_it_says_what_to_do(paths: Paths, env: dict[str, str]) -> None:
    keys = Keys(paths, env, store=MemoryStore())
    assert keys.of(profile(NONE)) is None
    with pytest.raises(KeyStoreError, match="has no key") as refused:
        keys.resolve(NONE)
    assert "--key-stdin" in refused.value.hint


@pytest.mark.parametrize("listed", [None, ["other"], ["other", "work"]])
def test_a_key_that_is_found_is_on_the_list_from_then_on(
    paths: Paths, env: dict[str, str], listed: list[str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in listed or ():
        index.note(paths, name, stored=True)
    keys = Keys(paths, env)
    store = MemoryStore()
    store.set("work", KEY)
    monkeypatch.setitem(keys.__dict__, "store", store)
    assert keys.present(STORED) is (None if listed is None else "work" in listed)
    assert keys.of(profile(STORED)) == KEY
    assert index.names(paths) == frozenset({"work", *(listed or ())})
    assert keys.present(STORED) is True


def test_whether_a_key_is_there_is_known_of_the_environment_and_of_no_command(
    paths: Paths, env: dict[str, str]
) -> None:
    keys = Keys(paths, {**env, "K": "sk-example-k"}, store=MemoryStore())
    assert keys.present(SecretRef("env", "K")) is True
    assert keys.present(SecretRef("env", "ABSENT")) is False
    assert keys.present(SecretRef("command", "pass show x")) is None
    assert keys.present(STORED) is False
    keys.put("work", KEY)
    assert keys.present(STORED) is True
    assert (keys.remove("work"), keys.remove("work")) == (True, False)
    assert index.names(paths) is None, "the list is of this system's own store"


@pytest.mark.parametrize("runs", [False, True])
def test_a_running_proxy_is_told_that_a_key_of_this_machine_changed(
    paths: Paths, env: dict[str, str], runs: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []
    monkeypatch.setattr(ProxyControl, "status", lambda proxy: SimpleNamespace(running=runs))
    monkeypatch.setattr(ProxyControl, "ask", lambda proxy, method, path: asked.append((method, path)))
    remember(paths, SECRET_SERVICE)
    keys = Keys(paths, env)
    monkeypatch.setitem(keys.__dict__, "store", MemoryStore())
    assert keys.put("work", KEY) == STORED
    assert index.names(paths) == frozenset({"work"})
    assert keys.remove("work")
    assert index.names(paths) == frozenset()
    assert asked == [("POST", "/_ccswitch/forget-keys")] * (2 if runs else 0)


def test_a_scheme_stands_before_what_was_found(paths: Paths, env: dict[str, str]) -> None:
    keys = Keys(paths, {**env, "K": "sk-example-k-0123"}, store=MemoryStore())
    assert keys.resolve(SecretRef("env", "K", "Basic")).reveal() == "Basic sk-example-k-0123"


def test_a_new_key_makes_forget_what_was_left_on_the_old_one_and_on_no_other(paths: Paths, env: dict[str, str]) -> None:
    folder = Path(paths.balances)
    folder.mkdir(parents=True)
    for name in ("work", "other"):
        (folder / f"{name}.json").write_text(json.dumps({"key_ref": f"keyring:{name}"}))
    (folder / "a folder").mkdir()
    Keys(paths, env, store=MemoryStore()).put("work", KEY)
    assert sorted(path.name for path in folder.iterdir()) == ["a folder", "other.json"]


# ---------------------------------------------------------------- secret headers


def test_the_header_whose_key_is_missing_is_named(paths: Paths, env: dict[str, str]) -> None:
    keys = Keys(paths, {**env, "K": "sk-example-k-0123"}, store=MemoryStore())
    there = {"X-One": SecretRef("env", "K")}
    assert {name: found.reveal() for name, found in keys.of_headers(profile(NONE, secret_headers=there)).items()} == {
        "X-One": "sk-example-k-0123"
    }
    with pytest.raises(KeyStoreError, match="X-Two") as refused:
        keys.of_headers(profile(NONE, secret_headers={**there, "X-Two": SecretRef("keyring", "work/X-Two")}))
    assert "--secret-header X-Two" in refused.value.hint


@pytest.mark.parametrize(
    ("kind", "ref", "own"),
    [("key-absent", STORED, True), ("key-absent", SecretRef("env", "K"), False), ("key-store-locked", STORED, False)],
)
def test_only_an_absent_stored_key_is_to_be_entered_again(kind: str, ref: SecretRef, own: bool) -> None:
    error = header_error(KeyStoreError(say("gone"), hint=say("their hint"), kind=kind), profile(ref), "X-One")
    assert (error.hint != "their hint", error.kind) == (own, kind)
    assert "X-One" in error.message


@pytest.mark.parametrize(("key_host", "refused"), [("api.acme.example", False), ("other.example", True)])
def test_a_key_goes_to_its_own_host_and_to_no_other(key_host: str, refused: bool) -> None:
    asked = profile(STORED, key_host=key_host)
    if refused:
        with pytest.raises(KeyStoreError, match="not sent"):
            check_key_host(asked)
    else:
        check_key_host(asked)
