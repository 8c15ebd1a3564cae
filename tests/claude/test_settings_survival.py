"""What happens to the file when everything goes wrong: killed writers, two at once, a full disk, no permission."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from settings_kit import THEIRS, chat_profile, context, native_profile

from ccswitch_tui.errors import ConflictError
from ccswitch_tui.textfile import locked, replace_text, sha256_of
from ccswitch_tui.workflows.undo import history, undo
from ccswitch_tui.workflows.use import apply_use, plan_use

KILLED = """
import os, signal, sys
step, words = int(sys.argv[1]), sys.argv[2:]
from ccswitch_tui.cli.main import main
count = 0
def deadly(name):
    real = getattr(os, name)
    def call(*a, **k):
        global count
        count += 1
        if count == step:
            if name == "write" and len(a[1]) > 1:
                real(a[0], a[1][: len(a[1]) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*a, **k)
    setattr(os, name, call)
for name in ("open", "write", "fsync", "fchmod", "replace", "unlink", "mkdir", "chmod", "close"):
    deadly(name)
sys.exit(main(words))
"""
"""Runs a command, and kills the process before its Nth call that touches the disk (half-way through a write)."""


def run_killed(home: Path, step: int, *words: str) -> int:
    return subprocess.run(
        [sys.executable, "-c", KILLED, str(step), *words],
        env={"HOME": str(home), "PATH": os.defpath, "EXAMPLE_KEY": "sk-example-0001"},
        cwd=home / "project",
        capture_output=True,
        timeout=30,
    ).returncode


@pytest.fixture
def file(home: Path) -> Path:
    context(home, chat_profile("work"), native_profile("native"))
    path = home / ".claude" / "settings.json"
    path.parent.mkdir()
    path.write_bytes(THEIRS.encode())
    return path


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
@pytest.mark.parametrize("command", [("use", "work"), ("undo",)])
def test_a_writer_killed_at_any_instant_leaves_the_old_or_the_new_file(
    home: Path, file: Path, command: tuple[str, ...]
) -> None:
    ctx = context(home, chat_profile("work"), native_profile("native"))
    ctx.proxy.address()
    new = apply_use(ctx, plan_use(ctx, "work")).plan.patch.apply(THEIRS).encode()
    if command[0] == "use":
        undo(ctx)
        shutil.rmtree(ctx.paths.history)
    old = file.read_bytes()
    saved = home.parent / "saved"
    shutil.copytree(home, saved, symlinks=True)
    step, finished = 0, False
    while not finished:
        step += 1
        shutil.rmtree(home)
        shutil.copytree(saved, home, symlinks=True)
        finished = run_killed(home, step, *command) == 0
        now = file.read_bytes()
        assert json.loads(now)["theme"] == "déjà"
        if command[0] == "use":
            assert now == old or b"/p/work" in now, f"step {step}"
        else:
            assert now in (new, old, THEIRS.encode()), f"step {step}"
        fresh = context(home, chat_profile("work"), native_profile("native"))
        apply_use(fresh, plan_use(fresh, "native"))
        while file.read_bytes() != THEIRS.encode():
            undo(fresh)
        assert [p.name for p in file.parent.iterdir()] == ["settings.json"], "what the killed one left was swept"
        assert step < 200
    assert step > 10


def test_two_writers_at_once_leave_a_whole_file(home: Path, file: Path) -> None:
    command = [sys.executable, "-m", "ccswitch_tui", "use"]
    env = {"HOME": str(home), "PATH": os.defpath, "PYTHONPATH": str(Path(__file__).parents[2])}
    ended = []
    for _ in range(3):
        writers = [
            subprocess.Popen([*command, name], env=env, cwd=home / "project", stdout=-3, stderr=-1, text=True)
            for name in ("work", "native", "work", "official")
        ]
        ended += [(process.communicate(timeout=60)[1], process.returncode) for process in writers]
        json.loads(file.read_text())
    assert {code for _, code in ended} <= {0, 6}, ended
    assert 0 in {code for _, code in ended}
    ctx = context(home, chat_profile("work"), native_profile("native"))
    apply_use(ctx, plan_use(ctx, "official"))
    assert file.read_bytes() == THEIRS.encode()


def test_the_second_writer_waits_for_the_first(home: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ctx = context(home, chat_profile("work"))
    plan = plan_use(ctx, "work")
    monkeypatch.setattr("ccswitch_tui.textfile.LOCK_PATIENCE_S", 0.1)
    with locked(str(file), ctx.paths.state_dir), pytest.raises(ConflictError, match="another ccswitch-tui"):
        apply_use(ctx, plan)
    apply_use(ctx, plan)


@contextlib.contextmanager
def tiny_disk(folder: Path, size: str = "16k", options: str = "") -> Iterator[None]:
    folder.mkdir(exist_ok=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}{options}", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("mounting needs a privileged user")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.fixture
def needs_mount() -> None:
    if shutil.which("mount") is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("mounting needs a privileged user")


def test_a_full_disk_leaves_the_old_file(needs_mount: None, home: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with tiny_disk(disk):
        ctx = context(home, chat_profile("work"), CLAUDE_CONFIG_DIR=str(disk))
        (disk / "settings.json").write_bytes(THEIRS.encode())
        with (disk / "ballast").open("wb", buffering=0) as ballast, contextlib.suppress(OSError):
            while True:
                ballast.write(b"x" * 512)
        with pytest.raises(ConflictError, match="no space left") as caught:
            apply_use(ctx, plan_use(ctx, "work"))
        assert "make room" in caught.value.hint
        assert (disk / "settings.json").read_bytes() == THEIRS.encode()
        assert sorted(p.name for p in disk.iterdir()) == ["ballast", "settings.json"]
        assert history(ctx) == []


def test_without_room_for_a_backup_nothing_is_written(needs_mount: None, home: Path, file: Path) -> None:
    ctx = context(home, chat_profile("work"))
    state = Path(ctx.paths.state_dir)
    state.mkdir(parents=True)
    with tiny_disk(state, "8k"):
        (state / "ballast").write_bytes(b"x" * 4096)
        with pytest.raises(ConflictError, match=r"nothing was written"):
            apply_use(ctx, plan_use(ctx, "work"))
        assert file.read_bytes() == THEIRS.encode()


def test_a_read_only_disk_is_named(needs_mount: None, home: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with tiny_disk(disk):
        ctx = context(home, chat_profile("work"), CLAUDE_CONFIG_DIR=str(disk))
        (disk / "settings.json").write_bytes(THEIRS.encode())
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        with pytest.raises(ConflictError, match="read-only"):
            apply_use(ctx, plan_use(ctx, "work"))
        assert (disk / "settings.json").read_bytes() == THEIRS.encode()


UNPRIVILEGED = """
import os, sys
from ccswitch_tui.cli.main import main
home, os.environ["HOME"] = os.environ["HOME"], sys.argv[1]
main(sys.argv[2:])  # once as root, elsewhere: the interpreter's modules may lie in a folder of root's
os.environ["HOME"] = home
os.setgid(65534)
os.setuid(65534)
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="becoming somebody else needs root")
@pytest.mark.parametrize(
    ("file_mode", "folder_mode", "words"),
    [(0o000, 0o755, "permission denied"), (0o444, 0o777, "read-only"), (0o666, 0o555, "permission denied")],
)
def test_missing_permission_is_named_and_nothing_written(
    tmp_path_factory: pytest.TempPathFactory, file_mode: int, folder_mode: int, words: str
) -> None:
    home = tmp_path_factory.mktemp("home")
    for folder in (home, *(above for above in home.parents if above.name.startswith(("pytest-", "popen-")))):
        folder.chmod(0o777)
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    context(elsewhere, chat_profile("work"))
    context(home, chat_profile("work"))
    for path in home.rglob("*"):
        path.chmod(0o777)
    claude = home / ".claude"
    claude.mkdir()
    file = claude / "settings.json"
    file.write_bytes(THEIRS.encode())
    file.chmod(file_mode)
    claude.chmod(folder_mode)
    done = subprocess.run(
        [sys.executable, "-c", UNPRIVILEGED, str(elsewhere), "use", "work"],
        env={"HOME": str(home), "PATH": os.defpath, "PYTHONPATH": str(Path(__file__).parents[2])},
        cwd=home / "project",
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.returncode, file.read_bytes()) == (6, THEIRS.encode()), done.stderr
    assert words in done.stderr
    assert str(file) in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_of_megabytes_is_switched_and_undone(home: Path, file: Path) -> None:
    rows = ",\n".join('  {"a": "%s"}' % ("q" * 60) for _ in range(25_000))
    text = f'{{"rows": [{rows}],\n"env": {{"A": "1"}}}}'.encode()
    file.write_bytes(text)
    ctx = context(home, chat_profile("work"))
    apply_use(ctx, plan_use(ctx, "work"))
    undo(ctx)
    assert file.read_bytes() == text


def test_replacing_refuses_a_file_it_has_not_seen(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("theirs")
    with pytest.raises(ConflictError, match="changed"):
        replace_text(str(path), b"ours", expected_sha256="")
    replace_text(str(path), b"ours", expected_sha256=sha256_of(b"theirs"))
    assert path.read_text() == "ours"


@pytest.mark.skipif(sys.platform != "linux", reason="extended attributes")
def test_attributes_of_the_file_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("theirs")
    try:
        os.setxattr(path, "user.note", b"mine")
    except OSError:
        pytest.skip("this disk keeps no attributes")
    replace_text(str(path), b"ours", expected_sha256=sha256_of(b"theirs"))
    assert os.getxattr(path, "user.note") == b"mine"
