"""A draft after a probe: what was shown to work is taken over, at the host that was given and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from ccswitch_tui.findings import Finding, Fix
from ccswitch_tui.interop.new_api import recognise_gateway
from ccswitch_tui.probe.exchange import Exchange
from ccswitch_tui.probe.model import LearnedQuirk, ProbeReport
from ccswitch_tui.profiles.draft import Draft
from ccswitch_tui.profiles.model import Endpoint, ModelTiers
from ccswitch_tui.secret import Secret
from ccswitch_tui.workflows.proved import with_report

DRAFT = Draft(
    Endpoint("https://api.example.com", wire=None),
    secret=Secret("sk-example-0123456789"),
    models=ModelTiers(default="big"),
)


def report(**more: Any) -> ProbeReport:
    return ProbeReport("p", "https://api.example.com", "2026-01-02T03:04:05Z", "quick", "translate", "works", **more)


def finding(patch: dict[str, Any]) -> Finding:
    return Finding("url-version-missing", "title", "because", fix=Fix("use it", patch=patch))


def listing(*models: str) -> Exchange:
    rows = ",".join(f'{{"id":"{m}","context_length":64000}}' for m in models)
    return Exchange(1, "models", "GET", "https://api.example.com/v1/models", status=200, body=f'{{"data":[{rows}]}}')


def test_the_format_and_the_header_that_worked_are_taken() -> None:
    endpoint = with_report(DRAFT, report(wire="openai-chat", auth="x-api-key")).endpoint
    assert endpoint is not None
    assert (endpoint.wire, endpoint.auth) == ("openai-chat", "x-api-key")


def test_a_corrected_address_of_the_same_host_is_taken_and_said() -> None:
    fixed = with_report(DRAFT, report(findings=(finding({"endpoint.base_url": "https://api.example.com/v1"}),)))
    assert fixed.endpoint is not None
    assert fixed.endpoint.base_url == "https://api.example.com/v1"
    assert any("https://api.example.com/v1" in note for note in fixed.notes)


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/v1", "http://api.example.com/v1", "https://api.example.com:8443/v1"]
)
def test_a_key_never_follows_a_probe_to_another_place(elsewhere: str) -> None:
    fixed = with_report(DRAFT, report(findings=(finding({"endpoint.base_url": elsewhere}),)))
    assert fixed.endpoint is not None
    assert fixed.endpoint.base_url == "https://api.example.com"


def test_fixes_of_other_things_are_left_to_the_user() -> None:
    assert with_report(DRAFT, report(findings=(finding({"models.default": "other"}),))).models.default == "big"


def test_a_format_the_user_named_stays() -> None:
    assert DRAFT.endpoint is not None
    named = DRAFT._replace(endpoint=DRAFT.endpoint._replace(wire="openai-chat"))
    patch = finding({"endpoint.wire": "anthropic", "endpoint.base_url": "https://api.example.com/anthropic"})
    kept = with_report(named, report(wire="anthropic", findings=(patch,)), keep_wire=True)
    assert kept.endpoint is not None
    assert (kept.endpoint.wire, kept.endpoint.base_url) == ("openai-chat", "https://api.example.com")


def test_quirks_come_with_where_they_came_from() -> None:
    learned = with_report(DRAFT, report(quirks=(LearnedQuirk("top_k", True, "it said so"),)))
    assert learned.quirks == {"top_k": {"value": True, "from": "probe", "at": "2026-01-02", "because": "it said so"}}


def test_a_lone_model_is_the_model_and_its_window_is_known() -> None:
    only = with_report(DRAFT._replace(models=ModelTiers()), report(exchanges=(listing("only"),)))
    assert (only.models.default, only.context_window) == ("only", 64000)


def test_a_server_of_one_model_that_answers_to_another_name_tells_its_window() -> None:
    """llama.cpp lists the path of its file and takes any name."""
    exchanges = (listing("/models/some.gguf"),)
    assert with_report(DRAFT, report(wire="openai-chat", exchanges=exchanges)).context_window == 64000
    assert with_report(DRAFT, report(exchanges=exchanges)).context_window is None  # nothing answered
    two = (listing("/models/some.gguf", "other"),)
    assert with_report(DRAFT, report(wire="openai-chat", exchanges=two)).context_window is None


def test_of_several_models_none_is_chosen_but_they_are_named() -> None:
    several = with_report(DRAFT._replace(models=ModelTiers()), report(exchanges=(listing("a", "b"),)))
    assert several.models.default is None
    assert any("a, b" in warning for warning in several.warnings)


@pytest.mark.parametrize(
    "header, name",
    [
        ("x-litellm-version", "LiteLLM"),
        ("X-Litellm-Call-Id", "LiteLLM"),
        ("x-oneapi-request-id", "one-api"),
        ("X-New-Api-Version", "new-api"),
    ],
)
def test_a_gateway_is_told_by_its_headers(header: str, name: str) -> None:
    answered = listing("a")._replace(headers=((header, "1"),))
    draft = with_report(DRAFT, report(exchanges=(answered,)))
    assert any(f"this is {name}" in note for note in draft.notes)
    assert draft.tags == (name.lower(),)


def test_new_api_is_not_taken_for_its_ancestor() -> None:
    gateway = recognise_gateway({"X-Oneapi-Request-Id": "1", "X-New-Api-Version": "2"})
    assert gateway is not None
    assert gateway.name == "new-api"


def test_an_ordinary_server_is_no_gateway() -> None:
    assert recognise_gateway({"server": "nginx", "content-type": "application/json"}) is None
