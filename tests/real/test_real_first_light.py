"""The whole thread at once: a curl pasted, the key in a real Secret Service, the real Claude Code answered, undone."""

from __future__ import annotations

import json

import pytest

from kit.secret_service import SecretService
from kit.stage import KEY_VARIABLE, Stage

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]


def curl_of(stage: Stage) -> str:
    return (
        f"curl {stage.provider.base_url}/chat/completions -H 'Content-Type: application/json' \\\n"
        f"  -H 'Authorization: Bearer {stage.provider.key.reveal()}' \\\n"
        '  -d \'{"model": "demo-large", "messages": [{"role": "user", "content": "hi"}]}\'\n'
    )


def test_from_a_pasted_curl_to_an_answer_and_back(stage: Stage, secret_service: SecretService) -> None:
    bus = {name: secret_service.env[name] for name in ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR")}
    del stage.env[KEY_VARIABLE]
    stage.env.update(bus)
    stage.settings.parent.mkdir()
    stage.settings.write_text('{ "theme": "dark" }')

    stage.ccswitch("add", "work", "--paste", "-", stdin=curl_of(stage))
    report = stage.json("probe", "work")
    stage.ccswitch("use", "work")
    run = stage.claude("Say hello.", env=bus)
    used = json.loads(stage.settings.read_text())
    stage.ccswitch("undo")

    assert report["verdict"] == "translate"
    assert run.succeeded(), run
    assert run.text.startswith("Hello from the demo provider")
    assert used["theme"] == "dark"
    assert stage.settings.read_text() == '{ "theme": "dark" }'
    key = stage.provider.key.reveal().encode()
    assert [path for path in stage.home.rglob("*") if path.is_file() and key in path.read_bytes()] == []


def test_an_endpoint_that_speaks_anthropic_s_language_needs_no_proxy(stage: Stage) -> None:
    stage.ccswitch(
        "add", "work", "--url", stage.provider.native_url, "--model", "demo-large", "--wire", "anthropic",
        "--auth", "x-api-key", "--key", f"env:{KEY_VARIABLE}", "--no-probe",
    )  # fmt: skip
    stage.ccswitch("edit", "work", "--set", "route=direct")
    stage.ccswitch("use", "work")
    target = stage.project / "hello.txt"
    write = json.dumps({"file_path": str(target), "content": "written directly"})
    run = stage.claude(f"@@TOOL Write {write}@@ @@SAY did it@@", model=None)
    assert run.succeeded(), run
    assert (run.text, target.read_text()) == ("did it", "written directly")
    assert stage.proxy_pid() is None
    assert {seen.path for seen in stage.provider.requests} == {"/native/messages"}


def test_an_endpoint_that_speaks_anthropic_s_language_may_go_through_the_proxy_too(stage: Stage) -> None:
    stage.ccswitch(
        "add", "work", "--url", stage.provider.native_url, "--model", "demo-large", "--wire", "anthropic",
        "--key", f"env:{KEY_VARIABLE}", "--no-probe",
    )  # fmt: skip
    stage.ccswitch("use", "work")
    run = stage.claude("Say hello.")
    assert run.succeeded(), run
    assert run.text.startswith("Hello from the demo provider")
    assert {seen.path for seen in stage.provider.requests} == {"/native/messages"}
