"""The one door to stdout and stderr: what becomes of lines, signs, JSON and a stream that is gone."""

from __future__ import annotations

import io
import json
import os
import pty
import stat
import sys
import termios
from typing import Any

import pytest

from ccswitch_tui.cli.output import Output, ReaderLeft
from ccswitch_tui.errors import UsageError
from ccswitch_tui.secret import Secret
from ccswitch_tui.sentence import say

KEY = Secret("sk-example-output-0123456789")
LONG = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"


class Stream(io.TextIOWrapper):
    """A stream of an encoding, a terminal or not, that fails as it is told."""

    def __init__(self, *, terminal: bool = False, encoding: str = "utf-8", failing: OSError | None = None) -> None:
        super().__init__(io.BytesIO(), encoding=encoding, newline="\n")
        self.terminal, self.failing = terminal, failing
        self.handles = pty.openpty()
        termios.tcsetwinsize(self.handles[1], (24, 40))

    def isatty(self) -> bool:
        return self.terminal

    def flush(self) -> None:
        if self.failing is not None:
            raise self.failing
        super().flush()

    def fileno(self) -> int:
        return self.handles[1] if self.terminal else self.handles[0]

    @property
    def goes_nowhere(self) -> bool:
        null = os.stat(os.devnull)
        return os.fstat(self.fileno()).st_rdev == null.st_rdev and stat.S_ISCHR(null.st_mode)

    def close(self) -> None:
        for handle in self.handles:
            os.close(handle)
        self.failing, self.handles = None, ()  # type: ignore[assignment]
        super().close()

    @property
    def text(self) -> str:
        self.flush()
        raw: Any = self.buffer
        return str(raw.getvalue().decode(self.encoding))


def of(out: Stream | None = None, err: Stream | None = None, **env: str) -> tuple[Output, Stream, Stream]:
    out, err = out or Stream(), err or Stream()
    return Output(env, stdout=out, stderr=err), out, err


def test_data_goes_to_stdout_and_talk_to_stderr_each_without_keys_and_controls() -> None:
    output, out, err = of()
    for write in (output.line, output.block, output.talk, output.hint):
        write(f"x\x1b[2J {KEY.reveal()}")
    output.json({"key": KEY.reveal(), "odd": "\u202e"})
    output.json_line({"key": KEY.reveal()})
    shown = out.text + err.text
    assert KEY.reveal() not in shown and "\x1b" not in shown and "\u202e" not in shown
    assert (out.text.count("x"), err.text.count("x\\") + err.text.count("hint")) != (0, 0)
    assert json.loads(out.text.splitlines()[-1])


def test_a_line_is_folded_on_a_terminal_and_a_command_never() -> None:
    for terminal in (True, False):
        output, out, err = of(Stream(terminal=terminal), Stream(terminal=terminal), TERM="xterm")
        output.line(LONG)
        output.talk(LONG)
        assert [len(stream.text.splitlines()) > 1 for stream in (out, err)] == [terminal, terminal]
        assert (output.columns is None, output.talk_columns is None) == (not terminal, not terminal)
    output, out, _ = of(Stream(terminal=True), TERM="xterm")
    output.block(LONG)
    output.line(LONG, whole=True)
    assert out.text == f"{LONG}\n{LONG}\n"


@pytest.mark.parametrize(("home", "shown"), [("/home/u", "~/x"), ("", "/home/u/x"), ("/", "/home/u/x")])
def test_home_is_a_tilde_on_a_terminal(home: str, shown: str) -> None:
    output, out, _ = of(Stream(terminal=True), HOME=home, TERM="xterm")
    output.line("at /home/u/x")
    assert out.text == f"at {shown}\n"


@pytest.mark.parametrize(
    ("terminal", "env", "coloured"),
    [
        (True, {"TERM": "xterm"}, True),
        (True, {"TERM": "dumb"}, False),
        (True, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        (False, {"FORCE_COLOR": "1"}, True),
        (False, {}, False),
    ],
)
def test_colour_is_for_terminals_that_may_have_it(terminal: bool, env: dict[str, str], coloured: bool) -> None:
    output, out, err = of(Stream(terminal=terminal), Stream(terminal=terminal), **env)
    output.point("ok", "fine")
    output.point("ok", "fine", indent=2, talk=True)
    output.line(output.paint("no such style", "plain"))
    assert out.text.splitlines()[0] == ("\x1b[32m✓\x1b[0m fine" if coloured else "✓ fine")
    assert err.text == ("  \x1b[32m✓\x1b[0m fine\n" if coloured else "  ✓ fine\n")
    assert out.text.splitlines()[1] == "plain"
    assert output.interactive is (terminal and env.get("TERM") != "dumb")


def test_signs_and_words_a_stream_cannot_show_are_written_as_it_can() -> None:
    output, out, _ = of(Stream(encoding="ascii"))
    output.point("ok", "fine")
    output.line("wörk")
    assert out.text == "ok fine\nw?rk\n"
    assert output.ascii_only


@pytest.mark.parametrize(("terminal", "shown"), [(True, False), (False, True)])
def test_a_key_goes_into_a_pipe_as_it_is(terminal: bool, shown: bool) -> None:
    output, out, _ = of(Stream(terminal=terminal))
    output.reveal(Secret("sk-example\u202e-odd"))
    assert (out.text == "sk-example\u202e-odd\n") is shown


@pytest.mark.parametrize("said", [b"theirs \x1b[1m", b"theirs \x1b[1m\n"])
def test_the_users_own_status_line_passes_unchanged(said: bytes) -> None:
    output, out, _ = of()
    output.pass_on(said)
    assert out.text == "theirs \x1b[1m\n"
    without_bytes = io.StringIO()
    Output({}, stdout=without_bytes, stderr=without_bytes).pass_on(said)
    assert without_bytes.getvalue() == ""


@pytest.mark.parametrize("hint", ["", "do this"])
def test_an_error_is_two_lines_or_the_documented_json(hint: str) -> None:
    error = UsageError(say("wrong"), hint=say(hint) if hint else "")  # type: ignore[arg-type]
    output, out, err = of()
    output.error(error)
    assert err.text == "ccswitch-tui: error: wrong\n" + (f"ccswitch-tui: hint: {hint}\n" if hint else "")
    output.error(error, as_json=True)
    assert json.loads(out.text) == {"version": 1, "error": {"kind": error.kind, "message": "wrong", "hint": hint}}


def test_json_knows_mappings_and_nothing_else_of_ours() -> None:
    output, out, _ = of()
    output.json_line(type("Kept", (dict,), {})(a=1))
    assert json.loads(out.text) == {"a": 1}
    from types import MappingProxyType

    output.json_line(MappingProxyType({"b": 2}))
    with pytest.raises(TypeError, match="does not go into JSON"):
        output.json(object())


def test_a_question_is_talk_and_its_answer_comes_from_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(sys, "stdin", io.StringIO(" yes \n"))
    monkeypatch.setattr("getpass.getpass", lambda question: asked.append(question) or "hidden")
    output, out, err = of()
    assert (output.ask("Really?"), output.ask("Again?"), output.ask_hidden("Word?")) == ("yes", "", "hidden")
    assert (out.text, err.text, asked) == ("", "Really? Again? ", ["Word? "])


# ---------------------------------------------------------------- streams that are gone


def test_a_reader_that_left_ends_the_command_and_a_full_disk_is_told() -> None:
    output, out, _ = of(Stream(failing=BrokenPipeError()))
    with pytest.raises(ReaderLeft):
        output.line("x")
    out.failing = OSError(28, "No space left on device")
    with pytest.raises(OSError, match="No space"):
        output.flush()
    assert not out.goes_nowhere
    assert output.let_go() is False
    assert out.goes_nowhere


def test_talk_that_nobody_takes_stops_no_work() -> None:
    output, out, err = of(err=Stream(failing=BrokenPipeError()))
    output.talk("x")
    output.line("y")
    assert (out.text, err.goes_nowhere, output.let_go()) == ("y\n", True, True)


def test_without_any_streams_nothing_is_written_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    output = Output({})
    output.line("x")
    output.talk("y")
    output.stdout.close()
    output.stderr.close()
