"""A field for one key: nothing of it is painted, posted, logged or kept as text.

Textual's own Input sends its value in every Changed message, which a message
log would record. This one says only that it is filled or empty; `take` hands
out the Secret and forgets it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from textual import events
from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from ccswitch_tui.secret import Secret
from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import t

LONGEST_KEY = 16_384
"""Longer than any key or signed token; more is a file pasted by mistake."""


class SecretField(Widget, can_focus=True):
    """Takes typing and pasting; shows dots whose number tells nothing."""

    HELP_TOPIC = "key"
    BINDINGS: ClassVar[list[Any]] = [
        Binding("backspace", "shorter", show=False),
        Binding("ctrl+u", "clear", show=False),
        Binding("enter", "submit", show=False),
    ]
    DEFAULT_CSS = """
    SecretField { height: 1; width: 1fr; background: $surface; padding: 0 1; }
    SecretField:focus { background: $panel; }
    """

    @dataclass
    class Changed(Message):
        """It is filled or empty now; the value is not told."""

        filled: bool

    @dataclass
    class Submitted(Message):
        """Enter was pressed."""

    def __init__(self, empty: str = "secret.empty", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._empty = empty
        """Id of the text that is shown while nothing is in it."""
        self.__typed: list[str] = []

    @property
    def filled(self) -> bool:
        return bool(self.__typed)

    def take(self) -> Secret:
        """The key as a Secret; the field is empty afterwards."""
        secret = Secret("".join(self.__typed))
        self.action_clear()
        return secret

    def render(self) -> Content:
        if not self.__typed:
            return Content.styled(t(self._empty), look.QUIET)
        dot = "*" if look.ascii_only() else "•"
        return look.line(dot * 12, (f"   {t('secret.filled')}", look.QUIET))

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """A printable key belongs to this field, whatever it means elsewhere."""
        return character is not None and character.isprintable()

    def on_key(self, event: events.Key) -> None:
        if event.character is not None and event.is_printable:
            event.stop()
            event.prevent_default()
            self._add([event.character])

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        problem = self.problem_with(event.text)
        if problem:
            self.notify(problem, severity="warning", markup=False)
        else:
            self._put(event.text)

    def problem_with(self, text: str) -> str:
        """Why nothing of a paste is taken, in words without it; "" where it is."""
        if len(text) > LONGEST_KEY:
            return t("secret.too_long", n=f"{len(text):,}", most=f"{LONGEST_KEY:,}")
        return "" if self.wanted(text) else t("line.nothing")

    def give_back(self, secret: Secret) -> None:
        """Puts in what was taken: it was not used after all."""
        self.__typed = list(secret.reveal())
        self._changed()

    def same_as(self, other: SecretField) -> bool:
        """Whether both hold the same; said without showing either."""
        return self.__typed == other.__typed

    def _put(self, text: str) -> None:
        self._add(self.wanted(text[: LONGEST_KEY * 2]))

    def _add(self, characters: list[str]) -> None:
        self.__typed = (self.__typed + characters)[:LONGEST_KEY]
        self._changed()

    @staticmethod
    def wanted(text: str) -> list[str]:
        """Blanks, line ends and quotes round what was copied are no part of a key. Those inside stay: `credentials.
        key_text` takes a scheme or a label off by them, and says that a key was broken over two lines."""
        return [c for c in text.strip().strip("\"'").strip() if c.isprintable() or c in "\t\r\n"]

    def action_shorter(self) -> None:
        del self.__typed[-1:]
        self._changed()

    def action_clear(self) -> None:
        self.__typed.clear()
        self._changed()

    def action_submit(self) -> None:
        self.post_message(self.Submitted())

    def _changed(self) -> None:
        self.refresh()
        self.post_message(self.Changed(self.filled))


class PassphraseField(SecretField):
    """The same for a passphrase, in which blanks and quotes count; only a line end at the end of a paste does not."""

    HELP_TOPIC = "unlock"

    @staticmethod
    def wanted(text: str) -> list[str]:
        return list(text.strip("\r\n"))
