"""What a paste may be, and what of it reaches the editor. Pure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccswitch_tui.tui.look import quoted, quoted_lines
from ccswitch_tui.tui.pasted import Sealed, looks_binary, without_controls


@pytest.mark.parametrize("text", ["\x7fELF\x02\x01\0\0", "\ufffd\ufffd\ufffd abc", "\x01\x02\x03\x04"])
def test_bytes_of_a_file_are_recognised(text: str) -> None:
    assert looks_binary(text)


@pytest.mark.parametrize(
    "text", ["", "curl https://a.example", "export A=b\r\n", "中文 提示", "\x1b[31mred\x1b[0m text"]
)
def test_text_is_not_taken_for_a_file(text: str) -> None:
    assert not looks_binary(text)


@given(st.text())
def test_no_control_character_is_left(text: str) -> None:
    assert all(c in "\t\n" or c.isprintable() for c in without_controls(text))


@given(st.text())
def test_a_quoted_text_cannot_steer_the_terminal(text: str) -> None:
    shown = quoted(text)
    assert "\x1b" not in shown
    assert "\n" not in shown
    assert not set(shown) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069\x07\x08\x7f\x9b")


def test_a_quoted_text_holds_no_key() -> None:
    assert "abcdef012345" not in quoted_lines("line\nAuthorization: Bearer sk-example-abcdef012345")


def test_a_sealed_text_does_not_show_itself() -> None:
    assert "sk-example" not in repr(Sealed("sk-example-0123456789"))
