"""Our program in the test's own process, for what begins after it: `add` as a process costs a quarter of a second."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping
from pathlib import Path
from subprocess import CompletedProcess
from unittest.mock import patch

from ccswitch_tui.cli.main import main
from ccswitch_tui.workflows.context import Context


def run_here(words: list[str], env: Mapping[str, str], cwd: Path, stdin: str | None = None) -> CompletedProcess[str]:
    """One command, run with this environment and in this folder by the test's own process."""
    given = io.TextIOWrapper(io.BytesIO((stdin or "").encode()), encoding="utf-8")
    out, err = io.StringIO(), io.StringIO()
    with patch("sys.stdin", given), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(words, Context(env, cwd=str(cwd)))
    return CompletedProcess(words, code, out.getvalue(), err.getvalue())
