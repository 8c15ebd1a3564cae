"""How many files and sockets this process may have open. A stream takes two.

Systems give a program far fewer than they allow it (1024 on Linux, 256 on
macOS); a proxy for several sessions takes what is allowed before it needs it.
"""

from __future__ import annotations

import sys

ENOUGH = 16_384
"""More than a person's sessions can use. A child that closes all it could have inherited counts up to it."""

OWN = 24
"""Files that are open besides those of streams: logs, books, sockets, what a child is told."""

FOR_CLIENTS = 0.4
"""Of the others: each client may need a connection to an endpoint, and who is one too many is told so on one."""


def most_clients() -> int:
    """How many clients may be connected at once; 0 where there is no limit. Raises the limit first."""
    limit = raised_limit()
    return max(4, int((limit - OWN) * FOR_CLIENTS)) if limit else 0


def raised_limit() -> int:
    """Raises the limit as far as the system lets us, and tells it; 0 where there is none."""
    if sys.platform == "win32":  # has no limit of its own
        return 0
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ENOUGH if hard == resource.RLIM_INFINITY else min(hard, ENOUGH)
    while soft != resource.RLIM_INFINITY and wanted > soft:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            return wanted
        except (ValueError, OSError):  # macOS allows less than its infinity
            wanted //= 2
    return 0 if soft == resource.RLIM_INFINITY else soft
