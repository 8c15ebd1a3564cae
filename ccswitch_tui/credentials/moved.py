"""What `adopt` changed, so that it can be taken back to the byte, without a second copy of any key.

A record says where in the file a key stood and under which name it is stored
now; the rest of the old file is the new file's. Taking it back puts the keys
in again and compares the hash with the old file's.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from typing import Any, NamedTuple

from ccswitch_tui.errors import ConflictError, UsageError
from ccswitch_tui.paths import Paths
from ccswitch_tui.secret import Secret
from ccswitch_tui.sentence import say
from ccswitch_tui.textfile import locked, make_private_dir, read_bytes, read_file, replace_text, sha256_of

VERSION = 1


class Part(NamedTuple):
    """One place of the new file (in bytes) that stands for a key."""

    start: int
    end: int
    key: str
    """Name of the key in the store."""
    opening: str
    """What stood round the key: its quotes, or `Bearer `."""
    closing: str


class Moved(NamedTuple):
    """One file from which keys were moved."""

    id: str
    at: float
    file: str
    before_sha256: str
    after_sha256: str
    parts: tuple[Part, ...]
    profile: str | None = None
    scope: str | None = None
    undo_id: str | None = None
    """The write of `use` that followed."""


def folder(paths: Paths) -> str:
    """Where the records are."""
    return os.path.join(paths.state_dir, "adopted")


def records(paths: Paths) -> list[Moved]:
    """All that was not taken back, newest first."""
    found = []
    with contextlib.suppress(FileNotFoundError):
        for name in sorted(os.listdir(folder(paths)), reverse=True):
            with contextlib.suppress(ValueError, TypeError, KeyError, OSError):
                table = json.loads(read_file(os.path.join(folder(paths), name)))
                if table.pop("version") == VERSION:
                    table["parts"] = tuple(Part(*part) for part in table["parts"])
                    moved = Moved(**table)
                    if _sha256_now(moved.file) != moved.before_sha256:  # else it was ended before, or just after
                        found.append(moved)
    return found


def _sha256_now(path: str) -> str:
    with contextlib.suppress(OSError):
        return sha256_of(read_file(path))
    return ""


def keep(paths: Paths, moved: Moved) -> Moved:
    """Writes a record; `id` is given here when it is empty."""
    make_private_dir(folder(paths))
    if not moved.id:
        taken = [int(name[:-5]) for name in os.listdir(folder(paths)) if name[:-5].isdigit()]
        moved = moved._replace(id=f"{max(taken, default=0) + 1:04d}")
    path = os.path.join(folder(paths), moved.id + ".json")
    table: dict[str, Any] = {"version": VERSION, **moved._asdict(), "parts": [list(part) for part in moved.parts]}
    replace_text(
        path, json.dumps(table, indent=1).encode() + b"\n", expected_sha256=sha256_of(read_bytes(path)), private=True
    )
    return moved


def drop(paths: Paths, moved: Moved) -> None:
    """Forgets a record that was taken back, or whose write did not happen."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(folder(paths), moved.id + ".json"))


def write_file(paths: Paths, moved: Moved, before: bytes, after: bytes) -> Moved:
    """Keeps the record, then replaces the file. Raises ConflictError when it is another by now."""
    moved = keep(paths, moved)
    try:
        with locked(moved.file, paths.state_dir):
            replace_text(moved.file, after, expected_sha256=sha256_of(before))
    except BaseException:
        drop(paths, moved)
        raise
    return moved


def take_back(paths: Paths, moved: Moved, resolve: Callable[[str], Secret]) -> None:
    """Puts the keys back into the file, to the byte. Raises ConflictError when somebody changed it since."""
    with locked(moved.file, paths.state_dir):
        after = read_bytes(moved.file)
        if sha256_of(after) != moved.after_sha256:
            raise ConflictError(
                say("{file} changed since the keys were moved out of it: nothing was written", file=moved.file),
                hint=say("print a key with 'ccswitch-tui key --stored NAME' and put it in by hand"),
            )
        before = put_back(after or b"", moved.parts, resolve)
        if sha256_of(before) != moved.before_sha256:
            raise UsageError(
                say("the keys stored now are not those that were in {file}: nothing was written", file=moved.file)
            )
        replace_text(moved.file, before, expected_sha256=moved.after_sha256)
    drop(paths, moved)


def put_back(after: bytes, parts: tuple[Part, ...], resolve: Callable[[str], Secret]) -> bytes:
    """The file with every stand-in replaced by the key it stands for."""
    for part in sorted(parts, reverse=True):
        value = f"{part.opening}{resolve(part.key).reveal()}{part.closing}".encode()
        after = after[: part.start] + value + after[part.end :]
    return after
