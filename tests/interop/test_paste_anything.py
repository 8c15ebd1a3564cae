"""Whatever describes an endpoint, pasted, becomes the same draft; what does not is refused without being repeated."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ccswitch_tui.errors import UsageError
from ccswitch_tui.interop.paste import parse_paste
from ccswitch_tui.profiles.draft import Draft
from ccswitch_tui.profiles.model import SecretRef

KEY = "sk-example-0123456789abcdef"
BASE = "https://api.example.com/v1"

HOSTILE_CHARS = 40_000
"""Here every reader takes under 0.2 s; one that backtracks takes minutes."""


def seen(draft: Draft) -> tuple[str, str | None, str | None, str | None]:
    assert draft.endpoint is not None
    key = draft.secret.reveal() if draft.secret else None
    return draft.endpoint.base_url, draft.endpoint.wire, key, draft.models.default


OPENAI_LIKE = {
    "export lines": f"export OPENAI_BASE_URL={BASE}\nexport OPENAI_API_KEY='{KEY}'\nexport OPENAI_MODEL=big",
    "export lines in one": f"export OPENAI_BASE_URL={BASE}; export OPENAI_API_KEY={KEY}; export OPENAI_MODEL=big",
    ".env": f"# mine\nOPENAI_API_BASE={BASE}/   # with a slash\nOPENAI_API_KEY={KEY}\nOPENAI_MODEL=big\n",
    "fish": f"set -gx OPENAI_BASE_URL {BASE}\nset -gx OPENAI_API_KEY {KEY}\nset -gx OPENAI_MODEL big",
    "cmd.exe": f"set OPENAI_BASE_URL={BASE}\r\nset OPENAI_API_KEY={KEY}\r\nset OPENAI_MODEL=big\r\n",
    "setx": f'setx OPENAI_BASE_URL "{BASE}"\nsetx OPENAI_API_KEY "{KEY}"\nsetx OPENAI_MODEL "big"',
    "PowerShell": f'$env:OPENAI_BASE_URL = "{BASE}"\n$env:OPENAI_API_KEY = "{KEY}"\n$env:OPENAI_MODEL = "big"',
    "docker": f"docker run -e OPENAI_BASE_URL={BASE} \\\n -e OPENAI_API_KEY={KEY} \\\n -e OPENAI_MODEL=big img",
    "JSON": json.dumps({"baseURL": BASE, "apiKey": KEY, "model": "big"}),
    "JSON with comments": f'{{// mine\n"base_url": "{BASE}", /* x */ "api_key": "{KEY}", "model": "big",}}',
    "JSON in a code fence": f'```json\n{{"base_url": "{BASE}", "api_key": "{KEY}", "model": "big"}}\n```',
    "opencode": json.dumps({"provider": {"acme": {"npm": "@ai-sdk/openai-compatible", "options": {"baseURL": BASE, "apiKey": KEY},
                                                 "models": {"big": {}}}}}),
    "claude-code-router": json.dumps({"name": "a", "api_base_url": f"{BASE}/chat/completions", "api_key": KEY, "models": ["big"]}),
    "Python": f'from openai import OpenAI\nclient = OpenAI(\n    base_url="{BASE}",\n    api_key="{KEY}",\n)\n'
              'r = client.chat.completions.create(model="big", messages=[{"role": "user", "content": "hi"}])',
    "Python, async": f"client = AsyncOpenAI(api_key='{KEY}', base_url='{BASE}')\nmodel = 'big'",
    "JavaScript": f'import OpenAI from "openai";\nconst client = new OpenAI({{ baseURL: "{BASE}", apiKey: "{KEY}" }});\n'
                  'await client.chat.completions.create({ model: "big", messages: [] });',
    "LangChain": f'llm = ChatOpenAI(openai_api_base="{BASE}", openai_api_key="{KEY}", model_name="big")',
    "requests": f'import requests\nrequests.post("{BASE}/chat/completions", headers={{"Authorization": "Bearer {KEY}"}}, '
                'json={"model": "big", "messages": []})',
    "fetch": f'await fetch("{BASE}/chat/completions", {{ method: "POST", headers: {{ "Authorization": `Bearer {KEY}` }}, '
             'body: JSON.stringify({ model: "big" }) })',
    "labels": f"Base URL: {BASE}\nAPI Key: {KEY}\nModel: big",
    "labels in Chinese": f"接口地址：{BASE}\n密钥：{KEY}\n模型：big",
    "labels in Markdown": f"- **Base URL**: `{BASE}`\n- **API Key**: `{KEY}`\n- **Model**: `big`",
    "curl": f"curl {BASE}/chat/completions -H 'Authorization: Bearer {KEY}' -d '{{\"model\":\"big\"}}'",
    "ccr link": f"ccr://provider?name=acme&base_url={BASE}&api_key={KEY}&protocol=openai_chat_completions&models=big,small",
    "several variables in front of a command": f"OPENAI_BASE_URL={BASE} OPENAI_API_KEY='{KEY}' OPENAI_MODEL=big codex exec hi",
    "the same over several lines": f"env OPENAI_BASE_URL={BASE} \\\n  OPENAI_API_KEY={KEY} \\\n  OPENAI_MODEL=big ./run.sh",
    "docker compose, a list": f"    environment:\n      - OPENAI_API_BASE={BASE}\n      - OPENAI_API_KEY={KEY}\n      - OPENAI_MODEL=big",
    "docker compose, a table": f"    environment:\n      OPENAI_API_BASE: {BASE}\n      OPENAI_API_KEY: {KEY}\n      OPENAI_MODEL: big",
    "systemd": f'Environment="OPENAI_BASE_URL={BASE}"\nEnvironment="OPENAI_API_KEY={KEY}"\nEnvironment="OPENAI_MODEL=big"',
    "a request as it is sent": f"POST /v1/chat/completions HTTP/1.1\r\nHost: api.example.com\r\nAuthorization: Bearer {KEY}\r\n\r\n{{\"model\": \"big\"}}",
    "PowerShell's Invoke-RestMethod": f'$headers = @{{ "Authorization" = "Bearer {KEY}" }}\n$body = @{{ model = "big" }} | ConvertTo-Json\n'
                                      f'Invoke-RestMethod -Uri "{BASE}/chat/completions" -Method Post -Headers $headers -Body $body',
    "Python with variables": f'BASE_URL = "{BASE}"\nAPI_KEY = "{KEY}"\nclient = OpenAI(base_url=BASE_URL, api_key=API_KEY)\n'
                             'client.chat.completions.create(model="big")',
    "Python that sets its environment": f'os.environ["OPENAI_API_KEY"] = "{KEY}"\nos.environ["OPENAI_BASE_URL"] = "{BASE}"\nimport openai\n'
                                        'openai.OpenAI().chat.completions.create(model="big")',
    "the old OpenAI module": f'import openai\nopenai.api_key = "{KEY}"\nopenai.api_base = "{BASE}"\nopenai.ChatCompletion.create(model="big")',
    "a Python dict": f"config = {{'base_url': '{BASE}', 'api_key': '{KEY}', 'model': 'big'}}",
    "LiteLLM": f"model_list:\n  - model_name: a\n    litellm_params:\n      model: openai/big\n      api_base: {BASE}\n      api_key: {KEY}",
    "Codex": f'model = "big"\nmodel_provider = "x"\n[model_providers.x]\nbase_url = "{BASE}"\nexperimental_bearer_token = "{KEY}"',
    "a Markdown table": f"| what | value |\n|---|---|\n| Base URL | {BASE} |\n| API Key | {KEY} |\n| Model | big |",
    "wget": f"wget --header='Authorization: Bearer {KEY}' --post-data='{{\"model\":\"big\"}}' {BASE}/chat/completions",
    "JSON inside a JSON string": json.dumps(json.dumps({"base_url": BASE, "api_key": KEY, "model": "big"})),
    "terminal codes around it": f"\x1b[200~export OPENAI_BASE_URL={BASE}\x1b[0m\nexport OPENAI_API_KEY={KEY}\nexport OPENAI_MODEL=big\x1b[201~",
    "a byte order mark": f"\ufeffOPENAI_BASE_URL={BASE}\nOPENAI_API_KEY={KEY}\nOPENAI_MODEL=big",
}  # fmt: skip

ANTHROPIC_LIKE = {
    "export lines": f"export ANTHROPIC_BASE_URL=https://relay.example\nexport ANTHROPIC_AUTH_TOKEN={KEY}\nexport ANTHROPIC_MODEL=big",
    "settings": json.dumps({"env": {"ANTHROPIC_BASE_URL": "https://relay.example", "ANTHROPIC_AUTH_TOKEN": KEY, "ANTHROPIC_MODEL": "big"},
                            "permissions": {"allow": []}}),
    "cc-switch entry": json.dumps({"id": "1", "name": "x", "settingsConfig": {"env": {
        "ANTHROPIC_BASE_URL": "https://relay.example", "ANTHROPIC_AUTH_TOKEN": KEY, "ANTHROPIC_MODEL": "big"}}}),
    "VS Code": json.dumps({"claudeCode.environmentVariables": [
        {"name": "ANTHROPIC_BASE_URL", "value": "https://relay.example"}, {"name": "ANTHROPIC_AUTH_TOKEN", "value": KEY},
        {"name": "ANTHROPIC_MODEL", "value": "big"}]}),
    "cc-switch link": f"ccswitch://v1/import?resource=provider&app=claude&name=X&endpoint=https%3A%2F%2Frelay.example&apiKey={KEY}&model=big",
    "Python": f'client = anthropic.Anthropic(base_url="https://relay.example", auth_token="{KEY}")\nm = client.messages.create(model="big")',
}  # fmt: skip


@pytest.mark.parametrize("text", OPENAI_LIKE.values(), ids=OPENAI_LIKE.keys())
def test_every_form_means_the_same_openai_endpoint(text: str) -> None:
    assert seen(parse_paste(text)) == (BASE, "openai-chat", KEY, "big")


@pytest.mark.parametrize("text", ANTHROPIC_LIKE.values(), ids=ANTHROPIC_LIKE.keys())
def test_every_form_means_the_same_anthropic_endpoint(text: str) -> None:
    draft = parse_paste(text)
    assert seen(draft) == ("https://relay.example", "anthropic", KEY, "big")
    assert draft.endpoint is not None
    assert draft.endpoint.auth == "bearer"


@pytest.mark.parametrize("text", [*OPENAI_LIKE.values(), *ANTHROPIC_LIKE.values()])
def test_a_draft_never_shows_the_key(text: str) -> None:
    assert KEY not in repr(parse_paste(text))


@pytest.mark.parametrize("text", OPENAI_LIKE.values(), ids=OPENAI_LIKE.keys())
def test_bytes_are_read_like_text(text: str) -> None:
    assert seen(parse_paste(text.encode())) == seen(parse_paste(text))


def test_utf_16_with_its_mark_is_read() -> None:
    assert seen(parse_paste(OPENAI_LIKE[".env"].encode("utf-16")))[0] == BASE


@pytest.mark.parametrize(
    "text, base, key",
    [
        (BASE, BASE, None),
        ("api.example.com/v1", BASE, None),
        (f"{BASE} {KEY}", BASE, KEY),
        (f"{BASE}\n{KEY}\n", BASE, KEY),
        (f"{KEY}\n{BASE}\n", BASE, KEY),
        (f"api.example.com/v1\n{KEY}", BASE, KEY),
        (f"{BASE}\n0123456789abcdef0123456789abcdef", BASE, "0123456789abcdef0123456789abcdef"),
        (f"see {BASE}, the key is {KEY}.", BASE, KEY),
        ("localhost:11434", "http://localhost:11434", None),
    ],
)
def test_an_address_and_a_key_are_enough(text: str, base: str, key: str | None) -> None:
    draft = parse_paste(text)
    assert draft.endpoint is not None
    assert (draft.endpoint.base_url, draft.secret.reveal() if draft.secret else None) == (base, key)


def test_claude_codes_tiers_limits_and_headers_come_along() -> None:
    draft = parse_paste(
        "\n".join(
            [
                "export ANTHROPIC_BASE_URL=https://relay.example",
                f"export ANTHROPIC_API_KEY={KEY}",
                "export ANTHROPIC_MODEL='big[1m]'",
                "export ANTHROPIC_DEFAULT_OPUS_MODEL=big",
                "export ANTHROPIC_DEFAULT_HAIKU_MODEL=small",
                "export CLAUDE_CODE_SUBAGENT_MODEL=mid",
                "export CLAUDE_CODE_MAX_CONTEXT_TOKENS=128000",
                "export CLAUDE_CODE_MAX_OUTPUT_TOKENS=8192",
                "export ANTHROPIC_CUSTOM_HEADERS='X-Org: a'",
                "export API_TIMEOUT_MS=3000000",
                "export NODE_EXTRA_CA_CERTS=/etc/ca.pem",
            ]
        )
    )
    assert draft.models.named() == {"default": "big", "haiku": "small", "subagent": "mid"}
    assert (draft.context_window, draft.max_output) == (128000, 8192)
    assert draft.endpoint is not None
    assert draft.endpoint.auth == "x-api-key"
    assert draft.endpoint.headers == {"X-Org": "a"}
    assert draft.endpoint.timeouts.first_byte_s == 3000
    assert draft.endpoint.ca_file == "/etc/ca.pem"


def test_a_lone_key_in_a_vendors_variable_finds_the_vendor() -> None:
    draft = parse_paste(f"export DEEPSEEK_API_KEY={KEY}")
    assert draft.endpoint is not None
    assert draft.endpoint.base_url == "https://api.deepseek.com/anthropic"
    assert draft.preset == "deepseek"


@pytest.mark.parametrize(
    "text",
    [
        f"export OPENAI_BASE_URL={BASE}\nexport OPENAI_API_KEY=$ACME_KEY",
        f"client = OpenAI(base_url='{BASE}', api_key=os.environ['ACME_KEY'])",
        f"client = OpenAI(base_url='{BASE}', api_key=os.getenv(\"ACME_KEY\"))",
        f"new OpenAI({{ baseURL: '{BASE}', apiKey: process.env.ACME_KEY }})",
        json.dumps({"baseURL": BASE, "apiKey": "${ACME_KEY}"}),
        json.dumps({"baseURL": BASE, "apiKey": "{env:ACME_KEY}"}),
    ],
)
def test_a_variable_in_the_keys_place_becomes_a_reference(text: str) -> None:
    draft = parse_paste(text)
    assert draft.secret is None
    assert draft.key_ref == SecretRef("env", "ACME_KEY")


def test_a_links_instructions_to_fetch_and_run_are_ignored() -> None:
    script = base64.b64encode(b"steal()").decode()
    draft = parse_paste(
        f"ccswitch://v1/import?resource=provider&app=claude&name=X&endpoint=https://relay.example&apiKey={KEY}"
        f"&configUrl=https%3A%2F%2Fevil.example%2Fconfig.json&usageScript={script}&usageApiKey=sk-example-second-key"
    )
    assert seen(draft)[:3] == ("https://relay.example", "anthropic", KEY)
    assert "evil" not in repr(draft)
    assert any("ignored" in note for note in draft.notes)


def test_a_links_embedded_configuration_is_read() -> None:
    config = base64.urlsafe_b64encode(
        json.dumps({"env": {"ANTHROPIC_DEFAULT_HAIKU_MODEL": "small", "ANTHROPIC_MODEL": "other"}}).encode()
    ).decode()
    draft = parse_paste(
        f"ccswitch://v1/import?resource=provider&app=claude&name=X&endpoint=https://relay.example&apiKey={KEY}&model=big&config={config}"
    )  # fmt: skip
    assert draft.models.named() == {"default": "big", "haiku": "small"}
    assert draft.secret is not None


def test_of_two_complete_endpoints_the_first_is_taken_and_the_other_told() -> None:
    draft = parse_paste(
        f"OPENAI_BASE_URL={BASE}\nOPENAI_API_KEY={KEY}\nANTHROPIC_BASE_URL=https://relay.example\nANTHROPIC_AUTH_TOKEN=sk-example-other-key"
    )
    assert seen(draft)[0] == BASE
    assert any("more than one endpoint" in w for w in draft.warnings)


REFUSED = {
    "nothing": ("", "nothing was pasted"),
    "white space": (" \n\t ", "nothing was pasted"),
    "prose": ("please give me a model that works", "no endpoint"),
    "a key alone": (KEY, "a key in it but no address"),
    "a key in a variable of nobody's": (f"ACME_THING_API_KEY={KEY}", "a key in it but no address"),
    "binary": (b"\x7fELF\x02\x01\x01\x00\x00\x00", "binary"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "binary"),
    "5 MB": ("x" * 5_000_000, "5.0 MB"),
    "empty JSON": ("{}", "no endpoint"),
    "JSON without an end": ('{"a": ' * 3000, "no endpoint"),
    "deep JSON": ("[" * 100_000 + "]" * 100_000, "no endpoint"),
    "a link without a provider": ("ccswitch://v1/import?resource=mcp&name=x", "no provider"),
    "a link to Gemini": ("ccr://provider?base_url=https://g.example&protocol=gemini_generate_content", "Gemini"),
}


@pytest.mark.parametrize("text, words", REFUSED.values(), ids=REFUSED.keys())
def test_what_describes_no_endpoint_is_refused_with_a_hint(text: str | bytes, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        parse_paste(text)
    assert caught.value.hint
    assert KEY not in caught.value.message + caught.value.hint


@given(st.one_of(st.text(max_size=400), st.binary(max_size=400)))
def test_any_paste_is_a_draft_or_a_refusal(pasted: str | bytes) -> None:
    try:
        draft = parse_paste(pasted)
    except UsageError:
        return
    assert draft.endpoint is not None


fragments = st.sampled_from(
    [BASE, f" {KEY}", f"'{KEY}", f'"{KEY}"', f"={KEY}", f"/{KEY}", f":{KEY}", "curl ", "export ", "OPENAI_BASE_URL=", "ANTHROPIC_API_KEY: ", "{", "}", '"env":', "[", "]", "'", '"', "\\\n", "\n",
     "$X", "-H ", "Authorization: Bearer ", "-d '{\"model\":", ",", " ", "import OpenAI", "OpenAI(", "api_key=", "ccswitch://v1?", "&",
     "`", "^\n", "$(", ")", "http://", "://", "：", "base_url", "=", "-u", "-x", "@file", "<<EOF\n", "EOF\n", "%A%", "\x1b[0m"]
)  # fmt: skip


@given(st.lists(fragments, max_size=25).map("".join))
def test_any_mixture_of_what_people_paste_is_a_draft_or_a_refusal(text: str) -> None:
    # a key glued to a word ("tasksk-…") cannot be told from the word
    assume(not re.search(r"[A-Za-z]['\"\\\n]*sk-example", text))
    try:
        draft = parse_paste(text)
    except UsageError as error:
        assert KEY not in error.message + error.hint
        return
    assert KEY not in repr(draft)


@pytest.mark.parametrize(
    "unit", ["a", "$(", "`", '"', "'", "\\", "{", "[", '{"a":', "//", "/*", "=", "x=", "curl ", "curl -H 'a: b' ", "http://a.b/", "<<A\n",
             "export A=", "a: b\n", "$a", "${", "^", "\n", " ", "sk-a", "A_", "-H '", "OpenAI(", "“", "[]("]
)  # fmt: skip
def test_a_hostile_paste_is_read_in_time_that_grows_with_its_length(unit: str) -> None:
    text = (unit * HOSTILE_CHARS)[:HOSTILE_CHARS]
    for pasted in (text, "curl " + text, "import openai\nOpenAI(\n" + text):
        began = time.process_time()
        with contextlib.suppress(UsageError):
            parse_paste(pasted)
        assert time.process_time() - began < 10, "reading it is not linear: a longer one would never end"
