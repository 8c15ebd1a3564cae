"""The encrypted key file under attack: wrong passphrase, damage at every byte, kills, full disks, odd umasks."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ccswitch_tui import textfile
from ccswitch_tui.credentials import encrypted_file
from ccswitch_tui.credentials.encrypted_file import EncryptedFileStore
from ccswitch_tui.errors import KeyStoreError, UsageError
from ccswitch_tui.secret import Secret
from kit import needs

PASSPHRASE = Secret("correct horse battery")
KEY = Secret("sk-example-file-0123456789abcdef")


@pytest.fixture(autouse=True)
def cheap_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encrypted_file, "SCRYPT", {"n": 2**14, "r": 8, "p": 1})


@pytest.fixture
def path(home: Path) -> Path:
    return home / "state" / "keys.enc"


@pytest.fixture
def store(path: Path) -> EncryptedFileStore:
    made = encrypted_file.create(str(path), str(path.parent), PASSPHRASE)
    made.set("work", KEY)
    return made


def reopen(path: Path, passphrase: Secret = PASSPHRASE) -> EncryptedFileStore:
    return encrypted_file.open_file(str(path), str(path.parent), passphrase)


def test_another_process_opens_it_with_the_passphrase(store: EncryptedFileStore, path: Path) -> None:
    assert reopen(path).get("work") == KEY


def test_the_file_shows_neither_key_nor_name(store: EncryptedFileStore, path: Path) -> None:
    raw = path.read_bytes()
    assert KEY.reveal().encode() not in raw
    assert b"work" not in raw


def test_a_wrong_passphrase_is_said_to_be_wrong(store: EncryptedFileStore, path: Path) -> None:
    with pytest.raises(KeyStoreError) as refused:
        reopen(path, Secret("wrong horse battery"))
    assert refused.value.kind == "key-store-passphrase"


def test_a_flipped_bit_anywhere_is_noticed_and_the_file_left_alone(store: EncryptedFileStore, path: Path) -> None:
    sound = path.read_bytes()
    for offset in range(len(sound)):
        damaged = bytearray(sound)
        damaged[offset] ^= 1 << (offset % 8)
        path.write_bytes(damaged)
        with pytest.raises(KeyStoreError) as refused:
            encrypted_file.check_file(str(path))
        assert refused.value.kind in ("key-store-damaged", "key-store-newer"), offset
        assert refused.value.hint
        assert path.read_bytes() == damaged


def test_a_file_cut_off_anywhere_is_noticed(store: EncryptedFileStore, path: Path) -> None:
    sound = path.read_bytes()
    for length in range(len(sound)):
        path.write_bytes(sound[:length])
        with pytest.raises(KeyStoreError, match="damaged"):
            encrypted_file.check_file(str(path))


def test_a_forged_checksum_does_not_pass_the_seal(store: EncryptedFileStore, path: Path) -> None:
    import hashlib

    sound = path.read_bytes()
    lines = sound.index(b"}\n") + 2
    for offset in (*range(0, lines, 7), lines, lines + 20, len(sound) - 33):
        damaged = bytearray(sound[:-32])
        damaged[offset] ^= 1
        path.write_bytes(damaged + hashlib.sha256(damaged).digest())
        with pytest.raises(KeyStoreError):
            reopen(path)


def test_parameters_that_would_eat_the_memory_are_refused(store: EncryptedFileStore, path: Path) -> None:
    import hashlib

    magic, header, rest = path.read_bytes()[:-32].split(b"\n", 2)
    greedy = json.dumps({**json.loads(header), "n": 2**30}).encode()
    body = b"\n".join([magic, greedy, rest])
    path.write_bytes(body + hashlib.sha256(body).digest())
    began = time.monotonic()
    with pytest.raises(KeyStoreError, match="damaged"):
        reopen(path)
    assert time.monotonic() - began < 2


def test_a_newer_version_asks_for_an_upgrade(store: EncryptedFileStore, path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"keys 1\n", b"keys 2\n", 1))
    with pytest.raises(KeyStoreError, match="newer than this program knows"):
        reopen(path)


def test_the_copy_takes_the_place_of_a_damaged_file(store: EncryptedFileStore, path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])
    encrypted_file.restore_copy(str(path), str(path.parent))
    assert reopen(path).get("work") == KEY
    assert path.with_name("keys.enc.damaged").exists()


def test_a_removed_key_is_in_neither_file(store: EncryptedFileStore, path: Path) -> None:
    store.delete("work")
    assert reopen(path).names() == []
    copy = encrypted_file.copy_of(str(path))
    assert encrypted_file.open_file(copy, str(path.parent), PASSPHRASE).names() == []


def test_another_passphrase_closes_the_file_to_the_old_one(store: EncryptedFileStore, path: Path) -> None:
    new = Secret("quite another passphrase")
    encrypted_file.change_passphrase(str(path), str(path.parent), PASSPHRASE, new)
    assert reopen(path, new).get("work") == KEY
    with pytest.raises(KeyStoreError, match="wrong passphrase"):
        reopen(path)


def test_a_short_passphrase_is_refused(path: Path) -> None:
    with pytest.raises(UsageError):
        encrypted_file.create(str(path), str(path.parent), Secret("short"))
    assert not path.exists()


def test_a_file_that_is_there_is_never_created_over(store: EncryptedFileStore, path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(UsageError):
        encrypted_file.create(str(path), str(path.parent), PASSPHRASE)
    assert path.read_bytes() == before


def test_two_openers_do_not_lose_each_others_keys(store: EncryptedFileStore, path: Path) -> None:
    other = reopen(path)
    other.set("home", Secret("sk-example-second-opener"))
    store.set("third", Secret("sk-example-third-key"))
    assert reopen(path).names() == ["home", "third", "work"]


@pytest.mark.parametrize("umask", [0o000, 0o077, 0o277])
@needs.modes
def test_modes_are_private_under_any_umask(path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        encrypted_file.create(str(path), str(path.parent), PASSPHRASE).set("work", KEY)
    finally:
        os.umask(before)
    for file in path.parent.rglob("*"):
        mode = stat.S_IMODE(file.stat().st_mode)
        assert mode == (0o700 if file.is_dir() else 0o600) or (file.suffix == ".lock" and mode & 0o077 == 0), file
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@needs.modes
def test_a_file_made_readable_by_somebody_becomes_private_again(store: EncryptedFileStore, path: Path) -> None:
    path.chmod(0o644)
    store.set("more", Secret("sk-example-more-keys"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_full_disk_leaves_the_old_file(
    store: EncryptedFileStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = path.read_bytes()

    def full(handle: int, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(textfile, "_write_all", full)
    with pytest.raises(KeyStoreError, match=r"(?i)no space left"):
        store.set("more", Secret("sk-example-more-keys"))
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir() if file.name.endswith(".tmp")] == []


WRITER = """
import sys
from ccswitch_tui.credentials import encrypted_file
from ccswitch_tui.secret import Secret
encrypted_file.SCRYPT = {"n": 2**14, "r": 8, "p": 1}
store = encrypted_file.open_file(sys.argv[1], sys.argv[2], Secret("correct horse battery"))
print("go", flush=True)
number = 0
while True:
    store.set("work", Secret("sk-example-round-%06d" % number))
    number += 1
"""


@needs.signals
def test_a_kill_during_a_write_leaves_a_file_that_opens(store: EncryptedFileStore, path: Path) -> None:
    for pause_ms in (1, 3, 7, 12, 20):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(path.parent)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout
        assert writer.stdout.readline() == "go\n"
        time.sleep(pause_ms / 1000)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        assert reopen(path).get("work") is not None
        assert Path(encrypted_file.copy_of(str(path))).read_bytes() == path.read_bytes()


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit of the address space")
def test_too_little_memory_is_an_error_and_no_crash(path: Path) -> None:
    script = (
        "import resource, sys\n"
        "from ccswitch_tui.credentials import encrypted_file as e\n"
        "from cryptography.hazmat.primitives.kdf.scrypt import Scrypt\n"
        "from ccswitch_tui.secret import Secret\n"
        "from ccswitch_tui.errors import CcswitchError\n"
        "import ccswitch_tui.textfile, os\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * os.sysconf('SC_PAGE_SIZE')\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + 40 * 2**20, used + 40 * 2**20))\n"
        "try:\n"
        "    e.create(sys.argv[1], os.path.dirname(sys.argv[1]), Secret('correct horse battery'))\n"
        "except CcswitchError as error:\n"
        "    print(error.message)\n"
    )
    ran = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True)
    assert "not enough memory" in ran.stdout, ran.stderr
    assert not path.exists()
