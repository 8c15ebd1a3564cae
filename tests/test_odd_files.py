"""What is not a file is never waited for: pipes, folders and devices in the place of every file we read."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest

import ccswitch_tui
from ccswitch_tui.cli.main import main
from ccswitch_tui.profiles.model import Endpoint, ModelTiers, Profile, SecretRef
from ccswitch_tui.profiles.store import update_profiles
from ccswitch_tui.textfile import NotAFile, read_file
from ccswitch_tui.workflows.context import Context
from ccswitch_tui.workflows.use import apply_use, plan_use

PACKAGE = Path(ccswitch_tui.__file__).parent

COMMANDS = ["list", "current", "why", "show work", "use work --dry-run", "use work", "undo", "history", "restore",
            "edit work --set note=x", "doctor", "adopt --list", "import --list", "env work", "key work --upstream",
            "proxy status", "proxy usage", "proxy logs", "unlock --status", "probe work --quick --json",
            "explain nothing"]  # fmt: skip

OURS = ["profiles.toml", "state/profiles.json", "state/proxy.json", "state/history/0001/meta.json",
        "state/history/0001/before", "state/usage.sqlite3", "state/proxy.log", "state/learned.json", "state/keys.json",
        "state/key-backend.json", "state/reports/work.json", "state/adopted/0001.json", "state/keys.enc",
        "config.toml"]  # fmt: skip
THEIRS = [".claude/settings.json", ".claude/settings.local.json", ".claude/sessions/1.json", ".claude.json", ".bashrc",
          ".zshrc", ".bash_history", ".cc-switch/config.json", ".cc-switch/cc-switch.db", ".config/litellm/config.yaml",
          ".claude-code-router/config.json", ".aider.conf.yml", ".env", ".git",
          ".config/python_keyring/keyringrc.cfg"]  # fmt: skip


@pytest.fixture
def ctx(home: Path) -> Context:
    env = {"HOME": str(home), "CCSWITCH_HOME": str(home / "ours"), "PATH": os.defpath, "WORK_KEY": "sk-example-0001",
           "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}  # fmt: skip
    ctx = Context(env, cwd=str(home))
    work = Profile("work", Endpoint("http://127.0.0.1:9/v1", "openai-chat"), key=SecretRef("env", "WORK_KEY"),
                   models=ModelTiers(default="m"))  # fmt: skip
    update_profiles(ctx.paths, {"work": work})
    apply_use(ctx, plan_use(ctx, "work"))
    return ctx


def put(kind: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    make = {"pipe": os.mkfifo, "device": lambda p: p.symlink_to("/dev/zero"), "folder": os.mkdir}
    make[kind](path)


@pytest.mark.timeout(60)
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
@pytest.mark.parametrize("name", [*(f"ours/{name}" for name in OURS), *THEIRS])
def test_no_command_waits_for_what_is_not_a_file(
    ctx: Context, home: Path, capsys: pytest.CaptureFixture[str], name: str, kind: str
) -> None:
    if not (home / name).is_dir():
        put(kind, home / name)
    for command in COMMANDS:
        code = main(command.split(), Context(ctx.env, cwd=str(home)))
        said = capsys.readouterr()
        assert code in range(7), command
        assert "a bug in ccswitch-tui" not in said.err, (command, said.err)


def test_a_regular_file_is_read_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"twelve bytes")
    assert read_file(str(file)) == b"twelve bytes"
    assert read_file(str(file), 6, head=True) == b"twelve"
    with pytest.raises(OSError, match="larger than 6"):
        read_file(str(file), 6)
    with pytest.raises(FileNotFoundError):
        read_file(str(tmp_path / "none"))
    for odd in (str(tmp_path), os.devnull, "/dev/zero"):
        if os.path.exists(odd):
            with pytest.raises((NotAFile, PermissionError)):
                read_file(odd)


MAY_OPEN = {
    "textfile.py": "the door",
    "cli/endpoint_options.py": "the user names what is pasted, a pipe of the shell's too; it is read up to a limit",
    "cli/edit.py": "our own temporary file, after the editor",
    "tui/editor.py": "our own temporary file, after the editor",
    "claude/sessions.py": "/proc",
    "proxy/background/loopback.py": "/proc, and our own lock",
    "proxy/memory.py": "/proc",
    "tui/i18n/__init__.py": "the package's own data",
    "tui/screens/help.py": "the package's own data",
    "profiles/presets.py": "the package's own data",
    "balance/routes.py": "the package's own data",
    "findings.py": "the package's own data",
    "language.py": "the package's own data",
    "proxy/background/guarded.py": "the package's own version, which an upgrade replaces",
}
"""Who opens files to read without textfile.read_file(), and why."""


def reads_in(source: str) -> list[int]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open":
            mode = node.args[1] if len(node.args) > 1 else None
            if not (isinstance(mode, ast.Constant) and str(mode.value)[0] in "wxa"):
                found.append(node.lineno)
        method = node.func if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else None
        if method is not None and method.attr in ("read_text", "read_bytes") and "files(" not in ast.unparse(method):
            found.append(method.lineno)
    return found


def test_files_are_read_through_one_door() -> None:
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        lines = reads_in(path.read_text(encoding="utf-8"))
        if lines and name not in MAY_OPEN:
            found[name] = lines
    assert not found


@pytest.mark.parametrize(
    "url", ["http://[1]/v1", "http://[::1/v1", "http://host:99999/v1", "http:///v1", "http://a b/", "x"]
)
def test_an_address_that_cannot_be_one_is_named_and_no_mistake_of_ours(
    ctx: Context, capsys: pytest.CaptureFixture[str], url: str
) -> None:
    path = Path(ctx.paths.profiles)
    path.write_text(path.read_text().replace("http://127.0.0.1:9/v1", url))
    for command in COMMANDS:
        assert main(command.split(), Context(ctx.env, cwd=ctx.cwd)) in range(7), command
        assert "a bug in ccswitch-tui" not in capsys.readouterr().err, command


@pytest.mark.parametrize("command", ["key work", "proxy start", "use work", "add x --preset deepseek --key env:K"])
def test_a_state_folder_nobody_can_write_is_said(
    ctx: Context, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    import errno

    real, flags_of_writers = os.open, os.O_CREAT | os.O_WRONLY | os.O_RDWR

    def refusing(path: str, flags: int, *args: int, **words: int) -> int:
        if flags & flags_of_writers and str(path).startswith(ctx.paths.config_dir):
            raise OSError(errno.EROFS, "Read-only file system", path)
        return real(path, flags, *args, **words)

    Path(ctx.paths.user_settings).write_text("{}")
    monkeypatch.setattr(os, "open", refusing)
    assert main(command.split(), Context(ctx.env, cwd=ctx.cwd)) in range(1, 7)
    said = capsys.readouterr().err
    assert "a bug in ccswitch-tui" not in said
    assert "read-only file system" in said and "hint: " in said
