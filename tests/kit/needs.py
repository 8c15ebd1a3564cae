"""What a system lacks, as marks with the reason: put on single tests, so that the rest of their file runs there."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from pathlib import Path

import pytest


def not_on_windows(reason: str) -> pytest.MarkDecorator:
    """A test whose premise Windows does not know."""
    return pytest.mark.skipif(sys.platform == "win32", reason=reason)


def _links_are_made() -> bool:
    """Asked and not assumed: Windows wants a right for them, and Wine 8 says it made one and has not."""
    with tempfile.TemporaryDirectory() as folder:
        link = os.path.join(folder, "link")
        try:
            os.symlink(folder, link)
        except OSError:
            return False
        return os.path.islink(link)


modes = not_on_windows("Windows has access lists, not modes")
pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipes among its files")
links = pytest.mark.skipif(not _links_are_made(), reason="no symbolic link can be made here")
shell = not_on_windows("runs sh, env, true and their kind")
signals = not_on_windows("Windows has no signals")


def is_private(path: Path) -> bool:
    """Its owner's alone, by its mode; on Windows the profile folder's own access list says it for all below."""
    return sys.platform == "win32" or stat.S_IMODE(path.stat().st_mode) == 0o600
