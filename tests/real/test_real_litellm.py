"""LiteLLM starts with what `export --to litellm` writes, and answers in both formats under Claude's names."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ccswitch_tui.demo.provider import DemoProvider
from ccswitch_tui.interop.litellm import render_config
from ccswitch_tui.profiles.model import Endpoint, ModelTiers, Profile, SecretRef
from kit.net import free_port_number, wait_until
from kit.parts import SYSTEM_PATH, need_part

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(300)]

MASTER = "sk-example-litellm-master"


@contextlib.contextmanager
def litellm(folder: Path, config: str, env: dict[str, str]) -> Iterator[str]:
    """LiteLLM's proxy with this configuration; yields its address."""
    program, port = need_part("litellm"), free_port_number()
    file = folder / "litellm.yaml"
    file.write_text(config)
    base = f"http://127.0.0.1:{port}"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(program), "--config", str(file), "--host", "127.0.0.1", "--port", str(port)],
            env={
                "PATH": f"{os.path.dirname(program)}:{SYSTEM_PATH}",
                "HOME": str(folder),
                "LITELLM_MASTER_KEY": MASTER,
                "LITELLM_LOCAL_MODEL_COST_MAP": "True",
                **env,
            },
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            wait_until(lambda: process.poll() is not None or is_alive(base), 120, "LiteLLM")
            assert process.poll() is None, (folder / "log").read_text()[-2000:]
            yield base
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
            process.wait()


def is_alive(base: str) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(f"{base}/health/liveliness", timeout=2).status_code == 200
    return False


def ask(base: str, path: str, model: str) -> str:
    """The text LiteLLM answers with."""
    answer = httpx.post(
        base + path,
        json={"model": model, "max_tokens": 32, "messages": [{"role": "user", "content": "hi"}]},
        headers={"authorization": f"Bearer {MASTER}", "anthropic-version": "2023-06-01"},
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
    tree = answer.json()
    return str(tree["content"][0]["text"] if path == "/v1/messages" else tree["choices"][0]["message"]["content"])


def test_an_exported_chat_endpoint_answers_both_formats_under_every_name(tmp_path: Path) -> None:
    with DemoProvider() as provider:
        profile = Profile(
            "demo",
            Endpoint(provider.base_url, wire="openai-chat"),
            SecretRef("keyring", "demo"),
            models=ModelTiers(default="demo-large", haiku="demo-small"),
            context_window=131072,
        )
        with litellm(tmp_path, render_config(profile, "DEMO_API_KEY"), {"DEMO_API_KEY": provider.key.reveal()}) as base:
            for model in ("demo-large", "claude-opus-5-5", "claude-haiku-5-5"):
                assert "demo provider" in ask(base, "/v1/chat/completions", model)
                assert "demo provider" in ask(base, "/v1/messages", model)
        asked = [seen.body["model"] for seen in provider.requests if seen.body]
        assert asked == ["demo-large"] * 4 + ["demo-small"] * 2


def test_an_exported_native_endpoint_gets_its_bearer_token(tmp_path: Path) -> None:
    with DemoProvider() as provider:
        profile = Profile(
            "demo",
            Endpoint(provider.native_url, wire="anthropic", auth="bearer"),
            SecretRef("keyring", "demo"),
            models=ModelTiers(default="demo-large"),
        )
        key = provider.key.reveal()
        env = {"DEMO_API_KEY": key, "DEMO_AUTH_HEADER": f"Bearer {key}"}
        with litellm(tmp_path, render_config(profile, "DEMO_API_KEY"), env) as base:
            assert ask(base, "/v1/messages", "claude-sonnet-5-5")
