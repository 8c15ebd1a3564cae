"""The app under the console driver of Windows: it starts, draws, takes a key and leaves.

Wine's console drops most of what colours and places text, so what is looked for
is the text itself; how it looks there, only a real Windows can show.
"""

from __future__ import annotations

import pytest

from kit.tmux import Tmux
from kit.windows import Windows, windows_path

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(240)]


def test_the_app_starts_draws_and_quits(windows: Windows, tmux: Tmux) -> None:
    variables = windows.variables()
    command = ["wine", "as-user.exe", windows_path(variables), windows_path(windows.program), "demo"]
    tmux.start(command, env=windows.unix_env, cwd=windows.project, width=100, height=30)
    tmux.wait_for("compare", 90)
    tmux.keys("q")
    assert tmux.wait_until_ended(60) == 0
