"""The only place that writes to stdout and stderr.

stdout is data, stderr is talk. Everything passes redact() on its way out,
except what `key` hands to a pipe. Errors: lower case, no full stop, then a
hint that can be pasted.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any, TextIO

from ccswitch_tui.errors import CcswitchError
from ccswitch_tui.secret import Secret, redact

PROGRAM = "ccswitch-tui"

GLYPHS = {"ok": "✓", "warn": "!", "fail": "✗", "skip": "·", "here": "●", "to": "→", "more": "…"}
ASCII_GLYPHS = {"ok": "ok", "warn": "!", "fail": "x", "skip": "-", "here": "*", "to": "->", "more": "..."}

COLOURS = {"ok": "32", "warn": "33", "fail": "31", "skip": "2", "here": "36", "bold": "1", "dim": "2"}


class Output:
    """One command's streams: what it prints, how it looks, and nothing of a key."""

    def __init__(self, env: Mapping[str, str], *, stdout: TextIO | None = None, stderr: TextIO | None = None) -> None:
        self.stdout = stdout or sys.stdout
        self.stderr = stderr or sys.stderr
        self.env = env
        self.glyphs = GLYPHS if _can_encode(self.stdout, "✓✗●→") else ASCII_GLYPHS
        self.colour = _wants_colour(self.stdout, env)

    @property
    def interactive(self) -> bool:
        """A person sits at stdout, on a terminal that can do more than print."""
        return self.stdout.isatty() and self.env.get("TERM") != "dumb"

    def line(self, text: str = "") -> None:
        """One line of data."""
        self._write(self.stdout, redact(text) + "\n")

    def talk(self, text: str) -> None:
        """One line for the person watching."""
        self._write(self.stderr, redact(text) + "\n")

    def json(self, value: Any) -> None:
        """One JSON document on stdout; `value` is what the command documents, version included."""
        text = json.dumps(value, ensure_ascii=False, indent=2, default=_encode)
        self._write(self.stdout, redact(text) + "\n")

    def reveal(self, secret: Secret) -> None:
        """The one deliberate exception: a key into the pipe that asked for it."""
        self._write(self.stdout, secret.reveal() + "\n")

    def error(self, error: CcswitchError, *, as_json: bool = False) -> None:
        """An error for the user: two lines on stderr, or the documented JSON on stdout."""
        if as_json:
            shown = {"kind": error.kind, "message": error.message, "hint": error.hint}
            self.json({"version": 1, "error": shown})
            return
        self.talk(f"{PROGRAM}: error: {error.message}")
        if error.hint:
            self.talk(f"{PROGRAM}: hint: {error.hint}")

    def paint(self, style: str, text: str) -> str:
        """`text` in a style of COLOURS, or as it is where colour is unwelcome."""
        return f"\x1b[{COLOURS[style]}m{text}\x1b[0m" if self.colour and style in COLOURS else text

    def glyph(self, name: str) -> str:
        """A sign by its meaning, in ASCII where the stream cannot show more."""
        return self.paint(name, self.glyphs[name])

    def _write(self, stream: TextIO, text: str) -> None:
        try:
            stream.write(text)
        except UnicodeEncodeError:
            encoding = stream.encoding or "ascii"
            stream.write(text.encode(encoding, "replace").decode(encoding))
        stream.flush()


def _can_encode(stream: TextIO, text: str) -> bool:
    try:
        text.encode(getattr(stream, "encoding", None) or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def _wants_colour(stream: TextIO, env: Mapping[str, str]) -> bool:
    if env.get("NO_COLOR") or env.get("TERM") == "dumb":
        return False
    return bool(env.get("FORCE_COLOR")) or stream.isatty()


def _encode(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} does not go into JSON")
