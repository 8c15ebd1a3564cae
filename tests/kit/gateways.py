"""Gateways nobody here wrote, in front of a server of the test's own: Portkey's and LiteLLM's."""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import signal
import subprocess
import tempfile
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

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


FORKS = """
import json, os, signal, sys
import litellm.proxy.proxy_server
from litellm import run_server
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
print("ready", flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    pid = os.fork()
    if not pid:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        log = os.open(asked["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(log, 1), os.dup2(log, 2)
        os.chdir(asked["folder"])
        os.environ.update(asked["env"])
        sys.argv = ["litellm", *asked["words"]]
        sys.exit(run_server())
    print(pid, flush=True)
"""
"""LiteLLM loaded once, which takes eight seconds of processor; each proxy is a copy of it that goes on from there."""


@functools.cache
def loaded_litellm() -> subprocess.Popen[str]:
    """The one that is copied. It ends when this process does, with its stdin."""
    python = need_part("litellm").with_name("python")
    folder = tempfile.mkdtemp(prefix="litellm")
    env = {"PATH": f"{python.parent}:{SYSTEM_PATH}", "HOME": folder, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    process = subprocess.Popen(
        [python, "-c", FORKS], env=env, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdout and process.stdout.readline() == "ready\n", "LiteLLM does not start"
    atexit.register(process.kill)
    return process


@contextlib.contextmanager
def litellm(folder: Path, config: str, env: Mapping[str, str] = {}) -> Iterator[str]:
    """LiteLLM's proxy with this configuration, its master key LITELLM_MASTER; yields its address."""
    port, log, file = free_port_number(), folder / "litellm.log", folder / "litellm.yaml"
    file.write_text(config)
    base, loaded = f"http://127.0.0.1:{port}", loaded_litellm()
    words = ["--config", str(file), "--host", "127.0.0.1", "--port", str(port)]
    more = {"HOME": str(folder), "LITELLM_MASTER_KEY": LITELLM_MASTER, **env}
    assert loaded.stdin and loaded.stdout
    wanted = {"folder": str(folder), "log": str(log), "env": more, "words": words}
    print(json.dumps(wanted), file=loaded.stdin, flush=True)
    pid = int(loaded.stdout.readline())
    try:
        wait_until(lambda: not is_alive(pid) or answers(f"{base}/health/liveliness"), 120, "LiteLLM")
        assert is_alive(pid), log.read_text()[-2000:]
        yield base
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
            with contextlib.suppress(pytest.fail.Exception):
                wait_until(lambda: not is_alive(pid), 10, "LiteLLM to end")
            os.kill(pid, signal.SIGKILL)


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


def is_alive(pid: int) -> bool:
    """Whether there is such a process."""
    return os.path.exists(f"/proc/{pid}")


def answers(url: str) -> bool:
    """Whether this address answers 200."""
    with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2) as answer:
        return bool(answer.status == 200)
    return False
