"""Command lines cut into words as bash/zsh, cmd.exe and PowerShell cut them.

Pure, and runs nothing: a variable or a command substitution becomes a marked
place in the word (`Marks`), never its value. Reading stops where the first
command ends. Sources: POSIX XCU 2.2 "Quoting" and the bash manual ("ANSI-C
Quoting"); Microsoft "Parsing C Command-Line Arguments"; about_Quoting_Rules
and about_Special_Characters of PowerShell.
"""

from __future__ import annotations

import re
from typing import Literal

Shell = Literal["posix", "cmd", "powershell"]

VARIABLE, COMMAND, END = "\ue000", "\ue001", "\ue002"
"""Private-use characters that stand around a variable's name or a substituted command inside a word."""

_MARKS = re.compile(f"[{VARIABLE}{COMMAND}{END}]")

ANSI_ESCAPES = {
    "n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "v": "\v",
    "\\": "\\", "'": "'", '"': '"', "?": "?",
}  # fmt: skip
POWERSHELL_ESCAPES = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "0": "\0",
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "v": "\v",
    "e": "\x1b",
}

_JOINED_LINES = {
    "posix": re.compile(r"\\[ \t]*\r?\n"),
    "cmd": re.compile(r"\^[ \t]*\r?\n"),
    "powershell": re.compile(r"`[ \t]*\r?\n"),
}
_POSIX_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::?[-=?+][^}]{0,200})?\}|([A-Za-z_]\w*))")
_POSIX_COMMAND = re.compile(r"\$\((?:[^()]|\([^()]{0,500}\)){0,1000}\)|`[^`]{0,1000}`")
_POWERSHELL_VARIABLE = re.compile(r"\$(?:\{(?:env:)?(\w+)\}|(?:env:)?([A-Za-z_]\w*))", re.IGNORECASE)
_POWERSHELL_COMMAND = re.compile(r"\$\([^()]{0,1000}\)")
_POWERSHELL_BLOCK = re.compile(r"@(['\"])[ \t]*\r?\n(.*?)\r?\n\1@", re.DOTALL)
_ANSI_NUMBER = re.compile(r"\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|([0-7]{1,3}))")
_C_QUOTE = re.compile(r"(\\*)(\"?)")


def variable_in(word: str) -> str | None:
    """The name of the variable marked in this word, if there is one."""
    found = re.search(f"{VARIABLE}([^{END}]*){END}", word)
    return found[1] if found else None


def command_in(word: str) -> bool:
    """Whether a part of this word would be another command's output."""
    return COMMAND in word


def fill(word: str, values: dict[str, str]) -> str:
    """The word with the marked variables that are known put in."""
    return re.sub(f"{VARIABLE}([^{END}]*){END}", lambda m: values.get(m[1], m[0]), word)


def unmarked(word: str) -> str:
    """The word with what is still marked written as a shell would show it."""
    word = re.sub(f"{VARIABLE}([^{END}]*){END}", r"${\1}", word)
    return re.sub(f"{COMMAND}[^{END}]*{END}", "$(…)", word)


def guess_shell(text: str) -> Shell:
    """Which shell a pasted command line was written for."""
    if re.search(
        r"`[ \t]*\r?\n|\$env:\w|\bcurl\.exe\b[^\n]*'|\bInvoke-(?:RestMethod|WebRequest)\b", text, re.IGNORECASE
    ):
        return "powershell"
    if re.search(r"\^[ \t]*\r?\n|\^\"|(?<!\w)%\w+%", text) and not re.search(r"\\\r?\n", text):
        return "cmd"
    return "posix"


def split_words(text: str, shell: Shell) -> list[str]:
    """The words of the first command in `text`, quotes and escapes resolved.

    Raises ValueError when a quote is not closed.
    """
    text = _MARKS.sub("", text)
    if shell == "cmd":
        return _split_cmd(text)
    return _Posix(text).words() if shell == "posix" else _PowerShell(text).words()


class _Posix:
    """bash, zsh, dash: one pass over the text, a word at a time."""

    VARIABLE_FORM = _POSIX_VARIABLE
    COMMAND_FORM = _POSIX_COMMAND

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.word: list[str] | None = None
        """The word being read; None between words, [] for an empty quoted one."""

    def words(self) -> list[str]:
        found: list[str] = []
        while self.at < len(self.text):
            char = self.text[self.at]
            if char in " \t\r":
                self.at += 1
                self._close(found)
            elif char == "#" and self.word is None:
                break
            elif char in "\n;|&<>()":
                if self._ends_command(char):
                    break
            else:
                self._read(char)
        self._close(found)
        return found

    def _close(self, found: list[str]) -> None:
        if self.word is not None:
            found.append("".join(self.word))
            self.word = None

    def _ends_command(self, char: str) -> bool:
        # `2>file` and `<file` are not ours to follow; what matters stands before them. A bare & inside an unquoted
        # URL would end the command in a shell too, but its writer meant the URL.
        if char == "&" and self.word is not None and self.text[self.at + 1 : self.at + 2].isalnum():
            self.word.append(char)
            self.at += 1
            return False
        if char in "()" and self.word is not None:
            self.word.append(char)
            self.at += 1
            return False
        return True

    def _add(self, text: str) -> None:
        if self.word is None:
            self.word = []
        self.word.append(text)

    def _read(self, char: str) -> None:
        if char == "\\":
            self._escape()
        elif char == "'":
            self._add(self._until("'", 1))
        elif self.text.startswith("$'", self.at):
            self._ansi()
        elif self.text.startswith('$"', self.at):
            self.at += 1
            self._double()
        elif char == '"':
            self._double()
        elif char in "$`":
            self._substitution()
        else:
            self._add(char)
            self.at += 1

    def _escape(self) -> None:
        # Backslash-newline joins lines; blanks after the backslash are a pasting accident, and meant the same.
        joined = _JOINED_LINES["posix"].match(self.text, self.at)
        if joined:
            self.at = joined.end()
            return
        self._add(self.text[self.at + 1 : self.at + 2])
        self.at += 2

    def _until(self, quote: str, skip: int) -> str:
        start = self.at + skip
        end = self.text.find(quote, start)
        if end < 0:
            raise ValueError("a quote is not closed")
        self.at = end + 1
        return self.text[start:end]

    def _ansi(self) -> None:
        self._add("")
        self.at += 2
        while True:
            char = self.text[self.at : self.at + 1]
            if not char:
                raise ValueError("a quote is not closed")
            if char == "'":
                self.at += 1
                return
            if char == "\\":
                self._ansi_escape()
            else:
                self._add(char)
                self.at += 1

    def _ansi_escape(self) -> None:
        number = _ANSI_NUMBER.match(self.text, self.at)
        if number:
            code = int(number[4], 8) if number[4] else int(number[1] or number[2] or number[3], 16)
            self._add(chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd")
            self.at = number.end()
            return
        letter = self.text[self.at + 1 : self.at + 2]
        self._add(ANSI_ESCAPES.get(letter, "\\" + letter))
        self.at += 2

    def _double(self) -> None:
        self._add("")
        self.at += 1
        while True:
            char = self.text[self.at : self.at + 1]
            if not char:
                raise ValueError("a quote is not closed")
            if char == '"':
                self.at += 1
                return
            follower = self.text[self.at + 1 : self.at + 2]
            if char == "\\" and follower in ("\n", '"', "\\", "$", "`", "!"):
                self._add("" if follower == "\n" else follower)
                self.at += 2
            elif char in "$`":
                self._substitution()
            else:
                self._add(char)
                self.at += 1

    def _substitution(self) -> None:
        variable = self.VARIABLE_FORM.match(self.text, self.at)
        if variable:
            self._add(f"{VARIABLE}{variable[1] or variable[2]}{END}")
            self.at = variable.end()
            return
        command = self.COMMAND_FORM.match(self.text, self.at)
        self._add(f"{COMMAND}{END}" if command else self.text[self.at])
        self.at = command.end() if command else self.at + 1


class _PowerShell(_Posix):
    """PowerShell: the backtick escapes, '' inside '…', "" inside "…", @' … '@ blocks, $env:NAME."""

    VARIABLE_FORM = _POWERSHELL_VARIABLE
    COMMAND_FORM = _POWERSHELL_COMMAND

    def _read(self, char: str) -> None:
        here = _POWERSHELL_BLOCK.match(self.text, self.at) if char == "@" else None
        if here:
            self._add(here[2])
            self.at = here.end()
        elif char == "`":
            self._backtick()
        elif char == "'":
            self._single()
        elif char == '"':
            self._double()
        elif char == "$":
            self._substitution()
        else:
            self._add(char)
            self.at += 1

    def _backtick(self) -> None:
        joined = _JOINED_LINES["powershell"].match(self.text, self.at)
        if joined:
            self.at = joined.end()
            return
        letter = self.text[self.at + 1 : self.at + 2]
        self._add(POWERSHELL_ESCAPES.get(letter, letter))
        self.at += 2

    def _single(self) -> None:
        self._add(self._until("'", 1))
        while self.text.startswith("'", self.at):
            self._add("'" + self._until("'", 1))

    def _double(self) -> None:
        self._add("")
        self.at += 1
        while True:
            char = self.text[self.at : self.at + 1]
            if not char:
                raise ValueError("a quote is not closed")
            follower = self.text[self.at + 1 : self.at + 2]
            if char == '"' and follower == '"':
                self._add('"')
                self.at += 2
            elif char == '"':
                self.at += 1
                return
            elif char == "\\" and follower == '"':
                # Windows PowerShell users write \" for curl.exe's own parser, with or without the `" it needs itself.
                self._add('"')
                self.at += 2
            elif char == "`":
                self._backtick()
            elif char == "$":
                self._substitution()
            else:
                self._add(char)
                self.at += 1


def _split_cmd(text: str) -> list[str]:
    """cmd.exe: carets first (they escape, and join lines), then the C runtime's rules for quotes and backslashes."""
    return _c_runtime_words(_without_carets(text))


def _without_carets(text: str) -> str:
    done: list[str] = []
    quoted = False
    at = 0
    while at < len(text):
        char = text[at]
        joined = _JOINED_LINES["cmd"].match(text, at)
        if joined:
            # A browser's "copy as cURL (cmd)" writes ^ newline newline for a newline in the data.
            at = joined.end()
            continue
        if char == "^" and not quoted:
            # Browsers write ^" for every quote: the caret goes, the quote stays for the C runtime.
            done.append(text[at + 1 : at + 2])
            at += 2
            continue
        if char == '"':
            quoted = not quoted
        elif not quoted and char in "\r\n&|<>":
            break
        done.append(char)
        at += 1
    return re.sub(r"%(\w+)%", rf"{VARIABLE}\1{END}", "".join(done))


def _c_runtime_words(text: str) -> list[str]:
    words: list[str] = []
    word: list[str] | None = None
    quoted = False
    at = 0
    while at < len(text):
        run = _C_QUOTE.match(text, at)
        if run and run[2]:
            slashes = len(run[1])
            word = word if word is not None else []
            word.append("\\" * (slashes // 2))
            at = run.end()
            if slashes % 2:
                word.append('"')
            elif quoted and text[at : at + 1] == '"':
                word.append('"')
                at += 1
            else:
                quoted = not quoted
        elif text[at] in " \t\r\n" and not quoted:
            if word is not None:
                words.append("".join(word))
                word = None
            at += 1
        else:
            # backslashes that no quote follows are only backslashes
            plain = run[1] if run and run[1] else text[at]
            word = word if word is not None else []
            word.append(plain)
            at += len(plain)
    if quoted:
        raise ValueError("a quote is not closed")
    if word is not None:
        words.append("".join(word))
    return words
