"""A proxy that listens: sockets, start, graceful end. `serve` is what `proxy serve` runs.

The order of the end: no new connections, idle ones closed, streams finished,
then the rest cut. Nothing of a stream is lost by a SIGTERM.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import time
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from ccswitch_tui.errors import CcswitchError, UsageError
from ccswitch_tui.http11.server import Server
from ccswitch_tui.net.hosts import is_loopback
from ccswitch_tui.proxy.apart.rooms import Rooms
from ccswitch_tui.proxy.background.guarded import AGAIN, ASLEEP, Guarded, is_replaced
from ccswitch_tui.proxy.background.siblings import Siblings
from ccswitch_tui.proxy.books.answers import AnswerBook
from ccswitch_tui.proxy.books.budgets import Budgets
from ccswitch_tui.proxy.books.flow import Flow, log_line
from ccswitch_tui.proxy.books.learned import LearnedQuirks
from ccswitch_tui.proxy.books.prices import PriceBook
from ccswitch_tui.proxy.books.traffic import Traffic
from ccswitch_tui.proxy.books.usage import UsageBook
from ccswitch_tui.proxy.client.upstream import Upstream
from ccswitch_tui.proxy.listen import bind
from ccswitch_tui.proxy.loop import new_loop
from ccswitch_tui.proxy.memory import give_back
from ccswitch_tui.proxy.open_files import most_clients
from ccswitch_tui.proxy.relay import Relay
from ccswitch_tui.proxy.sources import KeyCache, KeyResolver, Profiles
from ccswitch_tui.proxy.web.admin import Admin
from ccswitch_tui.proxy.web.app import ProxyApp
from ccswitch_tui.proxy.web.guard import Guard
from ccswitch_tui.record import NamedTuple
from ccswitch_tui.sentence import say

KEEP_ALIVE_S = 75.0
"""Also the limit for a request's headers to arrive (a connection that sends them one by one is closed)."""

BODY_PATIENCE_S = 60.0
"""A client on this machine sends 32 MB in well under a second; a slower one ties up memory."""

FORGET_AFTER_S = 600.0
"""An idle proxy lets go of the conversations it remembers: a person who comes back later pays a millisecond once."""

SAVE_USAGE_S = 30.0

LOOK_S = 2.0
"""How often the place of the background proxy is looked at: two calls of stat."""

ANSWERS_DELAY_S = 0.1
"""Claude Code asks for its status line 0.3 s after an answer has ended (measured with 2.1.330)."""

LOG_DELAY_S = 0.25
"""Lines of the log are masked and written together: one by one that is a twentieth of a request's CPU."""

DRAIN_S = 600.0
"""How long streams may take to finish once the end has been asked for; a long answer of a slow model fits in."""


class ProxySettings(NamedTuple):
    """What a proxy serves and to whom."""

    profiles: Profiles
    resolve_key: KeyResolver
    token: str | None
    """What clients send; None for no token at all."""
    env: Mapping[str, str]
    home: str
    host: str = "127.0.0.1"
    port: int = 0
    root_profile: str | None = None
    learned: LearnedQuirks | None = None
    usage: UsageBook | None = None
    answers: str = ""
    """The folder for each session's last answers; "" for none."""
    prices: str = ""
    """The folder of price lists that were fetched; "" for none."""
    write_log: Callable[..., None] = lambda *lines: None
    """Writes each of its arguments as one line to the log."""
    log_requests: bool = False
    idle_exit_s: float | None = None
    reuse_port: bool = False
    siblings: Siblings | None = None
    """One of several workers on this port."""
    lasting: str | None = None
    """A second token clients may send."""
    control: str | None = None
    """What opens the routes under /_ccswitch/; None closes them."""
    extend: Callable[[ProxyApp], None] = lambda app: None
    """Adds further local routes."""
    guarded: Guarded | None = None
    """Who holds the port and starts us again, where somebody does."""
    look_after: Callable[[], str | None] = lambda: None
    """Asked every LOOK_S; a reason to end, or None."""

    @property
    def tokens(self) -> list[str]:
        """What opens the Messages API: nothing where the user wants no token."""
        return [token for token in (self.token, self.lasting) if token] if self.token else []


class RunningProxy:
    """One listening proxy in the running event loop."""

    def __init__(self, settings: ProxySettings) -> None:
        self.settings = settings
        among = settings.siblings
        self.traffic = Traffic(
            day=lambda at: date.fromtimestamp(at).isoformat(),
            first_id=among.slot + 1 if among else 1,
            id_step=among.workers if among else 1,
        )
        self.stopping = asyncio.Event()
        self.port = settings.port
        self._upstream = Upstream(settings.env, settings.home)
        self._budgets = Budgets(self.traffic, settings.usage)
        self.relay = Relay(
            profiles=settings.profiles,
            keys=KeyCache(settings.resolve_key),
            upstream=self._upstream,
            learned=settings.learned or LearnedQuirks(None),
            traffic=self.traffic,
            prices=PriceBook(settings.prices),
            budgets=self._budgets,
        )
        self._server: Server | None = None
        self._chores: list[asyncio.Task[None]] = []
        self._app: ProxyApp | None = None
        self._for_siblings: Server | None = None
        self._orphaned = False
        self._homeless = False
        """The folder of our files is gone: nothing is written there any more."""
        self._unlogged: list[Flow] = []
        self._answers: AnswerBook | None = None
        if settings.answers:
            self._answers = AnswerBook(settings.answers, among.slot if among else 0)
            self.traffic.listeners.append(self._note_answer)
        self._unnoted: list[Flow] = []
        self._noting: asyncio.Task[None] | None = None
        self._admin: Admin | None = None
        self._rooms = Rooms(
            self.relay,
            env=settings.env,
            home=settings.home,
            root_profile=settings.root_profile,
            write_log=settings.write_log,
            prices=settings.prices,
        )

    async def start(self) -> None:
        """Binds and accepts. Raises CcswitchError when the port is taken."""
        settings = self.settings
        if settings.guarded is not None:
            sockets = [settings.guarded.listener]
        else:
            sockets = bind(settings.host, settings.port, reuse_port=settings.reuse_port)
        self.port = sockets[0].getsockname()[1]
        self._app = ProxyApp(
            self.relay,
            Guard(settings.tokens, settings.host, self.port, settings.control),
            root_profile=settings.root_profile,
            write_log=settings.write_log,
            log_exchange=self._log if settings.log_requests else lambda exchange: None,
            apart=self._rooms,
        )
        self._admin = Admin(
            self.relay,
            control=settings.control,
            port=self.port,
            stop=self._asked_to_stop,
            usage=settings.usage,
            flush=self.save_usage,
            children=lambda: self._rooms.pids,
            siblings=settings.siblings,
        )
        self._admin.add_routes(self._app.routes)
        settings.extend(self._app)
        self._server = Server(
            self._app,
            idle_s=KEEP_ALIVE_S,
            body_s=BODY_PATIENCE_S,
            most_connections=most_clients(),
            relieved=lambda: self.relay.background.in_thread(give_back),  # it may take 20 ms
        )
        await self._server.listen(sockets)
        if settings.siblings is not None:
            await self._listen_to(settings.siblings)
        self._chores = [asyncio.create_task(self._do_chores()), asyncio.create_task(self._look_after())]
        self._chores.append(asyncio.create_task(self._make_ready()))

    async def _listen_to(self, siblings: Siblings) -> None:
        assert self._admin is not None
        loop = asyncio.get_running_loop()
        loop.add_reader(siblings.keeper_ends, self._keeper_ended, siblings.keeper_ends)
        if not siblings.folder:
            return
        self._for_siblings = Server(self._admin.app_for_siblings())
        with contextlib.suppress(FileNotFoundError):
            os.unlink(siblings.own_socket)  # of the worker whose place this is
        try:
            await self._for_siblings.listen_at(siblings.own_socket)
        except OSError as error:
            self.settings.write_log(f"the other workers cannot ask this one: {error.strerror or error}")

    def _keeper_ended(self, pipe: int) -> None:
        asyncio.get_running_loop().remove_reader(pipe)
        self._orphaned = True
        self.stopping.set()

    def _asked_to_stop(self, *, asleep: bool = False) -> None:
        if asleep and self.settings.guarded is not None:
            self.settings.guarded.word = ASLEEP
        among = self.settings.siblings
        if among is not None and os.getppid() == among.keeper:
            os.kill(among.keeper, signal.SIGTERM)  # a worker that ended alone would be replaced
        else:
            self.stopping.set()

    def _note_answer(self, what: str, exchange: Flow) -> None:
        if what == "end" and exchange.session:
            self._unnoted.append(exchange)
            if self._noting is None:
                self._noting = asyncio.get_running_loop().create_task(self._note_answers())

    async def _note_answers(self) -> None:
        """Writes what ended, from a thread, one batch after the other."""
        try:
            while self._unnoted:
                await asyncio.sleep(ANSWERS_DELAY_S)
                await asyncio.to_thread(self._write_answers)
        finally:
            self._noting = None

    def _write_answers(self) -> None:
        ended, self._unnoted = self._unnoted, []
        if self._answers is not None and not self._homeless:
            self._answers.add(ended)

    def _log(self, exchange: Flow) -> None:
        self._unlogged.append(exchange)
        if len(self._unlogged) == 1:
            asyncio.get_running_loop().call_later(LOG_DELAY_S, self._write_lines)

    def _write_lines(self) -> None:
        if self._unlogged:
            ended, self._unlogged = self._unlogged, []
            clock = "%Y-%m-%d %H:%M:%S"
            self.settings.write_log(*(log_line(e, time.strftime(clock, time.localtime(e.at))) for e in ended))

    async def _make_ready(self) -> None:
        """What the first request would wait for, now that the port is open: the profiles, and the certificates of the
        first endpoint that needs some, which are those of nearly all. No key is looked for: its store may ask for one.
        """
        for profile in list(self.settings.profiles.routes().profiles.values()):
            if await self._upstream.make_ready(profile):
                return

    async def _do_chores(self) -> None:
        """Saves usage now and then; ends an idle proxy where that is wanted."""
        busy_at = time.monotonic()
        seen = 0
        while True:
            await asyncio.sleep(min(SAVE_USAGE_S, self.settings.idle_exit_s or SAVE_USAGE_S))
            await asyncio.to_thread(self.save_usage)
            self._rooms.close_unused()
            count = self.traffic.total + len(self.traffic.running)
            if count != seen or self.traffic.running:
                busy_at, seen = time.monotonic(), count
                continue
            if time.monotonic() - busy_at >= FORGET_AFTER_S:
                self.relay.memory.clear()
                self.relay.bodies.clear()
            if self.settings.idle_exit_s and time.monotonic() - busy_at >= self.settings.idle_exit_s:
                self.settings.write_log(f"exiting: idle for {self.settings.idle_exit_s / 60:.0f} min")
                self.stopping.set()

    async def _look_after(self) -> None:
        """Ends a proxy that is no longer anybody's, so that none answers for ever behind its user's back."""
        while not self.stopping.is_set():
            await asyncio.sleep(LOOK_S)
            await self._listen_again()
            reason = await asyncio.to_thread(self.settings.look_after)
            if reason:
                self._homeless = True
                self.settings.write_log(f"ends: {reason}")
                self.stopping.set()
            elif self.settings.guarded is not None and not self.traffic.running and is_replaced():
                self.settings.write_log("another version is installed: restarting")
                self.settings.guarded.word = AGAIN
                self.stopping.set()

    async def _listen_again(self) -> None:
        """Where the event loop closed our listening socket, this process would live on and answer nobody."""
        server = self._server
        if server is None or server.ending or not server.is_deaf:
            return
        server.forget_listeners()
        try:
            await server.listen(bind(self.settings.host, self.port, reuse_port=self.settings.reuse_port))
        except CcswitchError as error:
            self.settings.write_log(f"ends: {error.message}")
            self.stopping.set()
        else:
            self.settings.write_log("listening again: a client that disconnected had closed the socket")

    def save_usage(self) -> None:
        """Writes the counts gathered since the last time. A disk that refuses keeps them for the next."""
        if self.settings.usage is None or self._homeless:
            return
        with self._budgets.saving:
            rows = self.traffic.take_usage()
            if not rows:
                return
            try:
                self.settings.usage.add(rows)
                self._budgets.saved(rows)
                self.traffic.saved()
            except (CcswitchError, OSError) as error:
                self.traffic.put_back(rows)
                self.relay.background.problem = f"usage cannot be saved: {error}"

    async def stop_listening(self) -> None:
        """No new connections from here on; idle ones are closed, busy ones end with their answer."""
        assert self._server is not None
        if self._app is not None and self._admin is not None:
            self._app.draining = self._admin.draining = True
            self._admin.close_listeners()
        self._server.stop_listening()
        await asyncio.sleep(0)

    async def close(self, drain_s: float = 0.0) -> None:
        """Stops listening, lets streams finish for up to `drain_s`, then ends everything."""
        if self._server is None:
            return
        if not self._server.ending:
            await self.stop_listening()
        deadline = time.monotonic() + drain_s
        while self.traffic.running and time.monotonic() < deadline:  # noqa: ASYNC110 - the end may be polled for
            await asyncio.sleep(0.02)
        for chore in self._chores:
            chore.cancel()
        if self._noting is not None:
            await asyncio.wait([self._noting])
        self._write_answers()
        await self._server.close()
        if self._for_siblings is not None:
            await self._for_siblings.close()
            assert self.settings.siblings is not None
            self.settings.siblings.leave(orphaned=self._orphaned)
        await self._rooms.close()
        self._write_lines()
        await self._upstream.close()
        await asyncio.to_thread(self.save_usage)
        self._server = None


def require_token(host: str, token: str | None) -> None:
    """Raises UsageError for a proxy that anybody on the network could use."""
    if token is None and not is_loopback(host):
        raise UsageError(
            say("--token none on {host} would let everybody on the network spend your key", host=host),
            hint=say("give it a token: --token env:NAME"),
        )


def run(
    settings: ProxySettings,
    *,
    on_listening: Callable[[int], Any],
    on_ending: Callable[[], Any] = lambda: None,
    drain_s: float = DRAIN_S,
) -> None:
    """Serves until SIGTERM, SIGINT or `stop`; a second signal does not wait for streams.

    `on_ending` is called when the port is free again, while streams may still run.
    """
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(_run(settings, on_listening, on_ending, drain_s))


async def _run(
    settings: ProxySettings, on_listening: Callable[[int], Any], on_ending: Callable[[], Any], drain_s: float
) -> None:
    proxy = RunningProxy(settings)
    await proxy.start()
    loop = asyncio.get_running_loop()
    hurried = asyncio.Event()

    def ask_to_end() -> None:
        if proxy.stopping.is_set():
            hurried.set()
        proxy.stopping.set()

    signals = [number for name in ("SIGTERM", "SIGINT", "SIGHUP") if (number := getattr(signal, name, None))]
    for number in signals:
        _on_signal(loop, number, ask_to_end)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    on_listening(proxy.port)
    if settings.guarded is not None:
        settings.guarded.watch()
        settings.guarded.listening()
    await proxy.stopping.wait()
    await proxy.stop_listening()
    on_ending()
    if settings.guarded is not None:
        settings.guarded.ends()
    running = len(proxy.traffic.running)
    settings.write_log(f"ends{f', after {running} running requests' if running else ''}")
    closing = asyncio.create_task(proxy.close(drain_s))
    waiting = asyncio.create_task(hurried.wait())
    await asyncio.wait({closing, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if not closing.done():
        settings.write_log("a second signal: running requests are cut off")
        closing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await closing
        await proxy.close()
    for number in signals:
        _ignore(loop, number)


def _ignore(loop: asyncio.AbstractEventLoop, number: int) -> None:
    """A signal that comes while the process is on its way out must not turn a clean end into a killed one."""
    with contextlib.suppress(NotImplementedError, ValueError):
        loop.remove_signal_handler(number)
    signal.signal(number, signal.SIG_IGN)


def _on_signal(loop: asyncio.AbstractEventLoop, number: int, act: Callable[[], None]) -> None:
    try:
        loop.add_signal_handler(number, act)
    except NotImplementedError:  # Windows
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(act))
