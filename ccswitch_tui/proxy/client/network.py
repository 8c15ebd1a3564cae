"""The network between us and an endpoint: which proxy, which certificates. No connection is made here.

One rule: loopback is never sent through a proxy of the environment (a corporate
HTTP_PROXY answers it with 502). Source: the variables as curl reads them,
curl(1), section ENVIRONMENT.
"""

from __future__ import annotations

import os
import ssl
import sys
from collections.abc import Mapping
from urllib.parse import urlsplit

from ccswitch_tui.net.hosts import is_this_machine
from ccswitch_tui.profiles.model import Endpoint
from ccswitch_tui.sentence import say

SOCKS_SCHEMES = ("socks5", "socks5h", "socks")
"""`socks5` resolves names here, `socks5h` at the proxy, as with curl. `socks` is what GNOME writes into ALL_PROXY: it
is SOCKS5 there, and the proxy resolves."""

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


def is_socks(proxy: str | None) -> bool:
    """True for a proxy that speaks SOCKS, which Claude Code itself cannot use."""
    return proxy is not None and proxy.startswith(SOCKS_SCHEMES)


def tls_context(endpoint: Endpoint, env: Mapping[str, str], home: str) -> ssl.SSLContext:
    """Certificates for this endpoint: the system's, the environment's extra ones, the profile's own.

    Raises NetworkSettingError naming the file that cannot be used. There is no
    switch that turns verification off.
    """
    context = _system_context()
    if not _asks_the_system(context) and not any(_usable(path) for path in _system_places()):
        _add_certifi(context)
    for name in ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"):
        # What Claude Code itself trusts, the proxy that stands in its place trusts too.
        if env.get(name):
            _add_authority(context, env[name], name, home)
    if endpoint.ca_file:
        _add_authority(context, endpoint.ca_file, "ca_file", home)
    if endpoint.client_cert:
        _add_client_certificate(context, endpoint, home)
    return context


def _system_context() -> ssl.SSLContext:
    """One that trusts what this system trusts: on Windows and macOS that is not in files, and OpenSSL reads only those.

    A company's own authority is in the Keychain, where browsers and Claude Code find it; Windows gets the well-known
    ones when they are first asked for.
    """
    if sys.platform in ("win32", "darwin"):
        try:
            import truststore

            return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        except ImportError:  # an older macOS
            pass
    return ssl.create_default_context()


def _asks_the_system(context: ssl.SSLContext) -> bool:
    return type(context).__module__.startswith("truststore")


def _system_places() -> tuple[str | None, str | None]:
    places = ssl.get_default_verify_paths()
    return places.cafile, places.capath


def _usable(path: str | None) -> bool:
    if not path:
        return False
    return os.path.isfile(path) or (os.path.isdir(path) and bool(os.listdir(path)))


def _add_certifi(context: ssl.SSLContext) -> None:
    """Some builds of Python (macOS) know no authority at all."""
    try:
        import certifi
    except ImportError:
        return
    context.load_verify_locations(certifi.where())


def _add_authority(context: ssl.SSLContext, path: str, name: str, home: str) -> None:
    try:
        context.load_verify_locations(_at_home(path, home))
    except (OSError, ssl.SSLError) as error:
        raise NetworkSettingError(
            say("{name} = {path} cannot be used: {words}", name=name, path=path, words=_words(error))
        ) from None


def _add_client_certificate(context: ssl.SSLContext, endpoint: Endpoint, home: str) -> None:
    cert = _at_home(endpoint.client_cert or "", home)
    key = _at_home(endpoint.client_key, home) if endpoint.client_key else None
    try:
        # without `password`, OpenSSL would ask for one on the terminal
        context.load_cert_chain(cert, key, password=lambda: b"")
    except (OSError, ssl.SSLError) as error:
        raise NetworkSettingError(
            say("client_cert = {path} cannot be used: {words}", path=endpoint.client_cert, words=_words(error))
        ) from None


def _words(error: OSError) -> str:
    return "it is encrypted or no certificate" if isinstance(error, ssl.SSLError) else (error.strerror or str(error))


def _at_home(path: str, home: str) -> str:
    return os.path.join(home, path[2:]) if path.startswith("~/") else path
