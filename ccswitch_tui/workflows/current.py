"""What is in use: by scope, and in effect in this folder."""

from __future__ import annotations

from ccswitch_tui.errors import ConflictError
from ccswitch_tui.record import NamedTuple
from ccswitch_tui.sentence import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ccswitch_tui.workflows.context import Context


class ScopeState(NamedTuple):
    """What one settings file of ours says."""

    scope: str
    file: str
    profile: str
    base_url: str | None
    route: str
    since: float | None
    """When we wrote it; None when that is not known."""


class Current(NamedTuple):
    """What is in use here."""

    scopes: dict[str, ScopeState]
    profile: str | None
    """In effect in this folder: the strongest scope's; None for the vendor's own or for somebody else's."""
    base_url: str | None
    drift: tuple[str, ...]
    """Ways in which what Claude Code will do differs from what that profile says, in words."""
    search: str = ""
    """The host that learns the profile's web searches; "" where they go nowhere."""

    def to_json(self) -> dict[str, Any]:
        """The documented form of `current --json`."""
        return {
            "version": 1,
            "scopes": {
                state.scope: {
                    "profile": state.profile,
                    "base_url": state.base_url,
                    "route": state.route,
                    "file": state.file,
                    "since": state.since,
                }
                for state in self.scopes.values()
            },
            "effective": {"profile": self.profile, "base_url": self.base_url, "drift": list(self.drift)},
            **({"search": self.search} if self.search else {}),
        }


def in_use(ctx: Context) -> dict[str, tuple[str, ...]]:
    """Profile to the scopes that use it here. Fast; says nothing of files that cannot be read."""
    from ccswitch_tui.claude.places import profile_used_by, settings_here

    found: dict[str, tuple[str, ...]] = {}
    for scope, path in settings_here(ctx.paths, ctx.cwd).items():
        name = profile_used_by(path)
        if name is not None:
            found[name] = (*found.get(name, ()), scope)
    return found


def current(ctx: Context) -> Current:
    """What is in use, where, since when, and whether anything differs from what was written.

    A settings file that cannot be read counts as absent, as it does for Claude Code, and is named in `drift`.
    """
    from ccswitch_tui.claude.layers import effective
    from ccswitch_tui.claude.reading import profile_in, value_of
    from ccswitch_tui.claude.settings import shown

    scopes: dict[str, ScopeState] = {}
    for scope in ctx.settings.here():
        try:
            read = ctx.settings.read(scope)
        except ConflictError:
            continue
        name = profile_in(read.tree)
        if name is None:
            continue
        base_url = value_of(read.tree, "env.ANTHROPIC_BASE_URL")
        write = ctx.settings.history.latest(read.path, read.sha256)
        since = write.at if write is not None and write.profile == name else None
        route = "proxy" if "/p/" in str(base_url) else "direct"
        scopes[scope] = ScopeState(scope, read.path, name, shown("env.ANTHROPIC_BASE_URL", base_url), route, since)
    layers = ctx.settings.layers()
    base_url = effective(layers, "env.ANTHROPIC_BASE_URL").value
    helper = effective(layers, "apiKeyHelper").value
    profile = profile_in({"apiKeyHelper": helper})
    drift = (*ctx.settings.ignored(), *_drift(ctx, profile, layers))
    return Current(scopes, profile, shown("env.ANTHROPIC_BASE_URL", base_url), drift, _search(ctx, profile))


def _search(ctx: Context, profile: str | None) -> str:
    if profile is None:
        return ""
    book = ctx.book()
    known = book.profiles.get(profile)
    source = (known.search or book.search) if known is not None else None
    return (source.host or source.source) if source is not None and source.is_on else ""


def _drift(ctx: Context, profile: str | None, layers: Any) -> list[str]:
    from ccswitch_tui.claude.differences import FOREIGN, GONE, RIVAL
    from ccswitch_tui.claude.layers import effective
    from ccswitch_tui.claude.owned import variables
    from ccswitch_tui.claude.routed import routed_profile

    base_url = effective(layers, "env.ANTHROPIC_BASE_URL").value
    if profile is None:
        if base_url:
            return [say(FOREIGN)]
        return []
    found: list[str] = []
    known = ctx.book().profiles.get(profile)
    if known is None:
        return [say(GONE, name=profile)]
    wanted = ctx.proxy.base_url(profile) if known.route == "proxy" else known.endpoint.base_url.rstrip("/")
    if base_url != wanted:
        other = routed_profile(base_url)
        found.append(
            say("requests go to profile '{name}'", name=other)
            if other and other != profile
            else say("ANTHROPIC_BASE_URL is not the profile's; 'use' writes it again")
        )
    for name in variables("rival"):
        if effective(layers, f"env.{name}").value:
            found.append(say(RIVAL, name=name, who=_who(effective(layers, f"env.{name}").winner)))
    main = effective(layers, "env.ANTHROPIC_MODEL")
    if main.value and known.models.default:
        from ccswitch_tui.claude.wanted import main_model
        from ccswitch_tui.profiles.tiers import as_asked

        if main.value != main_model(as_asked(known)):
            found.append(say("ANTHROPIC_MODEL is {model}, set by {who}", model=main.value, who=_who(main.winner)))
    from ccswitch_tui.claude.way import way_trouble

    trouble = way_trouble(layers)
    return [*found, trouble] if trouble else found


def _who(layer: str | None) -> str:
    """The layer that decides, by the name the settings' layers have."""
    return say(layer) if layer else say("nobody")
