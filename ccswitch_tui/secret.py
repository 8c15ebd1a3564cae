"""A string that cannot show itself, and the filter for text that leaves the process.

A key is a `Secret` from the moment it is read to the moment it goes into a
header or a pipe. `str`, `repr`, `format`, `json` and `pickle` never yield it;
`reveal()` is the one way, and easy to search for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NoReturn

MASK = "••••"

_seen: set[str] = set()
"""Values of every Secret made in this process, so that redact() knows them
wherever they turn up. In memory only."""

_forms: dict[str, tuple[str, ...]] = {}
"""The same values as text may carry them; filled when first redacted."""

MASKING = re.compile("[•…]")
"""What masks are made of. No key has these; a value that has is a mask already."""

SHORTEST_KNOWN = 8
"""A shorter value (a local server's "none", "key", "1234") is too common a word to mask everywhere."""


class Secret:
    """One secret value. Compares in constant time; never prints, encodes or pickles."""

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value
        if len(value) >= SHORTEST_KNOWN and not MASKING.search(value):
            _seen.add(value)

    def reveal(self) -> str:
        """The value itself: for a header, a pipe or a key store, and nothing else."""
        return self.__value

    def hint(self) -> str:
        """Enough to tell two keys apart, too little to use: `sk-a…9f2c`, or dots for a short one."""
        return mask(self.__value)

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __bool__(self) -> bool:
        return bool(self.__value)

    def __len__(self) -> int:
        raise TypeError("a Secret does not tell its length")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        import hmac

        return hmac.compare_digest(self.__value.encode(), other.__value.encode())

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret cannot be pickled or copied to disk")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a Secret does not hand out its state")

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self


def mask(value: str) -> str:
    """A value shortened so that it can be recognised but not used: `sk-a…9f2c`.

    At most four characters at each end, and never more than a third of it.
    """
    if len(value) < 16:
        return MASK
    shown = min(4, len(value) // 6)
    return f"{value[:shown]}…{value[-shown:]}"


def forms_of(value: str) -> tuple[str, ...]:
    """The ways a value turns up in text, longest first: plain, JSON- and URL-escaped, as repr, in base64.

    base64 at each of its three alignments, because a key mostly stands inside
    something longer (`user:key`), and without the ends that depend on the rest.
    """
    import binascii
    import json

    raw = value.encode("utf-8", "surrogatepass")
    escaped = json.dumps(value)[1:-1]
    forms = {
        value,
        escaped,
        escaped.replace("/", "\\/"),
        json.dumps(value, ensure_ascii=False)[1:-1],
        repr(value)[1:-1],
    }
    for kept in ("-._~", "-._~/", "-._~:/?#[]@!$&'()*+,;="):
        percent = "".join(chr(b) if (chr(b).isalnum() and b < 128) or chr(b) in kept else f"%{b:02X}" for b in raw)
        forms |= {percent, percent.lower() if "%" in percent else percent}
    for shift in range(3):
        encoded = binascii.b2a_base64(b"\0" * shift + raw, newline=False).decode()
        whole = encoded[4 if shift else 0 : (shift + len(raw)) // 3 * 4]
        if len(whole) >= SHORTEST_KNOWN:
            forms |= {whole, whole.replace("+", "-").replace("/", "_")}
    return tuple(sorted(forms, key=len, reverse=True))


_KEYISH = r"(?=[^\s\"'\\,;&<>]*\d|[^\s\"'\\,;&<>]{24})"
"""A digit somewhere, or very long: what sets a key apart from a word of prose after the same label."""

_REFERENCE = r"(?!(?:env|keyring|command):|os\.environ|process\.env|[$%{<*])"
"""A pointer to a key, or a placeholder, may be shown."""

_NO_VARIABLE = r"(?!(?:(?i:bearer|basic|token|apikey)\s+)?(?:\$(?:\{?\w+\}?|env:\w+)|%\w+%)[\"']?\s*(?:$|[\r\n\\]))"
"""A shell's variable and nothing else stands for the key: a command to copy must keep it."""

_RULES: tuple[tuple[tuple[str, ...] | str, str], ...] = (
    # What must be in the text, in lower case, for the pattern to be tried at all (words, or a pattern that is
    # searched fast); and the pattern: `label` stays, `secret` is masked whole, `word` is shortened so that it
    # can be recognised.
    (
        ("authorization",),
        rf"(?P<label>(?i:authorization)[\"']?\s*[:=]\s*[\"']?{_NO_VARIABLE}(?:(?i:bearer|basic|token|apikey)\s+)?)"
        r"(?!(?i:bearer|basic|token)(?:[\"'`).,;]|\s*$))(?P<secret>[^\s\"',;<>\\•][^\r\n\"'\\]*)",
    ),
    (
        ("cookie",),
        r"(?P<label>(?i:cookie)[\"']?\s*[:=]\s*[\"']?)(?P<secret>[^\s=\"'\\]+=[^\r\n\"'\\]*)",
    ),
    (
        ("bearer",),
        rf"(?P<label>\b(?i:bearer)\s+){_KEYISH}(?P<secret>[A-Za-z0-9._~+/=-]{{8,}})",
    ),
    (
        r"(?:key|token|secret|access|password|passwd|passphrase)[\"']?\s*[:=]",
        r"(?P<label>(?i:api[-_]?key|subscription-key|functions-key|(?:auth|access|api|private|session|refresh)[-_]?token"
        r"|secret(?:[-_]?access)?(?:[-_]?key)?|password|passwd|passphrase)[\"']?\s*(?::|=>?)\s*[\"']?)"
        rf"{_REFERENCE}{_KEYISH}(?P<secret>[^\s\"'\\,;&<>•…]{{6,}})",
    ),
    (
        ("key=", "token=", "auth=", "sig=", "signature=", "password=", "secret=", "code="),
        r"(?P<label>[?&;](?i:key|api[-_]?key|token|access_token|auth|sig|signature|password|secret|client_secret|code)=)"
        r"(?P<secret>[^&\s\"'#<>•]+)",
    ),
    (
        ("://",),
        rf"(?P<label>://)(?P<secret>[^/\s@\"'<>]*:[^/\s@\"'<>]*|{_KEYISH}[^/\s@\"'<>:]{{12,}})(?=@)",
    ),
    (
        ("private key-----",),
        r"(?P<label>-----BEGIN [A-Z ]*PRIVATE KEY-----)(?P<secret>[^-•]{16,})",
    ),
    (
        ("sk-", "sk_", "pk-", "pk_", "rk-", "rk_"),
        r"(?<![A-Za-z0-9_-])(?P<word>sk[-_](?:[A-Za-z0-9_-]|[.+/=~](?=[A-Za-z0-9])){12,}|[pr]k[-_]"
        rf"{_KEYISH}[A-Za-z0-9_-]{{16,}})",
    ),
    (
        (
            "gsk_",
            "xai-",
            "hf_",
            "r8_",
            "fw_",
            "csk-",
            "pplx-",
            "key-",
            "ak-",
            "ark-",
            "ghp_",
            "gho_",
            "ghs_",
            "ghu_",
            "ghr_",
        ),
        r"(?<![A-Za-z0-9_-])(?P<word>(?:gsk_|xai-|hf_|r8_|fw_|csk-|pplx-|key-|ak-|ark-|gh[opsur]_)[A-Za-z0-9]{20,})",
    ),
    (
        ("nvapi-", "tgp_", "github_pat_", "glpat-", "xox", "pa-", "ops_", "hvs.", "ya29.", "bce-v3/"),
        r"(?<![A-Za-z0-9_-])(?P<word>(?:nvapi-|tgp_v1_|github_pat_|glpat-|xox[abeoprs]-|pa-|ops_|hvs\.|ya29\.|bce-v3/)"
        rf"{_KEYISH}[A-Za-z0-9_/-]{{20,}})",
    ),
    (
        ("aiza", "akia", "asia"),
        r"(?<![A-Za-z0-9_-])(?P<word>AIza[A-Za-z0-9_-]{30,}|A[KS]IA[A-Z0-9]{16})",
    ),
    (
        ("eyj",),
        r"(?<![A-Za-z0-9_-])(?P<word>eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?)",
    ),
    (
        (".",),
        r"(?<![A-Za-z0-9_-])(?P<word>[0-9a-f]{32}\.[A-Za-z0-9]{16})(?![A-Za-z0-9])",  # Zhipu: id.secret
    ),
)
"""Compiled when first tried (re keeps them): a switch that prints one harmless line pays for none."""


def redact(text: str, known: Iterable[Secret] = ()) -> str:
    """`text` without anything that is or looks like a key; applying it twice changes nothing more.

    Masks the value of every Secret made in this process and of those `known`,
    in the forms of forms_of(); credential headers, cookies, labelled values,
    key-like query parameters, `user:password@` in URLs, and words in the shape
    of known vendors' keys. Prose, model names and hashes stay as they are.
    """
    values = _seen.union(s.reveal() for s in known) if known else _seen
    for _ in range(4):  # a mask may bring two harmless halves together; the second round mostly finds nothing
        before, text = text, _redact_once(text, values)
        if text == before:
            break
    return text


def covered(text: str) -> str:
    """`text` as long as it is, with a dot for every character that `redact` masks: for a field one types in."""
    for _ in range(4):
        before, text = text, _redact_once(text, _seen, _dotted)
        if text == before:
            break
    return text


def _dotted(match: re.Match[str]) -> str:
    import unicodedata

    parts = match.groupdict()
    label = parts.get("label") or ""
    hidden = match[0][len(label) :]
    return label + "".join("＊" if unicodedata.east_asian_width(c) in "WF" else "•" for c in hidden)


def _redact_once(text: str, values: Iterable[str], masked: Callable[[re.Match[str]], str] | None = None) -> str:
    for value in sorted(values, key=len, reverse=True):
        forms = _forms.get(value)
        if forms is None:
            forms = _forms[value] = forms_of(value)
        for form in forms:
            if form in text:
                # with what the word goes on with: a longer key that begins like a shorter one
                text = re.sub(re.escape(form) + "[A-Za-z0-9_=-]*", masked or MASK, text)
    lowered = text.lower()
    for triggers, pattern in _RULES:
        if _triggered(triggers, lowered):
            text = re.sub(pattern, masked or _masked, text)
    return text


def _triggered(triggers: tuple[str, ...] | str, lowered: str) -> bool:
    if isinstance(triggers, str):
        return re.search(triggers, lowered) is not None
    return any(trigger in lowered for trigger in triggers)


def _masked(match: re.Match[str]) -> str:
    parts = match.groupdict()
    return mask(parts["word"]) if "word" in parts else parts["label"] + MASK
