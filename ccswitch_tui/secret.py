"""A string that cannot show itself, and the filter for text that leaves the process.

A key is a `Secret` from the moment it is read to the moment it goes into a
header or a pipe. `str`, `repr`, `format`, `json` and `pickle` never yield it;
`reveal()` is the one way, and easy to search for.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

MASK = "••••"

Masked = Callable[[re.Match[str]], str]
"""What stands for what was found."""

_seen: set[str] = set()
"""Values of every Secret made in this process, so that redact() knows them
wherever they turn up. In memory only."""

_forms: dict[str, tuple[tuple[str, ...], tuple[tuple[int, str], ...]]] = {}
"""The same values as text may carry them, and the parts that give one away; filled when first redacted."""

_core_dumps_forbidden = False

MASKING = re.compile("[•…]")
"""What masks are made of. No key has these; a value that has is a mask already."""

SHORTEST_KNOWN = 8
"""A shorter value (a local server's "none", "key", "1234") is too common a word to mask everywhere."""


def forbid_core_dumps() -> None:
    """Keeps the memory of a process that holds a key out of core files.

    A limit of one byte rather than zero: Linux ignores zero for a core pattern
    that is a pipe, and takes one as "no core" everywhere. Source: core(5).
    """
    global _core_dumps_forbidden
    _core_dumps_forbidden = True
    if sys.platform == "win32":  # writes no core files by itself
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    if hard == resource.RLIM_INFINITY or hard >= 1:
        resource.setrlimit(resource.RLIMIT_CORE, (1, hard))


class Secret:
    """One secret value. Compares in constant time; never prints, encodes or pickles."""

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        if not _core_dumps_forbidden:
            forbid_core_dumps()
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
    """The ways a value turns up in text, longest first: plain, JSON- and URL-escaped, repr, base64, hex, backwards.

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
    forms |= {raw.hex(), raw.hex().upper(), value[::-1]}
    return tuple(sorted(forms, key=len, reverse=True))


PART, STEP = 16, 4
"""This many characters in a row are looked for at every fourth place of a key: whoever cuts one up, or repeats all but
its last character, shows no run of twenty."""


def parts_of(value: str) -> tuple[tuple[int, str], ...]:
    """Places in a long value, and the characters from there on that give a part of it away.

    Only of one word: an address or a path that was taken for a key has parts that are anybody's.
    """
    if len(value) < PART + STEP or not re.fullmatch(r"[A-Za-z0-9_.~+=-]+", value):
        return ()
    places = {*range(0, len(value) - PART + 1, STEP), len(value) - PART}
    return tuple((place, value[place : place + PART]) for place in sorted(places))


_ESCAPES = re.compile(r"%([0-9A-Fa-f]{2})|&#[xX]0*([0-9A-Fa-f]{2});|&#0*(\d{2,3});|\\(?:u00|x)([0-9A-Fa-f]{2})")
"""One ASCII character as a URL, HTML or a string literal may write it."""


def _unescaped(text: str) -> tuple[str, list[int]] | None:
    """`text` with such escapes read, and where each character of it began (and the end); None without any."""
    pieces: list[str] = []
    places: list[int] = []
    end = 0
    for found in _ESCAPES.finditer(text):
        pieces.append(text[end : found.start()])
        places += range(end, found.start())
        percent, hexadecimal, decimal, literal = found.groups()
        code = int(decimal) if decimal else int(percent or hexadecimal or literal, 16)
        pieces.append(chr(code) if 32 < code < 127 else "\0")
        places.append(found.start())
        end = found.end()
    if not end:
        return None
    return "".join([*pieces, text[end:]]), [*places, *range(end, len(text) + 1)]


_KEYISH = r"(?=[^\s\"'\\,;&<>]{0,24}\d|[^\s\"'\\,;&<>]{24})"
"""A digit somewhere, or very long: what sets a key apart from a word of prose after the same label. To look further
than 24 characters for the digit changes nothing, and took a text of labels the square of its length."""

_REFERENCE = r"(?!(?:env|keyring|command):|os\.environ|process\.env|[$%{<*])"
"""A pointer to a key, or a placeholder, may be shown."""

_NO_VARIABLE = r"(?!(?:(?i:bearer|basic|token|apikey)\s+)?(?:\$(?:\{?\w+\}?|env:\w+)|%\w+%)[\"']?\s*(?:$|[\r\n\\]))"
"""A shell's variable and nothing else stands for the key: a command to copy must keep it."""

_NO_REFERENCE = (
    r"(?!(?:(?i:bearer|basic|token|apikey)\s+)?"
    r"(?:(?:(?:env|keyring):[\w./-]+|os\.environ/\w+|\$?\{\{\s*(?:secrets|env)\.\w+\s*\}\})[\"']?(?:[\s,)]|$)|command:))"
)
"""Where a secret header's value is, in the words of profiles.toml, LiteLLM or Continue: named like the header."""

_RULES: tuple[tuple[tuple[str, ...] | str, str], ...] = (
    # What must be in the text, in lower case, for the pattern to be tried at all (words, or a pattern that is
    # searched fast); and the pattern: `label` stays, `secret` is masked whole, `word` is shortened so that it
    # can be recognised.
    (
        ("authorization",),
        rf"(?P<label>(?i:authorization)[\"']?\s*+[:=]\s*+[\"']?{_NO_VARIABLE}{_NO_REFERENCE}"
        r"(?:(?i:bearer|basic|token|apikey)\s++)?)"
        r"(?!(?i:bearer|basic|token)(?:[\"'`).,;]|\s*$))(?P<secret>[^\s\"',;<>\\•][^\r\n\"'\\]*)",
    ),
    (
        ("cookie",),
        r"(?P<label>(?i:cookie)[\"']?\s*+[:=]\s*+[\"']?)(?P<secret>[^\s=\"'\\]{1,200}+=[^\r\n\"'\\]*)",
    ),
    (
        ("bearer",),
        rf"(?P<label>\b(?i:bearer)\s+){_KEYISH}(?P<secret>[A-Za-z0-9._~+/=-]{{8,}})",
    ),
    (
        r"(?:key|token|secret|access|password|passwd|passphrase)[\"']?\s*[:=]",
        r"(?P<label>(?i:api[-_]?key|subscription-key|functions-key|(?:auth|access|api|private|session|refresh)[-_]?token"
        r"|secret(?:[-_]?access)?(?:[-_]?key)?|password|passwd|passphrase)[\"']?\s*+(?::|=>?)\s*+[\"']?)"
        rf"{_REFERENCE}{_KEYISH}(?P<secret>[^\s\"'\\,;&<>•…]{{6,}})",
    ),
    (
        ("key=", "token=", "auth=", "sig=", "signature=", "password=", "secret=", "code="),
        r"(?P<label>[?&;](?i:key|api[-_]?key|token|access_token|auth|sig|signature|password|secret|client_secret|code)=)"
        r"(?P<secret>[^&\s\"'#<>•]+)",
    ),
    (
        ("://",),
        rf"(?P<label>://)(?P<secret>[^/\s@\"'<>:]*+:[^/\s@\"'<>]*+|{_KEYISH}[^/\s@\"'<>:]{{12,}}+)(?=@)",
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


def redact_cut(text: str, most: int) -> str:
    """The first `most` characters, masked; of a word that the cut goes through nothing stays, for it may be a key."""
    if len(text) <= most:
        return redact(text)
    whole = len(text[:most].rstrip(_WORD))
    return redact(text[: max(whole, most - 8192)]) + "…"


_WORD = "".join(filter(re.compile("[A-Za-z0-9._~+/=%-]").match, map(chr, range(128))))
"""What a key is made of. Taken off the end by hand: a pattern that looks for the end tries every place in a picture."""


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


def _redact_once(text: str, values: Iterable[str], masked: Masked | None = None) -> str:
    ordered = sorted(values, key=len, reverse=True)
    text = _without_escaped(text, ordered, masked)
    for value in ordered:
        if value not in _forms:
            _forms[value] = forms_of(value), parts_of(value)
        for form in _forms[value][0]:
            if form in text:
                # with what the word goes on with: a longer key that begins like a shorter one
                text = re.sub(re.escape(form) + "[A-Za-z0-9_=-]*", masked or MASK, text)
    for value in ordered:  # after every whole one: a part that two keys share would leave the rest of the other
        for place, part in _forms[value][1]:
            if part in text:
                text = _without_part(text, value, place, masked)
    lowered = text.lower()
    for triggers, pattern in _RULES:
        if _triggered(triggers, lowered):
            text = re.sub(pattern, masked or _masked, text)
    return text


def _without_part(text: str, value: str, place: int, masked: Masked | None) -> str:
    """Every run of `value` around the part at `place` masked, as far as it goes on to be the value."""
    spans, done = [], 0
    while (start := text.find(value[place : place + PART], done)) >= 0:
        end, before, after = start + PART, place, place + PART
        while start > done and before and text[start - 1] == value[before - 1]:
            start, before = start - 1, before - 1
        while end < len(text) and after < len(value) and text[end] == value[after]:
            end, after = end + 1, after + 1
        spans.append((start, end))
        done = end
    return _without_spans(text, spans, masked)


def _without_escaped(text: str, values: list[str], masked: Masked | None) -> str:
    """Values written with escapes, all or some of their characters, masked."""
    plain = _unescaped(text) if values else None
    if plain is None:
        return text
    shown, places = plain
    spans: list[tuple[int, int]] = []
    for value in values:
        at = shown.find(value)
        while at >= 0:
            spans.append((places[at], places[at + len(value)]))
            at = shown.find(value, at + len(value))
    return _without_spans(text, spans, masked)


def _without_spans(text: str, spans: list[tuple[int, int]], masked: Masked | None) -> str:
    whole_spans: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if whole_spans and start < whole_spans[-1][1]:  # one value inside another, or over its end
            start, before = whole_spans.pop()
            end = max(before, end)
        whole_spans.append((start, end))
    pieces, done = [], 0
    for start, end in whole_spans:
        whole = re.fullmatch("(?s).*", text[start:end])
        assert whole is not None
        pieces += [text[done:start], masked(whole) if masked else MASK]
        done = end
    return "".join([*pieces, text[done:]])


def _triggered(triggers: tuple[str, ...] | str, lowered: str) -> bool:
    if isinstance(triggers, str):
        return re.search(triggers, lowered) is not None
    return any(trigger in lowered for trigger in triggers)


def _masked(match: re.Match[str]) -> str:
    parts = match.groupdict()
    return mask(parts["word"]) if "word" in parts else parts["label"] + MASK
