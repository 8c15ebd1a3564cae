"""The seldom ways through what writes settings: each refuses with a word, or leaves every byte where it was."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from settings_kit import THEIRS, chat_profile, context, native_profile

from ccswitch_tui import textfile
from ccswitch_tui.claude import history as histories
from ccswitch_tui.claude import undoing
from ccswitch_tui.claude.differences import GONE, is_told, name_in
from ccswitch_tui.claude.files import tree_of
from ccswitch_tui.claude.history import History
from ccswitch_tui.claude.jsontext import JsonFault, _repeated_keys, parse_object, repaired
from ccswitch_tui.claude.settings import Link, Ours, SettingsPatch, foreign_changes, ours_without_history, plan_official
from ccswitch_tui.claude.status_line import STATUS_LINE, status_line
from ccswitch_tui.claude.wanted import wanted_settings
from ccswitch_tui.errors import ConflictError, UsageError
from ccswitch_tui.profiles.model import Endpoint
from ccswitch_tui.sentence import say
from ccswitch_tui.textfile import make_private_dir, read_bytes, remove_file, replace_text, sha256_of
from ccswitch_tui.workflows.context import Context
from ccswitch_tui.workflows.manage import rename_profile
from ccswitch_tui.workflows.undo import restore, undo
from ccswitch_tui.workflows.use import apply_use, plan_use
from kit import needs

HELPER = "/opt/bin/ccswitch-tui key work"
THEIR_LINE = {"type": "command", "command": "mine --short", "padding": 2}


@pytest.fixture
def ctx(home: Path) -> Context:
    return context(home, chat_profile("work"))


@pytest.fixture
def file(home: Path) -> Path:
    path = home / ".claude" / "settings.json"
    path.parent.mkdir()
    path.write_text(THEIRS)
    return path


def failing(number: int) -> Callable[..., Any]:
    """A system call that fails like this."""

    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


# ---------------------------------------------------------------- plans


def test_without_a_history_the_users_status_line_still_comes_back() -> None:
    ours = status_line({STATUS_LINE: THEIR_LINE}, "ccswitch-tui statusline", platform="linux")
    tree = {"apiKeyHelper": HELPER, **ours}
    text = json.dumps(tree)
    patch = plan_official(tree, ours_without_history(tree))
    assert parse_object(patch.apply(text)) == {STATUS_LINE: THEIR_LINE}


def test_a_status_line_the_user_wrote_with_ours_in_it_is_left_alone() -> None:
    tree = {STATUS_LINE: {"type": "command", "command": "ccst statusline | sed s/a/b/"}}
    assert status_line(tree, "ccswitch-tui statusline", platform="linux") == {}


@pytest.mark.parametrize("rest", ["", " --with 'never closed", " --with two words"])
def test_a_status_line_that_was_ours_alone_goes_whole(rest: str) -> None:
    tree = {"apiKeyHelper": HELPER, STATUS_LINE: {"type": "command", "command": "ccswitch-tui statusline" + rest}}
    assert parse_object(plan_official(tree, ours_without_history(tree)).apply(json.dumps(tree))) == {}


def test_a_status_line_keeps_the_bytes_of_what_is_not_changed_in_it() -> None:
    text = '{"statusLine": {"padding" : 2.0, "command": "a"}}'
    patch = SettingsPatch({STATUS_LINE: {"padding": 2.0, "command": "b"}})
    assert patch.apply(text) == '{"statusLine": {"padding" : 2.0, "command": "b"}}'


def test_the_users_status_line_is_not_lost_by_ours_and_so_is_no_foreign_change() -> None:
    tree = {STATUS_LINE: THEIR_LINE, "apiKeyHelper": "theirs"}
    patch = SettingsPatch({STATUS_LINE: {}, "apiKeyHelper": HELPER})
    assert foreign_changes(patch, tree, Ours()) == ("apiKeyHelper",)


def test_a_model_that_is_no_text_is_taken_for_none_of_claudes() -> None:
    assert plan_official({"model": 5, "apiKeyHelper": HELPER}, Ours({"model": 5}, {})).unset == (
        "apiKeyHelper",
        "model",
    )


def test_a_file_below_the_users_home_is_named_in_full() -> None:
    profile = native_profile(endpoint=Endpoint("https://native.example/anthropic", "anthropic", ca_file="~/ca.pem"))
    link = Link("https://native.example/anthropic", HELPER, shell={"HOME": "/home/me/"})
    assert wanted_settings({}, profile, link)["env.NODE_EXTRA_CA_CERTS"] == "/home/me/ca.pem"


def test_a_difference_is_known_by_its_template_and_tells_its_name() -> None:
    gone = say("profile '{name}' no longer exists", name="work")
    assert (is_told(gone, GONE), name_in(gone)) == (True, "work")
    assert (is_told(str(gone), GONE), name_in(str(gone))) == (False, "")


# ---------------------------------------------------------------- texts


def test_a_repeated_key_is_found_behind_objects_and_arrays() -> None:
    with pytest.raises(JsonFault) as fault:
        parse_object('{"a": {"c": ["c", "c"]},\n "b": 1, "c": 2, "c": 3}')
    assert (fault.value.line, fault.value.column) == (2, 18)
    assert list(_repeated_keys('{"a": ["b", "b"], "a": {"a": 1}}')) == [("a", 18)]


@pytest.mark.parametrize("text", ['{"a": 1},', '{"a": 1} ,  '])
def test_a_comma_behind_everything_is_not_repaired(text: str) -> None:
    assert repaired(text) is None


def test_a_file_that_is_no_json_any_more_is_not_undone_over(ctx: Context, file: Path) -> None:
    apply_use(ctx, plan_use(ctx, "work"))
    file.write_text('{"half":')
    with pytest.raises(ConflictError):
        undo(ctx)
    assert file.read_text() == '{"half":'
    with pytest.raises(ConflictError, match="line 1"):
        tree_of(str(file), b'{"half":')


def test_what_the_client_refuses_too_is_no_layer(ctx: Context, file: Path) -> None:
    file.write_text('{"theme": NaN, "theme": 1}')
    assert "user" not in [layer.name for layer in ctx.settings.layers()]


# ---------------------------------------------------------------- writes


def test_running_sessions_are_counted_to_whoever_waits_for_them(ctx: Context, file: Path) -> None:
    ctx.settings.listeners = lambda scope: ["one", "two"]  # type: ignore[method-assign, assignment, list-item, return-value]
    ctx.settings.wait = lambda seconds: None
    counted: list[int] = []
    ctx.settings.put(str(file), "user", sha256_of(file.read_bytes()), b"{}", b'{"a": 1}', counted.append)
    assert (counted, file.read_text()) == ([2], '{"a": 1}')


@pytest.mark.parametrize("after", [b'{"env": 1}', b"no json"])
def test_there_is_no_stage_for_a_text_without_variables(ctx: Context, after: bytes) -> None:
    assert ctx.settings.stage("user", {"env": {"A": "1"}}, after) is None


def test_a_file_that_changes_between_the_look_and_the_lock_is_left_alone(
    ctx: Context, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply_use(ctx, plan_use(ctx, "work"))

    @contextlib.contextmanager
    def late(path: str, state_dir: str) -> Iterator[None]:
        file.write_text('{"somebody": "else"}')
        yield

    monkeypatch.setattr(undoing, "locked", late)
    with pytest.raises(ConflictError, match="changed"):
        undo(ctx)
    assert file.read_text() == '{"somebody": "else"}'


def test_undoing_a_file_that_is_gone_keeps_nothing_beside_the_mark(ctx: Context, home: Path) -> None:
    done = apply_use(ctx, plan_use(ctx, "work"))
    (home / ".claude" / "settings.json").unlink()
    assert done.undo_id is not None
    write = ctx.settings.history.read(done.undo_id)
    assert write is not None
    ctx.settings.history.mark_undone(write, 1.0, None)
    again = ctx.settings.history.read(done.undo_id)
    assert again is not None and again.undone_at == 1.0
    assert not os.path.exists(os.path.join(ctx.settings.history.folder, done.undo_id, "undone"))


def test_without_room_for_a_backup_nothing_is_written_and_no_entry_stays(
    ctx: Context, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(histories, "write_private", failing(errno.ENOSPC))
    with pytest.raises(ConflictError, match="cannot keep a backup"):
        apply_use(ctx, plan_use(ctx, "work"))
    assert file.read_text() == THEIRS
    assert ctx.settings.history.ids() == []


def test_a_file_in_the_place_of_the_history_is_said(ctx: Context, file: Path, home: Path) -> None:
    place = Path(ctx.settings.history.folder)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("")
    with pytest.raises(ConflictError, match="cannot keep a backup"):
        apply_use(ctx, plan_use(ctx, "work"))
    assert file.read_text() == THEIRS


def test_an_entry_that_was_begun_and_never_meant_goes_when_it_is_old(home: Path) -> None:
    history = History(str(home / "history"))
    for name in ("0001", "0002", "0003"):
        (home / "history" / name).mkdir(parents=True)
        (home / "history" / name / "before").write_text("{}")
    os.utime(home / "history" / "0001", (0, 0))
    history.prune()
    assert [path.name for path in sorted((home / "history").iterdir())] == ["0002", "0003"]
    assert history.tree_before(None) is None


# ---------------------------------------------------------------- files


def test_the_digest_is_the_same_without_the_interpreters_fast_module() -> None:
    code = (
        "import sys; sys.modules['_sha2'] = sys.modules['_sha256'] = None\n"
        "from ccswitch_tui.textfile import sha256_of; print(sha256_of(b'x'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == sha256_of(b"x")


@needs.not_on_windows("there, what is below a file is said to be absent")
def test_a_place_below_a_file_cannot_be_read(home: Path) -> None:
    (home / "file").write_text("")
    with pytest.raises(ConflictError, match="cannot read"):
        read_bytes(str(home / "file" / "below"))


def test_a_folder_is_called_one_whatever_the_system_calls_the_error(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(textfile, "read_file", failing(errno.EACCES))
    with pytest.raises(ConflictError, match="a folder"):
        read_bytes(str(home))


def test_a_folder_that_another_process_makes_first_will_do_and_a_file_will_not(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "file").write_text("")
    with pytest.raises(FileExistsError):
        make_private_dir(str(home / "file"))
    with pytest.raises(FileNotFoundError):
        make_private_dir("")
    make = os.mkdir

    def late(path: str, mode: int = 0o777) -> None:
        make(path)
        make(path)

    monkeypatch.setattr(os, "mkdir", late)
    make_private_dir(str(home / "new"))
    assert (home / "new").is_dir()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX locks")
@pytest.mark.parametrize(("number", "taken"), [(errno.EAGAIN, False), (errno.ENOLCK, True), (errno.EIO, None)])
def test_a_lock_is_waited_for_done_without_or_told(
    monkeypatch: pytest.MonkeyPatch, number: int, taken: bool | None
) -> None:
    import fcntl

    monkeypatch.setattr(fcntl, "flock", failing(number))
    if taken is None:
        with pytest.raises(OSError, match=os.strerror(number)):
            textfile._try_lock(0)
    else:
        assert textfile._try_lock(0) is taken


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX owners and processes")
def test_a_replaced_file_keeps_its_owner_as_far_as_the_system_lets_us(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    monkeypatch.setattr(os, "fchown", lambda handle, owner, group: given.append((owner, group)))
    (home / "file").write_text("old")
    replace_text(str(home / "file"), b"new", expected_sha256=sha256_of(b"old"))
    assert given == [(os.getuid(), os.getgid())]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX owners and processes")
def test_another_users_process_counts_as_running(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "kill", failing(errno.EPERM))
    assert textfile._runs(1)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX owners and processes")
def test_what_a_running_writer_has_beside_the_file_stays(home: Path) -> None:
    running, ended = home / f".file.{os.getpid():x}.1.tmp", home / ".file.7fffffff.1.tmp"
    for path in (running, ended, home / "other.tmp"):
        path.write_text("")
    textfile._sweep(str(home), "file")
    assert (running.exists(), ended.exists(), (home / "other.tmp").exists()) == (True, False, True)


def test_a_disk_that_knows_no_fsync_will_do_and_a_failing_one_will_not(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", failing(errno.EINVAL if errno.EINVAL in textfile.NO_LOCKS_HERE else errno.ENOSYS))
    replace_text(str(home / "file"), b"new", expected_sha256="")
    monkeypatch.setattr(os, "fsync", failing(errno.EIO))
    with pytest.raises(ConflictError):
        replace_text(str(home / "file"), b"newer", expected_sha256=sha256_of(b"new"))
    assert (home / "file").read_bytes() == b"new"


def test_only_what_is_as_it_was_written_is_removed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = home / "file"
    remove_file(str(file), expected_sha256=sha256_of(b"ours"))
    file.write_bytes(b"theirs")
    with pytest.raises(ConflictError, match="changed"):
        remove_file(str(file), expected_sha256=sha256_of(b"ours"))
    file.chmod(0o400)
    with pytest.raises(ConflictError):
        remove_file(str(file), expected_sha256=sha256_of(b"theirs"))
    file.chmod(0o600)
    monkeypatch.setattr(os, "unlink", failing(errno.EBUSY))
    with pytest.raises(ConflictError, match="cannot remove"):
        remove_file(str(file), expected_sha256=sha256_of(b"theirs"))
    assert file.read_bytes() == b"theirs"


def test_there_is_no_other_scope(ctx: Context) -> None:
    with pytest.raises(UsageError, match="no scope 'nowhere'"):
        ctx.settings.path("nowhere")


# ---------------------------------------------------------------- ended half-way


@pytest.fixture
def ended_at_the_stage(
    ctx: Context, file: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[], object]], None]:
    """Does something, and is ended while running sessions are given time to notice."""

    def end(act: Callable[[], object]) -> None:
        def ended(seconds: float) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(ctx.settings, "listeners", lambda scope: ["one"])
            patch.setattr(ctx.settings, "wait", ended)
            with pytest.raises(KeyboardInterrupt):
                act()
        assert json.loads(file.read_text())["env"]["ANTHROPIC_BASE_URL"] == ""

    return end


def test_what_a_switch_left_empty_half_way_is_known_as_ours(
    ctx: Context, file: Path, ended_at_the_stage: Callable[[Callable[[], object]], None]
) -> None:
    apply_use(ctx, plan_use(ctx, "work"))
    ended_at_the_stage(lambda: apply_use(ctx, plan_use(ctx, "official")))
    assert ctx.settings.ours(ctx.settings.read("user")).written["env.ANTHROPIC_BASE_URL"] == ""
    apply_use(ctx, plan_use(ctx, "official"))
    assert json.loads(file.read_text()) == json.loads(THEIRS)


def test_a_restore_that_was_ended_half_way_is_done_again_to_the_byte(
    ctx: Context, file: Path, ended_at_the_stage: Callable[[Callable[[], object]], None]
) -> None:
    apply_use(ctx, plan_use(ctx, "work"))
    ended_at_the_stage(lambda: restore(ctx))
    restore(ctx)
    assert file.read_text() == THEIRS


def test_a_folder_that_cannot_be_made_is_named(ctx: Context, home: Path) -> None:
    (home / ".claude").write_text("a file")
    with pytest.raises(ConflictError, match=r"cannot make the folder|not a folder|cannot read"):
        apply_use(ctx, plan_use(ctx, "work"))
    assert (home / ".claude").read_text() == "a file"


def test_a_write_that_only_followed_a_rename_is_not_taken_back_alone(ctx: Context, file: Path) -> None:
    done = apply_use(ctx, plan_use(ctx, "work"))
    rename_profile(ctx, "work", "job")
    assert done.undo_id is not None
    ctx.settings.history.drop(done.undo_id)
    after = file.read_text()
    with pytest.raises(UsageError, match="only followed the rename to 'job'"):
        undo(ctx)
    assert file.read_text() == after
