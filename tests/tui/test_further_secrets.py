"""Headers with a secret beside the key: the app names them and their places, and never shows what they hold."""

from __future__ import annotations

from ccswitch_tui.profiles.draft import Draft
from ccswitch_tui.profiles.model import Endpoint, SecretRef
from ccswitch_tui.secret import Secret
from ccswitch_tui.tui.screens.wizard.review import header_facts
from ccswitch_tui.tui.screens.wizard.source import draft_facts
from ccswitch_tui.tui.views import Row
from ccswitch_tui.tui.widgets.details import facts

DRAFT = Draft(
    endpoint=Endpoint("https://h.example", "anthropic"),
    secret_headers={"X-Gateway": Secret("sk-example-gateway-445566"), "X-Team": SecretRef("env", "TEAM")},
)


def test_they_are_shown_by_name_and_place_only() -> None:
    summary = "\n".join(row.plain for row in header_facts(DRAFT, "the key store"))
    assert "X-Gateway" in summary
    assert "the key store" in summary
    assert "env:TEAM" in summary
    details = facts(Row(DRAFT.profile("p", SecretRef("none")), (), None), 0.0).plain
    assert "X-Gateway keyring:p/header.x-gateway" in details
    pasted = draft_facts(DRAFT).plain
    assert "X-Gateway" in pasted
    assert not any("gateway-4455" in shown for shown in (summary, details, pasted))
