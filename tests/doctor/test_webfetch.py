"""WebFetch's question to its vendor: looked at only when asked, and the way around it is offered, never taken."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from ccswitch_tui.claude.layers import Layer
from ccswitch_tui.doctor.checks_claude import check_webfetch
from ccswitch_tui.doctor.picture import Snapshot
from ccswitch_tui.doctor.reach import vendor_problem


def found(problem: str | None, *layers: Layer) -> list[str]:
    return [f.kind for f in check_webfetch(Snapshot(env={}, vendor_problem=problem, layers=layers))]


def test_a_blocked_host_is_a_finding_and_an_open_or_unseen_one_is_not() -> None:
    assert found("connection refused") == ["webfetch-blocked"]
    assert found("") == []
    assert found(None) == []


@pytest.fixture
def answering() -> Iterator[tuple[int, list[bytes]]]:
    """A company proxy that answers what the test puts in front."""
    said: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            client, _ = server.accept()
            with client:
                client.recv(4096)
                client.sendall(said[0])

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1], said


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"HTTP/1.1 200 Connection established\r\n\r\n", ""),
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", "the http proxy answers HTTP/1.1 403 Forbidden"),
    ],
)
def test_a_company_proxy_is_asked_for_the_way(answering: tuple[int, list[bytes]], answer: bytes, expected: str) -> None:
    port, said = answering
    said.append(answer)
    assert vendor_problem({"HTTPS_PROXY": f"http://127.0.0.1:{port}"}) == expected


def test_a_proxy_that_is_not_there_is_named(free_port: int) -> None:
    assert f"127.0.0.1:{free_port}" in vendor_problem({"HTTPS_PROXY": f"127.0.0.1:{free_port}"})
