"""The outside world in one object: every door is built when first used, and replaced in tests.

The environment is copied at the start: Textual removes NO_COLOR from
os.environ, and the demo runs everything against a scratch home. Nothing
below this line reads os.environ.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from functools import cached_property

from ccswitch_tui.paths import Paths, resolve_paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ccswitch_tui.claude.files import SettingsFiles
    from ccswitch_tui.credentials.base import CredentialStore
    from ccswitch_tui.credentials.keys import Keys
    from ccswitch_tui.profiles.store import ProfileBook
    from ccswitch_tui.proxy.background.control import ProxyControl


class Context:
    """Where a workflow runs: environment, folder, clock, and the doors to files, keys and the proxy."""

    def __init__(
        self,
        env: Mapping[str, str] | None = None,
        *,
        cwd: str | None = None,
        clock: Callable[[], float] = time.time,
        store: CredentialStore | None = None,
    ) -> None:
        self.env = dict(os.environ if env is None else env)
        self.cwd = cwd or os.getcwd()
        self.clock = clock
        """Seconds since the epoch."""
        self.usual_profile = ""
        """The profile `run` takes where none is named and none is in use; "" for none."""
        self.guided = False
        """Whether the app shows the three steps of a first minute; the demo does."""
        self.language = ""
        """What `--lang` asked for; "" leaves it to the settings and the locale."""
        self._store = store
        self.words: tuple[str, ...] = ()
        """What the profiles' file, of an older form, was taken to mean when it was last read."""

    @cached_property
    def paths(self) -> Paths:
        return resolve_paths(self.env)

    def book(self) -> ProfileBook:
        """The profiles as they are on disk now."""
        from ccswitch_tui.profiles.store import load_profiles

        book = load_profiles(self.paths)
        self.words = book.words
        return book

    @cached_property
    def settings(self) -> SettingsFiles:
        """Claude Code's settings files and our undo history."""
        from ccswitch_tui.claude.files import SettingsFiles

        return SettingsFiles(self.paths, self.env, self.cwd, clock=self.clock)

    @property
    def given_store(self) -> CredentialStore | None:
        """The key store that was given, by the demo or a test; None for this machine's own."""
        return self._store

    @cached_property
    def keys(self) -> Keys:
        """Keys by reference: the keyring, the environment, other programs."""
        from ccswitch_tui.credentials.keys import Keys

        return Keys(self.paths, self.env, store=self._store)

    @cached_property
    def proxy(self) -> ProxyControl:
        """The background proxy: is it there, start it, stop it."""
        from ccswitch_tui.proxy.background.control import ProxyControl

        return ProxyControl(self.paths, self.env)
