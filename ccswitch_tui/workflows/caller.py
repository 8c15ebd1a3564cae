"""The helper looks before it prints: where would the client that asks send the credential?

Claude Code runs the helper of the user's settings also when somebody else
decides the address: another switcher, a project's settings, `--settings`. It
passes the winning ANTHROPIC_BASE_URL in the helper's environment, but not
always what a project's files say, and it runs the helper in the session's
folder. Both measured with 2.1.330 (tests/real/test_real_helper_guard.py).
Loads little: `key` is called at every start.
"""

from __future__ import annotations

import json
import os

from ccswitch_tui.credentials.hosts import same_origin
from ccswitch_tui.errors import KeyStoreError
from ccswitch_tui.sentence import say
from ccswitch_tui.textfile import read_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ccswitch_tui.profiles.model import Profile
    from ccswitch_tui.workflows.context import Context

NAME = "ANTHROPIC_BASE_URL"
VENDOR = "https://api.anthropic.com"
"""Where Claude Code goes when the variable is empty."""

PROJECT_FILES = ("settings.local.json", "settings.json")
"""Strongest first."""

LARGEST_SETTINGS = 4_000_000


def check_caller(ctx: Context, profile: Profile, *, over_project: bool = False) -> None:
    """Raises KeyStoreError when the session that asks would send the credential to another origin than the profile's.

    `over_project`: the helper stands in a file for `--settings`, which beats the folder's.
    """
    own = ctx.proxy.base_url(profile.name) if profile.route == "proxy" else profile.endpoint.base_url
    asked = [(ctx.env[NAME], "")] if ctx.env.get(NAME) else []
    if not over_project and "CLAUDE_CODE_ENTRYPOINT" in ctx.env:
        asked += _of_folder(ctx.cwd)
    for address, file in asked:
        if not same_origin(address or VENDOR, own):
            raise _refusal(ctx, profile, address, file)


def _of_folder(folder: str) -> list[tuple[str, str]]:
    """The address the folder's own settings give, with the file; nothing when they give none."""
    for name in PROJECT_FILES:
        path = os.path.join(folder, ".claude", name)
        try:
            tree = json.loads(read_file(path, LARGEST_SETTINGS))
            address = tree["env"][NAME]
        except (OSError, ValueError, RecursionError, KeyError, TypeError):
            continue
        return [(address if isinstance(address, str) else str(address), path)]
    return []


def _refusal(ctx: Context, profile: Profile, address: str, file: str) -> KeyStoreError:
    from ccswitch_tui.secret import redact

    what = (
        say("the key of '{name}'", name=profile.name)
        if profile.route == "direct"
        else say("the proxy's token for '{name}'", name=profile.name)
    )
    return KeyStoreError(
        say(
            "{what} was withheld: this session talks to {address}, set by {who}, and not to {own}",
            what=what,
            address=redact(address) if address else say("the vendor itself"),
            who=file or _who(ctx, address),
            own=_origin(ctx, profile),
        ),
        hint=say(
            ("start it as 'ccswitch-tui run {name}', remove ANTHROPIC_BASE_URL there, or 'ccswitch-tui use {name}'"),
            name=profile.name,
        ),
        kind="key-host",
    )


def _origin(ctx: Context, profile: Profile) -> str:
    if profile.route == "proxy":
        host, port = ctx.proxy.address()
        return f"http://{host}:{port}"
    return "/".join(profile.endpoint.base_url.split("/")[:3])


def _who(ctx: Context, address: str) -> str:
    """Whoever gives that address, in words."""
    from ccswitch_tui.claude.layers import LABELS, effective

    for place in effective(ctx.settings.layers(), f"env.{NAME}").places:
        if place.layer != "environment" and place.value == address:
            return place.file or LABELS[place.layer]
    return say("the environment or --settings")
