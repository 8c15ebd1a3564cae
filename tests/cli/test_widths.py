"""What is printed fits the terminal it is printed on: folded between words, cut inside an address, `~` for home."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccswitch_tui.cells import cut, fold, width
from ccswitch_tui.cli.columns import aligned
from ccswitch_tui.cli.main import COMMANDS, main
from ccswitch_tui.demo.provider import DemoProvider
from ccswitch_tui.secret import Secret
from ccswitch_tui.workflows.context import Context

if sys.platform == "win32":
    pytest.skip("a pseudo terminal of Unix", allow_module_level=True)

import fcntl
import struct
import termios

WIDTHS = (60, 80, 100, 200)

PLACES = [*((columns, "en_GB.UTF-8") for columns in WIDTHS), (60, "zh_CN.UTF-8"), (80, "zh_CN.UTF-8")]

CODES = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(scope="module")
def provider() -> Iterator[DemoProvider]:
    with DemoProvider() as provider:
        yield provider


@pytest.fixture
def ctx(home: Path, provider: DemoProvider) -> Iterator[Context]:
    env = {"HOME": str(home), "PATH": os.environ["PATH"], "TERM": "xterm", "KEY": provider.key.reveal(), "BAD": "x-0"}
    ctx = Context(env, cwd=str(home))
    assert main(_add("work", provider.base_url, "demo-large", "KEY"), ctx) == 0
    for number in range(3):
        host = f"https://gateway-{number}.some-department.long-company-name.example/inference/v1"
        assert main(_add(f"profile-{number}", host, f"vendor/model-with-a-long-name-{number}", "KEY"), ctx) == 0
    assert main(_add("refused", provider.base_url, "demo-large", "BAD"), ctx) == 0
    for name in ("work", "profile-1", "work"):
        assert main(["use", name, "--no-verify"], ctx) == 0
    yield ctx
    ctx.proxy.stop(at_once=True)


def _add(name: str, url: str, model: str, key: str) -> list[str]:
    return ["add", name, "--url", url, "--model", model, "--wire", "openai-chat", "--key", f"env:{key}", "--no-probe"]


Printed = Callable[..., list[str]]


@pytest.fixture
def printed(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> Printed:
    def run(words: list[str], columns: int) -> list[str]:
        with monkeypatch.context() as patched:
            return _on_a_terminal(columns, patched, lambda: main(words, ctx))

    return run


def _on_a_terminal(columns: int, patched: pytest.MonkeyPatch, act: Callable[[], object]) -> list[str]:
    """The lines that `act` prints where both streams are a terminal of so many columns."""
    screen, tty = os.openpty()
    fcntl.ioctl(tty, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    got: list[bytes] = []

    def read() -> None:
        try:
            while data := os.read(screen, 65536):
                got.append(data)
        except OSError:
            pass  # the other side is closed

    reader = threading.Thread(target=read)
    reader.start()
    with open(tty, "w", encoding="utf-8") as stream:
        patched.setattr(sys, "stdout", stream)
        patched.setattr(sys, "stderr", stream)
        act()
    reader.join()
    os.close(screen)
    return CODES.sub("", b"".join(got).decode()).replace("\r", "").split("\n")


COMMAND_LINES = [
    ["list"], ["history"], ["why"], ["why", "--all"], ["presets"], ["presets", "kimi"], ["current"],
    ["show", "profile-1"],
    ["status"], ["use", "work", "--dry-run"], ["use", "profile-2", "--dry-run"], ["adopt", "--list"],
    ["import", "--list"],
    ["proxy", "status"], ["proxy", "logs"], ["proxy", "usage"], ["show", "nobody-of-this-name-" + "x" * 30],
    ["explain", "There's an issue with the selected model (x)"], ["probe", "work", "--quick"],
    ["probe", "refused", "--quick"], ["undo"],
]  # fmt: skip


@pytest.mark.parametrize(("columns", "locale"), PLACES)
def test_every_command_fits_the_terminal(printed: Printed, ctx: Context, home: Path, columns: int, locale: str) -> None:
    ctx.env["LANG"] = locale
    (home / ".bashrc").write_text("export OPENAI_API_KEY=sk-example-in-a-start-up-file-000000000001\n")
    for words in COMMAND_LINES:
        lines = printed(words, columns)
        too_long = [line for line in lines if width(line) > columns and not _is_command(line)]
        assert too_long == [], words
        assert not [line for line in lines if re.search(rf"[ (（：]{re.escape(str(home))}/", line)], words


def _is_command(line: str) -> bool:
    """Commands that are copied stay whole: the terminal breaks them, and copies them as one."""
    return line.startswith(" " * 9) or line.lstrip().startswith("fix ")


@pytest.mark.parametrize("columns", WIDTHS)
def test_the_ladder_of_add_and_its_last_lines_fit(printed: Printed, provider: DemoProvider, columns: int) -> None:
    words = [*_add("new", provider.base_url, "demo-large", "KEY")[:-1], "--force"]
    lines = printed(words, columns)
    assert any("✓ message" in line for line in lines)
    assert [line for line in lines if width(line) > columns] == []


@pytest.mark.parametrize(("columns", "locale"), PLACES)
def test_every_help_fits(columns: int, locale: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "get_terminal_size", lambda *_: os.terminal_size((columns, 24)))
    monkeypatch.setenv("LANG", locale)
    for word in COMMANDS:
        with monkeypatch.context() as patched:
            lines = _on_a_terminal(columns, patched, partial(main, [word, "--help"]))
        assert [line for line in lines if width(line) > columns] == [], word


def test_the_program_itself_asks_its_terminal(home: Path) -> None:
    with pytest.MonkeyPatch.context() as patched:

        def act() -> None:
            env = {**os.environ, "HOME": str(home), "TERM": "xterm"}
            subprocess.run(
                [sys.executable, "-m", "ccswitch_tui", "presets"],
                stdout=sys.stdout,
                stderr=sys.stdout,
                env=env,
                check=True,
            )

        lines = _on_a_terminal(72, patched, act)
    assert max(map(width, lines)) <= 72


def test_a_pipe_gets_whole_lines_and_paths(ctx: Context, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    main(["list"], ctx)
    assert "https://gateway-2.some-department.long-company-name.example/inference/v1" in capsys.readouterr().out
    main(["history"], ctx)
    assert str(home / ".claude/settings.json") in capsys.readouterr().out


def test_a_quoted_command_is_not_torn() -> None:
    row = "✓ work is in use (user: ~/.claude/settings.json); 'ccswitch-tui undo' takes it back"
    assert fold(row, 60) == [
        "✓ work is in use (user: ~/.claude/settings.json);",
        "  'ccswitch-tui undo' takes it back",
    ]


def test_a_folded_line_goes_on_under_its_text() -> None:
    assert fold("  ● user settings  one two three four five six seven", 40) == [
        "  ● user settings  one two three four",
        "                   five six seven",
    ]


def test_what_is_cut_begins_with_no_accent_of_a_letter_that_is_gone() -> None:
    for room in range(4, 40):
        shown = cut("e\u0301" * 60, room)
        assert "…\u0301" not in shown and width(shown) <= room


def test_what_an_example_is_for_stands_beside_it_or_beneath_and_is_not_torn(monkeypatch: pytest.MonkeyPatch) -> None:
    for columns in WIDTHS:
        monkeypatch.setattr(os, "get_terminal_size", lambda *_, c=columns: os.terminal_size((c, 24)))
        with monkeypatch.context() as patched:
            lines = _on_a_terminal(columns, patched, partial(main, ["add", "--help"]))
        told = [line for line in lines if line.endswith("paste a curl command that works")]
        assert len(told) == 1
        assert told[0].startswith("  ccswitch-tui add work --paste -   " if columns >= 100 else "      paste")


def test_what_is_cut_shows_no_half_of_a_key() -> None:
    secret = Secret("sk-example-cut-in-the-middle-0000000001")
    for room in range(4, 60):
        shown = cut(f"https://api.example/v1?key={secret.reveal()}", room)
        assert "sk-ex" not in shown and "0001" not in shown


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Cf", "Zl", "Zp"])), st.integers(20, 90))
def test_a_fold_fits_and_loses_no_word_that_fits(text: str, room: int) -> None:
    lines = fold(text, room)
    assert all(width(line) <= room for line in lines)
    if all(width(word) <= room // 2 for word in text.split()):
        assert "".join(text.split()) == "".join(" ".join(lines).split())


def test_chinese_breaks_anywhere_but_around_its_punctuation() -> None:
    row = "没有写入任何内容（文件已被改动）；请运行 'ccswitch-tui use work'，然后再试一次。"
    assert fold(row, 24) == [
        "没有写入任何内容（文件已",
        "  被改动）；请运行",
        "  'ccswitch-tui use",
        "  work'，然后再试一次。",
    ]


@given(st.text("中文，。；：（）“” ab", max_size=80), st.integers(20, 60))
def test_no_chinese_line_begins_with_a_closing_mark(text: str, room: int) -> None:
    text = re.sub(" +(?=[，。；：）”])", "", text)  # after a space it is a word of its own, which no text of ours has
    for before, line in itertools.pairwise(fold("起" + text, room)):
        torn = line.lstrip()[:1]
        assert torn not in set("，。；：）”") or before.endswith((" ", "，", "。", "；", "：", "）", "”", "（", "“"))


@given(st.lists(st.lists(st.text("abc/界", max_size=60), min_size=3, max_size=3), min_size=1), st.integers(20, 90))
def test_columns_fit_their_room(rows: list[list[str]], room: int) -> None:
    assert all(width(line) <= room for line in aligned(rows, room=room, spare=[1]))
