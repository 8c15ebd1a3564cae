"""Perform one request and record it: an Ask becomes an Exchange, whatever happens.

Bounded in time and bytes; never follows a redirect; sends the key to the
origin it was given for and to no other; one connection a request, so that the
time of every part is the part's own. HTTP/1.1 by h11.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import h11

from ccswitch_tui._version import __version__
from ccswitch_tui.http11.unpack import BadCoding, unpacker_of
from ccswitch_tui.net.failures import Unreachable
from ccswitch_tui.net.proxies import AnyProxy, HttpProxy
from ccswitch_tui.net.tunnel import proxy_failure
from ccswitch_tui.net.way import Way
from ccswitch_tui.probe.dial import Reached, dial
from ccswitch_tui.probe.exchange import (
    BODY_KEPT,
    KEY_VARIABLE,
    LIST_KEPT,
    Ask,
    Exchange,
    Timings,
    auth_headers,
    masked_headers,
    masked_text,
    masked_url,
)
from ccswitch_tui.profiles.naming import header_variable
from ccswitch_tui.secret import Secret, redact
from ccswitch_tui.sentence import say, through

USER_AGENT = f"ccswitch-tui/{__version__}"
"""Our own name: we do not pretend to be another client, and say so when one is refused for it."""

READ_BYTES = 64 * 1024


class Fetcher:
    """The way to one endpoint: its key, proxy and certificates."""

    def __init__(
        self,
        origin: str,
        key: Secret | None,
        *,
        headers: Mapping[str, str] | None = None,
        secret_headers: Mapping[str, Secret] | None = None,
        proxy: AnyProxy | None = None,
        tls: Callable[[], ssl.SSLContext] = ssl.create_default_context,
        user_agent: str = USER_AGENT,
    ) -> None:
        self._origin = origin_of(origin)
        self._key = key
        self._headers = dict(headers or {})
        self._secret_headers = {name.lower(): secret for name, secret in (secret_headers or {}).items()}
        self._proxy = proxy
        self._tls_factory = tls
        self._tls: ssl.SSLContext | None = None
        self._user_agent = user_agent
        self.asked = 0

    async def fetch(self, ask: Ask) -> Exchange:
        """One request, recorded. Raises only CancelledError, and ValueError for another origin than ours."""
        if origin_of(ask.url) != self._origin:
            raise ValueError(f"a probe does not leave {self._origin}")
        self.asked += 1
        shown = {**self._sent_headers(ask), **{name: f"${header_variable(name)}" for name in self._secret_headers}}
        record = _Record(ask, self.asked, shown, self._key, self._proxy, frozenset(self._secret_headers))
        try:
            async with asyncio.timeout(ask.patience_s) as limit:
                record.begin_by(limit)
                await self._perform(ask, record)
        except TimeoutError:
            record.out_of_time()
        except Unreachable as failure:
            record.fail("refused" if failure.kind == "files" else failure.kind, failure.detail)
        except h11.LocalProtocolError:
            record.fail(
                "key-unsendable", say("the key, or a header of the profile, has characters no header can carry")
            )
        except OSError as error:
            record.fail("reset" if isinstance(error, ConnectionError) else "closed", _broken_off(error))
        return record.exchange()

    def _sent_headers(self, ask: Ask) -> dict[str, str]:
        headers = {
            "host": urlsplit(ask.url).netloc.rpartition("@")[2],
            "user-agent": self._user_agent,
            "accept": "*/*",
            "accept-encoding": "identity",
            "connection": "close",
        }
        if ask.body:
            headers |= {"content-type": "application/json", "content-length": str(len(ask.body))}
        for name, value in (*self._headers.items(), *ask.headers.items()):
            headers[name.lower()] = value
        return headers

    async def _perform(self, ask: Ask, record: _Record) -> None:
        parts = urlsplit(ask.url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        way = Way(parts.scheme, parts.hostname or "", port, self._proxy)
        reader, writer = await dial(way, self._context() if way.needs_tls else None, record.reached)
        try:
            client = h11.Connection(h11.CLIENT)
            writer.write(self._request_bytes(ask, parts, client))
            record.sent_at = time.perf_counter()
            await _read_answer(reader, client, record)
        finally:
            writer.transport.abort()

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = self._tls_factory()
        return self._tls

    def _request_bytes(self, ask: Ask, parts: Any, client: h11.Connection) -> bytes:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = self._sent_headers(ask)
        if self._key and ask.auth != "none":
            for name, value in auth_headers(ask.auth, self._key.reveal()).items():
                headers[name.lower()] = value
        headers |= {name: secret.reveal() for name, secret in self._secret_headers.items()}
        if isinstance(self._proxy, HttpProxy) and parts.scheme == "http":
            target = f"http://{headers['host']}{target}"
            if self._proxy.authorization:
                headers["proxy-authorization"] = self._proxy.authorization
        try:
            pairs = [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers.items()]
        except UnicodeEncodeError as error:
            raise h11.LocalProtocolError("header") from error
        request = client.send(h11.Request(method=ask.method, target=target.encode(), headers=pairs)) or b""
        if ask.body:
            request += client.send(h11.Data(data=ask.body)) or b""
        return request + (client.send(h11.EndOfMessage()) or b"")


async def _read_answer(reader: asyncio.StreamReader, client: h11.Connection, record: _Record) -> None:
    first = b""
    while True:
        try:
            event = client.next_event()
        except h11.RemoteProtocolError as error:
            record.broken(error, first)
            return
        if event is h11.NEED_DATA:
            data = await reader.read(READ_BYTES)
            if data and not first:
                first = data[:80]
                record.begins()
            if not data and not first:
                record.fail("closed", say("the connection was closed without an answer"))
                return
            client.receive_data(data)
        elif isinstance(event, h11.InformationalResponse):
            continue
        elif isinstance(event, h11.Response):
            record.response(event)
        elif isinstance(event, h11.Data):
            if not record.add(bytes(event.data)):
                return
        else:
            return


class _Record:
    """An Exchange in the making."""

    def __init__(
        self,
        ask: Ask,
        number: int,
        headers: dict[str, str],
        key: Secret | None,
        proxy: AnyProxy | None,
        secret_headers: frozenset[str] = frozenset(),
    ) -> None:
        self.ask = ask
        self.number = number
        self.key = key
        self.proxy = proxy
        self.reached = Reached()
        self.started_at = time.perf_counter()
        self.at = time.time()
        self.sent_at: float | None = None
        self.first_byte_at: float | None = None
        self.first_body_at: float | None = None
        self._limit: asyncio.Timeout | None = None
        self._end: float | None = None
        self.status: int | None = None
        self.reason = ""
        self.headers: tuple[tuple[str, str], ...] = ()
        self.body = bytearray()
        self.reads = 0
        self.ended = "complete"
        self.failure: str | None = None
        self.detail = ""
        shown = dict(headers)
        if key and ask.auth != "none":
            shown |= auth_headers(ask.auth, f"${KEY_VARIABLE}")
        stand_ins = {
            name.lower(): value
            for name, value in shown.items()
            if f"${KEY_VARIABLE}" in value or name in secret_headers
        }
        self.request_headers = masked_headers(shown.items(), stand_ins)

    def begin_by(self, limit: asyncio.Timeout) -> None:
        """Sets the time until the first byte; the rest of the whole time is given when it is there."""
        self._limit, self._end = limit, limit.when()
        if self.ask.first_byte_s is not None and self._end is not None:
            limit.reschedule(min(self._end, asyncio.get_running_loop().time() + self.ask.first_byte_s))

    def begins(self) -> None:
        """The first byte is there."""
        self.first_byte_at = time.perf_counter()
        if self._limit is not None:
            self._limit.reschedule(self._end)

    def response(self, event: h11.Response) -> None:
        self.status = event.status_code
        self.reason = event.reason.decode("latin-1")
        pairs = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in event.headers)
        self.headers = masked_headers(pairs)
        if self.proxy and self.ask.url.startswith("http:") and self.status == 407:
            self.fail(
                proxy_failure(self.status),
                say("{proxy} answered 407 {reason}", proxy=self.proxy.shown, reason=self.reason),
            )

    def add(self, data: bytes) -> bool:
        """Keeps a piece of the body; False when it was one too many."""
        if self.first_body_at is None:
            self.first_body_at = time.perf_counter()
        self.reads += 1
        self.body += data
        if len(self.body) > self.ask.most_bytes:
            self.ended = "too-large"
            return False
        return True

    def out_of_time(self) -> None:
        patience_s = self.ask.patience_s
        if self.first_byte_at is None and self.ask.first_byte_s is not None:
            patience_s = min(patience_s, self.ask.first_byte_s)
        if self.status is not None:
            self.ended = "too-long"
        elif self.first_byte_at is not None:
            self.fail(
                "timeout-first-byte",
                say("the response headers were not complete in {seconds:g} s", seconds=patience_s),
            )
        elif self.sent_at is not None:
            self.fail("timeout-first-byte", say("connected, but no answer in {seconds:g} s", seconds=patience_s))
        else:
            self.fail("timeout-connect", say("not connected in {seconds:g} s", seconds=patience_s))

    def broken(self, error: h11.RemoteProtocolError, first: bytes) -> None:
        if self.status is not None:
            self.ended = "cut"
        elif not first.startswith(b"HTTP/1."):
            said = redact(first[:60].decode("latin-1").split("\n")[0].strip())
            self.fail("not-http", say("the response is not HTTP/1.1; it begins with '{said}'", said=said))
        else:
            self.fail("not-http", say("the response headers are malformed: {error}", error=error))

    def fail(self, kind: str, detail: str) -> None:
        if self.status is not None and kind in ("reset", "closed"):
            self.ended = "cut"
        self.failure = kind if self.status is None or kind.startswith("proxy") else None
        self.detail = through(redact, detail)

    def exchange(self) -> Exchange:
        now = time.perf_counter()
        raw = _decoded(bytes(self.body), self.headers)
        reached = self.reached
        return Exchange(
            id=self.number,
            rung=self.ask.rung,
            method=self.ask.method,
            url=masked_url(self.ask.url),
            variant=self.ask.variant,
            asks=self.ask.asks,
            auth=self.ask.auth,
            request_headers=self.request_headers,
            request_body=masked_text(self.ask.body.decode("utf-8", "replace"), self.key),
            model=self.ask.model,
            wire=self.ask.wire,
            status=self.status,
            reason=self.reason,
            headers=self.headers,
            body=masked_text(
                raw.decode("utf-8", "replace"),
                self.key,
                most=LIST_KEPT if self.ask.rung in ("http", "models") else BODY_KEPT,
            ),
            body_bytes=len(self.body),
            reads=self.reads,
            ended=self.ended,
            failure=self.failure,
            detail=self.detail,
            addresses=reached.addresses,
            peer=reached.peer,
            at=self.at,
            tls=reached.tls,
            proxy=self.proxy.shown if self.proxy else "",
            timings=Timings(
                dns=reached.dns_ms,
                tcp=reached.tcp_ms,
                proxy=reached.proxy_ms,
                tls=reached.tls_ms,
                first_byte=_ms(self.sent_at, self.first_byte_at),
                first_body=_ms(self.sent_at, self.first_body_at),
                total=(now - self.started_at) * 1000,
            ),
        )


def _decoded(body: bytes, headers: tuple[tuple[str, str], ...]) -> bytes:
    """The body without gzip or deflate, which some gateways apply although we asked for neither. Bounded."""
    encoding = next((value for name, value in headers if name.lower() == "content-encoding"), "")
    plain = b""
    with contextlib.suppress(BadCoding):
        unpack = unpacker_of(encoding)
        if unpack is None:
            return body
        for piece in unpack(body):
            plain += piece
            if len(plain) >= LIST_KEPT:
                return plain[:LIST_KEPT]
    return plain or body


def _ms(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else (end - start) * 1000


def _broken_off(error: OSError) -> str:
    if error.strerror:
        return say("the connection was reset: {reason}", reason=error.strerror)
    return say("the connection was reset")


def origin_of(url: str) -> tuple[str, str, int]:
    """Scheme, host and port: what two URLs must have in common for a key to go to both."""
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or (443 if parts.scheme == "https" else 80)
