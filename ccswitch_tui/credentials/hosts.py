"""A key goes only to the host it was given for, and not in plain text where it was given for https. Pure.

The proxy asks before every request, `probe` before it sends a key, `key`
before it prints one, `edit` when the address changes.
"""

from __future__ import annotations

import re

from ccswitch_tui.errors import KeyStoreError
from ccswitch_tui.profiles.model import Profile
from ccswitch_tui.sentence import say

_AUTHORITY = re.compile(
    r"(?i:https?)://(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::[0-9]*)?(?=[/?#]|\Z)"
)
"""Only what every client reads the same way: no user, no escapes, no backslash (`http://a\\@b`), no Unicode."""


def host_of(base_url: str) -> str:
    """The host of an http(s) address in lower case, without port and path; "" when there is none, or any doubt.

    By hand, because urllib.parse costs as much as all the rest of `key`.
    """
    found = _AUTHORITY.match(base_url)
    if found is None or any(c in base_url for c in "\t\r\n"):
        return ""
    return (found["v6"] or found["name"]).rstrip(".").lower()


def is_this_machine(host: str) -> bool:
    """Whether a host of host_of() is this machine."""
    return host in ("localhost", "::1") or host.startswith("127.") or host.endswith(".localhost")


def _port_of(base_url: str) -> str:
    found = re.match(r"https?://(?:\[[^\]]*\]|[^:/?#\[]*):([0-9]+)", base_url, re.IGNORECASE)
    return found[1] if found else "443" if base_url[:6].lower() == "https:" else "80"


def _is_plain(base_url: str) -> bool:
    return base_url[:5].lower() == "http:"


def same_origin(address: str, own: str) -> bool:
    """Whether a key for `own` may go to `address`: the same host, not from https down to http, on this machine the
    same port, where another one is another program's."""
    host = host_of(address)
    if host == "" or (_is_plain(address) and not _is_plain(own)):
        return False
    if host != host_of(own) and not {host, host_of(own)} <= {"127.0.0.1", "localhost"}:
        return False
    return not is_this_machine(host) or _port_of(address) == _port_of(own)


def bound_to(base_url: str) -> str:
    """What `key_host` says for an address: its host where https is a matter of course, else the origin."""
    host = host_of(base_url)
    if not _is_plain(base_url) and not is_this_machine(host):
        return host
    name = f"[{host}]" if ":" in host else host
    return f"{'http' if _is_plain(base_url) else 'https'}://{name}:{_port_of(base_url)}" if host else ""


def allowed_host(profile: Profile) -> bool:
    """Whether the profile's key may go to the profile's address; yes for a profile without `key_host`.

    A bare host stands for https; on this machine and its own network, where
    plain http is usual, for any scheme and port.
    """
    if profile.key_host is None:
        return True
    address = profile.endpoint.base_url
    if "://" in profile.key_host:
        return same_origin(address, profile.key_host)
    host = host_of(address)
    if host == "" or host != profile.key_host.strip("[]").rstrip(".").lower():
        return False
    return not _is_plain(address) or is_this_machine(host) or _is_near(host)


def _is_near(host: str) -> bool:
    from ccswitch_tui.profiles.url import is_private

    return is_private(host)


def shown_host(profile: Profile) -> str:
    """Where the address is, for people: the host, or the whole origin where the host is not what differs."""
    host = host_of(profile.endpoint.base_url)
    if host and profile.key_host and host in (profile.key_host, host_of(profile.key_host)):
        return "/".join(profile.endpoint.base_url.split("/")[:3])
    return host


def check_key_host(profile: Profile) -> None:
    """Raises KeyStoreError when the key was given for another host."""
    if not allowed_host(profile):
        raise KeyStoreError(
            say(
                "the key of '{name}' was given for {key_host}, and its address is now at {host}: it was not sent",
                name=profile.name,
                key_host=profile.key_host,
                host=shown_host(profile) or say("an unclear host"),
            ),
            hint=say(
                "if that host is meant to have it, enter it again: 'ccswitch-tui edit {name} --key-stdin'",
                name=profile.name,
            ),
            kind="key-host",
        )
