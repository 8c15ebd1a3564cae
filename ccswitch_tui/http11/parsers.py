"""The parsers of HTTP/1.1: llhttp through httptools, or h11 where there is no wheel of httptools.

llhttp is Node's own parser, and httptools (MagicStack's) what uvicorn stands
on; its lenient flags stay off, so a bare line feed, a fold, two lengths or a
length beside chunks is an error and not a guess. h11 is slower and as strict,
pure Python, and the probe needs it anyway. Both call the same methods of the
protocol they are given: on_url, on_header, on_headers_complete, on_body,
on_message_complete.
"""

from __future__ import annotations

from typing import Any, Protocol

try:
    from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser, HttpResponseParser
except ImportError:
    from ccswitch_tui.http11.by_h11 import (  # type: ignore[assignment, unused-ignore]  # the older httptools has no types
        HttpParserError,
        HttpParserUpgrade,
        HttpRequestParser,
        HttpResponseParser,
    )

__all__ = ["HttpParserError", "HttpParserUpgrade", "HttpRequestParser", "HttpResponseParser", "Parser", "words_of"]


class Parser(Protocol):
    """What both libraries' parsers can do."""

    def feed_data(self, data: bytes) -> None: ...
    def get_http_version(self) -> str: ...


def words_of(error: Exception) -> str:
    """What a parser says is wrong. Its words are its own: nothing of the other side's bytes is in them."""
    said: Any = error.args[0] if error.args else ""
    return str(said)[:100].rstrip(".") or type(error).__name__
