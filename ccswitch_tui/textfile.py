"""Replace a text file so that it is the old one or the new one, never neither.

Lock, compare with what was read, write beside the target, fsync, rename over
the *target* of a symbolic link (people keep dotfiles; a rename over the link
itself would cut it), keep mode and owner, fsync the folder. No pathlib,
tempfile or filelock: this is on the quick-switch path, where filelock alone
would double the cost.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import sys
import time
from collections.abc import Iterator

from ccswitch_tui.errors import CcswitchError, ConflictError

LOCK_PATIENCE_S = 5.0
"""Another writer holds the lock for milliseconds; after this long it is stuck or stopped."""


def read_bytes(path: str) -> bytes | None:
    """The file's bytes, or None when it does not exist. Raises ConflictError for a folder or an unreadable file."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except IsADirectoryError:
        raise ConflictError(f"{path} is a folder, not a file: nothing was written") from None
    except OSError as error:
        raise ConflictError(f"cannot read {path}: {error.strerror}: nothing was written") from None


def sha256_of(data: bytes | None) -> str:
    """Hex digest of a file's bytes; "" stands for a file that does not exist."""
    return "" if data is None else hashlib.sha256(data).hexdigest()


def make_private_dir(path: str) -> None:
    """The folder and its missing parents, each new one 0700 whatever the umask."""
    if os.path.isdir(path):
        return
    make_private_dir(os.path.dirname(path))
    with contextlib.suppress(FileExistsError):
        os.mkdir(path, 0o700)
        os.chmod(path, 0o700)


@contextlib.contextmanager
def locked(path: str, state_dir: str) -> Iterator[None]:
    """Holds the lock for `path` among this program's processes. Raises ConflictError after LOCK_PATIENCE_S."""
    folder = os.path.join(state_dir, "locks")
    make_private_dir(folder)
    name = hashlib.sha256(os.path.realpath(path).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    handle = os.open(os.path.join(folder, name + ".lock"), os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
    try:
        deadline = time.monotonic() + LOCK_PATIENCE_S
        while not _try_lock(handle):
            if time.monotonic() > deadline:
                raise ConflictError(
                    f"another ccswitch-tui has been writing {path} for {LOCK_PATIENCE_S:.0f} s: nothing was written",
                    hint="wait for it to end, or end it, and try again",
                )
            time.sleep(0.02)
        yield
    finally:
        os.close(handle)  # the system drops the lock with the descriptor, also when we are killed


def _try_lock(handle: int) -> bool:
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return False
        raise
    return True


def replace_text(path: str, data: bytes, *, expected_sha256: str, new_mode: int = 0o600) -> None:
    """Makes `path` hold `data`, if it still is the file of `expected_sha256` ("" = must not exist).

    Follows links to their target; keeps the mode (and, for root, the owner) of
    an existing file, gives a new one `new_mode`. Raises ConflictError when the
    file changed, CcswitchError when the disk refuses; the old bytes are then
    still there and no temporary file is left.
    """
    target = os.path.realpath(path)
    found = sha256_of(read_bytes(target))
    if found != expected_sha256:
        raise ConflictError(
            f"{path} changed since it was read: nothing was written", hint="run the command again to see the new state"
        )
    folder = os.path.dirname(target)
    try:
        make_private_dir(folder)
        _write_beside_and_rename(target, folder, data, new_mode)
    except OSError as error:
        raise ConflictError(
            f"cannot write {path}: {error.strerror}: nothing was written",
            hint=f"check the folder {folder} and its free space",
        ) from None


def _write_beside_and_rename(target: str, folder: str, data: bytes, new_mode: int) -> None:
    try:
        old = os.stat(target)
    except FileNotFoundError:
        old = None
    if old is not None and not os.access(target, os.W_OK):
        raise OSError(errno.EACCES, "the file is read-only")
    beside = os.path.join(folder, f".{os.path.basename(target)}.{os.getpid():x}.{time.monotonic_ns():x}.tmp")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        try:
            _write_all(handle, data)
            if hasattr(os, "fchmod"):
                os.fchmod(handle, old.st_mode & 0o7777 if old else new_mode)
                if old is not None and (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
                    with contextlib.suppress(OSError):
                        os.fchown(handle, old.st_uid, old.st_gid)
            os.fsync(handle)
        finally:
            os.close(handle)
        os.replace(beside, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise
    _sync_folder(folder)


def _write_all(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def _sync_folder(folder: str) -> None:
    """Makes the rename itself durable; Windows has no such call, some network disks refuse it."""
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def remove_file(path: str, *, expected_sha256: str) -> None:
    """Deletes a file we created, if it still is the one of `expected_sha256`. Raises ConflictError otherwise."""
    target = os.path.realpath(path)
    found = sha256_of(read_bytes(target))
    if found == "":
        return
    if found != expected_sha256:
        raise ConflictError(f"{path} changed since it was written: it was left as it is")
    try:
        os.unlink(target)
    except OSError as error:
        raise CcswitchError(f"cannot remove {path}: {error.strerror}") from None
    _sync_folder(os.path.dirname(target))
