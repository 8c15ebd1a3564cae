"""The same proxy in a thread of this process: for one `run`, the demo, probes and tests."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import quote

from ccswitch_tui.profiles.model import Profile
from ccswitch_tui.proxy.background.state_record import new_control, new_token
from ccswitch_tui.proxy.books.traffic import Traffic
from ccswitch_tui.proxy.books.usage import UsageBook
from ccswitch_tui.proxy.loop import new_loop
from ccswitch_tui.proxy.server import ProxySettings, RunningProxy
from ccswitch_tui.proxy.sources import FileProfiles, FixedProfiles
from ccswitch_tui.secret import Secret

START_S = 15.0


class EmbeddedProxy:
    """`with EmbeddedProxy(profiles, resolve_key) as proxy:` listens inside, and has ended outside."""

    def __init__(
        self,
        profiles: Mapping[str, Profile] | FileProfiles,
        resolve_key: Callable[[Profile], Secret | None],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        token: Secret | None = None,
        control: Secret | None = None,
        env: Mapping[str, str] | None = None,
        root_profile: str | None = None,
        drain_s: float = 0.0,
        usage: UsageBook | None = None,
        answers: str = "",
        prices: str = "",
    ) -> None:
        self.token = token or new_token()
        self.control = control or new_control()
        self.host = host
        self.port = port
        self._drain_s = drain_s
        self._settings = ProxySettings(
            profiles=profiles if isinstance(profiles, FileProfiles) else FixedProfiles(profiles),
            resolve_key=resolve_key,
            token=self.token.reveal(),
            control=self.control.reveal(),
            env=env or {},
            home=os.path.expanduser("~"),
            host=host,
            port=port,
            root_profile=root_profile,
            usage=usage,
            answers=answers,
            prices=prices,
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._proxy: RunningProxy | None = None
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._failure: BaseException | None = None

    @property
    def traffic(self) -> Traffic:
        """What passed through; read it from another thread with care, it goes on changing."""
        assert self._proxy is not None
        return self._proxy.traffic

    def base_url(self, name: str) -> str:
        """What ANTHROPIC_BASE_URL is for sessions of this profile."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/p/{quote(name, safe='')}"

    @property
    def serving(self) -> bool:
        """Its thread has not ended."""
        return self._thread is not None and self._thread.is_alive()

    def set_profiles(self, profiles: Mapping[str, Profile]) -> None:
        """Serves these profiles from the next request on."""
        assert self._proxy is not None
        self._proxy.relay.profiles = FixedProfiles(profiles)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._serve, name="ccswitch-proxy", daemon=True)
        self._thread.start()
        if not self._ready.wait(START_S):
            raise TimeoutError("the embedded proxy did not start")
        if self._failure is not None:
            self._thread.join()
            raise self._failure
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop is not None and self._proxy is not None:
            with suppress(RuntimeError):  # it was told to stop by a request, and its loop is closed
                self._loop.call_soon_threadsafe(self._proxy.stopping.set)
        if self._thread is not None:
            self._thread.join(self._drain_s + START_S)

    def _serve(self) -> None:
        try:
            with asyncio.Runner(loop_factory=new_loop) as runner:
                runner.run(self._main())
        except BaseException as error:  # raised again in our starter
            self._failure = error
        finally:
            self._ready.set()

    async def _main(self) -> None:
        proxy = RunningProxy(self._settings)
        await proxy.start()
        self.port = proxy.port
        self._loop, self._proxy = asyncio.get_running_loop(), proxy
        self._ready.set()
        await proxy.stopping.wait()
        await proxy.close(self._drain_s)
