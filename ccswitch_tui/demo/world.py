"""A whole world to try everything in: a scratch home, a provider, a proxy, and nothing of the user's.

`demo_context()` gives a Context like any other, so that the app and every
command run against it unchanged. Programs they start (the helper Claude Code
calls, Claude Code itself) see the scratch home too, and find the proxy of this
process by its state file, as they would find the background one.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property

from ccswitch_tui.credentials.base import MemoryStore
from ccswitch_tui.demo.provider import DemoProvider
from ccswitch_tui.profiles.model import Endpoint, ModelTiers, Profile, SecretRef
from ccswitch_tui.profiles.store import update_profiles
from ccswitch_tui.proxy.background.control import ProxyControl
from ccswitch_tui.proxy.background.seen import WAIT_S, ProxyStatus
from ccswitch_tui.proxy.books.usage import UsageBook
from ccswitch_tui.proxy.embedded import EmbeddedProxy
from ccswitch_tui.proxy.sources import FileProfiles
from ccswitch_tui.secret import Secret
from ccswitch_tui.sentence import say
from ccswitch_tui.workflows.context import Context

INHERITED = (
    "PATH", "TERM", "COLORTERM", "TERM_PROGRAM", "LANG", "LC_ALL", "LC_CTYPE", "LC_MESSAGES", "TZ", "SHELL", "USER",
    "LOGNAME", "EDITOR", "VISUAL", "PAGER", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "SYSTEMROOT", "COMSPEC",
    "PATHEXT", "WINDIR", "TEXTUAL_ANIMATIONS",
)  # fmt: skip
"""What a demo takes from the user's environment: how the terminal looks and where programs are, and nothing else."""

THEIR_SETTINGS = """\
{
    "theme": "dark",
    "permissions": {
        "allow": ["Bash(ls:*)"]
    }
}
"""
"""A settings file somebody wrote before us: it has to come through every switch untouched."""


class DemoStore(MemoryStore):
    """The keys of a demo: gone when it ends."""

    label: str = say("demo's memory")


class DemoProxy(ProxyControl):
    """What looks like the background proxy and lives in this process, where the demo's keys are."""

    def __init__(self, ctx: DemoContext) -> None:
        super().__init__(ctx.paths, ctx.env)
        self._ctx = ctx
        self._embedded: EmbeddedProxy | None = None
        self._held = contextlib.ExitStack()

    def status(self) -> ProxyStatus:
        """As for any proxy; one that was told to stop gives its place free first."""
        if self._embedded is not None and not self._embedded.serving:
            self._leave()
        return super().status()

    def ensure_running(self, wait_s: float = WAIT_S, *, or_begun: bool = False) -> ProxyStatus:
        """Starts the thread if it does not run."""
        if not self.status().running:
            self._leave()
            host, port = self.address()
            with contextlib.ExitStack() as held:
                claim = held.enter_context(self.claim())  # a child's helper asks the lock whether the proxy runs
                proxy = EmbeddedProxy(
                    FileProfiles(self.paths), self._key_of, host=host, port=port, token=claim.token,
                    control=claim.control, env=self.env, answers=self.paths.answers, prices=self.paths.prices,
                    usage=UsageBook(os.path.join(self.paths.state_dir, "usage.sqlite3")),
                )  # fmt: skip
                self._embedded = held.enter_context(proxy)
                self._held = held.pop_all()
        return self.status()

    def _leave(self) -> None:
        self._embedded = None
        self._held.close()

    def _key_of(self, profile: Profile) -> Secret | None:
        return self._ctx.keys.of(profile)

    def end(self) -> None:
        """Ends the thread, and a background proxy that a child process may have started meanwhile."""
        self._leave()
        if self.status().running:
            self.stop(at_once=True)


class DemoContext(Context):
    """A Context whose outside world is the demo's."""

    def __init__(self, home: str, env: Mapping[str, str], provider: DemoProvider) -> None:
        super().__init__(env, cwd=os.path.join(home, "project"), store=DemoStore())
        self.home = home
        self.provider = provider
        self.usual_profile = "demo"

    @cached_property
    def proxy(self) -> DemoProxy:
        """The proxy in a thread of this process, with the state file of a background one."""
        return DemoProxy(self)

    @property
    def curl(self) -> str:
        """The curl command that works here, key and all: what a user would paste."""
        return (
            f"curl {self.provider.base_url}/chat/completions \\\n"
            f'  -H "Authorization: Bearer {self.provider.key.reveal()}" \\\n'
            '  -H "Content-Type: application/json" \\\n'
            '  -d \'{"model": "demo-large", "messages": [{"role": "user", "content": "hi"}]}\''
        )


@contextmanager
def demo_context(env: Mapping[str, str] | None = None, *, pace_s: float = 0.0) -> Iterator[DemoContext]:
    """A demo's Context for the length of the block; every trace of it is gone afterwards."""
    home = tempfile.mkdtemp(prefix="ccswitch-demo-")
    try:
        with DemoProvider(pace_s=pace_s) as provider:
            ctx = DemoContext(home, demo_env(home, os.environ if env is None else env), provider)
            _furnish(ctx)
            try:
                ctx.proxy.ensure_running()
                yield ctx
            finally:
                ctx.proxy.end()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def demo_env(home: str, env: Mapping[str, str]) -> dict[str, str]:
    """The environment of a demo: the user's terminal, and paths that all lead into the scratch home."""
    kept = {name: value for name, value in env.items() if name in INHERITED}
    places = {
        "HOME": home,
        "USERPROFILE": home,
        "CCSWITCH_HOME": os.path.join(home, "ccswitch"),
        "CLAUDE_CONFIG_DIR": os.path.join(home, ".claude"),
        "XDG_CONFIG_HOME": os.path.join(home, ".config"),
        "XDG_STATE_HOME": os.path.join(home, ".local", "state"),
        "XDG_RUNTIME_DIR": home,
        "APPDATA": os.path.join(home, "AppData", "Roaming"),
        "LOCALAPPDATA": os.path.join(home, "AppData", "Local"),
        **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), os.path.join(home, "tmp")),
        "CLAUDE_CODE_TMPDIR": os.path.join(home, "tmp"),
    }
    # A program started from here finds no keyring of the user's, and sends loopback traffic to no proxy of theirs.
    walls = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring", "NO_PROXY": "127.0.0.1,localhost"}
    return {**kept, **places, **walls}


def demo_profiles(provider: DemoProvider) -> dict[str, Profile]:
    """The profiles a demo begins with: one that works, and two that teach something."""

    def profile(name: str, base_url: str, models: ModelTiers, note: str) -> Profile:
        endpoint = Endpoint(base_url, wire="openai-chat")
        return Profile(
            name, endpoint, SecretRef("keyring", name), models=models, context_window=131_072, note=note,
            key_host="127.0.0.1",
        )  # fmt: skip

    sound = ModelTiers(default="demo-large", haiku="demo-small")
    return {
        found.name: found
        for found in (
            profile("demo", provider.base_url, sound, "the built-in provider"),
            profile("misspelt", provider.base_url, ModelTiers(default="demo-lagre"), "its model's name is wrong"),
            profile("behind-login", provider.base_url_with("html"), sound, "its address answers with a login page"),
        )
    }


def _furnish(ctx: DemoContext) -> None:
    for folder in (ctx.cwd, ctx.paths.claude_dir, ctx.env["TMPDIR"]):
        os.makedirs(folder, mode=0o700)
    with open(ctx.paths.user_settings, "w", encoding="utf-8") as file:
        file.write(THEIR_SETTINGS)
    with open(ctx.paths.claude_json, "w", encoding="utf-8") as file:
        # Claude Code's own first-run questions would only stand between the user and the demo.
        trusted = {ctx.cwd: {"hasTrustDialogAccepted": True}}
        json.dump({"hasCompletedOnboarding": True, "projects": trusted}, file)
    profiles = demo_profiles(ctx.provider)
    for name in profiles:
        ctx.keys.put(name, ctx.provider.key)
    update_profiles(ctx.paths, profiles)
