"""Plain lines of quick commands go without a parser, and come to what the parser would have made of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccswitch_tui.cli import serve
from ccswitch_tui.cli.main import build_parser
from ccswitch_tui.cli.plainly import Plain, read_plainly

QUICK = ("use", "list", "current", "key", "statusline")

PARSERS = {word: build_parser(word) for word in QUICK}

WORDS = ("work", "-", "", "--", "--json", "--no-verify", "--dry-run", "--verify", "--with", "--tag", "--help",
         "--over-project", "-x", "--json=1", "--with=echo", "echo x", "工作",
         "--scope", "local", "@file", "-1")  # fmt: skip


def plain_of(word: str) -> Plain:
    plain: Plain = PARSERS[word][1].PLAIN
    return plain


@given(st.sampled_from(QUICK), st.lists(st.sampled_from(WORDS), max_size=4))
def test_a_line_read_plainly_says_what_the_parser_would(word: str, words: list[str]) -> None:
    asked = read_plainly(plain_of(word), words)
    if asked is not None:
        assert vars(asked) == vars(PARSERS[word][0].parse_args(words))


@pytest.mark.parametrize("word", QUICK)
def test_each_option_that_is_read_plainly_is_read_as_the_parser_does(word: str) -> None:
    plain = plain_of(word)
    named = ["work"] if plain.name else []
    for words in ([], *([flag] for flag in plain.flags), *([option, "echo x"] for option in plain.texts)):
        asked = read_plainly(plain, [*named, *words])
        assert asked is not None
        assert vars(asked) == vars(PARSERS[word][0].parse_args([*named, *words]))


@pytest.mark.parametrize(
    "line",
    [
        "use work --json --dry-run",
        "use work home",
        "use --unknown",
        "use --help",
        "key",
        "key --over-project",
        "list work",
        "list --tag a",
        "statusline --with",
        "statusline --with --json",
        "statusline a",
        "current -- x",
    ],
)
def test_whatever_else_is_asked_goes_to_the_parser(line: str) -> None:
    word, *words = line.split()
    assert read_plainly(plain_of(word), words) is None


def test_what_claude_code_is_told_to_run_is_read_plainly() -> None:
    for line in ("key work", "key work --over-project", "statusline", "statusline --with x"):
        word, *words = line.split()
        assert read_plainly(plain_of(word), words) is not None


@pytest.mark.parametrize("handed", ["", "--listen-fd 5 --guardian-fd 7", "--guardian-fd 1234"])
def test_the_line_that_starts_the_background_proxy_is_read_as_the_parser_reads_it(handed: str) -> None:
    words = handed.split()
    options = serve.asked_plainly(words)
    assert options is not None
    parsed = vars(build_parser("proxy")[0].parse_args(["serve", *words]))
    as_lists = {name: list(value) if isinstance(value, tuple) else value for name, value in options._asdict().items()}
    assert {**as_lists, "word": "serve"} == parsed


@pytest.mark.parametrize("line", ["--port 0", "--listen-fd", "--listen-fd 5 --listen-fd 6", "--listen-fd x", "--help"])
def test_whoever_else_serves_is_read_by_the_parser(line: str) -> None:
    assert serve.asked_plainly(line.split()) is None
