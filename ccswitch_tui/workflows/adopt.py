"""`adopt`: move keys that lie in the clear into the key store.

What a file needs to go on working decides what takes the key's place: Claude
Code's settings get a profile that is used; a shell's start-up file a command
that prints the key; anything else a placeholder. Databases and Claude Code's
own state file are only read.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, NamedTuple

from ccswitch_tui.credentials import moved, plain_text
from ccswitch_tui.credentials.os_keyring import NO_NAME
from ccswitch_tui.credentials.plain_text import PLACEHOLDER, KeyInText
from ccswitch_tui.errors import ConflictError, UsageError
from ccswitch_tui.interop.names import fold
from ccswitch_tui.profiles.draft import header_key
from ccswitch_tui.profiles.model import SecretRef
from ccswitch_tui.sentence import Sentence, say
from ccswitch_tui.workflows.plain_text_keys import Place, exposed_in_history, exposures, find_plain_text_keys, text_of

if TYPE_CHECKING:
    from ccswitch_tui.profiles.draft import Draft
    from ccswitch_tui.workflows.context import Context

__all__ = ["Place", "exposed_in_history", "find_plain_text_keys"]

ROTATE = say("a key kept in plain text may have been copied: make a new one at the provider, and revoke this one")


class Adopted(NamedTuple):
    """What became of one file's keys."""

    file: str
    stored: tuple[str, ...]
    """Names in the key store."""
    profile: str | None
    """The profile that was made of it and is in use there now."""
    remains: tuple[Sentence, ...]
    """What is still in the clear, or still to be done by the user."""
    undo_id: str | None


def adopt(ctx: Context, places: list[Place]) -> list[Adopted]:
    """Moves keys into the store, file by file: stored and read back first, then taken out of the file."""
    ctx.keys.store.get(NO_NAME)  # a store that is locked or absent says so before anything is done
    done = []
    for file in dict.fromkeys(place.file for place in places):
        done.append(_adopt_file(ctx, [place for place in places if place.file == file]))
    return done


def _adopt_file(ctx: Context, places: list[Place]) -> Adopted:
    first = places[0]
    remains = list(dict.fromkeys(spot for place in places for spot in exposures(ctx, place)))
    if first.kind == "history":
        return Adopted(first.file, (), None, (say("{file}: {remark}", file=first.file, remark=first.remark),), None)
    if first.kind == "read-only":
        names = tuple(_store(ctx, place) for place in places)
        return Adopted(
            first.file, names, None, (say("{file}: {remark}", file=first.file, remark=first.remark), *remains), None
        )
    if first.kind == "settings":
        return _adopt_settings(ctx, places, remains)
    names = tuple(_store(ctx, place) for place in places)
    record = _move(ctx, places, names)
    remains = list(
        dict.fromkeys(
            [*(say("{file}: {remark}", file=first.file, remark=p.remark) for p in places if p.remark), *remains]
        )
    )
    return Adopted(first.file, names, None, tuple(remains), record.id)


def _store(ctx: Context, place: Place) -> str:
    """Stores a key under a name of its own; the name of one that is there already."""
    stem = _stem(place)
    for number in range(1, 100):
        name = stem if number == 1 else f"{stem}-{number}"
        held = ctx.keys.store.get(name)
        if held is None:
            ctx.keys.put(name, place.secret)
            return name
        if held == place.secret:
            return name
    raise UsageError(
        say("there are a hundred adopted keys named '{stem}'", stem=stem),
        hint=say("add them one by one: 'ccswitch-tui add'"),
    )


def _move(ctx: Context, places: list[Place], names: tuple[str, ...]) -> moved.Moved:
    path = places[0].file
    text = text_of(path)
    keys = [place.spot for place in places if place.spot is not None]
    if any(text[spot.start : spot.end] != spot.written for spot in keys):
        raise ConflictError(
            say("{path} changed since it was looked at: nothing was written", path=path), hint=say("run 'adopt' again")
        )
    stand_ins = [_stand_in(place, text, name) for place, name in zip(places, names, strict=True)]
    after = plain_text.replaced(text, keys, stand_ins)
    parts, shift = [], 0
    for spot, stand_in, name in sorted(zip(keys, stand_ins, names, strict=True), key=lambda row: row[0].start):
        start = len(text[: spot.start].encode()) + shift
        parts.append(moved.Part(start, start + len(stand_in.encode()), name, *_round_key(spot)))
        shift += len(stand_in.encode()) - len(spot.written.encode())
    record = moved.Moved(
        "", ctx.clock(), path, _sha256(text), _sha256(after), tuple(parts)
    )  # fmt: skip
    return moved.write_file(ctx.paths, record, text.encode(), after.encode())


def stand_in(place: Place) -> str:
    """What would be written in a key's place; "" where a profile takes it or the file is only read.

    The name in it is the first choice: adopting takes another one where that is taken.
    """
    if place.spot is None or place.kind not in ("shell", "text"):
        return ""
    return _stand_in(place, text_of(place.file), _stem(place))


def _stem(place: Place) -> str:
    return f"adopted/{re.sub(r'[^a-z0-9]+', '-', fold(place.name).lower()).strip('-') or 'key'}"


def _stand_in(place: Place, text: str, name: str) -> str:
    assert place.spot is not None
    if place.kind != "shell":
        return plain_text.quoted_like(place.spot, PLACEHOLDER)
    from ccswitch_tui.claude.launch import in_powershell, own_command, quoted

    words = [*own_command(), "key", "--stored", name]
    if place.shell == "powershell":  # a quoted program is only a text there, unless it is called
        command = "& " + " ".join(map(in_powershell, words))
    else:
        command = " ".join(map(quoted, words))
    return plain_text.shell_stand_in(place.spot, text, place.shell, command)


def _round_key(spot: KeyInText) -> tuple[str, str]:
    """What stands before and after the key itself within its value."""
    opening, _, closing = spot.written.partition(spot.secret.reveal())
    return opening, closing


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _adopt_settings(ctx: Context, places: list[Place], remains: list[Sentence]) -> Adopted:
    """A profile is made of the settings and used in their scope; a failure puts the file back."""
    from ccswitch_tui.workflows.use import apply_use, plan_use

    scope = places[0].scope or "user"
    draft = _draft(ctx, scope, places)
    name = _profile_of(ctx, draft) if draft is not None else None
    stored = tuple(_stored_as(name, draft, p) or _store(ctx, p) for p in places)
    record = _move(ctx, places, stored)
    undo_id = None
    if name is not None:
        try:
            undo_id = apply_use(ctx, plan_use(ctx, name, scope)).undo_id
        except BaseException:
            moved.take_back(ctx.paths, record, lambda key: ctx.keys.resolve(SecretRef("keyring", key)))
            raise
        record = moved.keep(ctx.paths, record._replace(profile=name, scope=scope, undo_id=undo_id))
    else:
        remains.insert(
            0, say("{file} names no endpoint, so no profile was made: 'ccswitch-tui add NAME'", file=places[0].file)
        )
    return Adopted(places[0].file, stored, name, tuple(remains), record.id)


def _stored_as(name: str | None, draft: Draft | None, place: Place) -> str | None:
    """The name under which the new profile has this place's secret; None when it is not one of the profile's."""
    if name is None or draft is None:
        return None
    if place.secret == draft.secret:
        return name
    return next((header_key(name, h) for h, secret in draft.stored_headers.items() if secret == place.secret), None)


def _draft(ctx: Context, scope: str, places: list[Place]) -> Draft | None:
    from ccswitch_tui.interop.claude_settings import candidate_from_settings

    draft = candidate_from_settings(scope, ctx.settings.read(scope).tree, insist=True).draft
    if draft is None or draft.endpoint is None:
        return None
    own = [*([draft.secret] if draft.secret else []), *draft.stored_headers.values()]
    return draft if any(place.secret in own for place in places) else None


def _profile_of(ctx: Context, draft: Draft) -> str:
    """The profile that is this endpoint with this key, or a new one."""
    from ccswitch_tui.credentials.hosts import host_of
    from ccswitch_tui.workflows.add import add_profile

    assert draft.endpoint is not None
    book = ctx.book()
    words = [word for word in host_of(draft.endpoint.base_url).split(".") if word not in ("api", "www")]
    stem = re.sub(r"[^\w-]+", "-", words[0] if words else "adopted") or "adopted"
    for number in range(1, 100):
        name = stem if number == 1 else f"{stem}-{number}"
        there = book.profiles.get(name)
        if there is None:
            return add_profile(ctx, name, draft).profile.name
        same = there.endpoint.base_url == draft.endpoint.base_url
        if same and ctx.keys.of(there) == draft.secret and ctx.keys.of_headers(there) == draft.stored_headers:
            return name
    raise UsageError(
        say("there are a hundred profiles named '{stem}'", stem=stem), hint=say("remove some: 'ccswitch-tui list'")
    )


# ---------------------------------------------------------------- taking back


def take_back(ctx: Context) -> moved.Moved:
    """Puts the keys moved last back into their file, to the byte. They stay in the key store too."""
    records = moved.records(ctx.paths)
    if not records:
        raise UsageError(say("no keys were moved"), hint=say("'ccswitch-tui adopt' shows keys stored in plain text"))
    record = records[0]
    if record.undo_id is not None:
        _undo_use(ctx, record)
    moved.take_back(ctx.paths, record, lambda key: ctx.keys.resolve(SecretRef("keyring", key)))
    return record


def _undo_use(ctx: Context, record: moved.Moved) -> None:
    """Takes the `use` of an adopted settings file back, if it is still the newest write."""
    from ccswitch_tui.workflows.undo import history, undo

    in_effect = [write for write in history(ctx) if write.undone_at is None]
    if not any(write.id == record.undo_id for write in in_effect):
        return
    if in_effect[0].id != record.undo_id:
        raise UsageError(
            say("{file} was written again since", file=record.file),
            hint=say("run 'ccswitch-tui undo' until that write is undone, then try again"),
        )
    undo(ctx)
