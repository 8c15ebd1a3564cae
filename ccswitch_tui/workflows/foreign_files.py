"""Files that belong to other tools, opened to read only: never locked, never changed, never waited for.

A database that its tool holds is read as a copy.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

from ccswitch_tui.errors import UsageError
from ccswitch_tui.sentence import say
from ccswitch_tui.textfile import read_file

LARGEST_FILE = 8_000_000
"""Bytes. Settings are kilobytes; a file beyond this is something else."""

LARGEST_DATABASE = 500_000_000
"""Bytes. cc-switch keeps its request log in the same file."""


def file_bytes(path: str, limit: int = LARGEST_FILE, most: int | None = None) -> bytes:
    """A file's bytes (its first `most`); raises UsageError when it is larger than `limit` or cannot be read."""
    try:
        if os.path.getsize(path) > limit:
            raise UsageError(say("{path} is too large to be settings", path=path), hint=say("name the right file"))
        return read_file(path, limit) if most is None else read_file(path, most, head=True)
    except OSError as error:
        raise UsageError(say("cannot read {path}: {reason}", path=path, reason=error.strerror)) from None


def file_text(path: str) -> str:
    """A file's text; raises UsageError when it is not UTF-8."""
    try:
        return file_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(say("{path} is not UTF-8 text", path=path)) from None


def file_json(path: str) -> Any:
    """JSON as its tool reads it: with comments and commas too many where the tool forgives them."""
    from ccswitch_tui.interop.json_trees import forgiving_json

    try:
        return forgiving_json(file_text(path))
    except ValueError as error:
        raise UsageError(
            say("{path} cannot be read as JSON: {error}", path=path, error=error),
            hint=say("fix it in its own tool first"),
        ) from None


def file_yaml(path: str) -> Any:
    """YAML as plain data; raises UsageError naming the file and the line."""
    from ccswitch_tui.interop.yamltext import from_yaml

    try:
        return from_yaml(file_text(path))
    except UsageError as error:
        raise UsageError(say("{path}: {message}", path=path, message=error.message), hint=error.hint) from None


@contextlib.contextmanager
def database_of(path: str) -> Iterator[Any]:
    """Another tool's SQLite file, read-only; a copy of it where it is locked."""
    import shutil
    import tempfile
    from urllib.parse import quote

    from ccswitch_tui.interop.cc_switch import Patience
    from ccswitch_tui.sqlite import sqlite3_here

    sqlite3 = sqlite3_here()
    file_bytes(path, LARGEST_DATABASE, most=16)

    def opened(place: str) -> Any:
        connection = sqlite3.connect(f"file:{quote(place)}?mode=ro", uri=True, timeout=1.0)
        try:
            connection.row_factory = sqlite3.Row
            connection.set_progress_handler(Patience(), 10_000)
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except BaseException:
            connection.close()  # now, not when it is collected: Windows deletes no file that is open
            raise
        return connection

    with contextlib.ExitStack() as stack:
        try:
            connection = opened(path)
        except sqlite3.Error:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="ccswitch-"))
            copy = os.path.join(folder, "copy.db")
            for ending in ("", "-wal", "-shm"):
                with contextlib.suppress(FileNotFoundError):
                    shutil.copyfile(path + ending, copy + ending)
            try:
                connection = opened(copy)
            except sqlite3.Error:
                raise UsageError(
                    say("{path} cannot be read as a database", path=path),
                    hint=say("close the program that holds it and try again"),
                ) from None
        stack.callback(connection.close)
        try:
            yield connection
        except sqlite3.Error:
            raise UsageError(say("{path} does not have the tables it should have", path=path)) from None
