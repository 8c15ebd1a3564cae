"""What is done about a failure: told to the client as what, repeated here, asked of another endpoint, tried again.

One row a status, as the failure is understood (errors.py sorts what an endpoint said into these). Repeats here
follow reasons and not statuses: a lesson (`Failure.learned`), a changed field (`Failure.retry_with`), a stale
connection, a new key; the row says which reasons there are. Nothing is repeated after the first byte of an answer.
"""

from __future__ import annotations

from collections.abc import Mapping

from ccswitch_tui.record import NamedTuple

HOPELESS = {"x-should-retry": "false"}
"""Claude Code obeys this for every status: it fails at once instead of trying for three minutes."""

GONE = 410
"""What Claude Code shows as it is, at once."""

MOST_REPEATS = 5
"""On one endpoint: each repeat needs a new reason, and no endpoint was seen to have more than three."""


class Row(NamedTuple):
    """One status."""

    means: str
    told: int
    """What Claude Code gets, which sends its session's id; any other client gets the status itself."""
    here: str = ""
    """What the same endpoint is asked once more for."""
    elsewhere: bool = False
    """Whether a fall-back the user declared is asked. A wrong key or model is for the user to fix, and not to be
    covered up by quietly spending at another endpoint."""
    final: bool = False
    """The client is told not to try again: a wrong key costs the user three minutes otherwise."""


POLICY: Mapping[int, Row] = {
    400: Row("the request is refused", 400, here="a lesson, or a broken tool call", final=True),
    401: Row("the key is refused", GONE, here="a key that was changed meanwhile", final=True),
    402: Row("the account has no credit", 402, elsewhere=True, final=True),
    403: Row("this is not allowed", GONE, final=True),
    404: Row("there is no such model or address", GONE, final=True),
    413: Row("the request is too large", 413, here="a smaller answer asked for", final=True),
    429: Row("too many requests", 429, elsewhere=True),
    500: Row("the endpoint failed", 500, elsewhere=True),
    502: Row("the endpoint cannot be reached, or its answer is none", 502, here="a stale connection", elsewhere=True),
    504: Row("the endpoint took too long", 504, elsewhere=True),
    529: Row("the endpoint is overloaded", 529, elsewhere=True),
}
"""For a 404 Claude Code hides the message behind a sentence of its own about the model, and asks once more without a
stream; after a 401 or 403 it runs its key helper again, which cannot have another answer, and tries for three minutes
whatever `x-should-retry` says (measured with every body and header; tests/real)."""

UNKNOWN = Row("something else", 0)


def row_of(status: int) -> Row:
    """What is done about a status; nothing about one that no failure has."""
    return POLICY.get(status, UNKNOWN)


def status_for(status: int, session: str, *, hopeless: bool = False) -> int:
    """The status this client is to get. `session`: its x-claude-code-session-id, which only Claude Code sends.

    `hopeless`: a refused request that no change the client knows can cure. Claude Code answers a 400 with up to six
    changed requests, and translated they are all the same.
    """
    if not session:
        return status
    return GONE if hopeless else row_of(status).told or status
