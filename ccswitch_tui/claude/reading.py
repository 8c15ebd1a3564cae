"""What a settings tree says: a value by its key, and the profile of ours that it uses. Pure.

Apart from settings.py because `list` only asks this, and need not know how a
settings file is changed.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def value_of(tree: Mapping[str, Any], key: str) -> Any:
    """The value of an owned key in a settings tree, or None."""
    if key.startswith("env."):
        env = tree.get("env")
        return env.get(key[4:]) if isinstance(env, dict) else None
    return tree.get(key)


_HELPER = r"""(?:ccswitch-tui|ccst|ccswitch_tui)(?:\.exe)?['"]?\s+key\s+['"]?([\w.-]+)['"]?(?:\s+--over-project)?\s*$"""
"""Compiled when first needed: a switch needs few patterns."""


def profile_in(tree: Mapping[str, Any]) -> str | None:
    """The profile a settings file uses, by the helper that names it; None for none of ours."""
    helper = tree.get("apiKeyHelper")
    found = re.search(_HELPER, helper) if isinstance(helper, str) else None
    return found[1] if found else None
