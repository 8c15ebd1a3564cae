"""What must not be imported: other switchers' local proxies, and the tokens they put in a key's place.

Pure. Importing one would make a profile that points at the tool it came from,
and through it, perhaps, at us again.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from ccswitch_tui.net.hosts import is_this_machine
from ccswitch_tui.profiles.draft import Candidate, Draft
from ccswitch_tui.profiles.url import url_host
from ccswitch_tui.sentence import NOTHING, Sentence, say

PLACEHOLDER_TOKENS = frozenset({"PROXY_MANAGED", "ccs-internal-managed", "ccr-local", "PROXY_TOKEN_PLACEHOLDER"})
"""Written by cc-switch, ccs and claude-code-router where their own proxy answers."""

PROXY_PORTS = {
    15721: "cc-switch's proxy",
    3456: "claude-code-router's gateway",
    3457: "claude-code-router's gateway",
    3458: "claude-code-router's gateway",
    8317: "CLIProxyAPI",
}
"""Default ports of local proxies; a server of the user's own on one of these is rare (3456 is CCR's and ccs's)."""

_OURS = re.compile(r"/p/[^/]+/?$")


def why_a_loop(draft: Draft) -> Sentence:
    """Why importing this would go in a circle; "" when it would not."""
    if draft.secret is not None and draft.secret.reveal() in PLACEHOLDER_TOKENS:
        return say("its key is a placeholder of the tool's own proxy")
    if draft.endpoint is None:
        return NOTHING
    base = draft.endpoint.base_url
    if not is_this_machine(url_host(base)):
        return NOTHING
    if _OURS.search(base):
        return say("it points at ccswitch-tui's own proxy")
    port = urlsplit(base).port
    return say("it points at {program} on this machine", program=PROXY_PORTS[port]) if port in PROXY_PORTS else NOTHING


def checked(name: str, draft: Draft, *, in_use: bool = False, insist: bool = False) -> Candidate:
    """A candidate of this draft, refused when it has no address or would be a loop."""
    if draft.endpoint is None:
        return Candidate(name, None, draft.unusable or say("it names no address"), in_use)
    loop = why_a_loop(draft)
    if loop and not insist:
        return Candidate(name, None, loop, in_use)
    return Candidate(name, draft._replace(name=name), NOTHING, in_use)
