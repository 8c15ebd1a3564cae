"""Loopback, and the ways a network goes wrong: free and taken ports, silence, resets, certificates nobody knows."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest


def free_port_number() -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], object], seconds: float = 10.0, what: str = "it") -> None:
    """Returns as soon as `condition` is true; fails the test when `seconds` have passed."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            pytest.fail(f"waited {seconds:g} s for {what}")
        time.sleep(0.02)


def is_listening(port: int) -> bool:
    """Somebody accepts connections on that port of loopback."""
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0


class Listener:
    """A port of loopback whose every connection is answered in a thread of its own, until it is closed."""

    def __init__(self, serve: Callable[[socket.socket], None], port: int = 0) -> None:
        self._serve = serve
        self._over = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", port))
        self._socket.settimeout(0.1)
        self.port = int(self._socket.getsockname()[1])
        self.address = f"127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Not under the thread that accepts: the number of its socket may be another's by then."""
        self._over.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # where this wakes it, at once; else within its tenth of a second
        self._thread.join()
        self._socket.close()

    def _accept(self) -> None:
        while not self._over.is_set():
            with contextlib.suppress(OSError):  # the tenth of a second, or the end
                client, _ = self._socket.accept()
                threading.Thread(target=self._answer, args=(client,), daemon=True).start()

    def _answer(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            self._serve(client)


def read_head(client: socket.socket, head: bytes = b"") -> bytes:
    """A request up to its empty line, and what came with it. Raises ConnectionError where the client leaves before."""
    while b"\r\n\r\n" not in head:
        more = client.recv(65536)
        if not more:
            raise ConnectionError("it left")
        head += more
    return head


def pass_on(client: socket.socket, server: socket.socket) -> None:
    """Bytes in both directions, until both sides have ended."""
    threading.Thread(target=_copy, args=(client, server), daemon=True).start()
    _copy(server, client)


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@pytest.fixture
def free_port() -> int:
    """A port nobody listens on."""
    return free_port_number()


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port somebody else listens on and never answers."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen(16)
        yield int(holder.getsockname()[1])


@pytest.fixture
def black_hole() -> Iterator[int]:
    """A port where connecting times out, as behind a firewall that drops: its queue of connections is full."""
    with socket.socket() as holder, contextlib.ExitStack() as fillers:
        holder.bind(("127.0.0.1", 0))
        holder.listen(0)
        port = int(holder.getsockname()[1])
        for _ in range(8):
            filler = fillers.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        time.sleep(0.05)
        yield port


@pytest.fixture
def resetting_port() -> Iterator[int]:
    """A port that accepts, reads a little and resets the connection."""
    with Listener(_reset) as listener:
        yield listener.port


def _reset(client: socket.socket) -> None:
    with contextlib.suppress(OSError):
        client.settimeout(2)
        client.recv(1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    client.close()


class TlsServer(NamedTuple):
    """An https server on loopback that answers every request with a small JSON object."""

    port: int
    ca_file: Path
    """What a client must trust to accept it."""

    @property
    def origin(self) -> str:
        return f"https://127.0.0.1:{self.port}"


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that does not trust us is what these tests are about."""


class _Hello(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        body = b'{"object":"list","data":[]}'
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_HEAD = _answer

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def tls_server(tmp_path: Path) -> Iterator[Callable[..., TlsServer]]:
    """`tls_server(kind)` starts an https server: "good", "expired", or "wrong-host", each by a CA of its own."""
    import datetime

    import trustme

    servers: list[ThreadingHTTPServer] = []

    def start(kind: str = "good", *, authority_of: str = "") -> TlsServer:
        authority = trustme.CA(organization_name=authority_of or None)
        names = ["other.example"] if kind == "wrong-host" else ["127.0.0.1", "localhost"]
        past = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=3)
        certificate = (
            authority.issue_cert(*names, not_after=past) if kind == "expired" else authority.issue_cert(*names)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        server = _QuietServer(("127.0.0.1", 0), _Hello)
        # The handshake belongs into the connection's own thread: a client that refuses must not stop the server.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        servers.append(server)
        ca_file = tmp_path / f"ca-{kind}-{server.server_port}.pem"
        authority.cert_pem.write_to_path(str(ca_file))
        return TlsServer(server.server_port, ca_file)

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()
