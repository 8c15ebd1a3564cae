"""Gateways nobody here wrote, in front of a server of the test's own: Portkey's and LiteLLM's."""

from __future__ import annotations

import contextlib
import os
import subprocess
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from kit.net import free_port_number, is_listening, wait_until
from kit.parts import SYSTEM_PATH, need_part

LITELLM_MASTER = "sk-example-litellm-master"


@contextlib.contextmanager
def portkey(folder: Path) -> Iterator[str]:
    """Portkey's gateway; yields its base URL. Which provider and server it asks, each request's headers say."""
    gateway, node, port = need_part("portkey"), need_part("node"), free_port_number()
    command = [str(node), str(gateway), f"--port={port}", "--headless"]
    with running(command, folder, lambda: is_listening(port), "Portkey's gateway"):
        yield f"http://127.0.0.1:{port}/v1"


@contextlib.contextmanager
def litellm(folder: Path, config: str, env: Mapping[str, str] = {}) -> Iterator[str]:
    """LiteLLM's proxy with this configuration, its master key LITELLM_MASTER; yields its address."""
    program, port = need_part("litellm"), free_port_number()
    file = folder / "litellm.yaml"
    file.write_text(config)
    base = f"http://127.0.0.1:{port}"
    command = [str(program), "--config", str(file), "--host", "127.0.0.1", "--port", str(port)]
    more = {"LITELLM_MASTER_KEY": LITELLM_MASTER, "LITELLM_LOCAL_MODEL_COST_MAP": "True", **env}
    with running(command, folder, lambda: is_alive(f"{base}/health/liveliness"), "LiteLLM", more):
        yield base


@contextlib.contextmanager
def running(
    command: list[str], folder: Path, is_ready: Callable[[], bool], name: str, env: Mapping[str, str] = {}
) -> Iterator[None]:
    """A server of one process, until the block ends."""
    log = folder / f"{Path(command[0]).name}.log"
    path = f"{os.path.dirname(command[0])}:{SYSTEM_PATH}"
    with log.open("wb") as noise:
        process = subprocess.Popen(
            command, env={"PATH": path, "HOME": str(folder), **env}, cwd=folder, stdin=subprocess.DEVNULL,
            stdout=noise, stderr=noise,
        )  # fmt: skip
        try:
            wait_until(lambda: process.poll() is not None or is_ready(), 120, name)
            assert process.poll() is None, log.read_text()[-2000:]
            yield
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
            process.wait()


def is_alive(url: str) -> bool:
    """Whether this address answers 200."""
    with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2) as answer:
        return bool(answer.status == 200)
    return False
