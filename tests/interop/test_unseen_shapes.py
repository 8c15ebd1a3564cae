"""Texts whose shape no other test shows: API clients' files, manifests, tables, Emacs, editors' settings, code.

One row a shape: what is pasted, and the address, key, model and format it means, or REFUSED. The laws below hold for a
whole family each.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from ccswitch_tui.errors import UsageError
from ccswitch_tui.interop.paste import parse_paste

K = "sk-example-0123456789abcdefghij"
OTHER = "sk-example-bbbb0123456789abcdef"
U = "https://relay.example"
V = U + "/v1"
REF = "refused"
MESSAGES, CHAT = "anthropic", "openai-chat"


def coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def found(text: str) -> tuple[Any, ...]:
    """What the text means; ("refused",) for a question."""
    try:
        draft = parse_paste(text)
    except UsageError:
        return (REF,)
    assert draft.endpoint is not None
    key = draft.secret.reveal() if draft.secret else str(draft.key_ref)
    return draft.endpoint.base_url, key, draft.models.default, draft.endpoint.wire


SIGNED = {"type": "bearer", "bearer": [{"key": "token", "value": K}]}
ROO = {"a": {"apiProvider": "anthropic", "apiKey": OTHER, "anthropicBaseUrl": "https://a.example"},
       "b": {"apiProvider": "openai", "openAiBaseUrl": V, "openAiApiKey": K, "openAiModelId": "m-1"}}  # fmt: skip

# fmt: off
SHAPES: dict[str, tuple[str, tuple[Any, ...]]] = {
    # requests
    "powershell-from-a-browser": (f'Invoke-WebRequest -UseBasicParsing -Uri "{V}/chat/completions" `\n-Method "POST" `\n-Headers @{{\n"authorization"="Bearer {K}"\n}} `\n-Body "{{`"model`":`"m-1`"}}"', (V, K, "m-1", CHAT)),
    "fetch-from-a-browser": (f'fetch("{V}/messages", {{"headers": {{"anthropic-version": "2023-06-01", "x-api-key": "{K}"}}, "body": "{{\\"model\\":\\"m-1\\"}}"}});', (U, K, "m-1", MESSAGES)),
    "http.client": (f"import http.client\nconn = http.client.HTTPSConnection(\"relay.example\", 8443)\nheaders = {{'x-api-key': '{K}'}}\nconn.request(\"POST\", \"/v1/messages\", '{{\"model\": \"m-1\"}}', headers)", ("https://relay.example:8443", K, "m-1", MESSAGES)),
    "http.client-of-a-variable": (f'import http.client\nconn = http.client.HTTPSConnection(HOST)\nconn.request("POST", "/v1/messages", body, {{"x-api-key": "{K}"}})', (REF,)),
    "java": (f'HttpRequest.newBuilder()\n  .uri(URI.create("{V}/messages"))\n  .header("x-api-key", "{K}")\n  .POST(BodyPublishers.ofString("{{\\"model\\":\\"m-1\\"}}"))', (U, K, "m-1", MESSAGES)),
    "swift": (f'var r = URLRequest(url: URL(string: "{V}/chat/completions")!)\nr.addValue("Bearer {K}", forHTTPHeaderField: "Authorization")', (V, K, None, CHAT)),
    "through-ssh": (f"ssh box \"curl -s {V}/chat/completions -H 'Authorization: Bearer {K}'\"", (V, K, None, CHAT)),
    "through-watch": (f'watch -n 5 "curl -s {V}/models -H \\"Authorization: Bearer {K}\\""', (V, K)),
    "curl-in-json": (json.dumps({"cmd": f'curl {V}/models -H "Authorization: Bearer {K}"'}), (V, K)),
    "http-file": (f'POST {V}/chat/completions\nAuthorization: Bearer {{{{$processEnv RELAY_KEY}}}}\n\n{{"model": "m-1"}}', (V, "env:RELAY_KEY", "m-1", CHAT)),
    "postman": (json.dumps({"item": [{"request": {"auth": SIGNED, "header": [], "body": {"mode": "raw", "raw": '{"model":"m-1"}'}, "url": {"raw": f"{V}/chat/completions"}}}]}), (V, K, "m-1", CHAT)),
    "postman-signed-in-above": (json.dumps({"auth": SIGNED, "item": [{"name": "f", "item": [{"request": {"header": [], "url": f"{V}/chat/completions"}}]}]}), (V, K, None, CHAT)),
    "postman-variables": (json.dumps({"item": [{"request": {"header": [{"key": "x-api-key", "value": "{{k}}"}], "url": {"raw": "{{base}}/messages"}}}], "variable": [{"key": "base", "value": V}, {"key": "k", "value": K}, {"key": "q", "value": 'a "b" \\'}]}), (U, K, None, MESSAGES)),
    "postman-environment": (json.dumps({"values": [{"key": "base_url", "value": V, "enabled": True}, {"key": "api_key", "value": K}]}), (V, K)),
    "insomnia": (json.dumps({"resources": [{"_type": "request", "url": "{{ _.base }}/chat/completions", "authentication": {"type": "bearer", "token": K}}, {"_type": "environment", "data": {"base": V}}]}), (V, K, None, CHAT)),
    "har": (json.dumps({"log": {"entries": [{"request": {"url": f"{V}/messages", "headers": [{"name": "x-api-key", "value": K}], "postData": {"text": '{"model": "m-1"}'}}}]}}), (U, K, "m-1", MESSAGES)),
    # Kubernetes
    "secret": (f"$ kubectl get secret llm -o yaml\napiVersion: v1\ndata:\n  ANTHROPIC_AUTH_TOKEN: {coded(K)}\n  ANTHROPIC_BASE_URL: {coded(U)}\nkind: Secret\n", (U, K, None, MESSAGES)),
    "secret-json": (json.dumps({"kind": "List", "items": [{"kind": "Secret", "data": {"base-url": coded(V + "\n"), "api-key": coded(K + "\n"), "model": coded("m-1")}}]}), (V, K, "m-1")),
    "secret-and-configmap": (f"kind: ConfigMap\ndata:\n  OPENAI_BASE_URL: {V}\n---\nkind: Secret\ndata:\n  OPENAI_API_KEY: {coded(K)}\n", (V, K)),
    "secret-data-alone": (json.dumps({"ANTHROPIC_BASE_URL": coded(U), "ANTHROPIC_AUTH_TOKEN": coded(K)}), (U, K)),
    "secret-of-a-file": (f"kind: Secret\ndata:\n  .env: {coded(f'OPENAI_BASE_URL={V}{chr(10)}OPENAI_API_KEY={K}')}\n", (V, K)),
    "secret-of-bytes": (f"kind: Secret\ndata:\n  OPENAI_BASE_URL: {coded(V)}\n  OPENAI_API_KEY: {base64.b64encode(bytes(range(200, 240))).decode()}\n", (V, "None")),
    "secret-doubly-coded": (f"kind: Secret\ndata:\n  OPENAI_BASE_URL: {coded(coded(V))}\n  OPENAI_API_KEY: {coded(coded(K))}\n", (REF,)),
    "sealed-secret": ("kind: SealedSecret\nspec:\n  encryptedData:\n    OPENAI_API_KEY: AgBy3i4OJSWK\n", (REF,)),
    # tables
    "password-manager": ("name,url,username,password\n" + "".join(f"S{i},https://s{i}.example/login,me,hunter{i}pass\n" for i in range(9)) + f"Relay,{V},,{K}\n", (V, K)),
    "passwords-alone": ("name,url,username,password\n" + "".join(f"S{i},https://s{i}.example/,me,hunter{i}pass\n" for i in range(9)), (REF,)),
    "table-quoted": (f'"Account","Login Name","Password","Web Site","Comments"\n"Relay","","{K}","{V}","two\nlines"\n', (V, K)),
    "table-two-rows": (f"name;base_url;api_key;model\na;{V};{K};m-1\nb;https://b.example/v1;{OTHER};m-2\n", (V, K, "m-1")),
    "no-table": (f"Hi, here is the url, key, model you wanted:\n{V}, {K}, m-1", (V, K)),
    # commands kept in files
    "npm-script": (json.dumps({"homepage": "https://site.example", "scripts": {"build": "tsc", "c": f"cross-env ANTHROPIC_BASE_URL={U} ANTHROPIC_AUTH_TOKEN={K} ANTHROPIC_MODEL=m-1 claude"}}), (U, K, "m-1")),
    "npm-without": (json.dumps({"scripts": {"build": "tsc"}, "bugs": {"url": "https://github.com/x/y/issues"}, "repository": {"url": "git+https://github.com/x/y.git"}}), (REF,)),
    "container": (json.dumps([{"Config": {"Env": ["PATH=/usr/bin", f"ANTHROPIC_BASE_URL={U}", f"ANTHROPIC_AUTH_TOKEN={K}"]}}]), (U, K)),
    # Emacs
    "gptel": (f"(setq gptel-backend (gptel-make-openai \"R\" :host \"relay.example\" :endpoint \"/api/v1/chat/completions\" :stream t\n  :key \"{K}\" :models '((m-1 :description \"x\") m-2)))", (U + "/api/v1", K, "m-1", CHAT)),
    "gptel-messages": ('(gptel-make-anthropic "R" :host "relay.example" :key (getenv "RELAY_KEY"))', (U, "env:RELAY_KEY", None, MESSAGES)),
    "gptel-own-machine": ("(gptel-make-openai \"l\" :protocol \"http\" :host \"localhost:8000\" :models '(m-1))", ("http://localhost:8000/v1", "None", "m-1", CHAT)),
    "gptel-worked-out": (f'(gptel-make-openai "R" :host my-host :key "{K}")', (REF,)),
    "gptel-function": ("(gptel-make-openai \"R\" :host \"relay.example\" :key #'my-key)", (V, "None")),
    # settings
    "goose": (f"GOOSE_PROVIDER: openai\nGOOSE_MODEL: m-1\nOPENAI_HOST: {U}\nOPENAI_BASE_PATH: api/v1/chat/completions\nOPENAI_API_KEY: {K}\n", (U + "/api/v1", K, "m-1", CHAT)),
    "goose-by-default": (f"GOOSE_PROVIDER=openai\nOPENAI_HOST={U}/\nOPENAI_API_KEY={K}", (V, K, None, CHAT)),
    "goose-custom": (json.dumps({"engine": "anthropic", "api_key_env": "RELAY_KEY", "base_url": U, "models": [{"name": "m-1"}]}), (U, "env:RELAY_KEY", "m-1", MESSAGES)),
    "copilot": (json.dumps({"github.copilot.chat.customOAIModels": {"m-1": {"name": "M", "url": f"{V}/chat/completions", "toolCalling": True}}}), (V, "None", "m-1", CHAT)),
    "devcontainer": (json.dumps({"remoteEnv": {"ANTHROPIC_BASE_URL": U, "ANTHROPIC_AUTH_TOKEN": "${localEnv:RELAY_KEY}"}}), (U, "env:RELAY_KEY")),
    "cline-of-two": (json.dumps({"apiProvider": "openai", "apiKey": OTHER, "anthropicBaseUrl": "https://a.example", "openAiBaseUrl": V, "openAiApiKey": K, "openAiModelId": "m-1"}), (V, K, "m-1")),
    "cline-modes": (json.dumps({"planModeApiProvider": "anthropic", "actModeApiProvider": "openai", "apiKey": OTHER, "anthropicBaseUrl": "https://a.example", "openAiBaseUrl": V, "openAiApiKey": K, "actModeOpenAiModelId": "m-1"}), (V, K, "m-1")),
    "roo": (json.dumps({"providerProfiles": {"currentApiConfigName": "b", "apiConfigs": ROO}}), (V, K, "m-1")),
    "qwen-code": (json.dumps({"modelProviders": {"openai": [{"id": "m-1", "baseUrl": V, "envKey": "RELAY_KEY"}]}, "model": {"name": "m-1"}}), (V, "env:RELAY_KEY", "m-1")),
    "opencode-model": (json.dumps({"model": "r/m-2", "provider": {"r": {"npm": "@ai-sdk/openai-compatible", "options": {"baseURL": V, "apiKey": K}, "models": {"m-1": {}, "m-2": {}}}}}), (V, K, "m-2", CHAT)),
    "opencode-model-alone": (json.dumps({"model": "r/m-2", "provider": {"r": {"npm": "@ai-sdk/openai-compatible", "options": {"baseURL": V, "apiKey": K}}}}), (V, K, "m-2", CHAT)),
    "settings-with-a-tier": (json.dumps({"model": "opus[1m]", "env": {"ANTHROPIC_BASE_URL": U, "ANTHROPIC_AUTH_TOKEN": K}}), (U, K, None, MESSAGES)),
    "avante": (f'relay = {{\n  endpoint = "{V}",\n  api_key_name = "RELAY_KEY",\n  model = "m-1",\n}}', (V, "env:RELAY_KEY", "m-1")),
    "gemini-cli": (f"GOOGLE_GEMINI_BASE_URL={U}\nGEMINI_API_KEY={K}\nGEMINI_MODEL=m-1", (U, K, "m-1")),
    "librechat": (f"OPENAI_REVERSE_PROXY={V}\nOPENAI_API_KEY={K}", (V, K)),
    # texts
    "brackets": (f"【地址】{V}\n【密钥】{K}\n【模型】m-1", (V, K, "m-1")),
    "sold": (f"me@x.example----word----{V}----{K}", (V, K)),
    "path-on-the-next-line": (f"Base URL: {U}/api/\nv1/chat/completions\nAPI Key: {K}", (REF,)),
    "settings-with-a-hook": (json.dumps({"env": {"ANTHROPIC_BASE_URL": U, "ANTHROPIC_AUTH_TOKEN": K}, "hooks": {"Stop": [{"hooks": [{"type": "command", "command": f"curl https://hook.example/x -H 'Authorization: Bearer {OTHER}'"}]}]}}), (U, K, None, MESSAGES)),
    "address-of-a-key-of-b": (f"RELAY_A_BASE_URL={V}\nRELAY_B_API_KEY={K}", (V, "None")),
    "two-lines-one-key": (f"https://b.example/v1\n{V} {K}", (V, K)),
    "emphasised": (f"Base URL: {V}\nAPI Key: __{K}__", (V, K)),
    "spoiler": (f"**endpoint:** `{V}`\n**key:** ||{K}||", (V, K)),
    "settings-module": (f'OPENAI_API_BASE = "{V}"\nOPENAI_API_KEY = os.environ["RELAY_KEY"]\nDATABASES = {{"default": {{"HOST": "db.example"}}}}', (V, "env:RELAY_KEY")),
    "two-addresses": (f'OPENAI_API_BASE_URLS="{V};https://b.example/v1"\nOPENAI_API_KEYS="{K};{OTHER}"', (V, K)),
}
# fmt: on


@pytest.mark.parametrize("shape", SHAPES)
def test_what_a_shape_means(shape: str) -> None:
    text, meant = SHAPES[shape]
    assert found(text)[: len(meant)] == meant


@pytest.mark.parametrize("heads", ["Relay A\nRelay B\n", "a:\nb:\n", "1)\n2)\n"])
@pytest.mark.parametrize("name", ["url: {}", "  base_url: {}", "地址：{}", "Base URL = {}"])
def test_the_key_of_one_entry_does_not_go_to_the_address_of_another(heads: str, name: str) -> None:
    one, two = heads.splitlines()
    key = "key: " + K
    first, second = name.format("https://a.example/v1"), name.format(V)
    assert found("\n".join((one, first, two, second, key)))[:2] in [(V, K), (REF,)]
    assert found("\n".join((one, second, key, two, first)))[:2] in [(V, K), (REF,)]


@pytest.mark.parametrize("mark", [",", ", ", ";", "|"])
def test_of_several_keys_the_first_is_taken_and_said(mark: str) -> None:
    draft = parse_paste(f'OPENAI_BASE_URL={V}\nOPENAI_API_KEY="{K}{mark}{OTHER}"')
    assert draft.secret is not None
    assert draft.secret.reveal() == K
    assert "it contains 2 keys: the first one was used" in draft.notes


@pytest.mark.parametrize("mark", ["|", " | ", ",", ", ", ";", "----", "\t", " : ", "，", "；"])
def test_an_address_and_a_key_stand_apart_whatever_is_between_them(mark: str) -> None:
    assert found(f"{V}{mark}{K}")[:2] == (V, K)
    assert found(f"{K}{mark}{V}")[:2] == (V, K)


@pytest.mark.parametrize("key", [
    "${input:apiKey}", "#{RelayKey}#", "@{variables('k')}", "%(key)s", "<%= ENV['K'] %>", "((relay-key))",
    "settings.KEY['a']", "read_key()", "config('llm.key')", "__RELAY_KEY__", "@@RELAY_KEY@@", "{{ .Values.relay.key }}", "${relay.key}", "keychain:relay",
])  # fmt: skip
def test_what_a_template_or_a_store_would_put_in_is_no_key(key: str) -> None:
    assert found(json.dumps({"base_url": V, "api_key": key}))[:2] == (V, "None")


@pytest.mark.parametrize("key", [
    "${localEnv:RELAY}", "${env.RELAY}", "process.env.RELAY", "{env.RELAY}", "${RELAY:?missing}", "{{ env.RELAY }}",
    "os.getenv('RELAY', 'x')", 'ENV["RELAY"]', "env('RELAY')", "System.getenv('RELAY')", "$ENV{RELAY}",
])  # fmt: skip
def test_a_variable_is_one_in_every_tools_words(key: str) -> None:
    assert found(json.dumps({"base_url": V, "api_key": key}))[:2] == (V, "env:RELAY")


@pytest.mark.parametrize("name", [
    "OPENAI_GATEWAY", "OPENAI_UPSTREAM", "OPENAI_PROXY_URL", "OPENAI_API_ADDRESS", "OPENAI_API", "ANTHROPIC_UPSTREAM",
    "CLAUDE_GATEWAY", "DEEPSEEK_GATEWAY",
])  # fmt: skip
def test_an_address_beside_a_vendors_key_under_a_name_nobody_knows_is_asked_about(name: str) -> None:
    assert found(f"{name}={V}\n{name.split('_')[0]}_API_KEY={K}") in [(REF,), (V, K, None, CHAT)]


@pytest.mark.parametrize("beside", [
    "OPENAI_PROXY=http://127.0.0.1:7890", "NEXTAUTH_URL=https://app.example\nSENTRY_DSN=https://abc@sentry.example/1", "",
])  # fmt: skip
def test_what_is_surely_no_endpoint_does_not_stand_in_a_vendors_way(beside: str) -> None:
    assert found(f"{beside}\nOPENAI_API_KEY={K}")[:2] == ("https://api.openai.com/v1", K)


@pytest.mark.parametrize(
    "word", ["settings.py", "config.json", "README.md", "main.rs", "os.environ", "client.messages"]
)
def test_a_word_with_a_dot_is_no_host(word: str) -> None:
    assert found(f"put it in {word} please\nmy key is {K}") == (REF,)
    assert found(f"import {word}\nkey = '{K}'") == (REF,)


def test_a_password_next_to_an_address_never_becomes_part_of_it() -> None:
    with pytest.raises(UsageError):
        parse_paste("name,url,username,password\nBank,https://bank.example/login,me,hunter2-secret\n")
    assert found("https://bank.example/home,me,hunter2-secret") == ("https://bank.example/home", "None", None, None)
