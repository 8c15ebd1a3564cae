"""Writing settings files and taking writes back, on a real disk."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from settings_kit import LAW, THEIRS, chat_profile, context, native_profile, settings_texts

from ccswitch_tui.claude.files import SettingsFiles
from ccswitch_tui.claude.places import local_root
from ccswitch_tui.errors import ConflictError, UsageError
from ccswitch_tui.here import make_writable
from ccswitch_tui.textfile import sha256_of
from ccswitch_tui.workflows.context import Context
from ccswitch_tui.workflows.current import current, in_use
from ccswitch_tui.workflows.undo import history, restore, undo
from ccswitch_tui.workflows.use import apply_use, plan_use
from kit import needs


@pytest.fixture
def ctx(home: Path) -> Context:
    return context(home, chat_profile("work"), chat_profile("other", max_output=4096), native_profile("native"))


@pytest.fixture
def file(home: Path) -> Path:
    path = home / ".claude" / "settings.json"
    path.parent.mkdir()
    path.write_bytes(THEIRS.encode())
    return path


def use(ctx: Context, name: str, scope: str = "user") -> str | None:
    return apply_use(ctx, plan_use(ctx, name, scope)).undo_id


def test_undo_restores_the_exact_bytes(ctx: Context, file: Path) -> None:
    use(ctx, "work")
    assert file.read_bytes() != THEIRS.encode()
    assert undo(ctx).exact
    assert file.read_bytes() == THEIRS.encode()


@LAW
@given(data=st.data())
def test_any_sequence_of_switches_is_undone_step_by_step(tmp_path_factory: Any, data: st.DataObject) -> None:
    home = tmp_path_factory.mktemp("home")
    ctx = context(home, chat_profile("work"), chat_profile("other", max_output=4096), native_profile("native"))
    file = home / ".claude" / "settings.json"
    file.parent.mkdir()
    file.write_bytes(data.draw(settings_texts()).encode())
    states = [file.read_bytes()]
    for name in data.draw(st.lists(st.sampled_from(["work", "other", "native", "official"]), max_size=5)):
        if use(ctx, name) is not None:
            states.append(file.read_bytes())
    while len(states) > 1:
        assert file.read_bytes() == states.pop()
        undo(ctx)
    assert file.read_bytes() == states[0]
    with pytest.raises(UsageError, match="nothing to undo"):
        undo(ctx)


def test_a_file_and_folder_we_made_disappear_again(ctx: Context, home: Path) -> None:
    use(ctx, "work")
    assert needs.is_private(home / ".claude" / "settings.json")
    undo(ctx)
    assert not (home / ".claude").exists()


def test_a_folder_we_made_stays_when_others_put_something_in(ctx: Context, home: Path) -> None:
    use(ctx, "work")
    (home / ".claude" / "theirs").touch()
    undo(ctx)
    assert [p.name for p in (home / ".claude").iterdir()] == ["theirs"]


def test_a_b_official_leaves_the_file_as_it_was(ctx: Context, file: Path) -> None:
    for name in ("work", "native", "official"):
        use(ctx, name)
    assert file.read_bytes() == THEIRS.encode()


def test_writing_the_same_again_makes_no_entry(ctx: Context, file: Path) -> None:
    use(ctx, "work")
    assert use(ctx, "work") is None
    assert len(history(ctx)) == 1


def test_undo_keeps_what_others_wrote_since(ctx: Context, file: Path) -> None:
    use(ctx, "work")
    tree = json.loads(file.read_text())
    tree["hooks"] = {"Stop": []}
    file.write_text(json.dumps(tree, indent=2))
    undone = undo(ctx)
    assert not undone.exact
    assert json.loads(file.read_text()) == {**json.loads(THEIRS), "hooks": {"Stop": []}}


def test_undo_keeps_a_model_claude_code_saved_since_out(ctx: Context, file: Path) -> None:
    use(ctx, "work")
    tree = json.loads(file.read_text())
    file.write_text(json.dumps({**tree, "model": "work-large"}, indent=2))
    use(ctx, "official")
    assert "model" not in json.loads(file.read_text())


def test_undo_refuses_when_a_key_of_ours_was_changed_by_hand(ctx: Context, file: Path) -> None:
    use(ctx, "work")
    changed = file.read_text().replace("/p/work", "/p/elsewhere")
    file.write_text(changed)
    with pytest.raises(ConflictError, match="ANTHROPIC_BASE_URL") as caught:
        undo(ctx)
    assert "use official" in caught.value.hint
    assert file.read_text() == changed


def test_a_file_made_read_only_is_left_alone_whoever_asks(ctx: Context, file: Path) -> None:
    use(ctx, "work")
    written = file.read_bytes()
    file.chmod(0o444)
    for change in (lambda: use(ctx, "other"), lambda: undo(ctx), lambda: restore(ctx)):
        with pytest.raises(ConflictError, match="is read-only: nothing was written") as refused:
            change()
        assert make_writable(str(file)) in refused.value.hint
    assert file.read_bytes() == written
    assert len(history(ctx)) == 1


def test_undo_passes_over_a_file_that_is_gone(ctx: Context, file: Path) -> None:
    use(ctx, "work")
    use(ctx, "other", "local")
    Path(ctx.settings.path("local")).unlink()
    assert undo(ctx).write.scope == "user"
    assert file.read_bytes() == THEIRS.encode()


def test_a_plan_is_refused_when_the_file_changed_since(ctx: Context, file: Path) -> None:
    plan = plan_use(ctx, "work")
    file.write_text('{"theme": "light"}')
    with pytest.raises(ConflictError, match="changed since it was read"):
        apply_use(ctx, plan)
    assert file.read_text() == '{"theme": "light"}'
    assert history(ctx) == []


def test_restore_goes_back_to_before_the_first_write(ctx: Context, file: Path) -> None:
    for name in ("work", "other", "official", "native"):
        use(ctx, name)
    assert [one.exact for one in restore(ctx)] == [True]
    assert file.read_bytes() == THEIRS.encode()
    assert restore(ctx) == []


def test_restore_brings_a_relay_back_and_keeps_what_others_wrote(ctx: Context, file: Path) -> None:
    before = {"env": {"ANTHROPIC_BASE_URL": "https://relay.example", "ANTHROPIC_AUTH_TOKEN": "sk-example-relay"}}
    file.write_text(json.dumps(before, indent=2))
    use(ctx, "work")
    tree = json.loads(file.read_text())
    file.write_text(json.dumps({**tree, "hooks": {}}, indent=2))
    use(ctx, "other")
    assert not restore(ctx)[0].exact
    assert json.loads(file.read_text()) == {**before, "hooks": {}}


def test_restore_can_be_undone(ctx: Context, file: Path) -> None:
    use(ctx, "work")
    used = file.read_bytes()
    restore(ctx)
    undo(ctx)
    assert file.read_bytes() == used


def test_restore_covers_every_scope(ctx: Context, home: Path, file: Path) -> None:
    for scope in ("user", "project", "local"):
        use(ctx, "work", scope)
    assert len(restore(ctx)) == 3
    assert file.read_bytes() == THEIRS.encode()
    assert not (home / "project" / ".claude").exists()


def test_the_profile_before_is_found_again_and_again(ctx: Context, file: Path) -> None:
    use(ctx, "work")
    use(ctx, "other")
    for expected in ("work", "other", "work"):
        assert plan_use(ctx, "-").profile == expected
        use(ctx, "-")
        assert in_use(ctx) == {expected: ("user",)}


def test_the_profile_before_the_first_is_the_vendors(ctx: Context, file: Path) -> None:
    use(ctx, "work")
    use(ctx, "-")
    assert file.read_bytes() == THEIRS.encode()


def test_going_back_without_a_history_is_said(ctx: Context, file: Path) -> None:
    with pytest.raises(UsageError, match="no profile before"):
        plan_use(ctx, "-")


@needs.links
def test_a_link_stays_a_link_and_its_target_is_written(ctx: Context, home: Path, file: Path) -> None:
    target = home / "dotfiles" / "claude.json"
    target.parent.mkdir()
    file.rename(target)
    file.symlink_to(target)
    use(ctx, "work")
    assert file.is_symlink()
    assert in_use(ctx) == {"work": ("user",)}
    undo(ctx)
    assert file.is_symlink()
    assert target.read_bytes() == THEIRS.encode()


@needs.links
def test_a_link_to_nowhere_is_filled_and_emptied_again(ctx: Context, home: Path) -> None:
    (home / ".claude").mkdir()
    (home / ".claude" / "settings.json").symlink_to(home / "dotfiles" / "claude.json")
    use(ctx, "work")
    assert (home / "dotfiles" / "claude.json").is_file()
    undo(ctx)
    assert (home / ".claude" / "settings.json").is_symlink()
    assert not (home / "dotfiles" / "claude.json").exists()


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o666])
@needs.modes
def test_the_mode_of_the_file_is_kept(ctx: Context, file: Path, mode: int) -> None:
    file.chmod(mode)
    use(ctx, "work")
    assert stat.S_IMODE(file.stat().st_mode) == mode
    undo(ctx)
    assert stat.S_IMODE(file.stat().st_mode) == mode


@needs.modes
def test_what_we_keep_is_private_whatever_the_umask(ctx: Context, file: Path) -> None:
    before = os.umask(0)
    try:
        use(ctx, "work")
        undo(ctx)
    finally:
        os.umask(before)
    kept = [p for p in Path(ctx.paths.state_dir).rglob("*") if p.name != "proxy.json"]
    assert kept
    for path in kept:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_claude_config_dir_moves_the_file(home: Path) -> None:
    elsewhere = home / "elsewhere"
    ctx = context(home, chat_profile(), CLAUDE_CONFIG_DIR=str(elsewhere))
    use(ctx, "work")
    assert (elsewhere / "settings.json").is_file()
    assert not (home / ".claude").exists()


def test_a_project_holds_no_secret_and_no_path_of_the_users(ctx: Context, home: Path) -> None:
    use(ctx, "work", "project")
    text = (home / "project" / ".claude" / "settings.json").read_text()
    assert json.loads(text)["apiKeyHelper"] == "ccswitch-tui key work"
    assert str(home) not in text
    assert "sk-example" not in text


@needs.modes
def test_the_shared_file_has_the_mode_a_repository_wants(ctx: Context, home: Path) -> None:
    before = os.umask(0o022)
    try:
        use(ctx, "work", "project")
    finally:
        os.umask(before)
    assert stat.S_IMODE((home / "project" / ".claude" / "settings.json").stat().st_mode) == 0o644


def test_the_personal_file_lies_at_the_root_of_the_repository(home: Path) -> None:
    repository = home / "repository"
    (repository / ".git").mkdir(parents=True)
    (repository / "deep" / "er").mkdir(parents=True)
    assert local_root(str(repository / "deep" / "er"), str(home)) == str(repository)
    worktree = home / "worktree"
    worktree.mkdir()
    (worktree / ".git").write_text(f"gitdir: {repository}/.git/worktrees/worktree\n")
    assert local_root(str(worktree), str(home)) == str(repository)
    (home / ".git").mkdir()
    (home / "plain").mkdir()
    assert local_root(str(home / "plain"), str(home)) == str(home / "plain")


def test_in_the_home_folder_the_users_file_is_not_taken_for_a_projects(home: Path) -> None:
    ctx = context(home, chat_profile(), cwd=home)
    use(ctx, "work")
    assert in_use(ctx) == {"work": ("user",)}


BROKEN = {
    "a comment": ('{\n  // mine\n  "a": 1\n}', "line 2, column 3"),
    "a trailing comma": ('{"a": 1,}', "line 1, column 8"),
    "a key twice": ('{"env": {"A": "1",\n "A": "2"}}', "line 2, column 2"),
    "an array": ("[1]", "line 1, column 1"),
    "no text": (b'{"a": "\xff"}', "line 1, column 8"),
    "an env that is a list": ('{"env": ["A=1"]}', '"env" is not an object'),
    "half a file": ('{"a": 1', "line 1, column 8"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_file_that_cannot_be_read_is_left_alone_and_the_place_named(ctx: Context, file: Path, what: str) -> None:
    text, place = BROKEN[what]
    raw = text if isinstance(text, bytes) else str(text).encode()
    file.write_bytes(raw)
    with pytest.raises(ConflictError) as caught:
        use(ctx, "work")
    assert place in caught.value.message
    assert file.read_bytes() == raw
    assert history(ctx) == []


def test_a_commented_file_is_offered_mended_and_undo_brings_the_comments_back(ctx: Context, file: Path) -> None:
    text = '{\n  // mine\n  "theme": "dark",\n}\n'
    file.write_text(text)
    with pytest.raises(ConflictError) as caught:
        plan_use(ctx, "work")
    assert "--repair" in caught.value.hint
    plan = plan_use(ctx, "work", mend=True)
    assert plan.mended
    apply_use(ctx, plan)
    assert json.loads(file.read_text())["theme"] == "dark"
    undo(ctx)
    assert file.read_text() == text


def test_a_folder_in_the_files_place_is_named(ctx: Context, file: Path) -> None:
    file.unlink()
    file.mkdir()
    with pytest.raises(ConflictError, match="is a folder"):
        use(ctx, "work")


@needs.links
def test_a_device_in_the_files_place_is_never_replaced(ctx: Context, file: Path) -> None:
    file.unlink()
    file.symlink_to("/dev/null")
    with pytest.raises(ConflictError, match="device or pipe"):
        use(ctx, "work")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


@needs.pipes
def test_a_pipe_in_the_files_place_does_not_hang_us(ctx: Context, file: Path) -> None:
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(ConflictError, match="device or pipe"):
        use(ctx, "work")


DAMAGES = {
    "gone": lambda path: path.unlink(),
    "emptied": lambda path: path.write_bytes(b""),
    "another file's": lambda path: path.write_text('{"env": {"ANTHROPIC_BASE_URL": "https://else.example"}}'),
    "half": lambda path: path.write_bytes(path.read_bytes()[:20]),
    "garbage": lambda path: path.write_bytes(b"\0\xff garbage"),
    "a pipe": lambda path: (path.unlink(), os.mkfifo(path)),
}


@pytest.mark.parametrize("others_wrote", (False, True))
@pytest.mark.parametrize(
    "damage", [pytest.param(name, marks=needs.pipes) if name == "a pipe" else name for name in DAMAGES]
)
@pytest.mark.parametrize("back", (undo, restore))
def test_a_damaged_backup_is_never_written_back(
    ctx: Context, file: Path, back: Any, damage: str, others_wrote: bool
) -> None:
    use(ctx, "work")
    if others_wrote:
        file.write_text(json.dumps({**json.loads(file.read_text()), "theme": "light"}))
    used = file.read_bytes()
    DAMAGES[damage](Path(ctx.paths.history) / "0001" / "before")
    with pytest.raises(ConflictError, match="damaged: nothing was written"):
        back(ctx)
    assert file.read_bytes() == used
    assert [write.id for write in history(ctx)] == ["0001"]


def test_restore_writes_no_file_when_the_backup_of_one_is_damaged(ctx: Context, file: Path) -> None:
    use(ctx, "work")
    use(ctx, "work", "local")
    used = file.read_bytes()
    (Path(ctx.paths.history) / "0001" / "before").write_text("{}")
    with pytest.raises(ConflictError, match="damaged: nothing was written"):
        restore(ctx)
    assert file.read_bytes() == used
    assert Path(ctx.settings.path("local")).exists()


def test_restore_does_not_take_a_later_state_for_the_first_one(ctx: Context, file: Path) -> None:
    use(ctx, "work")
    use(ctx, "other")
    used = file.read_bytes()
    (Path(ctx.paths.history) / "0001" / "meta.json").write_text("{")
    with pytest.raises(ConflictError, match="damaged: nothing was written"):
        restore(ctx)
    assert file.read_bytes() == used


def test_displaced_values_are_not_taken_from_a_damaged_backup(ctx: Context, file: Path) -> None:
    use(ctx, "work")
    (Path(ctx.paths.history) / "0001" / "before").write_text('{"env": {"ANTHROPIC_BASE_URL": "https://else.example"}}')
    use(ctx, "official")
    assert "else.example" not in file.read_text()


def test_without_its_history_a_file_of_ours_can_still_be_left(ctx: Context, file: Path) -> None:
    import shutil

    use(ctx, "work")
    shutil.rmtree(ctx.paths.history)
    use(ctx, "official")
    assert json.loads(file.read_text()) == json.loads(THEIRS)


def test_an_entry_that_was_cut_off_is_passed_over(ctx: Context, file: Path) -> None:
    use(ctx, "work")
    cut = Path(ctx.paths.history) / "0002"
    cut.mkdir()
    (cut / "meta.json").write_text('{"version": 1, "id": "00')
    assert [write.id for write in history(ctx)] == ["0001"]
    use(ctx, "other")
    assert [write.id for write in history(ctx)] == ["0003", "0001"]


def test_a_file_changed_back_by_hand_has_nothing_to_undo(ctx: Context, file: Path) -> None:
    use(ctx, "work")
    file.write_bytes(THEIRS.encode())
    with pytest.raises(UsageError, match="nothing to undo"):
        undo(ctx)


def test_the_history_lets_old_entries_go_but_not_the_first_state(
    ctx: Context, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ccswitch_tui.claude.history.KEPT", 3)
    for _ in range(6):
        use(ctx, "work")
        use(ctx, "other")
    assert len(history(ctx)) <= 8
    restore(ctx)
    assert json.loads(file.read_text()) == json.loads(THEIRS)


# ---------------------------------------------------------------- links in a repository


@pytest.mark.parametrize("scope", ["project", "local"])
@pytest.mark.parametrize("link", ["file", "folder", "chain"])
@needs.links
def test_a_link_that_leaves_the_repository_is_named_and_not_written_through(
    ctx: Context, home: Path, scope: str, link: str
) -> None:
    project, outside = home / "project", home / "elsewhere"
    (project / ".git").mkdir()
    outside.mkdir()
    name = "settings.json" if scope == "project" else "settings.local.json"
    target = outside / name
    target.write_text('{"auths": {}}')
    if link == "folder":
        (project / ".claude").symlink_to(outside)
    else:
        (project / ".claude").mkdir()
        if link == "chain":
            (project / "inner").symlink_to(target)
        (project / ".claude" / name).symlink_to(project / "inner" if link == "chain" else target)
    with pytest.raises(ConflictError, match="elsewhere") as refused:
        plan_use(ctx, "work", scope)
    assert "outside " in refused.value.message
    assert target.read_text() == '{"auths": {}}'


@needs.links
def test_a_link_that_appears_after_the_plan_is_not_written_through(ctx: Context, home: Path) -> None:
    project, target = home / "project", home / "target.json"
    (project / ".git").mkdir()
    plan = plan_use(ctx, "work", "local")
    (project / ".claude").mkdir()
    (project / ".claude" / "settings.local.json").symlink_to(target)
    with pytest.raises(ConflictError, match=r"target\.json"):
        apply_use(ctx, plan)
    assert not target.exists()


@needs.links
def test_a_link_within_the_repository_is_followed(ctx: Context, home: Path) -> None:
    project = home / "project"
    (project / ".git").mkdir()
    (project / ".claude").mkdir()
    (project / "kept.json").write_text("{}")
    (project / ".claude" / "settings.local.json").symlink_to(project / "kept.json")
    use(ctx, "work", "local")
    assert "ANTHROPIC_BASE_URL" in (project / "kept.json").read_text()


@needs.links
def test_a_link_is_made_after_the_write_and_undo_does_not_follow_it(ctx: Context, home: Path) -> None:
    project, target = home / "project", home / "target.json"
    (project / ".git").mkdir()
    use(ctx, "work", "local")
    path = project / ".claude" / "settings.local.json"
    target.write_bytes(path.read_bytes())
    path.unlink()
    path.symlink_to(target)
    with pytest.raises(ConflictError, match=r"target\.json"):
        undo(ctx)


# ---------------------------------------------------------------- running sessions


def pretend_session(ctx: Context, cwd: str) -> None:
    """A session file of this very process, in the form Claude Code keeps."""
    folder = Path(ctx.paths.claude_dir) / "sessions"
    folder.mkdir(parents=True, exist_ok=True)
    started = ""  # the process that has the number is taken for it
    if sys.platform == "linux":
        started = Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]
    state = {"pid": os.getpid(), "cwd": cwd, "procStart": started, "entrypoint": "cli"}
    (folder / f"{os.getpid()}.json").write_text(json.dumps(state))


def test_running_sessions_are_cleared_before_a_variable_is_removed(ctx: Context, file: Path) -> None:
    seen: list[Any] = []
    pretend_session(ctx, ctx.cwd)
    ctx.settings = SettingsFiles(  # type: ignore[misc]
        ctx.paths, ctx.env, ctx.cwd, wait=lambda seconds: seen.append((seconds, json.loads(file.read_text())))
    )
    use(ctx, "work")
    assert seen == [], "switching removes nothing, so nobody waits"
    use(ctx, "official")
    [(seconds, stage)] = seen
    assert seconds == 2.0
    assert stage["env"]["ANTHROPIC_BASE_URL"] == ""
    assert "apiKeyHelper" not in stage
    assert file.read_bytes() == THEIRS.encode()


def test_undo_clears_running_sessions_too(ctx: Context, file: Path) -> None:
    stages: list[Any] = []
    ctx.settings = SettingsFiles(  # type: ignore[misc]
        ctx.paths, ctx.env, ctx.cwd, wait=lambda _: stages.append(json.loads(file.read_text())["env"])
    )
    use(ctx, "work")
    pretend_session(ctx, ctx.cwd)
    undo(ctx)
    assert [env["ANTHROPIC_BASE_URL"] for env in stages] == [""]
    assert file.read_bytes() == THEIRS.encode()


def test_a_write_stopped_while_sessions_are_cleared_can_be_undone(ctx: Context, file: Path) -> None:
    def stop(_: float) -> None:
        raise KeyboardInterrupt

    use(ctx, "work")
    used = file.read_bytes()
    pretend_session(ctx, ctx.cwd)
    ctx.settings = SettingsFiles(ctx.paths, ctx.env, ctx.cwd, wait=stop)  # type: ignore[misc]
    with pytest.raises(KeyboardInterrupt):
        use(ctx, "official")
    assert json.loads(file.read_text())["env"]["ANTHROPIC_BASE_URL"] == ""
    ctx.settings = SettingsFiles(ctx.paths, ctx.env, ctx.cwd, wait=lambda _: None)  # type: ignore[misc]
    assert undo(ctx).exact
    assert file.read_bytes() == used


def test_sessions_elsewhere_do_not_hold_a_projects_file_up(ctx: Context, home: Path) -> None:
    pretend_session(ctx, str(home))
    assert len(ctx.settings.listeners("user")) == 1
    assert ctx.settings.listeners("local") == []


@needs.not_on_windows("procStart is a number of Linux")
def test_a_session_file_of_a_process_that_is_gone_counts_for_nothing(ctx: Context) -> None:
    pretend_session(ctx, ctx.cwd)
    path = next(Path(ctx.paths.claude_dir, "sessions").glob("*.json"))
    path.write_text(json.dumps({**json.loads(path.read_text()), "procStart": "1"}))
    assert ctx.settings.listeners("user") == []


def test_the_advice_tells_who_follows(ctx: Context, file: Path) -> None:
    pretend_session(ctx, ctx.cwd)
    assert "1 running session follows" in plan_use(ctx, "work").advice[0]


def test_the_state_of_things_is_told_with_its_time(ctx: Context, file: Path) -> None:
    use(ctx, "work")
    now = current(ctx)
    assert now.profile == "work"
    assert now.scopes["user"].since == history(ctx)[0].at
    assert now.drift == ()
    assert sha256_of(file.read_bytes()) == history(ctx)[0].after_sha256
