"""What a client asked and what may come of it."""

from __future__ import annotations

from typing import Any, TypeAlias

from ccswitch_tui.http11.message import Reply, Request, Response
from ccswitch_tui.proxy.books.flow import Flow
from ccswitch_tui.proxy.web.reply import ClientReply
from ccswitch_tui.record import NamedTuple
from ccswitch_tui.translate.failure import Failure


class ClientCall(NamedTuple):
    """What the client asked, and its side of the answer."""

    request: Request
    exchange: Flow
    body: dict[str, Any]
    streamed: bool
    reply: ClientReply
    instead: bytes | None = None
    """The bytes of a `body` that is another one than the client's."""

    @property
    def raw(self) -> bytes:
        """The bytes of `body`; they are let go once an answer has begun."""
        return self.request.body if self.instead is None else self.instead


class NativeRefusal(NamedTuple):
    """An error in the client's own language, passed on byte for byte unless another endpoint answers."""

    failure: Failure
    response: Response


Outcome: TypeAlias = Reply | Failure | NativeRefusal
