"""What stands before an action wherever it is started from: an open key store, and a word before others are cut off.

Called within a worker (`task`), because each may wait for a person.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from ccswitch_tui.errors import CcswitchError, KeyStoreError
from ccswitch_tui.sentence import quoting
from ccswitch_tui.tui.i18n import t

if TYPE_CHECKING:
    from ccswitch_tui.tui.host import Host
    from ccswitch_tui.tui.session_keys import WayIn

T = TypeVar("T")

DIALOG_PATIENCE_S = 130.0
"""A little longer than the OS keyring's own dialog is waited for."""

START_PATIENCE_S = 20.0
"""A proxy that starts takes a second, on a busy machine several."""


async def with_keys(app: Host, work: Callable[[], Awaitable[T]]) -> T:
    """`work()`; where the key store is locked or not there yet, a person is asked first and it is done again.

    Raises the first KeyStoreError when the person declines.
    """
    try:
        return await work()
    except KeyStoreError as error:
        if not await opened(app, await app.off(app.session.way_in, error)):
            raise
    return await work()


async def opened(app: Host, way_in: WayIn) -> bool:
    """Asks for what opens the key store; False when that was declined or there is no way in."""
    if way_in == "dialog":
        app.show_notice(t("unlock.dialog"))
        await app.off(app.session.unlock, None, timeout_s=DIALOG_PATIENCE_S)
        return True
    if way_in == "":
        return False
    from ccswitch_tui.tui.screens.unlock import NewPassphraseSheet, UnlockSheet

    sheet: UnlockSheet = UnlockSheet() if way_in == "passphrase" else NewPassphraseSheet()
    answer: bool | None = await app.push_screen_wait(sheet)
    return bool(answer)


async def open_store(app: Host) -> bool:
    """Unlocks the key store, or makes a key file where there is no store; False when that was declined."""
    store = await app.off(app.session.key_store)
    if store.kind == "absent" and await app.off(app.session.can_make_key_file):
        return await opened(app, "create")
    if store.problem:
        raise CcswitchError(quoting(store.problem), hint=quoting(store.hint))
    if store.unlocked is False:
        if not await opened(app, "passphrase" if store.kind == "encrypted-file" else "dialog"):
            return False
        app.show_notice(t("unlock.done"))
    return True


async def use_profile(app: Host, name: str, scope: str, *, look_first: bool = False) -> bool:
    """Writes the settings; False: declined.

    Asks first only when something other than our own keys would change, or with `look_first` when anything would.
    """
    plan = await app.off(app.session.plan_use, name, scope)
    if plan.foreign_changes or (look_first and plan.changes):
        from ccswitch_tui.tui.screens.diff import DiffSheet

        answer: bool | None = await app.push_screen_wait(DiffSheet(plan))
        if not answer:
            return False
    done = await app.off(app.session.apply_use, plan, app.waits_for)
    app.show_notice(app.session.said_of_use(done))
    return True


async def start_or_stop_proxy(app: Host) -> None:
    """Starts the background proxy; stops it, with a question first when sessions, requests or open keys hang on it."""
    load = await app.off(app.session.proxy_load)
    if not load.running:
        app.show_notice(await app.off(app.session.start_proxy, timeout_s=START_PATIENCE_S))
        return
    if not load.idle:
        from ccswitch_tui.tui.screens.confirm import ConfirmSheet

        means = [
            t("proxy.stop_sessions", n=load.sessions) if load.sessions else "",
            t("proxy.stop_requests", n=load.requests) if load.requests else "",
            t("proxy.stop_keys") if load.holds_keys else "",
        ]
        answer: bool | None = await app.push_screen_wait(
            ConfirmSheet(t("proxy.stop_ask"), "\n".join(filter(None, means)))
        )
        if not answer:
            return
    app.show_notice(await app.off(app.session.stop_proxy, timeout_s=START_PATIENCE_S))
