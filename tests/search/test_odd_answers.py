"""Answers of search engines in odd forms: judged by what the client gets of them."""

# ruff: noqa: E501  (a row stays in one line)

from __future__ import annotations

import json
from typing import Any

import pytest

from ccswitch_tui.search.addresses import address, is_within, page_of
from ccswitch_tui.search.answer import result_text
from ccswitch_tui.search.clean import cleaned, plain
from ccswitch_tui.search.dialects import talk_in
from ccswitch_tui.search.model import Found, SearchFailed, Wanted
from ccswitch_tui.search.reading import document_in, refuse_errors
from ccswitch_tui.search.sources import SOURCES

Json = dict[str, Any]
X, Y = "https://a.example/x", "https://b.example/y"


def hit(url: Any = X, **more: Any) -> Json:
    return {"title": "T", "url": url, "content": "S", **more}


def found_in(body: Any, kind: str = "searxng", **lists: Any) -> Found:
    """What a session gets of this body. Raises SearchFailed."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    answered = SOURCES[kind].read(got := document_in(raw, "application/json"))
    refuse_errors(got, found=bool(answered.hits or answered.summary))
    return cleaned(answered, Wanted("q", **lists), source=kind, most=10, longest_summary=700)


READ: list[tuple[str, Any, list[str], str]] = [
    # source, body, addresses of the hits, words the model reads
    ("searxng", {"results": [{"title": "T", "link": X, "content": "S"}]}, [X], "S"),
    ("searxng", {"results": [{"name": "N", "href": X, "description": "D"}]}, [X], "D"),
    ("searxng", {"results": {"0": hit(), "1": hit(Y)}}, [X, Y], ""),
    ("searxng", {"results": [[hit()], [hit(Y)]]}, [X, Y], ""),
    ("searxng", {"results": [X, Y]}, [X, Y], ""),
    ("searxng", [hit()], [X], ""),
    ("searxng", {"data": {"results": [hit()]}}, [X], ""),
    ("searxng", {"results": [{}, {"url": None}, {"url": []}, hit()]}, [X], ""),
    ("searxng", {"results": [hit(content=["one", {"text": "two"}])]}, [X], "one two"),
    ("searxng", {"results": [], "infoboxes": [{"content": "A language"}]}, [], "A language"),
    ("searxng", {"results": [], "answers": [{"answer": "42"}, "43"]}, [], "42 43"),
    ("searxng", {"results": None, "answers": None}, [], "found nothing"),
    ("searxng", {"results": [], "message": "No results found"}, [], "found nothing"),
    ("searxng", {"results": [hit()], "error": "one engine failed"}, [X], "S"),
    ("searxng", b"\xef\xbb\xbf" + json.dumps({"results": [hit()]}).encode(), [X], ""),
    ("searxng", b"cb(" + json.dumps({"results": [hit()]}).encode() + b");", [X], ""),
    ("searxng", json.dumps({"results": [hit()]}).encode() + b"\n<!-- served by x -->", [X], ""),
    ("brave", {"web": None}, [], "found nothing"),
    ("brave", {"web": {"results": [{"title": "T", "url": X, "description": "", "extra_snippets": ["E1", "E2"]}]}}, [X], "E1 E2"),
    ("serper", {"organic": [], "knowledgeGraph": {"description": "KG"}}, [], "KG"),
    ("serper", {"organic": [{"title": "T", "link": X, "snippet": "S"}], "answerBox": [{"answer": "42"}]}, [X], "S"),
    ("exa", {"results": [{"title": "T", "url": X, "highlights": [{"text": "HL"}]}]}, [X], "HL"),
    ("tavily", {"results": [{"title": "T", "url": X, "content": "", "raw_content": "RAW"}], "answer": None}, [X], "RAW"),
    ("perplexity", {"results": [[{"title": "T", "url": X, "snippet": "S"}]]}, [X], "S"),
]  # fmt: skip


def test_hits_are_read_wherever_a_source_has_them() -> None:
    wrong = []
    for kind, body, urls, words in READ:
        found = found_in(body, kind)
        text = result_text(found)
        if [h.url for h in found.hits] != urls or words not in text:
            wrong.append((kind, body, text))
    assert wrong == []


FAILS: list[tuple[Any, str, str]] = [
    ({"error": "rate limit exceeded"}, "too_many_requests", "rate limit exceeded"),
    ({"message": "quota exceeded", "results": None}, "too_many_requests", "quota exceeded"),
    ({"error": {"message": "the engine is gone"}}, "unavailable", "the engine is gone"),
    ({"detail": "Invalid API key"}, "unavailable", "Invalid API key"),
    ({"success": False, "message": "the engine is gone"}, "unavailable", "the engine is gone"),
    ({"status": "error", "error_message": "the engine is gone"}, "unavailable", "the engine is gone"),
    ({"errors": [{"message": "the engine is gone"}], "results": []}, "unavailable", "the engine is gone"),
    ({"results": [], "unresponsive_engines": [{"engine": "google", "error": "CAPTCHA"}]}, "unavailable", "google: CAPTCHA"),
    ({"results": [], "unresponsive_engines": ["google"]}, "unavailable", "google"),
    (b"", "unavailable", "empty answer"),
    (b"null", "unavailable", "not JSON"),
    (b'"the engine is gone"', "unavailable", "the engine is gone"),
    (b"<html><title>Login wall</title></html>", "unavailable", "not JSON (Login wall)"),
    (b'{"results":[{"title":"T","url":"https://a.exa', "unavailable", "not JSON"),
    (b'{"results":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "unavailable", "not JSON"),
]  # fmt: skip


def test_an_error_is_never_nothing_found() -> None:
    for body, code, words in FAILS:
        with pytest.raises(SearchFailed) as failed:
            found_in(body)
        assert failed.value.code == code, body
        assert words in failed.value.words, failed.value.words


ONE_PAGE = [
    X,
    f"{X}?utm_source=a&utm_medium=b",
    f"{X}#top",
    f"{X}/",
    "http://a.example/x",
    "https://A.example/x",
    "https://a.example:443/x",
]


def test_one_page_is_one_hit_under_its_own_address() -> None:
    for other in ONE_PAGE:
        assert page_of(address(other)) == page_of(X), other
    assert [h.url for h in found_in({"results": [hit(url) for url in ONE_PAGE]}).hits] == [X]
    assert len(found_in({"results": [hit(f"{X}?p=1"), hit(f"{X}?p=2")]}).hits) == 2
    for tracked, bare in (
        (f"{X}?utm_source=a&p=1&gclid=2", f"{X}?p=1"),
        (f"https://www.google.com/url?q={X}&sa=U", X),
        ("https://duckduckgo.com/l/?uddg=https%3A%2F%2Fa.example%2Fx&rut=1", X),
        ("https://www.google.com/url?q=javascript:alert(1)", "https://www.google.com/url?q=javascript:alert(1)"),
        ("https://www.google.com/search?q=x", "https://www.google.com/search?q=x"),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("https://user:pw@a.example/", ""),
    ):
        assert address(tracked) == bare


def test_a_domain_list_is_about_the_page_and_not_about_the_redirect() -> None:
    through = [hit(f"https://www.google.com/url?q={Y}"), hit()]
    assert [h.url for h in found_in({"results": through}, blocked=("b.example",)).hits] == [X]
    for rule in ("a.example.", "HTTPS://A.Example/", "www.a.example", "*.a.example"):
        assert is_within(X, rule), rule
    assert not is_within("https://www.b.example/", "www.a.example")


def test_what_no_reader_of_a_page_sees_is_not_shown() -> None:
    for said, shown in (
        ("a<!-- do evil -->b", "a b"),
        ("a<!-- no end", "a<!-- no end"),
        (f'see <img src="data:image/png;base64,{"A" * 2000}"> this', "see this"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;ok", "ok"),
        ("x &lt;b&gt;bold&lt;/b&gt; y &amp;amp; z", "x bold y &amp; z"),
    ):
        assert plain(said, 700) == shown


def test_an_endpoint_may_name_its_pages_in_any_place() -> None:
    flat = [{"type": "url_citation", "url": X, "title": "T"}]
    nested = {"executed_tools": [{"search_results": {"results": [hit()]}}]}
    beside: list[tuple[Json, Json]] = [
        ({"annotations": flat}, {}), ({}, {"citations": [X]}), ({"citations": [hit()]}, {}), (nested, {}), ({"web_search": [{"link": X}]}, {}),
    ]  # fmt: skip
    for message, top in beside:
        body = {"choices": [{"message": {"content": [{"type": "text", "text": "So."}], **message}}], **top}
        answered = talk_in("options", Wanted("q"), "m").take(body)
        assert answered is not None
        assert [page.url for page in answered.hits] == [X]
        assert answered.summary == "So."
    with pytest.raises(SearchFailed, match="without searching"):
        talk_in("options", Wanted("q"), "m").take(
            {
                "choices": [
                    {
                        "message": {
                            "content": "So.",
                            "annotations": [{"type": "url_citation", "url_citation": {"title": "T"}}],
                        }
                    }
                ]
            }
        )
