"""`balance`: documented answers read right, odd ones said to be odd, and no key at a host it was not given for.

The services here are fakes on loopback that answer as their documentation says; none was asked with a real key.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccswitch_tui.balance import routes as routing
from ccswitch_tui.balance.kept import from_bytes, short_text, to_bytes
from ccswitch_tui.balance.model import Balance, Meter, NotUnderstood, Reading, Refused, moment, number, state_of
from ccswitch_tui.balance.readers import READERS, read
from ccswitch_tui.balance.routes import Route, load_routes
from ccswitch_tui.cli.main import main
from ccswitch_tui.workflows.context import Context
from ccswitch_tui.workflows.statusline import segment

NOW = 1_800_000_000.0
KEY = "sk-example-balance-0001"

DOCUMENTED: dict[str, tuple[str, Any, str]] = {
    "deepseek": ("", {"is_available": True, "balance_infos": [
        {"currency": "CNY", "total_balance": "110.00", "granted_balance": "10.00", "topped_up_balance": "100.00"},
        {"currency": "USD", "total_balance": "0.50", "granted_balance": "0", "topped_up_balance": "0.50"}]},
        "110.00 CNY left, 0.50 USD left"),
    "moonshot": ("CNY", {"code": 0, "data": {"available_balance": 49.58894, "voucher_balance": 46.58893,
        "cash_balance": 3.00001}, "scode": "0x0", "status": True}, "49.59 CNY? left"),
    "kimi_coding": ("", {"usage": {"limit": "100", "used": "26", "remaining": "74",
        "resetTime": "2026-02-11T17:32:50.757941123Z"}, "limits": [{"window": {"duration": 300, "timeUnit":
        "TIME_UNIT_MINUTE"}, "detail": {"limit": "100", "remaining": "85", "resetTime": "2026-02-07T12:32:50Z"}}]},
        "week 26% used, 5h 15% used"),
    "glm_quota": ("", {"code": 200, "success": True, "data": {"level": "pro", "limits": [
        {"type": "TIME_LIMIT", "unit": 5, "number": 1, "usage": 1000, "currentValue": 40, "percentage": 4},
        {"type": "TOKENS_LIMIT", "unit": 3, "number": 5, "percentage": 34, "nextResetTime": 1770648402389},
        {"type": "TOKENS_LIMIT", "unit": 6, "number": 1, "percentage": 71, "nextResetTime": 1770640000000}]}},
        "tools, month 4% used, 5h 34% used, week 71% used"),
    "minimax": ("", {"base_resp": {"status_code": 0, "status_msg": "success"}, "model_remains": [
        {"model_name": "general", "current_interval_remaining_percent": 80, "end_time": 1780000000000,
         "current_weekly_remaining_percent": 55, "current_weekly_status": 1, "weekly_end_time": 1780400000000},
        {"model_name": "video", "current_interval_remaining_percent": 100, "current_weekly_remaining_percent": 100,
         "current_weekly_status": 3}]}, "5h 20% used, week 45% used, video, 5h 0% used"),
    "siliconflow": ("USD", {"code": 20000, "message": "OK", "status": True, "data": {"id": "u1", "name": "A Person",
        "email": "person@mail.example", "balance": "0.88", "chargeBalance": "88.00", "totalBalance": "88.88"}},
        "88.88 USD? left"),
    "stepfun": ("", {"object": "account", "type": "prepaid", "balance": 12.5, "total_cash_balance": 100.0,
        "total_voucher_balance": 0.0}, "12.50 left"),
    "openrouter": ("", {"data": {"label": "sk-or-v1-0e6...1c96", "limit": 100, "limit_remaining": 74.5, "limit_reset":
        "monthly", "usage": 325.5, "is_free_tier": False, "expires_at": "2099-12-31T23:59:59Z"}},
        "monthly 74.50 USD left"),
    "novita": ("USD", {"availableBalance": "1000000", "cashBalance": "1000000", "creditLimit": "0"}, "100.00 USD left"),
    "ppio": ("CNY", {"credit_balance": 125000}, "12.50 CNY? left"),
    "aihubmix": ("USD", {"object": "list", "total_usage": 4.25}, "key 4.25 USD? left"),
    "ai302": ("", {"data": {"balance": "4.93"}}, "4.93 left"),
    "opencode_go": ("", {"usage": {"rolling": {"status": "ok", "percent": 12, "resetsAt": "2026-11-01T00:00:00Z"},
        "monthly": {"status": "rate-limited", "percent": 104}}}, "rolling 12% used, month 104% used"),
    "new_api": ("", {"code": True, "message": "ok", "data": {"object": "token_usage", "name": "k", "total_granted":
        1000000, "total_used": 250000, "total_available": 750000, "unlimited_quota": False, "expires_at": 0}},
        "key 750,000.00 quota left"),
    "one_api": ("", {"subscription": {"object": "billing_subscription", "hard_limit_usd": 20.0, "access_until": 0},
        "usage": {"object": "list", "total_usage": 512.0}}, "key 14.88 left"),
    "litellm": ("", {"key": "hash", "info": {"spend": 2.5, "max_budget": 10.0, "budget_reset_at": None, "expires":
        None}}, "key 7.50 USD left"),
}  # fmt: skip


@pytest.mark.parametrize("name", READERS)
def test_a_documented_answer_is_read_in_its_own_units(name: str) -> None:
    unit, answer, said = DOCUMENTED[name]
    assert short_text(Balance("known", NOW, meters=read(name, answer, unit, NOW).meters)) == said


@pytest.mark.parametrize("name", READERS)
def test_what_is_absent_is_never_nought(name: str) -> None:
    answers: tuple[Any, ...] = (
        {},
        {"data": {}},
        {"data": None},
        {"usage": {}},
        {"balance_infos": []},
        [],
        "<html>",
        None,
        0,
    )
    for answer in answers:
        with pytest.raises((NotUnderstood, Refused)):
            read(name, answer, "", NOW)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(READERS)), st.data())
def test_no_answer_makes_a_reader_stumble(name: str, data: st.DataObject) -> None:
    def spoilt(value: Any) -> Any:
        if data.draw(st.integers(0, 4)) == 0:
            return data.draw(JSON)
        if isinstance(value, dict):
            return {key: spoilt(inner) for key, inner in value.items() if data.draw(st.integers(0, 6))}
        return [spoilt(inner) for inner in value] if isinstance(value, list) else value

    try:
        reading = read(name, spoilt(DOCUMENTED[name][1]), "", NOW)
    except (NotUnderstood, Refused):
        return
    kept = from_bytes(to_bytes(Balance("known", NOW, meters=reading.meters)))
    assert kept is not None and short_text(kept)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("glm_quota", {"code": 401, "success": False, "msg": "token expired or incorrect"}),
        ("minimax", {"base_resp": {"status_code": 1004, "status_msg": "login fail"}}),
        ("moonshot", {"code": 5, "status": False, "scode": "0x5"}),
        ("siliconflow", {"code": 20012, "status": False, "message": "bad key"}),
        ("new_api", {"success": False, "message": "token not found"}),
        ("one_api", {"subscription": {"error": {"message": "invalid token"}}, "usage": {}}),
    ],
)
def test_a_refusal_with_status_200_is_a_refusal(name: str, answer: Any) -> None:
    with pytest.raises(Refused):
        read(name, answer, "", NOW)


@pytest.mark.parametrize(
    ("name", "answer", "state"),
    [
        ("deepseek", {"balance_infos": [{"currency": "CNY", "total_balance": "0.00"}]}, "empty"),
        ("moonshot", {"data": {"available_balance": -3.2}}, "empty"),
        ("kimi_coding", {"usage": {"limit": "100", "used": "100"}}, "known"),
        ("new_api", {"data": {"total_available": 5, "expires_at": NOW - 1}}, "expired"),
        ("new_api", {"data": {"unlimited_quota": True, "total_available": -5, "expires_at": 0}}, "known"),
        ("openrouter", {"data": {"limit": None, "usage": 2}}, "known"),
        ("openrouter", {"data": {"limit": 5, "limit_remaining": -0.2}}, "empty"),
        ("one_api", {"subscription": {"hard_limit_usd": 100000000}, "usage": {"total_usage": 3}}, "known"),
        ("litellm", {"info": {"spend": 1, "max_budget": 5, "status": "expired"}}, "expired"),
    ],
)  # fmt: skip
def test_empty_expired_and_without_a_limit_are_told_apart(name: str, answer: Any, state: str) -> None:
    assert state_of(read(name, answer, "", NOW)) == state


def test_one_of_two_currencies_at_nought_is_not_empty() -> None:
    assert state_of(Reading((Meter("money", remaining=0.0), Meter("money", remaining=1.0)))) == "known"


@pytest.mark.parametrize(
    ("value", "found"),
    [("1.5", 1.5), (2, 2.0), (True, None), ("nan", None), ("Infinity", None), (None, None), ("", None), ("1,5", None)],
)
def test_figures(value: Any, found: float | None) -> None:
    assert number(value) == found


ODD_TIMES: tuple[Any, ...] = (0, -1, "", "soon", None, [], "1h2m", 1e300)


def test_times_in_seconds_milliseconds_and_with_nanoseconds() -> None:
    assert moment(1770648402389) == 1770648402.389
    assert moment("1770648402") == 1770648402.0
    assert moment("2026-02-11T17:32:50.757941123Z") == pytest.approx(1770831170.757941)
    assert [moment(value) for value in ODD_TIMES] == [None] * len(ODD_TIMES)


# ---------------------------------------------------------------- routes


def test_every_route_has_a_source_a_reader_and_https() -> None:
    routes = load_routes()
    for route in (*routes.providers, *routes.gateways):
        assert route.source in routes.sources
        assert bool(route.nothing) != (route.reads in READERS and bool(route.paths))
        assert all(
            url.startswith("https://") and url.count("/") >= 2 for url in (*route.at, *filter(None, [route.host]))
        )
        assert route.auth in ("bearer", "raw") and all(path.startswith("/") for path in route.paths)


@pytest.mark.parametrize(
    "address",
    ["https://api.deepseek.com.evil.example", "https://evil.example/api.deepseek.com", "http://api.deepseek.com",
     "https://api.kimi.com/codings", "https://user@api.deepseek.com/v1", "https://deepseek.com"],
)  # fmt: skip
def test_a_look_alike_is_not_the_provider(address: str) -> None:
    assert load_routes().of_address(address) is None


def test_the_key_of_a_region_is_asked_about_there() -> None:
    for host in ("open.bigmodel.cn", "api.z.ai", "api.minimax.io", "api.minimaxi.com", "api.moonshot.ai"):
        route = load_routes().of_address(f"https://{host}/anthropic")
        assert route is not None and all(url.startswith(f"https://{host}/") for url in route.urls(f"https://{host}/x"))


# ---------------------------------------------------------------- the command, against fakes


class Service:
    """A fake: answers every path with one status and body, and keeps what was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, str]] = {}
        self.asked: list[tuple[str, str | None]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append((self.path, self.headers.get("Authorization")))
                status, body = outer.answers.get(self.path, (404, "{}"))
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", body)
                self.send_header("Content-Length", str(len(body.encode())))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def ctx(tmp_path: Path, service: Service, monkeypatch: pytest.MonkeyPatch) -> Context:
    env = {"HOME": str(tmp_path), "CCSWITCH_HOME": str(tmp_path / "ours"), "PATH": os.environ["PATH"], "KEY": KEY}
    ctx = Context(env, cwd=str(tmp_path), clock=lambda: NOW)
    words = ["add", "work", "--url", f"{service.base}/v1", "--wire", "openai-chat", "--model", "m", "--key", "env:KEY"]
    assert main([*words, "--no-probe"], ctx) == 0
    known = load_routes()
    fake = Route("fake", "deepseek", (service.base,), ("/user/balance",), reads="deepseek")
    monkeypatch.setattr(routing, "load_routes", lambda: known._replace(providers=(fake,)))
    return ctx


def ask(ctx: Context, capsys: pytest.CaptureFixture[str], code: int, *words: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["balance", *words, "--json"], ctx) == code
    shown = capsys.readouterr().out
    assert KEY not in shown
    row: dict[str, Any] = json.loads(shown)["balances"][0]
    return row


GOOD = (200, json.dumps(DOCUMENTED["deepseek"][1]))


def test_one_request_with_the_key_and_the_answer_is_shown_from_then_on(
    ctx: Context, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    service.answers["/user/balance"] = GOOD
    assert ask(ctx, capsys, 0, "work")["state"] == "known"
    assert service.asked == [("/user/balance", f"Bearer {KEY}")]
    main(["use", "work"], ctx)
    ctx.clock = lambda: NOW + 600
    capsys.readouterr()
    main(["list"], ctx)
    assert "110.00 CNY left, 0.50 USD left, 10m" in capsys.readouterr().out
    main(["status"], ctx)
    assert "0.50 USD left (10m ago)" in capsys.readouterr().out
    here = Context({**ctx.env, "ANTHROPIC_BASE_URL": "http://127.0.0.1:1/p/work"}, cwd=ctx.cwd, clock=ctx.clock)
    assert "110.00 CNY left, 0.50 USD left (10m)" in segment(here, b"")
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    ("answer", "state", "code", "kept"),
    [
        ((401, '{"error": "no"}'), "refused", 4, False),
        ((403, ""), "refused", 4, False),
        ((429, "slow down"), "busy", 3, True),
        ((500, "oops"), "busy", 3, True),
        ((200, "<html>login</html>"), "not-understood", 3, False),
        ((200, "[" * 100_000), "not-understood", 3, False),
        ((410, "gone"), "unknown", 1, True),
        ((302, "http://127.0.0.1:9/"), "not-understood", 3, False),
    ],
)
def test_each_way_to_fail_is_told_apart_and_only_an_answer_replaces_what_was_known(
    ctx: Context, service: Service, capsys: pytest.CaptureFixture[str], answer: Any, state: str, code: int, kept: bool
) -> None:
    service.answers["/user/balance"] = GOOD
    ask(ctx, capsys, 0, "work")
    service.answers["/user/balance"] = answer
    assert ask(ctx, capsys, code, "work")["state"] == state
    assert bool(ask(ctx, capsys, 0 if kept else code, "work", "--cached")["meters"]) is kept
    assert len(service.asked) == 2


def test_an_answer_nobody_understands_is_quoted_without_key_and_person(
    ctx: Context, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    service.answers["/user/balance"] = (200, json.dumps({"mail": "someone@mail.example", "key": KEY}))
    words = ask(ctx, capsys, 3, "work")["words"]
    assert "not understood" in words and "someone" not in words and KEY not in words


def test_another_host_is_asked_only_when_it_is_named(
    ctx: Context, service: Service, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = service.base.replace("127.0.0.1", "localhost")
    route = Route("two", "deepseek", (service.base,), ("/elsewhere",), host=other, reads="deepseek")
    known = load_routes()
    monkeypatch.setattr(routing, "load_routes", lambda: known._replace(providers=(route,)))
    service.answers["/elsewhere"] = GOOD
    assert ask(ctx, capsys, 1, "work")["state"] == "consent"
    assert ask(ctx, capsys, 1, "work", "--allow-host", "evil.example")["state"] == "consent"
    assert service.asked == []
    assert ask(ctx, capsys, 0, "work", "--allow-host", "localhost")["state"] == "known"


def test_a_gateway_is_asked_in_its_own_way(
    ctx: Context, service: Service, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = load_routes()
    monkeypatch.setattr(routing, "load_routes", lambda: known._replace(providers=()))
    assert ask(ctx, capsys, 1, "work")["state"] == "unknown" and service.asked == []
    service.answers["/api/usage/token"] = (200, json.dumps(DOCUMENTED["new_api"][1]))
    assert ask(ctx, capsys, 0, "work", "--gateway", "new-api")["meters"][0]["unit"] == "quota"
    one = DOCUMENTED["one_api"][1]
    for part in one:
        service.answers[f"/v1/dashboard/billing/{part}"] = (200, json.dumps(one[part]))
    assert ask(ctx, capsys, 0, "work", "--gateway", "one-api")["meters"][0]["remaining"] == pytest.approx(14.88)
    assert known.of_headers(["X-New-Api-Version"]) == known.gateway("new-api")


def test_what_was_left_on_another_key_is_not_shown_for_this_one(
    ctx: Context, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    service.answers["/user/balance"] = GOOD
    ask(ctx, capsys, 0, "work")
    main(["edit", "work", "--set", "key=env:OTHER"], ctx)
    assert ask(ctx, capsys, 1, "work", "--cached")["meters"] == []


@pytest.mark.parametrize(
    "text", [b"", b"{", b'{"version": 1}', b'{"version": 2, "meters": []}', b"[1]", b"\xff" * 99_999]
)
def test_a_damaged_file_is_nothing_known(text: bytes) -> None:
    assert from_bytes(text) is None


def test_a_new_key_under_the_same_name_forgets_what_was_left_on_the_last(tmp_path: Path) -> None:
    from ccswitch_tui.credentials.base import MemoryStore
    from ccswitch_tui.credentials.keys import Keys
    from ccswitch_tui.paths import resolve_paths
    from ccswitch_tui.secret import Secret

    paths = resolve_paths({"HOME": str(tmp_path)})
    os.makedirs(paths.balances)
    for name in ("work", "other"):
        kept = Balance("known", NOW, "h", f"keyring:{name}", (Meter("money", remaining=1.0),))
        Path(paths.balances, f"{name}.json").write_bytes(to_bytes(kept))
    Keys(paths, {}, store=MemoryStore()).put("work", Secret(KEY))
    assert os.listdir(paths.balances) == ["other.json"]
