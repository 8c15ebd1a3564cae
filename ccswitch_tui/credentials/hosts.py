"""A key goes only to the host it was given for. Pure.

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


def allowed_host(profile: Profile) -> bool:
    """Whether the profile's key may go to the profile's address; yes for a profile without `key_host`."""
    if profile.key_host is None:
        return True
    host = host_of(profile.endpoint.base_url)
    return host != "" and host == profile.key_host.strip("[]").rstrip(".").lower()


def check_key_host(profile: Profile) -> None:
    """Raises KeyStoreError when the key was given for another host."""
    if not allowed_host(profile):
        raise KeyStoreError(
            say(
                "the key of '{name}' was given for {key_host}, and its address is now at {host}: it was not sent",
                name=profile.name,
                key_host=profile.key_host,
                host=host_of(profile.endpoint.base_url) or say("a host that is not clear"),
            ),
            hint=say(
                "if that host shall have it, enter it again: 'ccswitch-tui edit {name} --key-stdin'", name=profile.name
            ),
            kind="key-host",
        )
