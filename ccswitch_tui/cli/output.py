"""The only place that writes to stdout and stderr.

stdout is data, stderr is talk. Everything passes redact() and one_line() on its
way out, except what `key` hands to a pipe: no key, no escape sequence but our
own colours, no line that was not ours. On a terminal lines are folded between
words to its width, and the home folder is `~`. Errors: lower case, no full stop,
then a hint that can be pasted. A sentence of ours (sentence.py) is spoken in the
user's language; JSON never is.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping, Sequence

from ccswitch_tui.errors import CcswitchError
from ccswitch_tui.here import is_terminal
from ccswitch_tui.language import said, spoken
from ccswitch_tui.printable import one_line, printable_json
from ccswitch_tui.secret import Secret, redact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TextIO

PROGRAM = "ccswitch-tui"

GLYPHS = {"ok": "✓", "warn": "!", "fail": "✗", "skip": "·", "here": "●", "to": "→", "more": "…"}
ASCII_GLYPHS = {"ok": "ok", "warn": "!", "fail": "x", "skip": "-", "here": "*", "to": "->", "more": "..."}

COLOURS = {"ok": "32", "warn": "33", "fail": "31", "skip": "2", "here": "36", "bold": "1", "dim": "2"}


class ReaderLeft(BrokenPipeError):
    """Whoever read our output reads no more (`| head`): nothing is wrong, and nobody is there to be told."""


class Output:
    """One command's streams: what it prints, how it looks, and nothing of a key."""

    def __init__(self, env: Mapping[str, str], *, stdout: TextIO | None = None, stderr: TextIO | None = None) -> None:
        self.stdout = stdout or sys.stdout or _nowhere()
        self.stderr = stderr or sys.stderr or _nowhere()
        self.env = env
        self.glyphs = GLYPHS if _can_encode(self.stdout, "✓✗●→") else ASCII_GLYPHS
        self.colour = _wants_colour(self.stdout, env)
        self._full = False
        """Whether stdout refused what was written to it."""
        self._own = f"\x1b[{int.from_bytes(os.urandom(6))};"
        """How paint() begins a style until it is written. Nobody outside can guess it: only our own styles pass."""

    @property
    def interactive(self) -> bool:
        """A person sits at stdout, on a terminal that can do more than print."""
        return is_terminal(self.stdout) and self.env.get("TERM") != "dumb"

    @property
    def ascii_only(self) -> bool:
        """The stream, or the terminal behind it, shows nothing but ASCII for sure."""
        return self.glyphs is ASCII_GLYPHS or self.env.get("TERM") == "dumb"

    @property
    def columns(self) -> int | None:
        """How wide a line of data may be; None where it goes to no terminal."""
        return _width(self.stdout, self.env)

    @property
    def talk_columns(self) -> int | None:
        """How wide a line for the person watching may be; None where nobody does."""
        return _width(self.stderr, self.env)

    def line(self, *rows: str, whole: bool = False) -> None:
        """Data: each of `rows` as one line, whatever stands in it; without any an empty line.

        On a terminal it is folded to fit, unless it is to stay `whole`: a command that is copied.
        """
        text = self._fit(rows)
        self._write(self.stdout, (text if whole else self._folded(text, self.stdout)) + "\n")

    def block(self, text: str) -> None:
        """A text of ours of several lines, as data: never folded, for it may be copied."""
        self.line(*text.split("\n"), whole=True)

    def json_line(self, value: Any) -> None:
        """One JSON document a line, for streams of them."""
        self._write(self.stdout, printable_json(redact(json.dumps(value, ensure_ascii=False, default=_encode))) + "\n")

    def talk(self, *rows: str, whole: bool = False) -> None:
        """Lines for the person watching, folded like data."""
        text = self._fit(rows)
        self._write(self.stderr, (text if whole else self._folded(text, self.stderr)) + "\n")

    def point(self, sign: str, words: str, *, indent: int = 0, talk: bool = False) -> None:
        """A sentence behind a sign of GLYPHS, as data or as talk."""
        (self.talk if talk else self.line)(f"{' ' * indent}{self.glyph(sign)} {spoken(words)}")

    def hint(self, words: str) -> None:
        """What to do next, for the person watching."""
        self.talk(said("ccswitch-tui: hint: {hint}", hint=words))

    def ask(self, question: str) -> str:
        """A question on stderr; the answer from stdin, "" when there is none."""
        self._write(self.stderr, self._fit([question]) + " ")
        return sys.stdin.readline().strip()

    def ask_hidden(self, question: str) -> str:
        """A question whose answer is not shown. Raises EOFError when there is none."""
        import getpass

        return getpass.getpass(self._fit([question]) + " ")

    def json(self, value: Any) -> None:
        """One JSON document on stdout; `value` is what the command documents, version included."""
        text = json.dumps(value, ensure_ascii=False, indent=2, default=_encode)
        self._write(self.stdout, printable_json(redact(text)) + "\n")

    def reveal(self, secret: Secret) -> None:
        """The one deliberate exception: a key into the pipe that asked for it."""
        shown = one_line(secret.reveal()) if is_terminal(self.stdout) else secret.reveal()
        self._write(self.stdout, shown + "\n")

    def pass_on(self, said: bytes) -> None:
        """What the user's own status line printed, unchanged: it goes where it would go without us."""
        self.stdout.flush()
        raw = getattr(self.stdout, "buffer", None)
        if raw is not None:
            raw.write(said if said.endswith(b"\n") else said + b"\n")
            raw.flush()

    def error(self, error: CcswitchError, *, as_json: bool = False) -> None:
        """An error for the user: two lines on stderr, or the documented JSON on stdout."""
        if as_json:
            shown = {"kind": error.kind, "message": error.message, "hint": error.hint}
            self.json({"version": 1, "error": shown})
            return
        self.talk(said("ccswitch-tui: error: {message}", message=error.message))
        if error.hint:
            self.hint(error.hint)

    def paint(self, style: str, text: str) -> str:
        """`text` in a style of COLOURS, or as it is where colour is unwelcome."""
        return f"{self._own}{COLOURS[style]}m{text}{self._own}0m" if self.colour and style in COLOURS else text

    def glyph(self, name: str) -> str:
        """A sign by its meaning, in ASCII where the stream cannot show more."""
        return self.paint(name, self.glyphs[name])

    def _fit(self, rows: Sequence[str]) -> str:
        """Rows as they may be shown: the one way to the terminal."""
        return redact("\n".join(self._one(spoken(row)) for row in rows))

    def _folded(self, text: str, stream: TextIO) -> str:
        """A text that passed _fit(), as the terminal behind `stream` shows it well; elsewhere as it is."""
        room = _width(stream, self.env)
        if room is None:
            return text
        from ccswitch_tui.cells import fold

        home = self.env.get("HOME", "")
        if len(home) > 1 and home in text:
            text = re.sub(rf"(?<![^\s(（：；，、“]){re.escape(home)}(?=/)", "~", text)
        return "\n".join(part for row in text.split("\n") for part in fold(row, room))

    def _one(self, row: str) -> str:
        if self._own not in row:
            return one_line(row)
        first, *styled = row.split(self._own)
        return one_line(first) + "".join("\x1b[" + style + "m" + one_line(text) for style, _, text in map(_cut, styled))

    def flush(self) -> None:
        """Writes out what argparse printed. Raises as line() does."""
        self._write(self.stdout, "")

    def let_go(self) -> bool:
        """Whether stdout still takes data; what it cannot take is dropped, or Python would fail again at exit."""
        try:
            self.stdout.flush()
        except OSError:
            self._full = True
        if self._full:
            _drop(self.stdout)
        return not self._full

    def _write(self, stream: TextIO, text: str) -> None:
        try:
            try:
                stream.write(text)
            except UnicodeEncodeError:
                encoding = stream.encoding or "ascii"
                stream.write(text.encode(encoding, "replace").decode(encoding))
            stream.flush()
        except OSError as error:
            self._full = stream is self.stdout
            if stream is self.stderr:  # nobody can be told: no reason to leave the work half done
                _drop(stream)
            elif isinstance(error, BrokenPipeError):
                raise ReaderLeft(*error.args) from None
            else:
                raise


def _cut(styled: str) -> tuple[str, str, str]:
    return styled.partition("m")


def _drop(stream: TextIO) -> None:
    """Lets what a stream still holds, and all that follows, go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _nowhere() -> TextIO:
    """For Windows' pythonw, which has no streams at all."""
    return open(os.devnull, "w", encoding="utf-8")


def _width(stream: TextIO, env: Mapping[str, str]) -> int | None:
    if not is_terminal(stream):
        return None  # and nothing is loaded for it
    from ccswitch_tui.cli.columns import terminal_width

    return terminal_width(stream, env)


def _can_encode(stream: TextIO, text: str) -> bool:
    try:
        text.encode(getattr(stream, "encoding", None) or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def _wants_colour(stream: TextIO, env: Mapping[str, str]) -> bool:
    if env.get("NO_COLOR") or env.get("TERM") == "dumb":
        return False
    return bool(env.get("FORCE_COLOR")) or is_terminal(stream)


def _encode(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} does not go into JSON")
