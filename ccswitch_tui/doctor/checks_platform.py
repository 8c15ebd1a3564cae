"""What users of Windows and macOS meet first: a proxy that only the system knows, a Python that moves our files. Pure.

Source: Python, "Using Python on Windows" (redirection of AppData by the Store's
package) and `urllib.request.getproxies`; Apple, security(1), launchctl(1).
"""

from __future__ import annotations

from collections.abc import Iterator

from ccswitch_tui.actions import Action
from ccswitch_tui.doctor.picture import Snapshot
from ccswitch_tui.doctor.told import told
from ccswitch_tui.findings import Finding
from ccswitch_tui.net.hosts import is_this_machine
from ccswitch_tui.profiles.url import url_host
from ccswitch_tui.sentence import say

VARIABLES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")


def check_system_proxy(snapshot: Snapshot) -> Iterator[Finding]:
    """A proxy in the system's own settings: browsers use it, Claude Code and this program read variables only."""
    if not snapshot.system_proxy or any(snapshot.env.get(name) for name in VARIABLES):
        return
    for name, profile in snapshot.profiles.items():
        if profile.endpoint.http_proxy or is_this_machine(url_host(profile.endpoint.base_url)):
            continue
        yield told(
            "system-proxy",
            say("the system's settings name {proxy}; Claude Code reads variables only", proxy=snapshot.system_proxy),
            say("where the endpoint cannot be reached without it, name it in the profile"),
            Action("edit", name, (f"endpoint.http_proxy={snapshot.system_proxy}",)),
        )
        return


def check_store_python(snapshot: Snapshot) -> Iterator[Finding]:
    """The Store's Python sees another AppData than every other program."""
    place = snapshot.python_folder.lower()
    if snapshot.platform == "win32" and ("\\windowsapps\\" in place or "pythonsoftwarefoundation.python" in place):
        yield told(
            "store-python",
            say("this Python comes from the Microsoft Store: Windows keeps its files apart from other programs'"),
            say("take Python from python.org or uv, and install ccswitch-tui with it; export your profiles before"),
            "ccswitch-tui list",
            "uv tool install ccswitch-tui",
        )
