"""Endpoints that misbehave on the wire: for ever, too much, too slowly, not HTTP. Each on its own loopback port."""

from __future__ import annotations

import contextlib
import functools
import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator

JSON_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"

Manner = Callable[[socket.socket, bytes], None]


def stream_for_ever(client: socket.socket, request: bytes) -> None:
    """A stream of events without end."""
    client.sendall(STREAM_HEAD)
    event = b'data: {"choices":[{"index":0,"delta":{"content":"and "}}]}\n\n' * 200
    while True:
        client.sendall(event)


def one_gigabyte(client: socket.socket, request: bytes) -> None:
    """A body of a gigabyte."""
    client.sendall(JSON_HEAD + b"content-length: 1073741824\r\n\r\n")
    block = b"x" * 65536
    for _ in range(16384):
        client.sendall(block)


def gzip_bomb(client: socket.socket, request: bytes) -> None:
    """A small body that unpacks to 50 MB."""
    bomb = _bomb()
    client.sendall(JSON_HEAD + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(bomb) + bomb)


def redirect_circle(client: socket.socket, request: bytes) -> None:
    """Every path leads to itself."""
    path = request.split(b" ", 2)[1]
    client.sendall(b"HTTP/1.1 302 Found\r\nlocation: " + path + b"\r\ncontent-length: 0\r\n\r\n")


def one_byte_a_second(client: socket.socket, request: bytes) -> None:
    """The answer trickles, head included."""
    for byte in JSON_HEAD + b"content-length: 1000\r\n\r\n" + b" " * 1000:
        client.sendall(bytes([byte]))
        time.sleep(1)


def trickling_body(client: socket.socket, request: bytes) -> None:
    """The head at once, then the body by single bytes."""
    client.sendall(JSON_HEAD + b"content-length: 1000\r\n\r\n")
    for _ in range(1000):
        client.sendall(b" ")
        time.sleep(0.3)


def http_0_9(client: socket.socket, request: bytes) -> None:
    """A body without any head."""
    client.sendall(b"<html>hello from 1991</html>")


def error_in_success(client: socket.socket, request: bytes) -> None:
    """200 with an error inside."""
    body = b'{"error":{"message":"the back end is on fire","type":"fire"}}'
    client.sendall(JSON_HEAD + b"content-length: %d\r\n\r\n" % len(body) + body)


def endless_head(client: socket.socket, request: bytes) -> None:
    """Headers without end."""
    client.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        client.sendall(b"x-more: " + b"y" * 1000 + b"\r\n")


def reset(client: socket.socket, request: bytes) -> None:
    """A reset in place of an answer."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def close(client: socket.socket, request: bytes) -> None:
    """The connection is closed without a word."""


def broken_chunks(client: socket.socket, request: bytes) -> None:
    """Chunked, and the chunks are nonsense."""
    client.sendall(JSON_HEAD + b"transfer-encoding: chunked\r\n\r\nZZZ\r\nhello\r\n")


def silence(client: socket.socket, request: bytes) -> None:
    """Connected, and never an answer."""
    time.sleep(60)


@functools.cache
def _bomb() -> bytes:
    return gzip.compress(b"\0" * 50_000_000, 1)


@contextlib.contextmanager
def endpoint(manner: Manner) -> Iterator[str]:
    """The origin of an endpoint that answers every request in this manner."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(16)
    listener.settimeout(0.05)
    over = threading.Event()
    clients: list[socket.socket] = []

    def serve(client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            client.settimeout(30)
            request = b""
            while b"\r\n\r\n" not in request:
                request += client.recv(65536) or b"\r\n\r\n"
            manner(client, request)

    def accept() -> None:
        while not over.is_set():
            with contextlib.suppress(TimeoutError):
                client, _ = listener.accept()
                clients.append(client)
                threading.Thread(target=serve, args=(client,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        over.set()
        thread.join()
        listener.close()
        for client in clients:
            client.close()
