"""How an endpoint is reached: directly, or through which proxy. The one answer, for the probe and the proxy. Pure.

One rule: loopback is never sent through a proxy of the environment (a corporate
HTTP_PROXY answers it with 502). Source: the variables as curl reads them,
curl(1), section ENVIRONMENT.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from ccswitch_tui.net.hosts import is_this_machine
from ccswitch_tui.net.proxies import SOCKS_SCHEMES, AnyProxy, HttpProxy, proxy_from_url
from ccswitch_tui.net.url import parse_url
from ccswitch_tui.profiles.model import Endpoint
from ccswitch_tui.record import NamedTuple
from ccswitch_tui.sentence import say

PROXY_SCHEMES = ("http", "https", *SOCKS_SCHEMES)
KNOWN_SCHEMES = "http://, https://, socks5:// and socks5h:// proxies"


class NetworkSettingError(Exception):
    """A certificate or proxy setting cannot be used; the text says which and why."""


def proxy_for(endpoint: Endpoint, scheme: str, host: str, port: int, env: Mapping[str, str]) -> str | None:
    """The proxy for this endpoint, HTTP or SOCKS: its own, else the environment's, else None."""
    if endpoint.http_proxy:
        return _proxy_url(endpoint.http_proxy, "the profile's http_proxy")
    if is_this_machine(host) or bypasses(host, port, env):
        return None
    # HTTP_PROXY in capitals is honoured too: this is no CGI program, where a client could set it.
    for name in (f"{scheme}_proxy", f"{scheme.upper()}_PROXY", "all_proxy", "ALL_PROXY"):
        if env.get(name):
            return _proxy_url(env[name], name)
    return None


def bypasses(host: str, port: int, env: Mapping[str, str]) -> bool:
    """True if NO_PROXY names this host: a name, a domain with its sub-domains, an address, a network, `*`."""
    patterns = (env.get("no_proxy") or env.get("NO_PROXY") or "").replace(",", " ").split()
    return any(_matches(pattern.lower(), host.lower(), port) for pattern in patterns)


def _matches(pattern: str, host: str, port: int) -> bool:
    if pattern == "*":
        return True
    import ipaddress  # here: most have no NO_PROXY

    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(pattern.strip("[]"), strict=False)
    except ValueError:
        pass  # one of them is a name
    name, colon, wanted_port = pattern.rpartition(":")
    if colon and wanted_port.isdecimal():
        if int(wanted_port) != port:
            return False
        pattern = name
    pattern = pattern.removeprefix("*").removeprefix(".").strip("[]")
    return bool(pattern) and (host == pattern or host.endswith("." + pattern))


def _proxy_url(text: str, where: str) -> str:
    url = text if "://" in text else f"http://{text}"
    scheme = url.partition("://")[0].lower()
    if scheme not in PROXY_SCHEMES:
        raise NetworkSettingError(
            say(
                "{where} names a {scheme} proxy; {known} can be used",
                where=where,
                scheme=scheme,
                known=say(KNOWN_SCHEMES),
            )
        )
    try:
        _ = urlsplit(url).port
    except ValueError:
        raise NetworkSettingError(say("{where} names a proxy whose port is not a number", where=where)) from None
    return scheme + url[len(scheme) :]


class Way(NamedTuple):
    """How an endpoint is reached. Two requests with the same way can share a connection."""

    scheme: str
    host: str
    port: int
    proxy: AnyProxy | None = None

    @property
    def absolute(self) -> bool:
        """A plain request to an HTTP proxy names the whole URL, and says who we are."""
        return isinstance(self.proxy, HttpProxy) and self.scheme == "http"

    @property
    def needs_tls(self) -> bool:
        """Some leg of it is encrypted."""
        return self.scheme == "https" or (isinstance(self.proxy, HttpProxy) and self.proxy.scheme == "https")


def way_to(endpoint: Endpoint, env: Mapping[str, str]) -> Way:
    """The way to this endpoint. Raises NetworkSettingError, and ValueError for an address that is none."""
    base = parse_url(endpoint.base_url)
    proxy = proxy_for(endpoint, base.scheme, base.host, base.port, env)
    return Way(base.scheme, base.host, base.port, proxy_from_url(proxy) if proxy else None)
