"""The rungs that need more than a request: through our own proxy, and with the real Claude Code.

Both go through exactly what a session would: the same proxy application, the
same child environment. The real client runs in an isolated configuration of
its own, so that it can neither read nor change the user's.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ccswitch_tui.errors import KeyStoreError
from ccswitch_tui.probe.asks import ask, bodies_for
from ccswitch_tui.probe.bodies import Place
from ccswitch_tui.probe.exchange import Exchange, Timings
from ccswitch_tui.probe.fetch import Fetcher
from ccswitch_tui.probe.ladder import Outside
from ccswitch_tui.profiles.model import SecretRef
from ccswitch_tui.secret import Secret, redact
from ccswitch_tui.sentence import say, through
from ccswitch_tui.wire.formats import FORMATS, MESSAGES

if TYPE_CHECKING:
    from ccswitch_tui.profiles.model import Profile
    from ccswitch_tui.proxy.embedded import EmbeddedProxy
    from ccswitch_tui.workflows.context import Context

CLAUDE_PATIENCE_S = 90.0
"""One `claude -p` takes half a second with a fast endpoint; a slow local model reads its first request for a minute."""

NAME = "probe"


class Given(NamedTuple):
    """What is sent as secrets, by value: nothing of it need be stored yet."""

    key: Secret | None
    headers: Mapping[str, Secret]

    def of(self, profile: Profile) -> Secret | None:
        """The key of the profile as it is, or of one of its `by_header`."""
        header = profile.endpoint.auth.removeprefix("header:")
        return self.headers[header] if profile.key.name != NAME and header in self.headers else self.key


async def through_proxy(ctx: Context, target: Profile, given: Given, wish: Outside) -> Exchange:
    """A forced tool call in Anthropic's format, streamed, through our proxy."""
    profile = _as_proved(target, wish)
    proxy = _proxy(ctx, profile, given)
    await asyncio.to_thread(proxy.__enter__)
    try:
        base = proxy.base_url(profile.name)
        place = Place(base, MESSAGES, "bearer", profile.models.default or "")
        wanted = ask("translate", place, bodies_for(place, {}).tools())
        exchange = await Fetcher(base, proxy.token).fetch(wanted)
    finally:
        await asyncio.shield(asyncio.to_thread(proxy.__exit__, None, None, None))
    return exchange


def _as_proved(target: Profile, wish: Outside) -> Profile:
    """The profile with what the ladder proved in place of what was not so."""
    place = wish.place
    endpoint = target.endpoint._replace(base_url=place.base_url, wire=place.wire, auth=place.auth)
    models = target.models._replace(default=place.model)
    quirks = target.quirks if FORMATS[place.wire].native else wish.quirks
    # The key is handed to the proxy by value: the reference only says that there is one.
    ref = SecretRef("env", NAME) if place.auth != "none" else SecretRef("none")
    return target._replace(
        name=target.name or NAME,
        endpoint=endpoint,
        models=models,
        tier_profiles={},
        quirks=quirks,
        key=ref,
        fallbacks=(),
        key_host=None,
    )


def _proxy(ctx: Context, profile: Profile, given: Given) -> EmbeddedProxy:
    import secrets

    from ccswitch_tui.proxy.embedded import EmbeddedProxy

    token = Secret(f"ccswitch-probe-{secrets.token_hex(16)}")
    # All profiles, so that a request is routed as a session's would be; but only this one's key is handed out.
    profiles = {**ctx.book().profiles, profile.name: profile}

    def resolve(asked: Profile) -> Secret | None:
        if asked.name != profile.name:
            raise KeyStoreError(say("the model is answered by profile '{name}', not by this one", name=asked.name))
        return given.of(asked)

    return EmbeddedProxy(profiles, resolve, token=token, env=ctx.env)


# ---------------------------------------------------------------- the real client


async def with_claude(ctx: Context, target: Profile, given: Given, wish: Outside) -> Exchange:
    """One `claude -p` through our proxy, in a configuration that is thrown away."""
    from shutil import which

    began = time.perf_counter()
    binary = which("claude", path=ctx.env.get("PATH", ""))
    if binary is None:
        return _told("skipped", say("Claude Code is not installed (no 'claude' on the PATH)"), began)
    profile = _as_proved(target, wish)
    proxy = _proxy(ctx, profile, given)
    await asyncio.to_thread(proxy.__enter__)
    try:
        return await _run_claude(binary, ctx, profile, proxy, began)
    finally:
        await asyncio.shield(asyncio.to_thread(proxy.__exit__, None, None, None))


async def _run_claude(binary: str, ctx: Context, profile: Profile, proxy: EmbeddedProxy, began: float) -> Exchange:
    import tempfile

    with tempfile.TemporaryDirectory(prefix="ccswitch-claude-", ignore_cleanup_errors=True) as folder:
        env = _isolated(ctx, folder, proxy.base_url(profile.name), proxy.token, profile)
        command = [binary, "-p", "Reply with the word OK.", "--output-format", "json", "--strict-mcp-config",
                   "--setting-sources", "user", "--tools", "Read"]  # fmt: skip
        process = await asyncio.create_subprocess_exec(
            *command, cwd=folder, env=env, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        try:
            async with asyncio.timeout(CLAUDE_PATIENCE_S):
                out, err = await process.communicate()
        except TimeoutError:
            return _told("claude-failed", say("no answer in {seconds:.0f} s", seconds=CLAUDE_PATIENCE_S), began)
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await asyncio.shield(process.wait())
    return _read_result(out.decode("utf-8", "replace"), err.decode("utf-8", "replace"), process.returncode, began)


WINDOWS_NEEDS = ("SYSTEMROOT", "WINDIR", "COMSPEC", "PATHEXT", "PROCESSOR_ARCHITECTURE")
"""Without them no program starts there, and none finds another."""


def _isolated(ctx: Context, folder: str, base_url: str, token: Secret, profile: Profile) -> dict[str, str]:
    """The whole environment of the child: nothing of the user's but the PATH and the language."""
    window = str(profile.context_window or 128_000)
    return {
        "PATH": ctx.env.get("PATH", os.defpath),
        "LANG": ctx.env.get("LANG", "C.UTF-8"),
        **{name: ctx.env[name] for name in WINDOWS_NEEDS if name in ctx.env},
        **dict.fromkeys(("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "TEMP", "TMP"), folder),
        "CLAUDE_CONFIG_DIR": os.path.join(folder, ".claude"),
        "TMPDIR": folder,
        "CLAUDE_CODE_TMPDIR": folder,
        "ANTHROPIC_BASE_URL": base_url,
        "ANTHROPIC_AUTH_TOKEN": token.reveal(),
        "ANTHROPIC_MODEL": profile.models.default or "",
        "CLAUDE_CODE_MAX_CONTEXT_TOKENS": window,
        "CLAUDE_CODE_MAX_OUTPUT_TOKENS": "256",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "CLAUDE_CODE_MAX_RETRIES": "0",
        "NO_PROXY": "127.0.0.1,localhost",
    }


def _read_result(out: str, err: str, code: int | None, began: float) -> Exchange:
    result: dict[str, Any] = {}
    for line in reversed(out.strip().splitlines()):
        with contextlib.suppress(ValueError):
            found = json.loads(line)
            if isinstance(found, dict) and found.get("type") == "result":
                result = found
                break
    words = " ".join(str(result.get("result") or err or out).split())[:160]
    if code == 0 and result and not result.get("is_error"):
        return _told(None, say("answered: {words}", words=words), began)
    return _told("claude-failed", words or say("it exited with code {code} and printed nothing", code=code), began)


async def with_search(ctx: Context, target: Profile, given: Given, wish: Outside) -> Exchange:
    """One search at the source that is named for the profile, through our proxy."""
    from ccswitch_tui.search.wanted import HARMLESS_QUERY
    from ccswitch_tui.workflows.search import effective, tried

    began = time.perf_counter()
    source = effective(target, ctx.book().search)
    assert source is not None, "the ladder asks only where one is named"
    found = await asyncio.to_thread(tried, ctx, source, HARMLESS_QUERY, _as_proved(target, wish), given.of)
    if found.problem:
        return _told("search-failed", found.problem, began, "search")
    words = say("{count} pages from {host}", count=len(found.hits), host=source.host or source.source)
    return _told(None if found.hits else "search-failed", words, began, "search")


def _told(failure: str | None, detail: str, began: float, rung: str = "claude") -> Exchange:
    took = Timings(total=(time.perf_counter() - began) * 1000)
    what = {"claude": "claude -p", "search": "web search"}[rung]
    return Exchange(0, rung, "RUN", what, wire=MESSAGES, failure=failure, detail=through(redact, detail), timings=took)
