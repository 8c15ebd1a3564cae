"""How Chinese lines break: nothing is lost, nothing is too wide, and no line begins with a mark that ends something."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App
from textual.content import Content

from ccswitch_tui.tui import look
from ccswitch_tui.tui.widgets.prose import Prose, folded, wrapped

PIECES = st.lists(
    st.sampled_from(["端点", "密钥", "，", "。", "（", "）", " ", "Claude", "Code ",
                     "/a/path/of/settings.json", "：", "，，，，，，，，"]),
    min_size=1, max_size=30,
).map("".join)  # fmt: skip


def lines(text: str, width: int) -> list[str]:
    return [piece.plain for piece in wrapped(Content(text), width)]


@given(text=PIECES, width=st.integers(8, 60))
def test_breaking_loses_nothing_and_keeps_within_the_width(text: str, width: int) -> None:
    pieces = wrapped(Content(text), width)
    assert "".join(p.plain for p in pieces).replace(" ", "") == text.replace(" ", "")
    assert max(piece.cell_length for piece in pieces) <= width


@pytest.mark.parametrize("width", range(10, 40))
def test_no_line_begins_with_a_mark_that_ends_something(width: int) -> None:
    text = "ANTHROPIC_BASE_URL 来自用户设置（/home/me/.claude/settings.json），第 3 行：注释。请修正该处，然后再试。"
    assert [line for line in lines(text, width) if line[:1] in "，。：）"] == []


def test_chinese_fills_the_line_up_to_the_next_word() -> None:
    assert lines("在 Claude Code 需要时打印凭据", 20) == ["在 Claude Code 需要", "时打印凭据"]


def test_further_lines_hang_under_the_first_word() -> None:
    assert [p.plain for p in folded(look.line("修复  ", look.HANG, "请检查主机名的拼写"), 14)] == [
        "修复  请检查主",
        "      机名的拼",
        "      写",
    ]


def test_english_breaks_at_its_words_as_before() -> None:
    english = "use a name exactly as the endpoint lists it"
    assert lines(english, 20) == ["use a name exactly", "as the endpoint", "lists it"]


async def test_other_words_in_as_many_rows_lay_nothing_out() -> None:
    app: App[None] = App()
    async with app.run_test(size=(30, 6)) as pilot:
        prose = Prose("one")
        await app.mount(prose)
        await pilot.pause()
        laid_out: list[Prose] = []
        app.screen.screen_layout_refresh_signal.subscribe(prose, lambda _: laid_out.append(prose))
        prose.update("two")
        await pilot.pause()
        assert (prose.size.height, laid_out) == (1, [])
        prose.update("three\nfour")
        await pilot.pause()
        assert prose.size.height == 2
        assert laid_out
