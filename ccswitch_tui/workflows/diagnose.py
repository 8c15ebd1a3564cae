"""What is wrong on this machine: take the photograph, run the checks. Read-only; unlocks nothing unless asked."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from ccswitch_tui.doctor.checks import CHECKS, OnCheck, run_checks
from ccswitch_tui.doctor.picture import ProxyLook, Snapshot
from ccswitch_tui.doctor.snapshot import take_snapshot
from ccswitch_tui.errors import CcswitchError, KeyStoreError
from ccswitch_tui.findings import Finding
from ccswitch_tui.sentence import say

if TYPE_CHECKING:
    from ccswitch_tui.profiles.store import ProfileBook
    from ccswitch_tui.workflows.context import Context


def diagnose(
    ctx: Context,
    profile: str | None = None,
    *,
    unlock: bool = False,
    network: bool = False,
    on_check: OnCheck = lambda name, found: None,
) -> tuple[list[Finding], list[str]]:
    """Findings, the gravest first, and what was checked.

    `unlock` also reads the keys, which may make the key store ask; `network`
    also connects to the vendor's host that WebFetch needs. Raises UsageError
    for a profile that is not there.
    """
    if profile is not None:
        ctx.book().get(profile)
    snapshot = photograph(ctx, profile)
    if network:
        from ccswitch_tui.doctor.reach import vendor_problem

        snapshot = snapshot._replace(vendor_problem=vendor_problem(ctx.env))
    findings = run_checks(snapshot, on_check)
    if unlock:
        read = _read_keys(ctx, snapshot)
        findings = [f for f in findings if f.kind != "key-store-locked" or not read] + read
    return findings, list(CHECKS)


def photograph(ctx: Context, profile: str | None = None) -> Snapshot:
    """This machine as it is now."""
    book: ProfileBook | CcswitchError
    try:
        book = ctx.book()
    except CcswitchError as error:
        book = error
    snapshot = take_snapshot(
        ctx.paths, ctx.env, files=ctx.settings, keys=ctx.keys, proxy=_proxy(ctx), book=book, focus=profile
    )
    return _with_key_store(ctx, snapshot)._replace(drift=_drift(ctx, snapshot))


def _with_key_store(ctx: Context, snapshot: Snapshot) -> Snapshot:
    """Whether stored keys can be had here, as far as no dialog can come of it: asked of the Keychain over SSH, and of
    the encrypted key file, where keys are in one."""
    if not ctx.keys.in_key_file():
        if sys.platform != "darwin":
            return snapshot
        from ccswitch_tui.credentials.os_keyring import keychain_closed_to

        closed = keychain_closed_to(ctx.env)
        return (
            snapshot
            if closed is None
            else snapshot._replace(key_store_problem=closed.message, key_store_hint=closed.hint)
        )
    from ccswitch_tui.credentials.encrypted_file import check_file
    from ccswitch_tui.workflows.keys import store_status

    try:
        check_file(ctx.paths.encrypted_keys)
    except KeyStoreError as error:
        return snapshot._replace(key_store_problem=error.message, key_store_hint=error.hint)
    if snapshot.proxy is None or not snapshot.proxy.running:
        return snapshot._replace(key_file_locked=True)  # only a running proxy holds an open one
    now = store_status(ctx)
    if now.problem:
        return snapshot._replace(key_store_problem=now.problem, key_store_hint=now.hint)
    return snapshot._replace(key_file_locked=now.unlocked is False)


def _proxy(ctx: Context) -> ProxyLook | None:
    """The background proxy, None when it never ran: asking then would choose a port."""
    if not os.path.exists(ctx.paths.proxy_state):
        return None
    try:
        found = ctx.proxy.status()
    except (CcswitchError, OSError):
        return None
    from ccswitch_tui.claude.sessions import running_sessions
    from ccswitch_tui.proxy.background.loopback import who_has
    from ccswitch_tui.workflows.lending import lacking

    return ProxyLook(
        found.running,
        found.port,
        found.pid,
        found.version,
        found.problem,
        who_has(found.port) if found.problem == "taken" else "",
        lacking(ctx) if found.running else (),
        ctx.proxy.asleep(),
        len(running_sessions(ctx.paths.claude_dir)),
    )


def _drift(ctx: Context, snapshot: Snapshot) -> tuple[str, ...]:
    """How settings differ from the profile in use. Not before the proxy has an address: asking would choose one."""
    if any(look.problem for look in snapshot.settings) or not os.path.exists(ctx.paths.proxy_state):
        return ()
    from ccswitch_tui.workflows.current import current

    try:
        return current(ctx).drift
    except CcswitchError:
        return ()


def _read_keys(ctx: Context, snapshot: Snapshot) -> list[Finding]:
    from ccswitch_tui.findings import Fix, catalogue

    found = []
    for name, profile in snapshot.profiles.items():
        try:
            ctx.keys.of(profile)
            ctx.keys.of_headers(profile)
        except KeyStoreError as error:
            entry = catalogue()["key-store-locked"]
            found.append(
                Finding(
                    "key-store-locked",
                    entry.title,
                    say("profile '{name}': {problem}", name=name, problem=error.message),
                    entry.severity,
                    Fix(error.hint or say("unlock it")),
                    entry.code,
                )
            )
    return found
