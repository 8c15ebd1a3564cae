"""`kill -9` between any two calls that change a disk or a key store: no key is lost, none may go to another host,
and the settings are the old ones, the new ones, or come back to the byte.

Every case runs in a child that ends itself before its N-th such call, for every N there is.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ccswitch_tui.credentials import moved
from ccswitch_tui.credentials.hosts import allowed_host, host_of
from ccswitch_tui.errors import CcswitchError
from ccswitch_tui.profiles.draft import header_key
from ccswitch_tui.profiles.model import Endpoint, ModelTiers, Profile, SecretRef
from ccswitch_tui.profiles.store import update_profiles
from ccswitch_tui.secret import Secret
from ccswitch_tui.workflows import adopt, edit, manage
from ccswitch_tui.workflows.add import add_profile
from ccswitch_tui.workflows.context import Context
from ccswitch_tui.workflows.plain_text_keys import find_plain_text_keys
from ccswitch_tui.workflows.undo import restore, undo
from ccswitch_tui.workflows.use import apply_use, plan_use

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="a child is ended in the middle")

OLD, NEW, PLAIN = "sk-example-old-0123456789", "sk-example-new-0123456789", "sk-example-plain-0123456789"
THEIRS = b'{\n\t"theme": "dark",\n\t"env": {"MINE": "1", "ANTHROPIC_BASE_URL": "https://relay.example"}\n}'


class FileStore:
    """A key store that outlives its process; each change is one system call."""

    label = "the test's key store"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)

    def _path(self, name: str) -> Path:
        return self._folder / name.replace("/", "%")

    def get(self, name: str) -> Secret | None:
        return Secret(self._path(name).read_text()) if self._path(name).exists() else None

    def set(self, name: str, secret: Secret) -> None:
        beside = self._folder / "beside"
        beside.write_text(secret.reveal())
        CALLS.rename(beside, self._path(name))

    def delete(self, name: str) -> bool:
        there = self._path(name).exists()
        if there:
            CALLS.unlink(self._path(name))
        return there

    def values(self) -> dict[str, str]:
        return {path.name: path.read_text() for path in self._folder.iterdir() if path.name != "beside"}


class Calls:
    """The calls that change something, counted; before the chosen one the process is killed."""

    def __init__(self) -> None:
        self.left = -1
        self.rename: Callable[..., Any] = os.replace
        self.unlink: Callable[..., Any] = os.unlink

    def kill_before(self, number: int) -> None:
        self.left = number
        for name in ("replace", "unlink", "mkdir", "rmdir", "fsync", "fchmod", "write", "open"):
            setattr(os, name, self._counted(getattr(os, name), name == "open"))
        self.rename, self.unlink = os.replace, os.unlink

    def _counted(self, real: Callable[..., Any], only_writers: bool) -> Callable[..., Any]:
        def call(*args: Any, **words: Any) -> Any:
            if not only_writers or args[1] & (os.O_CREAT | os.O_WRONLY | os.O_RDWR):
                if self.left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                self.left -= 1
            return real(*args, **words)

        return call


CALLS = Calls()


def context(home: Path, **settings: Any) -> Context:
    env = {"HOME": str(home), "CCSWITCH_HOME": str(home / "ours"), "PATH": os.defpath}
    ctx = Context(env, cwd=str(home / "project"), store=FileStore(home / "keys"))
    ctx.settings.wait = lambda seconds: None
    return ctx


def profile(name: str, host: str) -> Profile:
    endpoint = Endpoint(f"https://{host}/v1", "openai-chat")
    headers = {"X-Gw": SecretRef("keyring", header_key(name, "X-Gw"))} if name == "work" else {}
    return Profile(
        name,
        endpoint,
        SecretRef("keyring", name),
        secret_headers=headers,
        models=ModelTiers(default="m"),
        key_host=host,
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "machine"
    (home / "project").mkdir(parents=True)
    (home / ".claude").mkdir()
    (home / ".claude" / "settings.json").write_bytes(THEIRS)
    (home / ".bashrc").write_text(f"alias l=ls\nexport OPENAI_API_KEY={PLAIN}\n")
    ctx = context(home)
    update_profiles(ctx.paths, {"work": profile("work", "old.example"), "other": profile("other", "other.example")})
    for name in ("work", "other"):
        ctx.keys.put(name, Secret(OLD if name == "work" else NEW + "-other"))
    ctx.keys.put(header_key("work", "X-Gw"), Secret(OLD))
    return home


def in_child(home: Path, act: Callable[[Context], object], number: int) -> bool:
    """Whether `act` ended by itself, and was not killed before its call of that number."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            ctx = context(home)
            CALLS.kill_before(number)
            act(ctx)
            code = 0
        finally:
            sys.stderr.flush()
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == 0
    return os.WIFEXITED(status)


def everywhere(
    home: Path, tmp_path: Path, act: Callable[[Context], object], after: Callable[[Path, bool], None]
) -> None:
    """Kills `act` before each of its calls, on the same machine each time; `after` looks at what is left."""
    kept = tmp_path / "kept"
    shutil.copytree(home, kept, symlinks=True)
    for number in range(400):
        shutil.rmtree(home)
        shutil.copytree(kept, home, symlinks=True)
        done = in_child(home, act, number)
        after(home, done)
        if done:
            assert number > 3
            return
    raise AssertionError("there was no end")


def keys_are_kept_and_bound(machine: Path, _: bool) -> None:
    """Every profile has its key, and each key may go to the host it was given for and to no other."""
    ctx = context(machine)
    given = {OLD: {"old.example"}, NEW: {"new.example"}, NEW + "-other": {"other.example"}, PLAIN: set()}
    book = ctx.book()
    assert not book.broken and "other" in book.profiles
    for found in book.profiles.values():
        for ref in found.secrets:
            if ref.kind != "keyring":
                continue
            secret = ctx.keys.store.get(ref.name)
            assert secret is not None, f"{found.name} lost its key"
            if allowed_host(found):
                assert host_of(found.endpoint.base_url) in given[secret.reveal()], "a key may go to another host"


def set_host(ctx: Context, host: str) -> edit.Edited:
    return edit.plan_edit(ctx, "work", assign=[f"endpoint.base_url=https://{host}/v1"])


def without_header(edited: edit.Edited) -> edit.Edited:
    return edited._replace(after=edited.after._replace(secret_headers={}))


KEY_CASES: dict[str, Callable[[Context], object]] = {
    "remove": lambda ctx: manage.remove_profile(ctx, "work"),
    "rename": lambda ctx: manage.rename_profile(ctx, "work", "job"),
    "copy": lambda ctx: manage.copy_profile(ctx, "work", "job"),
    "another key for another host": lambda ctx: edit.save_with_key(
        ctx, without_header(set_host(ctx, "new.example")), Secret(NEW), verify=False
    ),
    "key and header for another host": lambda ctx: edit.save_with_key(
        ctx, set_host(ctx, "new.example"), Secret(NEW), headers={"X-Gw": Secret(NEW)}, verify=False
    ),
    "a secret header": lambda ctx: edit.save_with_key(
        ctx, edit.plan_edit(ctx, "work"), None, headers={"X-Gw": Secret(OLD)}, verify=False
    ),
}


@pytest.mark.parametrize("case", KEY_CASES)
def test_no_key_is_lost_and_none_may_go_elsewhere(home: Path, tmp_path: Path, case: str) -> None:
    everywhere(home, tmp_path, KEY_CASES[case], keys_are_kept_and_bound)


def test_a_profile_that_replaces_another_never_lends_its_key_to_the_old_host(home: Path, tmp_path: Path) -> None:
    from ccswitch_tui.profiles.draft import Draft

    draft = Draft(Endpoint("https://new.example/v1", "openai-chat"), secret=Secret(NEW), models=ModelTiers(default="m"))
    everywhere(home, tmp_path, lambda ctx: add_profile(ctx, "work", draft, replace=True), keys_are_kept_and_bound)


def test_the_same_host_keeps_a_key_all_the_time(home: Path, tmp_path: Path) -> None:
    def after(machine: Path, done: bool) -> None:
        ctx = context(machine)
        secret = ctx.keys.store.get(ctx.book().get("work").key.name)
        assert secret is not None and secret.reveal() in ((NEW,) if done else (OLD, NEW))

    everywhere(
        home,
        tmp_path,
        lambda ctx: edit.save_with_key(ctx, edit.plan_edit(ctx, "work"), Secret(NEW), verify=False),
        after,
    )


def settings_of(machine: Path) -> bytes:
    return (machine / ".claude" / "settings.json").read_bytes()


def pretend_session(machine: Path) -> None:
    """A running session, so that a write holds the file at a stage in between."""
    folder = machine / ".claude" / "sessions"
    folder.mkdir(exist_ok=True)
    started = Path(f"/proc/{os.getpid()}/stat").read_text().rpartition(")")[2].split()[19]
    state = {"pid": os.getpid(), "cwd": str(machine), "procStart": started, "entrypoint": "cli"}
    (folder / f"{os.getpid()}.json").write_text(json.dumps(state))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("listening", [False, True])
@pytest.mark.parametrize("back", [restore, undo])
def test_the_first_settings_come_back_to_the_byte_after_any_end(
    home: Path, tmp_path: Path, back: Callable[[Context], object], listening: bool
) -> None:
    ctx = context(home)
    apply_use(ctx, plan_use(ctx, "work", "user"))
    if listening:
        pretend_session(home)

    def after(machine: Path, done: bool) -> None:
        ctx = context(machine)
        json.loads(settings_of(machine))
        if settings_of(machine) != THEIRS:
            back(ctx)
        assert settings_of(machine) == THEIRS
        if back is undo:
            with pytest.raises(CcswitchError, match="nothing to undo"):
                undo(ctx)

    everywhere(home, tmp_path, back, after)


@pytest.mark.parametrize("listening", [False, True])
def test_a_switch_that_was_ended_anywhere_can_be_taken_back(home: Path, tmp_path: Path, listening: bool) -> None:
    ctx = context(home)
    apply_use(ctx, plan_use(ctx, "work", "user"))
    if listening:
        pretend_session(home)

    def after(machine: Path, done: bool) -> None:
        ctx = context(machine)
        json.loads(settings_of(machine))
        restore(ctx)
        assert settings_of(machine) == THEIRS

    everywhere(home, tmp_path, lambda ctx: apply_use(ctx, plan_use(ctx, "official", "user")), after)


def test_a_moved_key_is_in_the_file_or_in_the_store(home: Path, tmp_path: Path) -> None:
    def act(ctx: Context) -> object:
        return adopt.adopt(ctx, [place for place in find_plain_text_keys(ctx) if place.file.endswith(".bashrc")])

    def after(machine: Path, done: bool) -> None:
        text = (machine / ".bashrc").read_text()
        ctx = context(machine)
        stored = PLAIN in FileStore(machine / "keys").values().values()
        assert PLAIN in text or stored, "the key is nowhere"
        records = moved.records(ctx.paths)
        assert bool(records) == (PLAIN not in text), "a record of what did not happen, or none of what did"
        if records:
            adopt.take_back(ctx)
            assert f"export OPENAI_API_KEY={PLAIN}" in (machine / ".bashrc").read_text()

    everywhere(home, tmp_path, act, after)


def test_what_a_killed_writer_left_is_swept_with_the_next_write(home: Path, tmp_path: Path) -> None:
    def after(machine: Path, done: bool) -> None:
        ctx = context(machine)
        for entry in (machine / "ours" / "state" / "history").glob("*"):
            os.utime(entry, (1, 1))
        for number in range(3):
            apply_use(ctx, plan_use(ctx, ("other", "work")[number % 2], "user"))
        update_profiles(ctx.paths, {"work": ctx.book().get("work")._replace(note="n")})
        ctx.keys.put("another", Secret(NEW))
        left = [p for p in machine.rglob("*.tmp") if "keys" not in p.parts]
        assert left == []
        cut = [p for p in (machine / "ours" / "state" / "history").glob("*") if not (p / "meta.json").exists()]
        assert cut == []

    everywhere(home, tmp_path, lambda ctx: apply_use(ctx, plan_use(ctx, "work", "user")), after)


def test_our_own_files_are_private_after_every_write(home: Path) -> None:
    ctx = context(home)
    apply_use(ctx, plan_use(ctx, "work", "user"))
    ctx.proxy.renew_secrets()
    state = home / "ours" / "state"
    for path in state.rglob("*"):
        if path.is_file():
            path.chmod(0o644)
    from ccswitch_tui.credentials import index
    from ccswitch_tui.proxy.books.usage import UsageBook, UsageRow

    ctx.proxy.renew_secrets()
    ctx.proxy.move()
    index.note(ctx.paths, "more", stored=True)
    index.note(ctx.paths, "yet more", stored=True)
    UsageBook(str(state / "usage.sqlite3")).add([UsageRow("2026-01-01", "work", "m", 1)])
    (state / "usage.sqlite3").chmod(0o644)
    UsageBook(str(state / "usage.sqlite3")).add([UsageRow("2026-01-01", "work", "m", 1)])
    for name in ("proxy.json", "keys.json", "usage.sqlite3"):
        assert (state / name).stat().st_mode & 0o777 == 0o600, name
