"""A Secret cannot show itself, and redact() finds keys in every form text carries them, and nothing else."""

from __future__ import annotations

import base64
import copy
import io
import json
import pickle
import string
import traceback
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ccswitch_tui.secret import MASK, Secret, mask, redact

VALUE = "sk-example/NOT+shown=0123456789"

header_text = st.text(alphabet=string.ascii_letters + string.digits + "-_.~+/=!#$%&'*^`|\"\\:;,<>()[]{}?@", min_size=8)


def shown_by_traceback(secret: Secret) -> str:
    try:
        raise ValueError(secret, {"key": secret})
    except ValueError:
        held = traceback.TracebackException(*__import__("sys").exc_info(), capture_locals=True)
        return "".join(held.format())


@pytest.mark.parametrize(
    "show",
    [
        str,
        repr,
        "{}".format,
        "{!r:>60}".format,
        lambda secret: f"{secret:x>40}",
        lambda secret: "%s %r" % (secret, secret),  # noqa: UP031
        lambda secret: str([secret, {"k": secret}, (secret,)]),
        lambda secret: print(secret, file=io.StringIO()) or "",
        shown_by_traceback,
        lambda secret: str(getattr(secret, "__dict__", "")) + str(dir(secret)),
        lambda secret: repr(copy.deepcopy([secret])),
        lambda secret: repr(copy.copy(secret)),
    ],
)
def test_no_way_of_showing_a_secret_shows_it(show: object) -> None:
    assert VALUE not in show(Secret(VALUE))  # type: ignore[operator]


@pytest.mark.parametrize(
    "leak",
    [
        json.dumps,
        pickle.dumps,
        vars,
        len,
        iter,
        hash,
        bytes,
        lambda secret: "key: " + secret,
        lambda secret: secret[0],
        lambda secret: secret.__getstate__(),
        lambda secret: secret.__reduce_ex__(4),
        lambda secret: json.dumps({"key": secret}, default=vars),
    ],
)
def test_no_encoder_takes_a_secret(leak: object) -> None:
    with pytest.raises(TypeError):
        leak(Secret(VALUE))  # type: ignore[operator]


def test_equality_is_by_value_and_only_among_secrets() -> None:
    assert Secret(VALUE) == Secret(VALUE)
    assert Secret(VALUE) != Secret(VALUE + "x")
    assert Secret(VALUE) != VALUE
    assert Secret("ключ") == Secret("ключ")


ENCODINGS = {
    "plain": lambda v: v,
    "inside a word": lambda v: f"x{v}y",
    "json": json.dumps,
    "json in json": lambda v: json.dumps(json.dumps({"k": v})),
    "json with slashes escaped": lambda v: json.dumps(v).replace("/", "\\/"),
    "repr": repr,
    "url": quote,
    "url component": lambda v: quote(v, safe=""),
    "form": quote_plus,
    "lower url": lambda v: quote(v, safe="").lower() if v.islower() else quote(v, safe=""),
    "base64": lambda v: base64.b64encode(v.encode()).decode(),
    "base64 url": lambda v: base64.urlsafe_b64encode(v.encode()).decode(),
    "basic auth": lambda v: base64.b64encode(f"me:{v}".encode()).decode(),
    "basic auth, one more": lambda v: base64.b64encode(f"you:{v}:".encode()).decode(),
    "basic auth, two more": lambda v: base64.b64encode(f"they:{v}!".encode()).decode(),
}


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS)
@given(value=st.text(alphabet=string.ascii_letters + string.digits + "-_/+=.", min_size=16, max_size=80))
def test_a_live_secret_is_masked_in_every_encoding(encode: object, value: str) -> None:
    text = f"before {encode(value)} after"  # type: ignore[operator]
    clean = redact(text, [Secret(value)])
    assert value not in clean
    for start in range(len(value) - 12):
        assert base64.b64encode(value.encode())[4:-4].decode() not in clean
        assert value[start : start + 12] not in clean or value[start : start + 12] in "before  after"
    assert clean.startswith("before ")
    assert clean.endswith(" after")


@pytest.mark.parametrize(
    "other", ["another-{shared}-with-a-longer-tail", "{shared}.and-on-it-goes-to-the-end", "x{shared}"]
)
@pytest.mark.parametrize("own", ["Zq81mT-{shared}", "{shared}-Zq81mT", "Zq81mT-{shared}-Wk02"])
def test_a_part_that_two_keys_share_does_not_leave_the_rest_of_one(own: str, other: str) -> None:
    shared = "team-9f8e7d6c5b4a3021"
    Secret(other.format(shared=shared))
    assert redact(f"key {own.format(shared=shared)} end", [Secret(own.format(shared=shared))]) == f"key {MASK} end"


@pytest.mark.parametrize("other", ["Zq81mT=team-9f8e", "team-9f8e=Wk02"])
def test_a_key_that_lies_inside_another_leaves_nothing_of_it(other: str) -> None:
    mine, theirs = Secret("Zq81mT=team-9f8e=Wk02"), Secret(other)
    assert redact(f"key {quote(mine.reveal(), safe='')} end", [mine, theirs]) == f"key {MASK} end"


def test_of_a_key_that_begins_before_another_ends_nothing_is_left() -> None:
    keys = [Secret("Zq81mT=team-9f8e=Wk02"), Secret("Wk02/then-all-of-another-key")]
    run = quote("Zq81mT=team-9f8e=Wk02/then-all-of-another-key", safe="")
    assert redact(f"key {run} end", keys) == f"key {MASK} end"


@given(st.text())
@example("authorization: authorization: bearer bearer x")
@example("sk-" * 50)
@example("\ud800 sk-abcdefghijklmnop \udfff")
@example("://" * 40 + "@")
@example("eyJ" + "a." * 300)
@example("authorization: " + " " * 2000)
@example("key=" * 300)
def test_redacting_never_raises_and_twice_is_once(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


pieces = st.sampled_from(
    [
        *("authorization: ", "Bearer ", "sk-", "sk-example-0123456789", "x-api-key=", "cookie: a=b", "eyJhbGciOi", "."),
        *('"', "'", "\\", "://", "user:pw@", "\n", " ", ":", "=", "…", MASK, "?key=", "&token=", "api_key", "password"),
        *("abc123def456ghi789", "AIza", "0123456789abcdef0123456789abcdef", "hf_", "gsk_", "env:", "%41"),
        "-----BEGIN PRIVATE KEY-----",
    ]
)


@given(st.lists(pieces, max_size=14).map("".join))
def test_twice_is_once_for_text_made_of_key_parts(text: str) -> None:
    once = redact(text, [Secret("abc123def456ghi789")])
    assert redact(once, [Secret("abc123def456ghi789")]) == once
    assert "abc123def456ghi789" not in once


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abcdef0123456789",
        "authorization: Basic bWU6cGFzc3dvcmQ=",
        'headers = {"Authorization": "Bearer abcdef0123456789"}',
        "Proxy-Authorization: Negotiate YIIabc123",
        "x-api-key: abcdef0123456789",
        "'X-Goog-Api-Key': 'abcdef0123456789'",
        "api-key=abcdef0123456789",
        "Cookie: session=abcdef0123456789; theme=dark",
        "Set-Cookie: __Host-sid=abcdef0123456789; Path=/; Secure",
        "https://me:abcdef0123456789@proxy.example:3128",
        "https://abcdef0123456789@host.example/",
        "https://host.example/v1?key=abcdef0123456789&alt=sse",
        "https://host.example/cb?code=abcdef0123456789#x",
        "export OPENAI_API_KEY=abcdef0123456789",
        "ANTHROPIC_AUTH_TOKEN='abcdef0123456789'",
        '"apiKey": "abcdef0123456789"',
        '{"client_secret":"abcdef0123456789"}',
        '$env:ACME_API_KEY = "abcdef0123456789"',
        "password: abcdef0123456789",
    ],
)
def test_labelled_values_are_masked_whatever_their_shape(text: str) -> None:
    assert "abcdef0123456789" not in redact(text)
    assert "bWU6cGFzc3dvcmQ" not in redact(text)


@pytest.mark.parametrize(
    "key",
    [
        "sk-abcdefghijklmnopqrstuvwx",
        "sk-proj-Ab_3-defGHIjkl0123456789",
        "sk-or-v1-0123456789abcdef0123456789abcdef",
        "sk-example-key-for-tests",
        "gsk_abcdefghijklmnop0123456789",
        "xai-abcdefghijklmnop0123456789",
        "hf_abcdefghijklmnopqrstuvwxyz",
        "nvapi-abcdefgh-ijkl_0123456789",
        "AIzaSyA0123456789abcdefghijklmnopqrstuv",
        "ghp_abcdefghijklmnopqrstuv012345",
        "github_pat_11ABCDEFG0abcdefghijkl_mnop",
        "glpat-abcdefgh12345678ijkl",
        "AKIAABCDEFGHIJ012345",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc_def-ghi",
        "0123456789abcdef0123456789abcdef.AbCdEfGh12345678",
        "pplx-abcdefghijklmnop0123456789",
        "fw_abcdefghijklmnop0123456789",
    ],
)
def test_words_in_the_shape_of_a_key_are_shortened_anywhere(key: str) -> None:
    for text in (key, f"({key})", f"got {key}.", f'"{key}"', f"x={key}", f"\t{key}\n", f"Key:{key},"):
        assert key not in redact(text), text
        assert key[5:-5] not in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "The key to good prose is a short sentence; a token of thanks, a secret garden, a password manager.",
        "claude-sonnet-4-5-20250929 claude-opus-4-1[1m] gpt-5.1-codex-max gemini-3-pro-preview deepseek-r1-0528",
        "openrouter/anthropic/claude-3.5-sonnet:beta qwen3-coder-480b-a35b-instruct-fp8 xai-grok-4-fast-reasoning-2025",
        "accounts/fireworks/models/llama-v3p1-405b-instruct hf:zai-org/GLM-4.6 moonshotai/Kimi-K2-Instruct-0905",
        "commit 0f4c1e2d3b5a69788796a5b4c3d2e1f00f4c1e2d, tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904",
        "sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "request id 7f9c24e8-3b12-4fef-91e0-56a2d5d6a8f1, msg_01XFDUDYJgAACzvnptvVoYEL, toolu_01A09q90qw90lq917835lq9",
        "max_tokens: 8192, input_tokens=12345678, tokens per second: 41.7, cache_read_input_tokens: 36",
        'key = "keyring:work", --key env:OPENAI_KEY_2, api_key: os.environ/ACME_KEY1, ANTHROPIC_API_KEY=$KEY2',
        "ANTHROPIC_AUTH_TOKEN= ANTHROPIC_API_KEY=\"\" apiKeyHelper: '/usr/bin/ccswitch-tui' key work",
        "https://api.acme.example:8443/v1/messages?api-version=2024-10-21&beta=true",
        "send it as 'authorization: bearer' or as x-api-key; a bearer authentication scheme; cookies are dropped",
        "/home/me/.claude/settings.json  C:\\Users\\me\\AppData\\Roaming\\ccswitch-tui\\profiles.toml",
        "ImportError: cannot import name 'keyring' from 'keyrings.alt' (line 1234)",
        "git@github.com:acme/ccswitch-tui.git ssh://git@github.com/acme/x",
        "2026-11-23T00:50:01Z listening on http://127.0.0.1:20123",
    ],
)
def test_prose_model_names_and_hashes_stay_as_they_are(text: str) -> None:
    assert redact(text) == text


def test_a_longer_key_that_begins_like_a_known_one_leaves_no_rest() -> None:
    Secret("sk-example-short")
    assert "secret-rest" not in redact("sk-example-short-secret-rest-0123")


def test_a_short_common_value_is_not_masked_everywhere() -> None:
    Secret("none")
    assert redact("none of this changes") == "none of this changes"


@given(st.text(min_size=1))
def test_a_mask_shows_a_third_at_most(value: str) -> None:
    shown = mask(value).replace("…", "").replace(MASK, "")
    assert len(shown) * 3 <= len(value)


RAW = "sk-example-once-seen-" + "aB3dE6gH9jK2mN5pQ8rS"


def every(pattern: str, value: str = RAW) -> str:
    return "".join(pattern.format(ord(c)) for c in value)


@pytest.mark.parametrize(
    "written",
    [
        every("%{:02x}"),
        every("%{:02X}"),
        every("&#{};"),
        every("&#x{:x};"),
        every("&#x00{:X};"),
        every("\\u00{:02x}"),
        every("\\x{:02x}"),
        RAW[:9] + every("%{:02x}", RAW[9:]),
        "".join(c if i % 3 else f"%{ord(c):02x}" for i, c in enumerate(RAW)),
        RAW.encode().hex(),
        RAW.encode().hex().upper(),
        RAW[::-1],
        RAW[:-1],
        RAW[1:],
        RAW[: len(RAW) // 2],
        RAW[len(RAW) // 2 :],
        f"{RAW[:20]} {RAW[20:]}",
        "\n".join(RAW[i : i + 20] for i in range(0, len(RAW), 20)),
    ],
)
def test_what_an_endpoint_makes_of_a_key_is_masked_too(written: str) -> None:
    Secret(RAW)
    shown = redact(f'the key "{written}" is not known; {written}')
    assert shown.startswith('the key "') and "is not known" in shown
    assert not [i for i in range(len(written) - 18) if written[i : i + 19] in shown]


WORST = {
    "://a:": 64_000,
    "cookie:a": 64_000,
    "pk-.": 64_000,
    "ya29.": 64_000,
    "hvs..": 64_000,
    "://aaaaaaaaaaaaaaaa": 64_000,
    "authorization: bearer": 10_000,
    "password=": 64_000,
    "://:::": 64_000,
}
"""Beginnings of what looks like a key, over and over. Where each of them looked through all of the rest, the first took
three minutes."""


@pytest.mark.timeout(30)
@pytest.mark.parametrize("part", WORST)
def test_no_text_takes_the_square_of_its_length_to_redact(part: str) -> None:
    redact(part * WORST[part])
    redact(part + " " * 500_000 + part)
    redact(part + ":" * 500_000)


@pytest.mark.timeout(30)
def test_a_key_repeated_in_ever_other_escapes_is_masked_in_one_pass() -> None:
    Secret(RAW)
    writings = [
        "".join(f"%{ord(c):02X}" if n >> i & 1 else c for i, c in enumerate(RAW)) + RAW[: 17 + n % 20]
        for n in range(3000)
    ]
    shown = redact(" ".join(writings))
    assert not [i for i in range(len(RAW) - 18) if RAW[i : i + 19] in shown]


def test_redacting_a_long_answer_is_quick_enough_to_print() -> None:
    import time

    text = "The quick brown fox jumps over the lazy dog; 12 tokens of model gpt-4o. " * 3000
    for number in range(20):
        Secret(f"sk-example-many-{number:04}-0123456789")
    redact(text)
    began = time.process_time()
    redact(text)
    assert time.process_time() - began < 2.0
