"""Change a profile: single keys, or its text in an editor.

A change is checked as a whole before it is saved, and refused when the file
was changed meanwhile. A key is bound to the host it was given for: when the
host changes, it follows only if the user says so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ccswitch_tui.credentials.hosts import allowed_host, bound_to, shown_host
from ccswitch_tui.errors import UsageError
from ccswitch_tui.profiles.draft import header_key
from ccswitch_tui.profiles.model import Profile, SecretRef, parse_secret_ref
from ccswitch_tui.profiles.store import update_profiles
from ccswitch_tui.profiles.table import (
    ENDPOINT_FIELDS,
    MODEL_FIELDS,
    PRICE_FIELDS,
    PROFILE_FIELDS,
    TIMEOUT_FIELDS,
    profile_from_table,
    profile_to_table,
)
from ccswitch_tui.profiles.url import normalise_url, url_host
from ccswitch_tui.sentence import Sentence, either, say

if TYPE_CHECKING:
    from ccswitch_tui.secret import Secret
    from ccswitch_tui.workflows.context import Context

NUMBERS = ("context_window", "max_output")
LISTS = ("fallbacks", "tags")
FREE_TABLES = ("endpoint.headers", "env", "keys", "secret_headers", "quirks", "prices")
"""Tables whose keys the user chooses."""
TIER_TABLES = ("models", "tier_profiles")
NO_HEADERS: Mapping[str, Secret] = {}
BUDGET_KEYS = ("budget.day", "budget.month", "budget.warn", "budget.stop")


class Edited(NamedTuple):
    """A changed profile, not saved yet."""

    before: Profile
    after: Profile
    sha256: str
    """Of the file this was made from."""
    notes: tuple[str, ...] = ()

    @property
    def host_changed(self) -> bool:
        """Whether a key would now go to another host than the one it was given for."""
        given_for = self.before.key_host or bound_to(self.before.endpoint.base_url)
        return self.before.sends_secrets and not allowed_host(self.after._replace(key_host=given_for))

    def left_for_new_host(self, given: Collection[str] = ()) -> list[str]:
        """What would follow to another host: the key ("") and secret headers it keeps, without those `given` anew."""
        if not self.host_changed:
            return []
        had = {"": self.before.key, **self.before.secret_headers}
        has = {"": self.after.key, **self.after.secret_headers}
        fresh = {name.lower() for name in given}
        return [n for n, ref in has.items() if ref.kind != "none" and had.get(n) == ref and n.lower() not in fresh]

    def with_references(self, headers: Mapping[str, SecretRef]) -> Edited:
        """With these secret headers read where they are said to be."""
        fresh = {header.lower() for header in headers}
        kept = {h: ref for h, ref in self.after.secret_headers.items() if h.lower() not in fresh}
        return self._replace(after=self.after._replace(secret_headers={**kept, **headers}))

    def with_headers(self, headers: Collection[str]) -> Edited:
        """With these secret headers at their own places in the key store, whatever their letters' case."""
        return self.with_references({h: SecretRef("keyring", header_key(self.after.name, h)) for h in headers})


def plan_edit(
    ctx: Context,
    name: str,
    *,
    assign: Sequence[str] = (),
    unset: Sequence[str] = (),
    tag: Sequence[str] = (),
    untag: Sequence[str] = (),
) -> Edited:
    """The profile with `KEY=VALUE` assignments, removals and tags applied. Raises UsageError naming the key."""
    book = ctx.book()
    before = book.get(name)
    table = profile_to_table(before)
    notes: list[Sentence] = []
    for dotted in unset:
        _unset(table, _path(dotted))
    for assignment in assign:
        dotted, equals, text = assignment.partition("=")
        if not equals:
            raise UsageError(
                say("--set takes KEY=VALUE, not '{key}'", key=dotted),
                hint=say("for example --set models.haiku=small-model"),
            )
        path = _path(dotted.strip())
        _assign(table, path, _value(path, text.strip(), notes))
    after = _coherent(before, profile_from_table(name, table), notes)
    if tag or untag:
        from ccswitch_tui.profiles.tags import with_tags

        after = after._replace(tags=with_tags(after.tags, tag, untag))
    return Edited(before, after, book.sha256, tuple(notes))


def _coherent(before: Profile, after: Profile, notes: list[Sentence]) -> Profile:
    """The profile without what a changed address makes untrue."""
    endpoint = after.endpoint
    if endpoint.base_url == before.endpoint.base_url and endpoint.wire == before.endpoint.wire:
        return after
    endpoint = endpoint._replace(base_url=endpoint.format.fitted(endpoint.base_url, notes))
    if after.preset and url_host(endpoint.base_url) != url_host(before.endpoint.base_url):
        notes.append(say("the preset '{preset}' no longer applies to another host", preset=after.preset))
        after = after._replace(preset=None)
    return after._replace(endpoint=endpoint)


def plan_patch(ctx: Context, name: str, patch: Mapping[str, Any]) -> Edited:
    """The profile with a finding's patch applied: dotted keys to values, None to take one out."""
    book = ctx.book()
    before = book.get(name)
    return Edited(before, patched(before, patch), book.sha256)


def patched(profile: Profile, patch: Mapping[str, Any]) -> Profile:
    """The profile with dotted keys set, or taken out where the value is None. Raises UsageError for what cannot be."""
    table = profile_to_table(profile)
    for dotted, value in patch.items():
        path = _path(dotted)
        if value is None:
            _unset(table, path)
        else:
            _assign(table, path, value)
    return profile_from_table(profile.name, table)


def save_edit(ctx: Context, edited: Edited, *, key_follows: bool = False) -> Profile:
    """Saves the change. Raises UsageError when a key would follow to another host and `key_follows` is not said."""
    from ccswitch_tui.workflows.keys import removed_when_unnamed

    after = edited.after
    _check_followers(edited, key_follows=key_follows)
    if edited.host_changed or (after.key_host is None and after.sends_secrets):
        after = after._replace(key_host=_bound_to(after))
    with removed_when_unnamed(ctx, edited.before, after):
        update_profiles(ctx.paths, {after.name: after}, expected_sha256=edited.sha256)
    from ccswitch_tui.workflows.reports import forget_what_changed

    forget_what_changed(ctx, edited.before, after)
    return after


def _check_followers(edited: Edited, given: Collection[str] = (), *, key_follows: bool) -> None:
    """Raises UsageError when a secret would follow to another host, though nobody said so."""
    left = edited.left_for_new_host(given)
    if not left or key_follows:
        return
    after, key_host = edited.after, edited.before.key_host or say("another host")
    if "" in left:
        raise UsageError(
            say(
                "the key of '{name}' was given for {key_host}, and would now go to {host}",
                name=after.name,
                key_host=key_host,
                host=shown_host(after),
            ),
            hint=say("--key-follows if it is meant to; --key-stdin for another key"),
            kind="key-host",
        )
    raise UsageError(
        say(
            "the header {header} of '{name}' holds a secret for {key_host}, and would now go to {host}",
            header=left[0],
            name=after.name,
            key_host=key_host,
            host=shown_host(after),
        ),
        hint=say("--key-follows if it is meant to; --secret-header {header} for another one", header=left[0]),
        kind="key-host",
    )


def save_with_reference(ctx: Context, edited: Edited, ref: SecretRef, *, key_follows: bool = False) -> Profile:
    """Saves the change with a key that lives elsewhere; the stored one goes when it is no longer named."""
    from ccswitch_tui.workflows.manage import stored_refs, taken_out

    _check_followers(edited, ("",), key_follows=key_follows)
    after = edited.after._replace(key=ref)
    after = after._replace(key_host=_bound_to(after))
    still_named = {r.name for p in [*_others(ctx, after.name), after] for r in stored_refs(p)}
    loose = [r.name for r in stored_refs(edited.before) if r.name not in still_named]
    with taken_out(ctx, loose, force=True):
        update_profiles(ctx.paths, {after.name: after}, expected_sha256=edited.sha256)
    return after


def save_with_key(
    ctx: Context,
    edited: Edited,
    secret: Secret | None,
    *,
    headers: Mapping[str, Secret] = NO_HEADERS,
    key_follows: bool = False,
    verify: bool = True,
    on_unproved: Callable[[str], None] = lambda why: None,
) -> Profile:
    """Saves the change with another key, or other secret headers: the endpoint must not refuse them, and the old ones
    go last.

    `secret` None leaves the key. `on_unproved` is told why the endpoint could not say that it accepts them.
    """
    from ccswitch_tui.workflows.add import sendable
    from ccswitch_tui.workflows.keys import all_stored, held_back, removed_when_unnamed

    _check_followers(edited, (*headers, *(("",) if secret else ())), key_follows=key_follows)
    edited = edited.with_headers(headers)
    headers = {header: sendable(value, f"header:{header}") for header, value in headers.items()}
    stored = {header_key(edited.after.name, header): value for header, value in headers.items()}
    if secret is not None:
        secret = sendable(secret, edited.after.endpoint.auth)
        endpoint = edited.after.endpoint
        if endpoint.auth == "none":
            edited = edited._replace(after=edited.after._replace(endpoint=endpoint._replace(auth="bearer")))
        shared = any(edited.before.key == other.key for other in _others(ctx, edited.after.name))
        # where another profile reads the same stored key, this one gets its own
        own = edited.after.key.kind == "keyring" and not shared
        name = edited.after.key.name if own else edited.after.name
        stored = {name: secret, **stored}
    if verify:
        unproved = verify_key(ctx, edited.after, secret or ctx.keys.of(edited.after), headers)
        if unproved:
            on_unproved(unproved)
    with (
        removed_when_unnamed(ctx, edited.before, edited.after),
        held_back(ctx, edited.before, edited.after, edited.sha256) as sha256,
        all_stored(ctx, stored),
    ):
        after = edited.after._replace(key=SecretRef("keyring", name)) if secret is not None else edited.after
        after = after._replace(key_host=_bound_to(after))
        if after != edited.before:
            update_profiles(ctx.paths, {after.name: after}, expected_sha256=sha256)
    return after


def verify_key(
    ctx: Context, profile: Profile, secret: Secret | None, headers: Mapping[str, Secret] = NO_HEADERS
) -> str:
    """ "" when the endpoint accepts the key, or why it could not tell. Raises KeyRefusedError when it refuses it.

    `headers` are secret headers that are not stored yet; the others are read.
    """
    import asyncio

    from ccswitch_tui.errors import KeyRefusedError
    from ccswitch_tui.workflows.examine import examine
    from ccswitch_tui.workflows.reports import keep_report

    kept = {h: ref for h, ref in profile.secret_headers.items() if h not in headers}
    every = {**ctx.keys.of_headers(profile._replace(secret_headers=kept)), **headers}
    tried = examine(ctx, profile._replace(key_host=None), secret, secret_headers=every, ladder="quick", keep=False)
    report = asyncio.run(tried)
    refused = next((f for f in report.findings if f.kind in KEY_REFUSALS), None)
    if refused is not None:
        raise KeyRefusedError(
            say(
                "{host} refuses the new key: {title}; the old one was kept",
                host=url_host(profile.endpoint.base_url),
                title=say(refused.title),
            ),
            hint=say("check it; --no-verify stores it all the same"),
        )
    keep_report(ctx, report)
    proved = any(step.code in ("auth", "message") and step.verdict == "ok" for step in report.steps)
    return "" if proved else report.sentence


KEY_REFUSALS = ("auth-missing", "auth-invalid", "auth-forbidden")


def _bound_to(profile: Profile) -> str | None:
    return bound_to(profile.endpoint.base_url) if profile.sends_secrets else None


def _others(ctx: Context, name: str) -> list[Profile]:
    return [p for p in ctx.book().profiles.values() if p.name != name]


# ---------------------------------------------------------------- as text


def profile_text(profile: Profile) -> str:
    """One profile as the TOML a person edits."""
    import tomlkit

    return tomlkit.dumps(profile_to_table(profile))


def plan_text(before: Profile, text: str, sha256: str) -> Edited:
    """The profile a person's text describes. Raises UsageError naming the line or the key."""
    import tomllib

    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(say("this is not TOML: {error}", error=error)) from None
    return Edited(before, profile_from_table(before.name, table), sha256)


# ---------------------------------------------------------------- dotted keys


def _path(dotted: str) -> list[str]:
    path = [part.strip() for part in dotted.split(".")]
    if path[:2] == ["endpoint", "headers"] or path[0] in ("env", "quirks", "keys", "secret_headers"):
        # what the user chooses may hold dots itself
        depth = 2 if path[0] == "endpoint" else 1
        path = [*path[:depth], ".".join(path[depth:])] if len(path) > depth else path
    if path[0] == "prices" and len(path) > 1:
        # prices.MODEL.input, and a model's name may hold dots
        at_field = len(path) > 2 and path[-1] in PRICE_FIELDS
        path = ["prices", ".".join(path[1:-1]), path[-1]] if at_field else ["prices", ".".join(path[1:])]
    if not _is_known(path):
        raise UsageError(say("a profile has no '{key}'", key=dotted), hint=_nearest(dotted), kind="no-such-key")
    return path


def settable_keys() -> list[str]:
    """Every key `--set` takes; `…` stands for a name of the user's."""
    keys = [k for k in PROFILE_FIELDS if k not in ("endpoint", "budget", *TIER_TABLES, *FREE_TABLES)]
    keys += BUDGET_KEYS
    keys += [f"endpoint.{k}" for k in ENDPOINT_FIELDS if k not in ("headers", "timeouts")]
    keys += [f"endpoint.timeouts.{k}" for k in TIMEOUT_FIELDS]
    keys += [f"{table}.{tier}" for table in TIER_TABLES for tier in MODEL_FIELDS]
    return [*keys, *(f"{table}.…" for table in FREE_TABLES)]


def _is_known(path: list[str]) -> bool:
    dotted = ".".join(path)
    tables = ("endpoint.headers", "endpoint.timeouts", "budget", *TIER_TABLES, *FREE_TABLES)
    if dotted in settable_keys() or dotted in tables:
        return True
    return any(dotted.startswith(table + ".") and dotted != table + "." for table in FREE_TABLES)


def _nearest(dotted: str) -> Sentence:
    import difflib

    keys = settable_keys()
    same_end = [k for k in keys if k.rpartition(".")[2] == dotted.rpartition(".")[2]]
    near = same_end or difflib.get_close_matches(dotted, keys, n=2)
    return say("did you mean {names}?", names=either(near)) if near else say("it has: {names}", names=", ".join(keys))


def _value(path: list[str], text: str, notes: list[Sentence]) -> Any:
    """A value as its key wants it; texts stay texts."""
    dotted = ".".join(path)
    if dotted == "endpoint.base_url":
        url = normalise_url(text)
        notes += url.changes
        return url.base_url
    if path[0] == "quirks" and len(path) > 1:
        return _quirk(path[1], text)
    if dotted in NUMBERS:
        return _number(dotted, text, int)
    if path[:2] == ["endpoint", "timeouts"] and len(path) == 3:
        return _number(dotted, text, float)
    if dotted in LISTS:
        return [part.strip() for part in text.strip("[]").replace('"', "").split(",") if part.strip()]
    if dotted == "budget.warn":
        return _number(dotted, text.rstrip("%"), int)
    if dotted == "budget.stop":
        return _truth(dotted, text)
    if dotted in ("endpoint.headers", "endpoint.timeouts", "budget", *TIER_TABLES, *FREE_TABLES):
        raise UsageError(
            say("'{key}' is a table", key=dotted), hint=say("set one key in it: --set {key}.NAME=VALUE", key=dotted)
        )
    if path[0] == "prices":
        return _price(path, text)
    if path[:2] == ["endpoint", "headers"]:
        _refuse_secret_header(path[2], text)
    if path[0] == "secret_headers":
        return str(secret_reference(text))
    return text


def secret_reference(text: str) -> SecretRef:
    """Where a secret header's value is. What looks like the value itself is refused and not repeated."""
    from ccswitch_tui.secret import Secret

    try:
        return parse_secret_ref(text)
    except UsageError:
        Secret(text)
        raise UsageError(
            say("the value of a secret header is given by reference: a command line is seen by every process"),
            hint=say("'--secret-header NAME' asks for it; 'NAME=env:VARIABLE' and 'NAME=Bearer env:VARIABLE' name it"),
        ) from None


def _number(dotted: str, text: str, kind: type[int] | type[float]) -> int | float:
    plain = text.replace("_", "").replace(",", "")
    scale = {"k": 1000, "m": 1_000_000}.get(plain[-1:].lower(), 1)
    try:
        number = float(plain[:-1] if scale > 1 else plain) * scale
    except ValueError:
        raise UsageError(
            say("'{key}' is a number", key=dotted), hint=say("for example --set {key}=128000", key=dotted)
        ) from None
    return int(number) if kind is int or number == int(number) else number


def _truth(dotted: str, text: str) -> bool:
    found = {"true": True, "yes": True, "false": False, "no": False}.get(text.lower())
    if found is None:
        raise UsageError(say("'{key}' is true or false", key=dotted))
    return found


def _price(path: list[str], text: str) -> Any:
    if len(path) < 3:
        raise UsageError(
            say("'{key}' names no price", key=".".join(path)),
            hint=say("--set {key}.input=0.5, or {fields}", key=".".join(path), fields=", ".join(PRICE_FIELDS)),
        )
    if path[2] == "currency":
        return text.upper()
    try:
        return float(text.lstrip("$€¥"))
    except ValueError:
        raise UsageError(
            say("'{text}' is not a price", text=text),
            hint=say("per million tokens, for example --set {key}=0.5", key=".".join(path)),
        ) from None


def _quirk(name: str, text: str) -> Any:
    from ccswitch_tui.wire.quirks import QUIRKS, TABLE, WORDS, allowed_values, check_quirk

    if name not in QUIRKS:
        import difflib

        near = difflib.get_close_matches(name, QUIRKS, n=2)
        raise UsageError(
            say("there is no quirk '{name}'", name=name),
            hint=say("did you mean {names}?", names=either(near))
            if near
            else say("known quirks: {names}", names=", ".join(QUIRKS)),
        )
    try:
        value = json.loads(text)
    except ValueError:
        value = [w.strip() for w in text.split(",")] if QUIRKS[name].allowed is WORDS else text
    try:
        check_quirk(name, value)
    except UsageError:
        if not isinstance(value, str):
            check_quirk(name, text)  # "true" where a word is wanted: the message is the word's
            value = text
        else:
            raise UsageError(
                say("the quirk '{name}' cannot be '{text}'", name=name, text=text),
                hint=say("write it as JSON: {example}", example=f'quirks.{name}={{"name": "value"}}')
                if QUIRKS[name].allowed is TABLE
                else say("it may be: {values}", values=allowed_values(name)),
            ) from None
    return value


def _refuse_secret_header(name: str, value: str) -> None:
    from ccswitch_tui.interop.headers import carries_secret
    from ccswitch_tui.secret import Secret

    if carries_secret(name, value):
        Secret(value)
        raise UsageError(
            say("the header '{name}' would carry a secret, and headers are kept in profiles.toml", name=name),
            hint=say("'ccswitch-tui edit PROFILE --secret-header {name}' keeps it in the key store", name=name),
        )


def _assign(table: dict[str, Any], path: list[str], value: Any) -> None:
    for part in path[:-1]:
        inner = table.get(part)
        table[part] = dict(inner) if isinstance(inner, Mapping) else {}
        table = table[part]
    table[path[-1]] = value


def _unset(table: dict[str, Any], path: list[str]) -> None:
    chain = [table]
    for part in path[:-1]:
        inner = chain[-1].get(part)
        if not isinstance(inner, Mapping):
            return
        chain[-1][part] = dict(inner)
        chain.append(chain[-1][part])
    chain[-1].pop(path[-1], None)
    for outer, part in zip(reversed(chain[:-1]), reversed(path[:-1]), strict=True):
        if not outer[part]:
            del outer[part]
