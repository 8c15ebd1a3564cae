"""Replace a text file so that it is the old one or the new one, never neither.

Lock, compare with what was read, write beside the target, fsync, rename over
the *target* of a symbolic link (people keep dotfiles; a rename over the link
itself would cut it), keep mode, owner and attributes, fsync the folder. A second
hard link keeps the old text: the price of a rename. No pathlib, tempfile or
filelock: this is on the quick-switch path, where filelock alone would double
the cost.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator

from ccswitch_tui.errors import ConflictError
from ccswitch_tui.here import look_at, make_writable
from ccswitch_tui.sentence import Sentence, say

try:  # the C function alone: hashlib loads OpenSSL with it, a quarter of what `python -c pass` costs
    from _sha2 import sha256
except ImportError:
    try:
        from _sha256 import sha256
    except ImportError:
        from hashlib import sha256

LOCK_PATIENCE_S = 5.0
"""Another writer holds the lock for milliseconds, or two seconds while running sessions let go of
old values; after this long it is stuck or stopped."""

NO_LOCKS_HERE = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)
"""Network disks that cannot lock; the comparison with what was read still stands."""

ANYBODY_WRITES = 0o222
"""A file with none of these was made read-only on purpose. A rename over it would not ask, nor would root's write."""

HELD_PAUSES_S = (0.01, 0.02, 0.03, *((0.05,) * 10), *((0.1,) * 20))
"""Between attempts at a file that another program of Windows has open: scanners and OneDrive were reported to take two
seconds (Go's robustio allows as much)."""

BINARY = getattr(os, "O_BINARY", 0)
"""Windows would otherwise write two bytes for every line end."""


LARGEST_FILE = 64 * 2**20
"""Settings, profiles and records are kilobytes; what is beyond this is something else, and would fill the memory."""


SMALL_FILE = 4096
"""Read at once where the system tells no size (/proc). A reader's buffer is asked for before it is filled: one of the
largest size cost 55 ms of memory a file on Windows."""


class NotAFile(OSError):
    """A folder, pipe, socket or device in a file's place: it is not waited for."""


def read_file(path: str, most: int = LARGEST_FILE, *, head: bool = False) -> bytes:
    """The bytes of a regular file, and of nothing else. Raises OSError, FileNotFoundError and NotAFile among them.

    Every file that somebody else may have put there is read through this: a
    pipe would wait for a writer forever, and /dev/zero has no end. One that is
    larger than `most` is refused; with `head` its beginning is what is wanted.
    """
    handle = os.open(path, os.O_RDONLY | BINARY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            folder = stat.S_ISDIR(found.st_mode)
            raise NotAFile(errno.EINVAL, say("a folder") if folder else say("a device or pipe"), path)
        wanted, parts = most + (not head), []
        while wanted and (part := os.read(handle, min(wanted, max(found.st_size, SMALL_FILE) + 1))):
            parts.append(part)
            wanted -= len(part)
        data = b"".join(parts)
        if len(data) > most:
            raise OSError(errno.EFBIG, say("larger than {most:,} bytes", most=most), path)
        return data
    finally:
        os.close(handle)


class UnreadableFile(ConflictError):
    """What cannot be read, or is not what it should be: nothing was written. `fault` says only where and why."""

    def __init__(self, fault: Sentence, *, hint: Sentence, kind: str = "") -> None:
        super().__init__(say("{fault}: nothing was written", fault=fault), hint=hint, kind=kind)
        self.fault = fault


def read_bytes(path: str) -> bytes | None:
    """The file's bytes, or None when it does not exist. Raises UnreadableFile for anything but a readable file."""
    try:
        return read_file(path)
    except FileNotFoundError:
        return None
    except NotAFile as error:
        raise _not_a_file(path, error.strerror or "") from None
    except OSError as error:
        if os.path.isdir(path):
            raise _not_a_file(path, say("a folder")) from None
        raise UnreadableFile(
            say("cannot read {path}: {words}", path=path, words=_words(error)),
            hint=say("see who may read it: {command}", command=look_at(path)),
        ) from None


def _not_a_file(path: str, what: str) -> UnreadableFile:
    return UnreadableFile(
        say("{path} is {what}, not a file", path=path, what=what),
        hint=say("move it away, or name another place"),
    )


def _words(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()


def sha256_of(data: bytes | None) -> str:
    """Hex digest of a file's bytes; "" stands for a file that does not exist."""
    return "" if data is None else sha256(data).hexdigest()


def make_private_dir(path: str) -> None:
    """The folder and its missing parents, each new one 0700 whatever the umask."""
    if os.path.isdir(path):
        return
    parent = os.path.dirname(path)
    if parent != path:
        make_private_dir(parent)
    try:
        if sys.platform == "win32":  # 0700 would be an access list that lets in administrators only, when one made it
            os.mkdir(path)
        else:
            os.mkdir(path, 0o700)
            os.chmod(path, 0o700)
    except FileExistsError:
        if not os.path.isdir(path):
            raise


def make_private(handle: int) -> None:
    """An open file of ours is nobody else's, also when it came back out of a backup as it liked."""
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            os.fchmod(handle, 0o600)


@contextlib.contextmanager
def locked(path: str, state_dir: str) -> Iterator[None]:
    """Holds the lock for `path` among this program's processes. Raises ConflictError after LOCK_PATIENCE_S."""
    handle = _open_lock(path, state_dir)
    try:
        deadline = time.monotonic() + LOCK_PATIENCE_S
        while not _try_lock(handle):
            if time.monotonic() > deadline:
                raise ConflictError(
                    say(
                        "another ccswitch-tui has been writing {path} for {seconds:.0f} s: nothing was written",
                        path=path,
                        seconds=LOCK_PATIENCE_S,
                    ),
                    hint=say("wait for it to end, or end it, and try again"),
                )
            time.sleep(0.02)
        yield
    finally:
        os.close(handle)  # the system drops the lock with the descriptor, also when we are killed


def _open_lock(path: str, state_dir: str) -> int:
    folder = os.path.join(state_dir, "locks")
    name = sha256(os.path.realpath(path).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    try:
        make_private_dir(folder)
        return os.open(os.path.join(folder, name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ConflictError(
            say("cannot use our folder {folder}: {words}: nothing was written", folder=folder, words=_words(error)),
            hint=say("make it writable, or set CCSWITCH_HOME to a folder that is"),
        ) from None


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
        if error.errno not in NO_LOCKS_HERE:
            raise
    return True


def replace_text(path: str, data: bytes, *, expected_sha256: str, new_mode: int = 0o600, private: bool = False) -> None:
    """Makes `path` hold `data`, if it still is the file of `expected_sha256` ("" = must not exist).

    Follows links to their target; keeps the mode (and, for root, the owner) of
    an existing file, gives a new one `new_mode`. A `private` file is ours
    alone: 0600 after every write, however it was restored or copied. Raises ConflictError when the
    file changed or the disk refuses; the old bytes are then still there and no
    temporary file is left.
    """
    target = os.path.realpath(path)
    if sha256_of(read_bytes(target)) != expected_sha256:
        raise changed(path)
    folder = os.path.dirname(target)
    try:
        make_private_dir(folder)
        _sweep(folder, "" if private else os.path.basename(target))
        _write_beside_and_rename(target, folder, data, None if private else new_mode)
    except OSError as error:
        raise ConflictError(
            say("cannot write {path}: {words}: nothing was written", path=path, words=_words(error)),
            hint=_remedy(error, folder),
        ) from None


def _read_only(path: str) -> ConflictError:
    return ConflictError(
        say("{path} is read-only: nothing was written", path=path),
        hint=say("if you may change it: {command}; otherwise ask its owner", command=make_writable(path)),
    )


def changed(path: str) -> ConflictError:
    """Somebody wrote the file between our reading and our writing."""
    return ConflictError(
        say("{path} changed since it was read: nothing was written", path=path),
        hint=say("run the command again to see the new state"),
    )


def _remedy(error: OSError, folder: str) -> Sentence:
    hints = {
        errno.ENOSPC: say("make room on the disk of {folder}", folder=folder),
        errno.EDQUOT: say("your quota on the disk of {folder} is used up", folder=folder),
        errno.EROFS: say("the disk is mounted read-only"),
        errno.EBUSY: say(
            "the file is mounted by itself (a container?): mount the folder {folder} instead", folder=folder
        ),
    }
    return hints.get(error.errno or 0, say("see who may write there: {command}", command=look_at(folder)))


def _write_beside_and_rename(target: str, folder: str, data: bytes, new_mode: int | None) -> None:
    try:
        old = os.stat(target)
    except FileNotFoundError:
        old = None
    if old is not None and not old.st_mode & ANYBODY_WRITES:
        raise _read_only(target)
    if old is not None and not os.access(target, os.W_OK):
        raise OSError(errno.EACCES, say("the file is read-only"))
    _through_a_file_beside(
        target, folder, data, make_private if new_mode is None else lambda h: _dress_like(h, target, old, new_mode)
    )


def _through_a_file_beside(target: str, folder: str, data: bytes, dress: Callable[[int], None]) -> None:
    beside = os.path.join(folder, f".{os.path.basename(target)}.{os.getpid():x}.{time.monotonic_ns():x}.tmp")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY, 0o600)
    try:
        try:
            _write_all(handle, data)
            dress(handle)
            _sync(handle)
        finally:
            os.close(handle)
        _rename(beside, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise
    sync_folder(folder)


def _dress_like(handle: int, target: str, old: os.stat_result | None, new_mode: int) -> None:
    """Owner, mode and attributes (access lists, security labels) of the file that is replaced."""
    if sys.platform == "win32":  # os.fchmod came to Windows in Python 3.13, owners and groups never did
        return
    if old is not None:
        if (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
            with contextlib.suppress(OSError):
                os.fchown(handle, old.st_uid, old.st_gid)
        if sys.platform == "linux":
            with contextlib.suppress(OSError):
                for name in os.listxattr(target):
                    os.setxattr(handle, name, os.getxattr(target, name))
    os.fchmod(handle, stat.S_IMODE(old.st_mode) if old else new_mode)


def _rename(beside: str, target: str) -> None:
    """Windows refuses while another program has the file open, be it a virus scanner: it is asked for a while."""
    _insist(lambda: os.replace(beside, target))


def _insist(act: Callable[[], None]) -> None:
    for pause in HELD_PAUSES_S if sys.platform == "win32" else ():
        try:
            return act()
        except PermissionError:
            time.sleep(pause)
    return act()


def _sweep(folder: str, name: str) -> None:
    """Removes what a writer that was killed left beside the file; in a folder of ours (`name` "") beside any."""
    if sys.platform == "win32":
        return
    for found in os.listdir(folder):
        if not found.endswith(".tmp") or (name and not found.startswith(f".{name}.")):
            continue
        with contextlib.suppress(OSError, ValueError):
            *_, pid, _clock, _end = found.rsplit(".", 3) if found.startswith(".") else ("", *found.rsplit(".", 2), "")
            if not _runs(int(pid, 16)):
                os.unlink(os.path.join(folder, found))


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _write_all(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def _sync(handle: int) -> None:
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in NO_LOCKS_HERE:  # the same disks that know no locks know no fsync
            raise


def sync_folder(folder: str) -> None:
    """Makes names in the folder durable; Windows has no such call, some network disks refuse it."""
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_private(path: str, data: bytes) -> None:
    """A file of ours, 0600 and durable, whole or not at all. Raises OSError."""
    folder = os.path.dirname(path)
    _sweep(folder, "")
    _through_a_file_beside(path, folder, data, make_private)


def remove_file(path: str, *, expected_sha256: str) -> None:
    """Deletes a file we created, if it still is the one of `expected_sha256`. Raises ConflictError otherwise."""
    target = os.path.realpath(path)
    found = sha256_of(read_bytes(target))
    if found == "":
        return
    if found != expected_sha256:
        raise ConflictError(say("{path} changed since it was written: it was left as it is", path=path))
    if not os.stat(target).st_mode & ANYBODY_WRITES:
        raise _read_only(target)
    try:
        _insist(lambda: os.unlink(target))
    except OSError as error:
        raise ConflictError(
            say("cannot remove {path}: {words}: nothing was written", path=path, words=_words(error)),
            hint=_remedy(error, os.path.dirname(target)),
        ) from None
    sync_folder(os.path.dirname(target))
