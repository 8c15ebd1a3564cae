"""All checks of this machine, by name: one pure function each, from a Snapshot to findings.

A check says nothing when nothing is wrong; every finding ends in something to run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from ccswitch_tui.doctor.checks_claude import (
    check_base_url,
    check_claude,
    check_credentials_once,
    check_drift,
    check_helper,
    check_key_approval,
    check_keys_in_clear,
    check_login_leak,
    check_onboarding,
    check_provider_flags,
    check_settings_readable,
    check_settings_types,
    check_webfetch,
)
from ccswitch_tui.doctor.checks_machine import (
    check_background_proxy,
    check_certificates,
    check_folders,
    check_key_file,
    check_keys_present,
    check_loopback_proxied,
    check_plain_http,
    check_private,
    check_profiles,
    check_proxy_form,
    check_room,
    check_textual_log,
)
from ccswitch_tui.doctor.checks_platform import check_store_python, check_system_proxy
from ccswitch_tui.doctor.picture import Snapshot
from ccswitch_tui.findings import Finding

Check = Callable[[Snapshot], Iterator[Finding]]

CHECKS: Mapping[str, Check] = {
    "Claude Code": check_claude,
    "first run": check_onboarding,
    "settings files": check_settings_readable,
    "setting types": check_settings_types,
    "vendor login": check_login_leak,
    "one credential": check_credentials_once,
    "key approval": check_key_approval,
    "keys in the clear": check_keys_in_clear,
    "provider flags": check_provider_flags,
    "drift": check_drift,
    "helper": check_helper,
    "base URL": check_base_url,
    "WebFetch": check_webfetch,
    "loopback and HTTP proxies": check_loopback_proxied,
    "HTTP proxies": check_proxy_form,
    "system's proxy": check_system_proxy,
    "certificates": check_certificates,
    "encryption": check_plain_http,
    "profiles": check_profiles,
    "keys": check_keys_present,
    "key file": check_key_file,
    "background proxy": check_background_proxy,
    "private files": check_private,
    "folders": check_folders,
    "room for files": check_room,
    "Python": check_store_python,
    "Textual's log": check_textual_log,
}
"""What is looked at, by name; the names are what `doctor` says it has checked."""


OnCheck = Callable[[str, Sequence[Finding]], None]


def run_checks(snapshot: Snapshot, on_check: OnCheck = lambda name, found: None) -> list[Finding]:
    """All findings, the gravest first; `on_check` is told of each check and what it found."""
    weight = {"fail": 0, "warn": 1, "info": 2}
    found: list[Finding] = []
    for name, check in CHECKS.items():
        own = list(check(snapshot))
        on_check(name, own)
        found += own
    return sorted(found, key=lambda finding: weight[finding.severity])
