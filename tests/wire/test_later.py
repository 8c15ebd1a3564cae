"""A pattern that waits is the pattern."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from ccswitch_tui.wire.later import later


def test_it_finds_what_the_pattern_finds() -> None:
    text, waiting = "max_tokens: 12, 34", later(r"(?P<n>\d+)", re.I)
    assert waiting.findall(text) == ["12", "34"]
    assert [m["n"] for m in waiting.finditer(text)] == ["12", "34"]
    assert waiting.search(text) and not waiting.fullmatch(text)
    assert (waiting.sub("x", text), waiting.pattern, waiting.groups) == ("max_tokens: x, x", r"(?P<n>\d+)", 1)
    assert later(rb"\d").search(b"a1")


@pytest.mark.skipif(sys.platform == "win32", reason="an isolated interpreter there does not find the package")
def test_starting_to_serve_compiles_none_of_those_for_refusals() -> None:
    program = (
        "import ccswitch_tui.proxy.server, ccswitch_tui.translate.refusals as r; "
        "print(sum(row.pattern._compiled is not None for row in r.REFUSALS), len(r.REFUSALS))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, timeout=60)
    compiled, rows = done.stdout.split()
    assert (compiled, int(rows) > 30) == ("0", True), done.stderr
