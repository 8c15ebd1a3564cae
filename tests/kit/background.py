"""A background proxy of one test's own."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from ccswitch_tui.proxy.background.control import ProxyControl
from ccswitch_tui.proxy.background.loopback import held_by
from ccswitch_tui.proxy.background.state_record import RUN_LOCK
from ccswitch_tui.workflows.context import Context


@contextlib.contextmanager
def background_proxy(folder: Path) -> Iterator[ProxyControl]:
    """The proxy of a user whose home is `folder`, not started. In the end whatever runs of it is ended, by force."""
    env = {"HOME": str(folder), "CCSWITCH_HOME": str(folder / "ours"), "PATH": os.environ["PATH"]}
    control = Context(env).proxy
    yield control
    control._end_stuck(held_by(os.path.join(control.paths.state_dir, RUN_LOCK)))
