"""Which certificates are trusted on the way to an endpoint, and which one is shown. No connection is made here."""

from __future__ import annotations

import os
import ssl
import sys
from collections.abc import Mapping

from ccswitch_tui.net.way import NetworkSettingError
from ccswitch_tui.profiles.model import Endpoint
from ccswitch_tui.sentence import say


def tls_context(endpoint: Endpoint, env: Mapping[str, str], home: str) -> ssl.SSLContext:
    """Certificates for this endpoint: the system's, the environment's extra ones, the profile's own.

    Raises NetworkSettingError naming the file that cannot be used. There is no
    switch that turns verification off. Reading them takes 25 ms: not for an event loop.
    """
    import encodings.idna  # noqa: F401 - ssl writes every host's name by it, and would load it in the event loop

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
    if isinstance(error, ssl.SSLError):
        return say("it is encrypted, or not a certificate")
    return error.strerror or str(error)


def _at_home(path: str, home: str) -> str:
    return os.path.join(home, path[2:]) if path.startswith("~/") else path
