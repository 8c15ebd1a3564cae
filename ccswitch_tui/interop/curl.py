"""A curl command as an endpoint, a key and a model; and back.

Pure. The command itself is never kept: what comes out is a Draft whose key is
a Secret, and a rendered command names a variable in the key's place. Options
and their arguments: curl(1), curl 8.
"""

from __future__ import annotations

import base64
import json
import re
import shlex
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from ccswitch_tui.errors import UsageError
from ccswitch_tui.interop import shellwords
from ccswitch_tui.interop.headers import ReadHeaders, holds_key, read_headers
from ccswitch_tui.profiles.draft import Draft
from ccswitch_tui.profiles.model import Endpoint, ModelTiers, Timeouts
from ccswitch_tui.profiles.url import NormalisedUrl, normalise_url
from ccswitch_tui.secret import Secret
from ccswitch_tui.sentence import Sentence, say
from ccswitch_tui.wire.formats import MESSAGES, Wire

SOURCE = "a curl command"

_CURL = re.compile(r"(?:^|[\s;&|(`\"'$>])((?:[\w./\\:~-]*[/\\])?curl(?:\.exe)?)(?=[\s\\^`\"])", re.IGNORECASE)
_HEREDOC = re.compile(r"<<-?[ \t]*(['\"]?)(\w+)\1[^\n]*\n")
_MODEL = re.compile(r"""["']model["']\s*:\s*["']([^"'\\]{1,200})["']""")
_PROMPT = re.compile(r"^[ \t]*(?:[\w.@~:/\[\]-]*[$%#>❯➜]|PS [^>\n]*>)[ \t]+(?=(?:\w+=\S+ )*curl)", re.MULTILINE)
_GOES_ON = re.compile(
    r"(?<![ \t])(?:[ \t]*(?P<mark>[\\`^]))?[ \t]*\n(?:[ \t]*\n){0,3}[ \t]*"
    r"(?=(?:-[A-Za-z]|--[a-z][a-z-]+)(?:[ \t=]|['\"]))"
    r"|(?<=curl)(?:[ \t]*[\\`^])?[ \t]*\n(?:[ \t]*\n){0,3}[ \t]*(?=['\"]?https?://|-)"
)
"""A line end before an option: it goes on there, with or without the backslash that was lost on the way."""

_ASSIGNMENT = re.compile(
    r"""^[ \t]*(?:export[ \t]+|set[ \t]+(?:-[gx]+[ \t]+)?|\$env:|\$)?([A-Za-z_]\w*)(?:[ \t]*=[ \t]*|[ \t]+)"""
    r"""("[^"\n]*"|'[^'\n]*'|[^\s;'"]+)""",
    re.MULTILINE | re.IGNORECASE,
)

WITH_ARGUMENT = frozenset(
    "-A -b -c -C -d -D -e -E -F -h -H -K -m -o -P -Q -r -t -T -u -U -w -x -X -y -Y -z "  # noqa: SIM905
    "--abstract-unix-socket --alt-svc --aws-sigv4 --cacert --capath --cert --cert-type --ciphers --config "
    "--connect-timeout --connect-to --continue-at --cookie --cookie-jar --create-file-mode --crlfile --curves --data "
    "--data-ascii --data-binary --data-raw --data-urlencode --delegation --dns-interface --dns-ipv4-addr "
    "--dns-ipv6-addr --dns-servers --doh-url --dump-header --ech --egd-file --engine --etag-compare --etag-save "
    "--expect100-timeout --form --form-string --happy-eyeballs-timeout-ms --haproxy-clientip --header --hsts "
    "--interface --ip-tos --ipfs-gateway --json --keepalive-cnt --keepalive-time --key --key-type --libcurl "
    "--limit-rate --local-port --max-filesize --max-redirs --max-time --noproxy --oauth2-bearer --output --output-dir "
    "--parallel-max --pass --pinnedpubkey --preproxy --proto --proto-default --proto-redir --proxy --proxy-cacert "
    "--proxy-cert --proxy-header --proxy-key --proxy-pass --proxy-user --range --rate --referer --request "
    "--request-target --resolve --retry --retry-delay --retry-max-time --socks4 --socks4a --socks5 --socks5-hostname "
    "--speed-limit --speed-time --stderr --time-cond --tls-max --tls13-ciphers --trace --trace-ascii --trace-config "
    "--unix-socket --upload-file --url --url-query --user --user-agent --variable --vlan-priority --write-out".split()
)
"""Options that take the next word, so that it is not mistaken for the address (curl(1))."""

SHORT = {
    "-A": "--user-agent", "-b": "--cookie", "-d": "--data", "-E": "--cert", "-H": "--header", "-K": "--config",
    "-k": "--insecure", "-m": "--max-time", "-u": "--user", "-U": "--proxy-user", "-x": "--proxy", "-X": "--request",
}  # fmt: skip

BODY_OPTIONS = ("--data", "--data-ascii", "--data-raw", "--data-binary", "--json")

LEFT_OUT = {
    "--insecure": say(
        "-k (certificates unchecked) is not imported: it would hand the key to anyone in between; name the "
        "authority's certificate instead: --set endpoint.ca_file=/path/to/ca.pem"
    ),
    "--proxy-insecure": say("--proxy-insecure is not imported"),
    "--cookie": say("the cookies are not imported: an API identifies you by its key"),
    "--config": say("the options in the file of -K are not read"),
    "--proxy-user": say("the HTTP proxy's password is not stored; put it into HTTPS_PROXY if the proxy asks for it"),
    "--resolve": say("--resolve is not imported: the host name must resolve without it"),
    "--connect-to": say("--connect-to is not imported: the host name must resolve without it"),
    "--unix-socket": say("--unix-socket is not imported: the endpoint must be reachable by TCP"),
    "--aws-sigv4": say("requests signed for AWS are not supported"),
    "--preproxy": say("a proxy in front of the proxy is not supported"),
    "--socks4": say("SOCKS4 is not supported, only SOCKS5"),
    "--socks4a": say("SOCKS4 is not supported, only SOCKS5"),
}
"""Options that are noticed and not honoured, and what the user is told."""


class _Options(NamedTuple):
    """What one curl command line says, before it is understood."""

    urls: list[str]
    headers: list[tuple[str, str]]
    bodies: list[str]
    last: dict[str, str]
    """Option → last argument, for those of which one counts; flags hold ""."""


def looks_like_curl(text: str) -> bool:
    """Whether there is a curl command in this text."""
    return _CURL.search(text) is not None


def parse_curl(text: str) -> Draft:
    """The endpoint, key and model of the first curl command in `text`.

    Understands the quoting of bash, zsh, cmd.exe and PowerShell, assignments in
    the same text and here-documents. Raises UsageError, whose message repeats
    nothing of the text, when there is no command or no address in it.
    """
    draft = read_curl(text)
    if draft.endpoint is None:
        raise UsageError(
            draft.unusable, hint=say("add the https://… address, or give it with --url"), kind="url-malformed"
        )
    return draft


def _joined(match: re.Match[str]) -> str:
    """One line's end before an option: the shell's own mark stays, which tells the shell."""
    return f" {match['mark']}\n" if match["mark"] else " "


def read_curl(text: str) -> Draft:
    """parse_curl for a command whose address may be none: then `unusable` says why, and the rest is there."""
    text = _GOES_ON.sub(_joined, _PROMPT.sub("", text.replace("\r\n", "\n")))
    # “…” as word processors and chats make of "…": what stands inside was one word.
    text = re.sub("“([^“”]*)”|‘([^‘’]*)’", lambda m: shlex.quote(m[1] or m[2] or ""), text)
    start = _CURL.search(text)
    if start is None:
        raise UsageError(say("there is no curl command in this text"), hint=say("paste it starting at the word 'curl'"))
    command, before = text[start.start(1) :], text[: start.start(1)]
    further = len(_CURL.findall(command)) > 1 and bool(re.search(r"\n\s*curl\s", command))
    options = _options(_words(command), _assignments(before))
    heredoc = _HEREDOC.search(command)
    if heredoc:
        lines = command[heredoc.end() :].split("\n")
        end = next((n for n, line in enumerate(lines) if line.strip() == heredoc[2]), len(lines))
        options.bodies.append("\n".join(lines[:end]))
    return _draft(options, further)


def _words(command: str) -> list[str]:
    guess = shellwords.guess_shell(command)
    shells: list[shellwords.Shell] = [guess, *(s for s in ("posix", "cmd", "powershell") if s != guess)]
    for shell in shells:
        try:
            words = shellwords.split_words(command, shell)
        except ValueError:
            continue
        if any(_is_address(w) for w in words[1:]) or shell == shells[-1]:
            return words
    # A quote that no shell would close: what a chat window or a word processor did to it. Read what there is.
    return shellwords.split_words(re.sub(r"[\"'“”‘’]", " ", command), "posix")


def _is_address(word: str) -> bool:
    return re.match(r"(?:https?:)?/?/?[\w\[\ue000-][^\s]*[.:/]", word, re.IGNORECASE) is not None and word[0] != "-"


def _assignments(before: str) -> dict[str, str]:
    return {m[1]: m[2].strip("\"'") for m in _ASSIGNMENT.finditer(before)}


def _options(words: list[str], values: dict[str, str]) -> _Options:
    found = _Options([], [], [], {})
    rest = iter([shellwords.fill(w, values) for w in words[1:]])
    for word in rest:
        for name, argument in _one_option(word, rest):
            if name in ("", "--url"):
                found.urls.append(argument)
            elif name == "--header":
                header, colon, value = argument.partition(":")
                if colon:
                    found.headers.append((header.strip(), value.strip()))
            elif name in BODY_OPTIONS:
                found.bodies.append(argument)
            else:
                found.last[name] = argument
    return found


def _one_option(word: str, rest: object) -> list[tuple[str, str]]:
    """One word as (option, argument) pairs; short options may be clustered (`-sSfXPOST`)."""
    following = iter(rest)  # type: ignore[call-overload]
    if word.startswith("--") and len(word) > 2:
        name, _, attached = word.partition("=")
        if name in WITH_ARGUMENT:
            return [(name, attached if attached else next(following, ""))]
        return [(name, "")]
    if word.startswith("-") and len(word) > 1:
        pairs: list[tuple[str, str]] = []
        for at, letter in enumerate(word[1:], 1):
            short = "-" + letter
            name = SHORT.get(short, short)
            if short in WITH_ARGUMENT:
                attached = word[at + 1 :]
                return [*pairs, (name, attached if attached else next(following, ""))]
            pairs.append((name, ""))
        return pairs
    return [("", word)]


def _draft(options: _Options, further: bool) -> Draft:
    notes: list[Sentence] = []
    warnings: list[Sentence] = []
    headers = _headers(options, notes, warnings)
    try:
        url = _address(options, notes)
    except UsageError as error:
        return Draft(
            unusable=error.message, secret=headers.secret, models=ModelTiers(default=_model(options, notes)),
            key_ref=headers.ref,
            notes=tuple(notes), source=SOURCE,
        )  # fmt: skip
    model = _model(options, notes) or url.model
    wire: Wire | None = url.wire_hint or (MESSAGES if headers.anthropic else None)
    for name, why in LEFT_OUT.items():
        if name in options.last:
            warnings.append(why)
    if further:
        notes.append(say("there is more than one curl command; the first one was used"))
    secret = headers.secret or url.secret
    endpoint = Endpoint(
        base_url=url.base_url,
        wire=wire,
        auth=headers.auth or url.auth_hint or "bearer",
        headers=headers.kept,
        ca_file=options.last.get("--cacert") or None,
        client_cert=options.last.get("--cert", "").partition(":")[0] or None,
        client_key=options.last.get("--key") or None,
        http_proxy=_http_proxy(options, notes, warnings),
        timeouts=_timeouts(options),
    )
    return Draft(
        endpoint=endpoint,
        secret=secret,
        key_ref=headers.ref if not secret else None,
        secret_headers=headers.more,
        models=ModelTiers(default=model),
        notes=(*url.changes, *notes),
        warnings=(*warnings, *(h for h in url.hints if h.startswith("http://"))),
        source=SOURCE,
    )


def _address(options: _Options, notes: list[Sentence]) -> NormalisedUrl:
    addresses = [u for u in options.urls if u not in ("-", "\\")]
    for word in addresses:
        if shellwords.variable_in(word) is not None and not _is_address(word.split(shellwords.VARIABLE)[0] or "-"):
            raise UsageError(
                say("the address in the curl command is a variable"),
                hint=say("put its value in its place, or give it with --url"),
            )
    if not addresses:
        raise UsageError(say("the curl command holds no address"), hint=say("give it with --url"), kind="url-malformed")
    best = next(
        (u for u in addresses if re.search(r"/(chat/completions|messages|completions|responses)\b", u)), addresses[0]
    )
    if len(set(addresses)) > 1:
        notes.append(say("there is more than one address; the one for conversations was used"))
    return normalise_url(shellwords.unmarked(best))


def _headers(options: _Options, notes: list[Sentence], warnings: list[Sentence]) -> ReadHeaders:
    pairs = list(options.headers)
    if options.last.get("--oauth2-bearer"):
        pairs.append(("Authorization", f"Bearer {options.last['--oauth2-bearer']}"))
    user = options.last.get("--user")
    if user and not any(name.lower() == "authorization" for name, _ in pairs):
        if shellwords.variable_in(user):
            notes.append(say("the user and password of -u are variables: give the value with --key-stdin"))
        else:
            token = base64.b64encode((user if ":" in user else user + ":").encode()).decode()
            pairs.append(("Authorization", f"Basic {token}"))
            Secret(user)
            notes.append(say("-u: user and password are kept as the ready-made Authorization header, in the key store"))
    return read_headers(pairs, notes, warnings, of_a_shell=True)


def _model(options: _Options, notes: list[Sentence]) -> str | None:
    for body in options.bodies:
        if body.startswith("@") and body != "@-":
            notes.append(say("the request's body is in a file, which is not read: name the model with --model"))
            continue
        try:
            model = json.loads(body).get("model")
        except (ValueError, AttributeError, RecursionError):
            found = _MODEL.search(body.replace('\\"', '"'))
            model = found[1] if found else None
        if isinstance(model, str) and model.strip():
            if shellwords.variable_in(model) or shellwords.command_in(model):
                notes.append(say("the model is a variable: name it with --model"))
                continue
            if holds_key(model):
                Secret(model)
                notes.append(say("what was given as the model looks like a key and was left out"))
                continue
            return model.strip()
    return None


def _http_proxy(options: _Options, notes: list[Sentence], warnings: list[Sentence]) -> str | None:
    proxy = options.last.get("--proxy")
    for name, scheme in (("--socks5", "socks5"), ("--socks5-hostname", "socks5h")):
        if options.last.get(name):
            proxy = f"{scheme}://{options.last[name].rpartition('://')[2]}"
    if not proxy:
        return None
    if shellwords.variable_in(proxy):
        notes.append(say("the HTTP proxy is a variable: set endpoint.http_proxy, or rely on HTTPS_PROXY"))
        return None
    scheme, _, rest = proxy.rpartition("://")
    if scheme.lower().startswith("socks4") or scheme.lower() == "socks":  # for curl, `socks` is SOCKS4
        warnings.append(LEFT_OUT["--socks4"])
        return None
    userinfo, at, host = rest.rpartition("@")
    if at:
        Secret(userinfo.partition(":")[2])
        warnings.append(LEFT_OUT["--proxy-user"])
    return f"{scheme or 'http'}://{host}".rstrip("/")


def _timeouts(options: _Options) -> Timeouts:
    try:
        connect_s = float(options.last.get("--connect-timeout", ""))
    except ValueError:
        return Timeouts()
    return Timeouts(connect_s=connect_s) if 0 < connect_s < 3600 else Timeouts()


# ---------------------------------------------------------------- back to curl


def render_curl(
    endpoint: Endpoint,
    model: str | None,
    *,
    variable: str | None = "API_KEY",
    secret_headers: Mapping[str, str] = MappingProxyType({}),
    body: dict[str, object] | None = None,
) -> str:
    """A curl command (bash, zsh) for one small answer, its key from the variable `variable`.

    `secret_headers` says what a shell puts in for each: `$VARIABLE`, `Bearer $VARIABLE`.

    `parse_curl` of it gives the endpoint, the model and the variable again.
    """
    words = [f"curl {_quoted(endpoint.base_url + endpoint.format.ask)}"]
    words += [f"-H {header}" for header in _auth_headers(endpoint, variable)]
    words += [f'-H "{header}: {value}"' for header, value in secret_headers.items()]
    words += [f"-H {_quoted(f'{name}: {value}')}" for name, value in endpoint.format.headers.items()]
    words.append("-H 'content-type: application/json'")
    words += [f"-H {_quoted(f'{name}: {value}')}" for name, value in endpoint.headers.items()]
    for option, value in (
        ("-x", endpoint.http_proxy), ("--cacert", endpoint.ca_file),
        ("--cert", endpoint.client_cert), ("--key", endpoint.client_key),
    ):  # fmt: skip
        if value:
            words.append(f"{option} {_quoted(value)}")
    if endpoint.timeouts.connect_s != Timeouts().connect_s:
        words.append(f"--connect-timeout {endpoint.timeouts.connect_s:g}")
    request = body or {"max_tokens": 16, "messages": [{"role": "user", "content": "Say OK."}]}
    if model is not None:
        request = {"model": model, **request}
    words.append(f"-d {_quoted(json.dumps(request, ensure_ascii=False))}")
    return " \\\n  ".join(words)


def _auth_headers(endpoint: Endpoint, variable: str | None) -> list[str]:
    if endpoint.auth == "none" or variable is None:
        return []
    headers = []
    if endpoint.auth in ("bearer", "both"):
        headers.append(f'"Authorization: Bearer ${variable}"')
    if endpoint.auth in ("x-api-key", "both"):
        headers.append(f'"x-api-key: ${variable}"')
    if endpoint.auth.startswith("header:"):
        headers.append(f'"{endpoint.auth[7:]}: ${variable}"')
    return headers


def _quoted(text: str) -> str:
    """One word for bash and zsh: '…', or $'…' where there are quotes or control characters in it."""
    if text.isprintable() and "'" not in text:
        return f"'{text}'"
    escaped = "".join(
        "\\" + c if c in "\\'" else c if c.isprintable() else f"\\U{ord(c):08x}" for c in text
    )  # fmt: skip
    return f"$'{escaped}'"
