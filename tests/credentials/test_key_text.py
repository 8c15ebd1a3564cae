"""What people copy when they copy a key, kind by kind: the key alone is kept, or the reason said."""

from __future__ import annotations

import pytest

from ccswitch_tui.credentials.key_text import key_in
from ccswitch_tui.errors import UsageError

KEY = "sk-example-0123456789abcdef"


@pytest.mark.parametrize(
    "copied",
    [
        KEY,
        f"  {KEY}\n",
        f"\u200b{KEY}\ufeff",
        KEY.replace("-", "\u2011"),
        f'"{KEY}"',
        f"<{KEY}>",
        f"“{KEY}”,",
        f"{KEY};",
        f"{KEY}.",
        f"API key: {KEY}",
        f"密钥：{KEY}",
        f"export ACME_KEY='{KEY}'",
        f"ACME={KEY}",
        f"Authorization: Bearer {KEY}",
        f"token {KEY}",
        f"{KEY} (my own)",
        f"{KEY}（测试）",
        f"{KEY}, of the team",
    ],
)
def test_the_key_alone_is_taken(copied: str) -> None:
    assert key_in(copied) == KEY


@pytest.mark.parametrize(
    ("copied", "why"),
    [
        (f"{KEY}\n{KEY}2", "several lines"),
        ("sk-exa…cdef", "shortened"),
        ("sk-exa****cdef", "shortened"),
        ("<your key>", "placeholder"),
        ("$ACME_KEY", "placeholder"),
        ("sk-xxxxxxxx", "placeholder"),
        ("sk-exa mple-0123456789abcdef", "broken by a space"),
        (f"{KEY[:12]} {KEY[12:]}", "broken by a space"),
    ],
)
def test_what_is_no_whole_key_is_refused_and_not_repeated(copied: str, why: str) -> None:
    with pytest.raises(UsageError) as refused:
        key_in(copied)
    assert why in str(refused.value)
    assert copied not in f"{refused.value} {refused.value.hint}"


@pytest.mark.parametrize("nothing", ["", " \n\t", "\u200b"])
def test_nothing_stays_nothing(nothing: str) -> None:
    assert key_in(nothing) == ""


@pytest.mark.parametrize("short", ["x", '"', "key=abc"])
def test_what_is_too_short_to_be_understood_stays_as_it_is(short: str) -> None:
    assert key_in(short) == short


@pytest.mark.parametrize(
    ("value", "kept"), [(f"Bearer {KEY}", f"Bearer {KEY}"), (f"Basic {KEY}", f"Basic {KEY}"), (KEY, KEY)]
)
def test_of_a_whole_header_the_scheme_is_kept(value: str, kept: str) -> None:
    assert key_in(value, whole_header=True) == kept


def test_wrappings_are_taken_off_eight_times_and_no_more() -> None:
    assert key_in('"' * 8 + KEY + '"' * 8) == KEY
    assert key_in('"' * 9 + KEY + '"' * 9) == f'"{KEY}"'
