"""The Credential Manager of Windows, asked directly: one call into the system, no dialog, nothing to load.

Entries are laid out as `keyring` does it (a generic credential, UTF-16), under
a name of their own each: for a second entry of the same service keyring moves
the first one to another name, and Windows takes `Work` and `work` for one name.
Sources: wincred.h; "CredWriteW" and "CREDENTIALW" in Microsoft's documentation;
keyring 25.7, backends/Windows.py.
"""

from __future__ import annotations

import sys
from typing import NamedTuple

LONGEST_CHARACTERS = 1280
"""CRED_MAX_CREDENTIAL_BLOB_SIZE is 5 * 512 bytes, and a character takes two."""

GENERIC, OF_THIS_MACHINE = 1, 2
"""CRED_TYPE_GENERIC; CRED_PERSIST_LOCAL_MACHINE: a key does not roam with a company's profile."""

NOT_FOUND, NO_LOGON_SESSION = 1168, 1312
PLAIN = "abcdefghijklmnopqrstuvwxyz0123456789-._"


class Refused(Exception):
    """What Windows says to a call; `code` is its number."""

    def __init__(self, call: str, code: int, words: str) -> None:
        super().__init__(f"{call}: {words} ({code})")
        self.code = code


class Entry(NamedTuple):
    """One credential: who it is for, and its value."""

    user: str
    value: str


def target_of(service: str, name: str) -> str:
    """The name of a key's own entry, distinct although Windows compares without regard to case."""
    word = "".join(chr(byte) if chr(byte) in PLAIN else f"%{byte:02x}" for byte in name.encode())
    return f"{service}/{word}"


def of_keyring(service: str, name: str) -> tuple[str, str]:
    """Where keyring itself would look for this key."""
    return service, f"{name}@{service}"


def get(service: str, name: str) -> str | None:
    """The value of a key, from its own entry or from one that keyring made."""
    for target in (target_of(service, name), *of_keyring(service, name)):
        entry = read(target)
        if entry is not None and entry.user == name:
            return entry.value
    return None


def put(service: str, name: str, value: str) -> None:
    """Stores a key, and takes away what keyring kept of an older one."""
    write(target_of(service, name), Entry(name, value))
    _forget(of_keyring(service, name), name)


def delete(service: str, name: str) -> bool:
    """Removes a key for good; False when there was none."""
    return _forget((target_of(service, name), *of_keyring(service, name)), name)


def _forget(targets: tuple[str, ...], name: str) -> bool:
    found = False
    for target in targets:
        entry = read(target)
        if entry is not None and entry.user == name:
            remove(target)
            found = True
    return found


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    class _Credential(ctypes.Structure):
        """CREDENTIALW."""

        _fields_ = (
            ("Flags", wintypes.DWORD),
            ("Type", wintypes.DWORD),
            ("TargetName", wintypes.LPWSTR),
            ("Comment", wintypes.LPWSTR),
            ("LastWritten", wintypes.FILETIME),
            ("CredentialBlobSize", wintypes.DWORD),
            ("CredentialBlob", ctypes.c_void_p),
            ("Persist", wintypes.DWORD),
            ("AttributeCount", wintypes.DWORD),
            ("Attributes", ctypes.c_void_p),
            ("TargetAlias", wintypes.LPWSTR),
            ("UserName", wintypes.LPWSTR),
        )

    _Pointer = ctypes.POINTER(_Credential)
    _system = ctypes.WinDLL("advapi32", use_last_error=True)
    _system.CredReadW.argtypes = (wintypes.LPCWSTR, wintypes.DWORD, wintypes.DWORD, ctypes.POINTER(_Pointer))
    _system.CredWriteW.argtypes = (_Pointer, wintypes.DWORD)
    _system.CredDeleteW.argtypes = (wintypes.LPCWSTR, wintypes.DWORD, wintypes.DWORD)
    _system.CredFree.argtypes = (ctypes.c_void_p,)

    def _refused(call: str) -> Refused:
        code = ctypes.get_last_error()
        return Refused(call, code, ctypes.FormatError(code).strip().rstrip("."))

    def read(target: str) -> Entry | None:
        """The credential of that name, or None. Raises Refused."""
        found = _Pointer()
        if not _system.CredReadW(target, GENERIC, 0, ctypes.byref(found)):
            if ctypes.get_last_error() == NOT_FOUND:
                return None
            raise _refused("CredRead")
        try:
            kept = found.contents
            blob = ctypes.string_at(kept.CredentialBlob, kept.CredentialBlobSize) if kept.CredentialBlobSize else b""
            return Entry(kept.UserName or "", blob.decode("utf-16-le", "replace"))
        finally:
            _system.CredFree(found)

    def write(target: str, entry: Entry) -> None:
        """Makes or replaces a credential. Raises Refused."""
        blob = ctypes.create_string_buffer(entry.value.encode("utf-16-le"))
        made = _Credential(
            Type=GENERIC,
            TargetName=target,
            UserName=entry.user,
            Comment="A key of ccswitch-tui",
            CredentialBlobSize=len(blob) - 1,
            CredentialBlob=ctypes.addressof(blob),
            Persist=OF_THIS_MACHINE,
        )
        if not _system.CredWriteW(ctypes.byref(made), 0):
            raise _refused("CredWrite")

    def remove(target: str) -> None:
        """Removes a credential; one that is not there is no fault. Raises Refused."""
        if not _system.CredDeleteW(target, GENERIC, 0) and ctypes.get_last_error() != NOT_FOUND:
            raise _refused("CredDelete")

else:

    def read(target: str) -> Entry | None:
        """There is none on other systems."""
        raise Refused("CredRead", NO_LOGON_SESSION, "this is not Windows")

    def write(target: str, entry: Entry) -> None:
        """There is none on other systems."""
        raise Refused("CredWrite", NO_LOGON_SESSION, "this is not Windows")

    def remove(target: str) -> None:
        """There is none on other systems."""
        raise Refused("CredDelete", NO_LOGON_SESSION, "this is not Windows")
