"""The demo provider running: an OpenAI-compatible server on loopback, in a thread of its own.

`with DemoProvider() as provider:` gives a `base_url`, a `key` and three models.
Every fault of `faults.FAULTS` has a base URL of its own, and `fault` switches
one on for all. What was asked is kept in `requests`, without the key.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ccswitch_tui.demo import native
from ccswitch_tui.demo.faults import FAULTS, Asked, Fault, Refusal, error, invalid
from ccswitch_tui.demo.rules import MODELS, refusal_of
from ccswitch_tui.demo.script import reply_to
from ccswitch_tui.demo.speech import Manner, chunks, whole
from ccswitch_tui.http11.application import RoutedApp
from ccswitch_tui.http11.message import ClientGone, Reply, Request, Response, Stream, json_response
from ccswitch_tui.http11.routes import ANY
from ccswitch_tui.http11.server import Server
from ccswitch_tui.secret import Secret

SIGNED = {"server": "demo"}
HEALTHY = Fault("answers as it should")


class Seen(NamedTuple):
    """One request that arrived."""

    method: str
    path: str
    authorized: bool
    body: Any
    """Parsed JSON; None if there was none."""


class DemoProvider:
    """A scripted provider. Start it as a context manager; it stops with the block."""

    models = tuple(MODELS)

    def __init__(self, *, key: Secret | None = None, pace_s: float = 0.0, patience_s: float = 3.0) -> None:
        self.key = key or Secret(f"sk-example-demo-{secrets.token_hex(12)}")
        """Made anew for each provider: a demo's key is worth nothing, and is treated as if it were."""
        self.fault = ""
        """The fault switched on for every request; "" for none."""
        self.next_faults: list[str] = []
        """Faults for the next chat requests, one each: a story with one mishap in it."""
        self.pace_s = pace_s
        """Between two pieces of a stream."""
        self.patience_s = patience_s
        """How long a slow answer keeps one waiting."""
        self.intercept: Callable[[Any], Refusal | None] | None = None
        """Looks at every chat request first, and may refuse it: for a story that needs one refusal at one point."""
        self.requests: list[Seen] = []
        self.disconnects = 0
        """Clients that left before their answer was complete."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="demo-provider", daemon=True)
        self._ready = threading.Event()
        self._over: asyncio.Event
        self._port = 0

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def base_url(self) -> str:
        """What an OpenAI client is given."""
        return f"{self.origin}/v1"

    def base_url_with(self, fault: str) -> str:
        """A base URL below which one fault is always on."""
        return f"{self.origin}/fault/{_known(fault)}/v1"

    @property
    def native_url(self) -> str:
        """A base URL below which the same models speak Anthropic's Messages API."""
        return f"{self.origin}/native"

    def __enter__(self) -> DemoProvider:
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("the demo provider did not start")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)

    # ---------------------------------------------------------------- the server

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._over = asyncio.Event()
        app = RoutedApp()
        app.routes.add(ANY, "/fault/{fault}/v1{path:.*}", self._answer)
        app.routes.add(ANY, "/v1{path:.*}", self._answer)
        app.routes.add(ANY, "/native/v1{path:.*}", self._answer_native)
        app.routes.add(ANY, "/{other:.*}", self._elsewhere)
        server = Server(app)
        sock = socket.create_server(("127.0.0.1", 0), backlog=128)
        sock.setblocking(False)
        self._port = int(sock.getsockname()[1])
        await server.listen([sock])
        self._ready.set()
        await self._over.wait()
        await server.close()

    async def _elsewhere(self, request: Request) -> Response:
        return _response(_no_such_url(request))

    async def _answer(self, request: Request) -> Reply:
        raw = request.body
        headers = {name.lower(): value for name, value in request.headers.fields()}
        asked = Asked(request.method, request.match["path"].rstrip("/"), headers, len(raw))
        body = _parsed(raw)
        in_path = request.match.get("fault", "")
        if in_path and in_path not in FAULTS:
            return _response(_no_such_url(request))
        fault = self._fault_for(in_path, asked)
        refusal = self._key_refusal(asked, fault)
        self.requests.append(Seen(asked.method, asked.path, refusal is None, body))
        refusal = (fault.refuse and fault.refuse(asked)) or refusal
        if refusal:
            return _response(refusal)
        if asked.path == "/chat/completions" and asked.method == "POST":
            try:
                return await self._complete(request, body, fault)
            except (AttributeError, KeyError, TypeError, ValueError):
                return _response(invalid("We could not make sense of the body of your request."))
        if asked.path.startswith("/models") and asked.method == "GET":
            return _response(_models(asked.path))
        return _response(_no_such_url(request))

    async def _answer_native(self, request: Request) -> Reply:
        body, path = _parsed(request.body), request.match["path"].rstrip("/")
        bearer = request.headers.get("authorization").removeprefix("Bearer ").strip()
        given = request.headers.get("x-api-key") or bearer
        authorized = bool(given) and Secret(given) == self.key
        self.requests.append(Seen(request.method, f"/native{path}", authorized, body))
        if not authorized:
            return _response(native.error(401, "authentication_error", "invalid credentials"))
        if path.startswith("/models"):
            return _response(_models(path))
        if path != "/messages" or request.method != "POST":
            return _response(native.error(404, "not_found_error", f"{request.method} {path}: not found"))
        if not isinstance(body, dict) or not body.get("messages"):
            return _response(native.error(400, "invalid_request_error", "messages: Field required"))
        if body.get("model") not in MODELS:
            return _response(native.error(404, "not_found_error", f"model: {body.get('model')}"))
        reply = native.answer_to(body)
        if not body.get("stream"):
            return json_response(native.whole(reply, body), headers=SIGNED)
        return await self._stream(request, native.events(reply, body), HEALTHY)

    def _fault_for(self, in_path: str, asked: Asked) -> Fault:
        name = in_path or self.fault
        if not name and self.next_faults and asked.path == "/chat/completions":
            name = self.next_faults.pop(0)
        return FAULTS[_known(name)] if name else HEALTHY

    def _key_refusal(self, asked: Asked, fault: Fault) -> Refusal | None:
        given = asked.headers.get("authorization", "").removeprefix("Bearer ").strip()
        if fault is FAULTS["x-api-key"]:
            given = asked.headers.get("x-api-key", "")
        if not given:
            return error(401, "You didn't provide an API key.", "invalid_request_error")
        if Secret(given) != self.key:
            return error(401, "Incorrect API key provided.", "invalid_request_error", "invalid_api_key")
        return None

    async def _complete(self, request: Request, body: Any, fault: Fault) -> Reply:
        refusal = (self.intercept and self.intercept(body)) or refusal_of(body) or (fault.judge and fault.judge(body))
        if refusal:
            return _response(refusal)
        if fault.bytes_do == "hang":
            await asyncio.sleep(3600)
        manner, reply = fault.manner or Manner(), reply_to(body)
        if not body.get("stream") or fault.bytes_do == "one-json":
            if fault.bytes_do == "nothing":
                return Response()
            if fault.bytes_do == "wait":
                await asyncio.sleep(self.patience_s)
            return json_response(whole(reply, body, manner), headers=SIGNED)
        return await self._stream(request, chunks(reply, body, manner), fault)

    async def _stream(self, request: Request, events: Iterator[bytes], fault: Fault) -> Reply:
        stream = Stream(request)
        try:
            stream.begin({"content-type": "text/event-stream", "cache-control": "no-cache", **SIGNED}, b"")
            async for piece in self._paced(events, fault):
                if stream.send(piece):
                    await stream.drained()
            if fault.bytes_do == "cut":
                stream.abort()
                return stream.sent()
            return stream.end()
        except (ClientGone, asyncio.CancelledError):
            self.disconnects += 1
            raise

    async def _paced(self, events: Iterator[bytes], fault: Fault) -> Any:
        """The bytes of a stream as this fault lets them through."""
        what = fault.bytes_do
        if what == "wait":
            await asyncio.sleep(self.patience_s)
        if what == "nothing":
            return
        sent = list(events)
        half = max(2, len(sent) // 2)
        if what in ("cut", "garble", "error-inside"):
            sent = sent[:half]
        for event in sent:
            for piece in [event[i : i + 1] for i in range(len(event))] if what == "drip" else [event]:
                yield piece
                await asyncio.sleep(self.pace_s)
        if what == "garble":
            yield b"data: {not json\n\n"
        if what == "error-inside":
            yield b'data: {"error":{"message":"The server had an error.","type":"server_error","code":null}}\n\n'
        while what == "never-end":
            yield sent[1]
            await asyncio.sleep(max(self.pace_s, 0.01))


def _known(fault: str) -> str:
    if fault not in FAULTS:
        raise ValueError(f"no fault '{fault}'; there are: {', '.join(FAULTS)}")
    return fault


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return None


def _response(refusal: Refusal) -> Response:
    return Response(
        refusal.body, status=refusal.status, headers={**SIGNED, **refusal.headers}, content_type=refusal.content_type
    )


def _no_such_url(request: Request) -> Refusal:
    return error(404, f"Invalid URL ({request.method} {request.path})", "invalid_request_error")


def _models(path: str) -> Refusal:
    entries = [
        {
            "id": name,
            "object": "model",
            "created": 1_767_225_600,
            "owned_by": "demo",
            "context_length": model.context_window,
        }
        for name, model in MODELS.items()
    ]
    wanted = path.removeprefix("/models").strip("/")
    if not wanted:
        return Refusal(200, json.dumps({"object": "list", "data": entries}).encode())
    for entry in entries:
        if entry["id"] == wanted:
            return Refusal(200, json.dumps(entry).encode())
    return error(404, f"The model '{wanted}' does not exist", "invalid_request_error", "model_not_found")
