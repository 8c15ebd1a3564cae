"""The web application: guard, routes, and what each answers. Errors are always in Anthropic's shape.

`/p/NAME/…` is the base URL of a profile's sessions; the root path serves the
one profile of `proxy serve --profile` or `--upstream`.
"""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
from aiohttp import web
from multidict import CIMultiDict

from ccswitch_tui.errors import KeyStoreError, UsageError
from ccswitch_tui.profiles.model import Profile
from ccswitch_tui.profiles.tiers import as_asked
from ccswitch_tui.proxy.attempt import ERROR_BYTES, NO_RETRY, Call, with_hint
from ccswitch_tui.proxy.books.traffic import Exchange
from ccswitch_tui.proxy.client.upstream import KeyHostError, UpstreamError
from ccswitch_tui.proxy.pump import read_limited
from ccswitch_tui.proxy.relay import Relay
from ccswitch_tui.proxy.routing import Target
from ccswitch_tui.proxy.web.forward import forwarded, with_query
from ccswitch_tui.proxy.web.guard import Guard, Refusal
from ccswitch_tui.proxy.web.reply import ClientGone, ClientReply
from ccswitch_tui.wire.anthropic import ERROR_TYPES, error_envelope
from ccswitch_tui.wire.codec import dumps, loads

LARGEST_BODY_BYTES = 32 * 1024 * 1024
"""The Messages API's own limit; Claude Code words a 413 as "Request too large (max 32MB)"."""

BODY_PATIENCE_S = 60.0
"""A client on this machine sends 32 MB in well under a second; a slower one ties up memory."""

MODELS_PATIENCE_S = 2.5
"""Claude Code waits 3 s for the list of models."""

OPEN_PATHS = frozenset({"/health", "/ready", "/_ccswitch/hello"})
"""Answered without the token; they tell nothing but that a proxy is here."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def error_response(status: int, message: str, *, kind: str = "", retry: bool = True) -> web.Response:
    """An error of our own as the client understands it."""
    body = dumps(error_envelope(kind or ERROR_TYPES.get(status, "invalid_request_error"), message))
    return web.Response(
        status=status, body=body, content_type="application/json", headers={} if retry else dict(NO_RETRY)
    )


class ProxyApp:
    """The routes over one relay. `say` writes lines to the log."""

    def __init__(
        self,
        relay: Relay,
        guard: Guard,
        *,
        root_profile: str | None = None,
        say: Callable[..., None] = lambda *lines: None,
        log_exchange: Callable[[Exchange], None] = lambda exchange: None,
    ) -> None:
        self.relay = relay
        self.guard = guard
        self.root_profile = root_profile
        self.draining = False
        self._say = say
        self._log_exchange = log_exchange

    def build(self) -> web.Application:
        """The application, without the local routes that `admin` adds."""
        app = web.Application(middlewares=[self._guarded], client_max_size=LARGEST_BODY_BYTES)
        add = app.router.add_route
        add("GET", "/health", self._health)
        add("GET", "/ready", self._ready)
        for prefix in ("/p/{profile}", ""):
            add("POST", prefix + "/v1/messages", self._messages)
            add("POST", prefix + "/v1/messages/count_tokens", self._count_tokens)
            app.router.add_get(prefix + "/v1/models", self._models, allow_head=False)
            app.router.add_get(prefix + "/v1/models/{model}", self._model, allow_head=False)
        return app

    # ------------------------------------------------------------------ the guard

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        refusal = self._refusal(request)
        if refusal is not None:
            return error_response(refusal.status, refusal.message, kind=refusal.type)
        if request.method == "HEAD":
            return (
                web.Response()
            )  # Claude Code's `HEAD /api/hello`: sent once, without a credential, to open a connection
        try:
            return await handler(request)
        except web.HTTPRequestEntityTooLarge:
            return _too_large()
        except web.HTTPException as error:
            return error_response(error.status, f"{request.method} {request.path}: {error.reason.lower()}", retry=False)
        except UsageError as error:  # a tier that is declared to be a profile's which is gone
            return error_response(400, with_hint(error.message, error.hint), retry=False)
        except ClientGone:
            raise asyncio.CancelledError from None  # what aiohttp itself does when it notices first
        except Exception as error:
            self._say(*"".join(traceback.format_exception(error)).rstrip().split("\n"))
            return error_response(500, f"a mistake in ccswitch-tui itself ({type(error).__name__}); its log says more")

    def _refusal(self, request: web.Request) -> Refusal | None:
        place = self.guard.refuse_place(request.headers)
        if place is not None or request.method == "HEAD" or request.path in OPEN_PATHS:
            return place
        return self.guard.refuse_token(request.headers)

    # ------------------------------------------------------------------ small routes

    async def _health(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"status": "ok"})

    async def _ready(self, request: web.Request) -> web.StreamResponse:
        """Not ready while ending, or when there is nothing to serve."""
        empty = not self.relay.profiles.routes().profiles
        if self.draining or empty:
            return web.json_response({"status": "ending" if self.draining else "no profiles"}, status=503)
        return web.json_response({"status": "ready"})

    # ------------------------------------------------------------------ the Messages API

    def _profile(self, request: web.Request) -> Profile | web.Response:
        name = request.match_info.get("profile") or self.root_profile
        profiles = self.relay.profiles.routes().profiles
        profile = profiles.get(name) if name else None
        if profile is not None:
            return profile
        # 400 and not 404: Claude Code hides what a 404 says behind "there's an issue with the selected model"
        if name is None:
            return error_response(400, "this address names no profile: it ends in /p/NAME", retry=False)
        problem = self.relay.profiles.problem
        why = f"the profiles cannot be read: {problem}" if problem else f"there is no profile '{name}' any more"
        return error_response(400, f"{why}; run 'ccswitch-tui use NAME'", retry=False)

    async def _body(self, request: web.Request) -> tuple[bytes, dict[str, Any]] | web.Response:
        if (request.content_length or 0) > LARGEST_BODY_BYTES:
            return _too_large()
        try:
            if request.content.is_eof():
                raw = await _read(request.content)
            else:
                async with asyncio.timeout(BODY_PATIENCE_S):
                    raw = await _read(request.content)
        except TimeoutError:
            return error_response(408, "the request's body did not arrive in time", kind="timeout_error")
        try:
            body = loads(raw)
        except ValueError as error:
            return error_response(400, f"the request is not JSON: {error}", retry=False)
        if not isinstance(body, dict) or not isinstance(body.get("model"), str) or not body["model"].strip():
            return error_response(400, "model: a text is required", retry=False)
        return raw, body

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        profile = self._profile(request)
        if isinstance(profile, web.Response):
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

    async def _answer(self, request: web.Request, profile: Profile, exchange: Exchange) -> web.StreamResponse:
        got = await self._body(request)
        if isinstance(got, web.Response):
            return got
        raw, body = got
        exchange.asked = body["model"]
        exchange.request.add(raw)
        exchange.client = request.headers.get("User-Agent", "")[:80]
        exchange.session = request.headers.get("X-Claude-Code-Session-Id", "")[:80]
        streamed = body.get("stream") is True
        call = Call(request, exchange, raw, body, streamed, ClientReply(request))
        try:
            return await self.relay.messages(call, profile, body["model"])
        except Exception as error:
            exchange.status = exchange.status or 500
            exchange.error = f"a mistake in ccswitch-tui itself: {type(error).__name__}"
            if call.reply.begun:
                call.reply.abort()  # an error's own status line must not follow in the middle of the answer
            raise

    async def _count_tokens(self, request: web.Request) -> web.StreamResponse:
        """The endpoint's own count where it has one, else an estimate."""
        profile = self._profile(request)
        got = profile if isinstance(profile, web.Response) else await self._body(request)
        if isinstance(profile, web.Response) or isinstance(got, web.Response):
            return got if isinstance(got, web.Response) else error_response(400, "no profile")
        _, body = got
        target = self.relay.profiles.routes().target(profile, body["model"])
        counted = await self._counted(request, target, body)
        return counted or web.json_response({"input_tokens": self.relay.estimate(body, target)})

    async def _counted(self, request: web.Request, target: Target, body: dict[str, Any]) -> web.Response | None:
        counts = self.relay.upstream.address(target.profile).count_tokens
        if counts is None:
            return None
        try:
            key = await self.relay.keys.get(target.profile)
            url = with_query(counts, request)
            sent = dumps({**body, "model": target.model})
            response = await self.relay.upstream.send(target.profile, url, key, body=sent, headers=forwarded(request))
            data = await read_limited(response, ERROR_BYTES, 15.0)
        except (UpstreamError, KeyHostError, KeyStoreError):
            return None
        return web.Response(body=data, content_type="application/json") if response.status == 200 else None

    # ------------------------------------------------------------------ the list of models

    async def _models(self, request: web.Request) -> web.StreamResponse:
        """The profile's models, in a shape that both Anthropic's and OpenAI's clients read."""
        profile = self._profile(request)
        if isinstance(profile, web.Response):
            return profile
        ids = _configured(profile) or await self._listed(profile)
        rows = [_model_row(model) for model in ids]
        return web.json_response(
            {
                "object": "list",
                "data": rows,
                "has_more": False,
                "first_id": ids[0] if ids else None,
                "last_id": ids[-1] if ids else None,
            }
        )

    async def _model(self, request: web.Request) -> web.StreamResponse:
        profile = self._profile(request)
        return (
            profile if isinstance(profile, web.Response) else web.json_response(_model_row(request.match_info["model"]))
        )

    async def _listed(self, profile: Profile) -> list[str]:
        """What the endpoint lists, when the profile names no model; nothing if it does not answer in time."""
        try:
            async with asyncio.timeout(MODELS_PATIENCE_S):
                key = await self.relay.keys.get(profile)
                headers: CIMultiDict[str] = CIMultiDict({"Accept": "application/json"})
                url = self.relay.upstream.address(profile).models
                response = await self.relay.upstream.send(profile, url, key, body=None, headers=headers, method="GET")
                found = loads(await read_limited(response, 4 * 1024 * 1024, MODELS_PATIENCE_S))
        except (UpstreamError, KeyHostError, KeyStoreError, TimeoutError, ValueError):
            return []
        rows = found.get("data") if isinstance(found, dict) else None
        return [r["id"] for r in rows or () if isinstance(r, dict) and isinstance(r.get("id"), str)]


async def _read(content: aiohttp.StreamReader) -> bytes:
    """A request's body. aiohttp's own read() copies it twice more, which 2 MB of conversation feel."""
    parts: list[bytes] = []
    size = 0
    while part := await content.readany():
        parts.append(part)
        size += len(part)
        if size > LARGEST_BODY_BYTES:
            raise web.HTTPRequestEntityTooLarge(LARGEST_BODY_BYTES, size)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _too_large() -> web.Response:
    return error_response(
        413, f"the request is larger than {LARGEST_BODY_BYTES // 2**20} MB", kind="request_too_large", retry=False
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
