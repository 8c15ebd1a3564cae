"""Machines on which one thing is wrong: each changes a user's world, in which the profile `work` is in use."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ccswitch_tui.cli.main import main
from ccswitch_tui.workflows.context import Context
from kit.fixes import CLAUDE, program, write


class Mend(NamedTuple):
    """A world, what is wrong in it, and what a person fills into the commands."""

    world: Callable[[Context], None]
    kinds: set[str]
    fill: dict[str, str] = {}


def tool(ctx: Context, name: str, text: str = "") -> Path:
    """A program on the PATH, written where there is a text for it."""
    path = Path(ctx.env["TOOLS"], name)
    if text:
        program(path, f"#!/bin/sh\n{text}\n")
    return path


def user_file(ctx: Context) -> Path:
    return Path(ctx.settings.here()["user"])


# ---------------------------------------------------------------- Claude Code


def no_claude(ctx: Context) -> None:
    """An `npm` that installs one: the registry is not asked here."""
    claude = tool(ctx, "claude")
    claude.unlink()
    program(tool(ctx, "new"), CLAUDE)
    tool(ctx, "npm", f'[ "$*" = "install -g @anthropic-ai/claude-code" ] && cp {tool(ctx, "new")} {claude}')


def broken_claude(ctx: Context) -> None:
    no_claude(ctx)
    tool(ctx, "claude", "echo native binary not installed >&2; exit 1")


def old_claude(ctx: Context) -> None:
    program(tool(ctx, "new"), CLAUDE)
    updates = f"mv {tool(ctx, 'new')} {tool(ctx, 'claude')}"
    tool(ctx, "claude", f'if [ "$1" = update ]; then {updates}; else echo "1.0.88 (Claude Code)"; fi')


# ---------------------------------------------------------------- files that a person puts right


def edited(ctx: Context, path: Path, bad: str, good: str) -> None:
    """A bad file, and an editor with which a person puts it right."""
    path.write_text(bad)
    right = tool(ctx, "right")
    right.write_text(good)
    ctx.env["EDITOR"] = str(tool(ctx, "editor", f'cp {right} "$1"'))


def with_a_setting(ctx: Context, **env: str) -> None:
    """Wrong variables in the user's file, and an editor that takes them out."""
    before = user_file(ctx).read_text()
    write(ctx, "user", {"env": env})
    edited(ctx, user_file(ctx), user_file(ctx).read_text(), before)


def comments_in_the_settings(ctx: Context) -> None:
    text = user_file(ctx).read_text()
    edited(ctx, user_file(ctx), "// mine\n" + text, text)


def key_that_stands_twice(ctx: Context) -> None:
    edited(ctx, Path(ctx.settings.here()["local"]), '{"model": "a", "model": "b"}', '{"model": "b"}')


def setting_of_a_wrong_type(ctx: Context) -> None:
    edited(ctx, Path(ctx.settings.here()["local"]), '{"permissions": "all"}', "{}")


def variable_that_is_null(ctx: Context) -> None:
    edited(ctx, Path(ctx.settings.here()["local"]), '{"env": {"FOO": null}}', '{"env": {"FOO": ""}}')


def limit_with_a_letter(ctx: Context) -> None:
    local = Path(ctx.settings.here()["local"])
    edited(ctx, local, *(f'{{"env": {{"CLAUDE_CODE_MAX_OUTPUT_TOKENS": "{limit}"}}}}' for limit in ("8k", "8000")))


def broken_profile(ctx: Context) -> None:
    good = Path(ctx.paths.profiles).read_text()
    edited(ctx, Path(ctx.paths.profiles), good.replace("openai-chat", "no-such-wire"), good)


def broken_profiles(ctx: Context) -> None:
    good = Path(ctx.paths.profiles).read_text()
    edited(ctx, Path(ctx.paths.profiles), good + "[[[", good)


# ---------------------------------------------------------------- credentials and addresses


def project_of_a_gateway(ctx: Context) -> None:
    env = {"ANTHROPIC_BASE_URL": "https://gateway.example", "ANTHROPIC_API_KEY": "sk-example-gateway-0123456789"}
    write(ctx, "project", {"env": env})


def rival_in_the_users_file(ctx: Context) -> None:
    write(ctx, "user", {"env": {"ANTHROPIC_AUTH_TOKEN": "sk-example-rival-0123456789"}})


def another_address(ctx: Context) -> None:
    write(ctx, "user", {"env": {"ANTHROPIC_BASE_URL": "https://other.example"}})


def another_address_in_local(ctx: Context) -> None:
    write(ctx, "local", {"env": {"ANTHROPIC_BASE_URL": "https://other.example"}})


def helper_that_moved(ctx: Context) -> None:
    write(ctx, "user", {"apiKeyHelper": "/gone/ccswitch-tui key work"})


def profile_that_is_gone(ctx: Context) -> None:
    main(["copy", "work", "twin"], ctx)
    main(["use", "twin"], ctx)
    main(["remove", "twin", "--force"], ctx)


def provider_flag_of_a_project(ctx: Context) -> None:
    write(ctx, "project", {"env": {"CLAUDE_CODE_USE_BEDROCK": "1"}})


def provider_flag_in_the_users_file(ctx: Context) -> None:
    write(ctx, "user", {"env": {"CLAUDE_CODE_USE_VERTEX": "1"}})


def inherited_host(ctx: Context) -> None:
    ctx.env["CLAUDE_CODE_PROVIDER_MANAGED_BY_HOST"] = "1"


def only_an_address(ctx: Context) -> None:
    main(["use", "official"], ctx)
    write(ctx, "user", {"env": {"ANTHROPIC_BASE_URL": "https://gateway.example"}})


def only_an_address_and_a_login(ctx: Context) -> None:
    only_an_address(ctx)
    login = {"claudeAiOauth": {"accessToken": "sk-example-login-0123456789"}}
    Path(ctx.paths.claude_dir, ".credentials.json").write_text(json.dumps(login))


def a_vendors_key(ctx: Context) -> None:
    main(["use", "official"], ctx)
    ctx.env["ANTHROPIC_API_KEY"] = "sk-example-vendor-0123456789"


def key_as_text(ctx: Context) -> None:
    main(["use", "official"], ctx)
    token = "sk-example-plain-0123456789abcdef"
    write(ctx, "user", {"env": {"ANTHROPIC_BASE_URL": "https://gateway.example", "ANTHROPIC_AUTH_TOKEN": token}})


def address_with_its_version(ctx: Context) -> None:
    main(["use", "official"], ctx)
    write(ctx, "user", {"env": {"ANTHROPIC_BASE_URL": "http://127.0.0.1:9/v1", "ANTHROPIC_AUTH_TOKEN": "t"}})


def address_that_is_a_variable(ctx: Context) -> None:
    main(["use", "official"], ctx)
    write(ctx, "user", {"env": {"ANTHROPIC_BASE_URL": "${GATEWAY}", "ANTHROPIC_AUTH_TOKEN": "t"}})


def key_in_the_open(ctx: Context) -> None:
    table = Path(ctx.paths.profiles).read_text()
    address = ctx.book().get("work").endpoint.base_url
    Path(ctx.paths.profiles).write_text(
        table.replace(address, "http://api.example.com/v1").replace("127.0.0.1", "api.example.com")
    )


def key_that_is_gone(ctx: Context) -> None:
    main(["edit", "work", "--set", "key=keyring:work"], ctx)


# ---------------------------------------------------------------- the network's settings


def loopback_through_a_proxy(ctx: Context) -> None:
    ctx.env.update(ALL_PROXY="http://127.0.0.1:9", NO_PROXY="127.*")


def proxy_of_an_unknown_kind(ctx: Context) -> None:
    ctx.env.update(HTTPS_PROXY="socks4://127.0.0.1:9", NO_PROXY="127.0.0.1")


def proxy_without_its_scheme(ctx: Context) -> None:
    ctx.env.update(HTTP_PROXY="127.0.0.1:9", NO_PROXY="127.0.0.1")


def proxy_without_its_scheme_in_a_file(ctx: Context) -> None:
    with_a_setting(ctx, HTTP_PROXY="127.0.0.1:9", NO_PROXY="127.0.0.1")


def socks_without_our_proxy(ctx: Context) -> None:
    main(["edit", "work", "--set", "endpoint.wire=anthropic", "--set", "route=direct"], ctx)
    main(["use", "work"], ctx)
    ctx.env.update(HTTPS_PROXY="socks5h://127.0.0.1:9", NO_PROXY="127.0.0.1")


def certificate_that_is_none(ctx: Context) -> None:
    ctx.env["NODE_EXTRA_CA_CERTS"] = "/no/such/ca.pem"


def profiles_certificate_that_is_none(ctx: Context) -> None:
    main(["edit", "work", "--set", "endpoint.ca_file=/no/such/ca.pem"], ctx)


def verification_off(ctx: Context) -> None:
    ctx.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0"


def verification_off_in_a_file(ctx: Context) -> None:
    with_a_setting(ctx, NODE_TLS_REJECT_UNAUTHORIZED="0")


# ---------------------------------------------------------------- our own files


def open_state(ctx: Context) -> None:
    os.chmod(ctx.paths.proxy_state, 0o644)


def file_where_the_reports_go(ctx: Context) -> None:
    Path(ctx.paths.reports).write_text("")


def textuals_log(ctx: Context) -> None:
    ctx.env["TEXTUAL_LOG"] = "/tmp/textual.log"


WORLDS = [
    Mend(no_claude, {"claude-missing"}),
    Mend(broken_claude, {"claude-broken"}),
    Mend(old_claude, {"claude-old"}),
    Mend(comments_in_the_settings, {"settings-unparsable"}),
    Mend(key_that_stands_twice, {"settings-not-written"}),
    Mend(setting_of_a_wrong_type, {"settings-wrong-type"}),
    Mend(variable_that_is_null, {"settings-null"}),
    Mend(limit_with_a_letter, {"limit-misread"}),
    Mend(broken_profile, {"profile-broken"}),
    Mend(broken_profiles, {"profile-broken"}),
    Mend(project_of_a_gateway, {"drift", "credential-twice"}),
    Mend(rival_in_the_users_file, {"credential-twice"}),
    Mend(another_address, {"drift"}),
    Mend(another_address_in_local, {"drift"}),
    Mend(helper_that_moved, {"helper-gone"}),
    Mend(profile_that_is_gone, {"helper-unknown-profile"}),
    Mend(provider_flag_of_a_project, {"provider-flag"}),
    Mend(provider_flag_in_the_users_file, {"provider-flag"}),
    Mend(inherited_host, {"host-managed"}),
    Mend(only_an_address, {"credential-missing"}),
    Mend(only_an_address_and_a_login, {"login-leak"}),
    Mend(a_vendors_key, {"key-not-approved", "onboarding"}),
    Mend(key_as_text, {"key-in-clear"}, {"adopt": "adopt --all"}),
    Mend(address_with_its_version, {"base-url-version"}, {"NAME": "gateway"}),
    Mend(address_that_is_a_variable, {"base-url-unusable"}, {"NAME": "work"}),
    Mend(key_in_the_open, {"plain-http"}),
    Mend(key_that_is_gone, {"key-absent"}),
    Mend(loopback_through_a_proxy, {"proxy-loopback"}),
    Mend(proxy_of_an_unknown_kind, {"setting-unusable"}),
    Mend(proxy_without_its_scheme, {"setting-unusable"}),
    Mend(proxy_without_its_scheme_in_a_file, {"setting-unusable"}),
    Mend(socks_without_our_proxy, {"setting-unusable"}),
    Mend(certificate_that_is_none, {"ca-file"}),
    Mend(profiles_certificate_that_is_none, {"ca-file"}),
    Mend(verification_off, {"tls-off"}),
    Mend(verification_off_in_a_file, {"tls-off"}),
    Mend(open_state, {"state-open"}),
    Mend(file_where_the_reports_go, {"state-closed"}),
    Mend(textuals_log, {"textual-log"}),
]
