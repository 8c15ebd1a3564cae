"""A real model behind a real server: llama.cpp with SmolLM2-135M, in a process of its own on loopback.

It speaks chat completions and, natively, the Messages API: an upstream for our
proxy and an independent reference for its translation in one.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.net import free_port_number, wait_until
from kit.parts import PARTS, SYSTEM_PATH, absent, need_part

SERVER = """
import sys, xllamacpp
model, port, key, context = sys.argv[1:]
p = xllamacpp.CommonParams()
p.model.path = model
p.hostnames = ["127.0.0.1"]
p.port = int(port)
p.n_ctx = int(context)
p.n_parallel = 1
p.cpuparams.n_threads = 1
p.use_jinja = True
p.api_keys = [key]
server = xllamacpp.Server(p)
print("listening", flush=True)
sys.stdin.read()
"""

PYTHON_PARTS = PARTS / "python"
"""Where `.ci/run` puts xllamacpp, apart from what a user of the tests has to install."""


class LlamaServer:
    """A running llama.cpp server."""

    key = "sk-example-llama-0001"
    model = "smollm2"
    """It answers to any name."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.origin = f"http://127.0.0.1:{port}"
        """Its native Messages API is below this."""
        self.base_url = f"{self.origin}/v1"
        """Its chat completions are below this."""

    def healthy(self) -> bool:
        """It answers requests."""
        try:
            with urllib.request.urlopen(f"{self.origin}/health", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False


@pytest.fixture(scope="session")
def llama_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaServer]:
    """One llama.cpp server for the whole run, with a context of 16,384 tokens."""
    model: Path = need_part("model")
    if importlib.util.find_spec("xllamacpp") is None and not (PYTHON_PARTS / "xllamacpp").is_dir():
        absent("xllamacpp", "pip install xllamacpp==2026.10.11549")
    server = LlamaServer(free_port_number())
    log = tmp_path_factory.mktemp("llama") / "server.log"
    with log.open("wb") as noise:
        process = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(model), str(server.port), server.key, "16384"],
            stdin=subprocess.PIPE,
            stdout=noise,
            stderr=noise,
            env={"PATH": SYSTEM_PATH, "PYTHONPATH": str(PYTHON_PARTS), "HOME": str(log.parent)},
        )
    try:
        wait_until(lambda: server.healthy() or process.poll() is not None, 60, f"llama.cpp to listen; see {log}")
        assert process.poll() is None, log.read_text(errors="replace")[-2000:]
        yield server
    finally:
        process.kill()
        process.wait()
