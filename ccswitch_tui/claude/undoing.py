"""Taking writes of the settings back: to the byte when nobody else wrote meanwhile, else only what is ours."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from ccswitch_tui.claude.files import remove_folder, tree_of
from ccswitch_tui.claude.history import DamagedBackup, Write, never_happened
from ccswitch_tui.claude.jsontext import Json, decode
from ccswitch_tui.claude.reading import profile_in, value_of
from ccswitch_tui.claude.settings import SettingsPatch
from ccswitch_tui.errors import ConflictError, UsageError
from ccswitch_tui.sentence import say
from ccswitch_tui.textfile import changed, locked, read_bytes, sha256_of

if TYPE_CHECKING:
    from ccswitch_tui.claude.files import SettingsFiles

OnWait = Callable[[int], None] | None

RENAME = "rename"
"""Kind of a write that made the settings follow a profile's new name."""

GONE = object()

_LISTS = say("'ccswitch-tui history' lists the writes")


class Undone(NamedTuple):
    """What taking one write back did."""

    write: Write
    exact: bool
    """The file is what it was before, byte for byte; otherwise only our keys went back."""


def undo(files: SettingsFiles, on_wait: OnWait = None, *, named: Write | None = None) -> Undone:
    """Takes the newest write that is in effect back, or the one named if it is the newest in effect of its file.

    To the byte when the file is as we left it; otherwise only our keys go
    back, if each still is as we set it. Raises UsageError when there is
    nothing to undo, ConflictError when a key of ours has been changed since
    or newer writes to the file come first.
    """
    found = next(_in_effect(files), None) if named is None else _newest_of_its_file(files, named)
    if found is None:
        raise UsageError(say("there is nothing to undo"), hint=_LISTS, kind="no-history")
    write, data = found
    return _take_back(files, _one_switch(files, write), data, on_wait)


def _in_effect(files: SettingsFiles) -> Iterator[tuple[Write, bytes | None]]:
    """The writes in effect, newest first, each with what its file holds now."""
    for write in files.history.newest_first():
        if write.undone_at is None:
            data = read_bytes(write.file)
            if not never_happened(write, sha256_of(data)) and not (data is None and write.after_sha256):
                yield write, data


def _newest_of_its_file(files: SettingsFiles, named: Write) -> tuple[Write, bytes | None]:
    if named.undone_at is not None:
        raise UsageError(say("write {id} was taken back already", id=named.id), hint=_LISTS, kind="no-history")
    of_its_file = [(write, data) for write, data in _in_effect(files) if write.file == named.file]
    if named.id not in (write.id for write, _ in of_its_file):
        raise UsageError(
            say("write {id} is not in effect: {file} no longer holds it", id=named.id, file=named.file),
            hint=_LISTS,
            kind="no-history",
        )
    newest, data = of_its_file[0]
    if newest.id != named.id:
        raise ConflictError(
            say("{file} was written again after write {id}: nothing was written", file=named.file, id=named.id),
            hint=say("take the newest one back first: 'ccswitch-tui undo {id}'", id=newest.id),
        )
    return newest, data


def _one_switch(files: SettingsFiles, write: Write) -> list[Write]:
    """The write, newest first; one that only followed a rename goes with what it followed.

    Taken back alone it would name a profile that is gone.
    """
    chain = [write]
    for older in files.history.newest_first():
        if chain[-1].kind != RENAME:
            break
        in_effect = older.undone_at is None and older.after_sha256 != older.before_sha256
        if older.file == write.file and in_effect and int(older.id) < int(chain[-1].id):
            chain.append(older)
    if chain[-1].kind == RENAME:
        old, new = chain[-1].profile_before, write.profile
        raise UsageError(
            say("the last write of {file} only followed the rename to '{name}'", file=write.file, name=new),
            hint=say("undo the rename itself: 'ccswitch-tui rename {name} OLD'", name=new)
            if old is None
            else say("undo the rename itself: 'ccswitch-tui rename {name} {old}'", name=new, old=old),
        )
    return chain


def _as_one(chain: list[Write]) -> Write:
    """Writes that follow each other, newest first, as the one write they add up to."""
    newest, oldest = chain[0], chain[-1]
    changed_by: dict[str, object] = {}
    for write in reversed(chain):
        changed_by.update(write.set)
        changed_by.update(dict.fromkeys(write.unset, GONE))
    unbroken = all(later.before_sha256 == earlier.after_sha256 for later, earlier in pairwise(chain))
    return oldest._replace(
        profile=newest.profile,
        after_sha256=newest.after_sha256 if unbroken else "",
        stages_sha256=newest.stages_sha256 if unbroken else (),
        set={key: value for key, value in changed_by.items() if value is not GONE},
        unset=tuple(key for key, value in changed_by.items() if value is GONE),
    )


def _take_back(files: SettingsFiles, chain: list[Write], data: bytes | None, on_wait: OnWait) -> Undone:
    write = chain[0] if len(chain) == 1 else _as_one(chain)
    with locked(write.file, files.paths.state_dir):
        now = sha256_of(read_bytes(write.file))
        if now != sha256_of(data):
            raise changed(write.file)
        exact = now == write.after_sha256 or now in write.stages_sha256
        tree_now = tree_of(write.file, data)
        if exact:
            after = files.history.before(write.id)
        else:
            after = _merged_back(files, write, data, tree_now)
        stage = files.stage(write.scope, tree_now, after)
        if stage is not None:  # whoever ends us meanwhile leaves the stage: the next undo knows it as ours
            chain = [files.history.note_stage(chain[0], sha256_of(stage)), *chain[1:]]
        files.put(write.file, write.scope, now, stage, after, on_wait)
        for one in chain:
            files.history.mark_undone(one, files.clock(), data)
        if after is None:
            remove_folder(write.made_dir)
    return Undone(write, exact)


def _tree_before(files: SettingsFiles, write: Write) -> Json:
    before = files.history.tree_before(write.id)
    if before is None:
        raise DamagedBackup(os.path.join(files.history.folder, write.id))
    return before


def _merged_back(files: SettingsFiles, write: Write, data: bytes | None, tree_now: Json) -> bytes:
    before = _tree_before(files, write)
    inverse = SettingsPatch(write.set, write.unset).invert(before)
    strange = [
        key
        for key in [*write.set, *write.unset]
        if key != "model" and value_of(tree_now, key) not in (write.set.get(key), value_of(before, key))
    ]
    if strange:
        raise ConflictError(
            say(
                "{file} changed since: {names} is not as it was written, so undoing could lose what you set: "
                "nothing was written",
                file=write.file,
                names=", ".join(key.removeprefix("env.") for key in strange[:4]),
            ),
            hint=say(
                "'ccswitch-tui use official' removes our keys; the old text is in {folder}/{id}/before",
                folder=files.history.folder,
                id=write.id,
            ),
        )
    return inverse.apply(decode(data or b"")).encode("utf-8", "surrogatepass")


def restore(files: SettingsFiles, on_wait: OnWait = None) -> list[Undone]:
    """Every file back to what it was before our first write to it; each is a write of its own, and can be undone.

    To the byte when nobody else wrote the file meanwhile; otherwise every
    key of ours goes back to what it was, and what others wrote stays.
    """
    planned = []
    for path in dict.fromkeys(write.file for write in files.history.newest_first()):
        data = read_bytes(path)
        reached = sha256_of(data)
        last = files.history.latest(path, reached)
        if last is not None and last.kind == "restore" and reached in last.stages_sha256:
            reached = last.before_sha256  # one that was ended half-way: it is done again from there
            last = files.history.latest(path, reached)
        if last is not None and last.kind != "restore" and last.origin is not None:
            planned.append(_plan_restore(files, last, data, reached))
    return [_restore_one(files, plan, on_wait) for plan in planned if plan.after != plan.data]


class _Restoring(NamedTuple):
    """One file and what it is to become. All are planned before the first is written: a damaged backup stops all."""

    write: Write
    data: bytes | None
    tree_now: Json
    after: bytes | None
    exact: bool
    made_dir: str | None


def _plan_restore(files: SettingsFiles, last: Write, data: bytes | None, reached: str) -> _Restoring:
    chain = _chain(files, last)
    first = chain[0]
    if first.id != last.origin:
        raise DamagedBackup(os.path.join(files.history.folder, last.origin or last.id))
    tree_now = tree_of(last.file, data)
    unbroken = reached in (last.after_sha256, *last.stages_sha256) and all(
        later.before_sha256 == earlier.after_sha256 for earlier, later in pairwise(chain)
    )
    after = files.history.before(first.id) if unbroken else _without_ours(files, chain, data, tree_now)
    write = Write(
        id="",
        at=files.clock(),
        kind="restore",
        scope=last.scope,
        file=last.file,
        profile=profile_in(tree_of(last.file, after)),
        profile_before=profile_in(tree_now),
        before_sha256=sha256_of(data),
        after_sha256=sha256_of(after),
    )
    return _Restoring(write, data, tree_now, after, unbroken, first.made_dir)


def _restore_one(files: SettingsFiles, plan: _Restoring, on_wait: OnWait) -> Undone:
    write = files.commit(plan.write, plan.data, plan.after, plan.tree_now, on_wait)
    if plan.after is None:
        remove_folder(plan.made_dir)
    return Undone(write, plan.exact)


def _chain(files: SettingsFiles, last: Write) -> list[Write]:
    """The writes in effect from the first of this chain to `last`, oldest first."""
    chain = [last]
    for write in files.history.newest_first():
        if (
            write.file == last.file
            and (write.undone_at is None or write.id == last.origin)
            and int(last.origin or 0) <= int(write.id) < int(last.id)
            and write.after_sha256 != write.before_sha256
        ):
            chain.append(write)
    return list(reversed(chain))


def _without_ours(files: SettingsFiles, chain: list[Write], data: bytes | None, tree_now: Json) -> bytes:
    origin = _tree_before(files, chain[0])
    latest: dict[str, object] = {}
    for write in chain:
        latest.update(write.set)
        latest.update(dict.fromkeys(write.unset))
    mine = [key for key, value in latest.items() if value_of(tree_now, key) == value]
    back = {key: value_of(origin, key) for key in mine}
    patch = SettingsPatch(
        {key: value for key, value in back.items() if value is not None},
        tuple(key for key, value in back.items() if value is None),
        "env" not in origin,
    )
    return patch.apply(decode(data or b"")).encode("utf-8", "surrogatepass")
