"""Secrets in the wizard and the details: names and places of headers that hold one, and what became of a key."""

from __future__ import annotations

from ccswitch_tui.profiles.draft import Draft
from ccswitch_tui.profiles.model import Endpoint, SecretRef
from ccswitch_tui.secret import Secret
from ccswitch_tui.tui.screens.wizard.key import KeyPane
from ccswitch_tui.tui.screens.wizard.review import header_facts
from ccswitch_tui.tui.screens.wizard.source import draft_facts
from ccswitch_tui.tui.views import Row
from ccswitch_tui.tui.widgets.details import facts
from ccswitch_tui.workflows.setup import Setup

DRAFT = Draft(
    endpoint=Endpoint("https://h.example", "anthropic"),
    secret_headers={"X-Gateway": Secret("sk-example-gateway-445566"), "X-Team": SecretRef("env", "TEAM")},
)


def test_headers_with_a_secret_are_shown_by_name_and_place_only() -> None:
    summary = "\n".join(row.plain for row in header_facts(DRAFT, "the key store"))
    assert "X-Gateway" in summary
    assert "the key store" in summary
    assert "env:TEAM" in summary
    details = facts(Row(DRAFT.profile("p", SecretRef("none")), (), None), 0.0).plain
    assert "X-Gateway keyring:p/header.x-gateway" in details
    pasted = draft_facts(DRAFT).plain
    assert "X-Gateway" in pasted
    assert not any("gateway-4455" in shown for shown in (summary, details, pasted))


def test_a_key_that_was_refused_is_not_offered_as_found() -> None:
    key, other = Secret("sk-example-first-445566"), Secret("sk-example-other-445566")
    assert "refused by the endpoint" in KeyPane(Setup(DRAFT._replace(secret=key), refused=key))._found().plain
    assert "found in what you pasted" in KeyPane(Setup(DRAFT._replace(secret=other), refused=key))._found().plain
