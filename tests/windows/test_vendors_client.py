"""The vendor's own client for Windows, end to end: settings, helper through its cmd, proxy, a tool, undo."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from ccswitch_tui.demo.provider import DemoProvider
from kit.claude import DEAD_PROXY
from kit.parts import absent
from kit.windows import BROUGHT_BY, Windows, windows_path

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(400)]

THEIRS = b'{\r\n  "theme": "dark"\r\n}\r\n'

ISOLATED = {
    "HTTPS_PROXY": DEAD_PROXY,
    "NO_PROXY": "127.0.0.1,localhost",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "CLAUDE_CODE_MAX_RETRIES": "1",
}


@pytest.fixture
def provider() -> Iterator[DemoProvider]:
    with DemoProvider() as provider:
        yield provider


def test_it_answers_and_writes_through_our_settings_helper_and_proxy_and_undo_leaves_nothing(
    windows: Windows, provider: DemoProvider
) -> None:
    if not windows.claude.exists():
        absent("Claude Code for Windows", BROUGHT_BY)
    windows.settings.parent.mkdir()
    windows.settings.write_bytes(THEIRS)
    windows.keys.add("vendored")
    endpoint = ("--url", provider.base_url, "--model", "demo-large", "--wire", "openai-chat", "--no-probe")
    begun = windows.in_one_process(
        ("add", "vendored", *endpoint, "--key-stdin"), ("use", "vendored"), stdin=provider.key.reveal()
    )
    assert [one.code for one in begun] == [0, 0], begun
    file = windows.project / "grüße 王.txt"
    write = {"file_path": windows_path(file), "content": "100 % & <more>\n"}
    prompt = f"@@TOOL Write {json.dumps(write, ensure_ascii=False)} @@SAY It is written. @@"
    done = windows.start(
        windows.claude, "-p", prompt, "--output-format", "json", "--model", "claude-sonnet-4-5",
        "--permission-mode", "acceptEdits", "--setting-sources", "user", "--strict-mcp-config",
        limit_s=200, env=ISOLATED,
    )  # fmt: skip
    result = json.loads(done.out.strip().splitlines()[-1])
    assert (done.code, result["is_error"], result["result"]) == (0, False, "It is written."), done
    assert file.read_text("utf-8").splitlines() == ["100 % & <more>"]
    status, undone = windows.in_one_process(("proxy", "status", "--json"), ("undo",))
    assert json.loads(status.out)["running"]
    assert undone.code == 0
    assert windows.settings.read_bytes() == THEIRS
