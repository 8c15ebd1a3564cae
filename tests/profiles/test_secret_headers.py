"""A header with a secret of its own is a key too: kept by reference, bound to the host, sent only there, shown nowhere."""

from __future__ import annotations

import http.client
import json
import os
import tomllib
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from ccswitch_tui.cli.main import main
from ccswitch_tui.credentials.base import MemoryStore
from ccswitch_tui.errors import UsageError
from ccswitch_tui.profiles.draft import header_key
from ccswitch_tui.profiles.model import SecretRef, parse_secret_ref
from ccswitch_tui.profiles.table import profile_from_table, profile_to_table
from ccswitch_tui.proxy.embedded import EmbeddedProxy
from ccswitch_tui.secret import Secret
from ccswitch_tui.workflows.context import Context
from kit import needs

KEY = "sk-example-0123456789abcdef"
TOKEN = "Bearer gw-example-9876543210fedcba"
NEW = "Bearer gw-example-another-55555555"
HEADER = "cf-aig-authorization"


class Gateway(BaseHTTPRequestHandler):
    """Wants the provider's key and its own token; says both in its refusal, as the worst ones do."""

    token = TOKEN

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        given = self.headers.get(HEADER, ""), self.headers.get("authorization", "")
        self.server.seen.append((self.path, given))  # type: ignore[attr-defined]
        answer: dict[str, Any] = {"error": {"message": f"refused {given}", "type": "invalid_request_error"}}
        status = 401
        if given == (self.server.token, f"Bearer {KEY}"):  # type: ignore[attr-defined]
            status, answer = 200, {"data": [{"id": "m-1"}]}
            if raw:
                message = {"role": "assistant", "content": "OK"}
                choice = {"index": 0, "message": message, "finish_reason": "stop"}
                answer = {"id": "c", "object": "chat.completion", "model": "m-1", "choices": [choice]}
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Serving:
    def __enter__(self) -> Serving:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
        self._server.seen, self._server.token = [], TOKEN  # type: ignore[attr-defined]
        Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def seen(self) -> list[tuple[str, tuple[str, str]]]:
        return self._server.seen  # type: ignore[attr-defined, no-any-return]

    def wants(self, token: str) -> None:
        self._server.token = token  # type: ignore[attr-defined]


@pytest.fixture
def gateway() -> Any:
    with Serving() as serving:
        yield serving


@pytest.fixture
def ctx(home: Path) -> Context:
    return Context({"HOME": str(home), "PATH": os.environ["PATH"]}, cwd=str(home), store=MemoryStore())


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(ctx: Context, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def go(*argv: str, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", StringIO(stdin))
        capsys.readouterr()
        code = main(list(argv), ctx)
        told = capsys.readouterr()
        for secret in (KEY, TOKEN, NEW):
            assert secret.removeprefix("Bearer ") not in told.out + told.err, argv
        return code, told.out, told.err

    return go


@pytest.fixture
def work(run: Run, gateway: Serving) -> Serving:
    words = ("add", "work", "--url", gateway.url, "--model", "m-1", "--key-stdin", "--secret-header", HEADER)
    assert run(*words, stdin=f"{KEY}\n{TOKEN}\n")[0] == 0
    return gateway


def test_it_is_kept_beside_the_key_and_only_named_in_the_file(ctx: Context, work: Serving) -> None:
    text = Path(ctx.paths.profiles).read_text()
    assert TOKEN.removeprefix("Bearer ") not in text and KEY not in text
    table = tomllib.loads(text)["profiles"]["work"]
    assert table["secret_headers"] == {HEADER: f"keyring:work/header.{HEADER}"}
    assert table["key_host"] == work.url.removesuffix("/v1")
    assert ctx.keys.of_headers(ctx.book().get("work")) == {HEADER: Secret(TOKEN)}


def test_the_probe_of_add_went_through_with_both(ctx: Context, work: Serving) -> None:
    assert ctx.book().get("work").endpoint.wire == "openai-chat"
    assert all(given[0] == TOKEN for _, given in work.seen)


def test_the_proxy_sends_it_and_looks_again_when_it_is_refused(ctx: Context, work: Serving, run: Run) -> None:
    profile = ctx.book().get("work")
    with EmbeddedProxy({"work": profile}, ctx.keys.of, env=ctx.env) as proxy:
        assert asked(proxy) == 200
        work.wants(NEW)
        ctx.keys.put(header_key("work", HEADER), Secret(NEW))
        assert asked(proxy) == 200
    assert [given for _, given in work.seen[-2:]] == [(TOKEN, f"Bearer {KEY}"), (NEW, f"Bearer {KEY}")]


def test_a_large_request_answered_in_another_process_has_it_too(ctx: Context, work: Serving) -> None:
    with EmbeddedProxy({"work": ctx.book().get("work")}, ctx.keys.of, env=ctx.env) as proxy:
        assert asked(proxy, text="many words " * 700_000) == 200
        work.wants(NEW)
        ctx.keys.put(header_key("work", HEADER), Secret(NEW))
        assert asked(proxy, text="many words " * 700_001) == 200
    assert [given for _, given in work.seen[-3:]] == [
        (TOKEN, f"Bearer {KEY}"), (TOKEN, f"Bearer {KEY}"), (NEW, f"Bearer {KEY}"),
    ]  # fmt: skip


def asked(proxy: EmbeddedProxy, words: list[str] | None = None, text: str = "hi") -> int:
    connection = http.client.HTTPConnection(proxy.host, proxy.port, timeout=20)
    body = {"model": "claude-opus-4-8", "max_tokens": 9, "messages": [{"role": "user", "content": text}]}
    headers = {"x-api-key": proxy.token.reveal(), "Content-Type": "application/json"}
    connection.request("POST", "/p/work/v1/messages", json.dumps(body), headers)
    answer = connection.getresponse()
    told = answer.read().decode()
    connection.close()
    assert TOKEN.removeprefix("Bearer ") not in told and KEY not in told
    if words is not None:
        words.append(told)
    return answer.status


def test_a_header_that_is_missing_is_named_to_the_client(ctx: Context, work: Serving) -> None:
    ctx.keys.remove(header_key("work", HEADER))
    before, words = len(work.seen), list[str]()
    with EmbeddedProxy({"work": ctx.book().get("work")}, ctx.keys.of, env=ctx.env) as proxy:
        assert asked(proxy, words) == 403
    assert HEADER in words[0] and f"--secret-header {HEADER}" in words[0]
    assert len(work.seen) == before, "the key went out alone"


def test_a_refusal_that_repeats_it_is_masked(ctx: Context, work: Serving) -> None:
    work.wants("something else")
    words: list[str] = []
    with EmbeddedProxy({"work": ctx.book().get("work")}, ctx.keys.of, env=ctx.env) as proxy:
        assert asked(proxy, words) == 401
    assert "refused" in words[0]


def test_the_probe_names_the_header_among_what_may_have_been_refused(run: Run, work: Serving) -> None:
    work.wants("something else")
    code, out, _ = run("probe", "work", "--quick")
    assert code == 4
    assert f"edit work --secret-header {HEADER}" in out


@pytest.mark.parametrize("form", ["--json", "-v"])
def test_no_report_shows_it_and_a_curl_reads_it_from_a_variable(run: Run, work: Serving, form: str) -> None:
    _, out, _ = run("probe", "work", "--quick", form)
    assert "$CF_AIG_AUTHORIZATION" in out


def test_another_host_gets_it_only_when_the_user_says_so(ctx: Context, run: Run, work: Serving) -> None:
    move = ("edit", "work", "--set", "endpoint.base_url=https://other.example/v1")
    before = Path(ctx.paths.profiles).read_bytes()
    assert run(*move)[0] == 2
    code, _, err = run(*move, "--key-stdin", "--no-verify", stdin="sk-example-for-the-other-0123")
    assert code == 2 and HEADER in err, "a new key must not take the old header along"
    code, _, err = run(*move, "--key", "env:OTHER")
    assert code == 2 and HEADER in err
    assert Path(ctx.paths.profiles).read_bytes() == before
    assert ctx.keys.store.get("work") == Secret(KEY)
    code, _, _ = run(
        *move, "--key-stdin", "--secret-header", HEADER, "--no-verify", stdin=f"sk-example-for-the-other-0123\n{NEW}\n"
    )
    assert code == 0
    assert ctx.book().get("work").key_host == "other.example"


def test_a_profile_whose_address_moved_by_hand_sends_neither(ctx: Context, work: Serving) -> None:
    moved = ctx.book().get("work")
    moved = moved._replace(key=SecretRef("none"), key_host="elsewhere.example")
    before = len(work.seen)
    with EmbeddedProxy({"work": moved}, ctx.keys.of, env=ctx.env) as proxy:
        assert asked(proxy) == 403
    assert len(work.seen) == before


def test_a_new_value_that_is_refused_leaves_the_old_one(ctx: Context, run: Run, work: Serving) -> None:
    assert run("edit", "work", "--secret-header", HEADER, stdin=NEW)[0] == 4
    assert ctx.keys.of_headers(ctx.book().get("work")) == {HEADER: Secret(TOKEN)}
    work.wants(NEW)
    assert run("edit", "work", "--secret-header", HEADER.upper(), stdin=NEW)[0] == 0
    profile = ctx.book().get("work")
    assert profile.secret_headers == {HEADER.upper(): SecretRef("keyring", header_key("work", HEADER))}
    assert ctx.keys.of_headers(profile) == {HEADER.upper(): Secret(NEW)}


def test_it_follows_a_rename_and_a_copy_and_goes_with_the_profile(ctx: Context, run: Run, work: Serving) -> None:
    assert run("rename", "work", "job")[0] == 0
    assert run("copy", "job", "twin")[0] == 0
    assert ctx.keys.store.get(header_key("work", HEADER)) is None
    for name in ("job", "twin"):
        assert ctx.keys.of_headers(ctx.book().get(name)) == {HEADER: Secret(TOKEN)}
    assert run("remove", "job")[0] == 0
    assert ctx.keys.store.get(header_key("job", HEADER)) is None
    assert run("edit", "twin", "--unset", f"secret_headers.{HEADER}")[0] == 0
    assert ctx.keys.store.get(header_key("twin", HEADER)) is None
    assert ctx.keys.store.get("twin") == Secret(KEY)


def test_replacing_the_profile_takes_the_old_header_out_of_the_store(ctx: Context, run: Run, work: Serving) -> None:
    words = ("add", "work", "--url", work.url, "--wire", "openai-chat", "--no-probe", "--force", "--key-stdin")
    assert run(*words, stdin=KEY)[0] == 0
    assert ctx.keys.store.get(header_key("work", HEADER)) is None


def test_a_direct_route_is_refused_with_the_reason(run: Run, work: Serving) -> None:
    run("edit", "work", "--set", "route=direct", "--set", "endpoint.wire=anthropic")
    for command in (("use", "work"), ("env", "work")):
        code, _, err = run(*command)
        assert code == 2 and HEADER in err and "route=proxy" in err, command


@needs.shell
def test_one_run_of_a_direct_route_takes_a_proxy_of_its_own(run: Run, work: Serving, home: Path) -> None:
    run("edit", "work", "--set", "route=direct", "--set", "endpoint.wire=anthropic")
    (home / "claude").write_text('#!/bin/sh\nenv > seen\ncat "$2" >> seen\n')
    (home / "claude").chmod(0o700)
    assert run("run", "work", "--", str(home / "claude"))[0] == 0
    seen = (home / "seen").read_text()
    assert "ANTHROPIC_BASE_URL=http://127.0.0.1:" in seen
    assert TOKEN.removeprefix("Bearer ") not in seen and KEY not in seen


@pytest.mark.parametrize("value", [TOKEN, "gw-example-9876543210fedcba", f"{HEADER}: {TOKEN}"])
@pytest.mark.parametrize("form", ["{header}={value}", "{header}: {value}"])
def test_a_value_on_the_command_line_is_refused_and_not_repeated(run: Run, value: str, form: str) -> None:
    text = form.format(header=HEADER, value=value)
    code, _, err = run("add", "x", "--url", "https://a.example/v1", "--key", "env:K", "--secret-header", text)
    assert code == 2 and "every process" in err
    code, _, _ = run("edit", "x", "--set", f"secret_headers.{HEADER}={value}")
    assert code == 2


def test_a_variable_may_hold_the_token_alone_or_with_its_scheme(ctx: Context, run: Run, gateway: Serving) -> None:
    for ref, held in (("Bearer env:GW_TOKEN", TOKEN.removeprefix("Bearer ")), ("env:GW_TOKEN", TOKEN)):
        ctx.env.update(GW_TOKEN=held, OWN_KEY=KEY)
        option = f"{HEADER}={ref}"
        code, _, _ = run(
            "add", "work", "--url", gateway.url, "--model", "m-1", "--key", "env:OWN_KEY", "--secret-header", option,
            "--strict", "--force",
        )  # fmt: skip
        assert code == 0
        assert str(ctx.book().get("work").secret_headers[HEADER]) == ref
        assert gateway.seen[-1][1] == (TOKEN, f"Bearer {KEY}")


@needs.shell
def test_a_key_in_a_named_header_keeps_its_scheme_wherever_it_is(ctx: Context, run: Run) -> None:
    ctx.env["GW"] = TOKEN
    add = ("add", "work", "--url", "https://gw.example/v1", "--no-probe", "--auth", f"header:{HEADER}", "--key")
    for ref in ("env:GW", "command:printenv GW"):
        assert run(*add, ref, "--force")[0] == 0
        assert ctx.keys.of(ctx.book().get("work")) == Secret(TOKEN)


@pytest.mark.parametrize("text", ["Bearer env:X", "env:X", "keyring:a/header.b", "Token command:op read op://x"])
def test_a_reference_reads_as_it_is_written(text: str) -> None:
    assert str(parse_secret_ref(text)) == text


@pytest.mark.parametrize("name", ["host", "Content-Length", "two words", "new\nline", "", "a:b"])
def test_what_is_no_header_of_the_users_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        profile_from_table("w", {"endpoint": {"base_url": "https://a.example"}, "secret_headers": {name: "env:X"}})


def test_the_file_says_it_and_reads_it_back() -> None:
    table = {"endpoint": {"base_url": "https://a.example"}, "secret_headers": {"X-Gw": "Bearer env:X"}}
    assert profile_to_table(profile_from_table("w", table)) == table


EXPORTS = {
    "curl": '-H "cf-aig-authorization: $CF_AIG_AUTHORIZATION"',
    "litellm": "os.environ/CF_AIG_AUTHORIZATION",
    "continue": "secrets.CF_AIG_AUTHORIZATION",
    "toml": f'cf-aig-authorization = "keyring:work/header.{HEADER}"',
    "env": HEADER,
    "aider": HEADER,
}


@pytest.mark.parametrize("tool", EXPORTS)
def test_an_export_names_the_variable_or_says_what_is_not_in_it(run: Run, work: Serving, tool: str) -> None:
    code, out, _ = run("export", "work", "--to", tool)
    assert code == 0 and EXPORTS[tool] in out


@pytest.mark.parametrize("tool", ["curl", "litellm", "continue"])
def test_what_was_exported_is_read_back_with_it(
    ctx: Context, run: Run, work: Serving, tool: str, tmp_path: Path
) -> None:
    _, out, _ = run("export", "work", "--to", tool)
    if tool == "curl":
        assert run("add", "back", "--paste", "-", "--no-probe", stdin=out)[0] == 0
        back = ctx.book().get("back")
    else:
        path = tmp_path / f"{tool}.yaml"
        path.write_text(out)
        code, told, _ = run("import", str(path), "--json", "--force")
        assert code == 0
        back = ctx.book().get(json.loads(told)["entries"][0]["name"])
    assert back.secret_headers == {HEADER: SecretRef("env", "CF_AIG_AUTHORIZATION")}
    assert back.endpoint.base_url == work.url


def test_settings_for_claude_are_not_written_with_it(run: Run, work: Serving) -> None:
    run("edit", "work", "--set", "endpoint.wire=anthropic")
    code, out, err = run("export", "work", "--to", "claude-settings")
    assert (code, out) == (2, "") and HEADER in err


def test_list_show_and_doctor_say_that_it_is_missing(ctx: Context, run: Run, work: Serving) -> None:
    ctx.keys.remove(header_key("work", HEADER))
    assert "missing" in run("list")[1]
    assert f"header {HEADER}" in run("show", "work")[1] and "missing" in run("show", "work")[1]
    row = json.loads(run("list", "--json")[1])["profiles"][0]
    assert row["secret_headers"] == [{"name": HEADER, "ref": f"keyring:work/header.{HEADER}", "present": False}]
    assert HEADER in run("doctor", "--json")[1]
