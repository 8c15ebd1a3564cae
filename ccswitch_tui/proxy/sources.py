"""Where the running proxy gets profiles and keys from, and when it looks again.

Profiles: the file, read again when it changed on disk; a file that cannot be
read leaves the last good ones in force. Keys: resolved in a thread under a time
limit, then held in memory; read again once when an endpoint refuses one.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Callable, Mapping

from ccswitch_tui.errors import CcswitchError, KeyStoreError
from ccswitch_tui.paths import Paths
from ccswitch_tui.profiles.model import Profile, SecretRef
from ccswitch_tui.profiles.search_source import SearchSource
from ccswitch_tui.profiles.store import load_profiles
from ccswitch_tui.proxy.routing import Routes
from ccswitch_tui.secret import Secret
from ccswitch_tui.sentence import say

KEY_PATIENCE_S = 30.0
"""A key store may ask the user to unlock it; Claude Code waits for the first byte far longer than this."""

FAILURE_REMEMBERED_S = 2.0
"""Parallel requests without a key ask the store (or the user) once, not one by one."""

KeyResolver = Callable[[Profile], Secret | None]

NOTHING: Mapping[str, Secret] = {}
"""What a profile without secret headers sends in them."""


class FixedProfiles:
    """Profiles given at the start: stateless serving, the demo, one run."""

    problem: str | None = None

    def __init__(self, profiles: Mapping[str, Profile], *, search: SearchSource | None = None) -> None:
        self._routes = Routes(dict(profiles))
        self.search = search

    def routes(self) -> Routes:
        return self._routes


class FileProfiles:
    """The user's profiles.toml."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._stamp: tuple[int, int, int] | None = (-1, -1, -1)
        self._routes = Routes({})
        self.problem: str | None = None
        """Why the file as it is now cannot be used; the profiles read before stay in force."""
        self.search: SearchSource | None = None
        """Where web searches go for profiles that do not say."""

    def routes(self) -> Routes:
        """The routes of the file as it is now. One `stat` when it did not change."""
        stamp = self._look()
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                book = load_profiles(self._paths)
                self._routes, self.search = Routes(book.profiles), book.search
                self.problem = None
            except CcswitchError as error:
                self.problem = error.message
        return self._routes

    def _look(self) -> tuple[int, int, int] | None:
        try:
            found = os.stat(self._paths.profiles)
        except OSError:
            return None
        return (found.st_mtime_ns, found.st_size, found.st_ino)


Profiles = FixedProfiles | FileProfiles


async def _in_thread_of_its_own(work: Callable[[], Secret | None]) -> Secret | None:
    """What `work` returns. A store that hangs costs one daemon thread, and neither a place in a pool nor the exit."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Secret | None] = loop.create_future()

    def settle(result: Secret | None, error: BaseException | None) -> None:
        if done.done():
            return  # nobody waits any more
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)

    def run() -> None:
        result, failure = None, None
        try:
            result = work()
        except BaseException as error:  # carried over to the event loop
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=run, name="key", daemon=True).start()
    return await done


class KeyCache:
    """Keys in memory by profile and reference, so that a keyring is asked once and not per request."""

    def __init__(self, resolve: KeyResolver) -> None:
        self._resolve = resolve
        self._held: dict[tuple[str, SecretRef], Secret | None] = {}
        self._asking: dict[tuple[str, SecretRef], asyncio.Future[Secret | None]] = {}
        self._failed: dict[tuple[str, SecretRef], tuple[float, KeyStoreError]] = {}

    async def get(self, profile: Profile) -> Secret | None:
        """The profile's key, None for one without. Raises KeyStoreError, after KEY_PATIENCE_S at the latest."""
        if profile.key.kind == "none" or profile.endpoint.auth == "none":
            return None
        slot = (profile.name, profile.key)
        if slot in self._held:
            return self._held[slot]
        failed = self._failed.get(slot)
        if failed is not None and time.monotonic() - failed[0] < FAILURE_REMEMBERED_S:
            raise failed[1]
        asking = self._asking.get(slot)
        if asking is None:
            asking = asyncio.ensure_future(self._ask(slot, profile))
            self._asking[slot] = asking
            asking.add_done_callback(lambda _: self._asking.pop(slot, None))
        # shielded: the first client may leave while others wait for the same answer
        return await asyncio.shield(asking)

    async def _ask(self, slot: tuple[str, SecretRef], profile: Profile) -> Secret | None:
        try:
            async with asyncio.timeout(KEY_PATIENCE_S):
                secret = await _in_thread_of_its_own(lambda: self._resolve(profile))
        except TimeoutError:
            error = KeyStoreError(
                say(
                    "the key store did not answer within {patience:.0f} s for profile '{name}'",
                    patience=KEY_PATIENCE_S,
                    name=profile.name,
                ),
                hint=say("unlock it and try again"),
            )
        except KeyStoreError as refused:
            error = refused
        except CcswitchError as refused:
            error = KeyStoreError(refused.message, hint=refused.hint)
        else:
            self._held[slot] = secret
            return secret
        self._failed[slot] = (time.monotonic(), error)
        raise error

    async def of_headers(self, profile: Profile) -> Mapping[str, Secret]:
        """What the profile's secret headers hold. Raises KeyStoreError naming the header."""
        if not profile.secret_headers:
            return NOTHING
        found: dict[str, Secret] = {}
        for header, alone in profile.by_header().items():
            try:
                secret = await self.get(alone)
            except KeyStoreError as error:
                from ccswitch_tui.credentials.keys import header_error

                raise header_error(error, alone, header) from None
            if secret is not None:
                found[header] = secret
        return found

    async def changed(self, profile: Profile, refused: Secret | None, headers: Mapping[str, Secret] = NOTHING) -> bool:
        """After a 401: asks the store again; True if a secret there is another one now."""
        for ref in (profile.key, *profile.secret_headers.values()):
            self._held.pop((profile.name, ref), None)
        try:
            return await self.get(profile) != refused or await self.of_headers(profile) != headers
        except KeyStoreError:
            return False

    def forget(self) -> None:
        """Drops every key held."""
        self._held.clear()
        self._failed.clear()
