"""The program's own manners: words, errors, exit codes, streams."""

from __future__ import annotations

import errno
import io
import json
import subprocess
import sys

import pytest

from ccswitch_tui.cli import main as program
from ccswitch_tui.cli.output import Output
from ccswitch_tui.errors import ConflictError, ExitCode
from ccswitch_tui.secret import Secret
from ccswitch_tui.sentence import say


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"  {word} " in text for word in program.COMMANDS)


@pytest.mark.parametrize("word", sorted(program.COMMANDS))
def test_every_command_explains_itself(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main([word, "--help"]) == 0
    assert f"usage: ccswitch-tui {word}" in capsys.readouterr().out


def test_a_mistyped_word_gets_the_nearest_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["prboe"]) == ExitCode.USAGE
    assert "did you mean 'ccswitch-tui probe'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("word", "ours"), [("switch", "use"), ("rm", "remove"), ("logs", "proxy logs"), ("test", "probe"), ("ls", "list")]
)
def test_a_word_of_other_programs_gets_ours_and_is_not_run(
    word: str, ours: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert program.main([word, "work"]) == ExitCode.USAGE
    assert f"the command for that is 'ccswitch-tui {ours}'" in capsys.readouterr().err


def test_help_of_a_word_is_that_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["help", "use"]) == 0
    assert "usage: ccswitch-tui use" in capsys.readouterr().out
    assert program.main(["help", "switch"]) == ExitCode.USAGE
    assert "'ccswitch-tui use'" in capsys.readouterr().err


def test_an_option_before_the_command_is_called_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["--jsn=sk-example-in-an-option-000001"]) == ExitCode.USAGE
    said = capsys.readouterr().err
    assert "there is no option --jsn\n" in said and "sk-example" not in said


@pytest.mark.parametrize("words", [["proxy", "strat"], ["prices", "shwo"], ["search", "tset"]])
def test_a_mistyped_second_word_is_answered_with_those_there_are(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert program.main(words) == ExitCode.USAGE
    assert "error: expected one of '" in capsys.readouterr().err


def test_words_of_other_programs_lead_to_commands_there_are() -> None:
    for ours in program.OTHER_WORDS.values():
        word, *rest = ours.split() or ["list"]
        assert word in program.COMMANDS or word == "--version"
        if word == "proxy":
            program.build_parser(word)[0].parse_args(rest)


def test_an_error_is_one_line_and_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    Output({}).error(ConflictError(say("a.json changed"), hint=say("look again")))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "ccswitch-tui: error: a.json changed\nccswitch-tui: hint: look again\n"


def test_a_failed_command_with_json_says_so_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    code = program.main(["show", "nobody", "--json"])
    error = json.loads(capsys.readouterr().out)
    assert code == ExitCode.USAGE
    assert error["version"] == 1
    assert error["error"]["kind"] == "no-profile"
    assert error["error"]["hint"]


def test_json_after_the_double_dash_belongs_to_the_child() -> None:
    assert not program._asked_for_json(["run", "work", "--", "tool", "--json"])


def test_a_mistake_of_ours_shows_no_key_and_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = Secret("sk-example-planted-in-a-crash-0001")

    def crash(*_: object) -> int:
        raise ValueError(f"while sending {secret.reveal()}")

    monkeypatch.setattr(program, "_dispatch", crash)
    assert program.main(["list"]) == ExitCode.FAILED
    text = capsys.readouterr().err
    assert "ValueError" in text
    assert "planted-in-a-crash" not in text


def test_signs_become_ascii_where_the_stream_cannot_show_them() -> None:
    raw = io.BytesIO()
    out = Output({}, stdout=io.TextIOWrapper(raw, encoding="ascii"))
    out.line(f"{out.glyph('ok')} profile café")
    assert raw.getvalue() == b"ok profile caf?\n"


def test_no_colour_is_spent_on_a_pipe() -> None:
    assert Output({}, stdout=io.StringIO()).paint("ok", "fine") == "fine"


def test_a_reader_that_leaves_is_no_traceback() -> None:
    command = f"{sys.executable} -m ccswitch_tui --help | head -c 1"
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, timeout=30)
    assert "Traceback" not in done.stderr


def test_a_pipe_that_broke_elsewhere_is_no_silent_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1 and not a word was what a user saw when a connection or a program of ours broke off."""

    def broken(*_: object) -> int:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr(program, "_dispatch", broken)
    assert program.main(["list"]) == 1
    assert "error: broken pipe" in capsys.readouterr().err


def test_an_unknown_option_is_named_without_what_was_given_with_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["add", "work", "--api-key", "example-of-no-known-shape", "--json"]) == 2
    told = capsys.readouterr()
    assert json.loads(told.out)["error"]["message"] == "there is no option --api-key"
    assert "example-of-no-known-shape" not in told.out + told.err


def test_an_option_after_two_dashes_is_told_from_an_unknown_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["add", "--", "-", "--url", "https://api.example.com/v1"]) == 2
    told = capsys.readouterr().err
    assert "--url stands after '--', where nothing is an option any more" in told
    assert "write the options first: ccswitch-tui add --url" in told


def test_a_near_option_is_suggested(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["list", "--jsn"]) == 2
    assert "did you mean --json?" in capsys.readouterr().err
