"""Corporate networks of one machine: HTTP proxies that want a password, forbid, or open the encryption; SOCKS."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from kit.net import free_port_number, is_listening, wait_until
from kit.parts import need_part


class CorporateProxy(NamedTuple):
    """A running HTTP proxy on loopback."""

    port: int
    ca_file: Path | None = None
    """What it signs intercepted connections with."""

    def url(self, user: str = "") -> str:
        """Its address, with `user:password` if given."""
        return f"http://{user}@127.0.0.1:{self.port}" if user else f"http://127.0.0.1:{self.port}"


class SocksProxy(NamedTuple):
    """A running SOCKS5 server on loopback."""

    port: int

    def url(self, user: str = "", scheme: str = "socks5h") -> str:
        """Its address, with `user:password` if given."""
        return f"{scheme}://{user}@127.0.0.1:{self.port}" if user else f"{scheme}://127.0.0.1:{self.port}"


@contextlib.contextmanager
def _running(command: list[str], port: int, env: dict[str, str] | None = None) -> Iterator[None]:
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               env=env)  # fmt: skip
    try:
        wait_until(lambda: is_listening(port), 20, command[0])
        yield
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
        if process.poll() is None:
            process.kill()
            process.wait()


@contextlib.contextmanager
def tinyproxy(folder: Path, *, password: str = "", connect_port: int | None = None) -> Iterator[CorporateProxy]:
    """tinyproxy; with `password` it wants `corp:PASSWORD`, with `connect_port` it allows CONNECT to that port only."""
    program = need_part("tinyproxy")
    port = free_port_number()
    conf = folder / "tinyproxy.conf"
    lines = [f"Port {port}", "Listen 127.0.0.1", "Timeout 20", "LogLevel Critical", f'LogFile "{folder}/tiny.log"']
    lines += [f"BasicAuth corp {password}"] if password else []
    lines += [f"ConnectPort {connect_port}"] if connect_port else []
    conf.write_text("\n".join(lines) + "\n")
    with _running([str(program), "-d", "-c", str(conf)], port):
        yield CorporateProxy(port)


@contextlib.contextmanager
def microsocks(*, password: str = "") -> Iterator[SocksProxy]:
    """microsocks, a SOCKS5 server; with `password` it wants `corp:PASSWORD`."""
    program = need_part("microsocks")
    port = free_port_number()
    command = [str(program), "-i", "127.0.0.1", "-p", str(port)]
    with _running([*command, *(["-u", "corp", "-P", password] if password else [])], port):
        yield SocksProxy(port)


@contextlib.contextmanager
def squid(folder: Path, *, allow: bool = True) -> Iterator[CorporateProxy]:
    """squid, which allows everything or nothing."""
    program = need_part("squid")
    port = free_port_number()
    folder.chmod(0o777)
    conf = folder / "squid.conf"
    rule = "http_access allow all" if allow else "http_access deny all"
    conf.write_text(
        f"http_port 127.0.0.1:{port}\n{rule}\ncache deny all\naccess_log none\ncache_log /dev/null\npid_filename none\n"
        f"coredump_dir {folder}\nshutdown_lifetime 0 seconds\n"
    )
    with _running([str(program), "-N", "-f", str(conf)], port):
        yield CorporateProxy(port)


@contextlib.contextmanager
def mitmproxy(folder: Path, *, password: str = "") -> Iterator[CorporateProxy]:
    """mitmproxy with an authority of its own: what a company's middlebox does."""
    program = need_part("mitmdump")
    port = free_port_number()
    command = [str(program), "--listen-host", "127.0.0.1", "-p", str(port), "-q", "--set", f"confdir={folder}"]
    command += ["--set", "ssl_insecure=true", "--set", "connection_strategy=lazy"]
    command += ["--set", f"proxyauth=corp:{password}"] if password else []
    with _running(command, port, {"HOME": str(folder), "PATH": os.environ.get("PATH", "")}):
        yield CorporateProxy(port, folder / "mitmproxy-ca-cert.pem")
