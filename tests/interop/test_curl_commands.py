"""A curl command as every shell quotes it becomes an endpoint, a key and a model; and comes back."""

from __future__ import annotations

import shlex
import shutil
import string
import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ccswitch_tui.errors import UsageError
from ccswitch_tui.interop.curl import parse_curl, render_curl
from ccswitch_tui.profiles.draft import Draft
from ccswitch_tui.profiles.model import Endpoint, SecretRef, Timeouts
from ccswitch_tui.secret import Secret

KEY = "sk-example-0123456789abcdef"
URL = "https://api.example.com/v1/chat/completions"


def key_of(draft: Draft) -> str | None:
    return draft.secret.reveal() if draft.secret else None


def base_of(draft: Draft) -> str:
    assert draft.endpoint is not None
    return draft.endpoint.base_url


SAME_COMMAND = {
    "bash, single quotes": f"""curl {URL} \\
  -H 'Content-Type: application/json' \\
  -H 'Authorization: Bearer {KEY}' \\
  -d '{{"model": "big-1", "messages": []}}'""",
    "bash, double quotes": f"""curl "{URL}" -H "Authorization: Bearer {KEY}" -d "{{\\"model\\": \\"big-1\\"}}" """,
    "bash, ANSI-C quotes": f"""curl $'{URL}' -H $'Authorization: Bearer {KEY}' --data-raw $'{{"model":"big-1","x":"it\\'s\\u0021"}}'""",
    "zsh, glued options": f"""curl -sSL -XPOST {URL} -H"Authorization: Bearer {KEY}" -d'{{"model":"big-1"}}'""",
    "a prompt and a pipe": f"""$ curl {URL} -H 'Authorization: Bearer {KEY}' -d '{{"model":"big-1"}}' | jq . > out.json""",
    "a path and environment before it": f"""http_proxy= /usr/bin/curl {URL} -H 'Authorization: Bearer {KEY}' --json '{{"model":"big-1"}}'""",
    "an assignment before it": f"""export KEY={KEY}
curl {URL} -H "Authorization: Bearer $KEY" -d '{{"model":"big-1"}}'""",
    "a here-document": f"""curl {URL} -H 'Authorization: Bearer {KEY}' -d @- <<'EOF'
{{"model": "big-1", "messages": []}}
EOF""",
    "CRLF line ends": f"""curl {URL} \\\r\n  -H 'Authorization: Bearer {KEY}' \\\r\n  -d '{{"model":"big-1"}}'\r\n""",
    "blanks after the backslash": f"""curl {URL} \\  \n -H 'Authorization: Bearer {KEY}' \\ \n -d '{{"model":"big-1"}}'""",
    "cmd.exe": f"""curl "{URL}" ^
  -H "Authorization: Bearer {KEY}" ^
  -d "{{\\"model\\": \\"big-1\\"}}" """,
    "cmd.exe as browsers copy it": f"""curl ^"{URL}^" ^
  -H ^"authorization: Bearer {KEY}^" ^
  --data-raw ^"^{{^\\^"model^\\^":^\\^"big-1^\\^"^}}^" """,
    "PowerShell, single quotes": f"""curl.exe '{URL}' `
  -H 'Authorization: Bearer {KEY}' `
  -d '{{"model": "big-1"}}'""",
    "PowerShell, escaped for Windows": f"""curl.exe "{URL}" `
  -H "Authorization: Bearer {KEY}" `
  -d '{{\\"model\\": \\"big-1\\"}}'""",
    "PowerShell, doubled quotes": f"""curl.exe "{URL}" -H "Authorization: Bearer {KEY}" `
  -d "{{""model"": ""big-1""}}" """,
    "--url and long options": f"""curl --request POST --url {URL} --header 'Authorization: Bearer {KEY}' --data '{{"model":"big-1"}}'""",
    "long options with =": f"""curl --url={URL} --header='Authorization: Bearer {KEY}' --data='{{"model":"big-1"}}'""",
    "--oauth2-bearer": f"""curl {URL} --oauth2-bearer {KEY} -d '{{"model":"big-1"}}'""",
    "the header in lower case": f"""curl {URL} -H 'authorization:bearer {KEY}' -d '{{"model":"big-1"}}'""",
    "options that take a word": f"""curl -o out.txt -w '%{{http_code}}' --retry 3 -m 60 {URL} -H 'Authorization: Bearer {KEY}' -d '{{"model":"big-1"}}'""",
    "typographic quotes": f"""curl “{URL}” -H “Authorization: Bearer {KEY}” -d “{{"model":"big-1"}}”""",
    "a body that is not JSON": f"""curl {URL} -H 'Authorization: Bearer {KEY}' -d '{{"model": "big-1", messages: [...]}}'""",
    "words of a tutorial around it": f"""First try this:

    curl {URL} -H 'Authorization: Bearer {KEY}' -d '{{"model":"big-1"}}'

and you should see an answer.""",
}  # fmt: skip


@pytest.mark.parametrize("text", SAME_COMMAND.values(), ids=SAME_COMMAND.keys())
def test_every_way_of_quoting_means_the_same_endpoint(text: str) -> None:
    draft = parse_curl(text)
    assert draft.endpoint is not None
    assert draft.endpoint.base_url == "https://api.example.com/v1"
    assert (draft.endpoint.wire, draft.endpoint.auth) == ("openai-chat", "bearer")
    assert key_of(draft) == KEY
    assert draft.models.default == "big-1"


AUTH = {
    f"-H 'x-api-key: {KEY}'": ("x-api-key", KEY),
    f"-H 'api-key: {KEY}'": ("header:api-key", KEY),
    f"-H 'x-goog-api-key: {KEY}'": ("header:x-goog-api-key", KEY),
    f"-H 'Authorization: {KEY}'": ("header:Authorization", KEY),
    f"-H 'Authorization: Token {KEY}'": ("header:Authorization", f"Token {KEY}"),
    f"-H 'X-Acme-Token: {KEY}'": ("header:X-Acme-Token", KEY),
    f"-H 'Authorization: Bearer {KEY}' -H 'x-api-key: {KEY}'": ("both", KEY),
    "-u me:example-password": ("header:Authorization", "Basic bWU6ZXhhbXBsZS1wYXNzd29yZA=="),
    "": ("bearer", None),
}


@pytest.mark.parametrize("options", AUTH, ids=[o.replace(KEY, "KEY") or "none" for o in AUTH])
def test_the_key_is_found_in_the_header_that_carries_it(options: str) -> None:
    draft = parse_curl(f"curl {URL} {options}")
    assert draft.endpoint is not None
    assert (draft.endpoint.auth, key_of(draft)) == AUTH[options]


SECOND = "gw-example-0123456789-abcd"

SECOND_HEADERS = {
    f"x-api-key: {SECOND}": {"x-api-key": SECOND},
    f"X-Gateway-Token: {SECOND}": {"X-Gateway-Token": SECOND},
    f"cf-aig-authorization: Bearer {SECOND}": {"cf-aig-authorization": f"Bearer {SECOND}"},
    f"Helicone-Auth: Bearer {SECOND}": {"Helicone-Auth": f"Bearer {SECOND}"},
    f"x-portkey-virtual-key: {SECOND}": {"x-portkey-virtual-key": SECOND},
    f"Ocp-Apim-Subscription-Key: {SECOND}": {"ocp-apim-subscription-key": SECOND},
    f"CF-Access-Client-Secret: {SECOND}": {"CF-Access-Client-Secret": SECOND},
    "Helicone-Auth: Bearer $HELICONE_API_KEY": {"Helicone-Auth": "Bearer env:HELICONE_API_KEY"},
    "x-portkey-api-key: ${PORTKEY}": {"x-portkey-api-key": "env:PORTKEY"},
    "Helicone-Auth: Bearer <YOUR_KEY>": {},
    "X-Gateway-Token: $(pass gw)": {},
    "Cookie: session=0123456789abcdef": {},
    "X-Session-Token: 0123456789abcdef": {},
    "X-Title: mine": {},
}


@pytest.mark.parametrize("header", SECOND_HEADERS)
def test_a_second_secret_is_kept_by_its_header(header: str) -> None:
    draft = parse_curl(f"curl {URL} -H 'Authorization: Bearer {KEY}' -H \"{header}\"")
    assert key_of(draft) == KEY
    assert {name: plain(secret) for name, secret in draft.secret_headers.items()} == SECOND_HEADERS[header]
    assert draft.endpoint is not None and header.partition(":")[0] not in {*draft.endpoint.headers} - {"X-Title"}
    assert SECOND not in str(draft)


def plain(secret: Secret | SecretRef) -> str:
    return secret.reveal() if isinstance(secret, Secret) else str(secret)


def test_a_key_in_a_named_header_may_be_a_variable_behind_its_scheme() -> None:
    draft = parse_curl(f'curl {URL} -H "cf-aig-authorization: Bearer $CF_AIG_TOKEN"')
    assert str(draft.key_ref) == "Bearer env:CF_AIG_TOKEN"
    assert draft.endpoint is not None and draft.endpoint.auth == "header:cf-aig-authorization"


def test_ordinary_headers_are_kept_and_the_clients_own_are_not() -> None:
    draft = parse_curl(
        f"curl {URL} -H 'Content-Type: application/json' -H 'HTTP-Referer: https://me.example' -H 'X-Title: mine' "
        "-H 'sec-fetch-mode: cors' -H 'Accept: */*' -H 'User-Agent: something/1.0' -A other/2"
    )
    assert draft.endpoint is not None
    assert draft.endpoint.headers == {"HTTP-Referer": "https://me.example", "X-Title": "mine"}
    assert any("user agent" in note for note in draft.notes)


def test_a_variable_in_the_keys_place_becomes_a_reference() -> None:
    draft = parse_curl(f'curl {URL} -H "Authorization: Bearer ${{ACME_KEY}}"')
    assert draft.secret is None
    assert draft.key_ref == SecretRef("env", "ACME_KEY")


@pytest.mark.parametrize("text", ["%ACME_KEY%", "$env:ACME_KEY"])
def test_windows_variables_are_variables_too(text: str) -> None:
    quoted = f'curl.exe "{URL}" -H "x-api-key: {text}"'
    assert parse_curl(quoted).key_ref == SecretRef("env", "ACME_KEY")


def test_a_command_in_the_keys_place_is_not_run_and_not_kept() -> None:
    draft = parse_curl(f'curl {URL} -H "Authorization: Bearer $(touch /tmp/never)"')
    assert (draft.secret, draft.key_ref) == (None, None)
    assert any("command" in note for note in draft.notes)


@pytest.mark.parametrize(
    "placeholder", ["YOUR_API_KEY", "<your key>", "sk-xxxxxxxx", "{{token}}", "sk-...", "your-api-key-here"]
)
def test_a_tutorials_placeholder_is_no_key(placeholder: str) -> None:
    draft = parse_curl(f"curl {URL} -H 'Authorization: Bearer {placeholder}'")
    assert (draft.secret, draft.key_ref) == (None, None)


def test_unchecked_certificates_are_noticed_and_not_honoured() -> None:
    draft = parse_curl(f"curl -k {URL}")
    assert any("ca_file" in w for w in draft.warnings)


def test_proxy_and_certificates_are_taken_over() -> None:
    draft = parse_curl(
        f"curl {URL} -x http://proxy.example:3128 --cacert ca.pem --cert me.pem --key me.key --connect-timeout 3"
    )
    assert draft.endpoint is not None
    assert draft.endpoint.http_proxy == "http://proxy.example:3128"
    assert (draft.endpoint.ca_file, draft.endpoint.client_cert, draft.endpoint.client_key) == (
        "ca.pem",
        "me.pem",
        "me.key",
    )
    assert draft.endpoint.timeouts == Timeouts(connect_s=3.0)


@pytest.mark.parametrize(
    ("words", "proxy"),
    [
        ("--socks5 proxy.example:1080", "socks5://proxy.example:1080"),
        ("--socks5-hostname proxy.example:1080", "socks5h://proxy.example:1080"),
        ("-x socks5h://proxy.example:1080", "socks5h://proxy.example:1080"),
    ],
)
def test_a_socks_proxy_is_taken_over(words: str, proxy: str) -> None:
    draft = parse_curl(f"curl {URL} {words}")
    assert draft.endpoint is not None
    assert (draft.endpoint.http_proxy, draft.warnings) == (proxy, parse_curl(f"curl {URL}").warnings)


@pytest.mark.parametrize("words", ["--socks4 proxy.example:1080", "-x socks4a://proxy.example", "-x socks://h:1"])
def test_a_socks4_proxy_is_left_out_and_said(words: str) -> None:
    draft = parse_curl(f"curl {URL} {words}")
    assert draft.endpoint is not None
    assert draft.endpoint.http_proxy is None
    assert any("SOCKS4" in warning for warning in draft.warnings)


def test_a_proxys_password_is_not_kept() -> None:
    draft = parse_curl(f"curl {URL} -x http://me:example-password@proxy.example:3128")
    assert draft.endpoint is not None
    assert draft.endpoint.http_proxy == "http://proxy.example:3128"
    assert any("password" in w for w in draft.warnings)


def test_a_body_in_a_file_is_refused_kindly() -> None:
    draft = parse_curl(f"curl {URL} -d @body.json")
    assert draft.models.default is None
    assert any("--model" in note for note in draft.notes)


def test_of_several_addresses_the_conversations_one_is_taken() -> None:
    draft = parse_curl(f"curl https://www.example.com/docs {URL}")
    assert base_of(draft) == "https://api.example.com/v1"
    assert any("more than one address" in note for note in draft.notes)


def test_of_several_commands_the_first_is_taken() -> None:
    draft = parse_curl(f'curl {URL} -d \'{{"model":"one"}}\'\ncurl https://other.example/v1/messages')
    assert (base_of(draft), draft.models.default) == ("https://api.example.com/v1", "one")
    assert any("more than one curl" in note for note in draft.notes)


def test_anthropics_version_header_tells_the_wire() -> None:
    draft = parse_curl("curl https://api.example.com/x -H 'anthropic-version: 2023-06-01'")
    assert draft.endpoint is not None
    assert draft.endpoint.wire == "anthropic"


NO_ENDPOINT = {
    "curl": "no curl command|no address",
    "curl -H 'a: b'": "no address",
    f"wget {URL}": "no curl command",
    'curl "$BASE_URL/chat/completions"': "variable",
    "curl https://{host}/v1": "placeholder",
}


@pytest.mark.parametrize("text", NO_ENDPOINT)
def test_a_command_without_an_endpoint_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=NO_ENDPOINT[text]):
        parse_curl(text)


def test_no_part_of_the_pasted_key_is_in_what_is_shown_of_a_draft() -> None:
    assert KEY not in repr(parse_curl(SAME_COMMAND["bash, single quotes"]))


# ---------------------------------------------------------------- laws

hosts = st.from_regex(r"[a-w][a-z0-9]{0,8}\.example", fullmatch=True)
words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Co")), min_size=1, max_size=30)
header_values = st.text(
    string.ascii_letters + string.digits + " '\"\\$`!;:/{}()&|<>*?#~^%=,.-", min_size=1, max_size=30
)
endpoints = st.builds(
    lambda wire, host, path, auth, title, proxy, ca, connect: Endpoint(
        base_url=f"https://{host}" + ("/anthropic" if wire == "anthropic" else path),
        wire=wire,
        auth=auth,
        headers={"X-Title": title.strip()} if title.strip() else {},
        http_proxy=proxy,
        ca_file=ca,
        timeouts=Timeouts(connect_s=connect),
    ),
    st.sampled_from(["openai-chat", "anthropic"]),
    hosts,
    st.sampled_from(["/v1", "/api/paas/v4", "/openai/v1"]),
    st.sampled_from(["bearer", "x-api-key", "both", "header:api-key", "header:X-Acme-Token"]),
    header_values,
    st.sampled_from([None, "http://127.0.0.1:3128"]),
    st.sampled_from([None, "/etc/ssl/o'neil ca.pem"]),
    st.sampled_from([10.0, 3.5, 60.0]),
)


@given(endpoints, words.map(str.strip).filter(bool))
@example(Endpoint("https://a.example/v1", "openai-chat", headers={"X-Title": "$A"}), "m-1")
def test_a_rendered_command_parses_to_what_it_was_made_of(endpoint: Endpoint, model: str) -> None:
    draft = parse_curl(render_curl(endpoint, model, variable="ACME_KEY"))
    assert draft.endpoint == endpoint
    assert draft.models.default == model
    assert draft.key_ref == SecretRef("env", "ACME_KEY")


@given(st.text(max_size=300))
def test_any_text_is_a_command_or_a_refusal(text: str) -> None:
    for pasted in (text, "curl " + text, f"curl {URL} {text}"):
        try:
            parse_curl(pasted)
        except UsageError as error:
            assert len(error.message) < 300


@given(st.lists(words, min_size=1, max_size=6))
def test_words_are_cut_as_the_shell_cuts_them(given_words: list[str]) -> None:
    from ccswitch_tui.interop.shellwords import split_words

    assert split_words(shlex.join(["curl", *given_words]), "posix") == ["curl", *given_words]


@pytest.mark.skipif(sys.platform == "win32" or shutil.which("bash") is None, reason="bash is the judge: there is none")
@pytest.mark.parametrize(
    "line",
    [
        r"""curl 'a b' "c \"d\" \$e \\ \z" f\ g 'h'"'"'i' $'j\tk\'l\x41\u00e9\101' "" m"n"o""",
        r"""curl "a
b" c\
d 'e\
f' # comment""",
        """curl a;b c""",
        """curl a | b""",
        r"""curl -d '{"a":"line\nbreak"}' "x`printf y`z" """,
    ],
)
def test_words_are_cut_as_bash_itself_cuts_them(line: str) -> None:
    from ccswitch_tui.interop.shellwords import command_in, split_words

    ours = split_words(line, "posix")
    script = 'curl() { printf "%s\\0" curl "$@" >&3; }; b() { :; }; exec 3>&1 >/dev/null 2>&1\n' + line
    bash = subprocess.run(["bash", "-c", script], capture_output=True, check=False).stdout.decode()
    theirs = bash.split("\0")[:-1]
    assert [w for w in ours if not command_in(w)] == [w for w, o in zip(theirs, ours, strict=True) if not command_in(o)]
