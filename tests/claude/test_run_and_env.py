"""`run` and `env`: a profile for one process or one terminal."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from settings_kit import chat_profile, context, native_profile

from ccswitch_tui.claude.launch import child_env, helper_command, own_command, quoted
from ccswitch_tui.cli.main import main
from ccswitch_tui.workflows.run import EnvLine, env_lines, prepare_run, shell_text
from kit import needs

KEY = "sk-example-0001-of-the-endpoint"


@pytest.fixture
def env(home: Path) -> dict[str, str]:
    keyless = native_profile("keyless", key=chat_profile().key._replace(kind="none", name=""))
    context(home, chat_profile("work"), native_profile("native"), keyless)
    return {
        "HOME": str(home), "PATH": f"{home / 'bin'}:/usr/bin:/bin", "EXAMPLE_KEY": KEY, "LANG": "C.UTF-8",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "ANTHROPIC_API_KEY": "sk-example-rival", "CLAUDE_CODE_USE_BEDROCK": "1", "ANTHROPIC_MODEL": "rival",
    }  # fmt: skip


def run(env: dict[str, str], *words: str, **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ccswitch_tui", *words], env=env, cwd=Path(env["HOME"]) / "project",
        capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def fake_claude(home: Path) -> None:
    """A program called claude that tells how it was called."""
    (home / "bin").mkdir()
    program = home / "bin" / "claude"
    program.write_text(
        '#!/bin/sh\nprintf "%s\\n" "$@"\nfor a; do test "$p" = --settings && { cat "$a"; ls -l "$a"; }; p=$a; done\n'
        'env | grep -c "^ANTHROPIC_API_KEY\\|^CLAUDE_CODE_USE" >&2\nexit 3\n'
    )
    program.chmod(0o755)


@needs.shell
def test_the_exit_code_is_the_commands(env: dict[str, str]) -> None:
    assert run(env, "run", "work", "--", "sh", "-c", "exit 7").returncode == 7
    assert run(env, "run", "native", "--", "sh", "-c", "kill -TERM $$").returncode == 128 + 15


@needs.shell
def test_nothing_is_written_and_nothing_stays(env: dict[str, str], home: Path) -> None:
    before = sorted(str(p) for p in home.rglob("*"))
    tmp = home.parent / "tmp"
    tmp.mkdir()
    run({**env, "TMPDIR": str(tmp)}, "run", "work", "--", "true")
    assert not (home / ".claude").exists()
    assert list(tmp.iterdir()) == []
    new = {p for p in map(str, home.rglob("*")) if p not in before}
    assert all("/.local/state/ccswitch-tui" in p or p.endswith(("/.local", "/state")) for p in new), new


@needs.shell
def test_rivals_are_unset_and_ours_are_set(env: dict[str, str]) -> None:
    lines = run(env, "run", "work", "--", "env").stdout.splitlines()
    seen = dict(line.partition("=")[::2] for line in lines)
    assert seen["ANTHROPIC_BASE_URL"].startswith("http://127.0.0.1:")
    assert seen["ANTHROPIC_AUTH_TOKEN"].startswith("ccst-")
    assert seen["ANTHROPIC_MODEL"] == "sonnet"
    assert seen["CCSWITCH_PROFILE"] == "work"
    assert not {"ANTHROPIC_API_KEY", "CLAUDE_CODE_USE_BEDROCK"} & set(seen)


@needs.shell
def test_the_endpoints_key_does_not_reach_the_child_of_a_proxy(env: dict[str, str]) -> None:
    del env["EXAMPLE_KEY"]
    shown = run({**env, "EXAMPLE_KEY": KEY}, "run", "work", "--", "sh", "-c", "env -u EXAMPLE_KEY env").stdout
    assert KEY not in shown


@needs.shell
def test_claude_gets_settings_that_beat_all_files_and_no_key_among_its_words(env: dict[str, str], home: Path) -> None:
    fake_claude(home)
    done = run(env, "run", "work", "--", "claude", "-p", "hello")
    words, _, rest = done.stdout.partition("{")
    assert done.returncode == 3
    assert words.split("\n")[0] == "--settings"
    assert words.split("\n")[2:4] == ["-p", "hello"]
    assert "ccst-" not in words
    text, _, listing = rest.rpartition("}")
    settings = json.loads("{" + text + "}")
    assert settings["apiKeyHelper"] == ""
    assert settings["env"]["ANTHROPIC_BASE_URL"].endswith("/p/work")
    assert settings["env"]["CLAUDE_CODE_USE_BEDROCK"] == ""
    assert KEY not in text
    assert listing.strip().startswith("-rw-------")
    assert done.stderr.strip().endswith("0")


@needs.shell
def test_a_script_that_starts_claude_by_name_gets_them_too(env: dict[str, str], home: Path) -> None:
    fake_claude(home)
    done = run(env, "run", "work", "--", "sh", "-c", "claude -p nested")
    assert done.stdout.startswith("--settings\n")
    assert "nested" in done.stdout


@needs.shell
def test_settings_the_user_gives_are_merged_under_ours(env: dict[str, str], home: Path) -> None:
    fake_claude(home)
    mine = '{"hooks": {"Stop": []}, "env": {"MINE": "1", "ANTHROPIC_BASE_URL": "https://mine.example"}}'
    done = run(env, "run", "work", "--", "claude", "--settings", mine, "-p", "x")
    settings = json.loads("{" + done.stdout.partition("{")[2].rpartition("}")[0] + "}")
    assert settings["hooks"] == {"Stop": []}
    assert settings["env"]["MINE"] == "1"
    assert settings["env"]["ANTHROPIC_BASE_URL"].endswith("/p/work")
    assert done.stdout.count("--settings") == 1


@needs.shell
def test_a_direct_profile_asks_the_helper(env: dict[str, str], home: Path) -> None:
    fake_claude(home)
    done = run(env, "run", "native", "--", "claude")
    settings = json.loads("{" + done.stdout.partition("{")[2].rpartition("}")[0] + "}")
    assert settings["apiKeyHelper"].endswith(" key native --over-project")
    assert settings["env"]["ANTHROPIC_BASE_URL"] == "https://native.example/anthropic"
    assert KEY not in done.stdout


@needs.shell
def test_a_missing_key_is_said_before_anything_starts(env: dict[str, str]) -> None:
    del env["EXAMPLE_KEY"]
    done = run(env, "run", "work", "--", "echo", "started")
    assert done.returncode == 5
    assert "started" not in done.stdout


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["work", "--", "no-such-program-here"], "there is no program"),
        (["work", "claude", "-p"], "is not an option of run"),
        (["--verbose", "--", "true"], "--verbose"),
        (["nobody", "--", "true"], "no profile 'nobody'"),
        (["--", "true"], "which profile?"),
    ],
)
def test_words_that_make_no_sense_are_refused(env: dict[str, str], words: list[str], hint: str) -> None:
    done = run(env, "run", *words)
    assert done.returncode == 2
    assert hint in done.stderr


@needs.shell
def test_without_a_name_the_profile_in_use_is_meant(env: dict[str, str]) -> None:
    run(env, "use", "work")
    assert "CCSWITCH_PROFILE=work" in run(env, "run", "--", "env").stdout


@needs.signals
def test_a_signal_for_us_reaches_the_child(env: dict[str, str], tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    script = f"trap 'echo caught; exit 9' TERM; touch {ready}; while :; do sleep 0.05; done"
    child = subprocess.Popen(
        [sys.executable, "-m", "ccswitch_tui", "run", "native", "--", "sh", "-c", script],
        env=env, stdout=subprocess.PIPE, text=True, cwd=tmp_path,
    )  # fmt: skip
    deadline = time.monotonic() + 20
    while not ready.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    child.send_signal(signal.SIGTERM)
    out, _ = child.communicate(timeout=20)
    assert (child.returncode, out) == (9, "caught\n")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
def test_a_signal_that_comes_while_the_child_starts_reaches_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from ccswitch_tui.claude import child

    class Signalled(subprocess.Popen[bytes]):
        def __init__(self, *args: Any, **given: Any) -> None:
            super().__init__(*args, **given)
            os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(subprocess, "Popen", Signalled)
    assert child._run(["sleep", "60"], {"PATH": os.environ["PATH"]}, str(tmp_path)) == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.skipif(sys.platform == "win32", reason="job control")
def test_a_child_that_stops_stops_us_and_wakes_with_us(env: dict[str, str], tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "ccswitch_tui", "run", "native", "--", "sh", "-c", "kill -STOP $$; exit 4"],
        env=env, cwd=tmp_path, start_new_session=True,
    )  # fmt: skip
    _, status = os.waitpid(child.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    os.kill(child.pid, signal.SIGCONT)
    _, status = os.waitpid(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 4


# ---------------------------------------------------------------- env


def test_env_prints_no_key_unless_asked(env: dict[str, str]) -> None:
    shown = run(env, "env", "native", "--shell", "bash").stdout
    assert KEY not in shown
    assert 'export ANTHROPIC_AUTH_TOKEN="$(' in shown
    assert "unset CLAUDE_CODE_USE_BEDROCK" in shown
    assert KEY in run(env, "env", "native", "--shell", "bash", "--reveal").stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_takes_the_lines(env: dict[str, str], shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    lines = run(env, "env", "native", "--shell", shell).stdout
    env["PATH"] = f"{Path(sys.executable).parent}:{env['PATH']}"
    told = subprocess.run(
        [shell, "-c", lines + "\nenv"], env=env, capture_output=True, text=True, timeout=30, cwd=env["HOME"]
    ).stdout
    seen = dict(line.partition("=")[::2] for line in told.splitlines())
    assert seen["ANTHROPIC_BASE_URL"] == "https://native.example/anthropic"
    assert seen["ANTHROPIC_AUTH_TOKEN"] == KEY
    assert "ANTHROPIC_API_KEY" not in seen


@needs.shell
def test_an_endpoint_without_keys_gets_a_word_in_place_of_one(env: dict[str, str]) -> None:
    """With none at all, Claude Code would send the vendor's login it may have."""
    assert "ANTHROPIC_AUTH_TOKEN=none" in run(env, "run", "keyless", "--", "env").stdout
    assert run(env, "key", "keyless").stdout == "none\n"


@pytest.mark.parametrize(
    ("shell", "line", "expected"),
    [
        ("bash", EnvLine("A", "it's"), "export A='it'\"'\"'s'"),
        ("fish", EnvLine("A", "it's \\"), "set -gx A 'it\\'s \\\\'"),
        ("powershell", EnvLine("A", "it's"), "$env:A = 'it''s'"),
        ("powershell", EnvLine("A", None, ("C:\\x y\\p.exe", "key", "w")), "$env:A = (& 'C:\\x y\\p.exe' 'key' 'w')"),
        ("fish", EnvLine("A"), "set -e A"),
        ("zsh", EnvLine("A"), "unset A"),
    ],
)
def test_each_shell_gets_its_own_quoting(shell: str, line: EnvLine, expected: str) -> None:
    assert shell_text(line, shell) == expected


def test_a_settings_file_for_an_alias_stays_in_one_place_and_holds_no_secret(env: dict[str, str]) -> None:
    first = run(env, "env", "work", "--settings-file").stdout.strip()
    assert run(env, "env", "work", "--settings-file").stdout.strip() == first
    text = Path(first).read_text()
    assert json.loads(text)["apiKeyHelper"].endswith(" key work --over-project")
    assert "ccst-" not in text
    assert Path(first).stat().st_mode & 0o777 == 0o600


def test_settings_files_that_beat_exported_variables_are_named(env: dict[str, str]) -> None:
    run(env, "use", "work")
    assert "overrides these variables" in run(env, "env", "native").stderr


def test_a_plan_for_the_background_proxy_names_its_address(home: Path) -> None:
    ctx = context(home, chat_profile("work"))
    plan = prepare_run(ctx, "work")
    assert plan.env["ANTHROPIC_BASE_URL"] == ctx.proxy.base_url("work")
    assert plan.is_claude
    assert [line.name for line in env_lines(ctx, "work")].count("ANTHROPIC_AUTH_TOKEN") == 1
    assert main(["env", "work"], ctx) == 0


# ---------------------------------------------------------------- the helper's command line


@needs.shell
def test_the_helper_is_named_by_an_absolute_path_that_a_shell_takes(tmp_path: Path) -> None:
    script = tmp_path / "it's a place" / "ccswitch-tui"
    script.parent.mkdir()
    script.write_text('#!/bin/sh\nprintf "%s|" "$0" "$@" "$CCSWITCH_HOME"')
    script.chmod(0o755)
    command = helper_command("ü-1", env={"CCSWITCH_HOME": "/a b"}, argv0=str(script))
    told = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True).stdout
    assert told == f"{script}|key|ü-1|/a b|"


def test_without_a_script_the_interpreter_is_named_and_looks_at_no_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python3")
    assert own_command("/nowhere/__main__.py") == ["/nowhere/python3", "-P", "-m", "ccswitch_tui"]


@pytest.mark.parametrize(
    ("word", "expected"),
    [("work", "work"), ("C:\\a b\\x.exe", '"C:\\a b\\x.exe"'), ("100%", '"100%"'), ("a!b", '"a!b"'), ("", '""')],
)
def test_words_for_windows_are_quoted_its_way(word: str, expected: str) -> None:
    assert quoted(word, "win32") == expected


def test_a_childs_environment_holds_no_rival_and_no_empty_word() -> None:
    made = child_env({"ANTHROPIC_UNIX_SOCKET": "/x", "PATH": "/bin", "A": "1"}, {"A": "", "B": "2"})
    assert made == {"PATH": "/bin", "B": "2"}
