"""The real Claude Code on an OpenAI-compatible endpoint, with settings written by our own `use`.

The helper in the settings is really called and really starts the background
proxy. Twice each: a model id Claude Code knows, and one it does not, because it
then sends another shape of request.
"""

from __future__ import annotations

import json

import pytest

from kit.stage import Stage

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]

KNOWN, UNKNOWN = "claude-sonnet-4-5", "demo-large"
BOTH = pytest.mark.parametrize("model", [KNOWN, UNKNOWN])


@pytest.fixture
def ready(stage: Stage) -> Stage:
    """A profile added and used."""
    stage.add(haiku="demo-small")
    stage.ccswitch("use", "work")
    return stage


@BOTH
def test_a_plain_prompt_is_answered_and_the_proxy_was_started_by_the_helper(model: str, ready: Stage) -> None:
    assert ready.proxy_pid() is None
    run = ready.claude("Say hello.", model=model)
    assert run.succeeded(), run
    assert run.text.startswith("Hello from the demo provider")
    assert ready.proxy_pid()
    assert {seen.path for seen in ready.provider.requests} == {"/chat/completions"}
    assert all(seen.authorized for seen in ready.provider.requests)
    assert {seen.body["model"] for seen in ready.provider.requests} == {"demo-large"}


@BOTH
def test_a_write_and_then_a_command_leave_a_file(model: str, ready: Stage) -> None:
    target = ready.project / "hello.txt"
    write = json.dumps({"file_path": str(target), "content": "written by a model\n"})
    show = json.dumps({"command": f"cat {target}", "description": "show it"})
    run = ready.claude(
        f"@@TOOL Write {write}@@ @@TOOL Bash {show}@@ @@SAY all written@@",
        "--allowedTools",
        "Bash(cat:*)",
        model=model,
    )
    assert run.succeeded(), run
    assert run.text == "all written"
    assert target.read_text() == "written by a model\n"
    assert run.answer["num_turns"] == 3
    results = [m["content"] for m in ready.provider.requests[-1].body["messages"] if m["role"] == "tool"]
    assert "written by a model" in results[1]


@BOTH
def test_two_parallel_tools_run_in_one_turn(model: str, ready: Stage) -> None:
    for name in ("one.txt", "two.txt"):
        (ready.project / name).write_text(f"this is {name}\n")
    reads = " ".join(f"Read {json.dumps({'file_path': str(ready.project / n)})}" for n in ("one.txt", "two.txt"))
    run = ready.claude(f"@@PARALLEL {reads}@@ @@SAY read both@@", model=model)
    assert run.succeeded(), run
    assert (run.text, run.answer["num_turns"]) == ("read both", 3)
    results = [str(m["content"]) for m in ready.provider.requests[-1].body["messages"] if m["role"] == "tool"]
    assert len(results) == 2
    assert "this is one.txt" in "".join(results)
    assert "this is two.txt" in "".join(results)


@BOTH
def test_a_resumed_session_remembers(model: str, ready: Stage) -> None:
    first = ready.claude("@@SAY I will remember 4711@@", model=model)
    second = ready.claude("What did you say?", "--resume", first.session_id, model=model)
    assert second.succeeded(), second
    told = [m["content"] for m in ready.provider.requests[-1].body["messages"] if m["role"] == "assistant"]
    assert told == ["I will remember 4711"]


def test_the_key_is_in_no_file_of_the_home(ready: Stage) -> None:
    ready.claude("Say hello.")
    key = ready.provider.key.reveal().encode()
    leaks = [path for path in ready.home.rglob("*") if path.is_file() and key in path.read_bytes()]
    assert leaks == []


def test_run_starts_claude_under_a_profile_and_writes_nothing(stage: Stage) -> None:
    stage.add()
    before = sorted(stage.home.rglob("settings*.json"))
    run = stage.claude("Say hello.", model=None, launcher=(str(stage.script), "run", "work", "--"))
    assert run.succeeded(), run
    assert run.text.startswith("Hello from the demo provider")
    assert sorted(stage.home.rglob("settings*.json")) == before
    assert not stage.settings.exists()


def test_a_killed_proxy_is_back_for_the_next_prompt(ready: Stage) -> None:
    ready.claude("Say hello.")
    killed = ready.kill_proxy()
    run = ready.claude("Say hello.")
    assert run.succeeded(), run
    assert ready.proxy_pid() not in (None, killed)


def test_a_running_session_asks_the_helper_again_when_a_new_proxy_refuses_its_token(ready: Stage) -> None:
    with ready.session() as session:
        assert session.ask("@@SAY first answer@@") == "first answer"
        first = ready.proxy_pid()
        ready.ccswitch("proxy", "stop")
        ready.ccswitch("proxy", "start")
        assert ready.proxy_pid() not in (None, first)
        assert session.ask("@@SAY second answer@@") == "second answer"


def test_after_a_reboot_claude_just_works(ready: Stage) -> None:
    ready.claude("Say hello.")
    pid = ready.kill_proxy()
    state_file = next(ready.home.rglob("proxy.json"))
    state = json.loads(state_file.read_text())
    if state.get("pid") == pid:
        state["pid"] = 1  # after a reboot the number belongs to somebody else
        state_file.write_text(json.dumps(state))
    run = ready.claude("Say hello.")
    assert run.succeeded(), run


def test_undo_gives_the_settings_back_to_the_byte(stage: Stage) -> None:
    stage.settings.parent.mkdir()
    stage.settings.write_bytes(b'{\n\t"theme":"dark",\r\n\t"env": {"MINE": "1"} }')
    before = stage.settings.read_bytes()
    stage.add()
    stage.ccswitch("use", "work")
    assert stage.claude("Say hello.").succeeded()
    stage.ccswitch("undo")
    assert stage.settings.read_bytes() == before
