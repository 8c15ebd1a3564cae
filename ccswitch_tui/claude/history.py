"""The undo history: one numbered folder a write, with the exact old bytes and what was changed.

`NNNN/before` is the file as it was (absent when there was none), `NNNN/meta.json`
the rest. Folders 0700, files 0600, in our state folder: a settings file can hold
other tools' keys, and a backup of it then holds them too. They leave with the
folder when it is pruned. A folder without readable meta.json is a write that
was cut off before it began, and is ignored.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Mapping

from ccswitch_tui.claude.jsontext import Json, JsonFault, decode, parse_object
from ccswitch_tui.errors import ConflictError
from ccswitch_tui.record import NamedTuple
from ccswitch_tui.sentence import say
from ccswitch_tui.textfile import make_private_dir, read_bytes, read_file, sha256_of, sync_folder, write_private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

VERSION = 1

KEPT = 100
"""Writes kept at least; older ones go once there are twice as many. The one before our first write stays."""


class Write(NamedTuple):
    """One write of ours, as the history remembers it."""

    id: str
    at: float
    """Seconds since the epoch."""
    kind: str
    """`use`, `official`, `rename` (the profile in use got another name), `restore` or `mend`."""
    scope: str
    file: str
    profile: str | None
    """In use after it; None for none of ours."""
    profile_before: str | None
    before_sha256: str
    """"" when there was no file."""
    after_sha256: str
    stages_sha256: tuple[str, ...] = ()
    """What the file held for a moment in between, so that running sessions let go of old values."""
    set: Mapping[str, Any] = {}
    unset: tuple[str, ...] = ()
    written: Mapping[str, Any] = {}
    """Every key of ours in the file after this write."""
    baseline: str | None = None
    """Id of the write whose `before` shows the file without ours."""
    origin: str | None = None
    """Id of the write whose `before` is what `restore` goes back to."""
    made_dir: str | None = None
    """A folder made for the file; it goes with it."""
    undone_at: float | None = None


class DamagedBackup(ConflictError):
    """A backup that is not what was backed up. Nothing is written from it."""

    def __init__(self, folder: str) -> None:
        super().__init__(
            say("the backup in {folder} is damaged: nothing was written", folder=folder),
            hint=say("'ccswitch-tui use official' removes our keys without the backup"),
        )


class History:
    """The history folder."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def ids(self) -> list[str]:
        """Ids of all entries, oldest first."""
        try:
            names = os.listdir(self.folder)
        except OSError:
            return []
        return sorted((name for name in names if name.isdigit()), key=int)

    def read(self, entry_id: str) -> Write | None:
        """One entry; None when it is not there or was cut off while it was made."""
        try:
            meta = json.loads(read_file(os.path.join(self.folder, entry_id, "meta.json")))
            known = {key: value for key, value in meta.items() if key in Write._fields}
            for key in ("stages_sha256", "unset"):
                known[key] = tuple(known.get(key, ()))
            write = Write(**known)
            return write if write.id == entry_id and isinstance(write.file, str) else None
        except (OSError, ValueError, TypeError, AttributeError, RecursionError):
            return None

    def named(self, name: str) -> Write | None:
        """The entry a user means by `3` or `0003`; None when there is none."""
        is_number = name.isascii() and name.isdigit() and len(name) < 20
        return self.read(f"{int(name):04d}") if is_number else None

    def newest_first(self) -> list[Write]:
        """All entries, newest first."""
        return [write for entry_id in reversed(self.ids()) if (write := self.read(entry_id))]

    def latest(self, file: str, sha256: str) -> Write | None:
        """The newest write to `file` that is in effect: not undone, and not cut off before the file was replaced."""
        for entry_id in reversed(self.ids()):
            write = self.read(entry_id)
            if (
                write is not None
                and write.file == file
                and write.undone_at is None
                and not never_happened(write, sha256)
            ):
                return write
        return None

    def before(self, entry_id: str) -> bytes | None:
        """The file's exact bytes before that write; None when there was no file.

        The one way to a backup, and none that is not what was backed up passes
        it: raises DamagedBackup when bytes and digest differ or either is gone.
        """
        write = self.read(entry_id)
        if write is not None and not write.before_sha256:
            return None
        data = None
        with contextlib.suppress(ConflictError):
            data = read_bytes(os.path.join(self.folder, entry_id, "before"))
        if write is None or data is None or sha256_of(data) != write.before_sha256:
            raise DamagedBackup(os.path.join(self.folder, entry_id))
        return data

    def tree_before(self, entry_id: str | None) -> Json | None:
        """The settings before that write, or None when they cannot be known any more."""
        if entry_id is None:
            return None
        try:
            return parse_object(decode(self.before(entry_id) or b""))
        except (JsonFault, ConflictError):
            return None

    def add(self, write: Write, before: bytes | None) -> Write:
        """Keeps a write before it is made, durably; `write.id` is given here."""
        entry_id = ""
        try:
            make_private_dir(self.folder)
            number = int((self.ids() or ["0"])[-1])
            while True:
                number += 1
                entry_id = f"{number:04d}"
                with contextlib.suppress(FileExistsError):
                    os.mkdir(os.path.join(self.folder, entry_id), 0o700)
                    break
            write = write._replace(id=entry_id, baseline=write.baseline or entry_id, origin=write.origin or entry_id)
            if before is not None:
                write_private(os.path.join(self.folder, entry_id, "before"), before)
            write_private(os.path.join(self.folder, entry_id, "meta.json"), _encoded(write))
            sync_folder(self.folder)
        except OSError as error:
            if entry_id:
                self.drop(entry_id)
            raise ConflictError(
                say(
                    "cannot keep a backup in {folder}: {reason}: nothing was written",
                    folder=self.folder,
                    reason=error.strerror,
                ),
                hint=say("make room or fix the folder's permissions, and try again"),
            ) from None
        return write

    def drop(self, entry_id: str) -> None:
        """Forgets an entry: the write it stood for was not made."""
        folder = os.path.join(self.folder, entry_id)
        with contextlib.suppress(OSError):
            for name in os.listdir(folder):
                os.unlink(os.path.join(folder, name))
            os.rmdir(folder)

    def note_stage(self, write: Write, sha256: str) -> Write:
        """Remembers what the file will hold for a moment while `write` is taken back."""
        noted = write._replace(stages_sha256=(*write.stages_sha256, sha256))
        write_private(os.path.join(self.folder, write.id, "meta.json"), _encoded(noted))
        return noted

    def mark_undone(self, write: Write, at: float, replaced: bytes | None) -> None:
        """The write is undone; what undoing replaced is kept beside it.

        Without room for the mark nothing is lost: the file is what it was
        before that write, which never_happened() sees.
        """
        folder = os.path.join(self.folder, write.id)
        with contextlib.suppress(OSError):
            if replaced is not None:
                write_private(os.path.join(folder, "undone"), replaced)
        with contextlib.suppress(OSError):
            write_private(os.path.join(folder, "meta.json"), _encoded(write._replace(undone_at=at)))

    def prune(self) -> None:
        """Lets the oldest go once there are more than twice KEPT; first states stay as long as they are needed.

        What a writer that was ended in the middle began goes as well: a backup
        without its meta.json is of no use to anybody but a thief.
        """
        ids = self.ids()
        for entry_id in ids[:-1]:
            folder = os.path.join(self.folder, entry_id)
            with contextlib.suppress(OSError):
                if (
                    not os.path.exists(os.path.join(folder, "meta.json"))
                    and time.time() - os.stat(folder).st_mtime > 60
                ):
                    self.drop(entry_id)
        if len(ids) <= 2 * KEPT:
            return
        needed = {ref for write in self.newest_first()[:KEPT] for ref in (write.baseline, write.origin)}
        for entry_id in ids[:-KEPT]:
            if entry_id not in needed:
                self.drop(entry_id)


def never_happened(write: Write, sha256: str) -> bool:
    """The file still is, or again is, what it was before that write."""
    return sha256 == write.before_sha256 != write.after_sha256


def _encoded(write: Write) -> bytes:
    return (json.dumps({"version": VERSION, **write._asdict()}, indent=1) + "\n").encode()
