"""What may be shown of a stranger's text, as laws; and which requests are searches."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccswitch_tui.errors import UsageError
from ccswitch_tui.profiles.search_source import SearchSource, parse_search, search_to_table
from ccswitch_tui.search.addresses import address, is_within
from ccswitch_tui.search.clean import plain
from ccswitch_tui.search.model import Wanted
from ccswitch_tui.search.sources import SOURCES, shorter, with_sites
from ccswitch_tui.search.wanted import wanted

MARKS = ["<system-reminder>", "&lt;b&gt;", "<script>", "</b>", *"ab <>/&;-_\n\t\x1b\x07\u202e\u200b\u2028"]
HOSTILE = st.lists(st.sampled_from(MARKS), max_size=60).map("".join)


@given(st.one_of(st.text(max_size=300), HOSTILE), st.integers(1, 80))
def test_shown_text_is_one_bounded_line_without_controls(text: str, most: int) -> None:
    shown = plain(text, most)
    assert len(shown) <= most
    assert not any(unicodedata.category(c)[0] == "C" for c in shown)
    assert "<system-reminder" not in shown.lower()
    assert "\n" not in shown


@given(st.one_of(st.none(), st.integers(), st.text(max_size=200), st.lists(st.integers())))
def test_an_address_is_a_web_address_or_nothing(value: Any) -> None:
    shown = address(value)
    if shown:
        assert shown.startswith(("http://", "https://"))
        assert " " not in shown
        assert "@" not in shown.split("/")[2]


@pytest.mark.parametrize(
    ("url", "rule", "expected"),
    [
        ("https://docs.aurora.example/4", "aurora.example", True),
        ("https://aurora.example", "aurora.example", True),
        ("https://notaurora.example/", "aurora.example", False),
        ("https://aurora.example.evil.example/", "aurora.example", False),
        ("https://a.example/blog/x", "a.example/blog", True),
        ("https://a.example/shop", "https://a.example/blog", False),
        ("https://b.a.example/", "*.a.example", True),
        ("https://a.example/", "", False),
    ],
)
def test_a_domain_rule_means_the_host_and_those_below_it(url: str, rule: str, expected: bool) -> None:
    assert is_within(url, rule) is expected


@given(st.text(max_size=400), st.integers(1, 300))
def test_a_query_is_cut_to_what_the_source_takes(query: str, most: int) -> None:
    assert len(shorter(query, most)) <= most
    assert len(with_sites(Wanted(query, allowed=("a.example", "b.example")), 400)) <= 400


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: (
            st.lists(x)
            | st.dictionaries(
                st.sampled_from(
                    ["results", "web", "organic", "answers", "answerBox", "title", "url", "unresponsive_engines", "x"]
                ),
                x,
            )
        ),
    )
)
def test_no_answer_of_a_source_is_too_odd_to_read(got: Any) -> None:
    from ccswitch_tui.search.clean import cleaned
    from ccswitch_tui.search.model import SearchFailed

    for name, adapter in SOURCES.items():
        try:
            answered = adapter.read(got if isinstance(got, dict) else {"results": got})
        except SearchFailed:
            continue
        cleaned(answered, Wanted("q"), source=name, most=10, longest_summary=700)


def body(**more: Any) -> dict[str, Any]:
    said = "Perform a web search for the query: sky colour"
    tool = {"type": "web_search_20250305", "name": "web_search"}
    return {"model": "m", "tools": [tool], "messages": [{"role": "user", "content": said}], **more}


@pytest.mark.parametrize("choice", [None, {"type": "auto"}, {"type": "any"}, {"type": "tool", "name": "web_search"}])
def test_a_search_is_known_whatever_tool_choice_says(choice: Any) -> None:
    found = wanted(body(tool_choice=choice))
    assert found is not None
    assert found.query == "sky colour"


def test_other_words_of_a_lone_short_message_are_a_query_too() -> None:
    found = wanted(body(messages=[{"role": "user", "content": [{"type": "text", "text": "sky colour"}]}]))
    assert found is not None
    assert found.query == "sky colour"


@pytest.mark.parametrize(
    "other",
    [
        {"tools": []},
        {"tools": None},
        {"tools": [{"name": "Read", "input_schema": {}}]},
        {"tools": [{"type": "web_search_20250305"}, {"name": "Read"}]},
        {"tool_choice": {"type": "none"}},
        {"messages": []},
        {"messages": [{"role": "user", "content": "x" * 501}]},
        {"messages": [{"role": "assistant", "content": "hm"}]},
    ],
)
def test_other_requests_are_no_searches(other: dict[str, Any]) -> None:
    assert wanted(body(**other)) is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("off", SearchSource("off")),
        ("searxng:http://127.0.0.1:8888", SearchSource("searxng", url="http://127.0.0.1:8888")),
        ("tavily", SearchSource("tavily")),
        ("endpoint:openrouter", SearchSource("endpoint", dialect="openrouter")),
        ("endpoint-glm", SearchSource("endpoint", dialect="glm")),
        ({"source": "brave", "key": "env:K", "results": 3}, SearchSource("brave", key="env:K", results=3)),
    ],
)
def test_a_source_is_read_and_written_back(given: Any, expected: SearchSource) -> None:
    found = parse_search(given)
    assert found == expected
    assert parse_search(search_to_table(found)) == found


@pytest.mark.parametrize(
    "given",
    [
        "google", "searxng", "searxng:127.0.0.1:8888", "searxng:ftp://x.example", "searxng:http://u:p@x.example",
        "endpoint", "endpoint:bing", "tavily:http://search.example", {"source": "tavily", "results": 0},
        {"source": "tavily", "colour": "red"}, {"source": 7}, {"url": "http://x"}, 7, "searxng:http://[::1",
    ],
)  # fmt: skip
def test_a_source_that_cannot_be_meant_is_refused(given: Any) -> None:
    with pytest.raises(UsageError):
        parse_search(given)
