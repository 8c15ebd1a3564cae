"""What people paste as an address, what it means, and that every change is named."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ccswitch_tui.errors import UsageError
from ccswitch_tui.profiles.url import NormalisedUrl, UrlError, normalise_url, url_host

CLEAN = [
    "https://api.example.com/v1",
    "https://api.example.com",
    "https://api.example.com/anthropic",
    "https://open.example.cn/api/paas/v4",
    "https://ark.example.com/api/v3",
    "https://generativelanguage.googleapis.com/v1beta/openai",
    "https://mine.openai.azure.com/openai/v1",
    "http://127.0.0.1:8080/v1",
    "http://localhost:11434",
    "http://[::1]:8080/v1",
    "http://gpu-box:8000/v1",
    "http://192.168.1.20:1234/v1",
]

PASTED = {
    # what was pasted: (the base URL, the wire, words of one of the changes)
    "https://api.example.com/v1/chat/completions": ("https://api.example.com/v1", "openai-chat", "/chat/completions"),
    "https://api.example.com/v1/completions": ("https://api.example.com/v1", "openai-chat", "old completions"),
    "https://api.example.com/v1/responses": ("https://api.example.com/v1", "openai-responses", "appends it itself"),
    "https://api.example.com/v1/models": ("https://api.example.com/v1", "openai-chat", "list of models"),
    "https://api.example.com/v1/models/gpt-9": ("https://api.example.com/v1", "openai-chat", "one model"),
    "https://api.example.com/v1/embeddings": ("https://api.example.com/v1", "openai-chat", "embeddings"),
    "https://api.example.com/v1/messages": ("https://api.example.com", "anthropic", "removed '/v1'"),
    "https://api.example.com/v1/messages?beta=true": ("https://api.example.com", "anthropic", "after '?'"),
    "https://a.example.com/anthropic/v1/messages/count_tokens": ("https://a.example.com/anthropic", "anthropic", "/v1"),
    "https://api.example.com/anthropic/v1": ("https://api.example.com/anthropic", "anthropic", "/v1"),
    "https://api.example.com/chat/completions": ("https://api.example.com", "openai-chat", "/chat/completions"),
    "https://api.example.com/v1/v1": ("https://api.example.com/v1", "openai-chat", "doubled version"),
    "https://api.example.com/v1/v1/chat/completions": ("https://api.example.com/v1", "openai-chat", "doubled version"),
    "https://api.example.com//v1//": ("https://api.example.com/v1", "openai-chat", "doubled slashes"),
    "https://api.example.com/v1/": ("https://api.example.com/v1", "openai-chat", "slash at the end"),
    "https://api.example.com/v1.": ("https://api.example.com/v1", "openai-chat", "punctuation"),
    "https://o.example.cn/api/paas/v4/chat/completions": ("https://o.example.cn/api/paas/v4", "openai-chat", "chat"),
    "https://api.example.com/v1#quickstart": ("https://api.example.com/v1", "openai-chat", "'#'"),
    "  https://api.example.com/v1  ": ("https://api.example.com/v1", "openai-chat", "spaces"),
    '"https://api.example.com/v1",': ("https://api.example.com/v1", "openai-chat", "quotes"),
    "<https://api.example.com/v1>": ("https://api.example.com/v1", "openai-chat", "quotes"),
    "`https://api.example.com/v1`": ("https://api.example.com/v1", "openai-chat", "quotes"),
    "“https://api.example.com/v1”": ("https://api.example.com/v1", "openai-chat", "quotes"),
    "https://api.example.com /v1": ("https://api.example.com/v1", "openai-chat", "spaces inside"),
    "https://api.example.com/v1 (OpenAI compatible)": ("https://api.example.com/v1", "openai-chat", "words after"),
    "https://api.example.com/v1 for OpenAI clients": ("https://api.example.com/v1", "openai-chat", "words after"),
    "https://api.example.com/v1, https://two.example/v1": ("https://api.example.com/v1", "openai-chat", "words after"),
    "https://api.example.com/v1 or https://two.example": ("https://api.example.com/v1", "openai-chat", "words after"),
    "https://api.example.com/ v1": ("https://api.example.com/v1", "openai-chat", "spaces inside"),
    "https://api.example.com/api/\n  v1": ("https://api.example.com/api/v1", "openai-chat", "spaces inside"),
    "https:// api.example.com/v1": ("https://api.example.com/v1", "openai-chat", "spaces inside"),
    "https%3A%2F%2Fapi.example.com%2Fv1": ("https://api.example.com/v1", "openai-chat", "decoded"),
    "https%253A%252F%252Fapi.example.com%252Fv1": ("https://api.example.com/v1", "openai-chat", "decoded"),
    "https:%2F%2Fapi.example.com/v1": ("https://api.example.com/v1", "openai-chat", "decoded"),
    "https://api.exa\u200bmple.com/v1": ("https://api.example.com/v1", "openai-chat", "invisible"),
    "https：／／api。example．com/v1": ("https://api.example.com/v1", "openai-chat", "full-width"),
    "https:\\\\api.example.com\\v1": ("https://api.example.com/v1", "openai-chat", "backslashes"),
    "[docs](https://api.example.com/v1)": ("https://api.example.com/v1", "openai-chat", "Markdown"),
    "api.example.com/v1": ("https://api.example.com/v1", "openai-chat", "added https://"),
    "//api.example.com/v1": ("https://api.example.com/v1", "openai-chat", "added https://"),
    "localhost:11434": ("http://localhost:11434", None, "added http://"),
    "127.0.0.1:8080/v1": ("http://127.0.0.1:8080/v1", "openai-chat", "added http://"),
    "192.168.1.20:1234/v1": ("http://192.168.1.20:1234/v1", "openai-chat", "added http://"),
    "gpu-box:8000/v1": ("http://gpu-box:8000/v1", "openai-chat", "added http://"),
    "api.example.com:8443/v1": ("https://api.example.com:8443/v1", "openai-chat", "added https://"),
    "https:/api.example.com/v1": ("https://api.example.com/v1", "openai-chat", "to 'https://'"),
    "https:api.example.com/v1": ("https://api.example.com/v1", "openai-chat", "to 'https://'"),
    "htps://api.example.com/v1": ("https://api.example.com/v1", "openai-chat", "changed 'htps' to 'https'"),
    "htp://localhost:8000/v1": ("http://localhost:8000/v1", "openai-chat", "changed 'htp' to 'http'"),
    "HTTPS://API.Example.COM/v1": ("https://api.example.com/v1", "openai-chat", "lower-cased"),
    "https://https://api.example.com/v1": ("https://api.example.com/v1", "openai-chat", "in front of"),
    "https://api.example.com:443/v1": ("https://api.example.com/v1", "openai-chat", "port 443"),
    "http://0.0.0.0:8080/v1": ("http://127.0.0.1:8080/v1", "openai-chat", "0.0.0.0"),
    "https://münchen.example/v1": ("https://xn--mnchen-3ya.example/v1", "openai-chat", "xn--"),
    "http://localhost:11434/api/chat": ("http://localhost:11434/v1", "openai-chat", "server's own format"),
    "https://mine.openai.azure.com/openai/deployments/gpt-9/chat/completions?api-version=2024-10-21": (
        "https://mine.openai.azure.com/openai/v1", "openai-chat", "no api-version",
    ),
    "https://generativelanguage.googleapis.com/v1beta/models/gemini-9:generateContent": (
        "https://generativelanguage.googleapis.com/v1beta/openai", "openai-chat", "Gemini",
    ),
    "https://mine.services.ai.azure.com/api/anthropic/v1/messages": (
        "https://mine.services.ai.azure.com/api/anthropic", "anthropic", "/messages",
    ),
}  # fmt: skip

NO_ADDRESS = {
    "": "no address",
    "   ": "no address",
    "hello": "a word",
    "sk-example-0123456789": "a word",
    "ftp://example.com/x": "not the address of a model API",
    "wss://api.example.com/v1": "not the address of a model API",
    "htp://api.example.com/v1": "not the address of a model API",
    "file:///etc/passwd": "not the address of a model API",
    "javascript:alert(1)": "not the address of a model API",
    "https://": "cannot be read|no host|not the address",
    "https:///v1": "no host|a word",
    "https://api.example.com:99999/v1": "port",
    "https://api.example.com:abc/v1": "port",
    "https://api.example.com:0/v1": "port",
    "https://exa mple_$.com/v1": "space in the host",
    "https://exa mple": "space in the host",
    "https://bad host.example": "space in the host",
    "https://relay. example/v1": "space in the host",
    "https://relay .example/v1": "space in the host",
    "relay example/v1": "space in the host",
    "https://a..b.example/v1": "characters",
    "https://${HOST}/v1": "placeholder",
    "https://{resource}.openai.azure.com": "placeholder",
    "https://<your-host>/v1": "placeholder",
    "https://your-resource.example/v1": "placeholder",
    "https://[::1/v1": "cannot be read|characters",
    "https://api.example.com/" + "a" * 3000: "characters long",
    "https://api.example\x1b[31m.com": "control characters",
}


@pytest.mark.parametrize("text", CLEAN)
def test_a_base_url_stays_as_it_is(text: str) -> None:
    url = normalise_url(text)
    assert url.base_url == text
    assert url.changes == ()


@pytest.mark.parametrize("text", PASTED)
def test_what_was_pasted_becomes_the_base_url_it_means(text: str) -> None:
    base, wire, word = PASTED[text]
    url = normalise_url(text)
    assert (url.base_url, url.wire_hint) == (base, wire)
    assert any(word in change for change in url.changes), url.changes


@pytest.mark.parametrize("text", NO_ADDRESS)
def test_what_cannot_be_an_address_is_refused_with_the_reason(text: str) -> None:
    with pytest.raises(UrlError, match=NO_ADDRESS[text]):
        normalise_url(text)


@pytest.mark.parametrize("text", [t for t in NO_ADDRESS if len(t) > 12])
def test_a_refusal_does_not_repeat_what_was_pasted(text: str) -> None:
    with pytest.raises(UrlError) as caught:
        normalise_url(text)
    assert text not in caught.value.message + caught.value.hint


def test_a_key_in_the_query_comes_out_as_a_secret() -> None:
    url = normalise_url("https://api.example.com/v1?key=sk-example-0123456789")
    assert url.secret is not None
    assert url.secret.reveal() == "sk-example-0123456789"
    assert "sk-example" not in url.base_url + " ".join(url.changes)


def test_a_password_in_the_address_comes_out_as_a_secret() -> None:
    url = normalise_url("https://me:sk-example-0123456789@api.example.com/v1")
    assert url.base_url == "https://api.example.com/v1"
    assert url.secret is not None
    assert "sk-example" not in str(url)


def test_an_azure_deployment_is_the_model_and_its_key_goes_into_api_key() -> None:
    url = normalise_url(
        "https://mine.openai.azure.com/openai/deployments/gpt-9/chat/completions?api-version=2024-10-21"
    )
    assert (url.model, url.auth_hint) == ("gpt-9", "header:api-key")


FOUNDRY = {
    "https://acme.services.ai.azure.com/models/chat/completions?api-version=1": ("/openai/v1", "openai-chat"),
    "https://acme.services.ai.azure.com/openai/v1/chat/completions": ("/openai/v1", "openai-chat"),
    "https://acme.services.ai.azure.com/openai/deployments/g/chat/completions?api-version=1": (
        "/openai/v1",
        "openai-chat",
    ),
    "https://acme.services.ai.azure.com/anthropic/v1/messages": ("/anthropic", "anthropic"),
    "https://acme.services.ai.azure.com/anthropic/v1": ("/anthropic", "anthropic"),
    "https://acme.services.ai.azure.com/api/anthropic": ("/api/anthropic", "anthropic"),
    "https://acme.openai.azure.com/anthropic/v1/messages": ("/anthropic", "anthropic"),
    "https://acme.cognitiveservices.azure.com/anthropic/v1/messages": ("/anthropic", "anthropic"),
    "https://acme.openai.azure.com/openai/responses?api-version=x": ("/openai/v1", "openai-chat"),
}


@pytest.mark.parametrize("text", FOUNDRY)
def test_azures_forms_each_mean_their_own_address(text: str) -> None:
    path, wire = FOUNDRY[text]
    url = normalise_url(text)
    assert url.base_url == "/".join(text.split("/")[:3]) + path
    assert url.wire_hint == wire
    assert normalise_url(url.base_url).base_url == url.base_url


def test_a_missing_version_is_hinted_at_and_not_added() -> None:
    url = normalise_url("https://api.example.com")
    assert url.base_url == "https://api.example.com"
    assert any("/v1" in hint for hint in url.hints)


def test_plain_http_to_the_internet_is_hinted_at() -> None:
    assert any("unencrypted" in hint for hint in normalise_url("http://api.example.com/v1").hints)
    assert not any("unencrypted" in hint for hint in normalise_url("http://127.0.0.1/v1").hints)


@pytest.mark.parametrize(
    "base, host", [("https://API.example.com:8443/v1", "api.example.com"), ("http://[::1]:80/", "::1")]
)
def test_the_host_of_a_base_url_has_no_port(base: str, host: str) -> None:
    assert url_host(base) == host


def result_or_none(text: str) -> NormalisedUrl | None:
    try:
        return normalise_url(text)
    except UsageError:
        return None


@given(st.text(max_size=120))
def test_any_text_is_an_address_or_a_refusal(text: str) -> None:
    url = result_or_none(text)
    if url is not None:
        assert url.base_url.startswith(("http://", "https://"))


pasted_urls = st.builds(
    lambda scheme, host, port, path, tail: f"{scheme}{host}{port}{path}{tail}",
    st.sampled_from(["", "https://", "http://", "HTTPS://", "https:/", " https://", "//"]),
    st.sampled_from(
        ["api.example.com", "localhost", "127.0.0.1", "[::1]", "r.openai.azure.com", "gpu-box.local", "h.example"]
    ),
    st.sampled_from(["", ":8080", ":443", ":80"]),
    st.lists(
        st.sampled_from(["/v1", "/v4", "/api", "/anthropic", "/openai", "//", "/models", "/paas"]), max_size=4
    ).map("".join),
    st.sampled_from(
        ["", "/", "/chat/completions", "/messages", "/v1/messages", "?a=b", "#x", "/ ", "/api/chat", "/completions"]
    ),
)


@given(pasted_urls)
def test_mending_an_address_twice_changes_nothing_more(text: str) -> None:
    # chat completions under /anthropic: only the route said so, and it is gone the second time
    assume(not ("/anthropic" in text and "completions" in text))
    url = result_or_none(text)
    if url is not None:
        again = normalise_url(url.base_url)
        assert again.base_url == url.base_url
        assert again.changes == ()


@given(pasted_urls)
def test_an_address_that_changed_says_so(text: str) -> None:
    url = result_or_none(text)
    if url is not None and url.base_url != text:
        assert url.changes
