"""HTTP headers somebody gave, sorted: the key, further secrets, what to keep, what is the sending client's own.

Pure. profiles.toml never holds a key: whatever looks like one becomes the
profile's key or one of its secret headers, or is left out with a warning.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ccswitch_tui.credentials.key_text import key_in
from ccswitch_tui.errors import UsageError
from ccswitch_tui.interop.shellwords import END, VARIABLE, command_in, variable_in
from ccswitch_tui.profiles.draft import Draft
from ccswitch_tui.profiles.model import SecretRef, is_header_name
from ccswitch_tui.secret import Secret
from ccswitch_tui.sentence import Sentence, say

CLIENTS_OWN = frozenset({
    "accept", "accept-encoding", "accept-language", "cache-control", "connection", "content-length", "content-type",
    "dnt", "expect", "host", "origin", "pragma", "priority", "te", "transfer-encoding", "upgrade-insecure-requests",
    "anthropic-version", "anthropic-beta", "anthropic-dangerous-direct-browser-access",
})  # fmt: skip
"""Set by whoever sends the request; of no meaning for the next one."""

KEY_HEADERS = ("api-key", "x-goog-api-key", "ocp-apim-subscription-key")
"""Headers that carry the bare key, besides Authorization and x-api-key: of Azure, Google, Azure API Management."""

_SECRET_NAME = re.compile(r"auth|token|secret|passw|credential|session|cookie|api-?key|-key$|signature", re.IGNORECASE)
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class ReadHeaders(NamedTuple):
    """What a request's headers say about its endpoint."""

    kept: dict[str, str]
    """Ordinary headers the endpoint may want (organisation, project, title)."""
    secret: Secret | None = None
    auth: str | None = None
    """The auth style the key was sent in; None when there was none."""
    variable: str | None = None
    """The environment variable that stood in the key's place."""
    anthropic: bool = False
    """Only Anthropic's clients send such headers."""
    more: Mapping[str, Secret | SecretRef] = {}
    """Further secrets, by header."""
    scheme: str = ""
    """What stood before that variable in a named header."""

    @property
    def ref(self) -> SecretRef | None:
        """Where the key is, when it is a variable."""
        return SecretRef("env", self.variable, self.scheme) if self.variable and not self.secret else None

    @property
    def header(self) -> str:
        """The header the key was in."""
        style = self.auth or "bearer"
        return style.removeprefix("header:") if style.startswith("header:") else HEADER_OF_STYLE[style]


HEADER_OF_STYLE = {"bearer": "Authorization", "both": "Authorization", "x-api-key": "x-api-key"}

OF_A_BROWSER = re.compile(r"cookie|session|csrf|xsrf|signature", re.IGNORECASE)
"""Names of headers whose secret is a session's or a single request's: worth nothing tomorrow."""


def with_headers(draft: Draft, read: ReadHeaders) -> Draft:
    """The draft with headers that stood beside its key; the first secret among them is its key where it has none."""
    if draft.endpoint is None:
        return draft
    endpoint = draft.endpoint._replace(headers={**draft.endpoint.headers, **read.kept})
    more = {**draft.secret_headers, **read.more}
    own = read.secret or read.ref
    if own is not None and draft.secret is None and draft.key_ref is None:
        endpoint = endpoint._replace(auth=read.auth or endpoint.auth)
        draft = draft._replace(secret=read.secret, key_ref=read.ref)
    elif own is not None and own in (draft.secret, draft.key_ref):
        endpoint = endpoint._replace(auth=read.auth or endpoint.auth)
    elif own is not None:
        bearer = read.auth in ("bearer", "both")
        if bearer:
            own = Secret(f"Bearer {own.reveal()}") if isinstance(own, Secret) else own._replace(scheme="Bearer")
        more[read.header] = own
    return draft._replace(endpoint=endpoint, secret_headers=more)


def looks_secret(name: str) -> bool:
    """Whether a header of this name would carry a secret."""
    return _SECRET_NAME.search(name) is not None


def carries_secret(name: str, value: str) -> bool:
    """Whether a header would carry a secret: by its name, or by what stands in it."""
    return looks_secret(name) or "bearer " in value.lower() or holds_key(value)


def header_option(text: str) -> tuple[str, str]:
    """A `--header 'Name: value'` as the pair it is. Raises UsageError, which repeats no value: it could be a key.

    A command line is seen by every process, so a header with a secret in it is refused wherever it is given.
    """
    name, colon, value = text.partition(":")
    name, value = name.strip(), value.strip()
    if not colon or not name or not value:
        Secret(text)
        raise UsageError(say("--header takes 'Name: value'"), hint=say("for example --header 'X-Title: mine'"))
    if carries_secret(name, value):
        Secret(value)
        raise UsageError(
            say("the header '{name}' would carry a secret, which every process could read", name=name),
            hint=say(
                "--secret-header {name} keeps it in the key store; --secret-header {name}=env:NAME names it", name=name
            ),
        )
    return name, value


def read_headers(
    pairs: Iterable[tuple[str, str]], notes: list[Sentence], warnings: list[Sentence], *, of_a_shell: bool = False
) -> ReadHeaders:
    """Sorts `pairs`; what was left out and matters goes into `notes` and `warnings`, without values.

    `of_a_shell`: quotes were read already, and what is not marked as a variable is none, `$A` in '…' for instance.
    A key that stands so is a variable all the same: its author chose the wrong quotes.
    """
    kept: dict[str, str] = {}
    found: dict[str, str] = {}
    anthropic = False
    for name, given in pairs:
        lower, value = name.lower(), _marked(given)
        anthropic = anthropic or lower == "anthropic-version"
        if lower in CLIENTS_OWN or lower.startswith(("sec-", "x-stainless-")) or not value:
            continue
        if lower in ("authorization", "x-api-key", *KEY_HEADERS):
            found[lower] = value
        elif lower == "user-agent":
            notes.append(say("the user agent is not imported: requests go out under the client's own name"))
        elif carries_secret(lower, value):
            Secret(value)
            found.setdefault("?" + name, value)
        elif of_a_shell and not variable_in(given) and not command_in(given) and _can_be_sent(name, given):
            kept[name] = given
        elif not _can_be_sent(name, value):
            warnings.append(say("a header that cannot be sent was left out"))
        elif variable_in(value) or command_in(value):
            notes.append(say("the header '{name}' holds a variable and was left out: set it with --header", name=name))
        else:
            kept[name] = value
    return _choose_key(found, kept, anthropic, notes, warnings)


def _can_be_sent(name: str, value: str) -> bool:
    return _HEADER_NAME.fullmatch(name) is not None and not any(ord(c) < 32 for c in value)


def _choose_key(
    found: dict[str, str], kept: dict[str, str], anthropic: bool, notes: list[Sentence], warnings: list[Sentence]
) -> ReadHeaders:
    bearer = re.fullmatch(r"bearer\s+(.*)", found.get("authorization", ""), re.IGNORECASE | re.DOTALL)
    direct = found.get("x-api-key")
    if bearer and direct:
        style, value = ("both", bearer[1]) if bearer[1].strip() == direct.strip() else ("bearer", bearer[1])
    elif bearer:
        style, value = "bearer", bearer[1]
    elif direct:
        style, value = "x-api-key", direct
    elif "authorization" in found:
        # Basic, Token or a bare key: the whole value is what has to be sent.
        style, value = "header:Authorization", found["authorization"]
    else:
        named = next((h for h in KEY_HEADERS if h in found), None) or next((h for h in found if h[0] == "?"), None)
        if named is None:
            return ReadHeaders(kept, anthropic=anthropic)
        style, value = f"header:{named.lstrip('?')}", found[named]
    taken = {"bearer": "authorization", "both": "authorization"}.get(style, style.removeprefix("header:").lower())
    rest = {
        name.lstrip("?"): text
        for name, text in found.items()
        if name.lstrip("?").lower() != taken and not (style == "both" and name == "x-api-key")
    }
    read = _key(value.strip(), style, kept, anthropic, notes)
    return read._replace(more=_further(rest, notes, warnings))


def _further(found: dict[str, str], notes: list[Sentence], warnings: list[Sentence]) -> dict[str, Secret | SecretRef]:
    """What the headers beside the key's own hold. A secret of a browser's session is left out."""
    more: dict[str, Secret | SecretRef] = {}
    for name, value in found.items():
        variable, scheme = variable_in(value), _scheme_before_variable(value)
        secret = None
        if OF_A_BROWSER.search(name):
            warnings.append(say("the header '{name}' looks like a browser's session and was left out", name=name))
        elif not is_header_name(name):
            warnings.append(say("a header that cannot be sent was left out"))
        elif variable and scheme is not None:
            more[name] = SecretRef("env", variable, scheme)
            notes.append(say("the header '{name}' is read from the variable {variable}", name=name, variable=variable))
        elif variable or command_in(value) or is_placeholder(_SCHEME.sub("", value)):
            notes.append(
                say("the header '{name}' holds no value that can be kept: --secret-header {name} gives it", name=name)
            )
        else:
            secret = usable_key(value, notes, whole_header=True)
        if secret is not None:
            more[name] = secret
    return more


_NAMED_VARIABLE = re.compile(
    r"((?:[A-Za-z][\w-]{1,19}\s+)?)(?:\$\{?([A-Za-z_]\w*)\}?|os\.environ/(\w+)"
    r"|\$?\{\{\s*(?:\$?(?:secrets|env|process\.env)\.|\$(?:processEnv|dotenv)\s+)(\w+)\s*\}\}"
    r"|\$?\{(?:env|localEnv|containerEnv)[:.](\w+)\})"
)
"""A value that is a variable in the words of a configuration file: LiteLLM, Continue, opencode, a shell's."""


def _marked(value: str) -> str:
    """The value with such a variable marked as the readers of commands mark theirs."""
    found = _NAMED_VARIABLE.fullmatch(value.strip())
    return f"{found[1]}{VARIABLE}{found[2] or found[3] or found[4] or found[5]}{END}" if found else value


_SCHEME = re.compile(r"^[A-Za-z][\w-]{1,19}\s+(?=\S)")


def _scheme_before_variable(value: str) -> str | None:
    """What stands before the variable that is all the rest of a value: "" or a scheme; None where there is more."""
    found = re.fullmatch(rf"(?:([A-Za-z][\w-]{{1,19}})\s+)?{VARIABLE}[^{END}]*{END}", value.strip())
    return (found[1] or "") if found else None


def _key(value: str, style: str, kept: dict[str, str], anthropic: bool, notes: list[Sentence]) -> ReadHeaders:
    variable = variable_in(value)
    if variable:
        notes.append(
            say("the key is the variable {variable}: it is read from the environment each time", variable=variable)
        )
        return ReadHeaders(kept, None, style, variable, anthropic, scheme=_scheme_before_variable(value) or "")
    if command_in(value):
        notes.append(FROM_A_COMMAND)
        return ReadHeaders(kept, None, style, None, anthropic)
    if is_placeholder(_SCHEME.sub("", value) if style.startswith("header:") else value):
        notes.append(say("the key in it is a placeholder"))
        return ReadHeaders(kept, None, style, None, anthropic)
    return ReadHeaders(kept, usable_key(value, notes, whole_header=style.startswith("header:")), style, None, anthropic)


FROM_A_COMMAND = say("the key comes from a command, which is not run: give it with --key 'command:…' if you trust it")


def usable_key(value: str, notes: list[Sentence], *, whole_header: bool = False) -> Secret | None:
    """The key in a value, without the remark behind it; None, with a note, for a mask or a broken one."""
    Secret(value)
    try:
        key = key_in(value, whole_header=whole_header)
    except UsageError as error:
        notes.append(say("the key in it cannot be used: {reason}", reason=error.message))
        return None
    if len(value.split()) > 1 + whole_header and " ".join(value.split()) != key:
        notes.append(say("removed the words around the key"))
    return Secret(key) if key else None


_PLACEHOLDER = re.compile(
    r"<[^>]*>|\[[^\]]*\]|[$#@]?\{+[^}]*\}+#?|\$\w+|%\w+%|[\w.$:]*\(+[^()]*\)+|[A-Za-z_][\w.]*\[[^\]]*\]|%\([\w.]+\)s|__[A-Z][A-Z0-9_]*__|@@?\w+@@?"
    r"|(?:sk-)?(?:your|my|enter|insert|put|paste|replace|add)[-_ ]?.*(?:key|token|here).*"
    r"|(?:sk-)?(?:x{3,}|\*{3,}|•{3,}|\.{3,}|…+)[-\w]*|(?:sk-)?(?:api[-_]?key|token|key|changeme|todo|none|null|undefined|redacted|removed|hidden)",
    re.IGNORECASE,
)


_KEY_SHAPE = re.compile(
    r"(?<![A-Za-z])(?:(?:sk|pk|rk|gsk|xai|hf|r8|fw|csk|pplx|nvapi|key|tgp)[-_](?=[\w-]*\d)[\w-]{14,}|AIza[\w-]{30,}|eyJ[\w-]{20,}\.)"
)


def holds_key(value: str) -> bool:
    """Whether there is a word in the shape of a vendor's key where something else was expected."""
    return _KEY_SHAPE.search(value) is not None


def is_placeholder(value: str) -> bool:
    """Whether a "key" is the text a tutorial puts in its place."""
    bare = value.strip()
    if any("\u3040" <= c <= "\u9fff" for c in bare.split("（")[0].split(" ")[0]):
        return True  # 你的密钥
    return not bare or _PLACEHOLDER.fullmatch(bare) is not None or set(bare) <= set("*•.…xX-_")
