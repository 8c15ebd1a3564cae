"""What every place for keys must do, run against each of them: in memory, in a file, and in real keyrings."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ccswitch_tui.credentials import encrypted_file
from ccswitch_tui.credentials.agent import KeyAgent
from ccswitch_tui.credentials.base import CredentialStore, MemoryStore
from ccswitch_tui.credentials.os_keyring import SECRET_SERVICE, OSKeyring
from ccswitch_tui.paths import resolve_paths
from ccswitch_tui.secret import Secret
from kit.net import wait_until
from kit.parts import SYSTEM_PATH, need_part
from kit.secret_service import SecretService

KEY = Secret("sk-example-contract-0123456789")
OTHER = Secret("sk-example-contract-another-987")

CHEAP = {"n": 2**14, "r": 8, "p": 1}


def memory(request: pytest.FixtureRequest) -> CredentialStore:
    return MemoryStore()


def key_file(request: pytest.FixtureRequest) -> CredentialStore:
    home = request.getfixturevalue("home")
    return encrypted_file.create(str(home / "keys.enc"), str(home / "state"), Secret("correct horse battery"))


def agent(request: pytest.FixtureRequest) -> CredentialStore:
    paths = resolve_paths({"HOME": str(request.getfixturevalue("home"))})
    encrypted_file.create(paths.encrypted_keys, paths.state_dir, Secret("correct horse battery"))
    held = KeyAgent(paths)
    held.unlock(Secret("correct horse battery"), None)
    return held


def secret_service(request: pytest.FixtureRequest) -> CredentialStore:
    session: SecretService = request.getfixturevalue("secret_service")
    return OSKeyring(SECRET_SERVICE, service="ccswitch-tui-test", env=session.env)


def password_store(request: pytest.FixtureRequest) -> CredentialStore:
    env = request.getfixturevalue("pass_env")
    return OSKeyring("keyring_pass.PasswordStoreBackend", service="ccswitch-tui-test", env=env)


def keepassxc(request: pytest.FixtureRequest) -> CredentialStore:
    return OSKeyring(SECRET_SERVICE, service="ccswitch-tui-test", env=request.getfixturevalue("keepassxc_env"))


STORES: list[Callable[[pytest.FixtureRequest], CredentialStore]] = [memory, key_file, agent]
REAL_STORES = [secret_service, password_store, keepassxc]


@pytest.fixture
def pass_env(home: Path) -> Iterator[dict[str, str]]:
    """An initialised `pass` with a gpg key of its own that needs no passphrase."""
    need_part("pass")
    need_part("gpg")
    short = tempfile.mkdtemp(prefix="ccsw-gpg-")  # gpg's sockets live there: their paths may have 107 bytes
    env = {"PATH": SYSTEM_PATH, "HOME": str(home), "GNUPGHOME": short, "LANG": "C.UTF-8"}
    for command in (
        [
            "gpg",
            "--batch",
            "--quiet",
            "--passphrase",
            "",
            "--quick-gen-key",
            "test@example.invalid",
            "ed25519/cert,sign",
        ],
        ["gpg", "--batch", "--quiet", "--passphrase", "", "--quick-add-key", "FINGERPRINT", "cv25519", "encr"],
        ["pass", "init", "test@example.invalid"],
    ):
        if "FINGERPRINT" in command:
            listed = subprocess.run(["gpg", "--list-keys", "--with-colons"], env=env, capture_output=True, text=True)
            command[command.index("FINGERPRINT")] = next(
                line.split(":")[9] for line in listed.stdout.splitlines() if line.startswith("fpr")
            )
        subprocess.run(command, env=env, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    yield env
    subprocess.run(["gpgconf", "--kill", "all"], env=env, capture_output=True)
    shutil.rmtree(short, ignore_errors=True)


KEEPASSXC_DATABASE = """<?xml version="1.0" encoding="UTF-8"?>
<KeePassFile><Meta><RecycleBinEnabled>False</RecycleBinEnabled><CustomData><Item>
<Key>FDO_SECRETS_EXPOSED_GROUP</Key><Value>{00112233-4455-6677-8899-aabbccddeeff}</Value>
</Item></CustomData></Meta><Root><Group><UUID>ABEiM0RVZneImaq7zN3u/w==</UUID><Name>Root</Name></Group></Root></KeePassFile>
"""
"""A group is offered to the Secret Service by an entry in the database's own custom data."""

COLLECTION = "string:org.freedesktop.Secret.Collection"

KEEPASSXC_SETTINGS = """[General]
ConfigVersion=2
UpdateCheckMessageShown=true
[FdoSecrets]
Enabled=true
ConfirmAccessItem=false
ConfirmDeleteItem=false
ShowNotification=false
"""


@pytest.fixture
def keepassxc_env(home: Path, new_secret_service: Callable[[], SecretService]) -> Iterator[dict[str, str]]:
    """KeePassXC as the Secret Service of a bus of its own, its database open."""
    need_part("keepassxc")
    session = new_secret_service().start(unlocked=False)
    # one instance a folder for temporary files: its lock lies there
    env = {**session.env, "QT_QPA_PLATFORM": "offscreen", "TMPDIR": str(session.runtime)}
    (home / ".config" / "keepassxc").mkdir(parents=True)
    (home / ".config" / "keepassxc" / "keepassxc.ini").write_text(KEEPASSXC_SETTINGS)
    (home / "keys.xml").write_text(KEEPASSXC_DATABASE)
    subprocess.run(
        ["keepassxc-cli", "import", "-q", "-p", home / "keys.xml", home / "keys.kdbx"],
        input=b"example-password\nexample-password\n",
        env=env,
        check=True,
        capture_output=True,
    )
    program = subprocess.Popen(
        ["keepassxc", "--pw-stdin", home / "keys.kdbx"],
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert program.stdin
    program.stdin.write(b"example-password\n")
    program.stdin.close()
    # asked of the bus, for a question to the service itself would start gnome-keyring in its place
    wait_until(session._is_on_the_bus, 15, "KeePassXC to come on the bus")
    get = "org.freedesktop.DBus.Properties.Get"
    to, path = "org.freedesktop.secrets", "/org/freedesktop/secrets"
    wait_until(
        lambda: "boolean false" in session._send(to, f"{path}/collection/keys", get, COLLECTION, "string:Locked"),
        15,
        "KeePassXC to open its database",
    )
    yield env
    program.kill()
    program.wait()


@pytest.fixture(
    params=[*STORES, *(pytest.param(make, marks=pytest.mark.real) for make in REAL_STORES)],
    ids=lambda make: make.__name__,
)
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> CredentialStore:
    monkeypatch.setattr(encrypted_file, "SCRYPT", CHEAP)
    return request.param(request)


@pytest.fixture
def asks_before_replacing(request: pytest.FixtureRequest) -> None:
    """KeePassXC shows a dialog before an entry is replaced; nobody is here to answer it."""
    if "keepassxc" in request.node.name:
        pytest.skip("KeePassXC asks its user before it replaces an entry")


def test_what_was_stored_is_read_back_and_removed(store: CredentialStore) -> None:
    assert store.get("work") is None
    store.set("work", KEY)
    assert store.get("work") == KEY
    assert store.delete("work") is True
    assert store.get("work") is None


def test_a_second_key_of_the_same_name_replaces_the_first(store: CredentialStore, asks_before_replacing: None) -> None:
    store.set("work", KEY)
    store.set("work", OTHER)
    assert store.get("work") == OTHER
    store.delete("work")
    assert store.get("work") is None


def test_removing_what_is_not_there_says_so(store: CredentialStore) -> None:
    assert store.delete("nobody") is False


def test_names_do_not_touch_each_other(store: CredentialStore) -> None:
    names = ["work", "work/spare", "Work.2", "wörk_ключ-鍵"]
    for number, name in enumerate(names):
        store.set(name, Secret(f"sk-example-{number}-0123456789"))
    for number, name in enumerate(names):
        assert store.get(name) == Secret(f"sk-example-{number}-0123456789")
    store.delete("work")
    assert store.get("work/spare") is not None


def test_odd_but_legal_keys_survive(store: CredentialStore) -> None:
    for number, value in enumerate(
        (
            "".join(chr(code) for code in range(0x21, 0x7F)),
            "eyJhbGciOiJIUzI1NiJ9." + "a1B2" * 300 + ".x",
            "k",
            "%s$HOME`id`'\"\\",
        )
    ):
        store.set(f"odd-{number}", Secret(value))
        assert store.get(f"odd-{number}") == Secret(value)


def test_the_store_has_a_name_for_people(store: CredentialStore) -> None:
    assert store.label
