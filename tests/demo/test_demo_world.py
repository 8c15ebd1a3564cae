"""The demo's world: complete, apart from everything of the user's, and gone afterwards."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccswitch_tui.cli import demo
from ccswitch_tui.cli.main import main
from ccswitch_tui.demo.world import THEIR_SETTINGS, DemoContext, demo_context
from ccswitch_tui.proxy.background.control import ProxyControl
from kit.net import wait_until
from kit.parts import console_script
from kit.tmux import Tmux


@pytest.fixture
def world() -> Iterator[DemoContext]:
    with demo_context() as ctx:
        yield ctx


def run_demo(home: Path, *words: str, stdin: str = "", code: int = 0, **env: str) -> subprocess.CompletedProcess[str]:
    """The installed program, as a user with this home would start it."""
    (home / "tmp").mkdir(exist_ok=True)
    whole = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "TMPDIR": str(home / "tmp"), **env}
    done = subprocess.run(
        [console_script(), "demo", *words], input=stdin, capture_output=True, text=True, env=whole, timeout=60
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


def left_behind(home: Path) -> list[str]:
    return sorted(str(path.relative_to(home)) for path in home.rglob("*"))


def test_it_begins_with_profiles_that_work_and_profiles_that_teach(
    world: DemoContext, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["list", "--json"], world) == 0
    listed = {row["name"]: row for row in json.loads(capsys.readouterr().out)["profiles"]}
    assert set(listed) == {"demo", "misspelt", "behind-login"}
    assert all(row["key"]["present"] for row in listed.values())


def test_every_path_leads_into_the_scratch_home(world: DemoContext) -> None:
    assert all(path.startswith(world.home) for path in world.paths)
    assert world.cwd.startswith(world.home)


def test_use_and_undo_leave_their_settings_as_they_were(world: DemoContext) -> None:
    assert main(["use", "demo"], world) == 0
    used = json.loads(Path(world.paths.user_settings).read_text())
    assert used["env"]["ANTHROPIC_BASE_URL"] == world.proxy.base_url("demo")
    assert used["theme"] == "dark"
    assert main(["undo"], world) == 0
    assert Path(world.paths.user_settings).read_text() == THEIR_SETTINGS


def test_a_child_process_finds_the_demo_s_proxy_and_starts_none(world: DemoContext) -> None:
    done = subprocess.run(
        [console_script(), "key", "demo"], capture_output=True, text=True, env=world.env, cwd=world.cwd, timeout=30
    )
    assert (done.returncode, done.stdout) == (0, f"{world.proxy.token().reveal()}\n")
    assert ProxyControl(world.paths, world.env).status().pid == os.getpid()


def test_a_profile_added_meanwhile_is_served_at_once(world: DemoContext, monkeypatch: pytest.MonkeyPatch) -> None:
    import httpx

    assert main(["add", "new", "--url", world.provider.base_url, "--model", "demo-small", "--wire", "openai-chat",
                 "--key", "env:NEW_KEY", "--no-probe"], world) == 0  # fmt: skip
    world.env["NEW_KEY"] = world.provider.key.reveal()
    answer = httpx.post(
        f"{world.proxy.base_url('new')}/v1/messages",
        json={"model": "claude-haiku-4-5", "max_tokens": 50, "messages": [{"role": "user", "content": "Hello!"}]},
        headers={"authorization": f"Bearer {world.proxy.token().reveal()}"},
        trust_env=False,
        timeout=20,
    )
    assert answer.json()["content"][0]["text"].startswith("Hello from the demo provider")


def test_the_proxy_can_be_stopped_and_started_in_it(world: DemoContext, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["proxy", "stop"], world) == 0
    assert not world.proxy.status().running
    assert main(["proxy", "start"], world) == 0
    assert world.proxy.status().pid == os.getpid()


def test_the_story_is_told_without_a_terminal_and_nothing_is_left(home: Path) -> None:
    done = run_demo(home)
    assert "$ ccswitch-tui undo" in done.stdout
    assert left_behind(home) == ["tmp"]


def test_the_story_shows_no_key(home: Path) -> None:
    done = run_demo(home)
    assert "sk-example-demo-" not in done.stdout + done.stderr


def test_a_command_sees_nothing_of_the_user_s(home: Path) -> None:
    (home / ".claude").mkdir()
    (home / ".claude/settings.json").write_text('{"env": {"ANTHROPIC_BASE_URL": "https://mine.example"}}')
    done = run_demo(home, "why", "--json", ANTHROPIC_AUTH_TOKEN="sk-example-of-the-user-0001")
    assert "mine.example" not in done.stdout
    assert "sk-example" not in done.stdout


def test_a_program_it_starts_runs_in_the_scratch_project(home: Path) -> None:
    done = run_demo(home, "run", "demo", "--", "sh", "-c", "pwd; echo $HOME")
    folder, scratch = done.stdout.split()
    assert folder == f"{scratch}/project"
    assert scratch != str(home)


def test_the_exit_code_is_the_command_s(home: Path) -> None:
    run_demo(home, "show", "nobody", code=2)


def test_run_needs_no_name_there(home: Path) -> None:
    show = "import os; print(os.environ['CCSWITCH_PROFILE'])"
    assert run_demo(home, "run", "--", sys.executable, "-c", show).stdout.strip() == "demo"


def test_a_terminated_demo_removes_its_home(home: Path) -> None:
    (home / "tmp").mkdir()
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(home / "tmp")}
    running = subprocess.Popen([console_script(), "demo", "run", "demo", "--", "sleep", "30"], env=env)
    wait_until(lambda: any((home / "tmp").glob("ccswitch-demo-*/.claude/settings.json")), 20)
    running.send_signal(signal.SIGTERM)
    assert running.wait(20) != 0
    wait_until(lambda: left_behind(home) == ["tmp"], 10, "the scratch home to be removed")


@pytest.mark.skipif(sys.platform == "win32", reason="terminals send no signals there")
def test_a_second_word_to_end_does_not_cut_the_end_off() -> None:
    steps, before = [], signal.getsignal(signal.SIGHUP)  # ignored, where nohup started us
    with pytest.raises(SystemExit), demo._ending_in_order():
        try:
            signal.raise_signal(signal.SIGHUP)
        finally:
            signal.raise_signal(signal.SIGHUP)
            signal.raise_signal(signal.SIGTERM)
            steps.append("tidied up")
    assert steps == ["tidied up"]
    assert signal.getsignal(signal.SIGHUP) == before


def test_two_demos_at_once_do_not_meet() -> None:
    with demo_context() as one, demo_context() as other:
        assert one.proxy.address() != other.proxy.address()
        assert one.home != other.home
    assert not list(Path(tempfile.gettempdir()).glob(f"{Path(one.home).name}*"))


@pytest.mark.real
def test_on_a_terminal_it_opens_the_app(tmux: Tmux, home: Path) -> None:
    (home / "tmp").mkdir()
    tmux.start([console_script(), "demo"], env={"HOME": str(home), "TMPDIR": str(home / "tmp")})
    tmux.wait_for(lambda shown: "misspelt" in shown and "behind-login" in shown)
    tmux.keys("q")
    assert tmux.wait_until_ended() == 0
    assert left_behind(home) == ["tmp"]
