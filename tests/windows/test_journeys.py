"""What a user of Windows comes to do, there: profiles, keys, settings, the proxy, and back to the byte."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccswitch_tui.demo.provider import DemoProvider
from kit.parts import console_script
from kit.windows import Windows

pytestmark = [pytest.mark.real, pytest.mark.slow]

THEIRS = '\ufeff{\r\n  "theme": "dark",\r\n  "env": {\r\n    "EDITOR": "code --wait"\r\n  }\r\n}\r\n'.encode()
"""A settings file as editors of Windows leave it: a byte order mark, and two bytes a line end."""


@pytest.fixture
def provider() -> Iterator[DemoProvider]:
    with DemoProvider() as provider:
        yield provider


def adding(windows: Windows, provider: DemoProvider, name: str) -> tuple[str, ...]:
    """The words that add the provider, its key on standard input."""
    windows.keys.add(name)
    endpoint = ("--url", provider.base_url, "--model", "demo-large", "--wire", "openai-chat", "--no-probe")
    return ("add", name, *endpoint, "--key-stdin")


VAULT = """
import json, sys
from keyring.backends.Windows import WinVaultKeyring
from ccswitch_tui.cli.main import main
name, *words = sys.argv[1:]
code = main(words) if words else 0
services = ("ccswitch-tui", "ccswitch-tui/" + name)
print()
print(json.dumps([code, *(WinVaultKeyring().get_password(service, name) for service in services)]))
"""
"""A command of ours, and what another program of the user's then reads from the Credential Manager."""


def test_the_demo_tells_the_same_story_as_everywhere(windows: Windows, home: Path) -> None:
    here = subprocess.run([console_script(), "demo"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert plain(windows.ccswitch("demo")) == plain(here.stdout)


def plain(story: str) -> str:
    """Without what differs each time: the scratch folder, ports, durations, ids."""
    story = re.sub(r"(Z:)?/(tmp|[^:'\n]* \(GmbH\)/Temp)/ccswitch-demo-\w+", "DEMO", story.replace("\\", "/"))
    story = re.sub(r"127\.0\.0\.1:\d+|port \d+", "PORT", story)
    story = re.sub(r"msg_[0-9a-f]+", "MSG", story)
    return re.sub(r" *\d+(\.\d+)? m?s\b", " TIME", story)


def test_settings_with_windows_line_ends_and_a_mark_come_back_to_the_byte(
    windows: Windows, provider: DemoProvider
) -> None:
    windows.settings.parent.mkdir()
    windows.settings.write_bytes(THEIRS)
    windows.add_profile("lines", provider.base_url)
    windows.ccswitch("use", "lines")
    written = windows.settings.read_bytes()
    assert written.startswith(b"\xef\xbb\xbf{\r\n")
    assert b"\n" not in written.replace(b"\r\n", b"")
    tree = json.loads(written.decode("utf-8-sig"))
    assert (tree["theme"], tree["env"]["EDITOR"]) == ("dark", "code --wait")
    assert tree["env"]["ANTHROPIC_BASE_URL"].startswith("http://127.0.0.1:")
    windows.ccswitch("undo")
    assert windows.settings.read_bytes() == THEIRS


def test_a_key_lies_in_the_credential_manager_and_goes_with_its_profile(
    windows: Windows, provider: DemoProvider
) -> None:
    key = provider.key.reveal()
    windows.ccswitch(*adding(windows, provider, "vaulted"), stdin=key + "\r\n")
    told = windows.python(VAULT, "vaulted", "key", "vaulted", "--upstream").split()
    assert told[0] == key
    assert json.loads(" ".join(told[1:])) == [0, None, key]
    found = [path for path in windows.home.rglob("*") if path.is_file() and "Temp" not in path.parts]
    assert found
    assert all(key.encode() not in path.read_bytes() for path in found if "py" not in path.parts)
    unlocked, removed = windows.in_one_process(("unlock",), ("remove", "vaulted"))
    assert "Windows Credential Manager" in unlocked.out
    assert removed.code == 0
    assert json.loads(windows.python(VAULT, "vaulted").splitlines()[-1]) == [0, None, None]
    windows.keys.clear()


def test_the_helper_starts_the_proxy_and_gives_its_caller_s_pipe_back(windows: Windows, provider: DemoProvider) -> None:
    key = provider.key.reveal()
    done = windows.in_one_process(adding(windows, provider, "helped"), ("use", "helped"), stdin=key)
    assert [one.code for one in done] == [0, 0], done
    helper = json.loads(windows.settings.read_text("utf-8"))["apiKeyHelper"]
    # as Claude Code does it: cmd /d /s /c "…", and the answer is there when the pipe ends
    script = """
import subprocess, sys
command = 'cmd.exe /d /s /c "' + sys.argv[1] + '"'
done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
sys.stdout.write(done.stdout); sys.stderr.write(done.stderr); sys.exit(done.returncode)
"""
    token = windows.python(script, helper).strip()
    assert re.fullmatch(r"ccst-[0-9a-f]{48}", token)
    status = windows.json("proxy", "status")
    assert status["running"]
    answer = post(f"http://127.0.0.1:{status['port']}/p/helped/v1/messages", token)
    assert "event: message_delta" in answer
    assert answer.rstrip().endswith('data: {"type":"message_stop"}')
    assert status["memory_mb"] > 5
    stopped, status = windows.in_one_process(("proxy", "stop"), ("proxy", "status", "--json"))
    assert stopped.code == 0
    assert not json.loads(status.out)["running"]


def post(url: str, token: str) -> str:
    import httpx

    message = {"model": "claude-sonnet-4-5", "max_tokens": 99, "stream": True}
    body = {**message, "messages": [{"role": "user", "content": "Hello!"}]}
    with httpx.Client(trust_env=False, timeout=30) as client:
        return client.post(url, json=body, headers={"Authorization": f"Bearer {token}"}).text
