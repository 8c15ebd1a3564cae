"""A key goes only to the host it was given for. Pure.

The proxy asks before every request, `probe` before it sends a key, `key`
before it prints one, `edit` when the address changes.
"""

from __future__ import annotations

from ccswitch_tui.errors import KeyStoreError
from ccswitch_tui.profiles.model import Profile


def host_of(base_url: str) -> str:
    """The host of an http(s) address in lower case, without port, user and path; "" when there is none.

    By hand, because urllib.parse costs as much as all the rest of `key`. It
    reads like WHATWG's parser where the two could be told apart: a backslash
    ends the host as a slash does.
    """
    _, found, rest = base_url.strip().partition("://")
    if not found:
        return ""
    authority = rest.replace("\\", "/").partition("/")[0].partition("?")[0].partition("#")[0]
    place = authority.rpartition("@")[2]
    if place.startswith("["):
        return place[1:].partition("]")[0].lower()
    return place.partition(":")[0].rstrip(".").lower()


def allowed_host(profile: Profile) -> bool:
    """Whether the profile's key may go to the profile's address; yes for a profile without `key_host`."""
    return profile.key_host is None or host_of(profile.endpoint.base_url) == profile.key_host.rstrip(".").lower()


def check_key_host(profile: Profile) -> None:
    """Raises KeyStoreError when the key was given for another host."""
    if not allowed_host(profile):
        raise KeyStoreError(
            f"the key of '{profile.name}' was given for {profile.key_host}, "
            f"and its address is now at {host_of(profile.endpoint.base_url)}: it was not sent",
            hint=f"if that host shall have it, enter it again: 'ccswitch-tui edit {profile.name} --key-stdin'",
            kind="key-host",
        )
