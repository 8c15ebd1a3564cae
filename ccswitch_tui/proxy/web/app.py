"""The web application: guard, routes, and what each answers. Errors are always in Anthropic's shape.

`/p/NAME/…` is the base URL of a profile's sessions; the root path serves the
one profile of `proxy serve --profile` or `--upstream`.
"""

from __future__ import annotations

import asyncio
import re
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from ccswitch_tui.errors import KeyStoreError, UsageError
from ccswitch_tui.http11.application import LARGEST_BODY_BYTES, RoutedApp
from ccswitch_tui.http11.message import JSON, PHRASES, ClientGone, Refused, Reply, Request, Response, json_response
from ccswitch_tui.profiles.model import Profile
from ccswitch_tui.profiles.tiers import as_asked
from ccswitch_tui.proxy.apart.rooms import RoomEnded, Rooms
from ccswitch_tui.proxy.attempt import ERROR_BYTES, with_hint
from ccswitch_tui.proxy.books.flow import Flow
from ccswitch_tui.proxy.books.loops import LOOKED_AT_BYTES, judges_a_command
from ccswitch_tui.proxy.books.projects import Projects, session_in
from ccswitch_tui.proxy.call import ClientCall
from ccswitch_tui.proxy.client.upstream import KeyHostError, UpstreamError
from ccswitch_tui.proxy.pump import read_limited
from ccswitch_tui.proxy.relay import Relay
from ccswitch_tui.proxy.routing import Target
from ccswitch_tui.proxy.web.forward import forwarded
from ccswitch_tui.proxy.web.guard import Guard, Refusal
from ccswitch_tui.proxy.web.reply import ClientReply
from ccswitch_tui.translate.policy import HOPELESS
from ccswitch_tui.wire.anthropic import ERROR_TYPES, error_envelope
from ccswitch_tui.wire.codec import dumps, loads
from ccswitch_tui.wire.pieces import beginning_of

MODELS_PATIENCE_S = 2.5
"""Claude Code waits 3 s for the list of models."""

OPEN_PATHS = frozenset({"/health", "/ready", "/_ccswitch/hello"})
"""Answered without the token; they tell nothing but that a proxy is here."""

HELLO = re.compile(r"(/p/[^/]+)?/api/hello")
"""`claude doctor` (2.1.331) asks for it below the base URL, without a credential, and takes a 401 for an outage."""

OVERLOADED = "the ccswitch-tui proxy is busy with as many large requests as it has memory for; try again in a moment"

CROWDED = (
    "the ccswitch-tui proxy has run out of open files: end some sessions, or raise the limit (ulimit -n), then run "
    "'ccswitch-tui proxy stop' and 'ccswitch-tui proxy start'"
)

BUG = "internal error in the ccswitch-tui proxy"

CLIENT_PATHS = ("/p/", "/v1/")
"""What the client's token opens. Whatever is mounted elsewhere, now or later, requires the control token."""


def error_response(
    status: int, message: str, *, kind: str = "", retry: bool = True, headers: Mapping[str, str] | None = None
) -> Response:
    """An error of our own as the client understands it."""
    body = dumps(error_envelope(kind or ERROR_TYPES.get(status, "invalid_request_error"), message))
    return Response(body, status=status, headers={**({} if retry else HOPELESS), **(headers or {})})


class ProxyApp(RoutedApp):
    """The routes over one relay. `write_log` writes lines to the log."""

    def __init__(
        self,
        relay: Relay,
        guard: Guard,
        *,
        root_profile: str | None = None,
        write_log: Callable[..., None] = lambda *lines: None,
        log_exchange: Callable[[Flow], None] = lambda exchange: None,
        apart: Rooms | None = None,
    ) -> None:
        super().__init__()
        self.relay = relay
        self.guard = guard
        self.root_profile = root_profile
        self.draining = False
        self._write_log = write_log
        self._log_exchange = log_exchange
        self._apart = apart
        """Where large requests are answered; None: here."""

        self._projects = Projects()
        self.forget_keys = relay.keys.forget
        self._add_routes()

    def _add_routes(self) -> None:
        """All but the local routes that `admin` adds."""
        add = self.routes.add
        add("GET", "/health", self._health)
        add("GET", "/ready", self._ready)
        for prefix in ("/p/{profile}", ""):
            add("POST", prefix + "/v1/messages", self._messages)
            add("POST", prefix + "/v1/messages/count_tokens", self._count_tokens)
            add("GET", prefix + "/v1/models", self._models)
            add("GET", prefix + "/v1/models/{model}", self._model)

    # ------------------------------------------------------------------ what the server asks

    def admit(self, request: Request) -> Response | None:
        """Refuses before a body is read, and so before anything in it costs."""
        refusal = self._refusal(request)
        if refusal is not None:
            return error_response(refusal.status, refusal.message, kind=refusal.type)
        coding = request.headers.get("Content-Encoding").lower()
        if coding not in ("", "identity") and request.length != 0:
            return self.refusal(
                415, "the ccswitch-tui proxy accepts no compressed requests: send the body uncompressed"
            )
        return None

    async def answer(self, request: Request) -> Reply:
        """The answer of the route's handler. Mistakes of ours become a 500 and a traceback in the log."""
        if request.method == "HEAD" or (request.method == "GET" and _is_hello(request)):
            return Response()  # Claude Code's `HEAD /api/hello`: sent once, without a credential, to open a connection
        try:
            reply: Reply = await self.routes.find(request)(request)
            return reply
        except Refused as refused:
            return error_response(refused.status, f"{request.method} {request.path}: {refused}", retry=False)
        except UsageError as error:  # a tier that is declared to be a profile's which is gone
            return error_response(400, with_hint(error.message, error.hint), retry=False)
        except ClientGone:
            raise
        except Exception as error:
            self._write_log(*"".join(traceback.format_exception(error)).rstrip().split("\n"))
            return error_response(
                500, f"{BUG} ({type(error).__name__}); 'ccswitch-tui proxy logs' shows what to report"
            )

    def refusal(self, status: int, message: str) -> Response:
        """What the server refuses by itself."""
        if status == 413:
            return _too_large()
        kind = "timeout_error" if status == 408 else ""
        return error_response(status, message or PHRASES.get(status, "").lower(), kind=kind, retry=status == 408)

    def crowded(self) -> Response:
        """The client is told to come back, and the user what it takes."""
        return error_response(529, CROWDED, kind="overloaded_error", headers={"Retry-After": "2"})

    def overloaded(self) -> Response:
        """The client is told to come back."""
        return error_response(529, OVERLOADED, kind="overloaded_error", headers={"Retry-After": "2"})

    def _refusal(self, request: Request) -> Refusal | None:
        place = self.guard.refuse_place(request.headers)
        if place is not None or request.method == "HEAD" or request.path in OPEN_PATHS:
            return place
        if request.method == "GET" and _is_hello(request):
            return None
        if request.path.startswith(CLIENT_PATHS) or not self.routes.knows(request.path):
            return self.guard.refuse_token(request.headers)
        return self.guard.refuse_control(request.headers)

    # ------------------------------------------------------------------ small routes

    async def _health(self, request: Request) -> Reply:
        return json_response({"status": "ok"})

    async def _ready(self, request: Request) -> Reply:
        """Not ready while ending, or when there is nothing to serve."""
        empty = not self.relay.profiles.routes().profiles
        if self.draining or empty:
            return json_response({"status": "ending" if self.draining else "no profiles"}, status=503)
        return json_response({"status": "ready"})

    # ------------------------------------------------------------------ the Messages API

    def _profile(self, request: Request) -> Profile | Response:
        name = request.match.get("profile") or self.root_profile
        profiles = self.relay.profiles.routes().profiles
        profile = profiles.get(name) if name else None
        if profile is not None:
            return profile
        # 400 and not 404: Claude Code hides what a 404 says behind "there's an issue with the selected model"
        if name is None:
            why = "the base URL names no ccswitch-tui profile (it ends in /p/NAME)"
        elif problem := self.relay.profiles.problem:
            return error_response(400, f"ccswitch-tui cannot read its profiles: {problem}", retry=False)
        else:
            why = f"the ccswitch-tui profile '{name}' no longer exists"
        return error_response(400, f"{why}: run 'ccswitch-tui use NAME' with one of 'ccswitch-tui list'", retry=False)

    def _body(self, request: Request) -> dict[str, Any] | Response:
        try:
            body = self.relay.bodies.read(request.parts)
        except ValueError as error:
            return error_response(400, f"the request is not JSON: {error}", retry=False)
        if not isinstance(body, dict) or not isinstance(body.get("model"), str) or not body["model"].strip():
            return error_response(400, "model: a non-empty string is required", retry=False)
        return body

    async def _messages(self, request: Request) -> Reply:
        profile = self._profile(request)
        if isinstance(profile, Response):
            return profile
        traffic = self.relay.traffic
        exchange = traffic.begin(at=time.time(), started=time.monotonic(), profile=profile.name)
        try:
            response = await self._answer(request, profile, exchange)
            exchange.status = response.status
            if exchange.first_byte_ms is None:
                traffic.first_byte(exchange, time.monotonic())
            return response
        except (asyncio.CancelledError, ClientGone):
            exchange.status = 499
            exchange.error = "the client left"
            raise
        finally:
            traffic.end(exchange, time.monotonic())
            self._log_exchange(exchange)

    async def _answer(self, request: Request, profile: Profile, exchange: Flow) -> Reply:
        if self._apart is not None and self._apart.wants(request):
            reply = await self._answered_apart(self._apart, request, exchange)
            if reply is not None:
                return reply
        exchange.request.add(*request.parts)
        body = self._body(request)
        if isinstance(body, Response):
            return body
        exchange.asked = body["model"]
        exchange.client = request.headers.get("User-Agent")[:80]
        exchange.session = request.headers.get("X-Claude-Code-Session-Id")[:80]
        exchange.session_in_body = "" if exchange.session else session_in(body)
        exchange.project = self._projects.of(exchange.session or exchange.session_in_body, request.parts)
        streamed = body.get("stream") is True
        if not streamed and judges_a_command(beginning_of(request.parts, LOOKED_AT_BYTES)):
            exchange.notices.append("auto mode asks this model whether a command may run")
        call = ClientCall(request, exchange, body, streamed, ClientReply(request))
        try:
            return await self.relay.messages(call, profile, body["model"])
        except Exception as error:
            exchange.status = exchange.status or 500
            exchange.error = f"{BUG}: {type(error).__name__}"
            if call.reply.begun:
                call.reply.abort()  # an error's own status line must not follow in the middle of the answer
            raise

    async def _answered_apart(self, rooms: Rooms, request: Request, exchange: Flow | None) -> Reply | None:
        """The answer to a request that would hold all others for too long; None where it is to be answered here."""
        try:
            return await rooms.answer(request, exchange)
        except RoomEnded as ended:
            return error_response(500, f"{ended}; try again")

    async def _count_tokens(self, request: Request) -> Reply:
        """The endpoint's own count where it has one, else an estimate."""
        profile = self._profile(request)
        if not isinstance(profile, Response) and self._apart is not None and self._apart.wants(request):
            reply = await self._answered_apart(self._apart, request, None)
            if reply is not None:
                return reply
        got = profile if isinstance(profile, Response) else self._body(request)
        if isinstance(profile, Response) or isinstance(got, Response):
            return got if isinstance(got, Response) else error_response(400, "no profile")
        body = got
        target = self.relay.profiles.routes().target(profile, body["model"])
        counted = await self._counted(request, target, body)
        return counted or json_response({"input_tokens": self.relay.estimate(body, target)})

    async def _counted(self, request: Request, target: Target, body: dict[str, Any]) -> Response | None:
        counts = self.relay.upstream.address(target.profile).count_tokens
        if counts is None:
            return None
        try:
            key = await self.relay.keys.get(target.profile)
            secret_headers = await self.relay.keys.of_headers(target.profile)
            url = counts.asked(request.query_string)
            sent = [dumps({**body, "model": target.model})]
            response = await self.relay.upstream.send(
                target.profile,
                url,
                key,
                body=sent,
                headers=tuple(forwarded(request).fields()),
                secret_headers=secret_headers,
            )
            data = await read_limited(response, ERROR_BYTES, 15.0)
        except (UpstreamError, KeyHostError, KeyStoreError):
            return None
        return Response(data) if response.status == 200 else None

    # ------------------------------------------------------------------ the list of models

    async def _models(self, request: Request) -> Reply:
        """The profile's models, in a shape that both Anthropic's and OpenAI's clients read."""
        profile = self._profile(request)
        if isinstance(profile, Response):
            return profile
        ids = _configured(profile) or await self._listed(profile)
        rows = [_model_row(model) for model in ids]
        return json_response(
            {
                "object": "list",
                "data": rows,
                "has_more": False,
                "first_id": ids[0] if ids else None,
                "last_id": ids[-1] if ids else None,
            }
        )

    async def _model(self, request: Request) -> Reply:
        profile = self._profile(request)
        return profile if isinstance(profile, Response) else json_response(_model_row(request.match["model"]))

    async def _listed(self, profile: Profile) -> list[str]:
        """What the endpoint lists, when the profile names no model; nothing if it does not answer in time."""
        try:
            async with asyncio.timeout(MODELS_PATIENCE_S):
                key = await self.relay.keys.get(profile)
                secret_headers = await self.relay.keys.of_headers(profile)
                headers = (("Accept", JSON),)
                url = self.relay.upstream.address(profile).models
                response = await self.relay.upstream.send(
                    profile, url, key, body=None, headers=headers, secret_headers=secret_headers, method="GET"
                )
                found = loads(await read_limited(response, 4 * 1024 * 1024, MODELS_PATIENCE_S))
        except (UpstreamError, KeyHostError, KeyStoreError, TimeoutError, ValueError):
            return []
        rows = found.get("data") if isinstance(found, dict) else None
        return [r["id"] for r in rows or () if isinstance(r, dict) and isinstance(r.get("id"), str)]


def _is_hello(request: Request) -> bool:
    return HELLO.fullmatch(request.path) is not None


def _too_large() -> Response:
    return error_response(
        413,
        f"the request is larger than {LARGEST_BODY_BYTES // 2**20} MB, the most the ccswitch-tui proxy accepts",
        kind="request_too_large",
        retry=False,
    )


def _configured(profile: Profile) -> list[str]:
    return list(dict.fromkeys(as_asked(profile).named().values()))


def _model_row(model: str) -> dict[str, Any]:
    return {
        "type": "model",
        "object": "model",
        "id": model,
        "display_name": model,
        "created_at": "1970-01-01T00:00:00Z",
        "created": 0,
        "owned_by": "ccswitch-tui",
    }
