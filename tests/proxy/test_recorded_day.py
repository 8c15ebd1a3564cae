"""A recorded day through the real proxy: wires, caches, tries again, fall-backs, cancels, a gateway's header, a list's
price. Its sums equal a count by hand, whichever way they are summed."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path
from typing import Any

import pytest
from proxy_client import call, open_request, profile, proxy_for, read_until
from scripted_endpoint import Act, Connection, Received, ScriptedEndpoint, chat_chunk, native_event

from ccswitch_tui.profiles.model import Prices
from ccswitch_tui.proxy.books.usage import NAMES, UsageBook
from ccswitch_tui.proxy.embedded import EmbeddedProxy
from ccswitch_tui.workflows.usage import total_of

SHOP, BLOG = "3ad72aca-c1f6-476a-9464-000000000001", "3ad72aca-c1f6-476a-9464-000000000002"


def chat(prompt: int, cached: int, output: int, *, cost: float | None = None, header: str = "") -> Act:
    """A whole answer or a stream of chat completions; `prompt` includes what was cached, as that wire has it."""

    def act(connection: Connection, received: Received) -> None:
        usage: dict[str, Any] = {"prompt_tokens": prompt, "completion_tokens": output,
                                 "prompt_tokens_details": {"cached_tokens": cached}}  # fmt: skip
        if cost is not None:
            usage["cost"] = cost
        if not received.json().get("stream"):
            choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hi"}}
            headers = {"x-litellm-response-cost": header} if header else {}
            connection.answer(200, {"id": "c1", "model": "m", "choices": [choice], "usage": usage}, headers)
            return
        connection.start_stream()
        connection.chunk(chat_chunk({"content": "hi"}))
        connection.chunk(chat_chunk({}, "stop"))
        connection.chunk(b"data: " + json.dumps({"id": "c1", "choices": [], "usage": usage}).encode() + b"\n\n")
        connection.chunk(b"data: [DONE]\n\n")
        connection.end_stream()

    return act


def native(new: int, read: int, write: int, output: int) -> Act:
    """A stream of the Messages API; `new` excludes what was cached, as that wire has it."""

    def act(connection: Connection, received: Received) -> None:
        usage = {"input_tokens": new, "cache_read_input_tokens": read, "cache_creation_input_tokens": write,
                 "output_tokens": 1}  # fmt: skip
        connection.start_stream()
        connection.chunk(native_event("message_start", message={"id": "m", "model": "m", "usage": usage}))
        ends = {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": output}}
        connection.chunk(native_event("message_delta", **ends))
        connection.chunk(native_event("message_stop"))
        connection.end_stream()

    return act


def uncounted(connection: Connection, received: Received) -> None:
    """A server that counts nothing."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hi"}}
    connection.answer(200, {"id": "c1", "model": "m", "choices": [choice]})


def refuses(status: int) -> Act:
    def act(connection: Connection, received: Received) -> None:
        connection.answer(status, {"error": {"message": "down for a while", "type": "server_error"}})

    return act


def hangs(connection: Connection, received: Received) -> None:
    """Begins to stream and goes on until the client leaves."""
    connection.start_stream()
    with contextlib.suppress(OSError):
        for _ in range(200):
            connection.chunk(chat_chunk({"content": "word "}))
            time.sleep(0.05)


def refused_field(connection: Connection, received: Received) -> None:
    """Refuses one field of the body; the proxy asks once more without it."""
    words = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    connection.answer(400, {"error": {"message": words, "type": "invalid_request_error", "param": "max_tokens"}})


Asked = tuple[dict[str, Any], dict[str, str]]


def asked(session: str, *, stream: bool = False, project: str = "") -> Asked:
    text = f"- Primary working directory: {project}\n" if project else "hi"
    body = {"model": "big-model", "max_tokens": 64, "stream": stream, "messages": [{"role": "user", "content": text}]}
    return body, {"X-Claude-Code-Session-Id": session} if session else {}


HAND = {
    # profile: requests, errors, input, cache read, cache write, output
    "work": (5, 1, 100 + 200 + 0 + 11, 900 + 1800, 0, 40 + 60 + 7),
    "direct": (1, 0, 30, 4000, 250, 70),
    "backup": (1, 0, 500, 0, 0, 20),
}
"""The day below, counted by hand. `work`: a whole answer of 1000 tokens of which 900 were cached; a stream of 2000 of
which 1800 were; one that was tried again without a field (11 + 7, cost stated by a header); one that counted nothing,
which is estimated; one that the client left. The one that failed everywhere on `work` is `backup`'s."""


@pytest.fixture
def day(tmp_path: Path) -> UsageBook:
    """The day, through the proxy."""
    book = UsageBook(str(tmp_path / "usage.sqlite3"))
    with (
        ScriptedEndpoint(
            chat(1000, 900, 40, cost=0.0125),
            chat(2000, 1800, 60),
            refused_field,
            chat(11, 0, 7, header="0.00033"),
            uncounted,
            hangs,
            refuses(503),
        ) as first,
        ScriptedEndpoint(native(30, 4000, 250, 70)) as second,
        ScriptedEndpoint(chat(500, 0, 20)) as third,
    ):
        prices = {"big-model": Prices(input=3.0, output=15.0, cache_read=0.3)}
        work = profile(first.origin, prices=prices, fallbacks=("backup",))
        direct = profile(second.origin, wire="anthropic", prices={"big-model": Prices(3.0, 15.0, 0.3, 3.75, "EUR")})
        backup = profile(third.origin)
        with proxy_for(work, direct._replace(name="direct"), backup._replace(name="backup"), usage=book) as proxy:
            steps: list[tuple[str, Asked]] = [
                ("work", asked(SHOP, project="/home/ada/shop")),
                ("work", asked(SHOP, stream=True)),
                ("work", asked(SHOP)),
                ("work", asked(BLOG, project="/home/ada/blog")),
                ("direct", asked(BLOG, stream=True)),
            ]
            for name, (body, headers) in steps:
                assert call(proxy, body=body, headers=headers, path=f"/p/{name}/v1/messages").status == 200
            leave(proxy, asked("", stream=True)[0] | {"metadata": {"user_id": json.dumps({"session_id": BLOG})}})
            assert call(proxy, body=asked("")[0], path="/p/work/v1/messages").status == 200  # by the fall-back
    return book


def leave(proxy: EmbeddedProxy, body: dict[str, Any]) -> None:
    """Asks as an older client does, reads the beginning, and hangs up."""
    with open_request(proxy, body) as sock:
        read_until(sock, b"text_delta")
    deadline = time.monotonic() + 20
    while proxy.traffic.running and time.monotonic() < deadline:
        time.sleep(0.02)


def test_every_way_to_sum_says_what_was_counted_by_hand(day: UsageBook) -> None:
    by_profile = {row["profile"]: row for row in day.summed(["profile"])}
    for name, (requests, errors, fresh, read, write, output) in HAND.items():
        row = by_profile[name]
        sure = [row[c] for c in ("requests", "errors", "cache_read_tokens", "cache_write_tokens")]
        assert sure == [requests, errors, read, write], name
        if name == "work":  # two requests of its are estimated: at least what was counted
            assert row["input_tokens"] > fresh and row["output_tokens"] > output and row["estimated"] == 2
        else:
            assert (row["input_tokens"], row["output_tokens"], row["estimated"]) == (fresh, output, 0)
    totals = [total_of(day.summed(by)) for by in ((), *((name,) for name in NAMES), ("day", "profile", "model"), NAMES)]
    assert all(total == totals[0] for total in totals)
    assert totals[0]["requests"] == 7 and totals[0]["cancels"] == 1


def test_every_cost_is_there_once_by_who_said_so_and_in_its_own_currency(day: UsageBook) -> None:
    total = total_of(day.summed([]))
    stream = (200 * 3.0 + 1800 * 0.3 + 60 * 15.0) / 1e6
    euro = (30 * 3.0 + 4000 * 0.3 + 250 * 3.75 + 70 * 15.0) / 1e6
    assert total["cost"] == {"USD": pytest.approx(0.0125 + 0.00033 + stream), "EUR": pytest.approx(euro)}
    assert total["cost_by"]["endpoint"] == {"USD": pytest.approx(0.0125 + 0.00033)}
    assert total["cost_by"]["prices"] == {"USD": pytest.approx(stream), "EUR": pytest.approx(euro)}
    assert total["priced"] == 4  # not the estimated one, not the cancelled one, not the one without a price


def test_projects_sessions_tries_again_and_fall_backs(day: UsageBook) -> None:
    projects = {row["project"]: row["requests"] for row in day.summed(["project"])}
    assert projects == {"/home/ada/shop": 3, "/home/ada/blog": 3, "": 1}
    sessions = {row["session"]: row["requests"] for row in day.summed(["session"])}
    assert sessions == {SHOP: 3, BLOG: 3, "": 1}
    retries = {row["profile"]: row["retries"] for row in day.summed(["profile"])}
    assert retries == {"work": 1, "direct": 0, "backup": 1}
