"""Who may use the proxy: the holder of the local token, from this machine, and no web page. Pure.

A web page can make a browser connect to loopback (and, by DNS rebinding, read
the answer), so Host must name loopback and Origin must be absent.
Another user's program can connect too, so every request carries a token. The
one Claude Code gets opens the Messages API and nothing else: whoever can read
a client's credential reads no key, no body of another session, and ends nothing.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence

from ccswitch_tui.net.hosts import is_loopback
from ccswitch_tui.record import NamedTuple

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")
BROWSER_SITES = ("cross-site", "same-site")
"""Values of Sec-Fetch-Site that only a browser acting for a web page sends (W3C Fetch Metadata)."""


class Refusal(NamedTuple):
    """Why a request goes no further, in the words of the Messages API."""

    status: int
    type: str
    message: str


FOREIGN_HOST = Refusal(
    403,
    "permission_error",
    "the ccswitch-tui proxy answers only to 127.0.0.1 and localhost, with a port (Host header refused)",
)
WEB_PAGE = Refusal(
    403, "permission_error", "the ccswitch-tui proxy rejects requests from web pages (Origin header refused)"
)
NO_TOKEN = Refusal(
    401,
    "authentication_error",
    "the request carries no token of the ccswitch-tui proxy: run 'ccswitch-tui use NAME' again",
)
WRONG_TOKEN = Refusal(
    401,
    "authentication_error",
    "the ccswitch-tui proxy does not know this token: run 'ccswitch-tui use NAME' again",
)
"""Neither message may contain the other header's name: Claude Code would say "Not logged in"."""


WRONG_CONTROL = Refusal(
    401, "authentication_error", "this is not the control token of the ccswitch-tui proxy that runs now"
)
NO_CONTROL = Refusal(
    403,
    "permission_error",
    "the control routes of this proxy are closed: the client's token does not open them "
    "(in the foreground: 'proxy serve --control-token env:NAME')",
)


class Guard:
    """The rules of one listener. `tokens` is empty only where the user said so, and only on loopback."""

    def __init__(self, tokens: Sequence[str], host: str, port: int, control: str | None = None) -> None:
        self._tokens = [token.encode() for token in tokens]
        self._control = [control.encode()] if control else []
        self._hosts = None
        if is_loopback(host):
            self._hosts = frozenset((*LOOPBACK_HOSTS, f"[{host}]" if ":" in host else host))
        self._port = port

    def refuse_place(self, headers: Mapping[str, str]) -> Refusal | None:
        """Refuses a browser and a foreign Host; this holds for every route, health included."""
        if "Origin" in headers or headers.get("Sec-Fetch-Site") in BROWSER_SITES:
            return WEB_PAGE
        return None if self._hosts is None or self._is_ours(headers.get("Host", "").lower()) else FOREIGN_HOST

    def _is_ours(self, place: str) -> bool:
        """A name of this machine with a port: ours, or the one a tunnel or a container is reached at.

        A web page that rebinds its own name sends that name, whatever the port. Without a port, or with 80, a name
        is that of a web server here, and no client of ours.
        """
        hosts = self._hosts or frozenset()
        name, _, port = place.rpartition(":")
        if name not in hosts or not port.isdigit():
            return self._port == 80 and place in hosts
        return port == str(self._port) or (port != "80" and len(port) <= 5)

    def refuse_token(self, headers: Mapping[str, str]) -> Refusal | None:
        """Refuses without a local token, taken from `Authorization: Bearer` or `x-api-key`."""
        return self._refuse(headers, self._tokens) if self._tokens else None

    def refuse_control(self, headers: Mapping[str, str]) -> Refusal | None:
        """Refuses without the control token; where there is none, everybody."""
        if not self._control:
            return NO_CONTROL
        refusal = self._refuse(headers, self._control)
        if refusal is not WRONG_TOKEN:
            return refusal
        return WRONG_CONTROL if self._refuse(headers, self._tokens) else NO_CONTROL

    def _refuse(self, headers: Mapping[str, str], known: list[bytes]) -> Refusal | None:
        scheme, _, bearer = headers.get("Authorization", "").partition(" ")
        offered = [bearer.strip()] if scheme.lower() == "bearer" else []
        if "x-api-key" in headers:
            offered.append(headers["x-api-key"].strip())
        # every offer is compared, so that the time taken says nothing about which one was right
        right = False
        for offer in offered:
            value = offer.encode("utf-8", "surrogateescape")
            for token in known:
                right |= hmac.compare_digest(value, token)
        if right:
            return None
        return WRONG_TOKEN if any(offered) else NO_TOKEN


def proof(control: str, nonce: str, port: int) -> str:
    """What only the holder of the control token that listens on `port` can answer to `nonce`.

    The helper asks for it before it hands anything to whatever listens on our
    port: a program that sits there by accident or intent learns nothing, also
    when it passes the question on to another proxy of the same user.
    """
    return hmac.new(control.encode(), f"ccswitch-tui {port} {nonce}".encode(), hashlib.sha256).hexdigest()
