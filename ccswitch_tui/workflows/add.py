"""A new profile from whatever describes an endpoint.

The order is the promise: nothing is saved before a safe key store is open; the
key is stored and read back first, the profile second; when the profile cannot
be saved, the key goes again.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ccswitch_tui.errors import KeyStoreError, UsageError
from ccswitch_tui.net.hosts import is_this_machine
from ccswitch_tui.profiles import naming
from ccswitch_tui.profiles.draft import Draft, header_key
from ccswitch_tui.profiles.model import (
    AUTH_STYLES,
    TIERS,
    Endpoint,
    ModelTiers,
    Profile,
    SecretRef,
)
from ccswitch_tui.profiles.store import update_profiles
from ccswitch_tui.profiles.url import normalise_url, url_host
from ccswitch_tui.secret import Secret
from ccswitch_tui.sentence import Sentence, say
from ccswitch_tui.wire.formats import CHAT, FORMATS, WIRES, Wire, wire_named
from ccswitch_tui.workflows.reports import forget_report

if TYPE_CHECKING:
    from ccswitch_tui.profiles.presets import Preset
    from ccswitch_tui.workflows.context import Context


class Added(NamedTuple):
    """What `add_profile` saved."""

    profile: Profile
    stored_in: str | None
    """For people: where the key went; None when it is a reference or there is none."""
    replaced: bool = False


# ---------------------------------------------------------------- drafts


def draft_from_text(pasted: str | bytes, url: str | None = None) -> Draft:
    """What was pasted, as a Draft with an endpoint, at `url` if one is given. Raises UsageError when there is none."""
    from ccswitch_tui.interop.paste import parse_paste

    return known_provider(parse_paste(pasted, url))


def known_provider(draft: Draft) -> Draft:
    """The draft with what the catalogue knows about its address and the text did not say."""
    from ccswitch_tui.profiles.presets import load_presets

    assert draft.endpoint is not None
    preset = load_presets().of_base_url(draft.endpoint.base_url)
    if preset is None:
        return draft
    wire = next((w for w in (CHAT, *WIRES) if preset.address(w) == draft.endpoint.base_url), preset.wires[0])
    known = preset.draft(wire)
    return draft._replace(
        endpoint=draft.endpoint._replace(wire=draft.endpoint.wire or wire),
        quirks={**known.quirks, **draft.quirks},
        context_window=draft.context_window or _window_of(preset, draft.models.default),
        preset=preset.id,
    )


def _window_of(preset: Preset, model: str | None) -> int | None:
    """The catalogue's window, if it is this model's."""
    return preset.context_window if model is not None and model == preset.models.get("default") else None


def draft_from_url(text: str) -> Draft:
    """An address alone, as a Draft."""
    url = normalise_url(text)
    return Draft(
        endpoint=Endpoint(url.base_url, wire=url.wire_hint, auth=url.auth_hint or "bearer"),
        secret=url.secret,
        models=ModelTiers(default=url.model),
        notes=url.changes,
        warnings=tuple(h for h in url.hints if h.startswith("http://")),
        source="an address",
    )


def draft_from_preset(preset: str, *, wire: str | None = None) -> Draft:
    """A provider of the catalogue (`ID`, or `ID:VALUE` where its address has a place to fill in), without a key.

    Raises UsageError with the nearest ids.
    """
    from ccswitch_tui.profiles.presets import load_presets

    preset_id, _, value = preset.partition(":")
    if value:
        normalise_url(f"https://{value.strip()}.example")  # what makes an odd host or path is refused
    return load_presets().get(preset_id.strip()).draft(chosen_wire(wire), value.strip())


def chosen_wire(name: str | None) -> Wire | None:
    """The wire format the user named, None where none was. Raises UsageError for one there is not."""
    wire = wire_named(name)
    if name is not None and wire is None:
        raise UsageError(
            say("there is no wire format '{wire}'", wire=name), hint=say("one of {names}", names=", ".join(WIRES))
        )
    return wire


def with_options(
    draft: Draft,
    *,
    model: str | None = None,
    tiers: Mapping[str, str] | None = None,
    wire: str | None = None,
    auth: str | None = None,
    headers: Sequence[tuple[str, str]] = (),
) -> Draft:
    """The draft with what the user said on top. Raises UsageError for values that cannot be meant."""
    assert draft.endpoint is not None
    endpoint = draft.endpoint
    chosen = chosen_wire(wire)
    if chosen is not None:
        endpoint = endpoint._replace(wire=chosen, base_url=FORMATS[chosen].fitted(endpoint.base_url))
    if auth is not None:
        if auth not in AUTH_STYLES and not (auth.startswith("header:") and len(auth) > len("header:")):
            raise UsageError(
                say("there is no auth style '{auth}'", auth=auth),
                hint=say("one of {names} or header:NAME", names=", ".join(AUTH_STYLES)),
            )
        endpoint = endpoint._replace(auth=auth)
    if headers:
        endpoint = endpoint._replace(headers={**endpoint.headers, **dict(headers)})
    unknown = [t for t in tiers or {} if t not in TIERS]
    if unknown:
        raise UsageError(
            say("there is no tier '{unknown}'", unknown=unknown[0]), hint=say("one of {names}", names=", ".join(TIERS))
        )
    named = {**draft.models.named(), **({"default": model} if model else {}), **(tiers or {})}
    return draft._replace(endpoint=endpoint, models=ModelTiers(**named))


# ---------------------------------------------------------------- adding


def check_new_name(ctx: Context, name: str, *, replace: bool = False) -> None:
    """Raises UsageError unless `name` can be added: before anyone is asked for a key."""
    book = ctx.book()
    naming.check_new_name(name, [*book.profiles, *book.broken])
    if (name in book.profiles or name in book.broken) and not replace:
        raise UsageError(
            say("there is already a profile '{name}'", name=name),
            hint=say(
                "'ccswitch-tui edit {name}' changes it; --force replaces it, key and all; or choose another name",
                name=name,
            ),
            kind="name-taken",
        )


def needs_key(draft: Draft) -> bool:
    """Whether an endpoint like this one wants a key that is not there yet. Servers on this machine rarely do."""
    if draft.secret is not None or draft.key_ref is not None or draft.endpoint is None:
        return False
    if draft.secret_headers and draft.preset is None:
        return False  # a gateway that has the provider's key itself
    return draft.endpoint.auth != "none" and not is_this_machine(url_host(draft.endpoint.base_url))


def open_key_store(ctx: Context) -> str:
    """Makes sure a safe key store is there, and returns its name for people. Raises KeyStoreError otherwise."""
    try:
        return ctx.keys.store.label
    except KeyStoreError as error:
        raise KeyStoreError(
            say("{message}: nothing was saved", message=error.message),
            hint=error.hint or say("keep the key elsewhere and name it: --key env:NAME or --key 'command:…'"),
            kind=error.kind,
        ) from None


def key_for_probe(ctx: Context, draft: Draft) -> Secret | None:
    """The draft's key as it can be sent, resolved where it is a reference; None where there is none.

    Raises KeyStoreError when a reference leads nowhere: better now than at the first question.
    """
    assert draft.endpoint is not None
    if draft.secret is not None:
        return sendable(draft.secret, draft.endpoint.auth)
    if draft.key_ref is None or draft.key_ref.kind == "none":
        return None
    if draft.key_ref.kind == "env" and not ctx.env.get(draft.key_ref.name):
        return None
    return ctx.keys.resolve(draft.key_ref, draft.endpoint.auth)


def headers_for_probe(ctx: Context, draft: Draft) -> dict[str, Secret]:
    """What the draft's secret headers hold; without those whose variable is not set here. Raises KeyStoreError."""
    found: dict[str, Secret] = {}
    for header, secret in draft.secret_headers.items():
        style = f"header:{header}"
        if isinstance(secret, Secret):
            found[header] = sendable(secret, style)
        elif secret.kind != "env" or ctx.env.get(secret.name):
            found[header] = ctx.keys.resolve(secret, style)
    return found


def key_warnings(ctx: Context, draft: Draft, pasted: Secret | None) -> list[Sentence]:
    """What the user should know about where this key is, or has been."""
    warnings: list[Sentence] = []
    refs = [ref for ref in draft.secret_headers.values() if isinstance(ref, SecretRef)]
    refs += [draft.key_ref] if draft.secret is None and draft.key_ref is not None else []
    for ref in refs:
        if ref.kind == "env" and not ctx.env.get(ref.name):
            warnings.append(say("{name} is not set here: export it, also where Claude Code is started", name=ref.name))
    if pasted is not None:
        from ccswitch_tui.workflows.plain_text_keys import exposed_in_history

        for spot in exposed_in_history(pasted, ctx):
            warnings.append(
                say("the key is in the shell's history ({spot}): remove it there, and rotate the key", spot=spot)
            )
    return warnings


def add_profile(ctx: Context, name: str, draft: Draft, *, replace: bool = False) -> Added:
    """Stores the draft's key, then saves the profile; all of it or nothing.

    Raises UsageError (name, key), KeyStoreError (no safe store) or ConflictError
    (the file changed meanwhile).
    """
    check_new_name(ctx, name, replace=replace)
    book = ctx.book()
    if draft.endpoint is None:
        raise UsageError(say("there is no address to add"), hint=say("give it with --url"))
    draft = settled(ctx, draft)
    assert draft.endpoint is not None
    stored = {header_key(name, header): sendable(s, f"header:{header}") for header, s in draft.stored_headers.items()}
    if draft.secret is not None:
        stored = {name: sendable(draft.secret, draft.endpoint.auth), **stored}
    profile = draft.profile(name, SecretRef("keyring", name) if draft.secret else draft.key_ref or SecretRef("none"))
    from ccswitch_tui.workflows.keys import all_stored, held_back, removed_when_unnamed

    label = open_key_store(ctx) if stored else None
    before = book.profiles.get(name)
    with (
        removed_when_unnamed(ctx, before, profile),
        held_back(ctx, before, profile, book.sha256) as sha256,
        all_stored(ctx, stored),
    ):
        update_profiles(ctx.paths, {name: profile}, expected_sha256=sha256)
    forget_report(ctx, name)
    return Added(profile, label, name in book.profiles)


def settled(ctx: Context, draft: Draft) -> Draft:
    """The draft with paths made absolute, and without an auth style when there is no key to send."""
    assert draft.endpoint is not None
    endpoint = draft.endpoint
    endpoint = endpoint._replace(
        ca_file=_absolute(ctx, endpoint.ca_file),
        client_cert=_absolute(ctx, endpoint.client_cert),
        client_key=_absolute(ctx, endpoint.client_key),
    )
    if draft.secret is None and draft.key_ref is None:
        endpoint = endpoint._replace(auth="none")
    return draft._replace(endpoint=endpoint)


def _absolute(ctx: Context, path: str | None) -> str | None:
    if not path:
        return None
    full = path.replace("~", ctx.paths.home, 1) if path.startswith("~/") else os.path.join(ctx.cwd, path)
    return os.path.normpath(full)


def sendable(secret: Secret, auth: str) -> Secret:
    """The key as a header can carry it; raises UsageError for what none can. A whole header may hold a blank."""
    from ccswitch_tui.credentials.base import clean_key

    return clean_key(secret.reveal(), auth)
