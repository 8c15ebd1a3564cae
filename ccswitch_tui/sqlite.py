"""The standard library's sqlite3, where this Python has it: some are built without.

Loaded late: a megabyte that an idle proxy does without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccswitch_tui.errors import UsageError
from ccswitch_tui.sentence import say

if TYPE_CHECKING:
    from types import ModuleType


def sqlite3_here() -> ModuleType:
    """The module. Raises UsageError where this Python was built without it."""
    try:
        import sqlite3
    except ImportError:
        raise UsageError(
            say("this Python was built without sqlite3, which that file requires"),
            hint=say("run ccswitch-tui with a Python that has it: python3 -c 'import sqlite3' prints nothing there"),
        ) from None
    return sqlite3
