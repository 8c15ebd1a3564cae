"""The endpoint's own list of models: asked with its own key, read whole, found by typing."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccswitch_tui.demo.world import demo_context
from ccswitch_tui.errors import EndpointError, KeyRefusedError, UsageError
from ccswitch_tui.prices.model import Price, Step
from ccswitch_tui.probe.exchange import Exchange
from ccswitch_tui.probe.shapes import ListedModel, read_models
from ccswitch_tui.workflows.compare import price_text
from ccswitch_tui.workflows.models import Offered, ask_models, found, listed_in, nearest, offered


def test_the_demo_s_list_is_read_with_its_key() -> None:
    with demo_context({"PATH": "/usr/bin:/bin", "LANG": "en_US.UTF-8"}) as ctx:
        names = [row.id for row in asyncio.run(ask_models(ctx, ctx.book().get("misspelt")))]
        assert "demo-large" in names and "demo-lagre" not in names
        with pytest.raises(EndpointError, match="models"):
            asyncio.run(ask_models(ctx, ctx.book().get("behind-login")))
        with pytest.raises(UsageError, match="nothing was sent"):
            asyncio.run(ask_models(ctx, ctx.book().get("demo")._replace(key_host="https://elsewhere.example")))


def answer(status: int | None, body: Any = None, **more: Any) -> Exchange:
    return Exchange(1, "models", "GET", "https://api.example/v1/models", status=status, body=json.dumps(body), **more)


@pytest.mark.parametrize(
    ("exchange", "error"),
    [(answer(401), KeyRefusedError), (answer(403), KeyRefusedError), (answer(404), EndpointError),
     (answer(None, failure="refused"), EndpointError), (answer(200, {"data": []}), EndpointError),
     (answer(200, {"error": "no"}), EndpointError), (answer(200, "<html>"), EndpointError)],
)  # fmt: skip
def test_what_is_no_list_is_said_to_be_none(exchange: Exchange, error: type[Exception]) -> None:
    with pytest.raises(error):
        listed_in(exchange)


def test_prices_are_taken_from_the_list_and_the_user_s_own_win() -> None:
    rows = read_models({"data": [
        {"id": "g", "pricing": {"prompt": "0.0000006", "completion": "0.0000025"}},
        {"id": "a", "context_length": 8192, "pricing": {"prompt": "0.0000006", "completion": "0.0000025"}},
        {"id": "b", "pricing": {"prompt": "-1", "completion": "-1"}}, {"id": "c", "pricing": {"prompt": "x"}},
        {"id": "d", "pricing": {"prompt": "0", "completion": "0"}}, {"id": "e", "pricing": None},
        {"id": "f"}]})  # fmt: skip
    assert rows is not None
    own = Price((Step(0, 1.0, 2.0),), by="prices")
    told = {row.id: price_text(row.price) for row in offered(rows, {"f": own, "a": own}.get)}
    assert {name: text for name, text in told.items() if text} == {
        "a": "1/2 USD", "d": "0/0 USD", "f": "1/2 USD", "g": "0.6/2.5 USD",
    }  # fmt: skip


def test_what_cannot_talk_comes_last_and_nothing_twice() -> None:
    rows = offered([ListedModel("text-embedding-3"), ListedModel("chat"), ListedModel("chat"), ListedModel("b")])
    assert [row.id for row in rows] == ["chat", "b", "text-embedding-3"]


MODELS = [Offered(f"maker-{n % 7}/model-{n}") for n in range(500)]


@given(typed=st.text("maker-/0123456789 MODEL", max_size=12))
def test_finding_loses_nothing_that_fits_and_shows_nothing_else(typed: str) -> None:
    shown = found(MODELS, typed)
    fits = {row.id for row in MODELS if all(word in row.id for word in typed.casefold().split())}
    assert {row.id for row in shown} == fits and len(shown) == len(fits)


def test_the_name_itself_is_found_first_and_a_misspelt_one_is_guessed() -> None:
    rows = [Offered("x-large-turbo"), Offered("large-2"), Offered("large")]
    assert [row.id for row in found(rows, "large")] == ["large", "large-2", "x-large-turbo"]
    assert nearest(rows, "lagre") == "large"
    assert nearest(rows, "zzz") == ""
