"""Results are text of strangers: what may be shown of it. Pure.

The client passes titles and text on to the model and to the terminal unchanged,
control characters and `<system-reminder>` included (measured with 2.1.330), so
the cleaning is ours. It dampens, it does not cure: a page can still lie.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from ccswitch_tui.search.addresses import address, is_within, page_of
from ccswitch_tui.search.model import Answered, Found, Hit, Wanted

LONGEST_TITLE = 200
LONGEST_SNIPPET = 700
LONGEST_AGE = 40

_SILENT = re.compile(r"<(script|style)\b[^>]{0,300}>.{0,2000}?</\1\s{0,9}>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(
    r"</?(?:a|abbr|b|br|cite|code|div|em|font|h[1-6]|i|img|li|mark|ol|p|pre|script|small|span|strong|style|sub|sup"
    r"|table|td|th|tr|u|ul|wbr)(?:\s[^<>]{0,6000})?/?>|<!\[CDATA\[|\]\]>",
    re.IGNORECASE,
)
"""HTML by name, so that `vector<int>` and `a < b` stay what they are."""

_CLIENTS_OWN = re.compile(r"<(?=/?[A-Za-z]{1,40}(?:[-_][A-Za-z]{1,40}))")
"""`<system-reminder>`, `<persisted-output>`: what Claude Code itself marks up is hyphenated."""


def plain(text: Any, most: int) -> str:
    """`text` as one line of at most `most` characters without markup, controls, bidi marks or zero widths."""
    if not isinstance(text, str):
        return ""
    import html
    import unicodedata  # both here: what nobody searches with, nobody needs

    bare = _without_tags(html.unescape(_without_tags(text[: 8 * most])))
    printable = "".join(c if c in "\n\t" or unicodedata.category(c)[0] != "C" else " " for c in bare)
    line = " ".join(_CLIENTS_OWN.sub("‹", printable).split())
    return line if len(line) <= most else line[: most - 1] + "…"


def _without_tags(text: str) -> str:
    return _TAG.sub(" ", _SILENT.sub(" ", _without_comments(text)))


def _without_comments(text: str) -> str:
    """What no reader of the page sees."""
    kept, place = [], 0
    while (begin := text.find("<!--", place)) >= 0 and (end := text.find("-->", begin)) >= 0:
        kept.append(text[place:begin])
        place = end + len("-->")
    return " ".join([*kept, text[place:]])


def is_wished(url: str, wanted: Wanted) -> bool:
    """Whether the request's domain lists admit this page."""
    if wanted.allowed and not any(is_within(url, rule) for rule in wanted.allowed):
        return False
    return not any(is_within(url, rule) for rule in wanted.blocked)


def cleaned(answered: Answered, wanted: Wanted, *, source: str, most: int, longest_summary: int) -> Found:
    """What a source said, as it may be shown: duplicates, foreign domains and odd addresses out, texts cut."""
    hits: dict[str, Hit] = {}
    left_out = 0
    for raw in answered.hits:
        url = address(raw.url)
        page = page_of(url) if url else ""
        if not url or page in hits:
            continue
        if not is_wished(url, wanted):
            left_out += 1
            continue
        title = plain(raw.title, LONGEST_TITLE) or urlsplit(url).hostname or url
        hits[page] = Hit(title, url, plain(raw.snippet, LONGEST_SNIPPET), plain(raw.age, LONGEST_AGE) or None)
    return Found(
        query=wanted.query,
        source=source,
        hits=tuple(hits.values())[:most],
        summary=plain(answered.summary, longest_summary),
        left_out=left_out,
    )
