"""A terminal is where somebody sits: neither a pipe, nor a file, nor the null device that Windows calls one."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from ccswitch_tui.here import is_terminal


def test_nobody_sits_at_the_null_device_a_pipe_or_a_file(tmp_path: Path) -> None:
    with open(os.devnull) as nowhere, open(os.devnull, "w") as away, (tmp_path / "file").open("w") as file:
        read, write = os.pipe()
        with open(read) as pipe, open(write, "w") as other:
            found = [is_terminal(stream) for stream in (nowhere, away, file, pipe, other)]
    assert found == [False] * 5


def test_no_stream_and_a_closed_one_are_none() -> None:
    closed = io.StringIO()
    closed.close()
    assert not is_terminal(None)
    assert not is_terminal(closed)


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no terminals are made here; tests/windows opens a console")
def test_a_terminal_is_one() -> None:
    _, handle = os.openpty()
    with open(handle, "w") as stream:
        assert is_terminal(stream)
