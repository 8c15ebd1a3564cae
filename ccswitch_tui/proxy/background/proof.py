"""Proof that a listener is our proxy, before it is told anything. Imports little: `use` and `key` come here.

We send a nonce; it answers with an HMAC over its port and the nonce, by the
control secret of the state record, on the very connection that is used
afterwards (web/guard.py is the other side). The port is in it so that no other
proxy's answer, passed on, will do.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from ccswitch_tui.proxy.background.loopback import Loopback
from ccswitch_tui.proxy.background.state_record import State, object_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def challenge(state: State) -> tuple[str, Callable[[bytes], State | None]]:
    """A path to ask, and what its answer proves: what our proxy says of itself, None for a stranger's."""
    nonce = os.urandom(16).hex()

    def proved(answer: bytes) -> State | None:
        found = object_of(answer)
        return found if _proves(state["control"], nonce, state["port"], found.get("proof")) else None

    return f"/_ccswitch/hello?nonce={nonce}", proved


def greeted(line: Loopback, state: State, *, last: bool) -> State | None:
    """What our proxy at the other end says of itself; None for a stranger. Raises OSError."""
    path, proved = challenge(state)
    status, body = line.ask("GET", path, last=last)
    return proved(body) if status == 200 else None


def control_headers(state: State) -> dict[str, str]:
    """What opens the control routes: for a connection on which the proof was given, and no other."""
    return {"Authorization": f"Bearer {state['control']}"}


def _proves(control: str, nonce: str, port: int, given: Any) -> bool:
    import hmac

    if not control or not isinstance(given, str):
        return False
    expected = hmac.new(control.encode(), f"ccswitch-tui {port} {nonce}".encode(), "sha256").hexdigest()
    return hmac.compare_digest(expected, given)
