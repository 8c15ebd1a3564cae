"""The server, once reading with llhttp and once with h11."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from http11_served import Served, serving

from ccswitch_tui.http11 import by_h11, connection
from ccswitch_tui.http11.budget import Budget


@pytest.fixture(params=["llhttp", "h11"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "h11":
        for name in ("HttpRequestParser", "HttpParserError", "HttpParserUpgrade"):
            monkeypatch.setattr(connection, name, getattr(by_h11, name))
    return str(request.param)


@pytest.fixture
async def served(parser: str) -> AsyncIterator[Served]:
    async with serving(idle_s=5.0, body_s=5.0, budget=Budget(8 * 2**20)) as running:
        yield running
