"""The profile that a base URL of our proxy names: `http://HOST:PORT/p/NAME`. Pure, and light: a status line asks."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ROUTE = r"^https?://[^/]+/p/([^/?#]+)/?$"


def routed_profile(base_url: Any) -> str | None:
    """The profile a base URL of our proxy names."""
    found = re.match(_ROUTE, base_url) if isinstance(base_url, str) else None
    if not found:
        return None
    if "%" not in found[1]:
        return found[1]
    from urllib.parse import unquote

    return unquote(found[1])
