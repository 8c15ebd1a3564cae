"""Sibling inputs: everyday shapes in other words than the tests beside it, and addresses that no reader can know.

One row a shape: what is pasted, and the address and key it means, or REFUSED. The second table holds one law: where an
address is named in any form, no key goes to a vendor's by default.
"""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest

from ccswitch_tui.errors import UsageError
from ccswitch_tui.interop.paste import parse_paste

K = "sk-example-0123456789abcdefghij"
U = "https://relay.example"
REF = "refused"

CASES: dict[str, tuple[str, Any]] = {
    # statements on one line
    "semi-env": (f"ANTHROPIC_BASE_URL={U}; ANTHROPIC_AUTH_TOKEN={K}; claude", (U, K)),
    "amp-export": (f"export ANTHROPIC_BASE_URL={U} && export ANTHROPIC_AUTH_TOKEN={K} && claude", (U, K)),
    "single-amp": (f"export ANTHROPIC_BASE_URL={U} & export ANTHROPIC_AUTH_TOKEN={K} &", (U, K)),
    "pipe-or": (f"export OPENAI_BASE_URL={U}/v1 || true; export OPENAI_API_KEY={K}", (U + "/v1", K)),
    "env-cmd": (f"env ANTHROPIC_BASE_URL={U} ANTHROPIC_AUTH_TOKEN={K} claude --model m-1", (U, K)),
    "inline": (f"ANTHROPIC_BASE_URL={U} ANTHROPIC_AUTH_TOKEN={K} claude", (U, K)),
    "cmd-set-amp": (f"set ANTHROPIC_BASE_URL={U}&& set ANTHROPIC_AUTH_TOKEN={K}&& claude", (U, K)),
    "cmd-quoted": (f'set "ANTHROPIC_BASE_URL={U}" & set "ANTHROPIC_AUTH_TOKEN={K}"', (U, K)),
    "ps-semi": (f'$env:ANTHROPIC_BASE_URL="{U}"; $env:ANTHROPIC_AUTH_TOKEN="{K}"; claude', (U, K)),
    "ps-setenv": (
        f'[Environment]::SetEnvironmentVariable("ANTHROPIC_BASE_URL","{U}","User")\n[Environment]::SetEnvironmentVariable("ANTHROPIC_AUTH_TOKEN","{K}","User")',
        (U, K),
    ),
    "ps-setitem": (f'Set-Item Env:ANTHROPIC_BASE_URL "{U}"\nSet-Item Env:ANTHROPIC_AUTH_TOKEN "{K}"', (U, K)),
    "fish-gx": (f"set -gx ANTHROPIC_BASE_URL {U}; and set -gx ANTHROPIC_AUTH_TOKEN {K}", (U, K)),
    "csh": (f"setenv ANTHROPIC_BASE_URL {U}\nsetenv ANTHROPIC_AUTH_TOKEN {K}", (U, K)),
    "nushell": (f'$env.ANTHROPIC_BASE_URL = "{U}"\n$env.ANTHROPIC_AUTH_TOKEN = "{K}"', (U, K)),
    "elvish": (f"set-env ANTHROPIC_BASE_URL {U}\nset-env ANTHROPIC_AUTH_TOKEN {K}", (U, K)),
    "xonsh": (f'$ANTHROPIC_BASE_URL = "{U}"\n$ANTHROPIC_AUTH_TOKEN = "{K}"', (U, K)),
    "declare-x": (f'declare -x ANTHROPIC_BASE_URL="{U}"\ndeclare -x ANTHROPIC_AUTH_TOKEN="{K}"', (U, K)),
    "typeset": (f"typeset -x ANTHROPIC_BASE_URL={U}\ntypeset -x ANTHROPIC_AUTH_TOKEN={K}", (U, K)),
    "export-n-lines": (f"export \\\n ANTHROPIC_BASE_URL={U} \\\n ANTHROPIC_AUTH_TOKEN={K} \\\n", (U, K)),
    "twice-diff": (
        f"export ANTHROPIC_BASE_URL=https://old.example\nexport ANTHROPIC_AUTH_TOKEN=sk-example-old-0000000000\nexport ANTHROPIC_BASE_URL={U}\nexport ANTHROPIC_AUTH_TOKEN={K}",
        (U, K),
    ),
    "twice-commented": (
        f"# export ANTHROPIC_BASE_URL=https://old.example\nexport ANTHROPIC_BASE_URL={U}\n#export ANTHROPIC_AUTH_TOKEN=sk-example-old-0000000000\nexport ANTHROPIC_AUTH_TOKEN={K}",
        (U, K),
    ),
    "self-ref": (f"BASE={U}\nKEY={K}\nexport ANTHROPIC_BASE_URL=$BASE\nexport ANTHROPIC_AUTH_TOKEN=${{KEY}}", (U, K)),
    "unset-var": (f"export ANTHROPIC_BASE_URL=$CORP_GATEWAY/anthropic\nexport ANTHROPIC_AUTH_TOKEN={K}", REF),
    "cmd-var": (f"set ANTHROPIC_BASE_URL=%GATEWAY%\nset ANTHROPIC_AUTH_TOKEN={K}", REF),
    "cmdsubst": (f"export OPENAI_BASE_URL=$(cat url)\nexport OPENAI_API_KEY={K}", REF),
    "backtick": (f"export OPENAI_BASE_URL=`cat url`\nexport OPENAI_API_KEY={K}", REF),
    "dc-compose": (
        f"services:\n  a:\n    environment:\n      - ANTHROPIC_BASE_URL={U}\n      - ANTHROPIC_AUTH_TOKEN={K}\n",
        (U, K),
    ),
    "compose-var": (f"    environment:\n      OPENAI_BASE_URL: ${{GW:?}}\n      OPENAI_API_KEY: {K}\n", REF),
    "k8s": (
        f'env:\n  - name: ANTHROPIC_BASE_URL\n    value: "{U}"\n  - name: ANTHROPIC_AUTH_TOKEN\n    value: "{K}"\n',
        (U, K),
    ),
    "systemd": (f'Environment=ANTHROPIC_BASE_URL={U}\nEnvironment="ANTHROPIC_AUTH_TOKEN={K}"', (U, K)),
    "dockerfile": (f"ENV ANTHROPIC_BASE_URL={U} \\\n    ANTHROPIC_AUTH_TOKEN={K}", (U, K)),
    "docker-run": (f"docker run -it -e ANTHROPIC_BASE_URL={U} -e ANTHROPIC_AUTH_TOKEN={K} img", (U, K)),
    "nix": (f'environment.sessionVariables = {{ ANTHROPIC_BASE_URL = "{U}"; ANTHROPIC_AUTH_TOKEN = "{K}"; }};', (U, K)),
    "toml-env": (f'[env]\nANTHROPIC_BASE_URL = "{U}"\nANTHROPIC_AUTH_TOKEN = "{K}"', (U, K)),
    "launchctl": (f"launchctl setenv ANTHROPIC_BASE_URL {U}\nlaunchctl setenv ANTHROPIC_AUTH_TOKEN {K}", (U, K)),
    # prompts, quotes, fences
    "prompt-user": (
        f"user@host:~$ export ANTHROPIC_BASE_URL={U}\nuser@host:~$ export ANTHROPIC_AUTH_TOKEN={K}",
        (U, K),
    ),
    "prompt-pct": (f"% export ANTHROPIC_BASE_URL={U}\n% export ANTHROPIC_AUTH_TOKEN={K}", (U, K)),
    "prompt-ps": (
        f"PS C:\\Users\\me> $env:ANTHROPIC_BASE_URL = '{U}'\nPS C:\\Users\\me> $env:ANTHROPIC_AUTH_TOKEN = '{K}'",
        (U, K),
    ),
    "prompt-arrow": (f"❯ export ANTHROPIC_BASE_URL={U}\n❯ export ANTHROPIC_AUTH_TOKEN={K}", (U, K)),
    "quoted-mail2": (f">> export ANTHROPIC_BASE_URL={U}\n>> export ANTHROPIC_AUTH_TOKEN={K}", (U, K)),
    "fence-tilde": (
        f"Put this in .env:\n~~~\nANTHROPIC_BASE_URL={U}\nANTHROPIC_AUTH_TOKEN={K}\n~~~\nand restart",
        (U, K),
    ),
    "fence-in-list": (
        f"1. Run\n   ```bash\n   export OPENAI_BASE_URL={U}/v1\n   export OPENAI_API_KEY={K}\n   ```\n2. go",
        (U + "/v1", K),
    ),
    "two-fences": (
        f"Linux:\n```sh\nexport ANTHROPIC_BASE_URL={U}\nexport ANTHROPIC_AUTH_TOKEN={K}\n```\nWindows:\n```bat\nset ANTHROPIC_BASE_URL={U}\nset ANTHROPIC_AUTH_TOKEN={K}\n```",
        (U, K),
    ),
    "inline-code": (f"Set `ANTHROPIC_BASE_URL={U}` and `ANTHROPIC_AUTH_TOKEN={K}`.", (U, K)),
    "html-entities": (
        f"curl &quot;{U}/v1/chat/completions&quot; -H &quot;Authorization: Bearer {K}&quot; -d &#39;{{&quot;model&quot;:&quot;m-1&quot;}}&#39;",
        (U + "/v1", K),
    ),
    "curl-crlf": (f'curl {U}/v1/messages \\\r\n  -H "x-api-key: {K}" \\\r\n  -d \'{{"model":"m-1"}}\'', (U, K)),
    "curl-caret": (
        f'curl ^"{U}/v1/chat/completions^" ^\n  -H ^"Authorization: Bearer {K}^" ^\n  --data-raw ^"{{^\\^"model^\\^":^\\^"m-1^\\^"}}^"',
        (U + "/v1", K),
    ),
    "curl-ps-backtick": (
        f'curl.exe "{U}/v1/chat/completions" `\n  -H "Authorization: Bearer {K}" `\n  -d "{{}}"',
        (U + "/v1", K),
    ),
    "curl-trailing-space-bs": (
        f"curl {U}/v1/chat/completions \\ \n  -H 'Authorization: Bearer {K}' \\ \n -d '{{}}'",
        (U + "/v1", K),
    ),
    "curl-nbsp": (
        f"curl\u00a0{U}/v1/chat/completions\u00a0-H\u00a0'Authorization:\u00a0Bearer\u00a0{K}'",
        (U + "/v1", K),
    ),
    "curl-emdash-header": (f"curl {U}/v1/chat/completions —header 'Authorization: Bearer {K}'", (U + "/v1", K)),
    "curl-smart": (f"curl “{U}/v1/chat/completions” -H “Authorization: Bearer {K}”", (U + "/v1", K)),
    "curl-zero-width": (f"curl {U}/v1/chat/\u200bcompletions -H 'Authorization: Bearer \u200b{K}'", (U + "/v1", K)),
    "wget": (
        f"wget -qO- --header='Authorization: Bearer {K}' --post-data='{{\"model\":\"m-1\"}}' {U}/v1/chat/completions",
        (U + "/v1", K),
    ),
    "httpie-session": (f"http POST {U}/v1/chat/completions Authorization:'Bearer {K}' model=m-1", (U + "/v1", K)),
    "xh": (f"xh post {U}/v1/chat/completions authorization:'Bearer {K}' model=m-1", (U + "/v1", K)),
    "invoke-rest": (
        f"Invoke-RestMethod -Uri {U}/v1/chat/completions -Method Post -Headers @{{ Authorization = 'Bearer {K}' }}",
        (U + "/v1", K),
    ),
    "raw-http": (
        f'POST /v1/chat/completions HTTP/1.1\nHost: relay.example\nAuthorization: Bearer {K}\nContent-Type: application/json\n\n{{"model":"m-1"}}',
        (U + "/v1", K),
    ),
    "rest-client": (f'POST {U}/v1/chat/completions\nAuthorization: Bearer {K}\n\n{{"model": "m-1"}}', (U + "/v1", K)),
    # labels
    "label-fullwidth": (f"地址：{U}/v1\n密钥：{K}", (U + "/v1", K)),
    "label-tab": (f"endpoint\t{U}/v1\nkey\t{K}", (U + "/v1", K)),
    "label-eq": (f"url = {U}/v1\ntoken = {K}", (U + "/v1", K)),
    "label-arrow": (f"Base URL -> {U}/v1\nAPI key -> {K}", (U + "/v1", K)),
    "label-expires": (f"Base URL: {U}/v1\nAPI Key: {K} (expires 2027-01-01)\nModel: m-1 - fast", (U + "/v1", K, "m-1")),
    "md-table": (f"| Field | Value |\n|---|---|\n| Base URL | {U}/v1 |\n| API Key | {K} |", (U + "/v1", K)),
    "html-table": (f"<tr><td>Base URL</td><td>{U}/v1</td></tr><tr><td>API Key</td><td>{K}</td></tr>", (U + "/v1", K)),
    "sentence": (f"your base url is {U}/v1 and your key is {K}, enjoy!", (U + "/v1", K)),
    "bold": (f"**Base URL**: {U}/v1\n**API Key**: `{K}`", (U + "/v1", K)),
    "bullets": (f"• Base URL: {U}/v1\n• Key: {K}", (U + "/v1", K)),
    "chat-time": (f"[10:32] Bob: Base URL: {U}/v1\n[10:33] Bob: API Key: {K}", (U + "/v1", K)),
    "key-wrapped": (f"Base URL: {U}/v1\nAPI Key: {K[:20]}\n{K[20:]}", REF),
    "host-only": (f"Base URL: relay.example/v1\nKey: {K}", (U + "/v1", K)),
    "port-only": (f"export ANTHROPIC_BASE_URL=:4000\nexport ANTHROPIC_AUTH_TOKEN={K}", REF),
    "host-port": (f"export OPENAI_API_BASE=litellm:4000/v1\nexport OPENAI_API_KEY={K}", ("http://litellm:4000/v1", K)),
    "blank-in-host": (f"export ANTHROPIC_BASE_URL='https://relay .example'\nexport ANTHROPIC_AUTH_TOKEN={K}", REF),
    "grpc": (f"OPENAI_BASE_URL=grpc://relay.example\nOPENAI_API_KEY={K}", REF),
    "tbd": (f"ANTHROPIC_BASE_URL=<your gateway>\nANTHROPIC_AUTH_TOKEN={K}", REF),
    "null": (f'{{"env":{{"ANTHROPIC_BASE_URL":null,"ANTHROPIC_AUTH_TOKEN":"{K}"}}}}', REF),
    "jinja": (f'{{"env":{{"ANTHROPIC_BASE_URL":"{{{{ gateway }}}}","ANTHROPIC_AUTH_TOKEN":"{K}"}}}}', REF),
    "spring": (f"spring.ai.openai.base-url=${{GW}}\nspring.ai.openai.api-key={K}", REF),
    # code
    "py-kw": (f'client = OpenAI(\n  base_url="{U}/v1",\n  api_key="{K}",\n)', (U + "/v1", K)),
    "py-environ": (f'client = OpenAI(base_url=os.environ["GW"], api_key="{K}")', REF),
    "py-setting": (f'client = Anthropic(base_url=settings.gateway_url, api_key="{K}")', REF),
    "py-fstr": (
        f'host="relay.example"\nclient = OpenAI(base_url=f"https://{{host}}/v1", api_key="{K}")',
        (U + "/v1", K),
    ),
    "py-concat": (f'client = OpenAI(base_url=HOST + "/v1", api_key="{K}")', REF),
    "js-opt": (f"const openai = new OpenAI({{ baseURL: '{U}/v1', apiKey: '{K}' }});", (U + "/v1", K)),
    "js-env": (f"const openai = new OpenAI({{ baseURL: process.env.GW, apiKey: '{K}' }});", REF),
    "js-fetch": (
        f"fetch(`{U}/v1/chat/completions`, {{ method: 'POST', headers: {{ 'Authorization': 'Bearer {K}' }} }})",
        (U + "/v1", K),
    ),
    "js-fetch-tmpl": (
        f"const key='{K}';\nfetch('{U}/v1/chat/completions',{{headers:{{Authorization:`Bearer ${{key}}`}}}})",
        (U + "/v1", K),
    ),
    "go": (f'config := openai.DefaultConfig("{K}")\nconfig.BaseURL = "{U}/v1"', (U + "/v1", K)),
    "go-env": (f'config := openai.DefaultConfig("{K}")\nconfig.BaseURL = os.Getenv("GW")', REF),
    "java": (f'OpenAIClient c = OpenAIOkHttpClient.builder().apiKey("{K}").baseUrl("{U}/v1").build();', (U + "/v1", K)),
    "csharp": (
        f'new OpenAIClient(new ApiKeyCredential("{K}"), new OpenAIClientOptions {{ Endpoint = new Uri("{U}/v1") }});',
        (U + "/v1", K),
    ),
    "ruby": (f'OpenAI::Client.new(access_token: "{K}", uri_base: "{U}/v1")', (U + "/v1", K)),
    "rust": (f'let c = OpenAIConfig::new().with_api_key("{K}").with_api_base("{U}/v1");', (U + "/v1", K)),
    "php": (f"$client = OpenAI::factory()->withApiKey('{K}')->withBaseUri('{U}/v1')->make();", (U + "/v1", K)),
    "langchain": (f'ChatOpenAI(model="m-1", openai_api_base="{U}/v1", openai_api_key="{K}")', (U + "/v1", K, "m-1")),
    "litellm-py": (f'litellm.completion(model="openai/m-1", api_base="{U}/v1", api_key="{K}")', (U + "/v1", K)),
    "vercel": (f"createOpenAICompatible({{ name: 'r', baseURL: '{U}/v1', apiKey: '{K}' }})", (U + "/v1", K)),
    "opencode": (
        f'{{"provider":{{"r":{{"npm":"@ai-sdk/openai-compatible","options":{{"baseURL":"{U}/v1","apiKey":"{K}"}},"models":{{"m-1":{{}}}}}}}}}}',
        (U + "/v1", K),
    ),
    "codex-toml": (
        f'model="m-1"\nmodel_provider="r"\n[model_providers.r]\nbase_url="{U}/v1"\nexperimental_bearer_token="{K}"',
        (U + "/v1", K),
    ),
    # links
    "link-md-title": (
        f'[Import it]("ccswitch://v1/import?resource=provider&app=claude&name=N&endpoint={U}&apiKey={K}")',
        (U, K),
    ),
    "link-paren": (f"(ccswitch://v1/import?resource=provider&app=claude&name=N&endpoint={U}&apiKey={K})", (U, K)),
    "link-dot": (f"Open ccswitch://v1/import?resource=provider&app=claude&name=N&endpoint={U}&apiKey={K}.", (U, K)),
    "link-amp": (
        f"ccswitch://v1/import?resource=provider&amp;app=claude&amp;name=N&amp;endpoint={U}&amp;apiKey={K}",
        (U, K),
    ),
    "link-enc": (
        f"ccswitch://v1/import?resource=provider&app=claude&name=N&endpoint=https%3A%2F%2Frelay.example&apiKey={K}",
        (U, K),
    ),
    "link-2enc": (
        f"ccswitch://v1/import?resource=provider&app=claude&name=N&endpoint=https%253A%252F%252Frelay.example&apiKey={K}",
        (U, K),
    ),
    "link-noendpoint": (f"ccswitch://v1/import?resource=provider&app=claude&name=N&apiKey={K}", REF),
    "link-var": (f"ccswitch://v1/import?resource=provider&app=claude&name=N&endpoint=$GW&apiKey={K}", REF),
    "link-html": (
        f"<a class=btn href='ccswitch://v1/import?resource=provider&amp;app=claude&amp;name=N&amp;endpoint={U}&amp;apiKey={K}'>Go</a>",
        (U, K),
    ),
    "link-upper": (f"CCSWITCH://v1/import?resource=provider&app=claude&name=N&endpoint={U}&apiKey={K}", (U, K)),
    "link-quote": (f"> ccswitch://v1/import?resource=provider&app=claude&name=N&endpoint={U}&apiKey={K}", (U, K)),
    "link-plus": (
        f"ccswitch://v1/import?resource=provider&app=claude&name=A+B&endpoint={U}&apiKey=sk-example-a+b/c0123456789==",
        (U, "sk-example-a+b/c0123456789=="),
    ),
    "link-two-endpoints": (
        f"ccswitch://v1/import?resource=provider&app=claude&name=N&endpoint={U},https://relay2.example&apiKey={K}",
        (U, K),
    ),
    # addresses
    "az-chat": (
        f"curl 'https://acme.services.ai.azure.com/models/chat/completions?api-version=2024-05-01-preview' -H 'api-key: {K}' -d '{{\"model\":\"m-1\"}}'",
        ("https://acme.services.ai.azure.com/openai/v1", K),
    ),
    "az-anth": (
        f"curl https://acme.services.ai.azure.com/anthropic/v1/messages -H 'x-api-key: {K}' -d '{{}}'",
        ("https://acme.services.ai.azure.com/anthropic", K),
    ),
    "az-openai-anth": (
        f"curl https://acme.openai.azure.com/anthropic/v1/messages -H 'api-key: {K}' -d '{{}}'",
        ("https://acme.openai.azure.com/anthropic", K),
    ),
    "az-dep": (
        f"curl 'https://acme.openai.azure.com/openai/deployments/gpt-x/chat/completions?api-version=2024-10-21' -H 'api-key: {K}' -d '{{}}'",
        ("https://acme.openai.azure.com/openai/v1", K),
    ),
    "az-resp": (
        f"curl 'https://acme.openai.azure.com/openai/responses?api-version=preview' -H 'api-key: {K}' -d '{{}}'",
        ("https://acme.openai.azure.com/openai/v1", K),
    ),
    "az-v1": (
        f"curl https://acme.cognitiveservices.azure.com/openai/v1/chat/completions -H 'api-key: {K}' -d '{{}}'",
        ("https://acme.cognitiveservices.azure.com/openai/v1", K),
    ),
    "az-gov": (
        f"curl https://acme.openai.azure.us/openai/v1/chat/completions -H 'api-key: {K}' -d '{{}}'",
        ("https://acme.openai.azure.us/openai/v1", K),
    ),
    "databricks": (
        f"curl https://adb-1.azuredatabricks.net/serving-endpoints/m-1/invocations -H 'Authorization: Bearer {K}' -d '{{}}'",
        ("https://adb-1.azuredatabricks.net/serving-endpoints", K),
    ),
    "minimax": (
        f"curl https://api.minimax.io/v1/text/chatcompletion_v2 -H 'Authorization: Bearer {K}' -d '{{}}'",
        ("https://api.minimax.io/v1", K),
    ),
    "cf-compat": (
        f"curl https://gateway.ai.cloudflare.com/v1/acc/gw/compat/chat/completions -H 'cf-aig-authorization: Bearer cf-example-012345678901' -H 'Authorization: Bearer {K}' -d '{{}}'",
        ("https://gateway.ai.cloudflare.com/v1/acc/gw/compat", K),
    ),
}


V = U + "/v1"
CONFIG = f'[model_providers.relay]\nbase_url = "{V}"\nwire_api = "responses"\n'


def coded(tree: Any) -> str:
    return base64.b64encode(json.dumps(tree).encode()).decode()


# fmt: off
WHOLE_FILES: dict[str, tuple[str, Any]] = {
    # what another tool has in use
    "codex-and-auth": (f'~/.codex/config.toml\n```toml\nmodel_provider = "relay"\nmodel = "m-1"\n{CONFIG}requires_openai_auth = true\n```\n~/.codex/auth.json\n```json\n{{"OPENAI_API_KEY": "{K}"}}\n```', (V, K, "m-1", "openai-responses")),
    "codex-profile": (f'profile = "p"\n[profiles.p]\nmodel = "m-1"\nmodel_provider = "relay"\n{CONFIG}env_key = "RELAY_KEY"\n[model_providers.other]\nbase_url = "https://other.example/v1"\n', (V, "env:RELAY_KEY", "m-1")),
    "codex-block-alone": (CONFIG + f'experimental_bearer_token = "{K}"', (V, K)),
    "ccr-routed": (json.dumps({"Providers": [{"name": "a", "api_base_url": "https://a.example/v1/chat/completions", "api_key": "sk-example-aaaa0123456789", "models": ["x"]}, {"name": "b", "api_base_url": f"{V}/chat/completions", "api_key": K, "models": ["m-0", "m-1"]}], "Router": {"default": "b,m-1"}}), (V, K, "m-1")),
    "ccswitch-current": (json.dumps({"version": 2, "claude": {"current": "b", "providers": {n: {"id": n, "name": n, "settingsConfig": {"env": {"ANTHROPIC_BASE_URL": u, "ANTHROPIC_AUTH_TOKEN": k}}} for n, u, k in (("a", "https://a.example", "sk-example-aaaa0123456789"), ("b", U, K))}}}), (U, K)),
    "continue-anthropic": (f"models:\n  - name: R\n    provider: anthropic\n    model: m-1\n    apiBase: {V}\n    apiKey: {K}\n", (U, K, "m-1", "anthropic")),
    "litellm-entry": (f"  - model_name: x\n    litellm_params:\n      model: openai/m-1\n      api_base: {V}\n      api_key: {K}\n", (V, K, "m-1")),
    "litellm-no-address": (f"model_list:\n  - model_name: x\n    litellm_params:\n      model: volcengine/m-1\n      api_key: {K}\n", REF),
    "opencode-anthropic": (json.dumps({"provider": {"anthropic": {"options": {"baseURL": V, "apiKey": K}}}}), (U, K, None, "anthropic")),
    "crush-anthropic": (json.dumps({"providers": {"r": {"type": "anthropic", "base_url": U, "api_key": "$RELAY_KEY", "models": [{"id": "m-1"}]}}}), (U, "env:RELAY_KEY", "m-1", "anthropic")),
    "factory-anthropic": (json.dumps({"custom_models": [{"model": "m-1", "base_url": U, "api_key": K, "provider": "anthropic"}]}), (U, K, "m-1", "anthropic")),
    "cline": (json.dumps({"apiProvider": "anthropic", "anthropicBaseUrl": U, "apiKey": K, "apiModelId": "m-1"}), (U, K, "m-1", "anthropic")),
    "zed": (json.dumps({"language_models": {"openai_compatible": {"R": {"api_url": V, "api_key": K, "available_models": [{"name": "m-1"}]}}}}), (V, K, "m-1")),
    "har": (json.dumps({"log": {"entries": [{"request": {"method": "POST", "url": f"{V}/chat/completions", "headers": [{"name": "Authorization", "value": f"Bearer {K}"}]}}]}}), (V, K, None, "openai-chat")),
    "postman": (json.dumps({"item": [{"request": {"header": [{"key": "x-api-key", "value": K}], "url": {"raw": f"{V}/messages"}}}]}), (U, K, None, "anthropic")),
    "foundry": (f"CLAUDE_CODE_USE_FOUNDRY=1\nANTHROPIC_FOUNDRY_RESOURCE=acme\nANTHROPIC_FOUNDRY_API_KEY={K}", ("https://acme.services.ai.azure.com/anthropic", K)),
    # links that gateways' pages offer for chat programs
    "nextchat": (f"https://next.example/#/?settings={quote(json.dumps({'key': K, 'url': U}))}", (U, K)),
    "lobe": (f"https://chat.example/?settings={quote(json.dumps({'keyVaults': {'openai': {'apiKey': K, 'baseURL': V}}}))}", (V, K)),
    "cherry": (f"cherrystudio://providers/api-keys?v=1&data={coded({'id': 'new-api', 'baseUrl': U, 'apiKey': K})}", (U, K)),
    "chatbox": (f"[take](chatbox://provider/import?config={coded({'settings': {'apiHost': U, 'apiKey': K}})})", (U, K)),
    "ama": (f"ama://set-api-key?server={quote(U, safe='')}&key={K}", (U, K)),
    # code
    "ruby": (f'OpenAI::Client.new(access_token: "{K}", uri_base: "{V}")', (V, K)),
    "csharp": (f'new OpenAIClient(new ApiKeyCredential("{K}"), new OpenAIClientOptions {{ Endpoint = new Uri("{V}") }});', (V, K)),
    "httpx-url": (f'client = OpenAI(base_url=httpx.URL("{V}"), api_key=SecretStr("{K}"))', (V, K)),
    "crewai": (f'llm = LLM(model="openai/m-1", base_url="{V}", api_key="{K}")', (V, K, "m-1")),
    "litellm-sdk": (f'import litellm\nlitellm.completion(model="openai/m-1", api_base="{V}", api_key="{K}")', (V, K, "m-1")),
    # commands that name the model
    "httpie": (f"http POST {V}/chat/completions Authorization:'Bearer {K}' model=m-1", (V, K, "m-1")),
    "aider": (f"aider --openai-api-base {V} --openai-api-key {K} --model openai/m-1", (V, K, "m-1")),
    "claude-model": (f"ANTHROPIC_BASE_URL={U} ANTHROPIC_AUTH_TOKEN={K} claude --model openai/m-1", (U, K, "openai/m-1")),
    "one-line": (f"url:{U} key:{K} model:m-1", (U, K, "m-1")),
    # what is no address, and no key
    "placeholder-host": (f"ANTHROPIC_BASE_URL=https://api.xxx.com\nANTHROPIC_AUTH_TOKEN={K}", REF),
    "placeholder-tld": (f"ANTHROPIC_BASE_URL=https://xxx.xxx\nANTHROPIC_AUTH_TOKEN={K}", REF),
    "where-keys-are-made": (f"Get a key at https://console.example/keys\nAPI key: {K}", REF),
    "an-error": (f"Error: 401 Incorrect API key provided: {K}. You can find yours at https://platform.openai.com/account/api-keys.", REF),
    "the-page-and-the-address": (f"Key from https://docs.example/start: {K}\nuse it with {V}", (V, K)),
    "end-of-a-sentence": (f"Endpoint: {V}.\nKey: {K}.", (V, K)),
    "name-for-key": (f"ANTHROPIC_BASE_URL={U}\nANTHROPIC_AUTH_TOKEN=RELAY_API_KEY", (U, "env:RELAY_API_KEY")),
    "wrapped-host": (f"ANTHROPIC_BASE_URL=https://relay.exam\nple/v1\nANTHROPIC_AUTH_TOKEN={K}", REF),
    **{f"no-key-{n}": (f"ANTHROPIC_BASE_URL={U}\nANTHROPIC_AUTH_TOKEN={key}", (U, "None")) for n, key in enumerate((
        "$(security find-generic-password -w -s relay)", "`pass relay`", "op://vault/item/key", "vault:secret/data/x#key",
        "@Microsoft.KeyVault(SecretUri=https://v.example/secrets/k)", "ENC[AES256_GCM,data:abc,iv:x]", "REDACTED",
        "sk-your-token", "你的密钥", "sk-你的key"))},
    "claude-status": (f"Auth token: ANTHROPIC_AUTH_TOKEN\nAnthropic base URL: {U}", (U, "env:ANTHROPIC_AUTH_TOKEN")),
}
# fmt: on


@pytest.mark.parametrize("shape", [*CASES, *WHOLE_FILES])
def test_what_was_meant_or_a_question(shape: str) -> None:
    text, meant = (CASES | WHOLE_FILES)[shape]
    if meant == REF:
        with pytest.raises(UsageError):
            parse_paste(text)
        return
    draft = parse_paste(text)
    assert draft.endpoint is not None
    key = draft.secret.reveal() if draft.secret else str(draft.key_ref)
    found = (draft.endpoint.base_url, key, draft.models.default, draft.endpoint.wire)
    assert found[: len(meant)] == meant


ODD: dict[str, str] = {
    "helm": f"llm:\n  anthropicBaseUrl: *gw\n  anthropicApiKey: {K}",
    "terraform": f'variable "ANTHROPIC_BASE_URL" {{}}\nresource "x" "y" {{\n  env = {{ ANTHROPIC_BASE_URL = var.gw, ANTHROPIC_AUTH_TOKEN = "{K}" }}\n}}',
    "hcl": f'ANTHROPIC_BASE_URL = local.gateway\nANTHROPIC_AUTH_TOKEN = "{K}"',
    "make": f"export ANTHROPIC_BASE_URL := $(GATEWAY)\nexport ANTHROPIC_AUTH_TOKEN := {K}",
    "gha": f"env:\n  OPENAI_BASE_URL: ${{{{ vars.GATEWAY }}}}\n  OPENAI_API_KEY: {K}",
    "gitlab": f"variables:\n  OPENAI_BASE_URL: $GATEWAY\n  OPENAI_API_KEY: {K}",
    "ansible": f'environment:\n  ANTHROPIC_BASE_URL: "{{{{ gw }}}}"\n  ANTHROPIC_AUTH_TOKEN: {K}',
    "docker-file-ref": f"docker run -e ANTHROPIC_BASE_URL -e ANTHROPIC_AUTH_TOKEN={K} img",
    "envsubst": f"ANTHROPIC_BASE_URL=@@GATEWAY@@\nANTHROPIC_AUTH_TOKEN={K}",
    "unicode-url": f"ANTHROPIC_BASE_URL=https：//relay.example\nANTHROPIC_AUTH_TOKEN={K}",
    "dots": f"ANTHROPIC_BASE_URL=https://...\nANTHROPIC_AUTH_TOKEN={K}",
    "question": f"ANTHROPIC_BASE_URL=?\nANTHROPIC_AUTH_TOKEN={K}",
    "same": f"ANTHROPIC_BASE_URL=(same as before)\nANTHROPIC_AUTH_TOKEN={K}",
    "unix": f"ANTHROPIC_BASE_URL=unix:///run/gw.sock\nANTHROPIC_AUTH_TOKEN={K}",
    "file": f"OPENAI_BASE_URL=file:///etc/gw\nOPENAI_API_KEY={K}",
    "at": f"OPENAI_BASE_URL=@relay\nOPENAI_API_KEY={K}",
    "num": f'{{"env":{{"ANTHROPIC_BASE_URL":8080,"ANTHROPIC_AUTH_TOKEN":"{K}"}}}}',
    "list": f'{{"env":{{"ANTHROPIC_BASE_URL":["https://relay.example"],"ANTHROPIC_AUTH_TOKEN":"{K}"}}}}',
    "obj": f'{{"env":{{"ANTHROPIC_BASE_URL":{{"url":"https://relay.example"}},"ANTHROPIC_AUTH_TOKEN":"{K}"}}}}',
    "true": f'{{"env":{{"ANTHROPIC_BASE_URL":true,"ANTHROPIC_AUTH_TOKEN":"{K}"}}}}',
    "js-tmpl": f"new Anthropic({{ baseURL: `https://${{host}}`, apiKey: '{K}' }})",
    "js-url": f"new OpenAI({{ baseURL: new URL('/v1', GW).href, apiKey: '{K}' }})",
    "js-fn": f"new OpenAI({{ baseURL: getUrl(), apiKey: '{K}' }})",
    "js-member": f"new OpenAI({{ baseURL: config.llm.url, apiKey: '{K}' }})",
    "py-join": f'OpenAI(base_url="/".join([HOST,"v1"]), api_key="{K}")',
    "py-format": f'OpenAI(base_url="https://{{}}/v1".format(h), api_key="{K}")',
    "py-pct": f'OpenAI(base_url="https://%s/v1" % h, api_key="{K}")',
    "py-call": f'Anthropic(base_url=get_gateway(), api_key="{K}")',
    "py-walrus": f'Anthropic(api_key="{K}", base_url=(u := cfg["gw"]))',
    "py-dict": f'cfg = dict(base_url=GW, api_key="{K}")\nclient = OpenAI(**cfg)',
    "py-fhost": f'db_host="db.example"\nclient = OpenAI(base_url=f"https://{{gw}}/v1", api_key="{K}")',
    "py-host-other": f'host="db.example"\nclient = OpenAI(base_url=f"https://{{gw}}/v1", api_key="{K}")',
    "py-environ-set": f'os.environ["OPENAI_BASE_URL"] = gateway\nos.environ["OPENAI_API_KEY"] = "{K}"',
    "py-setdefault": f'os.environ.setdefault("OPENAI_BASE_URL", gateway)\nos.environ["OPENAI_API_KEY"] = "{K}"',
    "go-sprintf": f'cfg := openai.DefaultConfig("{K}")\ncfg.BaseURL = fmt.Sprintf("https://%s/v1", h)',
    "java-env": f'OpenAIOkHttpClient.builder().apiKey("{K}").baseUrl(System.getenv("GW")).build();',
    "cs-conf": f'new OpenAIClient(new ApiKeyCredential("{K}"), new() {{ Endpoint = new Uri(config["Gw"]) }});',
    "rust-var": f'let c = OpenAIConfig::new().with_api_key("{K}").with_api_base(gw);',
    "php-var": f"OpenAI::factory()->withApiKey('{K}')->withBaseUri($gw)->make();",
    "ruby-env": f'OpenAI::Client.new(access_token: "{K}", uri_base: ENV["GW"])',
    "kotlin": f'OpenAI(token = "{K}", host = OpenAIHost(baseUrl = gw))',
    "swift": f'OpenAI(configuration: .init(token: "{K}", host: gw))',
    "label-see": f"Base URL: see the wiki\nAPI Key: {K}",
    "label-vpn": f"Base URL: (on the VPN)\nKey: {K}",
    "label-img": f"Base URL: [screenshot]\nAPI Key: {K}",
    "zh-ask": f"接口地址：请咨询管理员\n密钥：{K}",
    "md-link": f"Base URL: [here](/docs/url)\nKey: {K}",
    "toml-ref": f'[openai]\nbase_url = {{ env = "GW" }}\napi_key = "{K}"',
    "yaml-anchor": f"openai:\n  base_url: *url\n  api_key: {K}",
    "properties": f"openai.base.url=@gateway@\nopenai.api.key={K}",
    "ini": f"[openai]\napi_base = %(gw)s/v1\napi_key = {K}",
    "json5": f"{{openai: {{baseURL: GW, apiKey: '{K}'}}}}",
    "link-noep-config": "ccswitch://v1/import?resource=provider&app=claude&name=N&config=e30=&apiKey=" + K,
    "link-endpoint-empty": f"ccswitch://v1/import?resource=provider&app=claude&name=N&endpoint=&apiKey={K}",
    "link-baseurl": f"ccswitch://v1/import?resource=provider&app=claude&name=N&baseUrl=$GW&apiKey={K}",
    "link-tpl": f"ccswitch://v1/import?resource=provider&app=codex&name=N&endpoint={{base}}&apiKey={K}",
    "curl-var": f'curl $GW/v1/chat/completions -H "Authorization: Bearer {K}"',
    "curl-var2": f'curl "${{OPENAI_BASE_URL}}/chat/completions" -H "Authorization: Bearer {K}"',
    "curl-default": f'curl "${{OPENAI_BASE_URL:-https://api.openai.com/v1}}/chat/completions" -H "Authorization: Bearer {K}"',
    "http-rel": f"POST /v1/messages\nx-api-key: {K}",
    "fetch-rel": f"fetch('/api/v1/chat/completions',{{headers:{{Authorization:'Bearer {K}'}}}})",
}

VENDORS = ("https://api.openai.com/v1", "https://api.anthropic.com")


@pytest.mark.parametrize("shape", ODD)
def test_an_address_that_is_named_is_never_a_vendors_by_default(shape: str) -> None:
    try:
        draft = parse_paste(ODD[shape])
    except UsageError:
        return
    assert draft.endpoint is not None
    assert draft.endpoint.base_url not in VENDORS
    assert draft.endpoint.base_url.split("/")[2] in ODD[shape].replace("：", ":")


@pytest.mark.parametrize(
    "text",
    [
        f"OPENAI_API_KEY={K}\n# OPENAI_BASE_URL=https://relay.example",
        f"unset ANTHROPIC_BASE_URL\nexport ANTHROPIC_API_KEY={K}",
        f"SUPABASE_URL=https://x.supabase.example\nOPENAI_API_KEY={K}",
        f'client = OpenAI(api_key="{K}")',
    ],
)
def test_where_none_is_named_the_vendor_is_meant(text: str) -> None:
    draft = parse_paste(text)
    assert draft.endpoint is not None and draft.endpoint.base_url in VENDORS
