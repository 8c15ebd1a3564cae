"""What `proxy serve` runs: the per-user proxy, one profile, or one endpoint without any file of ours."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable

from ccswitch_tui.credentials.hosts import bound_to
from ccswitch_tui.errors import CcswitchError, KeyStoreError, UsageError
from ccswitch_tui.profiles.model import TIERS, Endpoint, ModelTiers, Profile, SecretRef, parse_secret_ref
from ccswitch_tui.profiles.table import profile_from_table, profile_to_table
from ccswitch_tui.record import NamedTuple
from ccswitch_tui.secret import Secret
from ccswitch_tui.sentence import say, to_paste
from ccswitch_tui.wire.formats import CHAT, wire_named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ccswitch_tui.profiles.search_source import SearchSource
    from ccswitch_tui.proxy.background.claim import Claim
    from ccswitch_tui.proxy.background.guarded import Guarded
    from ccswitch_tui.proxy.server import ProxySettings
    from ccswitch_tui.workflows.context import Context

STATELESS_NAME = "upstream"

EXAMPLES = {"--quirk": "--quirk images=inline", "--tier": "--tier haiku=small-model"}


class ServeOptions(NamedTuple):
    """The options of `proxy serve`, as given."""

    profile: str | None = None
    upstream: str | None = None
    model: str | None = None
    tier: tuple[str, ...] | list[str] = ()
    key: str = "none"
    wire: str | None = None
    auth: str = "bearer"
    header: tuple[str, ...] | list[str] = ()
    quirk: tuple[str, ...] | list[str] = ()
    context_window: int | None = None
    max_output: int | None = None
    ca_file: str | None = None
    http_proxy: str | None = None
    host: str | None = None
    port: int | None = None
    token: str | None = None
    control_token: str | None = None
    workers: int = 1
    idle_exit: float | None = None
    drain: float | None = None
    quiet: bool = False
    listen_fd: int | None = None
    guardian_fd: int | None = None
    search: str | None = None
    search_key: str = "none"


LONGEST_LINE = 8000
"""Characters of one line of the log: an error has two thousand, and a few notes may follow it."""

ENDPOINT_OPTIONS = (
    "model", "tier", "wire", "header", "quirk", "context_window", "max_output", "ca_file", "http_proxy", "search",
)  # fmt: skip


def serve(
    ctx: Context, options: ServeOptions, *, on_listening: Callable[[str], None], log: Callable[..., None]
) -> None:
    """Serves until it is told to end. `on_listening` gets the address once connections are accepted."""
    _refuse_misplaced(options)
    is_background = options.upstream is None and options.profile is None and options.port is None
    # its place and its secrets before anything else: who has started it waits for those, and what follows is long
    with ctx.proxy.claim() if is_background else contextlib.nullcontext() as claim:
        _serve(ctx, options, claim, on_listening, log)


def _serve(
    ctx: Context,
    options: ServeOptions,
    claim: Claim | None,
    on_listening: Callable[[str], None],
    log: Callable[..., None],
) -> None:
    from ccswitch_tui.proxy.server import DRAIN_S, require_token, run

    host = options.host or "127.0.0.1"
    token = _token(ctx, options)
    require_token(host, token)
    control = _named_token(ctx, "--control-token", options.control_token) if options.control_token else None
    settings = _settings(ctx, options, host, token, control, log)
    drain_s = DRAIN_S if options.drain is None else options.drain
    shown = f"[{host}]" if ":" in host else host

    def tell(port: int) -> None:
        on_listening(f"http://{shown}:{port}")

    if claim is not None and options.token is None:
        lasting = ctx.proxy.lasting_token().reveal()
        settings = settings._replace(token=claim.token.reveal(), lasting=lasting)
    if claim is not None:
        settings = settings._replace(control=claim.control.reveal(), write_log=_bounded(ctx, log))
    if options.workers > 1:
        from ccswitch_tui.proxy.background.workers import run_workers

        run_workers(options.workers, settings, on_listening=tell, drain_s=drain_s)
    elif claim is None:
        run(settings, on_listening=tell, drain_s=drain_s)
    else:
        settings = settings._replace(look_after=claim.look_after)

        def ready(port: int) -> None:
            claim.listening()
            with contextlib.suppress(OSError):
                tell(port)

        run(settings, on_listening=ready, on_ending=claim.release, drain_s=drain_s)


def _refuse_misplaced(options: ServeOptions) -> None:
    """Options of an endpoint where none is given."""
    misplaced = [name for name in ENDPOINT_OPTIONS if getattr(options, name)]
    if options.upstream is None and (misplaced or options.key != "none"):
        name = (misplaced or ["key"])[0].replace("_", "-")
        raise UsageError(
            say("--{name} goes with --upstream", name=name), hint=say("a profile says it in profiles.toml")
        )


def _bounded(ctx: Context, log: Callable[..., None]) -> Callable[..., None]:
    """For the background proxy: a log that does not grow, and whose full disk ends no session."""

    def bounded(*lines: str) -> None:
        with contextlib.suppress(OSError):
            log(*(line[:LONGEST_LINE] for line in lines))
        ctx.proxy.bound_log()

    return bounded


def _token(ctx: Context, options: ServeOptions) -> str | None:
    """The token clients must send: as named, or this user's own. None for `none`."""
    if options.token == "none":  # noqa: S105
        return None
    if options.token is None:
        return ctx.proxy.lasting_token().reveal()
    return _named_token(ctx, "--token", options.token)


def _named_token(ctx: Context, option: str, given: str) -> str:
    kind, _, name = given.partition(":")
    if kind != "env" or not name:
        wrong = say("{option} takes env:NAME, not a token", option=option)
        if option == "--token":
            wrong = say("{option} takes env:NAME or none, not a token", option=option)
        raise UsageError(wrong, hint=to_paste(f"{option} env:PROXY_TOKEN"))
    token = ctx.env.get(name, "").strip()
    if not token:
        raise UsageError(
            say("{option} env:{name}: that variable is empty or not set", option=option, name=name),
            hint=to_paste(f"export {name}=…"),
        )
    return Secret(token).reveal()


def _settings(
    ctx: Context, options: ServeOptions, host: str, token: str | None, control: str | None, log: Callable[..., None]
) -> ProxySettings:
    from ccswitch_tui.proxy.books.learned import LearnedQuirks
    from ccswitch_tui.proxy.books.usage import UsageBook
    from ccswitch_tui.proxy.server import ProxySettings
    from ccswitch_tui.proxy.sources import FileProfiles, FixedProfiles

    common: dict[str, Any] = {
        "token": token,
        "control": control,
        "env": ctx.env,
        "home": ctx.paths.home,
        "host": host,
        "write_log": log,
        "log_requests": not options.quiet,
        "idle_exit_s": options.idle_exit * 60 if options.idle_exit else None,
    }
    if options.upstream is not None:
        profile = stateless_profile(options)
        return ProxySettings(
            profiles=FixedProfiles({profile.name: profile}, search=_search(options)),
            resolve_key=key_resolver(ctx),
            root_profile=profile.name,
            port=options.port or 0,
            **common,
        )
    kept: dict[str, Any] = {
        "learned": LearnedQuirks(ctx.paths.learned_quirks, ctx.paths.state_dir),
        "usage": UsageBook(os.path.join(ctx.paths.state_dir, "usage.sqlite3")),
        "answers": ctx.paths.answers,
        "prices": ctx.paths.prices,
    }
    if options.profile is not None:
        ctx.book().get(options.profile)
        return ProxySettings(
            profiles=FileProfiles(ctx.paths),
            resolve_key=key_resolver(ctx),
            root_profile=options.profile,
            port=options.port or 0,
            **common,
            **kept,
        )
    # The agent is the background proxy: one that nobody can reach and unlock would only be in the way.
    resolve, extend = _with_agent(ctx) if options.port is None else (key_resolver(ctx), lambda app: None)
    guarded = _guarded(ctx, options)
    port = guarded.port if guarded else ctx.proxy.address().port if options.port is None else options.port
    return ProxySettings(
        profiles=FileProfiles(ctx.paths),
        resolve_key=resolve,
        port=port,
        extend=extend,
        guarded=guarded,
        **common,
        **kept,
    )


def _guarded(ctx: Context, options: ServeOptions) -> Guarded | None:
    """What the guardian handed over, where one started us."""
    if options.guardian_fd is None:
        return None
    from ccswitch_tui.proxy.background.control import serve_command

    if sys.platform == "win32":
        from ccswitch_tui.proxy.background.guarded_windows import GuardedByPipes

        return GuardedByPipes(options.guardian_fd, ctx.paths.state_dir, serve_command())
    if options.listen_fd is None:
        return None
    from ccswitch_tui.proxy.background.guarded import GuardedBySockets, heir_in

    place = (options.listen_fd, options.guardian_fd, ctx.paths.state_dir)
    return GuardedBySockets(*place, serve_command(), heir_in(ctx.env))


def _search(options: ServeOptions) -> SearchSource | None:
    """The search source of `--search`. Raises UsageError for one that cannot be meant."""
    from urllib.parse import urlsplit

    from ccswitch_tui.profiles.search_source import parse_search

    if options.search is None:
        return None
    source = parse_search(options.search)
    key = parse_secret_ref(options.search_key)
    return source if key.kind == "none" else source._replace(key=str(key), key_host=urlsplit(source.base_url).hostname)


def key_resolver(ctx: Context) -> Callable[[Profile], Secret | None]:
    """A profile's active key through the usual doors."""
    return ctx.keys.of


def _key_variables(ctx: Context) -> set[str]:
    """The variables in which profiles say their keys are."""
    try:
        return {ref.name for profile in ctx.book().profiles.values() for ref in profile.secrets if ref.kind == "env"}
    except CcswitchError:
        return set()


def _with_agent(ctx: Context) -> tuple[Callable[[Profile], Secret | None], Callable[[Any], None]]:
    """The background proxy is also the key agent: the opened key file lives in its memory."""
    from ccswitch_tui.credentials import index
    from ccswitch_tui.credentials.agent import KeyAgent
    from ccswitch_tui.credentials.keys import Keys
    from ccswitch_tui.workflows.lending import PLACE, Lent, told_where

    agent = KeyAgent(ctx.paths)
    lent = Lent(ctx.env, lambda: _key_variables(ctx))

    def resolve(profile: Profile) -> Secret | None:
        if profile.key.kind == "keyring" and index.remembered(ctx.paths, ctx.env).store == index.ENCRYPTED_FILE:
            return Keys(ctx.paths, ctx.env, store=agent).of(profile)
        if profile.key.kind == "none":
            return None
        places = lent.environments()
        for env in places:
            try:
                return Keys(ctx.paths, env, store=ctx.given_store).of(profile)
            except KeyStoreError as error:
                if env is places[-1]:
                    raise told_where(error, profile) from None
        raise AssertionError

    def extend(app: Any) -> None:
        from ccswitch_tui.proxy.web.agent_routes import add_agent_routes
        from ccswitch_tui.proxy.web.lend_route import add_lend_route

        add_agent_routes(app, agent)
        add_lend_route(app, PLACE, lent)

    return resolve, extend


def stateless_profile(options: ServeOptions) -> Profile:
    """A profile made of arguments. Raises UsageError for what does not make sense."""
    from ccswitch_tui.interop.headers import header_option
    from ccswitch_tui.profiles.url import normalise_url
    from ccswitch_tui.wire.quirks import quirks_from

    url = normalise_url(options.upstream or "")
    if url.secret is not None:
        raise UsageError(say("--upstream holds a key"), hint=say("take it out of the address and use --key env:NAME"))
    wire = wire_named(options.wire) or url.wire_hint or CHAT
    quirks = dict(_pair(text, "--quirk") for text in options.quirk)
    values = {name: _value(text) for name, text in quirks.items()}
    quirks_from(values)
    profile = Profile(
        name=STATELESS_NAME,
        endpoint=Endpoint(
            base_url=url.base_url,
            wire=wire,
            auth=options.auth,
            headers=dict(map(header_option, options.header)),
            ca_file=options.ca_file,
            http_proxy=options.http_proxy,
        ),
        key=parse_secret_ref(options.key) if options.key != "none" else SecretRef("none"),
        models=_models(options),
        quirks=values,
        context_window=options.context_window,
        max_output=options.max_output,
        key_host=bound_to(url.base_url),
    )
    return profile_from_table(STATELESS_NAME, profile_to_table(profile))


def _models(options: ServeOptions) -> ModelTiers:
    tiers = dict(_pair(text, "--tier") for text in options.tier)
    unknown = set(tiers) - set(TIERS)
    if unknown:
        raise UsageError(
            say("--tier: there is no tier '{tier}'", tier=sorted(unknown)[0]),
            hint=say("tiers: {names}", names=", ".join(TIERS)),
        )
    if options.model:
        tiers["default"] = options.model
    return ModelTiers(**tiers)


def _pair(text: str, option: str) -> tuple[str, str]:
    """One `NAME=VALUE`. The error repeats nothing: the text could be a key that went astray."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise UsageError(say("{option} takes NAME=VALUE", option=option), hint=to_paste(EXAMPLES[option]))
    return name.strip(), value.strip()


def _value(text: str) -> Any:
    """A quirk's value as TOML would read it, else as text: `true`, `4096`, `["a"]`, `max_completion_tokens`."""
    import tomllib

    try:
        return tomllib.loads(f"v = {text}")["v"]
    except tomllib.TOMLDecodeError:
        return text
