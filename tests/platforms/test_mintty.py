"""Git Bash's own window: known by the names of its pipes."""

from __future__ import annotations

import io
import sys

import pytest

from ccswitch_tui.mintty import is_mintty, is_pty_name


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        (r"\msys-1888ae32e00d56aa-pty0-to-master", True),
        (r"\msys-dd50a72ab4668b33-pty12-from-master", True),
        (r"\cygwin-e022582115c10879-pty3-from-master", True),
        (r"\msys-1888ae32e00d56aa-pty0-to-master-nat", True),
        (r"\msys-1888ae32e00d56aa-pty0", False),
        (r"\Device\NamedPipe\other", False),
        (r"\msys-1888ae32e00d56aa-ptyx-to-master", False),
        ("", False),
    ],
)
def test_the_name_of_a_pipe_tells_whether_a_window_is_behind_it(name: str, is_one: bool) -> None:
    assert is_pty_name(name) is is_one


@pytest.mark.skipif(sys.platform == "win32", reason="there it asks the system")
def test_elsewhere_nothing_is_one() -> None:
    assert not is_mintty(sys.stdout)
    assert not is_mintty(io.StringIO())
