"""Claude Code's settings files: find and read the layers, write one, take writes back.

A write is locked, compared with what was read, and backed up before it is made.
Where running sessions would keep an old value (a variable that is removed stays
in force for them, and with the helper gone they would send the vendor's login
to the old host: measured), the file holds `""` in its place for two seconds first.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Mapping

from ccswitch_tui.claude.dropped import shape_faults
from ccswitch_tui.claude.history import History, Write
from ccswitch_tui.claude.jsontext import BOM, Json, JsonFault, Nested, decode, edit_object, parse_object, repaired
from ccswitch_tui.claude.places import local_root, settings_file, settings_here
from ccswitch_tui.claude.reading import profile_in, value_of
from ccswitch_tui.claude.sessions import NOTICED_AFTER_S, Session, running_sessions
from ccswitch_tui.claude.settings import Ours, SettingsPatch, ours_without_history
from ccswitch_tui.errors import ConflictError
from ccswitch_tui.here import look_at
from ccswitch_tui.paths import Paths, managed_settings
from ccswitch_tui.record import NamedTuple
from ccswitch_tui.sentence import Sentence, say
from ccswitch_tui.textfile import (
    UnreadableFile,
    changed,
    locked,
    make_private_dir,
    read_bytes,
    read_file,
    remove_file,
    replace_text,
    sha256_of,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ccswitch_tui.claude.layers import Layer


LARGEST_READ = 2 * 1024 * 1024
"""Bytes. Claude Code ignores a larger settings file without a word: one of 2,097,152 was read, one of 2,097,153 not
(2.1.330)."""


class UnreadableSettings(UnreadableFile):
    """A settings file that is not the JSON it should be."""

    def __init__(self, fault: Sentence, *, hint: Sentence) -> None:
        super().__init__(fault, hint=hint, kind="settings-unreadable")


class SettingsText(NamedTuple):
    """One settings file as it was read."""

    scope: str
    path: str
    data: bytes | None
    """None when there is no such file."""
    text: str
    tree: Json

    @property
    def sha256(self) -> str:
        return sha256_of(self.data)


class SettingsFiles:
    """The settings files Claude Code reads in one folder, and the history of our writes."""

    def __init__(
        self,
        paths: Paths,
        env: Mapping[str, str],
        cwd: str,
        *,
        clock: Callable[[], float] = time.time,
        wait: Callable[[float], None] = time.sleep,
        managed: str | None = None,
    ) -> None:
        self.paths = paths
        self.env = env
        self.cwd = cwd
        self.clock = clock
        self.wait = wait
        self.managed = managed or managed_settings()
        self.history = History(paths.history)

    # ------------------------------------------------------------ finding and reading

    def path(self, scope: str) -> str:
        """The file of a scope, where Claude Code looks for it from this folder."""
        return settings_file(self.paths, self.cwd, scope)

    def here(self) -> dict[str, str]:
        """Scope to file, for the files that are different ones (in the home folder they are not)."""
        return settings_here(self.paths, self.cwd)

    def read(self, scope: str, *, mended: bool = False) -> SettingsText:
        """One file, strictly. Raises ConflictError naming the place when it is not what Claude Code can read."""
        path = self.path(scope)
        data = read_bytes(path)
        if data is not None and len(data) > LARGEST_READ:
            raise UnreadableSettings(
                say("{path} is larger than 2 MiB", path=path),
                hint=say("remove what is not needed from it; Claude Code does not read it either"),
            )
        try:
            text = decode(data or b"")
            if mended and (better := _repaired(text)) is not None:
                text = better
            return SettingsText(scope, path, data, text, parse_object(text))
        except JsonFault as fault:
            raise _unreadable(path, fault) from None

    def ours(self, read: SettingsText) -> Ours:
        """What in that file is ours, and what it displaced."""
        write = self.history.latest(read.path, read.sha256)
        if write is None:
            return ours_without_history(read.tree)
        staged = {}
        if read.sha256 in write.stages_sha256:  # ended half-way: what stands empty there was on its way out
            staged = {key: "" for key in write.unset if value_of(read.tree, key) == ""}
        if not write.written and not staged:
            return Ours()
        return Ours({**write.written, **staged}, self.history.tree_before(write.baseline))

    def layers(self) -> list[Layer]:
        """Every place Claude Code reads from this folder. A file that cannot be read counts as absent, as it does
        for Claude Code; `ignored` names those."""
        from ccswitch_tui.claude.layers import Layer

        found = [Layer("managed", path, leniently(path) or {}) for path in _managed_files(self.managed)]
        if sys.platform != "linux":
            from ccswitch_tui.claude.system_places import managed_by_the_system

            given = managed_by_the_system(self.env, others=bool(found))
            found += [Layer("managed", place, tree) for place, tree in given]
        for scope, path in self.here().items():
            tree = self._as_the_client_reads(scope, path)
            if tree is not None and not shape_faults(tree):
                found.append(Layer(scope, path, tree))
        found.append(Layer("state", self.paths.claude_json, {"env": _quietly(self.paths.claude_json).get("env", {})}))
        return [*found, Layer("environment", None, {"env": dict(self.env)})]

    def _as_the_client_reads(self, scope: str, path: str) -> Json | None:
        """The file as Claude Code takes it, which forgives what we do not write into; None where it takes nothing."""
        try:
            read = self.read(scope)
            return read.tree if read.data is not None else None
        except ConflictError:
            return leniently(path)

    def ignored(self) -> list[str]:
        """A sentence for each settings file of this folder that Claude Code ignores, or that we do not write into; and
        for an administrator's with which it does not start."""
        found: list[str] = [*self.policy_faults().values()]
        for scope in self.here():
            try:
                read = self.read(scope)
            except ConflictError as error:
                fault = error.fault if isinstance(error, UnreadableFile) else error.message
                if leniently(self.path(scope)) is None:
                    found.append(say("{fault}: Claude Code ignores the whole file", fault=fault))
                else:
                    found.append(
                        say("{fault}: Claude Code reads the file, and 'use' does not write into it", fault=fault)
                    )
            else:
                found += dropped_by(read)
        return found

    def policy_faults(self) -> dict[str, Sentence]:
        """Path to a sentence, for each file of the administrator's that is no JSON object, or too large.

        With either Claude Code ends at once (2.1.330).
        """
        return {
            path: say("{path} is no JSON object, or larger than 2 MiB: Claude Code does not start", path=path)
            for path in _managed_files(self.managed)
            if os.access(path, os.R_OK) and leniently(path) is None
        }

    def listeners(self, scope: str) -> list[Session]:
        """The running sessions that read the file of this scope."""
        if scope == "user":
            return running_sessions(self.paths.claude_dir)
        return running_sessions(self.paths.claude_dir, inside=os.path.dirname(os.path.dirname(self.path(scope))))

    # ------------------------------------------------------------ writing

    def refuse_outside(self, path: str, scope: str) -> None:
        """Raises ConflictError when a project's file leads out of the project: whoever made the link chose the target.

        A cloned repository may hold one, and our variables would go into any
        file of the user's. The user's own settings may be a link: theirs is it.
        """
        if scope not in ("project", "local"):
            return
        root = os.path.realpath(local_root(os.path.dirname(os.path.dirname(path)), self.paths.home))
        target = os.path.realpath(path)
        if target != root and not target.startswith(root.rstrip(os.sep) + os.sep):
            raise ConflictError(
                say(
                    "{path} points to {target}, outside {root}: nothing was written",
                    path=path,
                    target=target,
                    root=root,
                ),
                hint=say("delete the link if it is not yours; 'ccswitch-tui use NAME' writes your own settings"),
                kind="outside",
            )

    def write(
        self,
        read: SettingsText,
        patch: SettingsPatch,
        *,
        kind: str,
        profile: str | None,
        written: Mapping[str, object],
        on_wait: Callable[[int], None] | None = None,
    ) -> Write | None:
        """Applies a patch to the file it was planned on; None when that changes nothing.

        Raises ConflictError when the file is another by now or cannot be written:
        then nothing was. `on_wait` is told how many sessions are waited for.
        """
        text = patch.apply(read.text)
        data = text.encode("utf-8", "surrogatepass")
        if data == (read.data or b""):
            return None
        if len(data) > LARGEST_READ:
            raise ConflictError(
                say(
                    "{path} would be larger than 2 MiB, which Claude Code ignores: nothing was written", path=read.path
                ),
                hint=say("remove what is not needed from it"),
            )
        last = self.history.latest(read.path, read.sha256)
        chained = last is not None and last.kind != "restore"
        write = Write(
            id="",
            at=self.clock(),
            kind=kind,
            scope=read.scope,
            file=read.path,
            profile=profile,
            profile_before=last.profile_before if last and kind == "rename" else profile_in(read.tree),
            before_sha256=read.sha256,
            after_sha256=sha256_of(data),
            set=dict(patch.set),
            unset=patch.unset,
            written=dict(written),
            baseline=last.baseline if last and chained and last.written else None,
            origin=last.origin if last and chained else None,
        )
        return self.commit(write, read.data, data, read.tree, on_wait)

    def commit(
        self,
        write: Write,
        before: bytes | None,
        after: bytes | None,
        tree_before: Json,
        on_wait: Callable[[int], None] | None,
    ) -> Write:
        """Backup, then the file, both under the lock."""
        self.refuse_outside(write.file, write.scope)
        with locked(write.file, self.paths.state_dir):
            if sha256_of(read_bytes(write.file)) != write.before_sha256:
                raise changed(write.file)
            write = write._replace(made_dir=_make_folder(write.file, shared=write.scope == "project"))
            stage = self.stage(write.scope, tree_before, after)
            if stage is not None:
                write = write._replace(stages_sha256=(sha256_of(stage),))
            try:
                write = self.history.add(write, before)
                self.put(write.file, write.scope, write.before_sha256, stage, after, on_wait)
            except BaseException:
                if write.id and sha256_of(_bytes_or_none(write.file)) == write.before_sha256:
                    self.history.drop(write.id)
                remove_folder(write.made_dir)
                raise
            self.history.prune()
        return write

    def put(
        self,
        path: str,
        scope: str,
        expected_sha256: str,
        stage: bytes | None,
        after: bytes | None,
        on_wait: Callable[[int], None] | None,
    ) -> None:
        """The stage for as long as running sessions need to notice it, then the new text (None: no file)."""
        self.refuse_outside(path, scope)
        mode = 0o666 & ~_umask() if scope == "project" else 0o600
        if stage is not None:
            replace_text(path, stage, expected_sha256=expected_sha256, new_mode=mode)
            if on_wait:
                on_wait(len(self.listeners(scope)))
            self.wait(NOTICED_AFTER_S)
            expected_sha256 = sha256_of(stage)
        if after is None:
            remove_file(path, expected_sha256=expected_sha256)
        else:
            replace_text(path, after, expected_sha256=expected_sha256, new_mode=mode)

    def stage(self, scope: str, tree_before: Json, after: bytes | None) -> bytes | None:
        """The new text with "" for every variable it no longer holds; None when nobody listens or none goes."""
        env_before = tree_before.get("env")
        if not isinstance(env_before, dict):
            return None
        try:
            text = decode(after or b"")
            env_after = parse_object(text).get("env", {})
        except JsonFault:
            return None
        if not isinstance(env_after, dict):
            return None
        going = {name: "" for name, value in env_before.items() if value not in ("", None) and name not in env_after}
        if not going or not self.listeners(scope):
            return None
        return edit_object(text, {"env": Nested(going)}).encode("utf-8", "surrogatepass")


def _bytes_or_none(path: str) -> bytes | None:
    with contextlib.suppress(ConflictError):
        return read_bytes(path)
    return b"?"


def tree_of(path: str, data: bytes | None) -> Json:
    try:
        return parse_object(decode(data or b""))
    except JsonFault as fault:
        raise _unreadable(path, fault) from None


def dropped_by(read: SettingsText) -> list[str]:
    """A sentence for each setting for which Claude Code drops the whole file."""
    return [
        say(
            "{fault}: Claude Code ignores the whole file",
            fault=say("{path}: '{key}' should be {words}", path=read.path, key=fault.key, words=fault.wanted),
        )
        for fault in shape_faults(read.tree)
    ]


def leniently(path: str) -> Json | None:
    """JSON that only we refuse: a key that stands twice (the last one counts), a byte that is not UTF-8, UTF-16 in the
    byte order of Windows (the other one the client does not read). None where Claude Code reads nothing either."""
    try:
        raw = read_file(path)
        if len(raw) > LARGEST_READ:
            return None
        encoding = "utf-16" if raw[:2] == b"\xff\xfe" else "utf-8"
        tree = json.loads(raw.decode(encoding, "replace").removeprefix(BOM), parse_constant=_no_constant)
    except (OSError, ValueError, RecursionError):
        return None
    return tree if isinstance(tree, dict) else None


def _no_constant(word: str) -> None:
    raise ValueError(word)


def _repaired(text: str) -> str | None:
    return repaired(text.removeprefix(BOM))


def _unreadable(path: str, fault: JsonFault) -> ConflictError:
    hint = say("fix that place; Claude Code cannot read the file either")
    if leniently(path) is not None:
        hint = say("fix that place first: Claude Code reads the file as it is, but it cannot be changed safely")
    elif fault.mended is not None:
        hint = say("'ccswitch-tui use NAME --repair --dry-run' shows it repaired; without --dry-run it is written")
    return UnreadableSettings(
        say(
            "{path}, line {line}, column {column}: {because}",
            path=path,
            line=fault.line,
            column=fault.column,
            because=fault.because,
        ),
        hint=hint,
    )


def _managed_files(path: str) -> list[str]:
    """The administrator's file and its additions, of which the last wins."""
    folder = path.removesuffix(".json") + ".d"
    try:
        more = sorted(name for name in os.listdir(folder) if name.endswith(".json") and name[0] != ".")
    except OSError:
        more = []
    return [name for name in [path, *(os.path.join(folder, name) for name in more)] if os.path.isfile(name)]


def _quietly(path: str) -> Json:
    try:
        tree = json.loads(read_file(path))
    except (OSError, ValueError, RecursionError):
        return {}
    return tree if isinstance(tree, dict) else {}


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _make_folder(path: str, *, shared: bool) -> str | None:
    """Makes the file's folder if it is missing; the path of what was made."""
    folder = os.path.dirname(os.path.realpath(path))
    if os.path.isdir(folder):
        return None
    try:
        if shared:
            os.makedirs(folder)
        else:
            make_private_dir(folder)
    except OSError as error:
        raise ConflictError(
            say(
                "cannot make the folder {folder}: {reason}: nothing was written",
                folder=folder,
                reason=(error.strerror or "").lower(),
            ),
            hint=say("see who may write there: {command}", command=look_at(os.path.dirname(folder))),
        ) from None
    return folder


def remove_folder(folder: str | None) -> None:
    """A folder we made goes when nothing else is in it."""
    if folder:
        with contextlib.suppress(OSError):
            os.rmdir(folder)
