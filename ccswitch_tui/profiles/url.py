"""What people paste as an address, and the base URL it means.

Pure. Every change is named in words, because a base URL that was mended
silently is the next riddle. `base_url` is what the SDK of that wire would be
given: with the version segment for chat completions, without it for Anthropic's
(its client appends /v1/messages itself). A *missing* /v1 is only hinted at: some
hosts serve chat completions at the root, so a probe has to prove it.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from ccswitch_tui.errors import UsageError
from ccswitch_tui.net.hosts import is_this_machine
from ccswitch_tui.profiles.url_path import collapsed, settled_wire, vendor_path, version_once, without_route
from ccswitch_tui.secret import Secret, redact
from ccswitch_tui.sentence import Sentence, say
from ccswitch_tui.wire.formats import Wire, format_of

LONGEST_URL = 2048
"""Longer than any base URL; what is longer is not an address but something pasted by mistake."""


class NormalisedUrl(NamedTuple):
    """A base URL and how it came about."""

    base_url: str
    wire_hint: Wire | None = None
    """What the address alone suggests; None where it says nothing."""
    changes: tuple[Sentence, ...] = ()
    """Each change in words, in the order made; empty when the text was a base URL already."""
    hints: tuple[Sentence, ...] = ()
    """What may still be wrong, for the probe to prove."""
    secret: Secret | None = None
    """A key that was in the address (`?key=…`, `user:password@`); it is not in `base_url`."""
    model: str | None = None
    """A model the path named (an Azure deployment, a Gemini model)."""
    auth_hint: str | None = None
    """The auth style this vendor's address is known to want, where it is not a bearer token."""


class UrlError(UsageError):
    """This cannot be an address."""

    kind = "url-malformed"


# ---------------------------------------------------------------- tables

SECRET_PARAMETERS = frozenset({"key", "api_key", "api-key", "apikey", "token", "access_token", "auth", "secret"})

NEVER_HOSTS = ("javascript", "data", "mailto", "file", "blob", "about", "vscode", "tel")
"""Schemes that a number behind the colon does not turn into `host:port`."""

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_DOTS = str.maketrans({"。": ".", "．": ".", "｡": ".", "：": ":", "／": "/"})
_QUOTES = "\"'`´“”‘’„«»<>()[]{},;"
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]")
_MARKDOWN_LINK = re.compile(r"\[[^\[\]\n]{0,200}\]\([ \t]{0,4}<?([^()\s>]{1,500})>?[^()\n]{0,200}\)")
_ENCODED_SCHEME = re.compile(r"(?:[A-Za-z]{3,6})(?:%(?:25)*3A|:)%(?:25)*2F", re.IGNORECASE)
_SCHEME = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9+-]*)(?P<mark>:/{0,3}|//+)(?=[^/])")
_PLACEHOLDER = re.compile(
    r"\$\{?\w+\}?|\{[^}]*\}|<[^>]*>|%[A-Z_]{3,}%|\b(?:your|my)[-_](?:resource|endpoint|host|domain|region|account)[\w-]*"
    r"|(?<=//)(?:x{3,}|\*{3,})(?=[./:]|$)|(?<![\w-])(?:x{3,}|\*{3,})\.(?:x{2,}|com|cn|net|org|example)(?![\w.-])",
    re.IGNORECASE,
)
_KEY_IN_PATH = re.compile(r"(?<![A-Za-z])(?:(?:sk|gsk|xai|hf|nvapi|key)[-_](?=[\w-]*\d)[\w-]{16,}|AIza[\w-]{30,})")
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?\.?", re.IGNORECASE)


def normalise_url(text: str) -> NormalisedUrl:
    """The base URL that `text` means, and every change that led to it.

    Normalising a result again changes nothing. Raises UrlError, whose message
    never repeats the text: it may hold a key.
    """
    changes: list[Sentence] = []
    cleaned = _clean(text, changes)
    parts, host, port = _split(_with_scheme(cleaned, changes), changes)
    secret = _take_userinfo(parts, changes)
    path, wire, model, auth = vendor_path(host, collapsed(parts.path, changes), changes)
    before = None
    while wire is None or path != before:  # taking one part off may bare another: /models/v1/messages
        before = path
        path, found = without_route(path, changes)
        path, wire = settled_wire(host, version_once(path, changes), wire or found, changes)
        if wire is None:
            break
    secret = _take_query(parts, changes) or secret
    if parts.fragment:
        changes.append(say("removed the part after '#': it never reaches a server"))
    base = f"{parts.scheme.lower()}://{_authority(parts.scheme.lower(), host, port, changes)}{path}"
    if _KEY_IN_PATH.search(path) or ("." not in host and _KEY_IN_PATH.search(host)):
        raise UrlError(
            say("this address holds what looks like a key, and addresses are stored in plain text"),
            hint=say("give the address without it, and the key with --key-stdin"),
        )
    return NormalisedUrl(
        base, wire, tuple(changes), _hints(parts.scheme.lower(), host, path, wire), secret, model, auth
    )


def url_host(base_url: str) -> str:
    """The host of a base URL in lower case, without port: what a key is bound to."""
    return (urlsplit(base_url).hostname or "").lower()


def is_private(host: str) -> bool:
    """Whether a host is on this machine or its own network, where plain http is usual."""
    if is_this_machine(host) or host.endswith((".local", ".lan", ".internal", ".home.arpa")):
        return True
    try:
        import ipaddress

        return ipaddress.ip_address(host.strip("[]")).is_private
    except ValueError:
        return "." not in host


# ---------------------------------------------------------------- steps, in order


def _clean(text: str, changes: list[Sentence]) -> str:
    if len(text) > 4 * LONGEST_URL:
        raise UrlError(
            say("this is {n} characters long: not an address", n=len(text)), hint=say("paste only the base URL")
        )
    link = _MARKDOWN_LINK.search(text)
    if link and link[1].startswith(("/", "#", ".")):
        raise UrlError(say("this is a link within a page, not an address"), hint=say("follow it, and give the address"))
    if link:
        text = link[1]
        changes.append(say("took the address out of a Markdown link"))
    if re.match(r"[\s\"'`]*\{[^}:]*\}", text):
        raise UrlError(
            say("'{placeholder}' is a placeholder, not part of an address", placeholder=redact(text.strip())[:40]),
            hint=say("put your own value in its place"),
        )
    trimmed = text.strip(_QUOTES + " \t\r\n\u00a0\u3000")
    if "[" in text and re.search(r"\[[0-9a-fA-F:.]*:[0-9a-fA-F:.%]*\]", text):
        # an IPv6 host keeps its brackets, also at the very ends
        trimmed = text.strip(_QUOTES.replace("[", "").replace("]", "") + " \t\r\n\u00a0\u3000")
    if trimmed != text.strip():
        changes.append(say("removed the quotes around it"))
    elif trimmed != text:
        changes.append(say("trimmed surrounding spaces"))
    if not trimmed:
        raise UrlError(say("there is no address here"), hint=say("for example https://api.example.com/v1"))
    remark = re.search(r"(?<=[\w/])(?:[（【「《〈［，；、]|[,;|](?!.*@))", trimmed)
    if remark:
        trimmed = trimmed[: remark.start()]
        changes.append(say("removed the words after the address"))
    bare = _INVISIBLE.sub("", trimmed)
    if bare != trimmed:
        changes.append(say("removed invisible characters"))
    dotted = bare
    if not bare.isascii():
        import unicodedata  # here and not above: a megabyte, for addresses that are hardly ever written so

        dotted = unicodedata.normalize("NFKC", bare.translate(_DOTS))
    if dotted != bare:
        changes.append(say("replaced full-width punctuation with ASCII"))
    encoded = _ENCODED_SCHEME.match(dotted)
    if encoded:
        for _ in range(3):  # links in links in links
            dotted = unquote(dotted) if _ENCODED_SCHEME.match(dotted) else dotted
        changes.append(say("decoded it: it was encoded for a link"))
    joined = _without_blanks(dotted, changes)
    if len(joined) > LONGEST_URL:
        raise UrlError(
            say("this is {n} characters long: not an address", n=len(joined)), hint=say("paste only the base URL")
        )
    if _CONTROL.search(joined):
        raise UrlError(say("there are control characters in this address"), hint=say("type it instead of pasting it"))
    slashed = joined.replace("\\", "/")
    if slashed != joined:
        changes.append(say("changed backslashes to slashes"))
    placeholder = _PLACEHOLDER.search(slashed)
    if placeholder:
        raise UrlError(
            say("'{placeholder}' is a placeholder, not part of an address", placeholder=redact(placeholder[0])[:40]),
            hint=say("put your own value in its place"),
        )
    return slashed


def _without_blanks(text: str, changes: list[Sentence]) -> str:
    """An address that a blank was put into, or that words follow. Raises UrlError where the host is not clear."""
    first, *rest = text.split() or [""]
    if not rest:
        return first
    if re.fullmatch(r"[A-Za-z]+:/*", first):  # the blank stands before the host
        changes.append(say("removed the spaces inside it"))
        return _without_blanks(first + " ".join(rest), changes)
    before_path = re.match(r"(?:[A-Za-z][A-Za-z0-9+-]*:/*)?([^/?#]*)([/?#]?)", first)
    host = before_path[1] if before_path else ""
    whole = bool(before_path and before_path[2]) or re.search(
        r"\.[A-Za-z]{2,}(?::\d+)?$|:\d+$|\d\.\d+$|\]$|^localhost$", host
    )
    if not whole or (rest[0][0] in ".:@-" and not (before_path and before_path[2])):
        raise UrlError(say("there is a space in the host name of this address"), hint=say("remove it"))
    if rest[0][0] in "/?#" or (first.endswith("/") and len(rest) == 1 and re.fullmatch(r"[\w./-]+", rest[0])):
        changes.append(say("removed the spaces inside it"))
        return "".join([first, *rest])
    changes.append(say("removed the words after the address"))
    return first.rstrip(_QUOTES + ".")


def _with_scheme(text: str, changes: list[Sentence]) -> str:
    if re.match(r"https?:/*$|https?:///", text, re.IGNORECASE):
        raise UrlError(say("there is no host in this address"), hint=say("for example https://api.example.com/v1"))
    found = _SCHEME.match(text)
    if found and found["name"].lower() in NEVER_HOSTS:
        raise UrlError(
            say("'{name}:' is not the address of a model API", name=found["name"].lower()),
            hint=say("it begins with https:// or http://"),
        )
    if found and not (found["mark"] == ":" and re.match(r"\d+(/|$|\?)", text[found.end() :])):
        name, rest = found["name"].lower(), text[found.end() :]
        if name not in ("http", "https"):
            near = _misspelled(name)
            host = re.split(r"[/:?#]", rest, maxsplit=1)[0].lower()
            if near is None or (near == "http" and not is_private(host)):  # perhaps https: plain http shows the key
                what = say("'{name}:'", name=name) if len(name) <= 10 and name.isalpha() else say("this")
                raise UrlError(
                    say("{what} is not the address of a model API", what=what),
                    hint=say("it begins with https:// or http://"),
                )
            changes.append(say("changed '{found}' to '{near}'", found=found["name"], near=near))
            name = near
        elif found["mark"] != "://":
            changes.append(say("changed '{name}{found}' to '{name}://'", name=name, found=found["mark"]))
        elif found["name"] != name:
            changes.append(say("lower-cased the scheme"))
        again = _SCHEME.match(rest)
        if again and again["name"].lower() in ("http", "https") and again["mark"] != ":":
            changes.append(say("removed '{name}://' in front of '{again}://'", name=name, again=again["name"].lower()))
            return _with_scheme(rest, changes)
        return f"{name}://{rest}"
    text = text.lstrip("/")
    if re.fullmatch(r"[^./:?#\[]+", text) and not is_this_machine(text):
        raise UrlError(say("this is a word, not an address"), hint=say("for example https://api.example.com/v1"))
    host = re.split(r"[/:?#]", text, maxsplit=1)[0] if not text.startswith("[") else text[1:].split("]")[0]
    scheme = "http" if is_private(host.lower()) and not re.match(r"[^/]*:443(/|$)", text) else "https"
    changes.append(say("added {scheme}://", scheme=scheme))
    return f"{scheme}://{text}"


def _misspelled(name: str) -> str | None:
    if len(name) > 7 or name in ("file", "ftp", "ssh", "git", "data", "tcp", "udp", "unix", "mailto"):
        return None
    for right, wrong in (("https", {"htps", "htpps", "htts", "ttps", "hhttps", "httpss", "httos", "hxxps", "httsp"}),
                         ("http", {"htp", "ttp", "htttp", "hhttp", "hxxp", "htpp"})):  # fmt: skip
        if name in wrong:
            return right
    return None


def _split(text: str, changes: list[Sentence]) -> tuple[SplitResult, str, int | None]:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        if "port" in str(error).lower():
            raise UrlError(
                say("the port is not a number from 1 to 65535"), hint=say("for example http://127.0.0.1:8080")
            ) from None
        raise UrlError(
            say("this cannot be read as an address"), hint=say("an IPv6 host must be in [brackets]")
        ) from None
    if port == 0:
        raise UrlError(say("the port is not a number from 1 to 65535"), hint=say("for example http://127.0.0.1:8080"))
    if not host:
        raise UrlError(say("there is no host in this address"), hint=say("for example https://api.example.com/v1"))
    return parts, _host(host, parts, changes), port


def _host(host: str, parts: SplitResult, changes: list[Sentence]) -> str:
    if ":" in host:
        return f"[{host}]"
    if not host.isascii():
        try:
            host = host.encode("idna").decode()
        except UnicodeError:
            raise UrlError(
                say("the host name cannot be written in ASCII"), hint=say("check it for odd characters")
            ) from None
        changes.append(say("wrote the host name in ASCII, as {host}", host=host))
    if not _HOST.fullmatch(host) or ".." in host or len(host) > 253:
        raise UrlError(
            say("the host name contains characters that no host name can have"),
            hint=say("for example https://api.example.com/v1"),
        )
    if "." not in host and not is_private(host):
        raise UrlError(say("not a host name"), hint=say("for example https://api.example.com/v1"))
    typed = parts.netloc.rpartition("@")[2].partition(":")[0]
    if typed.isascii() and typed != typed.lower():
        changes.append(say("lower-cased the host"))
    if host == "0.0.0.0":  # noqa: S104 - recognised, never bound to
        changes.append(say("replaced 0.0.0.0, where a server listens, with 127.0.0.1, where it can be reached"))
        return "127.0.0.1"
    if host.endswith("."):
        changes.append(say("removed the dot at the end of the host"))
        host = host.rstrip(".")
    return host


def _take_userinfo(parts: SplitResult, changes: list[Sentence]) -> Secret | None:
    if "@" not in parts.netloc:
        return None
    changes.append(say("took user and password out of the address: no client sends them"))
    return Secret(unquote(parts.password)) if parts.password else None


def _take_query(parts: SplitResult, changes: list[Sentence]) -> Secret | None:
    if not parts.query and "?" not in parts.geturl():
        return None
    for name, value in parse_qsl(parts.query):
        if name.lower() in SECRET_PARAMETERS and value:
            changes.append(say("took the key in '?{name}=' out of the address", name=name))
            return Secret(value)
    if parts.query:
        changes.append(say("removed the part after '?': a base URL has none"))
    return None


def _authority(scheme: str, host: str, port: int | None, changes: list[Sentence]) -> str:
    if port is None:
        return host
    if port == {"http": 80, "https": 443}[scheme]:
        changes.append(say("removed the default port {port}", port=port))
        return host
    return f"{host}:{port}"


def _hints(scheme: str, host: str, path: str, wire: Wire | None) -> tuple[Sentence, ...]:
    hints = []
    if not format_of(wire).version and not re.search(r"/v\d", path) and not path.endswith("/openai"):
        hints.append(
            say("there is no version segment such as /v1 in it; if chat completions are not found, try with /v1")
        )
    if scheme == "http" and not is_private(host):
        hints.append(say("http:// sends the key unencrypted over the network; use https:// if the host has it"))
    return tuple(hints)
