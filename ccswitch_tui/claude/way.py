"""What keeps a Claude Code that is started here from a base URL on this machine: HTTP proxies of the environment. Pure.

Source: Claude Code 2.1.330 as measured (net/no_proxy.py).
"""

from collections.abc import Sequence

from ccswitch_tui.claude.layers import Layer, effective
from ccswitch_tui.net.hosts import host_in, is_loopback, port_in
from ccswitch_tui.net.no_proxy import (
    NEEDS_SCHEME,
    exempt_variable,
    is_exempt,
    proxy_variable,
    starts_with,
)
from ccswitch_tui.sentence import say


def way_trouble(layers: Sequence[Layer]) -> str:
    """Why the address in the settings cannot be reached, "" where nothing here is in the way."""

    def look(name: str) -> str:
        return str(effective(layers, f"env.{name}").value or "")

    for variable in NEEDS_SCHEME:
        if not starts_with(variable, look(variable)):
            return say("{name} has no http:// in front, and Claude Code does not start with it", name=variable)
    base_url = look("ANTHROPIC_BASE_URL")
    host, name, listed = host_in(base_url), proxy_variable(look), exempt_variable(look)
    if name is None or not base_url.startswith("http://") or not is_loopback(host):
        return ""
    if is_exempt(look(listed), host, port_in(base_url)):
        return ""
    return say(
        "{name} would take requests to {host} to an HTTP proxy: 'use' writes the exception", name=name, host=host
    )
