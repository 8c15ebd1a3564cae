"""Keys in one file under a passphrase, for machines without an OS keyring.

Format 1: a line that names it, a line of JSON with the parameters, the
ciphertext, and a SHA-256 over all of it. scrypt makes the key, AES-256-GCM
seals the values and authenticates both lines. The checksum tells damage from a
wrong passphrase before one is asked for. The file is replaced as a whole, and
its copy only after the new one was read back, so that at every moment one of
the two opens. Sources: RFC 7914; NIST SP 800-38D; OWASP Password Storage Cheat Sheet (scrypt).
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from typing import Any, NamedTuple

from ccswitch_tui.credentials.base import read_back
from ccswitch_tui.errors import ConflictError, KeyStoreError, UsageError
from ccswitch_tui.secret import Secret
from ccswitch_tui.sentence import say

MAGIC = b"ccswitch-tui keys "
VERSION = 1

SCRYPT = {"n": 2**17, "r": 8, "p": 1}
"""128 MiB and about half a second a guess (OWASP's first choice for scrypt)."""

MOST_N = 2**20
"""A file that asks for more than 1 GiB was tampered with, or is no file of ours."""

SHORTEST_PASSPHRASE = 8

LONGEST_FILE = 16 * 1024 * 1024


class _Sealed(NamedTuple):
    """A file taken apart, not yet opened."""

    lines: bytes
    """The first two lines as they are: what the seal authenticates."""
    header: dict[str, Any]
    ciphertext: bytes


class EncryptedFileStore:
    """The opened file. Holds the derived key, not the passphrase; reads the file anew for every operation."""

    label: str = say("encrypted key file")

    def __init__(self, path: str, state_dir: str, derived: bytes, salt: bytes, scrypt: dict[str, int]) -> None:
        self.path = path
        self._state_dir = state_dir
        self._derived = derived
        self._salt = salt
        self._scrypt = scrypt

    def get(self, name: str) -> Secret | None:
        value = self._values().get(name)
        return None if value is None else Secret(value)

    def set(self, name: str, secret: Secret) -> None:
        self._change(lambda values: values | {name: secret.reveal()})
        read_back(self, name, secret)

    def delete(self, name: str) -> bool:
        was_there = name in self._values()
        if was_there:
            self._change(lambda values: {n: v for n, v in values.items() if n != name})
        return was_there

    def names(self) -> list[str]:
        """The names that have a key."""
        return sorted(self._values())

    def _values(self) -> dict[str, str]:
        sealed = _take_apart(_read(self.path), self.path)
        return _open(sealed, self._derived, self.path)

    def _change(self, change: Any) -> None:
        from ccswitch_tui.textfile import locked

        with locked(self.path, self._state_dir):
            before = _read(self.path)
            values = change(_open(_take_apart(before, self.path), self._derived, self.path))
            _write(self.path, _seal(values, self._derived, self._salt, self._scrypt), before)


def create(path: str, state_dir: str, passphrase: Secret) -> EncryptedFileStore:
    """A new, empty file. Raises UsageError for a weak passphrase or when there is a file already."""
    from ccswitch_tui.textfile import locked, make_private_dir

    _check_passphrase(passphrase)
    make_private_dir(os.path.dirname(path))
    salt = os.urandom(16)
    derived = _derive(passphrase, salt, SCRYPT)
    with locked(path, state_dir):
        if os.path.exists(path):
            raise UsageError(
                say("there is already an encrypted key file: {path}", path=path),
                hint=say("open it: 'ccswitch-tui unlock'"),
            )
        _write(path, _seal({}, derived, salt, SCRYPT), None)
    return EncryptedFileStore(path, state_dir, derived, salt, SCRYPT)


def open_file(path: str, state_dir: str, passphrase: Secret) -> EncryptedFileStore:
    """The file, opened. Raises KeyStoreError saying whether it is absent, damaged, newer, or the passphrase wrong."""
    sealed = _take_apart(_read(path), path)
    salt, scrypt = _parameters(sealed.header, path)
    derived = _derive(passphrase, salt, scrypt)
    _open(sealed, derived, path)
    _renew_copy(path, state_dir)
    return EncryptedFileStore(path, state_dir, derived, salt, scrypt)


def change_passphrase(path: str, state_dir: str, old: Secret, new: Secret) -> EncryptedFileStore:
    """Seals the same keys under another passphrase, with a salt of its own."""
    from ccswitch_tui.textfile import locked

    _check_passphrase(new)
    opened = open_file(path, state_dir, old)
    salt = os.urandom(16)
    derived = _derive(new, salt, SCRYPT)
    with locked(path, state_dir):
        before = _read(path)
        values = _open(_take_apart(before, path), opened._derived, path)
        _write(path, _seal(values, derived, salt, SCRYPT), before)
    return EncryptedFileStore(path, state_dir, derived, salt, SCRYPT)


def restore_copy(path: str, state_dir: str) -> None:
    """Puts the copy in the place of a damaged file, which is kept beside it. Raises KeyStoreError if it is bad too."""
    from ccswitch_tui.textfile import locked, read_bytes, replace_text, sha256_of

    with locked(path, state_dir):
        copy = _read(copy_of(path))
        _take_apart(copy, copy_of(path))
        damaged = read_bytes(path)
        if damaged is not None:
            aside = path + ".damaged"
            replace_text(aside, damaged, expected_sha256=sha256_of(read_bytes(aside)), private=True)
        replace_text(path, copy, expected_sha256=sha256_of(damaged), private=True)


def check_file(path: str) -> None:
    """Raises KeyStoreError when the file is absent, damaged or newer; needs no passphrase."""
    _parameters(_take_apart(_read(path), path).header, path)


def copy_of(path: str) -> str:
    """Where the second copy is."""
    return path + ".copy"


def _check_passphrase(passphrase: Secret) -> None:
    if len(passphrase.reveal()) < SHORTEST_PASSPHRASE:
        raise UsageError(
            say(
                "the passphrase is shorter than {least} characters",
                least=SHORTEST_PASSPHRASE,
            ),
            hint=say("four or five unrelated words are easy to type and hard to guess"),
        )


def _derive(passphrase: Secret, salt: bytes, scrypt: dict[str, int]) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    try:
        return Scrypt(salt=salt, length=32, **scrypt).derive(passphrase.reveal().encode("utf-8", "surrogatepass"))
    except MemoryError:
        needed = 128 * scrypt["n"] * scrypt["r"] // 2**20
        raise KeyStoreError(
            say("not enough memory to open the key file: it takes {needed} MiB", needed=needed)
        ) from None


def _seal(values: dict[str, str], derived: bytes, salt: bytes, scrypt: dict[str, int]) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(12)
    header = {"kdf": "scrypt", **scrypt, "cipher": "aes-256-gcm", "salt": _text(salt), "nonce": _text(nonce)}
    lines = MAGIC + b"%d\n" % VERSION + json.dumps(header).encode() + b"\n"
    plain = json.dumps({"keys": values}).encode()
    body = lines + AESGCM(derived).encrypt(nonce, plain, lines)
    return body + hashlib.sha256(body).digest()


def _open(sealed: _Sealed, derived: bytes, path: str) -> dict[str, str]:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        plain = AESGCM(derived).decrypt(_bytes(sealed.header["nonce"]), sealed.ciphertext, sealed.lines)
        return dict(json.loads(plain)["keys"])
    except InvalidTag:
        raise KeyStoreError(
            say("wrong passphrase for the encrypted key file"),
            hint=say("try again; without the passphrase the keys in it cannot be recovered and must be entered again"),
            kind="key-store-passphrase",
        ) from None
    except (KeyError, TypeError, ValueError):
        raise _damaged(path) from None


def _take_apart(raw: bytes, path: str) -> _Sealed:
    first, _, rest = raw.partition(b"\n")
    number = first[len(MAGIC) :]
    if not first.startswith(MAGIC) or not number.isdigit():
        raise _damaged(path)
    if int(number[:9]) > VERSION:
        raise KeyStoreError(
            say("{path} has version {number}, newer than this program knows", path=path, number=int(number[:9])),
            hint=say("upgrade ccswitch-tui; the file was not touched"),
            kind="key-store-newer",
        )
    body, checksum = raw[:-32], raw[-32:]
    if hashlib.sha256(body).digest() != checksum:
        raise _damaged(path)
    line, _, _ = rest.partition(b"\n")
    lines = raw[: len(first) + len(line) + 2]
    try:
        header = json.loads(line)
    except ValueError:
        raise _damaged(path) from None
    return _Sealed(lines, header, body[len(lines) :])


def _parameters(header: dict[str, Any], path: str) -> tuple[bytes, dict[str, int]]:
    try:
        scrypt = {name: int(header[name]) for name in SCRYPT}
        n, r, p = scrypt.values()
        sound = header["kdf"] == "scrypt" and header["cipher"] == "aes-256-gcm" and len(_bytes(header["nonce"])) == 12
        sound = sound and 2**14 <= n <= MOST_N and n & (n - 1) == 0 and 1 <= r <= 16 and 1 <= p <= 16
        salt = _bytes(header["salt"])
    except (KeyError, TypeError, ValueError):
        raise _damaged(path) from None
    if not sound:
        raise _damaged(path)
    return salt, scrypt


def _damaged(path: str) -> KeyStoreError:
    return KeyStoreError(
        say("the encrypted key file {path} is damaged: it was left as it is", path=path),
        hint=say("'ccswitch-tui unlock --from-copy' opens its second copy"),
        kind="key-store-damaged",
    )


def _read(path: str) -> bytes:
    from ccswitch_tui.textfile import UnreadableFile, read_bytes

    try:
        raw = read_bytes(path)
    except UnreadableFile as error:
        raise KeyStoreError(error.fault, kind="key-store-absent") from None
    if raw is None:
        raise KeyStoreError(
            say("there is no encrypted key file {path}", path=path),
            hint=say("'ccswitch-tui unlock --from-copy' opens its second copy")
            if os.path.exists(copy_of(path))
            else say("'ccswitch-tui unlock --create' makes one"),
            kind="key-store-absent",
        )
    if len(raw) > LONGEST_FILE:
        raise _damaged(path)
    return raw


def _write(path: str, sealed: bytes, before: bytes | None) -> None:
    """The file first, read back, then its copy: a removed key is gone from both."""
    from ccswitch_tui.textfile import read_bytes, replace_text, sha256_of

    copy = copy_of(path)
    try:
        replace_text(path, sealed, expected_sha256=sha256_of(before), private=True)
        if read_bytes(path) != sealed:
            raise KeyStoreError(
                say("{path} does not contain what was written: the disk is failing", path=path),
                hint=say("the copy is untouched"),
            )
        replace_text(copy, sealed, expected_sha256=sha256_of(read_bytes(copy)), private=True)
    except ConflictError as error:
        raise KeyStoreError(error.message, hint=error.hint, kind="key-store") from None


def _renew_copy(path: str, state_dir: str) -> None:
    """Brings the copy up to date when a write was cut off before it: it may still hold a removed key."""
    from ccswitch_tui.textfile import locked, read_bytes, replace_text, sha256_of

    with locked(path, state_dir):
        raw, copy = _read(path), read_bytes(copy_of(path))
        if raw != copy:
            replace_text(copy_of(path), raw, expected_sha256=sha256_of(copy), private=True)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
