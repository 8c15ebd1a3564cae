"""From a clipboard: sealed while it may hold a key, told from a binary file, freed of control characters. Pure."""

from __future__ import annotations


class Sealed:
    """A text that may hold a key somewhere: no log and no crash shows it. (A Secret is nothing but the key.)"""

    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        self.__text = text

    def open(self) -> str:
        return self.__text

    def __repr__(self) -> str:
        return "Sealed(…)"


def looks_binary(text: str) -> bool:
    """Whether this is a file's bytes and not text: NUL, or one control or replacement character in ten."""
    sample = text[:4096]
    odd = sum(1 for c in sample if (c < " " and c not in "\t\n\r\x1b") or c == "\ufffd")
    return "\0" in sample or odd * 10 > len(sample)


def without_controls(text: str) -> str:
    """Line ends as LF, odd blanks as blanks; other control characters, which no command needs, left out."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c if c in "\t\n" or c.isprintable() else " " if c.isspace() else "" for c in text)
