"""Tables with a row of names on top: exports of password managers and key managers, pieces of spreadsheets.

Pure. Such a file may hold every password of a person: a row is taken only where
its address is an endpoint's, or its secret has the shape of a key.
"""

from __future__ import annotations

import csv
import re

from ccswitch_tui.interop.headers import holds_key
from ccswitch_tui.interop.names import fold, kind_of
from ccswitch_tui.interop.variables import draft_from_pairs
from ccswitch_tui.profiles.draft import Draft
from ccswitch_tui.profiles.url_path import is_page
from ccswitch_tui.secret import Secret
from ccswitch_tui.sentence import say

_ADDRESS = frozenset({"LOGIN_URI", "WEB_SITE", "WEBSITE", "URI", "LOGIN_URL"})
_PASSWORD = frozenset({"PASSWORD", "LOGIN_PASSWORD", "SECRET", "CREDENTIAL"})
_TITLE = frozenset({"NAME", "TITLE", "ACCOUNT"})
"""What 1Password, Bitwarden, LastPass, KeePass and browsers call their columns."""

MOST_ROWS = 5_000
_API = re.compile(r"/(?:v\d\w*|api|anthropic|openai|chat/completions)(?:/|$)")


def draft_from_table(text: str) -> Draft | None:
    """The endpoint of the first row that is one; None where the text is no such table."""
    first = text.strip().partition("\n")[0]
    mark = max(",;\t|", key=first.count)
    cells = first.split(mark)
    if not 2 <= len(cells) <= 60 or "://" in first or any(len(cell.split()) > 3 for cell in cells):
        return None
    try:
        rows = list(csv.reader(text.strip().splitlines()[: MOST_ROWS + 1], delimiter=mark))
    except csv.Error:
        return None
    columns = [_role(fold(cell)) for cell in rows[0]]
    if "url" not in columns or not {"key", "password"} & set(columns) or len(rows) < 2:
        return None
    found = [d for row in rows[1:] if len(row) >= 2 for d in [_draft(dict(zip(columns, row, strict=False)))] if d]
    if not found:
        return Draft(unusable=say("no row of this table holds an endpoint and its key"))
    if len(found) == 1:
        return found[0]
    note = say("it contains {n} endpoints: the first one was used", n=len(found))
    return found[0]._replace(notes=(*found[0].notes, note))


def _role(column: str) -> str:
    if column in _ADDRESS:
        return "url"
    if column in _PASSWORD:
        return "password"
    return "name" if column in _TITLE else kind_of(column)


def _draft(row: dict[str, str]) -> Draft | None:
    url, key, password = (row.get(column, "").strip() for column in ("url", "key", "password"))
    if not re.match(r"https?://|[\w-]+(?:\.[\w-]+)+", url) or not (key or password):
        return None
    if not key and (is_page(url) or not (holds_key(password) or _API.search(url))):
        Secret(password)
        return None
    pairs = [("url", url), ("key", key or password), ("model", row.get("model", ""))]
    return draft_from_pairs(pairs, "a table", name=row.get("name", ""))
