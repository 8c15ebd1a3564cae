"""What is wrong around it: HTTP proxies, certificates, profiles, keys, our proxy, our files. One pure function a check.

Source: curl(1) for the proxy variables; Claude Code as measured (2.1.330).
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from ccswitch_tui import here
from ccswitch_tui.actions import Action
from ccswitch_tui.doctor.picture import CertificateFile, ProxyLook, Snapshot
from ccswitch_tui.doctor.told import told, value_of, where_set, winner_of
from ccswitch_tui.findings import Finding
from ccswitch_tui.net.hosts import host_in, is_loopback, port_in
from ccswitch_tui.net.no_proxy import BY_RANK, SOCKS_SCHEMES, exempt_variable, is_exempt, proxy_variable, starts_with
from ccswitch_tui.profiles.url import is_private, url_host
from ccswitch_tui.sentence import say


def check_loopback_proxied(snapshot: Snapshot) -> Iterator[Finding]:
    """Claude Code sends loopback traffic through an HTTP proxy too, unless NO_PROXY names it."""
    base_url = value_of(snapshot, "ANTHROPIC_BASE_URL")
    host = host_in(base_url)
    if not base_url.startswith("http://") or not is_loopback(host):
        return

    def look(name: str) -> str:
        return value_of(snapshot, name)

    name, listed = proxy_variable(look), exempt_variable(look)
    if name is None or is_exempt(look(listed), host, port_in(base_url)):
        return
    exported = ",".join([*([look(listed).rstrip(", ")] if look(listed) else []), "127.0.0.1", "localhost"])
    yield told(
        "proxy-loopback",
        say(
            "{name} is set by {who}, and {list} does not name {host}: Claude Code asks that proxy for this machine "
            "itself, which cannot work",
            name=name,
            who=winner_of(snapshot, name),
            list=listed,
            host=host,
        ),
        say("write the profile again: NO_PROXY is part of it"),
        Action("use", snapshot.in_use) if snapshot.in_use else here.set_variable(listed, exported, snapshot.platform),
    )


def check_proxy_form(snapshot: Snapshot) -> Iterator[Finding]:
    """Proxies of a kind that Claude Code cannot use, or nobody here."""
    for name in BY_RANK:
        value = value_of(snapshot, name)
        scheme, colon, _ = value.partition("://")
        if not starts_with(name, value):
            yield _no_scheme(snapshot, name, value)
        if not colon or scheme.lower() in ("http", "https"):
            continue
        if scheme.lower() in SOCKS_SCHEMES:
            yield from _socks(snapshot, name, scheme)
            continue
        yield told(
            "setting-unusable",
            say(
                "{name} names a {scheme} proxy; http://, https://, socks5:// and socks5h:// proxies can be used",
                name=name,
                scheme=scheme,
            ),
            say("name another proxy, or unset it"),
            where_set(snapshot, name, here.unset_variable(name, snapshot.platform)),
            severity="warn",
        )


def _no_scheme(snapshot: Snapshot, name: str, value: str) -> Finding:
    return told(
        "setting-unusable",
        say(
            "{name}, set by {who}, has no http:// in front: Claude Code does not start with it",
            name=name,
            who=winner_of(snapshot, name),
        ),
        say("put http:// in front"),
        where_set(snapshot, name, here.set_variable(name, "http://" + value.lstrip("/"), snapshot.platform)),
    )


def _socks(snapshot: Snapshot, name: str, scheme: str) -> Iterator[Finding]:
    """SOCKS is good for our proxy, so this concerns sessions that go without it."""
    used = snapshot.profiles.get(snapshot.in_use or "")
    if used is not None and used.route == "proxy":
        return
    what = (
        say("Claude Code itself ignores it and connects directly")
        if name.lower() == "all_proxy"
        else say("Claude Code itself cannot, and says UnsupportedProxyProtocol")
    )
    yield told(
        "setting-unusable",
        say("{name} names a {scheme} proxy: our proxy can use it; {what}", name=name, scheme=scheme, what=what),
        say("let the profile go through our proxy"),
        Action("edit", used.name if used else "", ("route=proxy",)),
        Action("use", used.name if used else ""),
        severity="warn",
    )


def check_certificates(snapshot: Snapshot) -> Iterator[Finding]:
    """Certificate files that are named can be used; verification is on."""
    for named in snapshot.certificates:
        if named.problem:
            yield told(
                "ca-file",
                say("{name} = {path}: {problem}", name=named.name, path=named.path, problem=named.problem),
                say("correct the path, or unset it"),
                *_without(named, snapshot.platform),
            )
    verification = "NODE_TLS_REJECT_UNAUTHORIZED"
    if value_of(snapshot, verification) == "0":
        yield told(
            "tls-off",
            say(
                "NODE_TLS_REJECT_UNAUTHORIZED=0, set by {who}: anyone in between can read the key",
                who=winner_of(snapshot, verification),
            ),
            say("name the authority's certificate instead and unset this"),
            here.set_variable("NODE_EXTRA_CA_CERTS", "/path/to/ca.pem", snapshot.platform),
            where_set(snapshot, verification, here.unset_variable(verification, snapshot.platform)),
        )


def _without(named: CertificateFile, platform: str) -> Iterator[Action | str]:
    """How to do without it: in the shell that sets it, or in the profile."""
    kind, _, name = named.name.partition(" ")
    yield (
        here.unset_variable(kind, platform)
        if not name
        else f"ccswitch-tui edit {shlex.quote(name)} --unset endpoint.ca_file"
    )


def check_plain_http(snapshot: Snapshot) -> Iterator[Finding]:
    """A key over http:// to another machine."""
    for name, profile in snapshot.profiles.items():
        base_url = profile.endpoint.base_url
        safe = base_url.replace("http:", "https:", 1)
        if base_url.startswith("http://") and profile.sends_secrets and not is_private(url_host(base_url)):
            yield told(
                "plain-http",
                say("profile '{name}' sends its key to {base_url} unencrypted", name=name, base_url=base_url),
                say("use https://"),
                Action("edit", name, (f"endpoint.base_url={safe}",)),
                patch={"endpoint.base_url": safe},
            )


# ---------------------------------------------------------------- ours


def check_profiles(snapshot: Snapshot) -> Iterator[Finding]:
    """profiles.toml can be read, all of it. `edit` refuses a file with a mistake in it."""
    for problem in filter(None, (snapshot.book_problem, *snapshot.broken.values())):
        yield told(
            "profile-broken", problem, say("fix the line"), here.open_in_editor(snapshot.book_path, snapshot.platform)
        )


def check_keys_present(snapshot: Snapshot) -> Iterator[Finding]:
    """Every profile's key should be there. Unlocks nothing."""
    absent = [(name, "", snapshot.profiles[name].key) for name, there in snapshot.present.items() if there is False]
    absent += [
        (name, header, snapshot.profiles[name].secret_headers[header])
        for (name, header), there in snapshot.headers_present.items()
        if there is False
    ]
    for name, header, ref in absent:
        where = (
            say("${name} is not set", name=ref.name)
            if ref.kind == "env"
            else say("no key '{name}' in {key_store}", name=ref.name, key_store=snapshot.key_store)
        )
        fix = say("export {name}=…", name=ref.name) if ref.kind == "env" else say("enter it again")
        whose = say("profile '{name}': {where}", name=name, where=where)
        if header:
            whose = say("profile '{name}', header {header}: {where}", name=name, header=header, where=where)
        enter = f"ccswitch-tui edit {name} --secret-header {header}" if header else Action("enter-key", name)
        yield told("key-absent", whose, fix, enter)


def check_key_file(snapshot: Snapshot) -> Iterator[Finding]:
    """The encrypted key file, where keys are in one, is whole and open."""
    stored = [n for n, profile in snapshot.profiles.items() if any(r.kind == "keyring" for r in profile.secrets)]
    if not stored:
        return
    if snapshot.key_store_problem:
        hint = snapshot.key_store_hint or say("look at its state")
        yield told("key-store-locked", snapshot.key_store_problem, hint, Action("key-store"))
    elif snapshot.key_file_locked:
        in_use = snapshot.in_use in stored
        because = (
            say("{where} is locked; '{name}', which is in use, cannot be used until it is open",
                where=snapshot.key_store, name=snapshot.in_use)
            if in_use
            else say("{where} is locked; no profile whose key is in it can be used until it is open",
                     where=snapshot.key_store)
        )  # fmt: skip
        yield told(
            "key-store-locked",
            because,
            say("give its passphrase once; it stays open for a day"),
            Action("unlock"),
            severity="warn" if in_use else "info",
        )


def check_background_proxy(snapshot: Snapshot) -> Iterator[Finding]:
    """The proxy that settings rely on can run, and runs where a session needs it. Else the helper starts it."""
    proxy = snapshot.proxy
    if proxy is None:
        return
    yield from _proxy_down(snapshot, proxy)
    yield from _proxy_lacks(snapshot, proxy)
    if proxy.problem == "taken":
        yield told(
            "proxy-taken",
            proxy.why,
            say("end that program, or choose another port and write the profile again"),
            Action("move-proxy"),
            Action("use", snapshot.in_use or ""),
        )
    elif proxy.problem == "stuck":
        yield told(
            "proxy-stuck",
            say("process {pid} holds port {port} and does not respond", pid=proxy.pid, port=proxy.port),
            say("restart it"),
            Action("restart-proxy"),
        )
    elif proxy.running and proxy.version and proxy.version != snapshot.version:
        yield told(
            "proxy-old",
            say("version {version} runs, {installed} is installed", version=proxy.version, installed=snapshot.version),
            say("restart it"),
            Action("restart-proxy"),
        )


def _proxy_down(snapshot: Snapshot, proxy: ProxyLook) -> Iterator[Finding]:
    """Sessions that run now ask the helper once a minute only, and lose minutes until then."""
    profile = snapshot.profiles.get(snapshot.in_use or "")
    if proxy.running or proxy.asleep or proxy.problem or not proxy.sessions:
        return
    if profile is not None and profile.route == "proxy":
        yield told(
            "proxy-down",
            say("'{name}' is in use, and Claude Code sessions are running: {n}", name=profile.name, n=proxy.sessions),
            say("start it"),
            Action("start-proxy"),
        )


def _proxy_lacks(snapshot: Snapshot, proxy: ProxyLook) -> Iterator[Finding]:
    """The proxy has the keys that this terminal has."""
    for name, profile in snapshot.profiles.items():
        variables = [ref for ref in profile.secrets if ref.kind == "env" and ref.name in proxy.lacks]
        key = next((ref for ref in variables if snapshot.env.get(ref.name)), None)
        if key is not None:
            yield told(
                "proxy-lacks-key",
                say(
                    "the proxy was started where {variable} is not set, which it is here: profile '{name}' has no "
                    "key there",
                    variable=key.name,
                    name=name,
                ),
                say("restart it from here; a new session of Claude Code hands the key over by itself"),
                Action("restart-proxy"),
            )
            return


def check_private(snapshot: Snapshot) -> Iterator[Finding]:
    """Our files are the user's alone."""
    if snapshot.open_paths:
        yield told(
            "state-open",
            say("readable by others: {paths}", paths=", ".join(snapshot.open_paths[:4])),
            say("restrict their permissions"),
            *(f"chmod go= {path}" for path in snapshot.open_paths[:4]),
        )


def check_folders(snapshot: Snapshot) -> Iterator[Finding]:
    """Profiles, history and settings have to be written somewhere."""
    for path, why in snapshot.closed_folders:
        quoted = shlex.quote(path)
        if why == "file":
            because = say("there is a file where a folder has to be: {path}", path=path)
            command = f"mv {quoted} {quoted}.away"
        elif why == "owner":
            because, command = say("{path} belongs to another user", path=path), f'sudo chown -R "$USER" {quoted}'
        elif why == "mount":  # no mode opens it
            because, command = say("{path} is on a file system mounted read-only", path=path), here.room_left(path)
        else:
            because, command = say("{path} is read-only", path=path), f"chmod u+rwx {quoted}"
        if snapshot.platform == "win32":
            command = here.look_at(path, snapshot.platform)
        yield told(
            "state-closed", because, say("open it, or set CCSWITCH_HOME to a folder that can be written"), command
        )


def check_room(snapshot: Snapshot) -> Iterator[Finding]:
    """Records, backups and the use that is counted can be written."""
    if snapshot.state_problem:
        yield told(
            "state-full",
            say(
                "{folder}: {words}; a proxy that runs goes on, but nothing is counted, and 'use' and 'undo' refuse",
                folder=snapshot.state_dir,
                words=snapshot.state_problem,
            ),
            say("make room there, or set CCSWITCH_HOME to a folder on another disk"),
            here.room_left(snapshot.state_dir, snapshot.platform),
        )


def check_textual_log(snapshot: Snapshot) -> Iterator[Finding]:
    """Textual's log holds what is typed and pasted, keys too."""
    if snapshot.env.get("TEXTUAL_LOG"):
        yield told(
            "textual-log",
            say(
                "TEXTUAL_LOG={file}: a key typed or pasted into the app would be in it",
                file=snapshot.env["TEXTUAL_LOG"],
            ),
            say("unset it"),
            here.unset_variable("TEXTUAL_LOG", snapshot.platform),
        )
