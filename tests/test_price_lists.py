"""Price lists: what counts as one, whose price counts where; lists that are old, huge, damaged, or something else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccswitch_tui.errors import CcswitchError
from ccswitch_tui.prices.listed import (
    PACKAGED,
    About,
    Damaged,
    about_of,
    models_of,
    newest,
    price_in,
    read_list,
    render,
    sellers_in,
)
from ccswitch_tui.prices.model import Price, Step, Tokens, cost, per_million
from ccswitch_tui.prices.reading import (
    PREFIXES,
    NotAList,
    litellm_groups,
    litellm_list,
    new_api_pricing,
    openrouter_models,
)
from ccswitch_tui.prices.sellers import SELLERS, seller_of
from ccswitch_tui.profiles.model import Endpoint, ModelTiers, Prices, Profile
from ccswitch_tui.profiles.presets import load_presets
from ccswitch_tui.proxy.books.prices import PriceBook, stated_by_header

# ---------------------------------------------------------------- a price

STEPS = (Step(0, 3, 15, 0.3, 3.75, 6), Step(200_000, 6, 22.5, 0.6, 7.5, 12))
PRICE = Price(STEPS)


def test_the_step_is_that_of_the_whole_prompt_cached_tokens_included() -> None:
    below = Tokens(input=50_000, output=1000, cache_read=150_000)
    above = below._replace(cache_read=150_001)
    assert cost(PRICE, below) == pytest.approx((50_000 * 3 + 1000 * 15 + 150_000 * 0.3) / 1e6)
    assert cost(PRICE, above) == pytest.approx((50_000 * 6 + 1000 * 22.5 + 150_001 * 0.6) / 1e6)


def test_what_is_written_for_an_hour_has_a_price_of_its_own() -> None:
    assert cost(PRICE, Tokens(cache_write=100, cache_write_1h=40)) == pytest.approx((60 * 3.75 + 40 * 6) / 1e6)
    other = Price((Step(0, 1, 2, cache_write=1.5),))
    assert cost(other, Tokens(cache_write=100, cache_write_1h=40)) == pytest.approx(100 * 1.5 / 1e6)


@pytest.mark.parametrize("kind", ["cache_read", "cache_write"])
def test_a_kind_of_token_without_a_price_makes_the_cost_unknown(kind: str) -> None:
    bare = Price((Step(0, 1, 2),))
    assert cost(bare, Tokens(input=5, output=5)) is not None
    assert cost(bare, Tokens(input=5, output=5)._replace(**{kind: 1})) is None


COUNT = st.integers(0, 10**6)


@given(COUNT, COUNT, COUNT, COUNT, st.integers(1, 5))
def test_more_tokens_never_cost_less(input: int, output: int, read: int, write: int, more: int) -> None:
    tokens = Tokens(input, output, read, write)
    before = cost(PRICE, tokens)
    for name in ("input", "output", "cache_read", "cache_write"):
        after = cost(PRICE, tokens._replace(**{name: getattr(tokens, name) + more}))
        assert before is not None and after is not None and after > before


@pytest.mark.parametrize("value", [None, True, "free", "-1", -0.1, float("nan"), float("inf"), "1e400", [], {}, 10.0])
def test_what_is_no_price_is_none(value: Any) -> None:
    assert per_million(value) is None


def test_a_price_may_be_written_as_a_text() -> None:
    assert per_million("0.000003") == 3.0


# ---------------------------------------------------------------- the packaged list


def test_the_packaged_list_is_whole_dated_and_small() -> None:
    raw = Path(PACKAGED).read_bytes()
    about = about_of(raw)
    assert (about.source, about.currency, about.release) == ("LiteLLM", "USD", "1.106.2")
    assert about.licence.startswith("MIT") and Path(PACKAGED).with_name("LICENSE.litellm").read_text().startswith("MIT")
    assert sum(len(models_of(raw, seller)) for seller in sellers_in(raw)) == about.models > 1000
    assert set(sellers_in(raw)) <= {seller.id for seller in SELLERS}
    assert len(raw) < 200_000


@pytest.mark.parametrize(
    ("seller", "model", "first"),
    [
        ("anthropic", "claude-sonnet-4-6", Step(0, 3, 15, 0.3, 3.75, 6)),
        ("openai", "gpt-5", Step(0, 1.25, 10, 0.125)),
        ("gemini", "gemini-2.5-pro", Step(0, 1.25, 10, 0.125)),
        ("dashscope", "qwen3-coder-plus", Step(0, 1, 5, 0.1)),
    ],
)
def test_its_prices_are_per_million(seller: str, model: str, first: Step) -> None:
    price = price_in(Path(PACKAGED).read_bytes(), seller, model)
    assert price is not None and price.steps[0] == first
    assert price.date and "LiteLLM" in price.source


# ---------------------------------------------------------------- whose price counts where


@pytest.mark.parametrize(
    ("address", "seller"),
    [
        ("https://api.anthropic.com", "anthropic"),
        ("https://api.openai.com:443/v1", "openai"),
        ("https://mine.openai.azure.com/openai/v1", "azure"),
        ("https://api.z.ai/api/paas/v4", "zai"),
        # plans, twins that bill in another currency, look-alikes, relays: nobody's list
        ("https://api.z.ai/api/coding/paas/v4", None),
        ("https://api.z.ai/api/anthropic", None),
        ("https://api.kimi.com/coding/v1", None),
        ("https://api.moonshot.cn/v1", None),
        ("https://coding-intl.dashscope.aliyuncs.com/v1", None),
        ("https://api.openai.com.relay.example/v1", None),
        ("https://relay.example/api.openai.com/v1", None),
        ("http://api.openai.com/v1", None),
        ("https://openai.azure.com/v1", None),
        ("http://127.0.0.1:4000", None),
    ],
)
def test_a_list_counts_at_its_sellers_own_address_alone(address: str, seller: str | None) -> None:
    found = seller_of(address)
    assert (found and found.id) == seller


def test_no_plan_of_the_catalogue_has_a_price_by_the_token() -> None:
    for preset in load_presets().presets.values():
        if "plan" in preset.id or "coding" in preset.id:
            for address in (preset.anthropic, preset.openai):
                assert not address or seller_of(address) is None, preset.id


def profile(address: str, *models: str, prices: dict[str, Prices] | None = None) -> Profile:
    return Profile("work", Endpoint(address), models=ModelTiers(*models), prices=prices or {})


def test_by_hand_beats_the_endpoints_list_which_beats_the_public_one(tmp_path: Path) -> None:
    from ccswitch_tui.proxy.books.prices import OWN, own_list_path

    made = profile("https://api.openai.com/v1", "gpt-5")
    book = PriceBook(str(tmp_path / "prices"))
    public = book.of(made, "gpt-5")
    assert public is not None and public.by == "list"
    (tmp_path / "prices").mkdir()
    about = About("api.openai.com", "2026-11-01")
    path = own_list_path(str(tmp_path / "prices"), made.endpoint.base_url)
    Path(path).write_bytes(render(about, {OWN: {"gpt-5": (Step(0, 1, 2),)}}))
    own = book.of(made, "gpt-5")
    assert own is not None and (own.by, own.steps[0].input, own.date) == ("own-list", 1, "2026-11-01")
    assert book.of(made, "gpt-5-mini") is not None  # not in its own list
    by_hand = made._replace(prices={"gpt-5": Prices(input=9.0, output=9.0, currency="EUR")})
    price = book.of(by_hand, "gpt-5")
    assert price is not None and (price.by, price.currency) == ("prices", "EUR")


def test_a_deployments_price_is_that_of_the_model_that_answers(tmp_path: Path) -> None:
    made = profile("https://mine.openai.azure.com/openai/v1", "gpt-4o")
    book = PriceBook(str(tmp_path))
    assert book.of(made, "gpt-4o") is None
    named = book.of(made, "my-deployment", "gpt-5")
    assert named is not None and named.steps[0].input == 1.25


def test_ever_new_models_do_not_fill_the_memory(tmp_path: Path) -> None:
    book = PriceBook(str(tmp_path))
    made = profile("https://api.openai.com/v1")
    for number in range(600):
        book.of(made, f"invented-{number}")
    assert len(book._known) <= 256


# ---------------------------------------------------------------- lists as others write them


def row(**more: Any) -> dict[str, Any]:
    return {
        "litellm_provider": "openai",
        "mode": "chat",
        "input_cost_per_token": 1e-6,
        "output_cost_per_token": 2e-6,
        **more,
    }


@pytest.mark.parametrize(
    "broken",
    [
        {"input_cost_per_token": "free"}, {"input_cost_per_token": -1e-6}, {"output_cost_per_token": None},
        {"input_cost_per_token": 0, "output_cost_per_token": 0.0}, {"mode": "embedding"},
        {"litellm_provider": "nobody"},
        {"input_cost_per_token": 3.0}, {"input_cost_per_token": True}, {"tiered_pricing": [{"range": "all"}]},
    ],
)  # fmt: skip
def test_a_row_that_makes_no_sense_is_left_out_and_the_others_stay(broken: dict[str, Any]) -> None:
    found = litellm_list({"good": row(), "bad": row(**broken), "worse": ["no row"]})
    assert found == {"openai": {"good": (Step(0, 1, 2),)}}


def test_steps_fall_back_to_the_first_where_they_name_no_price() -> None:
    more = {"input_cost_per_token_above_200k_tokens": 2e-6, "cache_read_input_token_cost": 1e-7}
    found = litellm_list({"m": row(**more)})["openai"]["m"]
    assert found == (Step(0, 1, 2, 0.1), Step(200_000, 2, 2, 0.1))


@pytest.mark.parametrize("document", [None, [], "x", {}, {"m": {}}, {"data": []}, {"m": row(litellm_provider="x")}])
def test_what_is_no_list_is_said_to_be_none(document: Any) -> None:
    for read in (litellm_list, openrouter_models, litellm_groups, new_api_pricing):
        with pytest.raises(NotAList):
            read(document)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8) | st.integers(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(["data", "pricing", "group_ratio", "model_name", "model_group", "id", "tiered_pricing", "range",
                         "input_cost_per_token", "litellm_provider", "mode", "default", "model_ratio"])  # fmt: skip


@given(st.dictionaries(NAMES | st.text(max_size=5), JSON | st.dictionaries(NAMES, JSON, max_size=4), max_size=5))
def test_reading_a_list_raises_nothing_else(document: dict[str, Any]) -> None:
    for read in (litellm_list, openrouter_models, litellm_groups, new_api_pricing):
        try:
            read(document)
        except NotAList:
            continue


def test_openrouter_writes_texts_per_token() -> None:
    rows = [
        {"id": "a/b", "pricing": {"prompt": "0.000003", "completion": "0.000015", "input_cache_read": "0.0000003"}},
        {"id": "auto", "pricing": {"prompt": "-1", "completion": "-1"}},
        {"id": "free", "pricing": {"prompt": "0", "completion": "0"}},
    ]
    assert openrouter_models({"data": rows}) == {"a/b": (Step(0, 3, 15, 0.3),)}


def test_a_relays_ratios_are_of_two_dollars_a_million_in_the_default_group() -> None:
    rows = [
        {"model_name": "m", "quota_type": 0, "model_ratio": 1.5, "completion_ratio": 5, "cache_ratio": 0.1},
        {"model_name": "per-call", "quota_type": 1, "model_price": 0.1},
        {"model_name": "vip", "quota_type": 0, "model_ratio": 1, "completion_ratio": 1, "enable_groups": ["vip"]},
    ]
    found = new_api_pricing({"data": rows, "group_ratio": {"default": 2, "vip": 1}})
    assert found == {"m": (Step(0, 6, 30, 0.6),)}
    with pytest.raises(NotAList, match="default"):
        new_api_pricing({"data": rows, "group_ratio": {"vip": 1}})


# ---------------------------------------------------------------- a kept list that is not what it was


@pytest.mark.parametrize(
    "raw", [b"", b"{}", b"<html>", b'{"version": 9}', b'{"version": 1, "source": 5, "date": "x"}', b"[" * 9999]
)
def test_a_damaged_list_is_none_and_the_packaged_one_counts(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes(raw)
    with pytest.raises(Damaged):
        about_of(raw)
    assert read_list(str(path)) == b""
    assert newest(str(path)) == Path(PACKAGED).read_bytes()


def test_a_damaged_line_costs_its_seller_and_a_damaged_row_its_model(tmp_path: Path) -> None:
    good = render(About("x", "2030-01-01"), {"openai": {"m": (Step(0, 1, 2),)}, "groq": {"n": (Step(0, 1, 2),)}})
    assert price_in(good.replace(b"groq\t{", b"groq\t{{"), "groq", "n") is None
    assert price_in(good.replace(b"groq\t{", b"groq\t{{"), "openai", "m") is not None
    assert price_in(good.replace(b'"m":[[0,1,2]]', b'"m":[[0,"x"]]'), "openai", "m") is None


def test_the_younger_of_two_lists_counts(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    for date, counts in (("2020-01-01", False), ("2030-01-01", True)):
        path.write_bytes(render(About("x", date), {"openai": {"m": (Step(0, 1, 2),)}}))
        assert (newest(str(path)) == path.read_bytes()) is counts


# ---------------------------------------------------------------- what a header states


@pytest.mark.parametrize(
    ("told", "stated"),
    [("0.00033", 0.00033), ("3.3e-04", 0.00033), ("0.0", None), ("", None), ("None", None), ("-1", None), ("nan", None),
     ("<html>", None)],
)  # fmt: skip
def test_a_header_states_a_cost_or_nothing(told: str, stated: float | None) -> None:
    assert stated_by_header({"x-litellm-response-cost": told}) == stated


# ---------------------------------------------------------------- updating


@pytest.fixture
def ctx(tmp_path: Path) -> Any:
    from ccswitch_tui.profiles.store import update_profiles
    from ccswitch_tui.workflows.context import Context

    made = Context({"HOME": str(tmp_path / "home"), "CCSWITCH_HOME": str(tmp_path / "ours")})
    mine = profile("https://api.openai.com/v1", "gpt-5")
    update_profiles(made.paths, {"work": mine}, expected_sha256=made.book().sha256)
    return Context(made.env)


def written(tmp_path: Path, document: Any) -> str:
    path = tmp_path / "given.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return str(path)


def packaged_again(**changed: Any) -> dict[str, Any]:
    """The packaged list as LiteLLM would write it."""
    raw, document = Path(PACKAGED).read_bytes(), {}
    for seller in sellers_in(raw):
        for name, steps in models_of(raw, seller).items():
            figures = {
                "input_cost_per_token": (steps[0].input or 0) / 1e6,
                "output_cost_per_token": (steps[0].output or 0) / 1e6,
            }
            document[PREFIXES.get(seller, (f"{seller}/",))[0] + name] = {
                "litellm_provider": seller,
                "mode": "chat",
                **figures,
            }
    return {**document, **changed}


async def test_a_newer_list_is_shown_with_what_it_changes_and_then_kept(ctx: Any, tmp_path: Path) -> None:
    from ccswitch_tui.workflows.prices import keep, list_in_force, model_prices, read_public

    document = packaged_again(**{"openai/gpt-5": row(input_cost_per_token=9e-6), "openai/gpt-99": row()})
    change = await read_public(ctx, written(tmp_path, document))
    assert change.doubts == () and (change.added, change.removed) == (1, 0)
    ((name, model, before, after),) = change.yours
    assert (name, model, before and before.steps[0].input, after and after.steps[0].input) == ("work", "gpt-5", 1.25, 9)
    packaged = list_in_force(ctx)
    assert packaged is not None and packaged.release == "1.106.2"
    keep(ctx, change)
    (mine,) = model_prices(ctx, ctx.book().get("work"))
    assert mine.price is not None and mine.price.steps[0].input == 9


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("<!DOCTYPE html><title>404</title>", "not JSON; it begins with '<!DOCTYPE html>"),
        ('{"a": ', "not JSON"),
        ("[]", "an object of models"),
        ('{"error": "rate limited"}', "no model of a known seller"),
        ("", "not JSON"),
    ],
)
async def test_what_is_no_list_changes_nothing(ctx: Any, tmp_path: Path, given: str, says: str) -> None:
    from ccswitch_tui.workflows.prices import read_public

    with pytest.raises(CcswitchError, match=says.replace("(", r"\(")):
        await read_public(ctx, written(tmp_path, given))


async def test_a_huge_list_is_not_read(ctx: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ccswitch_tui.workflows import prices

    monkeypatch.setattr(prices, "MOST_BYTES", 100_000)
    with pytest.raises(CcswitchError, match="larger than"):
        await prices.read_public(ctx, written(tmp_path, "x" * 100_001))


async def test_a_list_that_lacks_much_is_doubted_as_old_or_cut(ctx: Any, tmp_path: Path) -> None:
    from ccswitch_tui.workflows.prices import read_public

    whole = packaged_again()
    part = dict(list(whole.items())[: len(whole) // 2])
    change = await read_public(ctx, written(tmp_path, part))
    assert any("older, or cut off" in doubt for doubt in change.doubts)


async def test_a_list_of_another_unit_is_doubted(ctx: Any, tmp_path: Path) -> None:
    from ccswitch_tui.workflows.prices import read_public

    document = packaged_again()
    for each in document.values():
        each["input_cost_per_token"] /= 1000
    change = await read_public(ctx, written(tmp_path, document))
    assert any("another unit" in doubt for doubt in change.doubts)


def test_a_list_older_than_three_months_is_said_to_be(ctx: Any) -> None:
    from ccswitch_tui.workflows.prices import OLD_DAYS, age_days

    about = About("LiteLLM", "2026-01-01")
    assert age_days(about, 1_783_000_000.0) > OLD_DAYS
    assert age_days(about._replace(date="2099-01-01"), 1_783_000_000.0) == 0
