"""The tries of one request on one endpoint: what is sent changes from one to the next, and only here.

Another try needs a new reason: a quirk just learned from the refusal, other
body fields, a key that changed in the store, a history without the thinking
blocks that the endpoint did not make. Nothing is repeated after the first byte.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ccswitch_tui._version import __version__
from ccswitch_tui.balance.limits import limits_in
from ccswitch_tui.errors import UsageError
from ccswitch_tui.http11.headers import Headers
from ccswitch_tui.http11.message import JSON, Response, Sent
from ccswitch_tui.http11.requests import Fields
from ccswitch_tui.net.url import Url
from ccswitch_tui.proxy.books.learned import NAMED, NAMELESS
from ccswitch_tui.proxy.books.prices import stated_by_header
from ccswitch_tui.proxy.call import ClientCall, NativeRefusal, Outcome
from ccswitch_tui.proxy.client.connection import Answer
from ccswitch_tui.proxy.client.upstream import Address, KeyHostError, UpstreamError
from ccswitch_tui.proxy.heavy import heavily
from ccswitch_tui.proxy.native import NativeStream, is_error_body, may_be_shown, refusal_in, with_model
from ccswitch_tui.proxy.pump import note_usage, read_limited
from ccswitch_tui.proxy.routing import Target
from ccswitch_tui.proxy.thinking import refuses_thinking
from ccswitch_tui.proxy.translator import Translator
from ccswitch_tui.proxy.web.forward import SSE_HEADERS, forwarded, native_headers, passed_headers, stream_headers
from ccswitch_tui.secret import Secret
from ccswitch_tui.translate.disproof import disproved
from ccswitch_tui.translate.errors import Failure, failure_from_exception, failure_from_response
from ccswitch_tui.translate.failure import Learned, clean_message
from ccswitch_tui.translate.native_body import native_betas, native_body
from ccswitch_tui.translate.native_refusals import native_disproved, native_lesson
from ccswitch_tui.translate.notices import Notices
from ccswitch_tui.translate.policy import HOPELESS
from ccswitch_tui.translate.request import RequestRefused, Translation, translate_request
from ccswitch_tui.translate.response import translate_response
from ccswitch_tui.translate.stream import StreamTranslator
from ccswitch_tui.translate.text_tools import looks_written, may_be_written
from ccswitch_tui.translate.words import read_words
from ccswitch_tui.wire.codec import dumps
from ccswitch_tui.wire.pieces import Pieces
from ccswitch_tui.wire.quirks import Quirks

if TYPE_CHECKING:
    from ccswitch_tui.proxy.parts import Parts

ERROR_BYTES = 256 * 1024
ANSWER_BYTES = 8 * 1024 * 1024
"""More than any model writes; one with pictures in it has some megabytes."""


def _asked_for(kind: str) -> Fields:
    ours = f"ccswitch-tui/{__version__}"
    return ("Content-Type", JSON), ("Accept", kind), ("Accept-Encoding", "identity"), ("User-Agent", ours)


STREAMED = {True: _asked_for("text/event-stream"), False: _asked_for(JSON)}
"""The headers of a translated request."""

BROKEN_FOR_GOOD = 10
"""Broken streams after which a whole answer is asked for once more: the endpoint may be well again."""


class Attempt:
    """One endpoint's tries: what is sent changes from one to the next, and only here."""

    def __init__(
        self,
        relay: Parts,
        call: ClientCall,
        target: Target,
        address: Address,
        key: Secret | None,
        secret_headers: Mapping[str, Secret],
    ) -> None:
        self._relay = relay
        self._call = call
        self._target = target
        self._key = key
        self._secret_headers = secret_headers
        self._address = address
        self._host = address.host
        self._format = target.profile.endpoint.format
        self._measured = f"{self._host} {target.model}"
        self._reasons: set[str] = set()
        self._body = relay.foreign.without_known(self._host, call.body)
        self._refused_thinking = False
        self._lessons: dict[str, dict[str, Any]] = {}
        """Quirks the refusals of this request have taught; kept for others once an answer has come."""
        self._retry_with: dict[str, Any] = {}
        """Body fields for the next try only, as the last refusal asked for them."""

    async def run(self) -> Outcome:
        """One try."""
        self._call.exchange.attempts += 1
        try:
            outcome = await (self._native() if self._format.native else self._translated())
            if self._lessons and isinstance(outcome, Response | Sent):
                self._remember()
            return outcome
        except RequestRefused as refused:
            return refused.failure
        except UsageError as error:
            return own_failure(400, "invalid_request_error", with_hint(error.message, error.hint))
        except KeyHostError as error:
            return own_failure(403, "permission_error", str(error))
        except UpstreamError as error:
            return failure_from_exception(error.kind, error.detail, host=error.host)

    async def finds_a_reason_to_repeat(self, failure: Failure) -> bool:
        """Whether another try on the same endpoint has a reason; what it needs is then in place."""
        if self._call.reply.begun:
            return False
        if failure.learned is not None:
            return self._learn(failure)
        if failure.retry_with is not None and "retry_with" not in self._reasons:
            self._reasons.add("retry_with")
            self._retry_with = failure.retry_with
            return True
        if self._refused_thinking and "thinking" not in self._reasons:
            self._reasons.add("thinking")
            without = self._relay.foreign.refuse_all(self._host, self._body)
            changed, self._body = without is not self._body, without
            if changed:
                self._call.exchange.notices.append(
                    "thinking blocks from another provider were removed from the history"
                )
            return changed
        profile, keys = self._target.profile, self._relay.keys
        if failure.status == 401 and profile.sends_secrets and "key" not in self._reasons:
            self._reasons.add("key")
            if await keys.changed(profile, self._key, self._secret_headers):
                self._key, self._secret_headers = await keys.get(profile), await keys.of_headers(profile)
                return True
        return False

    def _learn(self, failure: Failure) -> bool:
        learned = failure.learned
        if learned is None:
            return False
        taken = [self._learn_one(lesson) for lesson in (learned, *learned.also)]
        return True in taken

    def _learn_one(self, learned: Learned) -> bool:
        # of a list each name is a lesson of its own: the next refusal names the next one
        lesson = f"{learned.quirk}={learned.value}" if isinstance(learned.value, tuple) else learned.quirk
        if lesson in self._reasons:
            return False
        self._reasons.add(lesson)
        before, known = self._quirks(), self._lessons.get(learned.quirk)
        self._lessons[learned.quirk] = {"value": learned.value, "from": "learned", "because": learned.because}
        if self._quirks() != before:
            return True
        if known is None:  # the user or a probe said otherwise, and has the last word
            del self._lessons[learned.quirk]
        else:
            self._lessons[learned.quirk] = known
        return learned.instead is not None and self._learn_one(learned.instead)

    @cached_property
    def _conversation(self) -> str:
        return self._call.exchange.session or conversation_of(self._call.body)

    def _quirks(self) -> Quirks:
        return self._relay.quirks(self._target, self._host, lambda: self._conversation, self._lessons)

    def _remember(self) -> None:
        """The lessons of this request have helped: others may have them."""
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        for quirk, fact in self._lessons.items():
            self._relay.learned.learn(
                self._host,
                self._target.model,
                quirk,
                fact["value"],
                fact["because"],
                at=at,
                conversation=self._conversation,
                weight=NAMED if self._call.exchange.session else NAMELESS,
            )
            self._call.exchange.notices.append(f"learned {quirk} = {fact['value']}: {fact['because']}")
        self._lessons = {}
        self._relay.background.in_thread(self._relay.learned.save)

    def _note_written_calls(self, translation: Translation) -> None:
        """Says so where the model writes its calls as text: the turn would just end, and nobody know why."""
        exchange = self._call.exchange
        if not translation.tools or translation.quirks.text_tools != "off" or exchange.stop_reason != "end_turn":
            return
        received = exchange.received.kept()
        if not may_be_written(received):
            return
        said = received.decode("utf-8", "replace").replace("\\n", "\n")
        if looks_written(said) or looks_written(said.replace('"content": "', "\n").replace('"content":"', "\n")):
            exchange.notices.append(WRITES_CALLS)

    def _stream_broke(self, failure: Failure, translation: Translation) -> Failure:
        """With the lesson not to stream, if this endpoint's streams fail again and again and nothing else is wrong.

        One server error may be anybody's; two in a row, and an endpoint may be one whose streams never work.
        """
        if not translation.body.get("stream") or failure.learned is not None or failure.status != 500:
            return failure
        broken = self._relay.broken_streams
        if len(broken) > MOST_BROKEN:
            broken.clear()
        broken[self._measured] = broken.get(self._measured, 0) + 1
        if broken[self._measured] % BROKEN_FOR_GOOD != 2:
            return failure  # once is chance; and an endpoint that fails either way is not asked twice each time
        return replace(failure, learned=Learned("never_stream", True, "streams fail here, whole answers do not"))

    def _unlearn(self, shows_wrong: Callable[[str, Any], bool]) -> None:
        """An endpoint that takes a picture sees: a lesson that it does not was about something else. So with all."""
        learned, model = self._relay.learned, self._target.model
        wrong = [
            (quirk, value)
            for quirk, value in learned.lessons(self._host, model).items()
            if quirk not in self._lessons and shows_wrong(quirk, value)
        ]
        for quirk, value in wrong:
            if learned.disprove(self._host, model, quirk):
                self._call.exchange.notices.append(
                    f"forgot the lesson {quirk} = {value}: this endpoint has just accepted it"
                )
        if wrong:
            self._relay.background.in_thread(learned.save)

    # ------------------------------------------------------------------ chat completions

    async def _translated(self) -> Outcome:
        call, target = self._call, self._target
        translation = translate_request(
            self._body,
            model=target.model,
            wire=self._format.name,
            quirks=self._quirks(),
            session=call.exchange.session or None,
            token_factor=self._relay.calibration.factor(self._measured),
            changes=self._retry_with,
            memory=self._relay.memory,
            origin=self._host,
        )
        streams = bool(translation.body.get("stream"))
        headers = (*STREAMED[streams], *self._format.headers.items(), *translation.headers.items())
        translator = StreamTranslator(translation, provider=target.profile.name)
        sent = translation.pieces()
        response = await self._send(self._address.ask, sent, headers, translator, meanwhile=translation.prepare)
        del sent
        translation.was_sent()
        if not 200 <= response.status < 300:
            return await self._failure(response, translation)
        translator.status = response.status
        self._unlearn(lambda quirk, value: disproved(quirk, value, translation))
        if streams:
            self._relay.broken_streams.pop(self._measured, None)
        try:
            return await self._answered(response, translator, streams)
        finally:
            call.exchange.notices += [notice.text for notice in translation.notices]
            if translator.lesson is not None and translator.error is None:
                self._learn_one(translator.lesson)
            self._note_written_calls(translation)
            self._relay.note_estimate(self._measured, translation, call.exchange)

    async def _answered(self, response: Answer, translator: StreamTranslator, streams: bool) -> Outcome:
        call, pump = self._call, self._relay.pump
        if call.streamed:
            return await pump.stream(call.reply, call.exchange, response, translator, SSE_HEADERS, self._idle_s)
        if streams:  # the endpoint streams, the client wants one message
            await pump.collect(call.exchange, response, translator, self._idle_s)
            return self._message(translator.failure or translator.message())
        body = await read_limited(response, ANSWER_BYTES, self._idle_s)
        call.exchange.received.add(body)
        return self._message(await heavily(len(body), translate_response, body, translator.translation))

    def _message(self, result: dict[str, Any] | Failure) -> Outcome:
        if isinstance(result, Failure):
            return result
        exchange = self._call.exchange
        note_usage(exchange, result.get("usage") or {})
        exchange.stop_reason = result.get("stop_reason")
        data = dumps(result)
        exchange.returned.add(data)
        return Response(data)

    # ------------------------------------------------------------------ the Messages API itself

    async def _native(self) -> Outcome:
        call, target = self._call, self._target
        quirks, notices = self._quirks(), Notices()
        body = native_body(self._body, quirks, notices)
        if body is call.body:
            sent = [with_model(call.raw, body, call.body["model"], target.model)]
        else:
            sent = [dumps({**body, "model": target.model})]
        url = self._address.ask.asked(call.request.query_string)
        headers = _as_taken(forwarded(call.request), quirks)
        stream = NativeStream(streams=call.streamed)
        response = await self._send(url, sent, tuple(headers.fields()), stream)
        if not 200 <= response.status < 300:
            return await self._refused(response, body, quirks, headers)
        self._unlearn(lambda quirk, value: native_disproved(quirk, value, body, quirks))
        call.exchange.notices += [notice.text for notice in notices]
        if call.streamed:
            return await self._relay.pump.stream(
                call.reply, call.exchange, response, stream, stream_headers(response.headers), self._idle_s
            )
        data = await read_limited(response, ANSWER_BYTES, self._idle_s)
        refused = await heavily(len(data), refusal_in, data)
        if refused is not None:
            call.exchange.received.add(data)
            return refused
        stream.feed(data)
        note_usage(call.exchange, stream.usage)
        call.exchange.stop_reason = stream.stop_reason
        call.exchange.answered = stream.model
        call.exchange.received.add(data)
        return Response(data, headers=native_headers(response.headers))

    # ------------------------------------------------------------------ both

    @property
    def _idle_s(self) -> float:
        return self._target.profile.endpoint.timeouts.idle_s

    async def _send(
        self,
        url: Url,
        sent: Pieces,
        headers: Fields,
        translator: Translator,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> Answer:
        call, exchange = self._call, self._call.exchange
        exchange.sent.start_over(*sent)
        exchange.upstream_status = 0
        if call.streamed:
            self._relay.pump.wait(call.reply, exchange, translator)
        good = False
        try:
            response = await self._relay.upstream.send(
                self._target.profile,
                url,
                self._key,
                body=sent,
                headers=headers,
                secret_headers=self._secret_headers,
                meanwhile=meanwhile,
            )
            good = 200 <= response.status < 300  # then the stream goes on with what was begun for the wait
        finally:
            if not good:
                self._relay.pump.waited(call.reply)
        exchange.upstream_status = response.status
        exchange.header_cost = stated_by_header(response.headers)
        told = limits_in(response.headers.fields(), time.time())
        exchange.limits = [limit.to_json() for limit in told]
        return response

    async def _refused(
        self, response: Answer, body: dict[str, Any], quirks: Quirks, headers: Headers
    ) -> Failure | NativeRefusal:
        """A native refusal, and what it teaches."""
        outcome = await self._failure(response, None)
        words = read_words(self._call.exchange.received.kept())
        lesson = native_lesson(
            response.status,
            words,
            body,
            quirks,
            betas=headers.get("anthropic-beta", ""),
            version=headers.get("anthropic-version", ""),
        )
        if lesson is None:
            return outcome
        if isinstance(outcome, NativeRefusal):
            return outcome._replace(failure=replace(outcome.failure, learned=lesson))
        return replace(outcome, learned=lesson)

    async def _failure(self, response: Answer, translation: Translation | None) -> Failure | NativeRefusal:
        status, headers = response.status, response.headers
        body = await read_limited(response, ERROR_BYTES, 15.0)
        self._call.exchange.received.start_over(body)
        if 300 <= status < 400:
            return _redirect(self._target.profile.name, self._host, headers.get("Location", ""))
        failure = failure_from_response(
            status, headers, body, provider=self._target.profile.name, model=self._target.model, translation=translation
        )
        if translation is not None:
            failure = self._stream_broke(failure, translation)
        self._refused_thinking = translation is None and refuses_thinking(status, body)
        if translation is None and is_error_body(body) and may_be_shown(body) and not _means_another(failure, status):
            passed = Response(body, status=status, headers=passed_headers(headers))
            return NativeRefusal(failure, passed)
        return failure


def _means_another(failure: Failure, status: int) -> bool:
    """Whether the client would do the wrong thing about a refusal in its own language: try a full context for three
    minutes, or an account without credit."""
    return failure.status != status and (failure.overflow is not None or failure.status == 402)


def _as_taken(headers: Headers, quirks: Quirks) -> Headers:
    """The client's headers, less what this endpoint refuses."""
    if quirks.api_version and "anthropic-version" in headers:
        headers["anthropic-version"] = quirks.api_version
    if quirks.drop_betas and "anthropic-beta" in headers:
        kept = native_betas(headers.pop("anthropic-beta"), quirks)
        headers.update({"anthropic-beta": kept} if kept else {})
    return headers


MOST_BROKEN = 512
"""Models whose broken streams are counted."""
WRITES_CALLS = (
    "the model writes its tool calls as text, so none is run: start the server with its tool parser, or set the quirk "
    "text_tools to the notation it uses"
)

SETTINGS = ("model", "max_tokens", "temperature", "top_p", "top_k", "stop_sequences", "tool_choice", "thinking")
"""What a client keeps from turn to turn. Two requests that differ here are taken for two conversations: a lesson
about a setting of the one would change what the other asked for."""


def conversation_of(body: Mapping[str, Any]) -> str:
    """What tells a conversation of a client that names none: how it began, with which tools and settings."""
    told = [f"{name}={body[name]}" for name in SETTINGS if name in body]
    told += [name for tool in _dicts(body.get("tools")) if isinstance(name := tool.get("name"), str)]
    for block in (*_dicts(body.get("system")), *_first_blocks(body.get("messages"))):
        source = block.get("source")
        data = source.get("data") if isinstance(source, dict) else None
        told += [said[:1000] for said in (block.get("text"), data) if isinstance(said, str)]
    return "began " + hashlib.sha256("\n".join(told).encode("utf-8", "replace")).hexdigest()[:16]


def _first_blocks(messages: Any) -> list[dict[str, Any]]:
    first = next(iter(_dicts(messages)), {})
    content = first.get("content")
    return [{"text": content}] if isinstance(content, str) else _dicts(content)


def _dicts(values: Any) -> list[dict[str, Any]]:
    return [v for v in values[:100] if isinstance(v, dict)] if isinstance(values, list) else []


def failure_of(outcome: Outcome) -> Failure:
    """The failure in an outcome that is no answer."""
    assert not isinstance(outcome, Response | Sent)
    return outcome.failure if isinstance(outcome, NativeRefusal) else outcome


def own_failure(status: int, kind: str, message: str) -> Failure:
    """A failure on our side, which only the user can fix."""
    return Failure(status=status, type=kind, message=message, headers=HOPELESS)


def with_hint(message: str, hint: str) -> str:
    """Message and hint as one text."""
    return f"{message} ({hint})" if hint else message


def _redirect(profile: str, host: str, location: str) -> Failure:
    # without what may hold a key, and nothing in it steers the client's terminal
    bare = clean_message(location.partition("?")[0].partition("#")[0])[:300]
    where = f" to {bare}" if bare else ""
    return own_failure(
        502,
        "api_error",
        f"{host} redirects{where}, and ccswitch-tui does not follow, because the key would go along: put the address "
        f"the endpoint really has into the profile ('ccswitch-tui edit {profile} --set endpoint.base_url=URL')",
    )
