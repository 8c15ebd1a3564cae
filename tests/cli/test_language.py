"""The command line in the user's language: what people read is Chinese, what programs read stays as it is."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccswitch_tui import language
from ccswitch_tui.cli import main as program
from ccswitch_tui.cli.main import main
from ccswitch_tui.demo.provider import DemoProvider
from ccswitch_tui.workflows.context import Context

CHINESE = "zh_CN.UTF-8"


@pytest.fixture(autouse=True)
def english_afterwards() -> Iterator[None]:
    yield
    language.speak("en")


@pytest.fixture(scope="module")
def provider() -> Iterator[DemoProvider]:
    with DemoProvider() as provider:
        yield provider


@pytest.fixture
def ctx(home: Path, provider: DemoProvider) -> Iterator[Context]:
    env = {"HOME": str(home), "PATH": os.environ["PATH"], "KEY": provider.key.reveal(), "BAD": "x-0"}
    ctx = Context(env, cwd=str(home), clock=lambda: 1_790_000_000.0)
    for name, key in (("work", "KEY"), ("refused", "BAD")):
        words = ["add", name, "--url", provider.base_url, "--model", "demo-large", "--key", f"env:{key}"]
        assert main([*words, "--wire", "openai-chat", "--no-probe"], ctx) == 0
    assert main(["use", "work", "--no-verify"], ctx) == 0
    yield ctx
    ctx.proxy.stop(at_once=True)


ASKED = [
    ["list"], ["show", "work"], ["current"], ["why"], ["history"], ["presets", "kimi"], ["doctor"],
    ["import", "--list"],
    ["adopt", "--list"], ["status"], ["proxy", "status"], ["proxy", "usage"], ["search"], ["show", "nobody"],
    ["use", "work", "--dry-run"], ["explain", "invalid x-api-key"], ["use"], ["lock"],
    ["add", "work", "--url", "http://127.0.0.1:9/v1"], ["add", "x"], ["edit", "work", "--set", "models.default=2"],
]  # fmt: skip


def said_in(locale: str, words: list[str], ctx: Context, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    ctx.env["LANG"] = locale
    capsys.readouterr()
    code = main(words, ctx)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.parametrize("words", ASKED, ids=" ".join)
def test_json_and_exit_codes_know_no_language(
    words: list[str], ctx: Context, capsys: pytest.CaptureFixture[str]
) -> None:
    english = said_in("C.UTF-8", [*words, "--json"], ctx, capsys)
    chinese = said_in(CHINESE, [*words, "--json"], ctx, capsys)
    assert json.loads(english[1]) and _steady(chinese[1]) == _steady(english[1])
    assert chinese[0] == english[0]


def _steady(printed: str) -> str:
    """Without what differs between any two runs."""
    return re.sub(r'"(uptime_s|pid|at|seconds_left|took_ms|ms)": [\d.]+', "", printed)


@pytest.mark.parametrize("words", ASKED, ids=" ".join)
def test_what_people_read_is_chinese(words: list[str], ctx: Context, capsys: pytest.CaptureFixture[str]) -> None:
    english = said_in("C.UTF-8", words, ctx, capsys)
    code, out, err = said_in(CHINESE, words, ctx, capsys)
    assert code == english[0]
    assert [line for line in (out + err).split("\n") if _reads_english(line)] == []


def _reads_english(line: str) -> bool:
    """Four English words in a row that are no command, path, address or name."""
    line = re.sub(r"'[^']*'|\"[^\"]*\"|^ {9}.*|\S*[/=:_]\S*|ccswitch-tui[!-~ ]*", "'", line)
    return re.search(r"\b[A-Za-z]+( [a-z]+){3,}\b", line) is not None


def test_the_check_for_english_can_fail() -> None:
    assert _reads_english("ccswitch-tui：nothing was written to it") and not _reads_english("运行 'a b c d e'")


@pytest.mark.parametrize("word", sorted(program.COMMANDS))
def test_help_is_chinese(word: str, ctx: Context, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = said_in(CHINESE, [word, "--help"], ctx, capsys)
    assert out.startswith(f"用法：ccswitch-tui {word}") and "显示此帮助并退出" in out
    assert [line for line in out.split("\n") if _reads_english(line)] == []


def test_the_language_is_asked_for_chosen_or_the_locales(ctx: Context, capsys: pytest.CaptureFixture[str]) -> None:
    assert "没有配置" in said_in(CHINESE, ["show", "nobody"], ctx, capsys)[2]
    assert "no profile" in said_in(CHINESE, ["--lang", "en", "show", "nobody"], ctx, capsys)[2]
    ctx.language = ""
    assert "没有配置" in said_in("C", ["--lang=zh-CN", "show", "nobody"], ctx, capsys)[2]
    ctx.language = ""
    Path(ctx.paths.app_config).write_text('language = "zh-CN"\n')
    assert "没有配置" in said_in("C", ["show", "nobody"], ctx, capsys)[2]
    assert "no profile" in said_in("C", ["--lang", "en", "show", "nobody"], ctx, capsys)[2]


def test_a_language_that_is_not_there_is_a_mistake(ctx: Context, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = said_in("C", ["--lang", "tlh", "list"], ctx, capsys)
    assert code == 2 and "--lang zh-CN" in err


def test_a_broken_settings_file_leaves_the_locale_to_decide(ctx: Context, capsys: pytest.CaptureFixture[str]) -> None:
    Path(ctx.paths.app_config).write_bytes(b'language = "zh-CN\n\xff')
    assert "no profile" in said_in("C", ["show", "nobody"], ctx, capsys)[2]


def test_english_loads_no_catalogue(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "catalogue", lambda code: pytest.fail("read a catalogue"))
    ctx.env["LANG"] = "C"
    assert main(["list"], ctx) == 0
