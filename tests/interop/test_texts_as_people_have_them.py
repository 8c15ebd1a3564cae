"""Pasted text as terminals, mails, chats and word processors leave it: the same endpoint and key, or the reason why not."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from ccswitch_tui.credentials.base import clean_key
from ccswitch_tui.errors import UsageError
from ccswitch_tui.interop.paste import parse_paste
from ccswitch_tui.profiles.draft import Draft

KEY = "sk-example-0123456789abcdefghij"
URL = "https://relay.example"
A, B = f"ANTHROPIC_BASE_URL={URL}", f"ANTHROPIC_AUTH_TOKEN={KEY}"
SETTINGS = json.dumps({"env": {"ANTHROPIC_BASE_URL": URL, "ANTHROPIC_AUTH_TOKEN": KEY}})


def seen(draft: Draft) -> tuple[str, str | None, str | None]:
    assert draft.endpoint is not None
    return draft.endpoint.base_url, draft.endpoint.wire, draft.secret.reveal() if draft.secret else None


STATEMENTS = {
    "semicolons": f"export {A}; export {B}; claude",
    "semicolons without blanks": f"export {A};export {B};claude",
    "&&": f"export {A} && export {B} && claude",
    "cmd's &": f"set {A}& set {B}& claude",
    "cmd's & between blanks": f"set {A} & set {B} & claude",
    "cmd's quotes": f'set "{A}" && set "{B}" && claude',
    "no export": f"{A}; {B}; claude",
    "one export": f"export {A} {B}",
    "one export, two lines": f"export {A} \\\n  {B}",
    "declare": f"declare -x {A} {B}",
    "typeset": f"typeset -x {A}\ntypeset -x {B}",
    "env": f"env {A} {B} claude -p hi",
    "in front of a command": f"{A} {B} claude",
    "a job": f"export {A} {B}; claude &",
    "fish in one line": f"set -x ANTHROPIC_BASE_URL {URL}; set -x ANTHROPIC_AUTH_TOKEN {KEY}; claude",
    "fish with and": f"set -x ANTHROPIC_BASE_URL {URL}; and set -x ANTHROPIC_AUTH_TOKEN {KEY}; and claude",
    "csh": f"setenv ANTHROPIC_BASE_URL {URL}\nsetenv ANTHROPIC_AUTH_TOKEN {KEY}",
    "nushell": f'$env.ANTHROPIC_BASE_URL = "{URL}"\n$env.ANTHROPIC_AUTH_TOKEN = "{KEY}"',
    "PowerShell in one line": f'$env:ANTHROPIC_BASE_URL="{URL}"; $env:ANTHROPIC_AUTH_TOKEN="{KEY}"; claude',
    ".NET": f"[System.Environment]::SetEnvironmentVariable('ANTHROPIC_BASE_URL','{URL}','User')\n"
            f"[System.Environment]::SetEnvironmentVariable('ANTHROPIC_AUTH_TOKEN','{KEY}','User')",
    "setx for the machine": f'setx ANTHROPIC_BASE_URL "{URL}" /M\nsetx ANTHROPIC_AUTH_TOKEN "{KEY}" /M',
    "Kubernetes": f'env:\n  - name: ANTHROPIC_BASE_URL\n    value: "{URL}"\n  - name: ANTHROPIC_AUTH_TOKEN\n    value: {KEY}',
    "docker with equals signs": f"docker run --env={A} --env={B} img",
    "docker with quotes": f"docker run -e \"{A}\" -e '{B}' img",
    "a Dockerfile": f"ENV ANTHROPIC_BASE_URL {URL}\nENV ANTHROPIC_AUTH_TOKEN {KEY}",
    "written into a file": f"echo 'export {A}' >> ~/.bashrc\necho 'export {B}' >> ~/.bashrc",
    "a here-document": f"cat >> ~/.bashrc <<'EOF'\nexport {A}\nexport {B}\nEOF",
    "an alias": f"alias cc='{A} {B} claude'",
    "a function": f'cc() {{ {A} {B} claude "$@"; }}',
    "a function over lines": f'cc() {{\n  export {A}\n  export {B}\n  claude "$@"\n}}',
    "assigned twice": f"export ANTHROPIC_BASE_URL=https://old.example\nexport ANTHROPIC_AUTH_TOKEN=sk-example-old0123456789\n"
                      f"export {A}\nexport {B}",
    "twice in a .env": f"ANTHROPIC_BASE_URL=https://old.example\n{A}\nANTHROPIC_AUTH_TOKEN=sk-example-old0123456789\n{B}",
    "one commented out": f"export {A}\n# export ANTHROPIC_BASE_URL=https://old.example\nexport {B}\n#export ANTHROPIC_AUTH_TOKEN=x",
    "by way of a variable": f"export KEY={KEY}\nexport {A}\nexport ANTHROPIC_AUTH_TOKEN=$KEY",
    "by way of two": f'BASE={URL}\nKEY={KEY}\nexport ANTHROPIC_BASE_URL="${{BASE}}"\nexport ANTHROPIC_AUTH_TOKEN="${{KEY}}"',
    "remarks": f"{A} # relay\n{B} # mine",
    "remarks of other languages": f"{A} // relay\n{B} // mine",
    "remarks in brackets": f"{A} (relay)\n{B} (mine)",
    "Bearer in front": f"{A}\nANTHROPIC_AUTH_TOKEN=Bearer {KEY}",
}  # fmt: skip

AROUND = {
    "a prompt": f"$ export {A}\n$ export {B}",
    "user and host": f"me@box:~/p$ export {A}\nme@box:~/p$ export {B}",
    "root": f"root@box:~# export {A}\nroot@box:~# export {B}",
    "oh my zsh": f"➜  ~ export {A}\n➜  ~ export {B}",
    "Red Hat's": f"[me@box ~]$ export {A}\n[me@box ~]$ export {B}",
    "a virtual environment": f"(venv) me@box:~$ export {A}\n(venv) me@box:~$ export {B}",
    "PowerShell's": f"PS C:\\Users\\me> $env:ANTHROPIC_BASE_URL='{URL}'\nPS C:\\Users\\me> $env:ANTHROPIC_AUTH_TOKEN='{KEY}'",
    "cmd's": f"C:\\Users\\me>set {A}\nC:\\Users\\me>set {B}",
    "a mail": f"> export {A}\n> export {B}",
    "a mail in a mail": f">> export {A}\n>> export {B}",
    "a patch": f"+export {A}\n+export {B}",
    "a fence with words": f"Do this:\n```bash\nexport {A}\nexport {B}\n```\nthen restart.",
    "the other fence": f"Do this:\n~~~\nexport {A}\nexport {B}\n~~~",
    "the second fence": f"First\n```\nnpm i -g claude\n```\nThen\n```sh\nexport {A}\nexport {B}\n```",
    "a fence in a mail": f"> Do this:\n> ```\n> export {A}\n> export {B}\n> ```",
    "JSON in a fence with words": f"Put this in settings.json:\n```json\n{SETTINGS}\n```\nok",
    "JSON in a sentence": f"Put this in settings.json: {SETTINGS} and restart",
    "a piece of JSON": SETTINGS[1:-1] + ",",
    "JSON with a word processor's quotes": SETTINGS.replace('"', "“"),
    "JSON on a command line": f"claude --settings '{SETTINGS}'",
    "a word processor's quotes": f"export ANTHROPIC_BASE_URL=“{URL}”\nexport ANTHROPIC_AUTH_TOKEN=“{KEY}”",
    "no-break spaces": f"export\u00a0{A}\n\u00a0\u00a0export\u00a0{B}",
    "zero-width spaces": f"export ANTHROPIC_BASE_URL=\u200b{URL}\nexport ANTHROPIC_AUTH_TOKEN={KEY}\u200b",
    "a mark of direction": f"export {A}\nexport ANTHROPIC_AUTH_TOKEN=\u200e{KEY}",
    "an embedding": f"export {A}\nexport ANTHROPIC_AUTH_TOKEN=\u202a{KEY}\u202c",
    "a soft hyphen": f"export {A}\nexport ANTHROPIC_AUTH_TOKEN=sk-\u00adexample-0123456789abcdefghij",
    "no-break hyphens": f"export {A}\nexport ANTHROPIC_AUTH_TOKEN=sk\u2011example\u20110123456789abcdefghij",
    "dashes in the key": f"export {A}\nexport ANTHROPIC_AUTH_TOKEN=sk–example–0123456789abcdefghij",
    "old Mac line ends": f"export {A}\rexport {B}\r",
    "Unicode's line ends": f"export {A}\u2028export {B}",
}  # fmt: skip


@pytest.mark.parametrize("text", [*STATEMENTS.values(), *AROUND.values()], ids=[*STATEMENTS, *AROUND])
def test_it_means_what_it_would_mean_to_the_shell(text: str) -> None:
    assert seen(parse_paste(text)) == (URL, "anthropic", KEY)


ASK = f"{URL}/v1/chat/completions"
H, D = f'-H "Authorization: Bearer {KEY}"', '-d \'{"model":"m-1"}\''

CURLS = {
    "prompts": f"$ curl {ASK} \\\n> {H} \\\n> {D}",
    "a mail": f"> curl {ASK} \\\n>   {H} \\\n>   {D}",
    "a fence with words": f"Try:\n```\ncurl {ASK} \\\n  {H} \\\n  {D}\n```\nIt works.",
    "the word curl before": f"Try it with `curl` first:\n```\ncurl {ASK} {H} {D}\n```",
    "no backslashes": f"curl {ASK}\n  {H}\n  {D}",
    "empty lines": f"curl {ASK} \\\n\n  {H} \\\n\n  {D}",
    "blanks behind the backslash": f"curl {ASK} \\ \n  {H} \\\t\n  {D}",
    "the address below": f"curl \\\n  {ASK} \\\n  {H} {D}",
    "no-break spaces": f"curl {ASK} \\\n\u00a0\u00a0{H} \\\n\u00a0\u00a0{D}",
    "en dashes": f"curl {ASK} –H “Authorization: Bearer {KEY}” –d '{{\"model\":\"m-1\"}}'",
    "em dashes": f"curl {ASK} —header \"Authorization: Bearer {KEY}\" —data '{{\"model\":\"m-1\"}}'",
    "two en dashes": f"curl {ASK} ––header \"Authorization: Bearer {KEY}\" ––data '{{\"model\":\"m-1\"}}'",
    "a pipe": f"curl {ASK} {H} {D} | jq . && echo ok",
    "fetch with a template": f"fetch('{ASK}', {{ headers: {{ Authorization: `Bearer {KEY}` }}, body: JSON.stringify({{ model: 'm-1' }}) }})",
    "fetch with a constant": f"const apiKey = '{KEY}';\nfetch('{ASK}', {{ headers: {{ 'Authorization': `Bearer ${{apiKey}}` }}, "
                             "body: JSON.stringify({ model: 'm-1' }) })",
    "fetch with a sum": f"const KEY = '{KEY}';\nfetch('{ASK}', {{ headers: {{ Authorization: 'Bearer ' + KEY }}, body: JSON.stringify({{model: 'm-1'}}) }})",
    "Python with an f-string": f'import requests\napi_key = "{KEY}"\nrequests.post("{ASK}", headers={{"Authorization": f"Bearer {{api_key}}"}}, json={{"model": "m-1"}})',
    "Python with a sum": f'import requests\nAPI_KEY = "{KEY}"\nrequests.post("{ASK}", headers={{"Authorization": "Bearer " + API_KEY}}, json={{"model": "m-1"}})',
    "axios": f"import axios from 'axios'\naxios.post('{ASK}', {{model:'m-1'}}, {{ headers: {{ Authorization: 'Bearer {KEY}' }} }})",
}  # fmt: skip


@pytest.mark.parametrize("text", CURLS.values(), ids=CURLS)
def test_a_request_is_read_whole(text: str) -> None:
    draft = parse_paste(text)
    assert seen(draft) == (f"{URL}/v1", "openai-chat", KEY)
    assert draft.models.default == "m-1"


LABELLED = {
    "remarks": f"Base URL: {URL}/v1 (OpenAI compatible)\nAPI Key: {KEY} (do not share)\nModel: m-1 (recommended)",
    "when it ends": f"Base URL: {URL}/v1 for OpenAI clients\nAPI Key: {KEY} expires 2026-12-31\nModel: m-1",
    "arrows": f"Base URL: {URL}/v1 <- this\nAPI Key: {KEY} <- and this\nModel: m-1 # big",
    "two addresses": f"Base URL: {URL}/v1, https://relay2.example/v1\nAPI Key: {KEY}\nModel: m-1, m-2",
    "one address or another": f"Base URL: {URL}/v1 or https://relay2.example/v1\nAPI Key: {KEY}\nModel: m-1 or m-2",
    "Chinese": f"接口地址：{URL}/v1（兼容 OpenAI）\n密钥：{KEY}（请勿分享）\n模型：m-1（推荐）",
    "Chinese commas": f"接口地址：{URL}/v1，\n密钥：{KEY}，\n模型：m-1，",
    "numbered": f"1. Base URL: {URL}/v1\n2. API Key: {KEY}\n3. Model: m-1",
    "bullets": f"• Base URL: {URL}/v1\n• API Key: {KEY}\n• Model: m-1",
    "bold": f"**Base URL:** {URL}/v1\n**API Key:** {KEY}\n**Model:** m-1",
    "full-width signs": f"Base URL＝{URL}/v1\nAPI Key＝{KEY}\nModel＝m-1",
    "a query": f"baseUrl={URL}/v1&apiKey={KEY}&model=m-1",
    "YAML": f"openai:\n  base_url: {URL}/v1\n  api_key: {KEY}\n  model: m-1",
    "TOML": f'[llm]\nbase_url = "{URL}/v1"\napi_key = "{KEY}"\nmodel = "m-1"',
}


@pytest.mark.parametrize("text", LABELLED.values(), ids=LABELLED)
def test_what_stands_behind_a_value_is_no_part_of_it(text: str) -> None:
    draft = parse_paste(text)
    assert seen(draft)[::2] == (f"{URL}/v1", KEY)
    assert draft.models.default == "m-1"


@pytest.mark.parametrize(
    "text",
    [
        f"export {A}\nexport ANTHROPIC_AUTH_TOKEN=sk-example-0123456789\nabcdefghij0123456789",
        f"Base URL: {URL}\nAPI Key: sk-example-0123456789\n  abcdefghij0123456789\nModel: m-1",
        f"{URL}\nsk-example-0123456789abcdef\n0123456789abcdefghij",
    ],
)
def test_a_key_broken_over_two_lines_is_said_and_not_cut(text: str) -> None:
    with pytest.raises(UsageError, match="continue on the next line"):
        parse_paste(text)


@pytest.mark.parametrize(
    "value",
    [
        "'sk-example-0123456789\nabcdefghij0123456789'",
        "sk-example-01234 56789abcdef",
        "sk-example-****6789",
        "sk-e…cdef",
    ],
)
def test_a_broken_or_masked_key_is_not_stored_as_it_is(value: str) -> None:
    draft = parse_paste(
        f"export {A}\nAPI Key: {value}" if "\n" not in value else f"export {A}\nexport ANTHROPIC_AUTH_TOKEN={value}"
    )
    assert draft.secret is None
    assert any(note.startswith("the key in it") for note in draft.notes)


# ---------------------------------------------------------------- links

LINK = f"ccswitch://v1/import?resource=provider&app=claude&name=In&endpoint={URL}&apiKey={KEY}"

LINKS = {
    "angle brackets": f"<{LINK}>",
    "Markdown": f"[import]({LINK})",
    "Markdown with a title": f'[import]({LINK} "take it")',
    "backticks": f"`{LINK}`",
    "an anchor": f'<a href="{LINK}">import</a>',
    "an anchor as HTML is written": f'<a href="{LINK.replace("&", "&amp;")}">import</a>',
    "numeric entities": LINK.replace("&", "&#38;"),
    "a sentence": f"Click {LINK} to import it.",
    "the end of a sentence": f"Click {LINK}.",
    "brackets": f"(the link: {LINK})",
    "a Chinese sentence": f"点击{LINK}，然后导入。",
    "a mail's quotation": f"> {LINK}",
    "wrapped": LINK[:60] + "\n" + LINK[60:],
    "wrapped in a mail": "> " + LINK[:60] + "\n> " + LINK[60:],
    "quoted-printable": LINK.replace("=", "=3D")[:60] + "=\n" + LINK.replace("=", "=3D")[60:],
    "encoded whole": quote(LINK, safe=""),
    "inside another link": f"https://open.example/go?url={quote(LINK, safe='')}&x=1",
    "encoded twice": LINK.replace(URL, quote(quote(URL, safe=""), safe="")),
    "in capitals": LINK.replace("ccswitch://", "CCSWITCH://"),
    "with words of its own": f"curl says hello: {LINK}",
    "several endpoints": LINK.replace(f"endpoint={URL}", f"endpoint={URL},https://two.example"),
}


@pytest.mark.parametrize("text", LINKS.values(), ids=LINKS)
def test_a_link_is_found_wherever_it_stands(text: str) -> None:
    assert seen(parse_paste(text)) == (URL, "anthropic", KEY)


@pytest.mark.parametrize("key", ["sk-example-kk+kk/kk==", "sk-example-kk+kk+kk", "sk-example-a+b=c"])
@pytest.mark.parametrize("written", [lambda k: k, lambda k: quote(k, safe="")], ids=["as it is", "encoded"])
def test_a_plus_in_a_links_key_is_a_plus(key: str, written) -> None:  # type: ignore[no-untyped-def]
    draft = parse_paste(LINK.replace(KEY, written(key)))
    assert draft.secret is not None
    assert draft.secret.reveal() == key


def test_a_link_says_that_it_names_several_addresses() -> None:
    assert any("2 addresses" in note for note in parse_paste(LINKS["several endpoints"]).notes)


# ---------------------------------------------------------------- the key field and --key-stdin

KEY_TEXTS = [
    f'"{KEY}"', f"'{KEY}'", f"`{KEY}`", f"“{KEY}”", f"{KEY};", f"{KEY},", f'"{KEY}",', f"Bearer {KEY}", f"Authorization: Bearer {KEY}",
    f"x-api-key: {KEY}", f"API Key: {KEY}", f'OPENAI_API_KEY="{KEY}"', f"export OPENAI_API_KEY={KEY}", f"$env:OPENAI_API_KEY = '{KEY}'",
    f'"apiKey": "{KEY}",', f"K={KEY}", f"密钥：{KEY}", f"{KEY} (do not share)", f"{KEY}  # mine", f"{KEY}（请勿分享）", f"\u200b{KEY}\u200b",
    f"\u00a0{KEY}\u00a0", f"\u202a{KEY}\u202c", "sk-\u00adexample-0123456789abcdefghij", f"\ufeff{KEY}\r\n",
    "sk\u2011example\u20110123456789abcdefghij", f"token: {KEY}", f"set OPENAI_API_KEY={KEY}",
]  # fmt: skip


@pytest.mark.parametrize("text", KEY_TEXTS)
def test_a_key_is_taken_out_of_what_was_copied_with_it(text: str) -> None:
    assert clean_key(text).reveal() == KEY


@pytest.mark.parametrize(
    "text, words",
    [
        ("sk-****6789", "shortened"),
        ("sk-e…6789", "shortened"),
        ("sk-••••••••6789", "shortened"),
        ("sk-exa...6789", "shortened"),
        ("${SECRET}", "placeholder"),
        ("$SECRET", "placeholder"),
        ("%SECRET%", "placeholder"),
        ("{{ api_key }}", "placeholder"),
        ("<your key>", "placeholder"),
        ("your-api-key", "placeholder"),
        ("YOUR_API_KEY", "placeholder"),
        ("OPENAI_API_KEY=your-api-key", "placeholder"),
        ("sk-example-0123 456789abcdef", "broken by a space"),
        (f"{KEY}\nsk-example-another0123", "several lines"),
        ("", "empty"),
        ('""', "empty"),
    ],
)
def test_what_is_no_key_is_refused_with_the_reason(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        clean_key(text)
    assert "6789" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    "key",
    [
        KEY, "none", "EMPTY", "ollama", "1234", "0123456789abcdef0123456789abcdef.AbCdEf0123456789", "user:pass-word1", "a==", "eyJhbGciOi.J9.x-_",
        "bce-v3/ALTAK-0123/456", "AIzaSy0123456789", "key-0123456789", "ak:sk-0123", "sk-ant-api03-abc_DEF-0123", "abc+def/ghi=", "tok$en!x", "p@ss;word",
    ],
)  # fmt: skip
def test_a_key_that_is_only_a_key_stays_to_the_character(key: str) -> None:
    assert clean_key(key).reveal() == key


@pytest.mark.parametrize("value", ["Bearer T0123456789", "Basic dXNlcjpwYXNz", "Token abc0123456"])
def test_in_a_named_header_the_scheme_belongs_to_the_value(value: str) -> None:
    assert clean_key(value, "header:cf-aig-authorization").reveal() == value


@pytest.mark.parametrize("password", ['user:pa"ss;', "user:a b", "'quoted'", "user:Bearer x"])
def test_a_password_is_taken_as_it_is(password: str) -> None:
    if " " in password:
        with pytest.raises(UsageError):
            clean_key(password, "basic")
    else:
        assert clean_key(password, "basic").reveal() == password
